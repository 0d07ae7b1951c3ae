"""How far apart two distributions are, in standard deviations, and how far chance alone takes them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from scipy.stats import chi2

from naturalistic.cohort.drift.models import ColumnProfile
from naturalistic.stats.standardised_difference import (
    standardised_category_difference,
    standardised_proportion_difference,
)

# ASSUME A90: a shift is pointed out from 0.1 standard deviations on, where chance alone reaches it once in a hundred times.
LEAST_SHIFT = 0.1
CHANCE = 0.01
OTHERS = "all others"


@dataclass(frozen=True, slots=True)
class Shift:
    """The distance of two distributions.

    Attributes
    ----------
    size : float
        Standardised difference; infinite where the two have nothing in common, NaN where nothing can be compared.
    by_chance : float
        What two samples of the same population exceed with probability `CHANCE`.
    """

    size: float
    by_chance: float

    @property
    def clear(self) -> bool:
        """Large enough to be pointed out, and more than chance."""
        return abs(self.size) >= LEAST_SHIFT and not abs(self.size) <= self.by_chance


def chance_limit(n_earlier: int, n_now: int, levels: int) -> float:
    r"""The standardised difference that two samples of one population exceed with probability `CHANCE`.

    .. math:: c = \sqrt{\chi^2_{K-1,\,1-\alpha} \left(\frac{1}{n_1} + \frac{1}{n_2}\right)}

    In one population the squared distance of Yang & Dalton (2012), :math:`(T-C)'S^{-1}(T-C)`, times
    :math:`n_1 n_2/(n_1+n_2)` is Pearson's statistic of homogeneity in its limit, and that is chi-squared with K - 1
    degrees of freedom (Agresti 2013, Categorical Data Analysis, section 3.2). A mean and a share have K = 2. It takes
    rows as independent: rows of the same people (sessions) vary more together, rows in both extracts less.

    Parameters
    ----------
    n_earlier, n_now : int
        Rows with a value.
    levels : int
        Levels K that occur.
    """
    if min(n_earlier, n_now) == 0 or levels < 2:
        return math.nan
    return math.sqrt(float(chi2.ppf(1.0 - CHANCE, levels - 1)) * (1.0 / n_earlier + 1.0 / n_now))


def share_shift(earlier: tuple[int, int], now: tuple[int, int]) -> Shift:
    """Standardised difference of two shares (Austin 2009, eq. 2).

    Parameters
    ----------
    earlier, now : tuple of int
        Numerator and denominator.
    """
    limit = chance_limit(earlier[1], now[1], 2)
    found = standardised_proportion_difference(now, earlier)
    if found.status == "ok":
        return Shift(found.estimate, limit)
    if 0 in (earlier[1], now[1]):
        return Shift(math.nan, math.nan)
    # both shares are 0 or 1: the same, or all against nothing
    ends = now[0] / now[1] - earlier[0] / earlier[1]
    return Shift(0.0 if ends == 0.0 else math.copysign(math.inf, ends), limit)


def mean_shift(earlier: ColumnProfile, now: ColumnProfile) -> Shift:
    r"""Standardised difference of two means, :math:`(m_2 - m_1)/\sqrt{(s_1^2 + s_2^2)/2}` (Yang & Dalton 2012)."""
    if earlier.mean is None or now.mean is None or earlier.sd is None or now.sd is None:
        return Shift(math.nan, math.nan)
    numbers = [column.filled - column.unreadable for column in (earlier, now)]
    limit = chance_limit(numbers[0], numbers[1], 2)
    spread = math.sqrt((earlier.sd**2 + now.sd**2) / 2.0)
    difference = now.mean - earlier.mean
    if spread == 0.0:
        return Shift(0.0 if difference == 0.0 else math.copysign(math.inf, difference), limit)
    return Shift(difference / spread, limit)


def code_shift(earlier: ColumnProfile, now: ColumnProfile) -> Shift:
    """Distance of two distributions over codes (Yang & Dalton 2012).

    Codes that are kept on both sides are levels; everything else is one level more, so that a code which slips below ten
    rows moves nothing but its own few rows.
    """
    kept = earlier.codes.keys() & now.codes.keys()
    if not kept and earlier.codes and now.codes:
        return Shift(math.inf, math.nan)
    one, two = (_levels(column, kept) for column in (earlier, now))
    used = [level for level in one if one[level] + two[level] > 0]
    n = sum(one.values()), sum(two.values())
    if min(n) == 0:
        return Shift(math.nan, math.nan)
    if len(used) < 2:
        return Shift(0.0, math.nan)
    found = standardised_category_difference([two[k] for k in used], [one[k] for k in used])
    limit = chance_limit(n[0], n[1], len(used))
    return Shift(found.estimate if found.status == "ok" else math.inf, limit)


def _levels(column: ColumnProfile, kept: set[str]) -> Mapping[str, int]:
    levels = {code: column.codes[code] for code in sorted(kept)}
    filled = column.filled - column.unreadable
    return {**levels, OTHERS: filled - sum(levels.values())}
