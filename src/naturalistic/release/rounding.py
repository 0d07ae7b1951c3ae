"""Rounding that does not give back an exact number of people."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


def round_counts(counts: npt.ArrayLike, base: int) -> FloatArray:
    """Counts to the nearest multiple of `base`, halves upwards; NaN stays NaN.

    Examples
    --------
    >>> round_counts([8, 12, 13], 5).tolist()
    [10.0, 10.0, 15.0]
    """
    values = np.asarray(counts, dtype=float)
    return np.floor(values / base + 0.5) * base


def coarsen(values: npt.ArrayLike, step: npt.ArrayLike) -> FloatArray:
    """Values to the nearest multiple of the smallest 1, 2 or 5 times a power of ten that is at least `step`.

    A step of 0 or NaN leaves the value as it is.

    Examples
    --------
    >>> coarsen([0.8237, 17.8312], [0.004, 0.03]).tolist()
    [0.825, 17.85]
    """
    values = np.asarray(values, dtype=float)
    step = np.broadcast_to(np.asarray(step, dtype=float), values.shape)
    usable = np.isfinite(step) & (step > 0)
    safe = np.where(usable, step, 1.0)
    power = 10.0 ** np.floor(np.log10(safe) + 1e-12)
    ratio = safe / power
    nice = power * np.select([ratio <= 1 + 1e-9, ratio <= 2, ratio <= 5], [1.0, 2.0, 5.0], 10.0)
    # the last step rounds away what binary fractions leave over (0.30000000000000004)
    # and 1e-9 of a step keeps a value half way, reached along two paths, on one side
    rounded = np.round(np.floor(values / nice + 0.5 + 1e-9) * nice, 12)
    return np.where(usable & np.isfinite(values), rounded, values)
