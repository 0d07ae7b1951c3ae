"""What if the missing forms hang on the scores themselves: pattern mixture by ending, slopes as predictors of dropout."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtri

from naturalistic.analyses.interface import AnalysisInput, EstimateRows
from naturalistic.analyses.outcome.fitting import Fitted, Rows, fit_rows
from naturalistic.analyses.outcome.growth import Growth
from naturalistic.analyses.outcome.people import FloatArray, OutcomePeople
from naturalistic.analyses.outcome.pre_post import two_occasions
from naturalistic.analyses.outcome.slopes_and_dropout import add_slopes
from naturalistic.analyses.predictors import design_matrix
from naturalistic.stats.lmm.contrasts import linear_combination
from naturalistic.stats.result import Estimate

MIXTURE = "pattern_mixture"
FEWEST_PAIRS = 10  # people with both scores for a pattern of its own
OTHER = "other_or_unknown_ending"
PATTERNS = ("planned_ending", "unplanned_ending")
MIXED = (
    "change estimated within each way of ending and averaged by how many started and ended so; within a way of ending "
    "forms are taken to be missing at random, between them not"
)


def add_missing_not_at_random(
    rows: EstimateRows, data: AnalysisInput, people: OutcomePeople, growth: Growth | None
) -> None:
    """The average improvement if those who ended differently changed differently, and slope as a predictor of dropout.

    Estimands
    ---------
    mean_change (model ``pattern_mixture``)
        Improvement by way of ending (`dimensions`), averaged over everyone who started (``by_ending``), and under missing
        at random (``missing_at_random``). Little 1993, J. Am. Stat. Assoc. 88, 125-134.
    hazard_ratio (model ``shared_parameter``)
        Of dropping out, per SD of the patient's predicted slope (improvement positive) and level.
    """
    _mixture(rows, people)
    add_slopes(rows, data, people, growth)


def _mixture(rows: EstimateRows, people: OutcomePeople) -> None:
    pattern, reason = _patterns(people)
    plain = two_occasions(people, ())
    if plain is None:
        reason = "scores at one time only: no change can be modelled"
    key: dict[str, Any] = {"model": MIXTURE}
    if reason or plain is None:
        rows.add(
            "mean_change", specification="by_ending", status="not_estimable", note=reason, **key
        )
        return
    at_random = fit_rows(people, plain, "occasions")
    labels = pd.Categorical(pattern)
    frame = pd.DataFrame({"ending": labels[plain.person], "time": plain.time})
    matrix, terms = design_matrix("1 + time * ending", frame)
    fitted = fit_rows(
        people, Rows(plain.outcome, matrix, terms, plain.person, plain.time), "occasions"
    )
    if not (fitted.ok and at_random.ok) or fitted.fit.aliased:
        note = "; ".join((fitted.reason, at_random.reason)) or "a way of ending has no later form"
        rows.add("mean_change", specification="by_ending", status="not_estimable", note=note, **key)
        return
    _mixture_rows(rows, people, fitted, at_random, labels, key)


def _mixture_rows(
    rows: EstimateRows,
    people: OutcomePeople,
    fitted: Fitted,
    at_random: Fitted,
    labels: pd.Categorical,
    key: dict[str, Any],
) -> None:
    level, better = people.conf_level, people.better
    share = np.bincount(labels.codes, minlength=len(labels.categories)) / len(labels)
    contrasts = [_contrast(fitted, labels, i, better) for i in range(len(labels.categories))]
    improvement = [
        _one_ending(rows, people, fitted, contrast, labels, i, key)
        for i, contrast in enumerate(contrasts)
    ]
    weights = np.sum([s * c for s, c in zip(share, contrasts, strict=True)], axis=0)
    rows.add(
        "mean_change",
        _averaged(fitted, weights, share, np.array(improvement), len(labels), level),
        specification="by_ending",
        note=MIXED,
        **{**fitted.people_columns(people), **key},
    )
    rows.add(
        "mean_change",
        linear_combination(at_random.fit, at_random.vector({"time": better}), conf_level=level),
        specification="missing_at_random",
        **{**at_random.people_columns(people), **key, "method": at_random.fit.formula},
    )


def _contrast(fitted: Fitted, labels: pd.Categorical, i: int, better: float) -> FloatArray:
    """Improvement of those who ended in the i-th way; the first is the reference."""
    name = labels.categories[i]
    own = {f"time:ending[{name}]": better, f"time:ending[T.{name}]": better} if i else {}
    return fitted.vector({"time": better, **own})


def _one_ending(
    rows: EstimateRows,
    people: OutcomePeople,
    fitted: Fitted,
    contrast: FloatArray,
    labels: pd.Categorical,
    i: int,
    key: dict[str, Any],
) -> float:
    """A row for one way of ending; returns the improvement."""
    value = linear_combination(fitted.fit, contrast, conf_level=people.conf_level)
    rows.add(
        "mean_change",
        value,
        specification="by_ending",
        dimensions={"ending": labels.categories[i]},
        **{
            **fitted.people_columns(people),
            **key,
            "n_patients": int((people.paired & (labels.codes == i)).sum()),
            "numerator": int((labels.codes == i).sum()),
            "denominator": len(labels),
            "method": fitted.fit.formula,
        },
    )
    return value.estimate


def _averaged(
    fitted: Fitted,
    weights: FloatArray,
    share: FloatArray,
    improvement: FloatArray,
    n: int,
    level: float,
) -> Estimate:
    """Improvement averaged over the ways of ending; their shares are estimated too (delta method)."""
    value = float(share @ improvement)
    between = float(share @ improvement**2 - value**2) / n
    error = float(np.sqrt(weights @ fitted.fit.covariance @ weights + between))
    half = float(ndtri(0.5 + level / 2)) * error
    return Estimate(
        value, error, value - half, value + half, level, method="pattern mixture, delta method"
    )


def _patterns(people: OutcomePeople) -> tuple[np.ndarray, str]:
    """Way of ending of each person, small ones joined; and why there is no second one."""
    ending = people.frame["ending"].astype("object").to_numpy()
    pattern = np.where(np.isin(ending, PATTERNS), ending, OTHER).astype(object)
    while True:
        names, codes = np.unique(pattern, return_inverse=True)
        pairs = np.bincount(codes[people.paired], minlength=len(names))
        if len(names) < 2:
            break
        smallest = int(np.argmin(pairs))
        if pairs[smallest] >= FEWEST_PAIRS:
            return pattern, ""
        rest = [i for i in range(len(names)) if i != smallest]
        other = rest[int(np.argmin(pairs[rest]))]
        joined = "_and_".join(sorted((names[smallest], names[other])))
        pattern[np.isin(codes, (smallest, other))] = joined
    reason = (
        "the ways of ending cannot be told apart: they are not recorded, or fewer than "
        f"{FEWEST_PAIRS} people of all but one have both scores"
    )
    return pattern, reason
