"""Who would have to go elsewhere: how severe, with which problems, after which treatments, needing how much."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from naturalistic.analyses.closing.caseload import NOT_RECORDED, Caseload
from naturalistic.analyses.interface import AnalysisInput, EstimateRows
from naturalistic.settings.closing import Closing
from naturalistic.stats.means import mean_with_interval
from naturalistic.stats.rates import rate
from naturalistic.stats.result import Estimate

TALKING_THERAPIES = ("phq_9", "gad_7")
POPULATION = "on_the_books"
NO_MEASURES = "neither PHQ-9 nor GAD-7 is held, so whether the thresholds of NHS Talking Therapies are met cannot be told"


def add_displaced(rows: EstimateRows, data: AnalysisInput, load: Caseload) -> None:
    """Severity, problems and earlier treatment of everyone in therapy or waiting on the day of notice."""
    people = pd.concat([load.in_therapy, load.waiting], ignore_index=True)
    if not len(people):
        return
    _thresholds(rows, data, people)
    patients = data.tables["patients"][["patient_id", "prior_treatment"]]
    people = people.merge(patients, on="patient_id", how="left", validate="m:1")
    for name in ("problem", "prior_treatment"):
        levels = people[name].astype("object")
        if not levels.notna().any():
            note = "the extract does not hold it"
            rows.add(
                "count",
                term=POPULATION,
                dimensions={name: NOT_RECORDED},
                status="not_measured",
                note=note,
            )
            continue
        for level, n in (
            levels.where(levels.notna(), NOT_RECORDED).value_counts().sort_index().items()
        ):
            rows.add("count", int(n), term=POPULATION, dimensions={name: level}, n_patients=int(n))


def _thresholds(rows: EstimateRows, data: AnalysisInput, people: pd.DataFrame) -> None:
    """Case at the start on either measure of NHS Talking Therapies, and on the primary instrument."""
    primary, level = data.settings.primary, data.settings.conf_level
    outcomes = data.tables["outcomes"]
    either = _cases(outcomes, people, TALKING_THERAPIES)
    shared: dict[str, Any] = {
        "dimensions": {"people": POPULATION},
        "n_missing": int(either.isna().sum()),
    }
    if either.isna().all():
        rows.add(
            "proportion",
            term="talking_therapies_caseness",
            status="not_measured",
            note=NO_MEASURES,
            **shared,
        )
    else:
        top, bottom = int(either.sum()), int(either.notna().sum())
        rows.add_proportion(
            top,
            bottom,
            rate(top, bottom, conf_level=level),
            term="talking_therapies_caseness",
            **shared,
        )
    own = _cases(outcomes, people, (primary.instrument,), primary.scale)
    shared["n_missing"] = int(own.isna().sum())
    top, bottom = int(own.sum()), int(own.notna().sum())
    rows.add_proportion(
        top,
        bottom,
        rate(top, bottom, conf_level=level) if bottom else None,
        term="case_at_start",
        instrument=primary.instrument,
        scale=primary.scale,
        **shared,
    )


def _cases(
    outcomes: pd.DataFrame, people: pd.DataFrame, instruments: tuple[str, ...], scale: str = "total"
) -> pd.Series:
    """True, False, or missing where no first score says."""
    # ASSUME A63 caseness on one measure is enough; without it a missing other measure leaves it unknown
    chosen = outcomes[outcomes["instrument"].isin(instruments) & (outcomes["scale"] == scale)]
    state = chosen.assign(
        case=(chosen["case_at_start"] == "yes").fillna(False).astype(float),
        known=chosen["case_at_start"].notna().astype(float),
    )
    found = state.groupby("referral_id", sort=False)[["case", "known"]].sum()
    here = found.reindex(people["referral_id"])
    case = here["case"].to_numpy(dtype=float) > 0
    complete = here["known"].to_numpy(dtype=float) >= len(instruments)
    return pd.Series(np.where(case, 1.0, np.where(complete, 0.0, np.nan)))


def add_capacity(rows: EstimateRows, load: Caseload, asked: Closing, level: float) -> None:
    """Sessions and whole-time staff needed elsewhere for everyone on the books, under stated numbers of sessions.

    The service's own number of sessions of a course that has ended stands first; others only as the user states them.
    """
    people = len(load.in_therapy) + len(load.waiting)
    if not people:
        return
    ended = load.seen.loc[load.way > 0, "sessions_attended"].dropna().to_numpy(dtype=float)
    own = mean_with_interval(ended, conf_level=level)
    shared: dict[str, Any] = {"n_patients": people}
    if own.status == "ok":
        note = "if everyone needs a course as long as those that have ended here"
        _one_dose(rows, "as_here", own, people, asked, note=note, **shared)
    else:
        rows.add(
            "sessions_needed", own, term="on_the_books", dimensions={"dose": "as_here"}, **shared
        )
    for name, sessions in sorted(asked.sessions_elsewhere.items()):
        stated = Estimate(sessions, conf_level=level, method="stated in the settings")
        _one_dose(
            rows,
            name,
            stated,
            people,
            asked,
            note=f"{sessions:g} sessions a person, as stated",
            **shared,
        )


def _one_dose(
    rows: EstimateRows, dose: str, each: Estimate, people: int, asked: Closing, **shared: Any
) -> None:
    rows.add(
        "sessions_needed",
        _times(each, people),
        term="on_the_books",
        dimensions={"dose": dose},
        **shared,
    )
    a_year = asked.sessions_per_whole_time_year
    if a_year is None:
        note = "state closing.sessions_per_whole_time_year to have it in staff"
        cell: dict[str, Any] = {**shared, "note": note, "status": "not_measured"}
        rows.add("staff_needed", term="on_the_books", dimensions={"dose": dose}, **cell)
        return
    rows.add(
        "staff_needed",
        _times(each, people / a_year),
        term="on_the_books",
        dimensions={"dose": dose},
        **shared,
    )


def _times(value: Estimate, factor: float) -> Estimate:
    return Estimate(
        estimate=value.estimate * factor,
        std_error=value.std_error * factor,
        conf_low=value.conf_low * factor,
        conf_high=value.conf_high * factor,
        conf_level=value.conf_level,
        method=value.method,
    )
