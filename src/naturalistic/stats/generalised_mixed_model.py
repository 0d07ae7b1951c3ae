"""Generalised linear mixed models: binomial counts, yes/no rows, counts; random intercepts.

The estimates equal those of glmmTMB (Laplace) and of adaptive Gauss-Hermite quadrature with
standard errors from the joint Hessian. Everything that can go wrong with such a model is said in
words in `GeneralisedMixedModelFit.notes`, beside the formula of what was really fitted.
"""

from __future__ import annotations

from collections.abc import Sequence

from numpy.typing import ArrayLike

from naturalistic.stats.glmm.assemble import assemble, refusal
from naturalistic.stats.glmm.effects import MarginalEffect, average_marginal_effects
from naturalistic.stats.glmm.estimable import estimable_part
from naturalistic.stats.glmm.prediction import average_contrast, average_prediction
from naturalistic.stats.glmm.profile import profile_limits
from naturalistic.stats.glmm.request import Request, caution_notes, make_request, obstacle
from naturalistic.stats.glmm.result import GeneralisedMixedModelFit, RandomIntercept
from naturalistic.stats.glmm.search import Problem, Solution, search
from naturalistic.stats.glmm.summaries import (
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
    profile: bool = False,
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
    family : {'binomial', 'effective_binomial', 'poisson', 'nb2'}
        Logit link for binomial, log link for counts; `nb2` has variance ``mu + mu^2 / theta``;
        `effective_binomial` takes numbers that are not whole.
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
        Coverage of the intervals.
    profile : bool
        Also find profile-likelihood limits of the standard deviations, at the cost of some
        hundred more evaluations of the likelihood each. They are the better ones with few levels
        and the only ones where a variance is estimated as zero.

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
    return _fit(request, profile)


def _fit(request: Request, profile: bool) -> GeneralisedMixedModelFit:
    """Leave out what has no finite estimate, then maximise."""
    cautions = caution_notes(request)
    part = estimable_part(request)
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
    profiles = tuple(
        _profile(problem, solution, factor, request.conf_level) if profile else _NO_LIMITS
        for factor in range(len(request.groupings))
    )
    return assemble(request, part.basis, solution, part.infinite, part.rank, notes, profiles)


_NO_LIMITS = (float("nan"), float("nan"))


def _profile(
    problem: Problem, solution: Solution, factor: int, conf_level: float
) -> tuple[float, float]:
    # away from the estimate an infinite theta would become finite: not the family that was fitted
    if solution.theta_infinite or not solution.optimum.converged:
        return _NO_LIMITS
    return profile_limits(problem, solution, factor, conf_level)
