"""Averages of groups of services, and whether the groups differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import chdtrc

from naturalistic.stats.pooling.random_effects import checked, random_effects
from naturalistic.stats.pooling.result import PooledFit


@dataclass(frozen=True, slots=True, eq=False)
class Subgroups:
    """Groups of services side by side.

    Attributes
    ----------
    fits : dict of str to PooledFit
        Each group with a variance between services of its own.
    statistic, df, p_value : float
        Test of equal averages, ``Q = sum w (mu_g - mu)^2`` with ``w`` from each group's own standard error; chi-square
        with the number of groups less one.
    note : str
        Caution.
    """

    fits: dict[str, PooledFit]
    statistic: float
    df: float
    p_value: float
    note: str


def subgroups(
    estimates: ArrayLike,
    std_errors: ArrayLike,
    groups: Sequence[str],
    *,
    between: str = "reml",
    interval: str = "hksj",
    conf_level: float = 0.95,
) -> Subgroups:
    """Pool each group on its own and compare the averages.

    Equal to ``metafor::rma`` with ``subset`` for each group, and a second ``rma(..., method="FE")`` of the groups'
    averages with their normal standard errors for the test (Borenstein et al. 2009, chapter 19, eq. 19.44).

    Raises
    ------
    ValueError
        One label a service is not given, or what `random_effects` refuses.
    """
    y, v = checked(estimates, std_errors)
    labels = np.asarray([str(group) for group in groups])
    if len(labels) != len(y):
        raise ValueError("groups must hold one label a service")
    fits, averages, weights = {}, [], []
    for group in sorted(set(labels)):
        chosen = labels == group
        part = (y[chosen], np.sqrt(v[chosen]))
        fits[group] = random_effects(
            *part, between=between, interval=interval, conf_level=conf_level
        )
        plain = random_effects(*part, between=between, interval="normal")
        averages.append(float(plain.coefficients[0]))
        weights.append(1.0 / float(plain.covariance[0, 0]))
    mean = np.average(averages, weights=weights)
    statistic = float(np.sum(np.array(weights) * (np.array(averages) - mean) ** 2))
    df = len(fits) - 1
    alone = [group for group, fit in fits.items() if fit.k == 1]
    note = f"one service only in: {', '.join(alone)}" if alone else ""
    if df < 1:
        return Subgroups(fits, np.nan, 0.0, np.nan, "all services are in one group")
    return Subgroups(fits, statistic, float(df), float(chdtrc(df, statistic)), note)
