"""How far therapists differ in how soon their patients leave, and the hazard of leaving at each session."""

from __future__ import annotations

from typing import Any

import numpy as np

from naturalistic.analyses.interface import EstimateRows
from naturalistic.analyses.leaving.model_people import ModelPeople
from naturalistic.stats.discrete_time import fit_discrete_time_hazard
from naturalistic.stats.frailty import MOST_CLUSTERS, fit_frailty_cox
from naturalistic.stats.hazards.discrete_time_prediction import predict_hazard

FRAILTY, BY_SESSION = "cox_gamma_frailty", "discrete_time_cloglog"
FEWEST_THERAPISTS = 5
FEWEST_DROPOUTS = 20  # for a curve of the hazard
FEWEST_SESSIONS = 5  # different sessions at which somebody left
FEWEST_AT_RISK = 10
LAST_SESSION = 40


def add_therapists(rows: EstimateRows, people: ModelPeople, conf_level: float, **key: Any) -> None:
    """Variance of a gamma frailty of the therapist, its share of the variation, and the median hazard ratio."""
    shared = {"term": "therapist", "model": FRAILTY, "specification": "adjusted", **key}
    known = people.recorded_therapist >= 0
    codes = people.recorded_therapist[known]
    n_therapists = len(np.unique(codes))
    reason = ("", "")
    if not n_therapists:
        reason = ("not_measured", "no therapist is recorded")
    elif n_therapists < FEWEST_THERAPISTS:
        reason = ("not_estimable", f"fewer than {FEWEST_THERAPISTS} therapists")
    elif n_therapists > MOST_CLUSTERS:
        reason = ("not_run", f"more than {MOST_CLUSTERS} therapists")
    elif not people.dropped[known].any():
        reason = ("not_estimable", "nobody with a recorded therapist dropped out")
    if reason[0]:
        rows.add("median_hazard_ratio", status=reason[0], note=reason[1], **shared)
        return
    fit = fit_frailty_cox(
        people.time[known],
        people.dropped[known],
        people.matrix[known],
        codes,
        term_names=people.names,
        conf_level=conf_level,
    )
    values = {
        "variance": fit.variance,
        "median_hazard_ratio": fit.median_hazard_ratio,
        "intraclass_correlation": fit.share_of_variation,
    }
    for estimand, value in values.items():
        rows.add(
            estimand,
            value,
            n_patients=int(known.sum()),
            n_events=int(people.dropped[known].sum()),
            n_missing=people.n_missing + int((~known).sum()),
            n_therapists=n_therapists,
            **shared,
        )


def reference_person(people: ModelPeople) -> str:
    """The described person at whom every covariate is zero: reference levels, numbers at their mean."""
    parts: dict[str, str] = {}
    for term in people.terms:
        level = term.contrast.split(" vs ")[1] if " vs " in term.contrast else "at its mean"
        parts[term.term] = level
    return ", ".join(f"{name}: {level}" for name, level in parts.items())


def add_hazard_by_session(
    rows: EstimateRows, people: ModelPeople, conf_level: float, **key: Any
) -> None:
    """Probability of leaving at each session for the reference person still in therapy there.

    Complementary log-log model with a spline of the session number. Everyone attended the first session, so that nobody
    can be gone before the second.
    """
    shared = {
        "term": "dropout",
        "model": BY_SESSION,
        "specification": "reference_person",
        **key,
    }
    use = people.time > 1
    last, event = people.time[use], people.dropped[use]
    if event.sum() < FEWEST_DROPOUTS or len(np.unique(last[event])) < FEWEST_SESSIONS:
        note = f"fewer than {FEWEST_DROPOUTS} dropouts, or at fewer than {FEWEST_SESSIONS} different sessions"
        rows.add("hazard", status="not_estimable", note=note, **shared)
        return
    fit = fit_discrete_time_hazard(
        last,
        event,
        people.matrix[use],
        entry=np.ones(len(last)),
        cluster=None if people.therapist is None else people.therapist[use],
        term_names=people.names,
        conf_level=conf_level,
    )
    # after the last dropout the spline says nothing but how it goes on by itself
    latest = min(int(last[event].max()), LAST_SESSION)
    sessions = np.arange(fit.first_session, latest + 1)
    at_risk = np.array([(last >= session).sum() for session in sessions])
    sessions, at_risk = sessions[at_risk >= FEWEST_AT_RISK], at_risk[at_risk >= FEWEST_AT_RISK]
    if not len(sessions):
        note = f"fewer than {FEWEST_AT_RISK} people are under observation"
        rows.add("hazard", status="not_estimable", note=note, **shared)
        return
    profile = np.zeros((1, people.matrix.shape[1]))
    found = predict_hazard(fit, profile, sessions)
    for i, session in enumerate(sessions):
        known = found.status == "ok" and bool(np.isfinite(found.estimate[0, i]))
        rows.add(
            "hazard",
            float(found.estimate[0, i]) if known else None,
            status="ok" if known else "not_estimable",
            time=float(session),
            std_error=float(found.std_error[0, i]),
            conf_low=float(found.conf_low[0, i]),
            conf_high=float(found.conf_high[0, i]),
            conf_level=found.conf_level,
            n_patients=int(at_risk[i]),
            n_events=int(event.sum()),
            method=fit.method,
            note="; ".join(part for part in (reference_person(people), found.note) if part),
            **shared,
        )
