"""Generalised linear mixed models: binomial counts, yes/no rows, counts; random intercepts.

The estimates equal those of glmmTMB (Laplace) and of adaptive Gauss-Hermite quadrature with
standard errors from the joint Hessian. Everything that can go wrong with such a model is said in
words in `GeneralisedMixedModelFit.notes`, beside the formula of what was really fitted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from naturalistic.stats.glmm_assemble import assemble, refusal
from naturalistic.stats.glmm_design import Basis, find_separation, looks_separated, orthogonal_basis
from naturalistic.stats.glmm_effects import MarginalEffect, average_marginal_effects
from naturalistic.stats.glmm_families import NegativeBinomial, Poisson
from naturalistic.stats.glmm_prediction import average_contrast, average_prediction
from naturalistic.stats.glmm_request import Request, caution_notes, make_request, obstacle
from naturalistic.stats.glmm_result import GeneralisedMixedModelFit, RandomIntercept
from naturalistic.stats.glmm_search import Problem, search
from naturalistic.stats.glmm_start import weighted_regression
from naturalistic.stats.glmm_summaries import (
    latent_variance_share,
    likelihood_ratio_test,
    median_odds_ratio,
    overdispersion_test,
)

__all__ = [
    "GeneralisedMixedModelFit",
    "MarginalEffect",
    "RandomIntercept",
    "average_contrast",
    "average_marginal_effects",
    "average_prediction",
    "fit_generalised_mixed_model",
    "latent_variance_share",
    "likelihood_ratio_test",
    "median_odds_ratio",
    "overdispersion_test",
]


def fit_generalised_mixed_model(
    response: ArrayLike,
    design: ArrayLike,
    *,
    family: str,
    trials: ArrayLike | None = None,
    offset: ArrayLike | None = None,
    group: ArrayLike | None = None,
    unit: ArrayLike | None = None,
    quadrature_points: int = 1,
    term_names: Sequence[str] | None = None,
    group_label: str = "group",
    unit_label: str = "unit",
    conf_level: float = 0.95,
) -> GeneralisedMixedModelFit:
    r"""Maximum likelihood fit of a generalised linear model with random intercepts.

    .. math:: g(E[y_i \mid u]) = o_i + x_i'\beta + \sum_k \sigma_k u_{k,g_k(i)},
              \qquad u \sim N(0, I)

    The coefficients are conditional (cluster-specific): the log odds ratio or log rate ratio
    between two people seen by the same therapist. For the population-averaged quantity see
    `naturalistic.stats.marginal_models`.

    Parameters
    ----------
    response : array_like, shape (n,)
        Events out of `trials` (binomial) or counts.
    design : array_like, shape (n, p)
        Fixed effects; contains its own intercept.
    family : {'binomial', 'poisson', 'nb2'}
        Logit link for binomial, log link for counts; `nb2` has variance ``mu + mu^2 / theta``.
    trials : array_like, shape (n,), optional
        Denominators of the binomial; 1 (yes/no rows) if not given.
    offset : array_like, shape (n,), optional
        Added to the linear predictor.
    group : array_like, shape (n,), optional
        Level of the random intercept, for instance the therapist. Without it the plain
        generalised linear model is fitted, and the formula says so.
    unit : array_like, shape (n,), optional
        Level of a second random intercept with many levels, for instance the patient; nested in
        `group` or not. One unit per row makes it the observation-level effect that answers
        overdispersion of counts.
    quadrature_points : int
        1 for the Laplace approximation; more for adaptive Gauss-Hermite quadrature, for models
        with exactly one random intercept.
    term_names : sequence of str, optional
        Names of the columns of `design`.
    group_label, unit_label : str
        What `group` and `unit` hold, for formula and notes.
    conf_level : float
        Coverage of the Wald intervals.

    Returns
    -------
    GeneralisedMixedModelFit

    Raises
    ------
    ValueError
        For missing or impossible values, unequal lengths, unknown families.

    References
    ----------
    Bates D, Maechler M, Bolker B, Walker S (2015). Fitting linear mixed-effects models using
    lme4. J Stat Softw 67(1). Brooks ME et al. (2017). glmmTMB. R Journal 9(2), 378-400.
    Pinheiro JC, Bates DM (1995). J Comput Graph Stat 4, 12-35, eq. 7 and 9.
    """
    request = make_request(
        response,
        design,
        family=family,
        trials=trials,
        offset=offset,
        groups=((unit_label, unit), (group_label, group)),
        quadrature_points=quadrature_points,
        term_names=term_names,
        conf_level=conf_level,
    )
    reason = obstacle(request)
    if reason:
        return refusal(request, (reason,))
    return _fit(request)


@dataclass(frozen=True, slots=True, eq=False)
class _Estimable:
    """The part of a request that has finite estimates.

    `request` holds the rows that are not fitted exactly in the limit, `basis` their design;
    `infinite` marks the terms that run away and `rank` counts all terms the data can tell apart.
    """

    request: Request
    basis: Basis
    coefficients: NDArray[np.float64]
    linear_predictor: NDArray[np.float64]
    infinite: NDArray[np.bool_]
    rank: int
    notes: tuple[str, ...]


def _fit(request: Request) -> GeneralisedMixedModelFit:
    """Leave out what has no finite estimate, then maximise."""
    cautions = caution_notes(request)
    part = _estimable_part(request)
    notes = part.notes + cautions
    if part.infinite[part.basis.kept].all():
        return refusal(request, notes)
    problem = Problem(
        part.basis.columns,
        part.request.offset,
        part.request.family,
        tuple(grouping.codes for grouping in part.request.groupings),
        tuple(len(grouping.levels) for grouping in part.request.groupings),
        request.quadrature_points,
    )
    solution = search(problem, part.coefficients, part.linear_predictor)
    return assemble(request, part.basis, solution, part.infinite, part.rank, notes)


def _estimable_part(request: Request) -> _Estimable:
    """Drop dependent columns, then, while there is separation, its rows and terms."""
    names = request.term_names
    infinite = np.zeros(len(names), dtype=bool)
    basis = orthogonal_basis(request.design, names)
    rank, notes, part = len(basis.kept), basis.notes, request
    while True:
        coefficients, eta = _plain_regression(part, basis.columns)
        separation = None
        if looks_separated(eta, part.family):
            kept_names = [names[j] for j in basis.kept.tolist()]
            separation = find_separation(part.design[:, basis.kept], part.family, kept_names)
        if separation is None:
            return _Estimable(part, basis, coefficients, eta, infinite, rank, notes)
        infinite[basis.kept[separation.infinite]] = True
        notes += separation.notes
        if separation.rows.all() or infinite[basis.kept].all():
            return _Estimable(part, basis, coefficients, eta, infinite, rank, notes)
        part = _some_rows(part, ~separation.rows)
        dropped_before = set(basis.dropped)
        basis = orthogonal_basis(part.design, names)
        notes += tuple(
            note
            for j, note in zip(basis.dropped, basis.notes, strict=True)
            if j not in dropped_before and not infinite[j]
        )


def _plain_regression(
    request: Request, basis: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    family = request.family
    # the Poisson regression is consistent for the negative binomial's coefficients too
    start = Poisson(family.counts) if isinstance(family, NegativeBinomial) else family
    return weighted_regression(basis, request.offset, start, 1.0)


def _some_rows(request: Request, rows: NDArray[np.bool_]) -> Request:
    offset = request.offset[rows] if isinstance(request.offset, np.ndarray) else request.offset
    return replace(
        request,
        family=request.family.subset(rows),
        design=request.design[rows],
        offset=offset,
        groupings=tuple(
            replace(grouping, codes=grouping.codes[rows]) for grouping in request.groupings
        ),
    )
