"""Services against a common target, with control limits that allow for how far services ordinarily differ."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri

from naturalistic.stats.pooling.random_effects import checked
from naturalistic.stats.pooling.result import FloatArray

WINSORISED = (
    0.1  # share of services at each end whose distance is drawn in before over-dispersion is judged
)


@dataclass(frozen=True, slots=True, eq=False)
class Funnel:
    """Distance of each service from the target.

    Attributes
    ----------
    target : float
        Precision-weighted mean of all services.
    dispersion : float
        Mean squared winsorised distance in standard errors; 1 where services differ by chance alone.
    tau2 : float
        Variance between services that explains the rest; added to every service's own variance.
    z : ndarray, shape (k,)
        Distance in standard deviations, over-dispersion counted.
    z_chance : ndarray, shape (k,)
        The same against chance alone.
    """

    target: float
    dispersion: float
    tau2: float
    z: FloatArray
    z_chance: FloatArray

    def limits(self, std_error: ArrayLike, coverage: float) -> tuple[FloatArray, FloatArray]:
        """Control limits at each standard error: where `coverage` of ordinary services lie."""
        error = np.asarray(std_error, dtype=float)
        half = float(ndtri(0.5 + coverage / 2.0)) * np.sqrt(error * error + self.tau2)
        return self.target - half, self.target + half


def service_funnel(estimates: ArrayLike, std_errors: ArrayLike) -> Funnel:
    """Funnel of services with additive over-dispersion.

    Parameters
    ----------
    estimates, std_errors : array_like, shape (k,)
        One a service, at least three.

    Raises
    ------
    ValueError
        Fewer than three services, or a number that cannot be used.

    References
    ----------
    Spiegelhalter DJ (2005). Handling over-dispersion of performance indicators. Qual Saf Health Care 14, 347-351,
    appendix, eq. 2-4 (random-effects approach, 10% winsorised).
    """
    y, v = checked(estimates, std_errors)
    if len(y) < 3:
        raise ValueError("a funnel needs at least three services")
    weights = 1.0 / v
    target = float(weights @ y / weights.sum())
    chance = (y - target) / np.sqrt(v)
    low, high = np.quantile(chance, [WINSORISED, 1.0 - WINSORISED])
    dispersion = float(np.mean(np.clip(chance, low, high) ** 2))
    k = len(y)
    spare = weights.sum() - float(weights @ weights) / weights.sum()
    tau2 = max(0.0, (k * dispersion - (k - 1)) / float(spare))
    return Funnel(target, dispersion, tau2, (y - target) / np.sqrt(v + tau2), chance)
