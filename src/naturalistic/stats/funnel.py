"""Funnel plots of rates of units with allowance for over-dispersion."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

FloatArray = npt.NDArray[np.float64]
TRIM = 0.1


@dataclass(frozen=True, slots=True)
class Funnel:
    """A funnel of rates; arrays have shape (n_units,).

    Attributes
    ----------
    target : float
        Rate of all units together.
    share : ndarray of float
        Rate of each unit.
    z : ndarray of float
        Standardised distance of each unit from the target, without allowance for over-dispersion.
    overdispersion : float
        Mean square of the Winsorised `z`; above 1 units differ by more than chance.
    tau_squared : float
        Variance between units on the square root scale, 0 where there is no over-dispersion.
    z_allowed : ndarray of float
        The same distances with that variance allowed for.
    """

    target: float
    share: FloatArray
    z: FloatArray
    overdispersion: float
    tau_squared: float
    z_allowed: FloatArray


def funnel(hits: npt.ArrayLike, n: npt.ArrayLike) -> Funnel:
    r"""Distance of each unit from the rate of all, with a random-effects allowance for over-dispersion.

    On the variance-stabilising scale :math:`y_i = \arcsin\sqrt{x_i/n_i}`, :math:`s_i = 1/(2\sqrt{n_i})`,
    :math:`z_i = (y_i - \theta)/s_i`. The z are Winsorised at 10 and 90 per cent; :math:`\hat\phi = \sum z_i^2/I`; where
    :math:`I\hat\phi > I - 1`

    .. math:: \hat\tau^2 = \frac{I\hat\phi - (I-1)}{\sum w_i - \sum w_i^2/\sum w_i},\quad w_i = 1/s_i^2

    and :math:`z^D_i = (y_i-\theta)/\sqrt{s_i^2+\hat\tau^2}`. Spiegelhalter (2005), Quality and Safety in Health Care
    14:347; Spiegelhalter (2005), Statistics in Medicine 24:1185, sections 4.2 and A.2.

    Parameters
    ----------
    hits, n : array_like of int, shape (n_units,)
        People with the outcome and people of each unit; every unit has people.

    Raises
    ------
    ValueError
        Fewer than two units, an empty unit, or more hits than people.
    """
    x, size = np.asarray(hits, dtype=np.float64), np.asarray(n, dtype=np.float64)
    if x.ndim != 1 or x.shape != size.shape or x.size < 2:
        raise ValueError("a funnel needs at least two units")
    if not np.all((size > 0) & (x >= 0) & (x <= size)):
        raise ValueError("every unit needs people, and hits between 0 and their number")
    target = float(x.sum() / size.sum())
    error = 0.5 / np.sqrt(size)
    distance = np.arcsin(np.sqrt(x / size)) - np.arcsin(np.sqrt(target))
    z = distance / error
    low, high = np.quantile(z, [TRIM, 1.0 - TRIM])
    winsorised = np.clip(z, low, high)
    phi, units, weight = float(np.mean(winsorised**2)), x.size, 1.0 / error**2
    excess = units * phi - (units - 1)
    tau = max(excess, 0.0) / float(weight.sum() - np.sum(weight**2) / weight.sum())
    return Funnel(target, x / size, z, phi, tau, distance / np.sqrt(error**2 + tau))


def funnel_limits(
    target: float, n: npt.ArrayLike, conf_level: float, *, tau_squared: float = 0.0
) -> tuple[FloatArray, FloatArray]:
    """Limits of a funnel at given numbers of people, transformed back to rates.

    Parameters
    ----------
    target : float
        Rate of all units together.
    n : array_like of float
        Numbers of people.
    conf_level : float
        Share of units expected inside: 0.95 or 0.998.
    tau_squared : float
        Allowance for over-dispersion.
    """
    size = np.asarray(n, dtype=np.float64)
    half = float(ndtri(0.5 + conf_level / 2.0)) * np.sqrt(0.25 / size + tau_squared)
    middle = float(np.arcsin(np.sqrt(target)))
    low, high = (np.clip(middle + side * half, 0.0, np.pi / 2.0) for side in (-1.0, 1.0))
    return np.sin(low) ** 2, np.sin(high) ** 2
