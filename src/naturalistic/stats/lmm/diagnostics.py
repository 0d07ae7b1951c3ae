"""Checks of a linear mixed model's assumptions, in numbers that show no individual."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from naturalistic.stats.lmm.blocks import FloatArray, IntArray
from naturalistic.stats.lmm.predictions import random_effects
from naturalistic.stats.lmm.residuals import RowResiduals
from naturalistic.stats.lmm.result import LinearMixedModelFit


@dataclass(frozen=True, slots=True)
class ResidualSummary:
    """Shape of a set of residuals or predicted effects.

    Attributes
    ----------
    what : str
        ``residual`` or, for instance, ``therapist.intercept``.
    count : int
    mean, std, skewness, excess_kurtosis : float
    normal_quantiles, quantiles : ndarray
        Expected and observed standardised quantiles at the same probabilities, for a normal plot
        that shows no individual.
    beyond_three : float
        Share of standardised values beyond plus or minus 3 (normal: 0.0027).
    """

    what: str
    count: int
    mean: float
    std: float
    skewness: float
    excess_kurtosis: float
    normal_quantiles: FloatArray
    quantiles: FloatArray
    beyond_three: float


_PROBABILITIES = np.array([0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975, 0.99])


def summarise(what: str, values: FloatArray) -> ResidualSummary:
    """Moments and quantiles of standardised values.

    Parameters
    ----------
    what : str
    values : ndarray, shape (k,)
        At least three values that are not all equal.

    Raises
    ------
    ValueError
        When there are too few values or they do not vary.
    """
    if len(values) < 3 or not float(np.std(values)) > 0.0:
        raise ValueError("a summary needs at least three values that vary")
    mean, std = float(values.mean()), float(values.std(ddof=1))
    standard = (values - mean) / std
    return ResidualSummary(
        what,
        len(values),
        mean,
        std,
        float(stats.skew(values)),
        float(stats.kurtosis(values)),
        np.asarray(stats.norm.ppf(_PROBABILITIES)),
        np.quantile(standard, _PROBABILITIES),
        float(np.mean(np.abs(standard) > 3.0)),
    )


@dataclass(frozen=True, slots=True)
class SpreadByFitted:
    """Residuals along the fitted values, in groups of equal size.

    Attributes
    ----------
    fitted, mean, std : ndarray, shape (groups,)
        Mean fitted value, mean and standard deviation of the standardised residuals.
    count : ndarray, shape (groups,)
    rank_correlation : float
        Spearman correlation of the absolute residual with the fitted value: 0 when the residual
        variance does not depend on the level.
    """

    fitted: FloatArray
    mean: FloatArray
    std: FloatArray
    count: IntArray
    rank_correlation: float


@dataclass(frozen=True, slots=True)
class Diagnostics:
    """Checks of a linear mixed model's assumptions.

    Attributes
    ----------
    summaries : tuple of ResidualSummary
        Of the standardised residuals and of the predicted effects of every level.
    spread : SpreadByFitted
    """

    summaries: tuple[ResidualSummary, ...]
    spread: SpreadByFitted


def diagnose(fit: LinearMixedModelFit, residuals: RowResiduals, *, groups: int = 10) -> Diagnostics:
    """Normality of residuals and predicted effects, and constancy of the residual variance.

    Predicted effects are shrunken, hence less spread than the effects themselves; their shape is
    what the normal plot is for (Pinheiro and Bates 2000, Mixed-Effects Models in S and S-PLUS,
    section 4.3).

    Parameters
    ----------
    fit : LinearMixedModelFit
    residuals : RowResiduals
    groups : int
        Groups of rows along the fitted values.
    """
    structure = fit.fitted().likelihood.structure
    summaries = [summarise("residual", residuals.standardised)]
    for level in structure.levels:
        if level.occasions:
            continue
        found = random_effects(fit, level.name)
        for column, name in enumerate(found.names):
            values = found.effects[:, column]
            if len(values) >= 3 and float(np.std(values)) > 0.0:
                summaries.append(summarise(f"{level.name}.{name}", values))
    order = np.argsort(residuals.fitted, kind="stable")
    parts = [part for part in np.array_split(order, groups) if len(part)]
    standardised = residuals.standardised
    correlation = stats.spearmanr(np.abs(standardised), residuals.fitted).statistic
    spread = SpreadByFitted(
        np.array([residuals.fitted[part].mean() for part in parts]),
        np.array([standardised[part].mean() for part in parts]),
        np.array([standardised[part].std() for part in parts]),
        np.array([len(part) for part in parts]),
        float(correlation),
    )
    return Diagnostics(tuple(summaries), spread)
