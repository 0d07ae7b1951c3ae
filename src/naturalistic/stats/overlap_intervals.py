"""Intervals drawn so that two that do not overlap differ: for figures in which readers compare units with each other."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri

# more units than this stand for all by as many quantiles of the standard errors: the pairs would not fit into memory
_MOST_UNITS = 1000


def overlap_multiplier(std_errors: npt.ArrayLike, *, conf_level: float = 0.95) -> float:
    r"""Multiple of each standard error that makes "the intervals overlap" a test of two units at 5 per cent, on average.

    Two intervals :math:`x_i \pm c\,s_i` miss each other where :math:`|x_i - x_j| > c\,(s_i + s_j)`, which happens
    by chance with probability :math:`2\{1 - \Phi(c\,(s_i + s_j)/\sqrt{s_i^2 + s_j^2})\}`. The multiplier c makes the
    average of this over all pairs equal ``1 - conf_level`` (Goldstein and Healy 1995, J. R. Stat. Soc. A 158, 175-177,
    eq. 4). With equal standard errors it is :math:`z/\sqrt 2`: 1.39 for 95 per cent. It holds for a pair chosen
    in advance; picking the two ends out of many units is not what it allows for.

    Parameters
    ----------
    std_errors : array_like, shape (n,)
        Positive, at least two.
    conf_level : float

    Raises
    ------
    ValueError
        Fewer than two units, or a standard error that is not positive.
    """
    errors = np.asarray(std_errors, dtype=np.float64)
    if errors.ndim != 1 or errors.size < 2:
        raise ValueError("overlap is a matter of at least two units")
    if not (np.isfinite(errors).all() and (errors > 0).all()):
        raise ValueError("standard errors must be positive numbers")
    if not 0.0 < conf_level < 1.0:
        raise ValueError(f"conf_level must lie between 0 and 1, got {conf_level}")
    if errors.size > _MOST_UNITS:
        errors = np.quantile(errors, (np.arange(_MOST_UNITS) + 0.5) / _MOST_UNITS)
    first, second = np.triu_indices(errors.size, k=1)
    width = (errors[first] + errors[second]) / np.hypot(errors[first], errors[second])

    def excess(multiplier: float) -> float:
        """Mean chance of not overlapping at this multiplier, less what is wanted."""
        return float(np.mean(2.0 * ndtr(-multiplier * width))) - (1.0 - conf_level)

    # the ratio lies between 1 (very unequal) and the square root of 2 (equal)
    z = float(ndtri(0.5 + conf_level / 2.0))
    return float(brentq(excess, 0.5 * z, 1.01 * z, xtol=1e-12))
