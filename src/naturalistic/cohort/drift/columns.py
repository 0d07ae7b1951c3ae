"""The profile of one column: what its rows hold, without anything that fewer than ten people share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from naturalistic.cohort.cells import Cells, missing_values, read_ids, read_numbers
from naturalistic.cohort.dates import date_shaped, read_dates
from naturalistic.cohort.drift.models import ColumnProfile, Content
from naturalistic.cohort.numerals import Numerals
from naturalistic.cohort.pseudonyms import Pseudonyms
from naturalistic.cohort.unreadable import ROWS_TO_SHOW_A_CODE
from naturalistic.settings.mapping import ColumnMap

MOST_WHOLE_NUMBERS = 40
_MOST_CODES = 200
_LONGEST = 60
_PERCENTILES = (10, 25, 50, 75, 90)
_LOOKED_AT = 1000


@dataclass(frozen=True, slots=True)
class RawColumn:
    """A column as it stands in the file, with the mapping's words on it.

    Attributes
    ----------
    cells : Cells
        Rows of people who did not opt out.
    kind : str
        Kind of the canonical column.
    spec : ColumnMap
        How its cells are read.
    missing_codes : tuple of str
        Texts that stand for a missing value.
    date_format : str or None
        Declared format of dates.
    typed : bool
        The cells carry types.
    numerals : Numerals
        How its numbers are written.
    owners : ndarray of int32 or None
        Whose row each is; None where every row is of another person.
    pseudonyms : Pseudonyms
        Stand in for codes that too few share.
    """

    cells: Cells
    kind: str
    spec: ColumnMap
    missing_codes: tuple[str, ...]
    date_format: str | None
    typed: bool
    numerals: Numerals
    owners: np.ndarray | None
    pseudonyms: Pseudonyms


def column_profile(raw: RawColumn, meanings: tuple[str, ...]) -> ColumnProfile:
    """Count what a column holds.

    Parameters
    ----------
    raw : RawColumn
    meanings : tuple of str
        Canonical columns that are made of it.

    Returns
    -------
    ColumnProfile
        Codes and months only where ten rows hold them (codes: of ten people), numbers only as mean, SD and percentiles
        with ten rows beyond.
    """
    counts = raw.cells.counts()
    missing = missing_values(raw.cells.values, _codes_for_missing(raw)) | (counts == 0)
    held = ~missing
    content = _content(raw)
    common: dict[str, Any] = {
        "meanings": meanings,
        "content": content,
        "looks": _looks(raw.cells.values[held], counts[held], raw.numerals),
        "rows": int(counts.sum()),
        "missing": int(counts[missing].sum()),
    }
    if content == "id":
        ids = read_ids(raw.cells, raw.missing_codes)[held]
        return ColumnProfile(**common, distinct=len(set(ids)))
    if content == "dates":
        return ColumnProfile(**common, **_dates(raw, counts, held))
    if content == "numbers":
        return ColumnProfile(**common, **_numbers(raw, counts, held))
    return ColumnProfile(**common, **_codes(raw, counts, held))


def _codes_for_missing(raw: RawColumn) -> tuple[str, ...]:
    """A text that the mapping explains is a code, even where it usually stands for a missing value."""
    explained = {str(code) for code in raw.spec.codes or {}}
    return tuple(code for code in raw.missing_codes if code not in explained)


def _content(raw: RawColumn) -> Content:
    if raw.kind == "id":
        return "id"
    if raw.spec.codes or raw.kind in ("category", "text"):
        return "codes"
    if raw.kind == "date" and raw.date_format != "days":
        return "dates"
    return "numbers"


def _looks(texts: np.ndarray, counts: np.ndarray, numerals: Numerals) -> str:
    """What most filled rows look like; a sample of the distinct texts is enough for that."""
    if not len(texts):
        return "nothing"
    order = np.argsort(-counts, kind="stable")[:_LOOKED_AT]
    texts, counts = texts[order], counts[order]
    cells = Cells(np.arange(len(texts), dtype=np.int32), texts)
    numbers = ~np.isnan(read_numbers(cells, None, (), numerals)[0])
    dates = ~np.isnat(date_shaped(texts))
    for name, found in (("numbers", numbers), ("dates", dates)):
        if 2 * counts[found].sum() > counts.sum():
            return name
    return "text"


def _shared(raw: RawColumn, counts: np.ndarray) -> np.ndarray:
    """Texts that at least ten rows, and ten people, hold."""
    enough = counts >= ROWS_TO_SHOW_A_CODE
    if raw.owners is None or not enough.any():
        return enough
    width = int(raw.owners.max(initial=0)) + 1
    # a hash table is many times faster than sorting at a million rows, and the order does not matter
    pairs = pd.unique(raw.cells.codes.astype(np.int64) * width + raw.owners)
    people = np.bincount(pairs // width, minlength=len(counts))
    return enough & (people >= ROWS_TO_SHOW_A_CODE)


def _codes(raw: RawColumn, counts: np.ndarray, held: np.ndarray) -> dict[str, Any]:
    distinct = int(held.sum())
    if raw.spec.not_identifying_because or raw.spec.coarsen:
        return {"distinct": distinct, "codes_hidden": True}
    texts = raw.cells.values
    shown = [i for i in np.flatnonzero(held & _shared(raw, counts)) if len(texts[i]) <= _LONGEST]
    codes = {str(texts[i]): int(counts[i]) for i in shown}
    found: dict[str, Any] = {"distinct": distinct, "codes": dict(sorted(codes.items()))}
    if distinct > _MOST_CODES:  # not a list of codes
        return found
    marks = raw.pseudonyms.of("code", texts)
    rare = marks[held & ~np.isin(np.arange(len(texts)), shown)]
    return found | {
        "marks": {str(texts[i]): int(marks[i]) for i in shown},
        "rare": tuple(sorted(rare.tolist())),
    }


def _dates(raw: RawColumn, counts: np.ndarray, held: np.ndarray) -> dict[str, Any]:
    read = read_dates(raw.cells, raw.date_format, raw.missing_codes, typed=raw.typed)
    good = held & ~np.isnat(read.dates)
    unreadable = int(counts[held & np.isnat(read.dates)].sum())
    if not good.any():
        return {"unreadable": unreadable}
    months = read.dates[good].astype("datetime64[M]")
    first = months.min()
    rows = np.bincount((months - first).astype(np.int64), weights=counts[good]).astype(np.int64)
    full = np.flatnonzero(rows >= ROWS_TO_SHOW_A_CODE)
    return {
        "unreadable": unreadable,
        "distinct": len(np.unique(read.dates[good])),
        "months": {str(first + int(i)): int(rows[i]) for i in full},
        "n_months": int(full[-1] - full[0]) + 1 if len(full) else 0,
    }


def _numbers(raw: RawColumn, counts: np.ndarray, held: np.ndarray) -> dict[str, Any]:
    numbers, _ = read_numbers(raw.cells, None, raw.missing_codes, raw.numerals)
    good = held & ~np.isnan(numbers)
    n = int(counts[good].sum())
    found: dict[str, Any] = {
        "unreadable": int(counts[held].sum()) - n,
        "distinct": len(np.unique(numbers[good])),
    }
    if n < ROWS_TO_SHOW_A_CODE or raw.spec.not_identifying_because:
        return found
    values, weights = numbers[good], counts[good].astype(np.float64)
    mean = float(np.average(values, weights=weights))
    spread = float(weights @ (values - mean) ** 2)
    found |= {"mean": mean, "sd": float(np.sqrt(spread / (n - 1)))}
    whole = bool((values == np.round(values)).all())
    if whole and len(np.unique(values)) <= MOST_WHOLE_NUMBERS:
        shown = np.flatnonzero(good & _shared(raw, counts))
        by_number: dict[int, int] = {}
        for i in shown:  # "7" and "7.0" are one number
            by_number[int(numbers[i])] = by_number.get(int(numbers[i]), 0) + int(counts[i])
        found["codes"] = {str(k): by_number[k] for k in sorted(by_number)}
    return found | {"quantiles": _quantiles(values, weights)}


def _quantiles(values: np.ndarray, weights: np.ndarray) -> dict[str, float]:
    """Percentiles with at least ten rows beyond: the least value below which that share of the rows lies."""
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order])
    n = float(reached[-1])
    found = {}
    for percent in _PERCENTILES:
        beyond = n * min(percent, 100 - percent) / 100
        if beyond >= ROWS_TO_SHOW_A_CODE:
            at = int(np.searchsorted(reached, n * percent / 100 - 1e-9))
            found[str(percent)] = float(f"{values[order][at]:.3g}")
    return found
