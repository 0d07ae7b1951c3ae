"""Rows of estimates by their words: text without gaps, and which rows differ in some key columns only."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from naturalistic.tables.estimates import KEY_COLUMNS


def text(frame: pd.DataFrame, column: str) -> npt.NDArray[np.object_]:
    """A text column without missing values."""
    return frame[column].astype("object").fillna("").astype(str).to_numpy(dtype=object)


def keys_without(frame: pd.DataFrame, *left_out: str) -> npt.NDArray[np.int64]:
    """A number for each row: equal where all key columns but those left out are equal."""
    kept = [c for c in KEY_COLUMNS if c not in left_out]
    joined = pd.Series(text(frame, kept[0]))
    for name in kept[1:]:
        joined = joined + "\x1f" + pd.Series(text(frame, name))
    return np.asarray(pd.factorize(joined)[0], dtype=np.int64)
