"""How far therapists differ in how soon their patients leave."""

from __future__ import annotations

from typing import Any

import numpy as np

from naturalistic.analyses.interface import EstimateRows
from naturalistic.analyses.leaving.fitted import Fitted
from naturalistic.analyses.leaving.model_people import ModelPeople
from naturalistic.stats.frailty import MOST_CLUSTERS, fit_frailty_cox

FRAILTY = "cox_gamma_frailty"
FEWEST_THERAPISTS = 5


def add_therapists(
    rows: EstimateRows, people: ModelPeople, conf_level: float, **key: Any
) -> list[Fitted]:
    """Variance of a gamma frailty of the therapist, its share of the variation, and the median hazard ratio."""
    shared = {"term": "therapist", "model": FRAILTY, "specification": "adjusted", **key}
    known = people.recorded_therapist >= 0
    codes = people.recorded_therapist[known]
    n_therapists = len(np.unique(codes))
    obstacle = _obstacle(n_therapists, bool(people.dropped[known].any()))
    if obstacle is not None:
        status, note = obstacle
        rows.add("median_hazard_ratio", status=status, note=note, **shared)
        return []
    fit = fit_frailty_cox(
        people.time[known],
        people.dropped[known],
        people.matrix[known],
        codes,
        entry=None if people.entry is None else people.entry[known],
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
    return [Fitted(FRAILTY, "adjusted", people.terms, fit)]


def _obstacle(n_therapists: int, anyone_left: bool) -> tuple[str, str] | None:
    """Status and reason where therapists cannot be compared."""
    if not n_therapists:
        return "not_measured", "no therapist is recorded"
    if n_therapists < FEWEST_THERAPISTS:
        return "not_estimable", f"fewer than {FEWEST_THERAPISTS} therapists"
    if n_therapists > MOST_CLUSTERS:
        return "not_run", f"more than {MOST_CLUSTERS} therapists"
    if not anyone_left:
        return "not_estimable", "nobody with a recorded therapist dropped out"
    return None
