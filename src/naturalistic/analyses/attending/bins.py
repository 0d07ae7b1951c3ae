"""Bins of whole numbers by a rule declared in advance, for short and for long services alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
# ASSUME A80 the narrowest of these widths with at most MOST bins up to the 99th percentile; what lies beyond is one bin
WIDTHS = (1, 2, 5, 10, 20, 50, 100, 200, 500)
MOST = 10
UPPER = 99.0  # percentile


@dataclass(frozen=True)
class Bins:
    """Bins of whole numbers from 1 on; the last one has no upper end.

    Attributes
    ----------
    width : int
        Numbers in a bin.
    count : int
        Bins.
    open_end : bool
        Whether numbers lie beyond the regular bins, so that the last one is open.
    """

    width: int
    count: int
    open_end: bool

    def of(self, values: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """Number of the bin of each value."""
        place = (np.asarray(values, dtype=float) - 1) // self.width
        return np.clip(place, 0, self.count - 1).astype(np.int64)

    def name(self, place: int) -> str:
        """Words of a bin: `1 to 5`, `3` or `61 or more`."""
        low, high = place * self.width + 1, (place + 1) * self.width
        if self.open_end and place == self.count - 1:
            return f"{low} or more"
        return f"{low} to {high}" if self.width > 1 else str(low)


def bins_of(values: npt.ArrayLike, *, most: int = MOST) -> Bins:
    """Bins for these numbers by the declared rule.

    Parameters
    ----------
    values : array_like
        Whole numbers from 1 on, nothing missing.
    most : int
        Most bins.
    """
    numbers = np.asarray(values, dtype=float)
    if not len(numbers):
        return Bins(1, 1, False)
    regular = max(float(np.percentile(numbers, UPPER, method="higher")), 1.0)
    fitting = [width for width in WIDTHS if regular <= width * (most - 1)]
    width = fitting[0] if fitting else int(np.ceil(regular / (most - 1)))
    count = int(np.ceil(regular / width))
    beyond = bool(numbers.max() > count * width)
    return Bins(width, count + beyond, beyond)
