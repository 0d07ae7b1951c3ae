"""Rates of patients with an outcome: Wilson's interval, and one that allows for therapists."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri, stdtrit

from naturalistic.stats.cluster_codes import cluster_codes
from naturalistic.stats.paired_scores import FloatArray, check_conf_level
from naturalistic.stats.result import Estimate, not_estimable


def wilson_limits(
    share: npt.ArrayLike, n: npt.ArrayLike, z: npt.ArrayLike
) -> tuple[FloatArray, FloatArray]:
    r"""Wilson's score limits of a proportion.

    .. math:: \frac{p + z^2/2n \pm z\sqrt{p(1-p)/n + z^2/4n^2}}{1 + z^2/n}

    Wilson (1927); Newcombe (1998), method 3.

    Parameters
    ----------
    share : array_like
        Observed proportions p.
    n : array_like
        Numbers they rest on; an effective number need not be whole.
    z : array_like
        Normal quantile of the interval.

    Returns
    -------
    tuple of ndarray
        Lower and upper limits, broadcast; NaN where n is not positive.
    """
    p, size = np.asarray(share, dtype=np.float64), np.asarray(n, dtype=np.float64)
    q = np.asarray(z, dtype=np.float64) ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        centre = (p + q / (2.0 * size)) / (1.0 + q / size)
        half = np.sqrt(q * (p * (1.0 - p) / size + q / (4.0 * size**2))) / (1.0 + q / size)
    empty = ~(size > 0.0)
    # At 0 % and 100 % one limit is the boundary itself; the formula misses it by rounding.
    low = np.where(p <= 0.0, 0.0, np.maximum(centre - half, 0.0))
    high = np.where(p >= 1.0, 1.0, np.minimum(centre + half, 1.0))
    return np.where(empty, np.nan, low), np.where(empty, np.nan, high)


def wilson_interval(
    numerator: npt.ArrayLike, denominator: npt.ArrayLike, *, conf_level: float = 0.95
) -> tuple[FloatArray, FloatArray]:
    """Wilson limits of many rates at once.

    Parameters
    ----------
    numerator, denominator : array_like
        Whole counts of the same shape.
    conf_level : float
        Nominal coverage.

    Returns
    -------
    tuple of ndarray
        Lower and upper limits; NaN where the denominator is 0.

    Raises
    ------
    ValueError
        If a count is negative or a numerator exceeds its denominator.
    """
    check_conf_level(conf_level)
    x = np.asarray(numerator, dtype=np.float64)
    n = np.asarray(denominator, dtype=np.float64)
    if not np.all((x >= 0.0) & (x <= n)):
        raise ValueError("every numerator must lie between 0 and its denominator")
    share = np.divide(x, n, out=np.full(np.broadcast(x, n).shape, np.nan), where=n > 0.0)
    return wilson_limits(share, n, float(ndtri(0.5 * (1.0 + conf_level))))


def rate(numerator: int, denominator: int, *, conf_level: float = 0.95) -> Estimate:
    """One rate, a proportion between 0 and 1, with Wilson's interval.

    Parameters
    ----------
    numerator, denominator : int
        Patients with the outcome, and patients it could have happened to.
    conf_level : float
        Nominal coverage.

    Returns
    -------
    Estimate
        Not estimable where the denominator is 0. `std_error` is sqrt(p (1 - p) / n).

    Raises
    ------
    ValueError
        If the numerator lies outside 0 to the denominator.
    """
    low, high = wilson_interval(numerator, denominator, conf_level=conf_level)
    method = "rate, Wilson interval"
    if denominator == 0:
        return not_estimable("nobody in the denominator", method=method, conf_level=conf_level)
    share = numerator / denominator
    return Estimate(
        estimate=share,
        std_error=math.sqrt(share * (1.0 - share) / denominator),
        conf_low=float(low),
        conf_high=float(high),
        conf_level=conf_level,
        method=method,
    )


def clustered_rate(
    outcome: npt.ArrayLike, cluster: npt.ArrayLike, *, conf_level: float = 0.95
) -> Estimate:
    r"""A rate whose interval allows for patients of one therapist being alike.

    Wilson's interval on the effective number of patients :math:`n_e = n / \mathrm{deff}`, with

    .. math:: \mathrm{deff} = \frac{n}{p(1-p)}\,\frac{G-1}{G} \sum_g (p_{(g)} - \bar p_{(\cdot)})^2, \qquad
              G^* = \frac{n^2}{\sum_g n_g^2}

    with each of G therapists and all their patients left out in turn (as `effect_size_jackknife`; the plain sandwich is
    too small where a few have large caseloads), and the t quantile with :math:`G^* - 1` df, the effective number of
    therapists less one, in place of the normal one (Korn & Graubard 1998; Dean & Pagano 2015, eqs 6 and 7). A
    deff below 1 is kept: counting it as 1, as is often done, covers 97 % where therapists do not differ
    (`benchmarks/effect_size_coverage.md`), for the t quantile allows for its noise already. Where all outcomes are
    alike deff cannot be estimated; :math:`n_e = G`, the least it can be, is taken and said so in the note; where every
    therapist has the same share it is 0, and 1 is taken.

    Parameters
    ----------
    outcome : array_like of bool, shape (n_patients,)
        Whether the patient has the outcome.
    cluster : array_like, shape (n_patients,)
        Therapist of each patient; the labels' values and order do not matter.
    conf_level : float
        Nominal coverage.

    Returns
    -------
    Estimate
        `std_error` is that of the jackknife, `df` is G* - 1. Not estimable with no patients, fewer than two therapists,
        or where one therapist has nearly all patients.

    Raises
    ------
    ValueError
        If the shapes differ or an outcome is not 0 or 1.
    """
    check_conf_level(conf_level)
    y, labels = np.asarray(outcome, dtype=np.float64), np.asarray(cluster)
    if y.ndim != 1 or y.shape != labels.shape:
        raise ValueError("outcome and cluster must be one-dimensional and of the same length")
    if not np.all((y == 0.0) | (y == 1.0)):
        raise ValueError("every outcome must be 0 or 1")
    method = "rate, Wilson interval on the effective number of patients (therapist clustering)"
    index, count = cluster_codes(labels)
    if y.size == 0:
        return not_estimable("nobody in the denominator", method=method, conf_level=conf_level)
    if count < 2:
        return not_estimable("fewer than two therapists", method=method, conf_level=conf_level)
    n, share = y.size, float(y.mean())
    caseload = np.bincount(index).astype(np.float64)
    df = n**2 / float(np.sum(caseload**2)) - 1.0
    if df < 0.5:
        reason = "one therapist has nearly all patients"
        return not_estimable(reason, method=method, conf_level=conf_level)
    # from whole numbers, and sorted: neither the order of patients nor that of therapists reaches the last digit
    left_out = np.sort((y.sum() - np.bincount(index, weights=y)) / (n - caseload))
    robust = (count - 1.0) * float(np.var(left_out))
    effective, note = _effective_patients(n, count, share, robust)
    z = float(stdtrit(df, 0.5 * (1.0 + conf_level)))
    low, high = wilson_limits(share, effective, z)
    return Estimate(
        estimate=share,
        std_error=math.sqrt(robust),
        conf_low=float(low),
        conf_high=float(high),
        conf_level=conf_level,
        df=df,
        method=method,
        note=note,
    )


def _effective_patients(
    n: int, therapists: int, share: float, variance: float
) -> tuple[float, str]:
    """Number of independent patients as informative as n clustered ones, and how it came about."""
    binomial = share * (1.0 - share) / n
    if binomial == 0.0:
        note = "all outcomes alike: as many independent patients as therapists assumed"
        return float(therapists), note
    if variance <= 1e-12 * binomial:
        return float(n), "every therapist has the same share: design effect 1 assumed"
    return n * binomial / variance, f"design effect {variance / binomial:.1f}"
