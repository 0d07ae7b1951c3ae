"""Several coefficients of the same model, pooled together with the covariances inside each service."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from naturalistic.stats.pooling.components import Component, fit_components
from naturalistic.stats.pooling.result import FloatArray, quantile
from naturalistic.stats.result import Estimate, not_estimable


@dataclass(frozen=True, slots=True, eq=False)
class SeveralFit:
    """Pooled coefficients of one model.

    Attributes
    ----------
    terms : tuple of str
        In the order of first appearance, sorted.
    estimates : tuple of Estimate
        One a term, with t by the number of services that report it less one.
    covariance : ndarray, shape (p, p)
        Of the pooled coefficients.
    between : ndarray, shape (p, p)
        Covariance matrix of the true coefficients between services (diagonal where so fitted).
    services : tuple of int
        How many services report each term.
    log_likelihood : float
        Restricted.
    note : str
        Caution.
    """

    terms: tuple[str, ...]
    estimates: tuple[Estimate, ...]
    covariance: FloatArray
    between: FloatArray
    services: tuple[int, ...]
    log_likelihood: float
    note: str


def pool_several(
    estimates: ArrayLike,
    covariance: ArrayLike,
    services: Sequence[str],
    terms: Sequence[str],
    *,
    structure: str = "diagonal",
    conf_level: float = 0.95,
) -> SeveralFit:
    """Multivariate random-effects meta-analysis by REML; a service may lack some terms.

    Parameters
    ----------
    estimates : array_like, shape (n,)
        Coefficients, one a service and term.
    covariance : array_like, shape (n, n)
        Known covariance: a block a service.
    services, terms : sequence of str
        Labels of each estimate.
    structure : {'diagonal', 'unstructured'}
        Whether the true coefficients of a service are independent or correlated. `unstructured` has ``p (p + 1) / 2``
        variances and needs many more services than that.
    conf_level : float
        Coverage of the intervals.

    Raises
    ------
    ValueError
        Shapes differ, a number is not finite, the covariance is not positive definite, the same term twice in a service,
        or an unknown structure.

    References
    ----------
    Jackson D, Riley R, White IR (2011). Multivariate meta-analysis. Stat Med 30, 2481-2498, eq. 3. Equal to
    ``metafor::rma.mv(random = ~ term | service, struct = "DIAG" or "UN")``.
    """
    if structure not in ("diagonal", "unstructured"):
        raise ValueError(f"{structure!r} is not one of diagonal, unstructured")
    y, within = np.asarray(estimates, dtype=float), np.asarray(covariance, dtype=float)
    _check(y, within, services, terms)
    _, service = np.unique([str(s) for s in services], return_inverse=True)
    names, term = np.unique([str(t) for t in terms], return_inverse=True)
    counts = np.bincount(term)
    if counts.min() < 2:
        note = f"fewer than two services report {names[counts.argmin()]}"
        nothing = not_estimable(note, conf_level=conf_level)
        empty = np.full((len(names), len(names)), np.nan)
        return SeveralFit(
            tuple(names), (nothing,) * len(names), empty, empty, tuple(counts), np.nan, note
        )
    part = Component(
        service.astype(np.int64), term.astype(np.int64), unstructured=structure == "unstructured"
    )
    design = np.eye(len(names))[term]
    fit = fit_components(y, within, design, [part])
    note = "" if fit.converged else "the search for the variances did not settle"
    return SeveralFit(
        tuple(str(name) for name in names),
        tuple(
            _estimate(fit.coefficients[j], fit.covariance[j, j], int(counts[j]), conf_level, note)
            for j in range(len(names))
        ),
        fit.covariance,
        fit.matrices[0],
        tuple(int(c) for c in counts),
        fit.log_likelihood,
        note,
    )


def _check(
    y: FloatArray, within: FloatArray, services: Sequence[str], terms: Sequence[str]
) -> None:
    n = len(y)
    if y.ndim != 1 or not n or within.shape != (n, n) or len(services) != n or len(terms) != n:
        raise ValueError("estimates, covariance, services and terms must agree in length")
    if not (np.isfinite(y).all() and np.isfinite(within).all()):
        raise ValueError("every estimate and covariance must be finite")
    if len(set(zip(services, terms, strict=True))) < n:
        raise ValueError("a service reports the same term twice")
    if not np.allclose(within, within.T) or np.linalg.eigvalsh(within).min() <= 0:
        raise ValueError("the covariance of the estimates is not positive definite")


def _estimate(value: float, variance: float, k: int, conf_level: float, note: str) -> Estimate:
    error = float(np.sqrt(variance))
    half = quantile(conf_level, k - 1) * error
    return Estimate(
        float(value),
        error,
        float(value) - half,
        float(value) + half,
        conf_level,
        df=float(k - 1),
        method="multivariate random effects (REML), t interval by the number of services",
        note=note,
    )
