"""How many patients change category when the method changes."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class CategoryAgreement:
    """Cross table of the same patients under two methods.

    Attributes
    ----------
    table : ndarray of int, shape (n_categories, n_categories)
        Rows: category by the first method; columns: by the second.
    n_patients, n_moved : int
        All patients, and those in a different category.
    kappa : float
        Cohen's (1960) kappa, agreement beyond chance; NaN where both methods put everybody into
        one category.
    """

    table: IntArray
    n_patients: int
    n_moved: int
    kappa: float


def category_agreement(
    first: npt.ArrayLike, second: npt.ArrayLike, n_categories: int
) -> CategoryAgreement:
    """Agreement of two methods on the categories of the same patients.

    Parameters
    ----------
    first, second : array_like of int, shape (n_patients,)
        Codes 0 to ``n_categories - 1``; row i of both belongs to patient i.
    n_categories : int
        Number of categories.

    Returns
    -------
    CategoryAgreement

    Raises
    ------
    ValueError
        If shapes differ or a code is out of range.
    """
    a, b = np.asarray(first), np.asarray(second)
    if a.ndim != 1 or a.shape != b.shape:
        raise ValueError("two code vectors of the same length")
    for codes in (a, b):
        if codes.size and not (codes.min() >= 0 and codes.max() < n_categories):
            raise ValueError(f"codes must lie between 0 and {n_categories - 1}")
    cells = a.astype(np.int64) * n_categories + b.astype(np.int64)
    table = np.bincount(cells, minlength=n_categories**2).reshape(n_categories, n_categories)
    n, same = int(table.sum()), int(np.trace(table))
    kappa = math.nan
    if n:
        by_chance = float(table.sum(axis=1) @ table.sum(axis=0)) / n**2
        if by_chance < 1.0:
            kappa = (same / n - by_chance) / (1.0 - by_chance)
    return CategoryAgreement(table=table, n_patients=n, n_moved=n - same, kappa=kappa)
