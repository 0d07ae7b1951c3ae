"""Reading dates: one declared format a column, never a guess, and a word when only another order fits."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from naturalistic.cohort.cells import Cells, missing_values
from naturalistic.settings.mapping import RELATIVE_DAY_ZERO
from naturalistic.settings.mapping_columns import FORMATS_JOINED_BY

NAMED_FORMATS = ("iso", "dmy", "excel_serial", "days")
EXCEL_DAY_ZERO = np.datetime64("1899-12-30", "D")
OTHER_ORDERS = (
    "iso",
    "dmy",
    "%m/%d/%Y",
    "%d/%m/%y",
    "%m/%d/%y",
    "%Y%m%d",
    "%Y/%m/%d",
    "excel_serial",
)

_DAY = np.timedelta64(1, "D")
_NOT_A_DATE = np.datetime64("NaT", "D")
_TIME = r"(?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?: ?[AaPp][Mm])?(?:Z|[+-]\d{2}:?\d{2})?)?"
_ISO = re.compile(r"(?P<y>\d{4})-(?P<m>\d{1,2})-(?P<d>\d{1,2})" + _TIME, re.ASCII)
_DMY = re.compile(
    r"(?P<d>\d{1,2})(?P<s>[/. -])(?P<m>\d{1,2}|[A-Za-z]{3,9})(?P=s)(?P<y>\d{4})" + _TIME, re.ASCII
)
_NUMBER = re.compile(r"-?\d{1,7}(?:\.\d+)?", re.ASCII)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_FULL_MONTHS = (
    *("january", "february", "march", "april", "may", "june", "july", "august"),
    *("september", "october", "november", "december"),
)
_MONTH_NUMBER = {m: i + 1 for names in (_MONTHS, _FULL_MONTHS) for i, m in enumerate(names)}
_MONTH_NUMBER["sept"] = 9
_TWO_NUMBERS = re.compile(r"(\d{1,2})[/. -](\d{1,2})[/. -](?:\d{4}|\d{2})(?!\d)", re.ASCII)
_MONTHS_A_YEAR = 12
_MOST_DAYS = 31
_LEAST_EVIDENCE = 3
_NEARLY_ALL = 0.95


@dataclass(frozen=True, slots=True)
class DatesRead:
    """Dates of the distinct texts of a column.

    Attributes
    ----------
    dates : ndarray of datetime64[D], shape (n_values,)
        NaT where missing or unreadable.
    unreadable : ndarray of bool, shape (n_values,)
        Texts that are no date in the declared format.
    only_fits : str
        Another format that every text fits where the declared one does not; empty otherwise.
    swapped : ndarray of bool, shape (n_values,)
        Unreadable texts that would be dates with day and month in the other order.
    """

    dates: np.ndarray
    unreadable: np.ndarray
    only_fits: str
    swapped: np.ndarray


def read_dates(
    cells: Cells, date_format: str | None, missing_codes: Iterable[str], *, typed: bool = False
) -> DatesRead:
    """Texts as dates in one declared format.

    Parameters
    ----------
    cells : Cells
        The column.
    date_format : str or None
        ``iso`` (2024-03-01), ``dmy`` (1/3/2024, 01-Mar-2024), ``excel_serial`` (45352), ``days`` (whole days counted
        from a day zero, returned from `RELATIVE_DAY_ZERO`), a pattern of `datetime.strptime`, or several of them joined
        by "or" (``dmy or iso``). A time of day is dropped. None where only typed cells can hold dates.
    missing_codes : iterable of str
        Texts that stand for a missing date.
    typed : bool
        The file carries types: its real dates arrive as ISO and are read as such beside the declared format.

    Returns
    -------
    DatesRead
    """
    missing = missing_values(cells.values, missing_codes)
    dates = np.full(len(missing), _NOT_A_DATE)
    held = np.flatnonzero(~missing)
    texts = cells.values[held]
    dates[held] = parse_dates(texts, date_format) if date_format else _NOT_A_DATE
    if typed:
        left = held[np.isnat(dates[held])]
        dates[left] = parse_dates(cells.values[left], "iso")
    unreadable = ~missing & np.isnat(dates)
    only_fits = ""
    if unreadable.any() and date_format != "days":
        only_fits = _other_order(texts, date_format, float(1 - unreadable[held].mean()))
    swapped = unreadable & _swapped(cells.values, date_format or "")
    return DatesRead(dates, unreadable, only_fits, swapped)


def parse_dates(texts: np.ndarray, date_format: str) -> np.ndarray:
    """Texts in one format as dates, NaT where a text does not fit.

    Parameters
    ----------
    texts : ndarray of object (str), shape (n,)
    date_format : str
        One of `NAMED_FORMATS`, a pattern of `datetime.strptime`, or several joined by "or": the first that a text fits.

    Returns
    -------
    ndarray of datetime64[D], shape (n,)
    """
    if FORMATS_JOINED_BY in date_format:
        dates = np.full(len(texts), _NOT_A_DATE)
        for part in date_format.split(FORMATS_JOINED_BY):
            left = np.isnat(dates)
            dates[left] = parse_dates(texts[left], part)
        return dates
    parser: Callable[[str], dt.date | np.datetime64 | None]
    if date_format == "iso":
        parser = _iso
    elif date_format == "dmy":
        parser = _dmy
    elif date_format in ("excel_serial", "days"):
        zero = EXCEL_DAY_ZERO if date_format == "excel_serial" else np.datetime64(RELATIVE_DAY_ZERO)
        return _counted(texts, zero, whole=date_format == "days")
    else:
        return _by_pattern(texts, date_format)
    return _each(texts, parser)


def date_shaped(texts: np.ndarray) -> np.ndarray:
    """Texts as dates where they look like one in day-first or ISO order, whatever was declared; NaT otherwise."""
    dates = parse_dates(texts, "iso")
    left = np.isnat(dates)
    dates[left] = parse_dates(texts[left], "dmy")
    return dates


def _each(texts: np.ndarray, parser: Callable[[str], object]) -> np.ndarray:
    return np.array([parser(text) or _NOT_A_DATE for text in texts], dtype="datetime64[D]")


def _calendar_day(year: str, month: int, day: str) -> dt.date | None:
    try:
        return dt.date(int(year), month, int(day))
    except ValueError:
        return None  # 31 February: not a date, so it is listed as unreadable


def _iso(text: str) -> dt.date | None:
    found = _ISO.fullmatch(text)
    return _calendar_day(found["y"], int(found["m"]), found["d"]) if found else None


def _dmy(text: str) -> dt.date | None:
    found = _DMY.fullmatch(text)
    if found is None:
        return None
    month = int(found["m"]) if found["m"].isdigit() else _MONTH_NUMBER.get(found["m"].lower(), 0)
    return _calendar_day(found["y"], month, found["d"])


def _counted(texts: np.ndarray, zero: np.datetime64, *, whole: bool) -> np.ndarray:
    numbers = np.array([float(t) if _NUMBER.fullmatch(t) else np.nan for t in texts], dtype=float)
    if whole:
        numbers[numbers != np.floor(numbers)] = np.nan
    else:
        numbers[numbers < 1] = np.nan
    dates = np.full(len(texts), _NOT_A_DATE)
    held = ~np.isnan(numbers)
    dates[held] = zero.astype("datetime64[D]") + np.floor(numbers[held]).astype(np.int64) * _DAY
    return dates


def _by_pattern(texts: np.ndarray, pattern: str) -> np.ndarray:
    series = pd.Series(texts, dtype=object)
    dates = pd.to_datetime(series, format=pattern, errors="coerce", exact=True)
    if dates.dt.tz is not None:
        dates = dates.dt.tz_localize(None)
    found = dates.to_numpy().astype("datetime64[D]")
    for i in np.flatnonzero(np.isnat(found)):  # years that pandas cannot hold, such as 9999
        if "9999" in texts[i] or "2999" in texts[i]:
            found[i] = _strptime(texts[i], pattern)
    return found


def _strptime(text: str, pattern: str) -> np.datetime64:
    try:
        return np.datetime64(dt.datetime.strptime(text, pattern).date(), "D")
    except ValueError:
        return _NOT_A_DATE


def _other_order(texts: np.ndarray, declared: str | None, share_read: float) -> str:
    """The first other format that nearly every text fits, and more texts than the declared one."""
    if len(texts) < _LEAST_EVIDENCE:
        return ""
    for other in OTHER_ORDERS:
        if other != declared:
            dates = parse_dates(texts, other)
            dates = dates[~np.isnat(dates)]
            share = len(dates) / len(texts)
            if share >= _NEARLY_ALL and share > share_read and _plausible(dates):
                return other
    return ""


def _swapped(texts: np.ndarray, declared: str) -> np.ndarray:
    """Texts that only fit with the month where the format has the day, or the other way round."""
    starts = {part[:2] for part in declared.split(FORMATS_JOINED_BY)}
    day_first, month_first = bool(starts & {"dm", "%d"}), "%m" in starts
    found = np.zeros(len(texts), dtype=bool)
    if day_first == month_first:
        return found
    for i, text in enumerate(texts):
        if parts := _TWO_NUMBERS.match(text):
            month, day = sorted((int(parts[1]), int(parts[2])))
            first_is_month = int(parts[1]) == month
            found[i] = (
                1 <= month <= _MONTHS_A_YEAR < day <= _MOST_DAYS and first_is_month == day_first
            )
    return found


def _plausible(dates: np.ndarray) -> bool:
    return bool(dates.min() >= np.datetime64("1900-01-01") and dates.max() < np.datetime64("2101"))
