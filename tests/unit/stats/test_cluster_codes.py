"""Numbering of clusters."""

import numpy as np
import pytest

from naturalistic.stats.cluster_codes import cluster_codes


@pytest.mark.parametrize(
    "labels",
    [
        np.array([7, 3, 3, 9, 7]),
        np.array([-5, 10_000_000, -5]),
        np.array(["b", "a", "b"], dtype=object),
        np.array([2.5, 1.0, 2.5]),
        np.array([4], dtype=np.uint8),
    ],
)
def test_same_as_sorting(labels: np.ndarray) -> None:
    groups, code = np.unique(labels, return_inverse=True)
    ours, count = cluster_codes(labels)
    np.testing.assert_array_equal(ours, code)
    assert count == groups.size


def test_nobody() -> None:
    code, count = cluster_codes(np.array([], dtype=np.int64))
    assert code.size == 0 and count == 0
