"""Average marginal effect of every term on the probability or count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from naturalistic.stats.glmm.prediction import (
    METHOD,
    Average,
    average_contrast,
    checked_rows,
    delta_estimate,
    joint_gradient,
    linear_predictor,
    moments,
    refusal_of,
    row_weights,
)
from naturalistic.stats.glmm.result import GeneralisedMixedModelFit
from naturalistic.stats.result import Estimate

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class MarginalEffect:
    """Average marginal effect of one term.

    Attributes
    ----------
    term : str
        Column of the design.
    kind : str
        ``0 to 1`` (everybody set to 1 against everybody set to 0) or ``per unit`` (average slope).
    effect : Estimate
        Difference in probability (binomial) or in counts.
    """

    term: str
    kind: str
    effect: Estimate


def average_marginal_effects(
    fit: GeneralisedMixedModelFit,
    design: ArrayLike,
    *,
    terms: Sequence[str] | None = None,
    factors: Sequence[Sequence[str]] = (),
    offset: ArrayLike | None = None,
    weights: ArrayLike | None = None,
) -> tuple[MarginalEffect, ...]:
    """Average effect of each term on the probability or count, over the cohort in `design`.

    A 0/1 column is set to 1 and to 0 for everybody. Any other column gets its average slope,
    ``mean_i dm_i / dx_i``. Columns that belong to one factor are set together: one of them to 1
    and the rest to 0, against all 0 (the reference level).

    Parameters
    ----------
    fit : GeneralisedMixedModelFit
    design : array_like, shape (m, p)
        The cohort to average over; columns as fitted.
    terms : sequence of str, optional
        Columns wanted; by default all with an estimate except constant ones.
    factors : sequence of sequences of str
        Which 0/1 columns are the levels of one factor.
    offset, weights : array_like, shape (m,), optional
        See `average_prediction`.

    Returns
    -------
    tuple of MarginalEffect

    Raises
    ------
    ValueError
        For unknown terms. Interactions and powers are not seen as such: for a characteristic that
        enters several columns use `average_contrast` with two designs.
    """
    rows = checked_rows(fit, design, "design")
    names = fit.term_names
    wanted = terms if terms is not None else _varying_terms(fit, rows)
    siblings = {name: set(factor) for factor in factors for name in factor}
    effects = []
    for term in wanted:
        if term not in names or not siblings.get(term, set()) <= set(names):
            raise ValueError(f"the model has no term {term!r} (or not all levels of its factor)")
        column = names.index(term)
        if not set(np.unique(rows[:, column])) <= {0.0, 1.0}:
            effects.append(
                MarginalEffect(term, "per unit", _slope(fit, rows, column, offset, weights))
            )
            continue
        low = rows.copy()
        low[:, [names.index(other) for other in siblings.get(term, {term})]] = 0.0
        high = low.copy()
        high[:, column] = 1.0
        effect = average_contrast(fit, high, low, offset=offset, weights=weights)
        if not np.isfinite(fit.coefficients[column]):
            effect = fit.term(term)
        effects.append(MarginalEffect(term, "0 to 1", effect))
    return tuple(effects)


def _varying_terms(fit: GeneralisedMixedModelFit, rows: Array) -> list[str]:
    return [
        name
        for j, name in enumerate(fit.term_names)
        if np.isfinite(fit.coefficients[j]) and np.ptp(rows[:, j]) > 0.0
    ]


def _slope(
    fit: GeneralisedMixedModelFit,
    rows: Array,
    column: int,
    offset: ArrayLike | None,
    weights: ArrayLike | None,
) -> Estimate:
    method = f"{METHOD}; {fit.method}"
    refusal = refusal_of(fit, method)
    if refusal is not None:
        return refusal
    if not np.isfinite(fit.coefficients[column]):
        return fit.term(fit.term_names[column])
    eta = linear_predictor(fit, rows, offset)
    share = row_weights(weights, rows)
    coefficient = float(fit.coefficients[column])
    mean_slope = float(share @ moments(fit, eta, 1)[0])
    second, tilted = moments(fit, eta, 2)
    by_term = coefficient * ((share * second) @ rows)
    by_term[column] += mean_slope
    gradient = joint_gradient(fit, by_term, coefficient * float(share @ tilted))
    return delta_estimate(fit, Average(coefficient * mean_slope, gradient), method)
