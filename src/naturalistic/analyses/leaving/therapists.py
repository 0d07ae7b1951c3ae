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
