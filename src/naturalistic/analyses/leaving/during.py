"""What has happened so far in therapy and leaving next: sessions missed, last score, recent change."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from naturalistic.analyses.interface import AnalysisInput, EstimateRows
from naturalistic.analyses.leaving.absolute import FEWEST_EVENTS
from naturalistic.analyses.leaving.clocks import FloatArray
from naturalistic.analyses.leaving.fitted import Fitted
from naturalistic.analyses.leaving.model_people import ModelPeople
from naturalistic.analyses.model_rows import add_coefficients
from naturalistic.analyses.predictors import Term
from naturalistic.stats.cox import CoxFit, fit_cox
from naturalistic.vocabulary import ABSENCE_DEFINITIONS, SEEN, TREATMENT_CONTACTS

MODEL, CLOCK = "cox_time_varying", "booked_sessions"
ABSENCE, WITH_SCORES = "adjusted", "adjusted_with_scores"
MISSED = ABSENCE_DEFINITIONS["patient_side"][1]
MISSED_SO_FAR = Term("missed_so_far", "missed_so_far", "per session missed", 0)
LAST_SCORE = Term("last_score", "last_score", "per 5 points", 0)
RECENT_CHANGE = Term("recent_change", "recent_change", "per 5 points higher than before", 0)
POINTS = 5.0
FORMS = 3  # a person, median: scores are held session by session
MOST_PEOPLE = 50_000
NOTE = (
    "known at the last session attended; sessions missed after it are the leaving itself; sessions the service cancelled "
    "are passed over"
)


@dataclass(frozen=True)
class Course:
    """One row from each attended session to the next, on the clock of sessions booked.

    Attributes
    ----------
    person : (m,) position in the model's people.
    entry, time : (m,)
        Number of the booking attended, and of the next one attended; one later where therapy ended there.
    left : (m,) bool
        Dropped out after that session.
    missed : (m,) sessions missed so far.
    day : (m,) date of the session attended.
    """

    person: npt.NDArray[np.intp]
    entry: FloatArray
    time: FloatArray
    left: npt.NDArray[np.bool_]
    missed: FloatArray
    day: npt.NDArray[np.datetime64]


def course_of(frame: pd.DataFrame, people: ModelPeople, sessions: pd.DataFrame) -> Course:
    """Start-stop rows of everyone whose attended sessions are all held.

    Parameters
    ----------
    frame : DataFrame
        Everyone who started.
    people : ModelPeople
        Of the model, on the clock of attended sessions.
    sessions : DataFrame
        Canonical table.
    """
    own = frame.iloc[people.row]
    place = pd.Series(np.arange(len(own)), index=own["referral_id"].to_numpy())
    offered = sessions[
        sessions["contact_type"].isin(TREATMENT_CONTACTS)
        & sessions["attendance"].isin((*SEEN, *MISSED))
        & sessions["date"].notna()
    ]
    table = pd.DataFrame(
        {
            "person": offered["referral_id"].map(place).to_numpy(dtype=float),
            "date": offered["date"].to_numpy(dtype="datetime64[s]"),
            "missed": offered["attendance"].isin(MISSED).to_numpy(dtype=int),
        }
    )
    table = table.dropna().sort_values(["person", "date", "missed"], ignore_index=True)
    by_person = table.groupby("person")
    table["number"] = by_person.cumcount() + 1.0
    table["so_far"] = by_person["missed"].cumsum().astype(float)
    seen = table[table["missed"] == 0]
    held = seen.groupby("person")["number"].transform("size").to_numpy(dtype=float)
    who = seen["person"].to_numpy(dtype=np.intp)
    attended = own["sessions_attended"].to_numpy(dtype=float, na_value=np.nan)
    seen, who = seen[held == attended[who]], who[held == attended[who]]
    number = seen["number"].to_numpy(dtype=float)
    last = np.ones(len(who), dtype=bool)
    last[:-1] = who[1:] != who[:-1]
    ended = people.cause[who] > 0
    following = np.append(number[1:], np.nan)
    # an open therapy is seen up to its last session and no further
    stop = np.where(last, number + 1, following)
    use = (~last | ended) & _inside_window(people, who)
    return Course(
        person=who[use],
        entry=number[use],
        time=stop[use],
        left=(last & (people.cause[who] == 1))[use],
        missed=seen["so_far"].to_numpy(dtype=float)[use],
        day=seen["date"].to_numpy(dtype="datetime64[s]")[use],
    )


def _inside_window(people: ModelPeople, who: npt.NDArray[np.intp]) -> npt.NDArray[np.bool_]:
    """Attended sessions from the last one before the data window on."""
    if people.entry is None:
        return np.ones(len(who), dtype=bool)
    starts = np.flatnonzero(np.append(True, who[1:] != who[:-1])) if len(who) else np.array([], int)
    place = np.arange(len(who)) - np.repeat(starts, np.diff(np.append(starts, len(who)))) + 1
    return np.asarray(place >= people.entry[who])


def scores_by(
    data: AnalysisInput, frame: pd.DataFrame, people: ModelPeople, course: Course
) -> tuple[FloatArray, FloatArray] | str:
    """Last score by each session and how much higher it was than the one before it; or why there are none."""
    primary, scores = data.settings.primary, data.tables["scores"]
    own = frame.iloc[people.row]
    place = pd.Series(np.arange(len(own)), index=own["referral_id"].to_numpy())
    chosen = scores[
        (scores["instrument"] == primary.instrument)
        & (scores["scale"] == primary.scale)
        & scores["score"].notna()
        & scores["date"].notna()
        & scores["referral_id"].isin(place.index)
    ]
    forms = chosen.groupby("referral_id").size().reindex(place.index, fill_value=0)
    if not len(forms) or forms.median() < FORMS:
        return f"scores are not held session by session: fewer than {FORMS} dated forms a person (median)"
    long = pd.DataFrame(
        {
            "person": chosen["referral_id"].map(place).to_numpy(dtype=np.int64),
            "day": chosen["date"].to_numpy(dtype="datetime64[s]"),
            "score": chosen["score"].to_numpy(dtype=float),
        }
    ).sort_values(["day", "person", "score"], ignore_index=True)
    long["change"] = long.groupby("person")["score"].diff().fillna(0.0)
    rows = pd.DataFrame({"person": course.person.astype(np.int64), "day": course.day})
    rows["row"] = np.arange(len(rows))
    rows = rows.sort_values(["day", "person"], kind="stable")
    found = pd.merge_asof(rows, long, on="day", by="person").sort_values("row")
    first = own["first_score"].to_numpy(dtype=float)[course.person]
    last = found["score"].to_numpy(dtype=float)
    last = np.where(np.isfinite(last), last, first)
    return last / POINTS, found["change"].fillna(0.0).to_numpy(dtype=float) / POINTS


def add_during(
    rows: EstimateRows,
    data: AnalysisInput,
    frame: pd.DataFrame,
    people: ModelPeople,
    **key: Any,
) -> list[Fitted]:
    """Hazard ratios of dropping out after a session by what was known then, characteristics held equal.

    Cause-specific Cox model with time-varying covariates on the clock of sessions booked (Therneau and Grambsch 2000,
    section 3.7): a row from each attended session to the next.
    """
    shared: dict[str, Any] = {**key, "time_unit": CLOCK, "model": MODEL}
    sessions = data.tables["sessions"]
    reason = _obstacle(people, sessions)
    if reason is not None:
        _without(rows, (MISSED_SO_FAR, LAST_SCORE, RECENT_CHANGE), *reason, ABSENCE, shared)
        return []
    course = course_of(frame, people, sessions)
    fitted = _fit(rows, data, people, course, ABSENCE, {MISSED_SO_FAR: course.missed}, shared)
    scores = scores_by(data, frame, people, course)
    if isinstance(scores, str):
        terms = (LAST_SCORE, RECENT_CHANGE)
        _without(rows, terms, "not_measured", scores, WITH_SCORES, shared)
        return fitted
    columns = {MISSED_SO_FAR: course.missed, LAST_SCORE: scores[0], RECENT_CHANGE: scores[1]}
    return fitted + _fit(rows, data, people, course, WITH_SCORES, columns, shared)


def _without(
    rows: EstimateRows,
    terms: Iterable[Term],
    status: str,
    note: str,
    specification: str,
    shared: dict[str, Any],
) -> None:
    for term in terms:
        how = {"term": term.term, "status": status, "note": note, "specification": specification}
        rows.add("hazard_ratio", **{**shared, **how})


def _obstacle(people: ModelPeople, sessions: pd.DataFrame) -> tuple[str, str] | None:
    if not sessions["attendance"].isin(MISSED).any():
        return "not_measured", "sessions are not held one by one, or missed ones were not recorded"
    if len(people.time) > MOST_PEOPLE:
        return "not_run", f"more than {MOST_PEOPLE} people: a row for every session of everyone"
    return None


def _fit(
    rows: EstimateRows,
    data: AnalysisInput,
    people: ModelPeople,
    course: Course,
    specification: str,
    columns: dict[Term, FloatArray],
    shared: dict[str, Any],
) -> list[Fitted]:
    n_events = int(course.left.sum())
    known = np.all([np.isfinite(values) for values in columns.values()], axis=0)
    n_parameters = len(columns) + len(people.terms)
    if n_events < FEWEST_EVENTS * n_parameters:
        note = f"{n_events} dropouts for {n_parameters} parameters: too few"
        _without(rows, columns, "not_estimable", note, specification, shared)
        return []
    fit = _cox(people, course, known, columns, data.settings.conf_level)
    n_people = len(np.unique(course.person[known]))
    add_coefficients(
        rows,
        "hazard_ratio",
        fit,
        list(columns),
        counts={term.column: n_people for term in columns},
        ratio=True,
        method=fit.method,
        note="; ".join((NOTE, *fit.notes)),
        n_events=int(course.left[known].sum()),
        n_missing=people.n_missing + len(people.time) - n_people,
        n_therapists=fit.n_clusters if people.therapist is not None else None,
        specification=specification,
        **shared,
    )
    return [Fitted(MODEL, specification, [*columns, *people.terms], fit)]


def _cox(
    people: ModelPeople,
    course: Course,
    known: npt.NDArray[np.bool_],
    columns: dict[Term, FloatArray],
    conf_level: float,
) -> CoxFit:
    """What varies over the course and the characteristics together, robust by therapist (or person)."""
    who = course.person[known]
    return fit_cox(
        course.time[known],
        course.left[known],
        np.column_stack([*(v[known] for v in columns.values()), people.matrix[who]]),
        entry=course.entry[known],
        cluster=who if people.therapist is None else people.therapist[who],
        cluster_correction=True,
        term_names=[*(term.column for term in columns), *people.names],
        conf_level=conf_level,
    )
