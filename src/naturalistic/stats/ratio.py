"""A ratio of totals over people, such as sessions missed of sessions offered."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

from naturalistic.stats.result import Estimate, not_estimable

METHOD = "ratio of totals, t interval with people as clusters"


def ratio_of_totals(
    top: npt.ArrayLike, bottom: npt.ArrayLike, *, conf_level: float = 0.95, share: bool = True
) -> Estimate:
    r"""Share of the units of everybody together, with people as the sampled units.

    Estimand: :math:`R = \sum_i t_i / \sum_i b_i`. Variance by linearisation (Cochran 1977, Sampling Techniques, 3rd
    edition, eq. 6.13 without the finite population term):

    .. math:: V = \frac{n}{n-1} \frac{\sum_i (t_i - R b_i)^2}{(\sum_i b_i)^2}

    Parameters
    ----------
    top, bottom : array_like, shape (n,)
        Units with the property and units at risk of each person.
    conf_level : float
        Nominal coverage; t with n - 1 degrees of freedom.
    share : bool
        `top` is part of `bottom` (limits stay between 0 and 1); False for any other ratio, such as points a session.

    Raises
    ------
    ValueError
        Shapes differ, a value is missing, or a person has more of `top` than of `bottom` in a share.
    """
    t, b = np.asarray(top, dtype=float), np.asarray(bottom, dtype=float)
    if t.shape != b.shape or t.ndim != 1:
        raise ValueError("top and bottom must be one-dimensional and of one length")
    if np.isnan(t).any() or np.isnan(b).any() or (share and (t > b).any()):
        raise ValueError("no missing values, and nobody may have more of top than of bottom")
    n, total = len(t), float(b.sum())
    if total <= 0:
        return not_estimable("nothing was at risk", method=METHOD, conf_level=conf_level)
    ratio = float(t.sum()) / total
    if n < 2:
        note = "one person: no standard error"
        return Estimate(ratio, conf_level=conf_level, method=METHOD, note=note)
    variance = n / (n - 1) * float(np.square(t - ratio * b).sum()) / total**2
    error = math.sqrt(variance)
    half = float(stdtrit(n - 1, 0.5 * (1 + conf_level))) * error
    low, high = ratio - half, ratio + half
    if share:
        low, high = max(low, 0.0), min(high, 1.0)
    return Estimate(ratio, error, low, high, conf_level, df=float(n - 1), method=METHOD)
