"""The probability of leaving at each session, for described people who are still in therapy there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from naturalistic.analyses.interface import EstimateRows
from naturalistic.analyses.leaving.clocks import FloatArray
from naturalistic.analyses.leaving.fitted import Fitted
from naturalistic.analyses.leaving.model_people import ModelPeople
from naturalistic.analyses.predictors import NUMERIC_UNITS
from naturalistic.stats.discrete_time import DiscreteTimeFit, fit_discrete_time_hazard
from naturalistic.stats.hazards.discrete_time_prediction import predict_hazard

BY_SESSION = "discrete_time_cloglog"
FEWEST_DROPOUTS = 20  # for a curve of the hazard
FEWEST_SESSIONS = 5  # different sessions at which somebody left
FEWEST_AT_RISK = 10
LAST_SESSION = 40
REFERENCE = "reference_person"
DescribedPerson = Mapping[str, str | float]


def add_hazard_by_session(
    rows: EstimateRows,
    people: ModelPeople,
    described: Mapping[str, DescribedPerson],
    conf_level: float,
    **key: Any,
) -> list[Fitted]:
    """Probability of leaving at each session for each described person still in therapy there.

    Complementary log-log model with a spline of the session number. Everyone attended the first session, so that nobody
    can be gone before the second.

    Parameters
    ----------
    rows : EstimateRows
        Where they go.
    people : ModelPeople
        On the clock of attended sessions.
    described : mapping
        Characteristics of each described person; the reference level in all that is not named.
    conf_level : float
        Coverage.
    """
    shared = {"term": "dropout", "model": BY_SESSION, **key}
    use = people.time > 1
    last, event = people.time[use], people.dropped[use]
    if event.sum() < FEWEST_DROPOUTS or len(np.unique(last[event])) < FEWEST_SESSIONS:
        note = f"fewer than {FEWEST_DROPOUTS} dropouts, or at fewer than {FEWEST_SESSIONS} different sessions"
        rows.add("hazard", status="not_estimable", note=note, specification=REFERENCE, **shared)
        return []
    entry = np.ones(len(last)) if people.entry is None else np.maximum(people.entry[use], 1.0)
    terms = [replace(term, column=f"covariate {term.column}") for term in people.terms]
    therapist = None if people.therapist is None else people.therapist[use]
    fit = fit_discrete_time_hazard(
        last,
        event,
        people.matrix[use],
        entry=entry,
        cluster=therapist,
        cluster_correction=therapist is not None,
        # the score before therapy must not bear the name of the baseline hazard
        term_names=[term.column for term in terms],
        conf_level=conf_level,
    )
    sessions, at_risk = _sessions(fit, entry, last, event)
    if not len(sessions):
        note = f"fewer than {FEWEST_AT_RISK} people are under observation"
        rows.add("hazard", status="not_estimable", note=note, specification=REFERENCE, **shared)
        return []
    _add_at_risk(rows, sessions, at_risk, shared)
    counts = {"n_patients": len(last), "n_events": int(event.sum())}
    for name, person in {REFERENCE: {}, **described}.items():
        how = {**shared, "specification": name}
        _add_described(rows, people, fit, sessions, person, how, counts)
    return [Fitted(BY_SESSION, "adjusted", terms, fit)]


def _add_at_risk(
    rows: EstimateRows,
    sessions: npt.NDArray[np.int64],
    at_risk: npt.NDArray[np.int64],
    shared: dict[str, Any],
) -> None:
    for session, number in zip(sessions, at_risk, strict=True):
        under = {**shared, "term": "under_observation", "time": float(session)}
        rows.add("at_risk", float(number), n_patients=int(number), **under)


def _add_described(
    rows: EstimateRows,
    people: ModelPeople,
    fit: DiscreteTimeFit,
    sessions: npt.NDArray[np.int64],
    person: DescribedPerson,
    how: dict[str, Any],
    counts: dict[str, int],
) -> None:
    """The curve of a described person, or what the cohort does not hold of the description."""
    profile = _profile(people, person)
    if isinstance(profile, str):
        rows.add("hazard", status="not_measured", note=profile, **how)
        return
    note = described_as(people, person)
    _add_curve(rows, fit, profile, sessions, {**how, **counts, "note": note})


def _sessions(
    fit: DiscreteTimeFit, entry: FloatArray, last: FloatArray, event: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Sessions with enough people under observation, and how many.

    After the last dropout the spline says nothing but how it goes on by itself.
    """
    latest = min(int(last[event].max()), LAST_SESSION)
    sessions = np.arange(fit.first_session, latest + 1)
    at_risk = np.array([((entry < s) & (last >= s)).sum() for s in sessions], dtype=np.int64)
    enough = at_risk >= FEWEST_AT_RISK
    return sessions[enough], at_risk[enough]


def described_as(people: ModelPeople, person: DescribedPerson) -> str:
    """The person in words: the level of every characteristic, numbers at their mean unless given."""
    parts: dict[str, str] = {}
    for term in people.terms:
        level = term.contrast.split(" vs ")[1] if " vs " in term.contrast else "at its mean"
        parts[term.term] = str(person.get(term.term, level))
    return ", ".join(f"{name}: {level}" for name, level in parts.items())


def _profile(people: ModelPeople, person: DescribedPerson) -> FloatArray | str:
    """Covariates of a described person; or what the cohort does not hold of the description."""
    profile = np.zeros((1, len(people.terms)))
    for name, level in person.items():
        columns = people.columns_of(name)
        if not columns:
            return f"{name} is not in the model"
        if name in people.centres and " vs " not in people.terms[columns[0]].contrast:
            unit = NUMERIC_UNITS.get(name, (1.0, ""))[0]
            profile[0, columns[0]] = (float(level) - people.centres[name]) / unit
            continue
        levels = {people.terms[i].contrast.split(" vs ")[0]: i for i in columns}
        reference = people.terms[columns[0]].contrast.split(" vs ")[1]
        if level not in levels and level != reference:
            return f"nobody, or too few people, at {name}: {level}"
        if level in levels:
            profile[0, levels[str(level)]] = 1.0
    return profile


def _add_curve(
    rows: EstimateRows,
    fit: DiscreteTimeFit,
    profile: FloatArray,
    sessions: npt.NDArray[np.int64],
    shared: dict[str, Any],
) -> None:
    found = predict_hazard(fit, profile, sessions)
    note = "; ".join(part for part in (shared["note"], found.note) if part)
    for i, session in enumerate(sessions):
        known = found.status == "ok" and bool(np.isfinite(found.estimate[0, i]))
        rows.add(
            "hazard",
            float(found.estimate[0, i]) if known else None,
            time=float(session),
            std_error=float(found.std_error[0, i]),
            conf_low=float(found.conf_low[0, i]),
            conf_high=float(found.conf_high[0, i]),
            conf_level=found.conf_level,
            method=fit.method,
            **{**shared, "status": "ok" if known else "not_estimable", "note": note},
        )
