"""How much of a change is expected from selecting people when they were at their worst."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import log_ndtr, stdtr, stdtrit

from naturalistic.stats.paired_scores import (
    BetterIs,
    FloatArray,
    as_pairs,
    check_conf_level,
    check_direction,
)

_LOG_ROOT_TWO_PI = 0.5 * math.log(2.0 * math.pi)


def _check_population(sd: FloatArray, reliability: FloatArray) -> None:
    if not np.all(sd > 0.0):
        raise ValueError("population_sd must be positive")
    if not np.all((reliability >= 0.0) & (reliability <= 1.0)):
        raise ValueError("reliability must lie between 0 and 1")


def regression_beyond_cutoff(
    population_mean: npt.ArrayLike,
    population_sd: npt.ArrayLike,
    reliability: npt.ArrayLike,
    cutoff: npt.ArrayLike,
    *,
    better_is: BetterIs,
    n_baselines: int = 1,
) -> FloatArray:
    r"""Expected improvement of people selected for a score beyond a cut-off, without any effect.

    .. math::
        RTM = \frac{\sigma_w^2/m}{\sqrt{\sigma_b^2 + \sigma_w^2/m}}\; C(z), \quad
        z = \frac{c - \mu}{\sqrt{\sigma_b^2 + \sigma_w^2/m}}, \quad C(z) = \frac{\phi(z)}{1-\Phi(z)}

    with :math:`\sigma_b^2 = \rho\sigma^2` the variance between and :math:`\sigma_w^2 =
    (1-\rho)\sigma^2` that within persons, and m the forms averaged for the selection. Gardner & Heady
    (1973); Barnett, van der Pols & Dobson (2005), eqs 1 and 2; for m = 1 it is
    :math:`\sigma(1-\rho)C(z)`. Mean, SD and reliability of the population are assumptions and are
    varied over a grid.

    Parameters
    ----------
    population_mean, population_sd : array_like
        Of one score, in the population the referred come from, in the unit of the scale.
    reliability : array_like
        Test-retest correlation over the time of therapy, within [0, 1].
    cutoff : array_like
        Scores on its worse side are selected.
    better_is : {'lower', 'higher'}
        Direction of the scale.
    n_baselines : int
        Forms averaged for the selection.

    Returns
    -------
    ndarray
        Broadcast over the arguments; in the unit of the scale, positive = improvement.

    Raises
    ------
    ValueError
        If an argument is out of range.
    """
    check_direction(better_is)
    if n_baselines < 1:
        raise ValueError("n_baselines must be at least 1")
    mean, sd, rho, limit = np.broadcast_arrays(
        *(
            np.asarray(v, dtype=np.float64)
            for v in (population_mean, population_sd, reliability, cutoff)
        )
    )
    _check_population(sd, rho)
    within = (1.0 - rho) * sd**2 / n_baselines
    spread = np.sqrt(rho * sd**2 + within)
    z = (limit - mean) / spread if better_is == "lower" else (mean - limit) / spread
    hazard = np.exp(-0.5 * z**2 - _LOG_ROOT_TWO_PI - log_ndtr(-z))
    return within / spread * hazard


def regression_of_observed_mean(
    observed_mean: npt.ArrayLike,
    population_mean: npt.ArrayLike,
    reliability: npt.ArrayLike,
    *,
    better_is: BetterIs,
) -> FloatArray:
    r"""Expected improvement of a group with a given first mean: :math:`(1-\rho)(\bar x - \mu)`.

    For selection on the first score alone (a service that takes people for how bad they are), whatever
    the rule was. Negative where the group started better than the population.

    Parameters
    ----------
    observed_mean, population_mean : array_like
        Mean of first scores, and of the population the referred come from.
    reliability : array_like
        Test-retest correlation over the time of therapy, within [0, 1].
    better_is : {'lower', 'higher'}
        Direction of the scale.

    Returns
    -------
    ndarray
        In the unit of the scale, positive = improvement.

    Raises
    ------
    ValueError
        If a reliability lies outside [0, 1].
    """
    check_direction(better_is)
    rho = np.asarray(reliability, dtype=np.float64)
    _check_population(np.ones(()), rho)
    distance = np.asarray(observed_mean, dtype=np.float64) - np.asarray(
        population_mean, dtype=np.float64
    )
    return (1.0 - rho) * (distance if better_is == "lower" else -distance)


@dataclass(frozen=True, slots=True)
class MeeChuaSweep:
    """Change divided into regression to the mean and the rest, for each assumed population mean.

    All arrays have the shape of `population_mean`; positive = improvement; in the unit of the scale.

    Attributes
    ----------
    population_mean : ndarray
        Assumed mean of the population.
    effect, std_error, conf_low, conf_high, p_value : ndarray
        Improvement of somebody whose first score is the population mean: the part regression cannot
        explain, with t limits on n - 2 df and a two-sided test that it is 0.
    regression : ndarray
        The part of the mean improvement that regression explains; effect + regression is the mean
        improvement.
    slope : float
        Of last on first scores.
    df : int
        n - 2.
    conf_level : float
        Nominal coverage.
    """

    population_mean: FloatArray
    effect: FloatArray
    std_error: FloatArray
    conf_low: FloatArray
    conf_high: FloatArray
    p_value: FloatArray
    regression: FloatArray
    slope: float
    df: int
    conf_level: float


def mee_chua_sweep(
    pre: npt.ArrayLike,
    post: npt.ArrayLike,
    population_mean: npt.ArrayLike,
    *,
    better_is: BetterIs,
    conf_level: float = 0.95,
) -> MeeChuaSweep:
    r"""Mee and Chua's test of change free of regression to the mean, over a grid of means.

    Regression of last scores y on :math:`x - \mu`: the intercept is the expected last score of
    somebody at the population mean, who has nothing to regress from, so intercept :math:`- \mu` is
    the effect and :math:`(b - 1)(\bar x - \mu)` the regression part. Mee & Chua (1991); over unknown
    :math:`\mu` Ostermann, Willich & Lüdtke (2008). It assumes that the effect is the same at every
    first score and that :math:`\mu` is known without error.

    Parameters
    ----------
    pre, post : array_like, shape (n_patients,)
        First and last scores of the same patients.
    population_mean : array_like
        Assumed means.
    better_is : {'lower', 'higher'}
        Direction of the scale.
    conf_level : float
        Nominal coverage.

    Returns
    -------
    MeeChuaSweep

    Raises
    ------
    ValueError
        If shapes differ, a score is missing, there are fewer than three patients, or the first scores
        are all the same.
    """
    check_conf_level(conf_level)
    check_direction(better_is)
    first, last = as_pairs(pre, post)
    if first.size < 3 or np.ptp(first) == 0.0:
        raise ValueError("at least three patients with different first scores are needed")
    mu = np.asarray(population_mean, dtype=np.float64)
    n, df = first.size, first.size - 2
    centred = first - first.mean()
    squares = float(centred @ centred)
    slope = float(centred @ (last - last.mean())) / squares
    residual = last - last.mean() - slope * centred
    residual_variance = float(residual @ residual) / df
    distance = first.mean() - mu
    change = last.mean() - slope * distance - mu
    std_error = np.sqrt(residual_variance * (1.0 / n + distance**2 / squares))
    sign = -1.0 if better_is == "lower" else 1.0
    effect = sign * change
    half = float(stdtrit(df, 0.5 * (1.0 + conf_level))) * std_error
    with np.errstate(divide="ignore", invalid="ignore"):
        p_value = 2.0 * stdtr(df, -np.abs(effect / std_error))
    return MeeChuaSweep(
        population_mean=mu,
        effect=effect,
        std_error=std_error,
        conf_low=effect - half,
        conf_high=effect + half,
        p_value=p_value,
        regression=sign * (slope - 1.0) * distance,
        slope=slope,
        df=df,
        conf_level=conf_level,
    )
