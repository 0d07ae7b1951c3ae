"""How much less people of one therapist tell than as many strangers: design effects of released rates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from naturalistic.stats.pooling.result import FloatArray

UNKNOWN = ("median", "one")
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class DesignEffects:
    """Design effects of the services of one rate.

    Attributes
    ----------
    values : ndarray, shape (k,)
        By which numerator and denominator are divided, at least 1.
    own : ndarray of bool, shape (k,)
        Whether the service's own figures gave it.
    assumed : float
        What services without one were given; NaN where there are none.
    """

    values: FloatArray
    own: BoolArray
    assumed: float


def effective_people(
    share: npt.ArrayLike, low: npt.ArrayLike, high: npt.ArrayLike, quantile: npt.ArrayLike
) -> FloatArray:
    r"""Number of independent people behind Wilson's limits: the inverse of `stats.rates.wilson_limits`.

    With the width w of the interval, z its quantile and :math:`u = z^2 / n`, Wilson's limits give

    .. math:: (1 - w^2)\,u^2 + (4 p (1 - p) - 2 w^2)\,u - w^2 = 0

    whose positive root is unique.

    Parameters
    ----------
    share, low, high : array_like
        Proportion p and its limits.
    quantile : array_like
        Normal or t quantile the limits were made with.

    Returns
    -------
    ndarray
        n; NaN where the share is 0 or 1 (nothing there says how alike people are) or the limits are none.
    """
    p, z = np.asarray(share, dtype=float), np.asarray(quantile, dtype=float)
    width = np.asarray(high, dtype=float) - np.asarray(low, dtype=float)
    usable = (p > 0.0) & (p < 1.0) & (width > 0.0) & (width < 1.0)
    w2 = np.where(usable, width, 0.5) ** 2
    b = 4.0 * p * (1.0 - p) - 2.0 * w2
    root = np.sqrt(b**2 + 4.0 * (1.0 - w2) * w2)
    # of the two forms of the root the one that does not subtract like from like
    u = np.where(b > 0.0, 2.0 * w2 / (b + root), (root - b) / (2.0 * (1.0 - w2)))
    return np.where(usable, z**2 / u, np.nan)


def design_effects(
    people: npt.ArrayLike, effective: npt.ArrayLike, *, unknown: str = "median"
) -> DesignEffects | None:
    """Design effects, at least 1, with what is assumed of services that give none.

    Parameters
    ----------
    people, effective : array_like, shape (k,)
        People behind each service's rate, and as how many independent people they count; NaN where not known.
    unknown : {'median', 'one'}
        What a service without one gets: the median of the others, or 1.

    Returns
    -------
    DesignEffects or None
        None where no service gives one.

    Raises
    ------
    ValueError
        Shapes differ, a number is not positive, or `unknown` is neither.

    Notes
    -----
    A design effect below 1 is chance where therapists are alike; dividing by it would make more people than there are.

    References
    ----------
    Rao JNK, Scott AJ (1992). A simple method for the analysis of clustered binary data. Biometrics 48, 577-585.
    """
    if unknown not in UNKNOWN:
        raise ValueError(f"{unknown!r} is not one of {', '.join(UNKNOWN)}")
    n, size = np.asarray(people, dtype=float), np.asarray(effective, dtype=float)
    if n.shape != size.shape or n.ndim != 1:
        raise ValueError("people and effective must be vectors of one length")
    own = np.isfinite(size)
    if np.any(n <= 0.0) or np.any(size[own] <= 0.0):
        raise ValueError("people must be positive")
    if not own.any():
        return None
    values = np.maximum(n / np.where(own, size, n), 1.0)
    assumed = float(np.median(values[own])) if unknown == "median" else 1.0
    return DesignEffects(
        np.where(own, values, assumed), own, float("nan") if own.all() else assumed
    )
