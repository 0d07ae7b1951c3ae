"""Checks of what a caller hands to the survival regressions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]
IndexArray = NDArray[np.intp]

TIES = ("efron", "breslow")


def checked_arrays(
    time: ArrayLike, event: ArrayLike, design: ArrayLike, ties: str
) -> tuple[FloatArray, NDArray[np.bool_], FloatArray]:
    """Time, event indicator and covariates as arrays of one length without gaps.

    Raises
    ------
    ValueError
        Anything else, or an unknown tie rule.
    """
    if ties not in TIES:
        raise ValueError(f"ties must be one of {', '.join(TIES)}, not {ties!r}")
    covariates = np.asarray(design, dtype=float)
    if covariates.ndim != 2:
        raise ValueError("design must have two dimensions (rows, covariates)")
    n = len(covariates)
    if not np.isfinite(covariates).all():
        raise ValueError("design holds missing or infinite values")
    times = finite_values(time, "time", n)
    happened = finite_values(event, "event", n)
    if not np.isin(happened, (0.0, 1.0)).all():
        raise ValueError("event must hold only 0 and 1")
    return times, happened == 1.0, covariates


def finite_values(values: ArrayLike, name: str, n: int) -> FloatArray:
    """`values` as floats, one per row.

    Raises
    ------
    ValueError
        A wrong length, or a missing or infinite value.
    """
    out = np.asarray(values, dtype=float)
    if out.shape != (n,):
        raise ValueError(f"{name} must have one value per row of design ({n})")
    if not np.isfinite(out).all():
        raise ValueError(f"{name} holds missing or infinite values")
    return out


def checked_weights(weights: ArrayLike, n: int, frequency: bool) -> FloatArray:
    """Positive weights, whole where they are frequencies.

    Raises
    ------
    ValueError
        Anything else.
    """
    weight = finite_values(weights, "weights", n)
    if np.any(weight <= 0):
        raise ValueError("weights must be positive")
    if frequency and np.any(weight != np.rint(weight)):
        raise ValueError("frequency weights must be whole numbers")
    return weight


def label_codes(labels: ArrayLike, name: str, n: int) -> tuple[NDArray[np.generic], IndexArray]:
    """Distinct labels in sorted order and the code of each row's label.

    Raises
    ------
    ValueError
        A wrong number of labels or a missing one.
    """
    values = np.asarray(labels)
    if values.shape != (n,):
        raise ValueError(f"{name} must have one label per row of design ({n})")
    if np.any(values != values) or (values.dtype == object and any(v is None for v in values)):
        raise ValueError(f"{name} holds missing labels")
    distinct, codes = np.unique(values, return_inverse=True)
    return distinct, codes.astype(np.intp, copy=False)


def checked_names(names: Sequence[str] | None, p: int) -> tuple[str, ...]:
    """Names of p covariates, x1 ... xp when None.

    Raises
    ------
    ValueError
        Another number of names, or a repeated one.
    """
    out = tuple(names) if names is not None else tuple(f"x{j + 1}" for j in range(p))
    if len(out) != p or len(set(out)) != p:
        raise ValueError(f"term_names must hold {p} different names")
    return out


def content_key(parts: Iterable[ArrayLike], n: int) -> FloatArray:
    """One number per row that depends on the row's contents only: a fixed irrational mixture.

    Rows that are copies of each other have the same key; others practically never do. Sorting by
    it gives an order of the rows that does not depend on the order in which they came, much faster
    than sorting whole rows.

    Parameters
    ----------
    parts : columns of shape (n,).
    n : int
        Number of rows.
    """
    key = np.zeros(n)
    for j, values in enumerate(parts):
        column = np.asarray(values, dtype=float)
        largest = np.max(np.abs(column), initial=0.0)
        if largest > 0:
            key += column * ((np.sqrt(2.0) * (j + 1) % 1.0 + 0.1) / largest)
    return key
