"""Coefficients of a model of attendance as what they mean: probabilities, and sessions per person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from naturalistic.analyses.attending.definitions import FloatArray
from naturalistic.analyses.interface import EstimateRows
from naturalistic.analyses.predictors import Term
from naturalistic.stats.generalised_mixed_model import (
    GeneralisedMixedModelFit,
    average_marginal_effects,
    average_prediction,
    latent_variance_share,
    median_odds_ratio,
)
from naturalistic.stats.result import Estimate

# averages over more rows cost minutes and change nothing a reader could see
MOST_ROWS = 20_000
# above so many people Wald limits of a therapist variance do; the method of the row says which it is
MOST_PROFILED = 5_000
ASSOCIATION = "association, not effect"


@dataclass(frozen=True, eq=False)
class Standard:
    """The cohort over which a model is averaged.

    Attributes
    ----------
    matrix : (m, p) array
        Rows of the design.
    weights : (m,) array
        Sessions offered (absence) or ones (sessions attended).
    note : str
        How the rows were chosen; empty where they are all.
    """

    matrix: FloatArray
    weights: FloatArray
    note: str = ""


def standard_of(matrix: FloatArray, weights: FloatArray) -> Standard:
    """All rows, or above `MOST_ROWS` every k-th of the rows in the order of their content."""
    if len(matrix) <= MOST_ROWS:
        return Standard(matrix, weights)
    order = np.lexsort((weights, *matrix.T[::-1]))
    chosen = order[:: int(np.ceil(len(matrix) / MOST_ROWS))]
    note = f"averaged over {len(chosen)} of {len(matrix)} rows, evenly spaced in the order of their content"
    return Standard(matrix[chosen], weights[chosen], note)


def add_effects(
    rows: EstimateRows,
    fit: GeneralisedMixedModelFit,
    terms: Sequence[Term],
    standard: Standard,
    *,
    counts: Mapping[str, int],
    per_person: float,
    shares: bool,
    **columns: Any,
) -> None:
    """Differences in probability and in sessions per person, and the level each group is expected at.

    Parameters
    ----------
    rows : EstimateRows
        Where they go.
    fit : GeneralisedMixedModelFit
        Fitted model.
    terms : sequence of Term
        Columns of the design.
    standard : Standard
        Whom to average over.
    counts : mapping of str to int
        People behind each column.
    per_person : float
        What turns an average difference into sessions per person: mean number of sessions offered (absence), or 1.
    shares : bool
        Whether the model is one of a probability.
    **columns
        Further columns of every row.
    """
    factors = [
        [t.column for t in terms if t.term == name and " vs " in t.contrast]
        for name in dict.fromkeys(t.term for t in terms)
    ]
    wanted = [
        t.column for t in terms if t.term != "Intercept" and t.column not in fit.dropped_terms
    ]
    found = average_marginal_effects(
        fit,
        standard.matrix,
        terms=wanted,
        factors=[factor for factor in factors if factor],
        weights=standard.weights,
    )
    by_column = {effect.term: effect.effect for effect in found}
    note = "; ".join(part for part in (ASSOCIATION, standard.note) if part)
    for term in terms:
        if term.column not in by_column:
            continue
        effect = replace(by_column[term.column], note="")
        if by_column[term.column].status != "ok":
            effect = by_column[term.column]
        key: dict[str, Any] = {
            "term": term.term,
            "contrast": term.contrast,
            "n_patients": counts[term.column],
        }
        if shares:
            rows.add("risk_difference", effect, **key, note=note, **columns)
        rows.add("sessions_difference", _scaled(effect, per_person), **key, note=note, **columns)
    _levels(rows, fit, terms, standard, counts, shares, note, columns)


def _scaled(effect: Estimate, factor: float) -> Estimate:
    return replace(
        effect,
        estimate=effect.estimate * factor,
        std_error=effect.std_error * factor,
        conf_low=effect.conf_low * factor,
        conf_high=effect.conf_high * factor,
    )


def _levels(
    rows: EstimateRows,
    fit: GeneralisedMixedModelFit,
    terms: Sequence[Term],
    standard: Standard,
    counts: Mapping[str, int],
    shares: bool,
    note: str,
    columns: Mapping[str, Any],
) -> None:
    """Expected probability (or sessions) had everyone been at each level of a characteristic."""
    estimand = "standardised_risk" if shares else "mean"
    names = [term.column for term in terms]
    for name in dict.fromkeys(t.term for t in terms if " vs " in t.contrast):
        own = [t for t in terms if t.term == name]
        places = [names.index(t.column) for t in own]
        reference = standard.matrix.copy()
        reference[:, places] = 0.0
        scenarios = {own[0].contrast.split(" vs ")[1]: (reference, counts.get(f"{name}:reference"))}
        for term, place in zip(own, places, strict=True):
            matrix = reference.copy()
            matrix[:, place] = 1.0
            scenarios[term.contrast.split(" vs ")[0]] = (matrix, counts[term.column])
        for level, (matrix, n) in scenarios.items():
            value = average_prediction(fit, matrix, weights=standard.weights)
            value = replace(value, note="") if value.status == "ok" else value
            own_key: dict[str, Any] = {"term": name, "contrast": level, "n_patients": n}
            rows.add(estimand, value, **own_key, note=note, **columns)


def reference_counts(design: Any, terms: Sequence[Term]) -> dict[str, int]:
    """People at the reference level of each characteristic, under ``name:reference``."""
    found = {}
    for term in terms:
        if " vs " in term.contrast and term.term in design.columns:
            level = term.contrast.split(" vs ")[1]
            found[f"{term.term}:reference"] = int((design[term.term] == level).sum())
    return found


def add_therapists(
    rows: EstimateRows, fit: GeneralisedMixedModelFit, n_patients: int, why_none: str, **key: Any
) -> None:
    """Therapists' share of the variation on the latent scale, and the median ratio between two of them."""
    named = [effect for effect in fit.random_effects if effect.label == "therapist"]
    ratio = "median_odds_ratio" if fit.link == "logit" else "median_rate_ratio"
    if not named:
        for estimand in ("intraclass_correlation", ratio):
            rows.add(estimand, term="therapist", status="not_run", note=why_none, **key)
        return
    shared = {"term": "therapist", "n_patients": n_patients, **key}
    shared["n_therapists"] = len(named[0].levels)
    rows.add("intraclass_correlation", _share(fit), **shared)
    rows.add(ratio, median_odds_ratio(fit, "therapist"), **shared)


def _share(fit: GeneralisedMixedModelFit) -> Estimate:
    """The share; where its interval reaches 0 the limits follow from the profile limits of the SD, without an error.

    There a Wald error rests on a curvature that changes by a tenth with the last digits of the optimum, and its interval
    on the logit scale runs from nearly 0 to nearly 1.
    """
    share = latent_variance_share(fit, "therapist")
    own = fit.random_effect("therapist")
    known = share.status == "ok" and np.isfinite(own.profile_conf_high)
    if not known or (np.isfinite(share.conf_high) and own.profile_conf_low > 0.0):
        return share
    rest = _variance_of_the_rest(fit)
    low, high = (v / (v + rest) for v in (own.profile_conf_low**2, own.profile_conf_high**2))
    why = "limits from the profile likelihood, the other variances held; no standard error holds so near to 0"
    note = f"{share.note}; {why}" if share.note else why
    return replace(
        share, std_error=float("nan"), conf_low=float(low), conf_high=float(high), note=note
    )


def _variance_of_the_rest(fit: GeneralisedMixedModelFit) -> float:
    """What the therapists' variance is set against; solved from the share of another effect, or the logistic variance."""
    others = sum(e.variance for e in fit.random_effects if e.label != "therapist")
    if fit.link == "logit":
        return float(others + np.pi**2 / 3.0)
    extra = 1.0 / fit.theta if fit.family == "nb2" and np.isfinite(fit.theta) else 0.0
    return float(others + np.log(1.0 + 1.0 / fit.mean_count + extra))
