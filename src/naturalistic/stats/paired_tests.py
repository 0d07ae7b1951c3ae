"""Rank tests of paired scores: signed ranks, rank-biserial correlation, probability of better."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri
from scipy.stats import rankdata

from naturalistic.stats.paired_scores import (
    RELATIVE_ZERO,
    BetterIs,
    FloatArray,
    as_pairs,
    check_conf_level,
    improvement,
)
from naturalistic.stats.result import Estimate, not_estimable

#: Above this many changed patients the exact null distribution is refused: it needs n³ steps.
EXACT_UP_TO = 200


@dataclass(frozen=True, slots=True)
class SignedRanks:
    """Sums of the ranks of |change| among the patients who changed (zeros dropped: Wilcoxon 1945).

    Attributes
    ----------
    n_changed, n_unchanged : int
        Patients with and without a change.
    better, worse : float
        Sum of the ranks of those who got better and of those who got worse; ties share the mean
        rank.
    ranks : ndarray, shape (n_changed,)
        The ranks.
    changes : ndarray, shape (n_changed,)
        The improvements they belong to.
    """

    n_changed: int
    n_unchanged: int
    better: float
    worse: float
    ranks: FloatArray
    changes: FloatArray


def signed_ranks(pre: npt.ArrayLike, post: npt.ArrayLike, *, better_is: BetterIs) -> SignedRanks:
    """Rank sums of n pairs.

    Changes that differ only by the rounding of floats (1e-9 of the largest score) are ties.

    Parameters
    ----------
    pre, post : array_like, shape (n_patients,)
        First and last scores of the same patients.
    better_is : {'lower', 'higher'}
        Direction of the scale.

    Raises
    ------
    ValueError
        If shapes differ or a score is missing.
    """
    first, last = as_pairs(pre, post)
    change = _without_float_noise(first, last, better_is)
    moved = change[change != 0.0]
    ranks: FloatArray = rankdata(np.abs(moved))
    return SignedRanks(
        n_changed=moved.size,
        n_unchanged=change.size - moved.size,
        better=float(ranks[moved > 0.0].sum()),
        worse=float(ranks[moved < 0.0].sum()),
        ranks=ranks,
        changes=moved,
    )


def _without_float_noise(first: FloatArray, last: FloatArray, better_is: BetterIs) -> FloatArray:
    """Improvements on a grid of 1e-9 of the largest score, so that equal changes are equal.

    12.3 - 7.3 and 8.2 - 3.2 are both 5, but not as floats, and ranks depend on it.
    """
    change = improvement(first, last, better_is)
    largest = max(np.max(np.abs(first), initial=0.0), np.max(np.abs(last), initial=0.0))
    grid = 1e3 * RELATIVE_ZERO * float(largest)
    return np.rint(change / grid) * grid if grid > 0.0 else change


def _exact_upper_tail(ranks: FloatArray, statistic: float) -> float:
    """P(rank sum of random signs >= statistic), by adding one rank after the other.

    Ranks are doubled so that mean ranks of ties are whole; the distribution is conditional on the
    ties, as in a permutation test.
    """
    doubled = np.rint(2.0 * ranks).astype(np.int64)
    probability = np.zeros(int(doubled.sum()) + 1)
    probability[0] = 1.0
    reached = 0
    for rank in doubled:
        shifted = np.zeros_like(probability)
        shifted[rank : reached + rank + 1] = probability[: reached + 1]
        probability = 0.5 * (probability + shifted)
        reached += int(rank)
    return float(probability[round(2.0 * statistic) :].sum())


def _normal_two_sided(ranks: SignedRanks, continuity: bool) -> tuple[float, float]:
    """Standardised rank sum and its two-sided p, with the variance corrected for ties."""
    n = ranks.n_changed
    _, ties = np.unique(ranks.ranks, return_counts=True)
    variance = n * (n + 1) * (2 * n + 1) / 24.0 - float(np.sum(ties**3.0 - ties)) / 48.0
    centred = ranks.better - n * (n + 1) / 4.0
    shift = 0.5 * np.sign(centred) if continuity else 0.0
    z = float(centred - shift) / math.sqrt(variance)
    return z, 2.0 * float(ndtr(-abs(z)))


def _projection_error(changes: FloatArray) -> float:
    """Standard error of the rank-biserial correlation as a U statistic (Sen 1960).

    It is the mean sign of all sums of two changes; h_i is that mean over the sums with patient i.
    """
    n = changes.size
    if n < 3:
        return math.nan
    ordered = np.sort(changes)
    above = n - np.searchsorted(ordered, -changes, side="right")
    below = np.searchsorted(ordered, -changes, side="left")
    h = (above - below - np.sign(changes)) / (n - 1.0)
    spread = float(np.sum((h - h.mean()) ** 2))
    return math.sqrt(4.0 * (n - 1.0) * spread / n) / (n - 2.0)


def _null_error(n: int) -> float:
    """Standard error of the rank-biserial correlation where nothing changes on average."""
    return math.sqrt((2.0 * n**3 + 3.0 * n**2 + n) / 6.0) / ((n**2 + n) / 2.0)


def wilcoxon_signed_rank(
    pre: npt.ArrayLike,
    post: npt.ArrayLike,
    *,
    better_is: BetterIs,
    p_value: Literal["normal", "exact"] = "normal",
    continuity_correction: bool = True,
    interval: Literal["projection", "effectsize"] = "projection",
    conf_level: float = 0.95,
) -> Estimate:
    r"""Wilcoxon's signed-rank test with the matched-pairs rank-biserial correlation.

    Estimate :math:`r = (W_+ - W_-)/(W_+ + W_-)` (Kerby 2014), from -1 (all changed for the worse)
    to 1 (all for the better), which is the mean sign of all sums :math:`D_i + D_j`. Interval
    :math:`\tanh(\operatorname{atanh} r \pm z\,se/(1 - r^2))`:

    - *projection*: se of the U statistic (Sen 1960). It covers from 100 patients on; with fewer and
      r beyond .8 it is too narrow.
    - *effectsize*: that of R's effectsize, :math:`\tanh(\operatorname{atanh} r \pm z\,s)` with
      :math:`s = \sqrt{(2n^3+3n^2+n)/6}\,/\,((n^2+n)/2)`. s is the error at r = 0: at r = .8 the
      interval covers 78 % instead of 95 %. For comparison only.

    Parameters
    ----------
    pre, post : array_like, shape (n_patients,)
        First and last scores of the same patients; those without a change are dropped.
    better_is : {'lower', 'higher'}
        Direction of the scale.
    p_value : {'normal', 'exact'}
        Normal approximation (R's ``wilcox.test(exact = FALSE)``), or the permutation distribution
        given the ties, for at most 200 changed patients.
    continuity_correction : bool
        Of the normal approximation.
    interval : {'projection', 'effectsize'}
        Interval of the rank-biserial correlation.
    conf_level : float
        Nominal coverage.

    Returns
    -------
    Estimate
        `statistic` is the rank sum of those who got better (R's V for pre - post where lower is
        better), `std_error` that of r. Not estimable where nobody changed; no interval where all
        changed one way or fewer than three changed.

    Raises
    ------
    ValueError
        If shapes differ, a score is missing, or exact p values are asked of too many patients.
    """
    check_conf_level(conf_level)
    if p_value not in ("normal", "exact"):
        raise ValueError(f"p_value must be 'normal' or 'exact', not {p_value!r}")
    if interval not in ("projection", "effectsize"):
        raise ValueError(f"interval must be 'projection' or 'effectsize', not {interval!r}")
    ranks = signed_ranks(pre, post, better_is=better_is)
    method = f"Wilcoxon signed ranks, {p_value} p value; rank-biserial correlation"
    if ranks.n_changed == 0:
        reason = "no score changed" if ranks.n_unchanged else "no pairs"
        return not_estimable(reason, method=method, conf_level=conf_level)
    p = _rank_p_value(ranks, p_value, continuity_correction)
    r = (ranks.better - ranks.worse) / (ranks.better + ranks.worse)
    at_zero = interval == "effectsize"
    std_error = _null_error(ranks.n_changed) if at_zero else _projection_error(ranks.changes)
    low, high, reason = _rank_biserial_limits(r, std_error, at_zero, conf_level)
    dropped = f"{ranks.n_unchanged} without a change dropped" if ranks.n_unchanged else ""
    return Estimate(
        estimate=r,
        std_error=std_error,
        conf_low=low,
        conf_high=high,
        conf_level=conf_level,
        statistic=ranks.better,
        p_value=p,
        method=method,
        note="; ".join(filter(None, (dropped, reason))),
    )


def _rank_biserial_limits(
    r: float, std_error: float, at_zero: bool, conf_level: float
) -> tuple[float, float, str]:
    """Limits of r on Fisher's scale, or why there are none; `at_zero`: the error is that of r = 0."""
    if abs(r) == 1.0:
        return math.nan, math.nan, "all changed in one direction: no interval"
    if math.isnan(std_error):
        return math.nan, math.nan, "fewer than three changed: no interval"
    error = std_error if at_zero else std_error / (1.0 - r**2)
    half = float(ndtri(0.5 * (1.0 + conf_level))) * error
    return math.tanh(math.atanh(r) - half), math.tanh(math.atanh(r) + half), ""


def _rank_p_value(ranks: SignedRanks, kind: str, continuity_correction: bool) -> float:
    """Two-sided p value of the signed ranks of at least one changed patient."""
    if kind == "normal":
        return _normal_two_sided(ranks, continuity_correction)[1]
    if ranks.n_changed > EXACT_UP_TO:
        raise ValueError(f"exact p values are for at most {EXACT_UP_TO} changed patients")
    return min(1.0, 2.0 * _exact_upper_tail(ranks.ranks, max(ranks.better, ranks.worse)))


def probability_of_improvement(
    pre: npt.ArrayLike, post: npt.ArrayLike, *, better_is: BetterIs, conf_level: float = 0.95
) -> Estimate:
    r"""Probability of superiority for pairs: that a patient's last score is the better one.

    Estimate :math:`P(D > 0) + P(D = 0)/2` (Grissom & Kim 2012, eq. 6.2), which is
    :math:`(1 + \delta)/2` with delta the share better minus the share worse. Interval from the
    adjusted Wald interval of delta for paired proportions (Bonett & Price 2012): one patient added
    to the better, one to the worse. It stays in [0, 1] and has a width when all changed one way.

    Parameters
    ----------
    pre, post, better_is, conf_level
        As in `wilcoxon_signed_rank`; patients without a change count half.

    Returns
    -------
    Estimate
        A probability; 0.5 is no change.

    Raises
    ------
    ValueError
        If shapes differ or a score is missing.
    """
    check_conf_level(conf_level)
    first, last = as_pairs(pre, post)
    method = "probability of superiority (paired), adjusted Wald interval"
    if first.size == 0:
        return not_estimable("no pairs", method=method, conf_level=conf_level)
    change = _without_float_noise(first, last, better_is)
    n = change.size
    better, worse = int(np.count_nonzero(change > 0)), int(np.count_nonzero(change < 0))
    p_better, p_worse = (better + 1.0) / (n + 2.0), (worse + 1.0) / (n + 2.0)
    adjusted = p_better - p_worse
    std_error = math.sqrt((p_better + p_worse - adjusted**2) / (n + 2.0))
    half = float(ndtri(0.5 * (1.0 + conf_level))) * std_error
    return Estimate(
        estimate=0.5 * (1.0 + (better - worse) / n),
        std_error=0.5 * std_error,
        conf_low=max(0.0, 0.5 * (1.0 + adjusted - half)),
        conf_high=min(1.0, 0.5 * (1.0 + adjusted + half)),
        conf_level=conf_level,
        method=method,
    )
