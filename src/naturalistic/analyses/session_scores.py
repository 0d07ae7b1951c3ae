"""When people improve, and whether they improve at once, where scores are held session by session."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from naturalistic.analyses.change.groups import criterion_in_use
from naturalistic.analyses.change.people import FloatArray, Mask, Started, started_on
from naturalistic.analyses.interface import AnalysisInput, AnalysisResult, EstimateRows
from naturalistic.cohort.change_criteria import Person, clinical_limits
from naturalistic.stats.competing_risks import aalen_johansen
from naturalistic.stats.curves import Curve
from naturalistic.stats.rates import rate
from naturalistic.stats.reliable_change import exceeds, in_clinical_range
from naturalistic.stats.standardised_difference import standardised_mean_difference
from naturalistic.stats.sudden_gains import find_sudden_gains
from naturalistic.stats.survival import kaplan_meier

NAME = "session_scores"
FORMS = 3
GRID = (*range(2, 27, 2), *range(30, 105, 6))
WEEK = np.timedelta64(7, "D")
LAST_SESSION = 200
STARTED: dict[str, Any] = {"population": "started"}


def analyse(data: AnalysisInput) -> AnalysisResult:
    """Time to reliable improvement and to recovery, and sudden gains; needs a median of three forms.

    Estimands
    ---------
    cumulative_incidence (reliable_improvement, recovery)
        First reached by a week since the first form, with ending before it as the competing way; first reached is not kept.
    survival_probability (not_yet_improved)
        Kaplan-Meier, endings censored.
    proportion (sudden_gain, sudden_gain_reversed, sudden_loss)
        Of those whose sessions allow the judgement (Tang and DeRubeis, adjusted critical values).
    standardised_difference
        Change of people with a sudden gain against the others.
    """
    primary = data.settings.primary
    rows = EstimateRows(
        data.cohort, NAME, instrument=primary.instrument, scale=primary.scale, **STARTED
    )
    people = started_on(data)
    long = _sessions(data, people)
    forms = long.groupby("person").size() if len(long) else pd.Series(dtype=float)
    median = float(forms.median()) if len(forms) else 0.0
    scale = data.instruments[primary.instrument].scale(primary.scale)
    step = criterion_in_use(data, people, scale)
    if median < FORMS or step is None:
        note = (
            f"needs at least {FORMS} dated forms a person (median); here the median is {median:g}"
            if median < FORMS
            else "no criterion of reliable change is known"
        )
        rows.add("cumulative_incidence", term="reliable_improvement", status="not_run", note=note)
        return AnalysisResult(rows.frame())
    _times(rows, data, people, long, step)
    _sudden(rows, data, people, long, step)
    return AnalysisResult(rows.frame())


def _sessions(data: AnalysisInput, people: Started) -> pd.DataFrame:
    """Dated scores from the first form on, and the session they belong to."""
    primary, scores = data.settings.primary, data.tables["scores"]
    chosen = scores[
        (scores["instrument"] == primary.instrument)
        & (scores["scale"] == primary.scale)
        & scores["score"].notna()
        & scores["date"].notna()
    ]
    frame = people.frame.assign(person=np.arange(people.n))
    known = frame[frame["first_date"].notna() & frame["first_score"].notna()]
    long = chosen.merge(
        known[["referral_id", "person", "first_date", "first_score"]], on="referral_id"
    )
    long = long[long["date"] >= long["first_date"]]
    return long.sort_values(["person", "date", "score"], kind="stable").reset_index(drop=True)


def _times(
    rows: EstimateRows, data: AnalysisInput, people: Started, long: pd.DataFrame, step: float
) -> None:
    person = long["person"].to_numpy()
    score, first = (long[c].to_numpy(dtype=float) for c in ("score", "first_score"))
    gain = first - score if people.better_is == "lower" else score - first
    strict = data.settings.reliable_change.inequality == "more_than"
    better = exceeds(gain, step, strict=strict)
    weeks = (long["date"].to_numpy() - long["first_date"].to_numpy()) / WEEK
    primary = data.settings.primary
    limits = clinical_limits(
        data.instruments[primary.instrument].scale(primary.scale),
        data.settings.reliable_change,
        Person.of(people.frame["patient_id"], data.tables["patients"]),
    )
    case = (people.frame["case_at_start"] == "yes").fillna(False).to_numpy(dtype=bool)
    seen = np.unique(person)
    _incidence(rows, data, people, (person, weeks, better), seen, "reliable_improvement")
    known = np.isfinite(limits.value)
    cases = seen[case[seen] & known[seen]]
    if not len(cases):
        note = "no cut-off is known for everybody, or nobody started on its clinical side"
        rows.add("cumulative_incidence", term="recovery", status="not_measured", note=note)
        return
    cut_off = np.where(np.isfinite(limits.value[person]), limits.value[person], 0.0)
    below = ~in_clinical_range(
        score,
        cut_off,
        better_is=people.better_is,
        cutoff_is_clinical=limits.equal_is_clinical,
    )
    _incidence(rows, data, people, (person, weeks, better & below), cases, "recovery")


def _incidence(
    rows: EstimateRows,
    data: AnalysisInput,
    people: Started,
    forms: tuple[Any, FloatArray, Any],
    who: Any,
    term: str,
) -> None:
    """First form that reaches it; ending without it competes; still in therapy is censored at the last form."""
    person, weeks, reached = forms
    when = np.full(people.n, np.inf)
    np.minimum.at(when, person[reached], weeks[reached])
    last = np.zeros(people.n)
    np.maximum.at(last, person, weeks)
    open_ = (people.frame["ending"] == "open").to_numpy(dtype=bool)
    hit = np.isfinite(when)
    time = np.where(hit, when, last)[who]
    cause = np.where(hit, 1, np.where(open_, 0, 2))[who]
    level = data.settings.conf_level
    found = aalen_johansen(time, cause, n_causes=2, conf_level=level)
    not_yet = kaplan_meier(time, cause == 1, conf_level=level)
    grid = np.array([w for w in GRID if w <= time.max()], dtype=float)
    grid = grid if len(grid) else np.array([float(time.max())])
    key: dict[str, Any] = {"conf_level": level, "denominator": len(who)}
    _curve(rows, "cumulative_incidence", found.cause(1), grid, {"term": term, **key})
    ended = {"term": f"ended_without_{term}", **key}
    _curve(rows, "cumulative_incidence", found.cause(2), grid, ended)
    _curve(rows, "survival_probability", not_yet, grid, {"term": f"not_yet_{term}", **key})


def _curve(
    rows: EstimateRows, estimand: str, curve: Curve, grid: FloatArray, key: dict[str, Any]
) -> None:
    """A row for each week of the grid."""
    read = curve.at(grid)
    for k, week in enumerate(grid):
        value = float(read.estimate[k])
        known = np.isfinite(value)
        rows.add(
            estimand,
            value if known else None,
            time=float(week),
            time_unit="weeks_since_first_form",
            std_error=float(read.std_error[k]),
            conf_low=float(read.conf_low[k]),
            conf_high=float(read.conf_high[k]),
            n_patients=int(read.at_risk[k]),
            n_events=int(read.cumulative_events[k]),
            status="ok" if known else "not_estimable",
            note="" if known else "nobody is under observation so late",
            method=curve.method,
            **key,
        )


def _sudden(
    rows: EstimateRows, data: AnalysisInput, people: Started, long: pd.DataFrame, step: float
) -> None:
    """Sudden gains between consecutive forms, in the order of their dates."""
    order = long.groupby("person").cumcount().to_numpy()
    inside = order < LAST_SESSION
    table = np.full((people.n, int(order[inside].max()) + 1), np.nan)
    table[long["person"].to_numpy()[inside], order[inside]] = long["score"].to_numpy(dtype=float)[
        inside
    ]
    if table.shape[1] < 2:
        rows.add("proportion", term="sudden_gain", status="not_estimable", note="one form a person")
        return
    found = find_sudden_gains(table, minimal_change=step, better_is=people.better_is)
    able: Mask = np.any(found.evaluable, axis=1)
    gained: Mask = np.any(found.gain, axis=1)
    hits = {
        "sudden_gain": gained,
        "sudden_gain_reversed": found.reversed_gain.any(axis=1),
        "sudden_loss": found.loss.any(axis=1),
    }
    for term, hit in hits.items():
        among = able & (hits["sudden_gain"] if term == "sudden_gain_reversed" else True)
        top, bottom = int((hit & among).sum()), int(among.sum())
        value = rate(top, bottom, conf_level=data.settings.conf_level) if bottom else None
        rows.add_proportion(top, bottom, value, term=term)
    _change_of_both(rows, data, people, able, gained)


def _change_of_both(
    rows: EstimateRows, data: AnalysisInput, people: Started, able: Mask, gained: Mask
) -> None:
    """Change of people with a sudden gain against the others."""
    with_gain, without = able & gained & people.paired, able & ~gained & people.paired
    if min(with_gain.sum(), without.sum()) < FORMS:
        note = "fewer than three people with, or without, a sudden gain"
        rows.add("standardised_difference", term="change", status="not_estimable", note=note)
        return
    rows.add(
        "standardised_difference",
        standardised_mean_difference(
            people.improvement[with_gain],
            people.improvement[without],
            conf_level=data.settings.conf_level,
        ),
        term="change",
        contrast="sudden gain vs none",
        n_patients=int(with_gain.sum()),
        denominator=int((with_gain | without).sum()),
        note="a sudden gain is part of the change it is compared with: a description, not a cause",
    )
