"""How the dates of a column are written: only what its values prove."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

import numpy as np

from naturalistic.cohort.dates import parse_dates
from naturalistic.settings.mapping_columns import FORMATS_JOINED_BY, joinable

_TEXT = re.compile(
    r"(?P<a>\d{1,4}|[A-Za-z]{3,9})(?P<s>[-/. ]|, )(?P<b>\d{1,2}|[A-Za-z]{3,9})(?P<t>[-/. ]|, )(?P<c>\d{1,4})"
    r"(?P<time>[T ]\d{1,2}:\d{2}(?P<sec>:\d{2}(?P<frac>[.,]\d+)?)?(?P<half> ?[AaPp][Mm])?(?P<zone>Z|[+-]\d{2}:?\d{2})?)?",
    re.ASCII,
)
_COMPACT = re.compile(r"(?:19|20)\d{6}", re.ASCII)
FILLERS = (
    "1900-01-01",
    "1899-12-30",
    "1753-01-01",
    "1970-01-01",
    "9999-12-31",
    "2999-12-31",
    "2099-12-31",
)
_MOST = 0.95
_LEAST_PROOF = 0.05
_MOST_SLIPS = 0.01
_DATES_TO_COUNT_DAYS = 60
_MANY_DAYS = 20  # more than the twelve that a month read as a day can give
_FEW_DAYS = 12
_EARLIEST = np.datetime64("1880-01-01", "D")
_SERIALS = (20_000.0, 60_000.0)
_FIVE_DIGITS = re.compile(r"\d{5}(?:\.\d+)?", re.ASCII)
_LEAST_MIXED = 0.01  # fewer are slips of the pen


@dataclass(frozen=True, slots=True)
class DateGuess:
    """How a column of dates is written.

    Attributes
    ----------
    formats : tuple of str
        Every format of the mapping that nearly all texts fit, the most usual first. One is proven; several make a
        question.
    proof : str
        Why only one fits, or why it cannot be told.
    median_year : float
        Of the first format.
    """

    formats: tuple[str, ...]
    proof: str
    median_year: float

    @property
    def proven(self) -> bool:
        """Only one order fits the values."""
        return len(self.formats) == 1


def guess_dates(texts: np.ndarray, latest: np.datetime64, *, typed: bool) -> DateGuess | None:
    """The formats that fit a column.

    Parameters
    ----------
    texts : ndarray of object (str), shape (n,)
        Distinct texts, missing ones left out.
    latest : datetime64
        Dates after this day plus two years are implausible (fillers aside), such as 2031 read from "31-Jan-24".
    typed : bool
        Real dates of a workbook, SPSS, Stata or Parquet arrive as ISO.

    Returns
    -------
    DateGuess or None
        None where the texts are no dates.
    """
    held = [text for text in texts if not text.startswith(FILLERS)]
    if not held:
        return None
    if sum(bool(_COMPACT.fullmatch(text)) for text in held) >= _MOST * len(held):
        return _compact(held, latest)
    serial = np.array([_is_serial(text) for text in held])
    if _LEAST_MIXED <= serial.mean() < 1:
        plain = np.array(held, dtype=object)[~serial]
        return _joined(guess_dates(plain, latest, typed=typed), "excel_serial")
    shapes = Counter(shape for text in held if (shape := _shape(text)) is not None)
    if sum(shapes.values()) < _MOST * len(held):
        return None
    candidates = list(dict.fromkeys(f for shape in shapes for f in _formats(shape)))
    return _fitting(held, candidates, latest, mixed=typed and len(shapes) > 1)


def _is_serial(text: str) -> bool:
    """A day number of Excel among dates in words and figures."""
    return bool(_FIVE_DIGITS.fullmatch(text)) and _SERIALS[0] <= float(text) <= _SERIALS[1]


def _joined(guess: DateGuess | None, also: str) -> DateGuess | None:
    """The same guess for a column of which some cells are written in another way that nothing can be mistaken for."""
    if guess is None or not all(_may_join(name, also) for name in guess.formats):
        return None
    formats = tuple(f"{name}{FORMATS_JOINED_BY}{also}" for name in guess.formats)
    return DateGuess(
        formats, f"its cells are written in two ways; {guess.proof}", guess.median_year
    )


def _may_join(date_format: str, also: str) -> bool:
    parts = date_format.split(FORMATS_JOINED_BY)
    return also not in parts and all(part == "iso" or joinable(part) for part in parts)


def looks_like_serials(low: float, high: float) -> bool:
    """Numbers that can be Excel's day numbers (1954 to 2064)."""
    return _SERIALS[0] <= low and high <= _SERIALS[1]


def _shape(text: str) -> tuple[str, ...] | None:
    found = _TEXT.fullmatch(text)
    if found is None:
        return None
    parts = [
        "m" if found[p].isalpha() else str(len(found[p])) if len(found[p]) > 2 else "2"
        for p in "abc"
    ]
    if len(found["c"]) == 3 or (len(found["c"]) == 1 and len(found["a"]) != 4):
        return None
    time = ""
    if found["time"]:
        sign = found["time"][0]
        time = sign + ("%I" if found["half"] else "%H") + ":%M" + (":%S" if found["sec"] else "")
        time += ".%f" if found["frac"] else ""
        time += (" " if " " in (found["half"] or "") else "") + "%p" if found["half"] else ""
        time += "%z" if found["zone"] else ""
    return (*parts, found["s"], found["t"], time)


def _formats(shape: tuple[str, ...]) -> list[str]:
    """Formats of the mapping that a shape can be written in."""
    a, b, c, first, second, time = shape
    month = "%b"
    orders: list[tuple[str, str, str]] = []
    if a == "4" and b == "2":
        orders = [("%Y", "%m", "%d"), ("%Y", "%d", "%m")]
    elif a == "4" and b == "m":
        orders = [("%Y", month, "%d")]
    elif c == "4" and a == "2":
        orders = [("%d", month, "%Y")] if b == "m" else [("%d", "%m", "%Y"), ("%m", "%d", "%Y")]
    elif c == "4" and a == "m":
        orders = [(month, "%d", "%Y")]
    elif c == "2" and b == "m":
        orders = [("%d", month, "%y"), ("%y", month, "%d")]
    elif c == "2" and a == "m":
        orders = [(month, "%d", "%y")]
    elif (a, b, c) == ("2", "2", "2"):
        orders = [("%d", "%m", "%y"), ("%m", "%d", "%y"), ("%y", "%m", "%d")]
    found = []
    for order in orders:
        if order == ("%Y", "%m", "%d") and first == second == "-":
            found.append("iso")
        elif order[0] == "%d" and order[2] == "%Y" and first == second != ", ":
            found.append("dmy")
        else:
            found.append(order[0] + first + order[1] + second + order[2] + time)
            if month in order:
                found.append(found[-1].replace("%b", "%B"))
    return found


_Read = dict[str, tuple[np.ndarray, np.ndarray]]


def _fitting(
    held: list[str], candidates: list[str], latest: np.datetime64, *, mixed: bool
) -> DateGuess | None:
    """The formats among `candidates` that the values leave possible."""
    texts = np.array(held, dtype=object)
    end = latest + np.timedelta64(731, "D")
    read: _Read = {}
    for candidate in candidates:
        dates = parse_dates(texts, candidate)
        read[candidate] = (~np.isnat(dates) & (dates >= _EARLIEST) & (dates <= end), dates)
    whole = [c for c in candidates if read[c][0].mean() >= _MOST]
    if not read:
        return None
    if not whole:
        plainly = None if mixed else _iso_and_another(texts, read, latest)
        return plainly or _none_fits(read, mixed=mixed)
    return _one_fits(whole[0], read) if len(whole) == 1 else _several_fit(whole, read)


def _iso_and_another(texts: np.ndarray, read: _Read, latest: np.datetime64) -> DateGuess | None:
    """Some cells year first with hyphens, the others in one order that they prove."""
    if "iso" not in read or read["iso"][0].mean() < _LEAST_MIXED:
        return None
    rest = guess_dates(texts[~read["iso"][0]], latest, typed=False)
    return _joined(rest, "iso") if rest is not None and rest.proven else None


def _none_fits(read: _Read, *, mixed: bool) -> DateGuess | None:
    """No format fits alone: a question where some fit together, else no dates."""
    together = np.logical_or.reduce([good for good, _ in read.values()])
    if together.mean() < _MOST:
        return None
    best = sorted(read, key=lambda c: -int(read[c][0].sum()))[:2]
    why = "some values only fit one order and some only another"
    if mixed:
        why = "its cells are written in different ways; a program may have turned day and month in some of them"
    return DateGuess(tuple(best), why, _median_year(read[best[0]]))


def _one_fits(chosen: str, read: _Read) -> DateGuess:
    """One format fits: proven, unless hardly anything speaks against the others, or something for them."""
    year = _median_year(read[chosen])
    others = [read[c][0] for c in read if not _same_order(c, chosen)]
    if not others:
        return DateGuess((chosen,), _proof(chosen, 0), year)
    own = read[chosen][0]
    counter = any(float((other & ~own).mean()) > _MOST_SLIPS for other in others)
    proofs = float((own & ~np.logical_or.reduce(others)).mean())
    if not counter and proofs >= _LEAST_PROOF:
        return DateGuess((chosen,), _proof(chosen, len(others)), year)
    rival = max(
        (c for c in read if not _same_order(c, chosen)), key=lambda c: int(read[c][0].sum())
    )
    why = (
        "single values contradict the order of the rest"
        if counter
        else "hardly any value proves the order"
    )
    return DateGuess((chosen, rival), why, year)


def _several_fit(whole: list[str], read: _Read) -> DateGuess:
    """Several formats fit: a question, unless they say the same or only one gives days of a month."""
    distinct = [c for i, c in enumerate(whole) if not any(_same_order(c, w) for w in whole[:i])]
    if len(distinct) == 1 or distinct[0] == "iso":
        # year first with hyphens is ISO 8601, where the month always comes before the day
        return DateGuess((distinct[0],), _proof(distinct[0], 0), _median_year(read[distinct[0]]))
    left = _with_days_of_a_month(distinct, read)
    why = "no value has a day above 12, so that every order fits"
    if len(left) == 1:
        why = "the days of the month prove the order"
    return DateGuess(tuple(left), why, _median_year(read[left[0]]))


def _with_days_of_a_month(
    candidates: list[str], read: dict[str, tuple[np.ndarray, np.ndarray]]
) -> list[str]:
    """Without the orders by which many dates would fall on a few days of the month only.

    Read year first, `24/03/19` to `02/11/23` would have no day but 19 to 23: those are the years.
    """
    n_days = {c: len(np.unique(_day_of_month(read[c][1][read[c][0]]))) for c in candidates}
    n_dates = min(int(read[c][0].sum()) for c in candidates)
    if n_dates < _DATES_TO_COUNT_DAYS or max(n_days.values()) < _MANY_DAYS:
        return candidates
    return [c for c in candidates if n_days[c] > _FEW_DAYS]


def _day_of_month(dates: np.ndarray) -> np.ndarray:
    return (dates - dates.astype("datetime64[M]").astype("datetime64[D]")).astype(np.int64)


def _same_order(one: str, other: str) -> bool:
    """Formats that differ in nothing but the time of day or the length of the month's name."""
    return _order(one) == _order(other)


def _order(date_format: str) -> str:
    named = {"iso": "ymd", "dmy": "dmy"}
    if date_format in named:
        return named[date_format]
    return "".join(sign.lower() for sign in re.findall(r"%([YymbBd])", date_format)).replace(
        "b", "m"
    )


def _proof(date_format: str, n_others: int) -> str:
    if date_format == "iso":
        return "year first with hyphens"
    return "days above 12 prove the order" if n_others else "only this order fits"


def _compact(held: list[str], latest: np.datetime64) -> DateGuess | None:
    return _fitting(held, ["%Y%m%d", "%Y%d%m"], latest, mixed=False)


def _median_year(read: tuple[np.ndarray, np.ndarray]) -> float:
    good, dates = read
    return float(np.median(dates[good].astype("datetime64[Y]").astype(np.int64)) + 1970)
