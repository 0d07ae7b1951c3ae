"""What a population-averaged fit returns, and how it is put together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

from naturalistic.stats.glmm.estimable import Estimable
from naturalistic.stats.glmm.families import Binomial
from naturalistic.stats.glmm.request import Request
from naturalistic.stats.glmm.result import coefficient_of
from naturalistic.stats.result import Estimate

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class MarginalModelFit:
    """A population-averaged regression.

    Attributes
    ----------
    status : str
        ``ok`` or ``not_estimable`` (then every number is NaN and `notes` says why).
    family, link : str
        ``binomial``/``logit`` or ``poisson``/``log``.
    term_names : tuple of str
    coefficients, standard_errors, t_values, p_values, conf_low, conf_high : ndarray, shape (p,)
        On the scale of the linear predictor, NaN where left out or infinite; Student t with
        `df` degrees of freedom.
    covariance : ndarray, shape (p, p)
        Cluster-robust, with the small-sample factor named in `method`.
    df : float
        Clusters less one.
    conf_level : float
    working_correlation : str
        ``independence`` or ``exchangeable``.
    correlation : float
        Estimated common correlation between two rows (single trials) of a cluster; NaN under
        independence.
    n_rows, n_clusters : int
    converged : bool
    formula : str
    notes : tuple of str
    method : str
    """

    status: str
    family: str
    link: str
    term_names: tuple[str, ...]
    coefficients: Array
    standard_errors: Array
    t_values: Array
    p_values: Array
    conf_low: Array
    conf_high: Array
    covariance: Array
    df: float
    conf_level: float
    working_correlation: str
    correlation: float
    n_rows: int
    n_clusters: int
    converged: bool
    formula: str
    notes: tuple[str, ...]
    method: str

    def term(self, name: str) -> Estimate:
        """One coefficient as an `Estimate`; ValueError for an unknown term."""
        return coefficient_of(self, name, self.t_values, self.df)


@dataclass(frozen=True, slots=True, eq=False)
class RawEstimates:
    """Estimates in the orthogonal basis, and what the fitting library said."""

    coefficients: Array
    covariance: Array
    correlation: float
    converged: bool
    notes: tuple[str, ...]


def marginal_result(
    request: Request,
    working: str,
    part: Estimable | None,
    raw: RawEstimates | None,
    notes: tuple[str, ...],
) -> MarginalModelFit:
    """Build the result; without `raw` a refusal that gives `notes` as its reason."""
    grouping = request.groupings[0]
    coefficients, covariance = _on_the_scale_of_the_terms(request, part, raw)
    df = float(len(grouping.levels) - 1)
    variances = np.diag(covariance)
    errors = np.sqrt(np.where(variances > 0.0, variances, np.nan))
    t = coefficients / errors
    reach = stdtrit(df, 0.5 + request.conf_level / 2.0) * errors if df > 0 else errors
    factor = "G/(G-1) (n-1)/(n-p)" if working == "independence" else "G/(G-1)"
    kind = "GLM" if working == "independence" else "GEE, exchangeable correlation"
    return MarginalModelFit(
        status="ok" if raw is not None else "not_estimable",
        family=request.family.name,
        link=request.family.link,
        term_names=request.term_names,
        coefficients=coefficients,
        standard_errors=errors,
        t_values=t,
        p_values=2.0 * stdtr(df, -np.abs(t)),
        conf_low=coefficients - reach,
        conf_high=coefficients + reach,
        covariance=covariance,
        df=df,
        conf_level=request.conf_level,
        working_correlation=working,
        correlation=raw.correlation if raw is not None else float("nan"),
        n_rows=request.rows,
        n_clusters=len(grouping.levels),
        converged=raw is not None and raw.converged,
        formula=_formula(request, coefficients, working),
        notes=(*notes, *_closing_notes(request, raw, coefficients, errors)),
        method=(
            f"{kind}, sandwich errors clustered by {grouping.label}, factor {factor}, t with G-1 df"
        ),
    )


def _closing_notes(
    request: Request, raw: RawEstimates | None, coefficients: Array, errors: Array
) -> tuple[str, ...]:
    exact = np.isfinite(coefficients) & np.isnan(errors)
    notes = tuple(
        f"{name!r} has no standard error: every cluster fits it exactly"
        for name, fits in zip(request.term_names, exact, strict=True)
        if fits
    )
    if raw is not None and not raw.converged:
        notes += ("no convergence: do not quote these numbers",)
    return notes


def _on_the_scale_of_the_terms(
    request: Request, part: Estimable | None, raw: RawEstimates | None
) -> tuple[Array, Array]:
    p = len(request.term_names)
    coefficients, covariance = np.full(p, np.nan), np.full((p, p), np.nan)
    if part is not None and raw is not None:
        kept, to_terms = part.basis.kept, part.basis.to_terms
        coefficients[kept] = to_terms @ raw.coefficients
        covariance[np.ix_(kept, kept)] = to_terms @ raw.covariance @ to_terms.T
        coefficients[part.infinite] = np.nan
        covariance[part.infinite] = np.nan
        covariance[:, part.infinite] = np.nan
    return coefficients, covariance


def _formula(request: Request, coefficients: Array, working: str) -> str:
    left = "events / trials" if isinstance(request.family, Binomial) else "count"
    named = zip(request.term_names, coefficients, strict=True)
    right = [name for name, value in named if np.isfinite(value)]
    if right and isinstance(request.offset, np.ndarray):
        right.append("offset")
    return (
        f"{left} ~ {' + '.join(right) or 'not fitted'}; {request.family.name}, "
        f"{request.family.link} link; population averaged, {working} within "
        f"{request.groupings[0].label}"
    )
