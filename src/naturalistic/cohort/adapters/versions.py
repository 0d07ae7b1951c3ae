"""Several submissions of one data set merged: the latest version of each record counts.

Which version is later is said by the columns of the reporting period and of the submission, or else by the header of
the submission, or else by the order of the names of files and folders. Two steps, each counted:

1. of several submissions for the same period the last one replaces the others, so that a record deleted in it is gone;
2. of the versions of a record (its identifier, or what stands for one) the one of the latest period and submission is
   kept.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from naturalistic.cohort.adapters.files import Part, natural_order
from naturalistic.cohort.adapters.source_tables import SourceTable
from naturalistic.cohort.cells import Cells
from naturalistic.reference.adapter_models import AdapterFile

REPLACED = "in a submission that a later one for the same period replaced"
EARLIER = "earlier version of the record"
REPEATED = "the same record again in its submission"
_NOT_KNOWN = -np.inf
_FIRST_SECOND = 1e8
"""Smaller numbers are no dates: dates are seconds since 1970."""
_DMY = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})(.*)")


@dataclass(frozen=True, slots=True)
class Order:
    """Which row of a table is the later one.

    Attributes
    ----------
    period, submission : ndarray of float, shape (n_rows,)
        Minus infinity where not known.
    provider : ndarray of int64, shape (n_rows,)
    name : ndarray of int64, shape (n_rows,)
        Place of the row's file in the order of names.
    """

    period: np.ndarray
    submission: np.ndarray
    provider: np.ndarray
    name: np.ndarray

    def take(self, keep: np.ndarray) -> Order:
        """The rows of a mask."""
        return Order(*(getattr(self, each)[keep] for each in self.__slots__))


def sortable(cells: Cells) -> np.ndarray:
    """Numbers, dates or times as numbers that sort by time; minus infinity where empty or neither."""
    texts = [_iso(text) for text in cells.values]
    numbers = pd.to_numeric(pd.Series(texts, dtype=object), errors="coerce").to_numpy(float)
    times = pd.to_datetime(
        pd.Series(texts, dtype=object).mask(~np.isnan(numbers)),
        format="ISO8601",
        errors="coerce",
        utc=True,
    )
    since = times.dt.tz_localize(None).to_numpy().astype("datetime64[s]")
    seconds = np.where(np.isnat(since), np.nan, since.astype(np.int64))
    found = np.where(np.isnan(numbers), seconds, numbers)
    return np.where(np.isnan(found), _NOT_KNOWN, found)[cells.codes]


def _iso(text: str) -> str:
    found = _DMY.fullmatch(text)
    if not found:
        return text
    return f"{found[3]}-{int(found[2]):02d}-{int(found[1]):02d}{found[4]}"


def headers_of(
    adapter: AdapterFile, tables: dict[str, SourceTable]
) -> dict[str, tuple[float, float]]:
    """Period and number of each submission that has a header of its own."""
    header = tables.get(adapter.header.code)
    return _by_submission(adapter, header) if header else {}


def orders_of(
    adapter: AdapterFile,
    tables: dict[str, SourceTable],
    told: dict[str, tuple[float, float]],
) -> dict[str, Order]:
    """The order of the rows of every table.

    Where a table holds no period or submission itself, the header of its submission gives it.
    """
    names = sorted({p.submission for t in tables.values() for p in t.parts}, key=natural_order)
    place = {name: i for i, name in enumerate(names)}
    return {
        code: _order(adapter, table, place, told)
        for code, table in tables.items()
        if code != adapter.header.code
    }


def said_by_names_only(orders: Iterable[Order]) -> bool:
    """Several submissions, and nothing but the names of their files says which is later."""
    each = list(orders)
    several = len({int(n) for order in each for n in np.unique(order.name)}) > 1
    return several and not any(np.isfinite(order.period).any() for order in each)


def last_day(adapter: AdapterFile, tables: Iterable[SourceTable]) -> dt.date | None:
    """Last day of the latest reporting period; None where no table holds the ends of periods."""
    end = adapter.order.period[0]
    found = [sortable(table.columns[name]) for table in tables for name in table.held([end])]
    known = [each[each > _FIRST_SECOND] for each in found]
    latest = max((float(each[np.isfinite(each)].max(initial=0)) for each in known), default=0.0)
    return dt.datetime.fromtimestamp(latest, dt.UTC).date() if latest > 0 else None


def replaced(
    orders: dict[str, Order], headers: Iterable[tuple[float, float]]
) -> dict[str, np.ndarray]:
    """Rows of submissions that a later one for the same period and provider replaced, by table.

    Parameters
    ----------
    orders : dict of str to Order
    headers : iterable of (float, float)
        Period and number of every submission by its header: one that deletes a record may hold no row.
    """
    frames = [
        pd.DataFrame({"p": o.period, "s": o.submission, "o": o.provider}).drop_duplicates()
        for o in orders.values()
    ]
    told = pd.DataFrame(list(headers), columns=["p", "s"], dtype=float)
    frames.append(told.assign(o=np.int64(0)))
    every = pd.concat(frames, ignore_index=True)
    known = every[np.isfinite(every["p"]) & np.isfinite(every["s"])]
    latest = known.groupby(["o", "p"])["s"].max()
    out: dict[str, np.ndarray] = {}
    for code, order in orders.items():
        key = pd.MultiIndex.from_arrays([order.provider, order.period])
        last = latest.reindex(key).to_numpy(float)
        out[code] = np.isfinite(order.submission) & (order.submission < last)
    return out


def latest_versions(keys: list[np.ndarray], order: Order) -> tuple[np.ndarray, np.ndarray]:
    """Rows to keep, and which of the others only repeat a record within its submission.

    Parameters
    ----------
    keys : list of ndarray of int64, shape (n_rows,)
        What makes a record; -1 where missing. Rows that lack the first key are all kept.
    order : Order

    Returns
    -------
    keep, repeated : ndarray of bool, shape (n_rows,)
    """
    n = len(order.period)
    frame = pd.DataFrame({f"k{i}": key for i, key in enumerate(keys)})
    group = frame.groupby(list(frame.columns), sort=False).ngroup().to_numpy()
    group = np.where(keys[0] < 0, -1, group)
    at = np.arange(n)
    ranked = np.lexsort((at, order.name, order.submission, order.period))
    best = np.full(int(group.max(initial=-1)) + 1, -1)
    named = ranked[group[ranked] >= 0]
    best[group[named]] = named  # the last write is that of the latest row
    keep = (group < 0) | (best[group] == at) if len(best) else np.ones(n, dtype=bool)
    winner = np.where(keep, at, best[group] if len(best) else at)
    same = (order.period[winner] == order.period) & (order.submission[winner] == order.submission)
    same &= order.name[winner] == order.name
    return keep, ~keep & same


def _order(
    adapter: AdapterFile,
    table: SourceTable,
    place: dict[str, int],
    told: dict[str, tuple[float, float]],
) -> Order:
    period = _first_known(table, adapter.order.period)
    submission = _first_known(table, adapter.order.submission)
    names = [part.submission for part in table.parts]
    for values, i in ((period, 0), (submission, 1)):
        by_part = np.array([told.get(name, (_NOT_KNOWN, _NOT_KNOWN))[i] for name in names])
        # a column and a header count in different units: the header fills a column that is wholly empty
        if not np.isfinite(values).any() and len(names):
            values[:] = by_part[table.part]
    provider = pd.factorize(_texts(table.filled(adapter.order.provider)))[0]
    name = np.array([place[each] for each in names], dtype=np.int64)[table.part]
    return Order(period, submission, _by_text(table, adapter, provider), name)


def _by_text(table: SourceTable, adapter: AdapterFile, fallback: np.ndarray) -> np.ndarray:
    """Providers as numbers that are the same in every table: a digest of their codes."""
    held = table.held(adapter.order.provider)
    if not held:
        return np.zeros(len(fallback), dtype=np.int64)
    cells = table.filled(held)
    digests = pd.util.hash_array(cells.values.astype(object), categorize=False)
    return (digests >> np.uint64(1)).astype(np.int64)[cells.codes]


def _texts(cells: Cells) -> np.ndarray:
    return cells.values[cells.codes]


def _first_known(table: SourceTable, names: Iterable[str]) -> np.ndarray:
    """The first of several columns that says anything; its values sort by time."""
    for name in table.held(names):
        found = sortable(table.columns[name])
        if np.isfinite(found).any():
            return found
    return np.full(len(table), _NOT_KNOWN)


def _by_submission(adapter: AdapterFile, header: SourceTable) -> dict[str, tuple[float, float]]:
    """Period and number of each submission whose header has one row."""
    period = _first_known(header, adapter.header.period)
    submission = _first_known(header, adapter.header.submission)
    told: dict[str, tuple[float, float]] = {}
    for i, part in enumerate(header.parts):
        rows = np.flatnonzero(header.part == i)
        if rows.size == 1:
            told[part.submission] = (float(period[rows[0]]), float(submission[rows[0]]))
    return told


def parts_named(parts: Iterable[Part]) -> str:
    """The names of files for a message."""
    names = list(dict.fromkeys(part.path for part in parts))
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
