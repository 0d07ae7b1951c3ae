"""Services nested in trusts: how far trusts differ, and how far services of one trust do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from naturalistic.stats.pooling.between_variance import typical_variance
from naturalistic.stats.pooling.components import Component, fit_components
from naturalistic.stats.pooling.random_effects import checked
from naturalistic.stats.pooling.result import quantile
from naturalistic.stats.result import Estimate, not_estimable


@dataclass(frozen=True, slots=True)
class NestedFit:
    """Average over trusts with two variances.

    Attributes
    ----------
    average : Estimate
        Its interval from t with the number of trusts less one.
    trust_variance, service_variance : float
        Between trusts, and between services of one trust.
    trust_share, service_share : float
        Each as a share of the variation between estimates, chance included (0 to 1).
    n_services, n_trusts : int
        Numbers of both.
    log_likelihood : float
        Restricted.
    note : str
        Caution.
    """

    average: Estimate
    trust_variance: float
    service_variance: float
    trust_share: float
    service_share: float
    n_services: int
    n_trusts: int
    log_likelihood: float
    note: str


def services_in_trusts(
    estimates: ArrayLike,
    std_errors: ArrayLike,
    trusts: Sequence[str],
    *,
    conf_level: float = 0.95,
) -> NestedFit:
    r"""Three-level random-effects model.

    .. math:: y_{ij} = \mu + t_j + u_{ij} + e_{ij}, \quad t_j \sim N(0, \sigma_t^2), \quad u_{ij} \sim N(0, \sigma_s^2)

    Parameters
    ----------
    estimates, std_errors : array_like, shape (k,)
        One a service.
    trusts : sequence of str
        The trust of each.
    conf_level : float
        Coverage of the interval.

    Raises
    ------
    ValueError
        Shapes differ or a number cannot be pooled.

    References
    ----------
    Konstantopoulos S (2011). Res Synth Methods 2, 61-76, eq. 6. Equal to ``metafor::rma.mv(random = ~ 1 | trust/service,
    test = "t", dfs = "contain")``.
    """
    y, v = checked(estimates, std_errors)
    labels = np.asarray([str(trust) for trust in trusts])
    if len(labels) != len(y):
        raise ValueError("trusts must hold one name a service")
    names, codes = np.unique(labels, return_inverse=True)
    if len(names) < 2 or len(names) == len(y):
        why = "all services are of one trust" if len(names) < 2 else "every trust has one service"
        nothing = not_estimable(
            f"{why}: the two levels cannot be told apart", conf_level=conf_level
        )
        nan = float("nan")
        return NestedFit(nothing, nan, nan, nan, nan, len(y), len(names), nan, nothing.note)
    zeros = np.zeros(len(y), dtype=np.int64)
    parts = [Component(codes.astype(np.int64), zeros), Component(np.arange(len(y)), zeros)]
    ones = np.ones((len(y), 1))
    fit = fit_components(y, np.diag(v), ones, parts)
    trust, service = (float(matrix[0, 0]) for matrix in fit.matrices)
    total = trust + service + typical_variance(v, ones)
    note = "" if fit.converged else "the search for the two variances did not settle"
    if len(names) < 5:
        note = f"{len(names)} trusts: how far trusts differ is hardly known from so few"
    return NestedFit(
        _average(fit.coefficients[0], fit.covariance[0, 0], len(names) - 1, conf_level, note),
        trust,
        service,
        trust / total,
        service / total,
        len(y),
        len(names),
        fit.log_likelihood,
        note,
    )


def _average(value: float, variance: float, df: int, conf_level: float, note: str) -> Estimate:
    error = float(np.sqrt(variance))
    half = quantile(conf_level, df) * error
    return Estimate(
        float(value),
        error,
        float(value) - half,
        float(value) + half,
        conf_level,
        df=float(df),
        method="three-level random effects (REML), t interval by the number of trusts",
        note=note,
    )
