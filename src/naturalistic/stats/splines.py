"""Restricted cubic splines: smooth curves that are straight beyond the outer knots."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from naturalistic.stats.hazards.cox_input import FloatArray

# Harrell (2015), Regression Modeling Strategies, 2nd ed., table 2.3.
KNOT_QUANTILES = {
    3: (0.10, 0.50, 0.90),
    4: (0.05, 0.35, 0.65, 0.95),
    5: (0.05, 0.275, 0.50, 0.725, 0.95),
    6: (0.05, 0.23, 0.41, 0.59, 0.77, 0.95),
    7: (0.025, 0.1833, 0.3417, 0.50, 0.6583, 0.8167, 0.975),
}


def spline_knots(values: ArrayLike, n_knots: int = 4, *, whole: bool = False) -> FloatArray:
    """Knots at Harrell's quantiles of a covariate.

    Parameters
    ----------
    values : (n,) observed values, finite.
    n_knots : int
        Three to seven.
    whole : bool
        For heavily tied whole numbers such as session counts: knots are rounded, and a knot that
        would fall on the one before it is moved one up.

    Returns
    -------
    (n_knots,) increasing.

    Raises
    ------
    ValueError
        Another number of knots, missing values, or knots that coincide (use fewer).
    """
    if n_knots not in KNOT_QUANTILES:
        raise ValueError(f"n_knots must be between 3 and 7, not {n_knots}")
    x = np.asarray(values, dtype=float)
    if x.size == 0 or not np.isfinite(x).all():
        raise ValueError("knots need values, none missing")
    knots = np.asarray(np.quantile(x, KNOT_QUANTILES[n_knots]))
    if whole:
        knots = np.rint(knots)
        for i in range(1, n_knots):
            knots[i] = max(knots[i], knots[i - 1] + 1)
    if np.any(np.diff(knots) <= 0):
        raise ValueError(f"{n_knots} knots coincide: use fewer, or give knots")
    return knots


def restricted_cubic_spline(values: ArrayLike, knots: ArrayLike) -> FloatArray:
    """Basis of a cubic spline that is linear outside the knots.

    The first column is x; column j + 1 is, with (u)+ = max(u, 0) and knots t_1 < ... < t_k,
    ``[(x-t_j)+^3 - (x-t_{k-1})+^3 (t_k-t_j)/(t_k-t_{k-1}) + (x-t_k)+^3 (t_{k-1}-t_j)/(t_k-t_{k-1})]
    / (t_k-t_1)^2`` (Harrell 2015, eq. 2.25, with the scaling of its section 2.4.5). The test that
    columns 2 to k-1 have coefficients zero is the test of linearity.

    Parameters
    ----------
    values : (n,)
    knots : (k,) increasing, k at least 3.

    Returns
    -------
    (n, k - 1) array, no intercept.
    """
    x = np.asarray(values, dtype=float)
    t = np.asarray(knots, dtype=float)
    if t.ndim != 1 or len(t) < 3 or np.any(np.diff(t) <= 0):
        raise ValueError("knots must be at least three increasing numbers")
    first, before_last, last = t[0], t[-2], t[-1]

    def cubed(knot: float) -> FloatArray:
        """Cube of the distance beyond a knot, 0 before it."""
        return np.asarray(np.maximum(x - knot, 0.0) ** 3)

    gap = last - before_last
    columns = [x]
    for knot in t[:-2]:
        curve = (
            cubed(knot)
            - cubed(before_last) * ((last - knot) / gap)
            + cubed(last) * ((before_last - knot) / gap)
        )
        columns.append(curve / (last - first) ** 2)
    return np.column_stack(columns)
