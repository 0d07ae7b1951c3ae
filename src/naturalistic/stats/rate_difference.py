"""The difference of two proportions with an interval that respects their limits."""

from __future__ import annotations

import math

from naturalistic.stats.rates import rate
from naturalistic.stats.result import Estimate, not_estimable

METHOD = "difference of two rates, Newcombe's interval from Wilson limits"


def rate_difference(
    numerator: int,
    denominator: int,
    reference_numerator: int,
    reference_denominator: int,
    *,
    conf_level: float = 0.95,
) -> Estimate:
    r"""Proportion of one group less that of another, independent group.

    With rates p, q and their Wilson limits (l, u) and (l', u'):

    .. math:: p-q-\sqrt{(p-l)^2+(u'-q)^2}, \qquad p-q+\sqrt{(u-p)^2+(q-l')^2}

    Parameters
    ----------
    numerator, denominator : int
        Patients with the outcome, and patients it could have happened to.
    reference_numerator, reference_denominator : int
        The same of the reference group.
    conf_level : float
        Nominal coverage.

    Returns
    -------
    Estimate
        Not estimable where a denominator is 0. `std_error` is that of independent binomials.

    Raises
    ------
    ValueError
        If a count is negative or a numerator exceeds its denominator.

    References
    ----------
    Newcombe (1998), Statistics in Medicine 17:873, method 10.
    """
    one = rate(numerator, denominator, conf_level=conf_level)
    other = rate(reference_numerator, reference_denominator, conf_level=conf_level)
    if one.status != "ok" or other.status != "ok":
        return not_estimable("nobody in one of the groups", method=METHOD, conf_level=conf_level)
    difference = one.estimate - other.estimate
    below = math.hypot(one.estimate - one.conf_low, other.conf_high - other.estimate)
    above = math.hypot(one.conf_high - one.estimate, other.estimate - other.conf_low)
    return Estimate(
        estimate=difference,
        std_error=math.hypot(one.std_error, other.std_error),
        conf_low=difference - below,
        conf_high=difference + above,
        conf_level=conf_level,
        method=METHOD,
    )
