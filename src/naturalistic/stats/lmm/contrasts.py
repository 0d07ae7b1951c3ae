"""Linear combinations of the fixed effects: t intervals and joint F tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from naturalistic.stats.lmm.blocks import FloatArray
from naturalistic.stats.lmm.inference import satterthwaite_df
from naturalistic.stats.lmm.result import LinearMixedModelFit
from naturalistic.stats.result import Estimate, not_estimable

_T_METHOD = "linear mixed model, Satterthwaite t"
_F_METHOD = "linear mixed model, Wald F with Satterthwaite denominator df"


@dataclass(frozen=True, slots=True)
class Combinations:
    """Several linear combinations of the fixed effects (a trajectory, for instance).

    Attributes
    ----------
    estimate, std_error, df, conf_low, conf_high : ndarray, shape (k,)
    """

    estimate: FloatArray
    std_error: FloatArray
    df: FloatArray
    conf_low: FloatArray
    conf_high: FloatArray


def _rows(fit: LinearMixedModelFit, contrasts: npt.ArrayLike) -> FloatArray:
    rows = np.atleast_2d(np.asarray(contrasts, dtype=np.float64))
    if rows.ndim != 2 or rows.shape[1] != len(fit.terms):
        raise ValueError(f"contrasts need {len(fit.terms)} columns, got shape {rows.shape}")
    return rows


def linear_combinations(
    fit: LinearMixedModelFit, contrasts: npt.ArrayLike, *, conf_level: float = 0.95
) -> Combinations:
    """Estimates of ``L beta`` with pointwise t intervals.

    Parameters
    ----------
    fit : LinearMixedModelFit
    contrasts : array_like, shape (k, p)
        One combination a row, on `fit.terms`.
    conf_level : float

    Raises
    ------
    ValueError
        When the model was not fitted or the shape is wrong.

    Notes
    -----
    Degrees of freedom: Kuznetsova, Brockhoff and Christensen 2017, J. Stat. Softw. 82(13), eq. 8.
    """
    state, rows = fit.fitted(), _rows(fit, contrasts)
    estimate = rows @ fit.coefficients
    std_error = np.sqrt(np.einsum("kp,pq,kq->k", rows, fit.covariance, rows))
    df = np.full(len(rows), np.nan)
    some = std_error > 0.0
    df[some] = satterthwaite_df(fit.covariance, state.curvature, rows[some])
    margin = np.zeros(len(rows))
    margin[some] = stats.t.ppf(0.5 + conf_level / 2.0, df[some]) * std_error[some]
    return Combinations(estimate, std_error, df, estimate - margin, estimate + margin)


def linear_combination(
    fit: LinearMixedModelFit, contrast: npt.ArrayLike, *, conf_level: float = 0.95
) -> Estimate:
    """One linear combination ``l'beta`` with its t test of zero.

    Parameters
    ----------
    fit : LinearMixedModelFit
    contrast : array_like, shape (p,)
    conf_level : float
    """
    if fit.state is None:
        return not_estimable(fit.notes[0], method=_T_METHOD, conf_level=conf_level)
    found = linear_combinations(fit, contrast, conf_level=conf_level)
    if not found.std_error[0] > 0.0:
        return not_estimable(
            "the combination has no variance", method=_T_METHOD, conf_level=conf_level
        )
    statistic = float(found.estimate[0] / found.std_error[0])
    return Estimate(
        estimate=float(found.estimate[0]),
        std_error=float(found.std_error[0]),
        conf_low=float(found.conf_low[0]),
        conf_high=float(found.conf_high[0]),
        conf_level=conf_level,
        statistic=statistic,
        df=float(found.df[0]),
        p_value=float(2.0 * stats.t.sf(abs(statistic), found.df[0])),
        method=_T_METHOD,
        note="; ".join(fit.notes),
    )


@dataclass(frozen=True, slots=True)
class JointTest:
    """A joint test of several fixed effects.

    Attributes
    ----------
    statistic : float
        F.
    df_numerator, df_denominator : float
    p_value : float
    status, method, note : str
        As in `naturalistic.stats.result.Estimate`.
    """

    statistic: float = float("nan")
    df_numerator: float = float("nan")
    df_denominator: float = float("nan")
    p_value: float = float("nan")
    status: str = "ok"
    method: str = _F_METHOD
    note: str = ""


def _pooled_df(df: FloatArray) -> float:
    """Denominator df of an F made of independent squared t statistics with these df.

    Their expectations are ``df / (df - 2)``; the sum's is matched by an F (Fai and Cornelius 1996,
    J. Stat. Comput. Simul. 54, 363-378; lmerTest's ``contestMD``).
    """
    count = len(df)
    if count == 1:
        return float(df[0])
    if np.all(np.abs(np.diff(df)) < 1e-8):
        return float(df.mean())
    if np.any(df <= 2.0):
        return 2.0
    expectation = float((df / (df - 2.0)).sum())
    return 2.0 * expectation / (expectation - count)


def joint_test(fit: LinearMixedModelFit, contrasts: npt.ArrayLike) -> JointTest:
    """Wald F test of ``L beta = 0``.

    Parameters
    ----------
    fit : LinearMixedModelFit
    contrasts : array_like, shape (k, p)
        Redundant rows are allowed; the numerator df is the rank.
    """
    if fit.state is None:
        return JointTest(status="not_estimable", note=fit.notes[0])
    rows = _rows(fit, contrasts)
    values, vectors = np.linalg.eigh(rows @ fit.covariance @ rows.T)
    kept = values > 1e-8 * max(float(values.max()), 0.0)
    if not kept.any():
        return JointTest(status="not_estimable", note="the contrasts have no variance")
    independent = vectors[:, kept].T @ rows
    squares = (independent @ fit.coefficients) ** 2 / values[kept]
    count = int(kept.sum())
    denominator = _pooled_df(satterthwaite_df(fit.covariance, fit.state.curvature, independent))
    statistic = float(squares.sum() / count)
    return JointTest(
        statistic=statistic,
        df_numerator=float(count),
        df_denominator=denominator,
        p_value=float(stats.f.sf(statistic, count, denominator)),
        note="; ".join(fit.notes),
    )


def joint_test_of_terms(fit: LinearMixedModelFit, terms: Sequence[str]) -> JointTest:
    """Wald F test that all of `terms` (the columns of one factor, say) are zero.

    Terms that were left out as linear combinations of others do not count.

    Raises
    ------
    ValueError
        When a term is neither in the model nor among those left out.
    """
    unknown = [term for term in terms if term not in fit.terms and term not in fit.aliased]
    if unknown:
        raise ValueError(f"no such terms in the model: {', '.join(unknown)}")
    positions = [fit.terms.index(term) for term in terms if term in fit.terms]
    if not positions:
        return JointTest(status="not_estimable", note="every one of the terms was left out")
    return joint_test(fit, np.eye(len(fit.terms))[positions])
