"""Population-averaged twins of the mixed models: how groups differ on average over therapists.

A mixed model's coefficient compares two people who see the same therapist. A population-averaged
coefficient compares the average person of one group with the average person of another, whoever
treats them: a different estimand, nearer to zero for the logit link the more therapists differ.
Both fits here are statsmodels', with standard errors that allow for any correlation within
therapist (cluster); they need no model for it, but many clusters.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, TypedDict, Unpack

import numpy as np
from numpy.typing import ArrayLike

from naturalistic.stats.glmm.estimable import Estimable, estimable_part
from naturalistic.stats.glmm.families import Binomial
from naturalistic.stats.glmm.request import Request, caution_notes, make_request, obstacle
from naturalistic.stats.marginal_result import MarginalModelFit, RawEstimates, marginal_result

__all__ = ["MarginalModelFit", "fit_cluster_robust_glm", "fit_exchangeable_gee"]

_FEW_CLUSTERS = 40
# counts are expanded into single trials for the exchangeable correlation; more would not fit
_MOST_TRIALS = 5_000_000


class MarginalOptions(TypedDict, total=False):
    """What both models may be given beside response, design, family and cluster."""

    trials: ArrayLike | None
    offset: ArrayLike | None
    term_names: Sequence[str] | None
    cluster_label: str
    conf_level: float


def fit_cluster_robust_glm(
    response: ArrayLike,
    design: ArrayLike,
    *,
    family: str,
    cluster: ArrayLike,
    trials: ArrayLike | None = None,
    offset: ArrayLike | None = None,
    term_names: Sequence[str] | None = None,
    cluster_label: str = "cluster",
    conf_level: float = 0.95,
) -> MarginalModelFit:
    r"""Plain generalised linear model with cluster-robust standard errors.

    .. math:: V = \frac{G}{G-1} \frac{n-1}{n-p}\; A^{-1} \Big( \sum_g s_g s_g' \Big) A^{-1}

    with A the information and s_g the summed scores of cluster g, G clusters, n rows and p
    coefficients (CR1; `vcovCL(type = "HC1", cadjust = TRUE)` of R's sandwich). Tests and limits
    use Student's t with G - 1 degrees of freedom.

    Parameters
    ----------
    response, design, trials, offset, term_names, conf_level
        As in `fit_generalised_mixed_model`.
    family : {'binomial', 'poisson'}
        The Poisson mean model is right for overdispersed counts as well, since the errors do
        not come from the Poisson variance.
    cluster : array_like, shape (n,)
        What may be correlated within, for instance the therapist.
    cluster_label : str
        What `cluster` holds.

    Returns
    -------
    MarginalModelFit

    Raises
    ------
    ValueError
        For missing or impossible values, unequal lengths, unknown families.

    References
    ----------
    Liang KY, Zeger SL (1986). Biometrika 73, 13-22, eq. 3-6. Cameron AC, Miller DL (2015).
    J Hum Resour 50, 317-372, eq. 11 and sec. VI.
    """
    request = _request(
        response,
        design,
        family,
        cluster,
        trials=trials,
        offset=offset,
        term_names=term_names,
        cluster_label=cluster_label,
        conf_level=conf_level,
    )
    return _fit(request, "independence")


def fit_exchangeable_gee(
    response: ArrayLike,
    design: ArrayLike,
    *,
    family: str,
    cluster: ArrayLike,
    **options: Unpack[MarginalOptions],
) -> MarginalModelFit:
    r"""Generalised estimating equations with one common correlation within clusters.

    Events out of trials are expanded into single trials, so that the correlation is the one
    between any two trials (appointments) of a cluster. The sandwich covariance of Liang & Zeger
    is multiplied by ``G / (G - 1)``; tests and limits use Student's t with G - 1 degrees of
    freedom.

    Parameters
    ----------
    response, design, family, cluster, **options
        `trials`, `offset`, `term_names`, `cluster_label` and `conf_level` among them: as in `fit_cluster_robust_glm`.

    Returns
    -------
    MarginalModelFit

    Raises
    ------
    ValueError
        As `fit_cluster_robust_glm`; also for more than five million single trials.

    References
    ----------
    Liang KY, Zeger SL (1986). Biometrika 73, 13-22, eq. 6-8.
    """
    request = _request(response, design, family, cluster, **options)
    if isinstance(request.family, Binomial) and request.family.trials.sum() > _MOST_TRIALS:
        raise ValueError(
            f"more than {_MOST_TRIALS:,} trials: use fit_cluster_robust_glm, which needs no expansion"
        )
    return _fit(request, "exchangeable")


def _request(
    response: ArrayLike,
    design: ArrayLike,
    family: str,
    cluster: ArrayLike,
    **options: Unpack[MarginalOptions],
) -> Request:
    if family == "nb2":
        raise ValueError("a population-averaged count model is 'poisson' with robust errors")
    return make_request(
        response,
        design,
        family=family,
        trials=options.get("trials"),
        offset=options.get("offset"),
        groups=((options.get("cluster_label", "cluster"), cluster),),
        quadrature_points=1,
        term_names=options.get("term_names"),
        conf_level=options.get("conf_level", 0.95),
    )


def _fit(request: Request, working: str) -> MarginalModelFit:
    grouping = request.groupings[0]
    if len(grouping.levels) < 2:
        return marginal_result(
            request, working, None, None, (f"only one {grouping.label}: no errors",)
        )
    # one row per cluster forbids a variance between clusters, not robust errors
    reason = obstacle(request) if len(grouping.levels) < request.rows else ""
    if reason:
        return marginal_result(request, working, None, None, (reason,))
    part = estimable_part(request)
    notes = (*part.notes, *_cluster_notes(request, part))
    clusters = len(np.unique(part.request.groupings[0].codes))
    if part.infinite[part.basis.kept].all() or clusters < 2:
        return marginal_result(request, working, None, None, notes)
    if part.request.rows <= part.rank:
        why = f"no more rows ({part.request.rows}) than coefficients ({part.rank}): no errors"
        return marginal_result(request, working, None, None, (*notes, why))
    raw = _independence(part) if working == "independence" else _exchangeable(part)
    return marginal_result(request, working, part, raw, notes + raw.notes)


def _cluster_notes(request: Request, part: Estimable) -> tuple[str, ...]:
    clusters, label = len(request.groupings[0].levels), request.groupings[0].label
    notes = [note for note in caution_notes(request) if note.startswith("'")]
    if clusters < _FEW_CLUSTERS:
        notes.append(
            f"{clusters} levels of {label}: with fewer than about {_FEW_CLUSTERS} robust standard "
            "errors are too small on average"
        )
    if clusters <= part.rank:
        notes.append(
            f"no more levels of {label} ({clusters}) than coefficients ({part.rank}): joint tests "
            "are not possible"
        )
    return tuple(notes)


def _statsmodels_family(request: Request) -> Any:
    from statsmodels.genmod import families

    if isinstance(request.family, Binomial):
        return families.Binomial()
    return families.Poisson()


def _independence(part: Estimable) -> RawEstimates:
    from statsmodels.genmod.generalized_linear_model import GLM

    request, family = part.request, part.request.family
    outcome = family.observed()
    if isinstance(family, Binomial):
        outcome = np.column_stack([family.events, family.trials - family.events])
    offset = request.offset if isinstance(request.offset, np.ndarray) else None
    model = GLM(outcome, part.basis.columns, family=_statsmodels_family(request), offset=offset)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fit = model.fit(
            # the search for separation ended here: statsmodels has nothing left but to agree
            start_params=part.coefficients,
            tol=1e-12,
            maxiter=100,
            cov_type="cluster",
            cov_kwds={"groups": request.groupings[0].codes, "use_correction": True},
        )
    return RawEstimates(
        np.asarray(fit.params),
        np.asarray(fit.cov_params()),
        float("nan"),
        bool(fit.converged),
        _said(caught),
    )


def _exchangeable(part: Estimable) -> RawEstimates:
    from statsmodels.genmod.cov_struct import Exchangeable
    from statsmodels.genmod.generalized_estimating_equations import GEE

    request, family = part.request, part.request.family
    rows = np.arange(request.rows)
    outcome = family.observed()
    if isinstance(family, Binomial):
        rows = np.repeat(rows, family.trials.astype(np.int64))
        first = np.cumsum(family.trials) - family.trials
        outcome = (np.arange(len(rows)) - first[rows] < family.events[rows]).astype(float)
    offset = request.offset[rows] if isinstance(request.offset, np.ndarray) else None
    codes = request.groupings[0].codes[rows]
    structure = Exchangeable()
    model = GEE(
        outcome,
        part.basis.columns[rows],
        groups=codes,
        family=_statsmodels_family(request),
        cov_struct=structure,
        offset=offset,
    )
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fit = model.fit(maxiter=200, ctol=1e-10)
    clusters = len(np.unique(codes))
    return RawEstimates(
        np.asarray(fit.params),
        np.asarray(fit.cov_params()) * clusters / (clusters - 1.0),
        float(structure.dep_params),
        bool(fit.converged),
        _said(caught),
    )


def _said(caught: list[warnings.WarningMessage]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(f"statsmodels: {one.message}" for one in caught))
