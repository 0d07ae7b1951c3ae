"""Several rows of one person or one referral made into one, whatever the order of the rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from naturalistic.cohort.pseudonyms import MISSING


@dataclass(frozen=True, slots=True)
class Merged:
    """One row a key.

    Attributes
    ----------
    frame : DataFrame
        First row of each key in the order of the file, its cells decided over all rows of the key.
    repeated : ndarray of int64
        Row numbers that were merged into an earlier row.
    conflicts : dict of str to ndarray of int64
        Row numbers that contradict each other, by column.
    """

    frame: pd.DataFrame
    repeated: np.ndarray
    conflicts: dict[str, np.ndarray]


def merge_rows(frame: pd.DataFrame, key: str, earliest: np.ndarray | None = None) -> Merged:
    """Merge the rows of each key.

    In every column the value of the earliest row counts, where `earliest` is given; among rows equally early the most
    frequent value; where several are equally frequent, none. Of several ages the lowest counts.

    Parameters
    ----------
    frame : DataFrame
        With `row` and the key.
    key : str
        Id column.
    earliest : ndarray of datetime64[ms], shape (n_rows,), optional
        Date of each row.
    """
    again = frame[key].duplicated().to_numpy()
    if not again.any():
        return Merged(frame, np.empty(0, np.int64), {})
    groups, _ = pd.factorize(frame[key])
    several = np.isin(groups, groups[again])
    first = np.flatnonzero(~again)
    merged = frame.iloc[first].copy()
    rank = _rank(earliest, len(frame))
    conflicts: dict[str, np.ndarray] = {}
    for name in frame.columns.difference([key, "row"], sort=False):
        column = frame[name]
        held = several & ~_missing(column)
        if name == "age":
            chosen = _lowest(column.to_numpy(), groups, held)
            tied = np.empty(0, np.int64)
        else:
            codes, _ = pd.factorize(column)
            chosen, tied = _most_frequent(codes, groups, rank, held)
        source = np.where(np.isin(np.arange(len(first)), groups[several]), -1, first)
        source[chosen[:, 0]] = chosen[:, 1]
        merged[name] = _take(column, source)
        if tied.size:
            conflicts[name] = frame["row"].to_numpy()[held & np.isin(groups, tied)]
    return Merged(merged, frame["row"].to_numpy()[again], conflicts)


def _rank(earliest: np.ndarray | None, n: int) -> np.ndarray:
    if earliest is None:
        return np.zeros(n, dtype=np.int64)
    days = earliest.astype("datetime64[D]").astype(np.int64)
    return np.where(np.isnat(earliest), np.iinfo(np.int64).max, days)


def _missing(column: pd.Series) -> np.ndarray:
    if column.dtype == np.int64:
        return (column == MISSING).to_numpy()
    return column.isna().to_numpy()


def _lowest(values: np.ndarray, groups: np.ndarray, held: np.ndarray) -> np.ndarray:
    table = pd.DataFrame({"group": groups[held], "value": values[held], "at": np.flatnonzero(held)})
    table = table.sort_values(["group", "value", "at"]).drop_duplicates("group")
    return table[["group", "at"]].to_numpy()


def _most_frequent(
    codes: np.ndarray, groups: np.ndarray, rank: np.ndarray, held: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of group and row that holds its value; and the groups that cannot be decided."""
    table = pd.DataFrame(
        {"group": groups[held], "rank": rank[held], "code": codes[held], "at": np.flatnonzero(held)}
    )
    table = table[table["rank"] == table.groupby("group")["rank"].transform("min")]
    counted = table.groupby(["group", "code"], sort=False)["at"].agg(["size", "min"]).reset_index()
    most = counted[counted["size"] == counted.groupby("group")["size"].transform("max")]
    tied = most["group"].duplicated(keep=False)
    return most.loc[~tied, ["group", "min"]].to_numpy(), most.loc[tied, "group"].unique()


def _take(column: pd.Series, source: np.ndarray) -> Any:
    """Cells of the rows `source`, missing where -1."""
    taken = column.take(np.maximum(source, 0))
    if column.dtype == np.int64:
        return np.where(source < 0, MISSING, taken.to_numpy())
    return taken.mask(source < 0).array
