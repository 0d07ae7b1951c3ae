"""Columns of text cells, each distinct text held once, and their reading as codes, numbers and ids."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from naturalistic.cohort.numerals import POINT, Numerals

_WHOLE_NUMBER = re.compile(r"([+-]?)0*(\d+?)(?:\.0*)?", re.ASCII)

_THOUSANDS = re.compile(r"[1-9]\d{0,2}(?:,\d{3})+(?:\.0*)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Cells:
    """One column of a file as text.

    Every step below works on the distinct texts and is then spread over the rows: a million sessions hold six
    attendance codes.

    Attributes
    ----------
    codes : ndarray of int32, shape (n_rows,)
        Position of each row's text in `values`.
    values : ndarray of object (str), shape (n_values,)
        Texts without surrounding white space.
    """

    codes: np.ndarray
    values: np.ndarray

    @classmethod
    def from_series(cls, series: pd.Series) -> Cells:
        """Cells of a typed column (a spreadsheet's, SPSS's, Stata's): numbers without '.0', dates as ISO."""
        codes, distinct = pd.factorize(series, use_na_sentinel=True)
        texts = [*(cell_text(value) for value in distinct), ""]
        codes = np.where(codes < 0, len(texts) - 1, codes)
        return cls(codes.astype(np.int32), np.array(texts, dtype=object))

    @classmethod
    def constant(cls, value: object, n_rows: int) -> Cells:
        """The same text in every row."""
        return cls(np.zeros(n_rows, np.int32), np.array([cell_text(value)], dtype=object))

    def take(self, rows: np.ndarray) -> Cells:
        """The cells of some rows."""
        return Cells(self.codes[rows], self.values)

    def counts(self) -> np.ndarray:
        """Rows that hold each text."""
        return np.bincount(self.codes, minlength=len(self.values))


def categorical(codes: np.ndarray, words: Sequence[str]) -> pd.Categorical:
    """Words by their positions in a list, -1 where missing."""
    return pd.Categorical.from_codes(codes, categories=pd.Index(list(words), dtype=object))


def cell_text(value: object) -> str:
    """The text of a typed cell, as its user would write it."""
    if value is None or value is pd.NaT:
        return ""
    if isinstance(value, bool | np.bool_):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float | np.floating):
        number = float(value)
        whole = number.is_integer() and abs(number) < 1e15
        return "" if number != number else str(int(number)) if whole else repr(number)
    if hasattr(value, "isoformat"):
        return str(value.isoformat()).removesuffix("T00:00:00")
    return str(value).strip()


def code_key(text: str) -> str:
    """A code without what spreadsheets do to it: case, leading zeros and a trailing '.0'."""
    whole = _WHOLE_NUMBER.fullmatch(text)
    if whole is None:
        return text.casefold()
    return ("-" if whole[1] == "-" and whole[2] != "0" else "") + whole[2]


def missing_values(values: np.ndarray, missing_codes: Iterable[str]) -> np.ndarray:
    """Which texts are empty or stand for a missing value.

    Parameters
    ----------
    values : ndarray of object (str)
        Distinct texts.
    missing_codes : iterable of str
        Texts that stand for a missing value; case, leading zeros and a trailing '.0' do not matter.

    Returns
    -------
    ndarray of bool, shape (n_values,)
    """
    keys = {code_key(code.strip()) for code in missing_codes}
    if any(key.lstrip("-").isdigit() for key in keys):
        return np.array([not text or code_key(text) in keys for text in values], dtype=bool)
    return np.array([not text or text.casefold() in keys for text in values], dtype=bool)


def lookup(values: np.ndarray, codes: Mapping[str, object]) -> np.ndarray:
    """What each text stands for by `codes`; None where it is not among them.

    An exact match wins; else case, leading zeros and a trailing '.0' are ignored, where that leaves one meaning.
    """
    loose: dict[str, set[object]] = {}
    for code, meaning in codes.items():
        loose.setdefault(code_key(code), set()).add(meaning)
    found = np.empty(len(values), dtype=object)
    for i, text in enumerate(values):
        if text in codes:
            found[i] = codes[text]
        elif len(near := loose.get(code_key(text), ())) == 1:
            found[i] = next(iter(near))
    return found


def read_words(
    cells: Cells,
    codes: Mapping[str, object] | None,
    levels: Mapping[str, str],
    missing_codes: Iterable[str],
) -> tuple[np.ndarray, np.ndarray]:
    """Texts as words.

    Parameters
    ----------
    cells : Cells
        The column.
    codes : mapping of str to object or None
        Meaning of each code of the service.
    levels : mapping of str to str
        The closed words with their labels; empty where the service's own words are kept.
    missing_codes : iterable of str
        Texts that stand for a missing value, unless `codes` explains them.

    Returns
    -------
    words : ndarray of object, shape (n_values,)
        The word of each distinct text, None where missing or unknown.
    unknown : ndarray of bool, shape (n_values,)
        Texts that nothing explains.
    """
    words = lookup(cells.values, codes or {})
    missing = missing_values(cells.values, missing_codes)
    own = {name.casefold(): key for key, label in levels.items() for name in (label, key)}
    for i, text in enumerate(cells.values):
        if words[i] is None and not missing[i]:
            if levels:
                words[i] = own.get(text.casefold())
            elif codes is None:
                words[i] = text
    explained = np.array([word is not None for word in words], dtype=bool)
    return np.array([None if w is None else str(w) for w in words], object), ~explained & ~missing


def read_numbers(
    cells: Cells,
    codes: Mapping[str, object] | None,
    missing_codes: Iterable[str],
    numerals: Numerals = POINT,
) -> tuple[np.ndarray, np.ndarray]:
    """Texts as numbers.

    Parameters
    ----------
    cells : Cells
        The column.
    codes : mapping of str to object or None
        Numbers that texts stand for.
    missing_codes : iterable of str
        Texts that stand for a missing value, unless `codes` explains them.
    numerals : Numerals
        How numbers are written.

    Returns
    -------
    numbers : ndarray of float, shape (n_values,)
        NaN where missing or unreadable.
    unreadable : ndarray of bool, shape (n_values,)
        Texts that are neither a number, nor a code, nor missing.
    """
    coded = lookup(cells.values, codes or {})
    missing = missing_values(cells.values, missing_codes)
    numbers = np.full(len(cells.values), np.nan)
    for i, text in enumerate(cells.values):
        if coded[i] is not None:
            numbers[i] = float(str(coded[i]))
        elif not missing[i] and (number := numerals.number(text)) is not None:
            numbers[i] = number
    numbers[np.isinf(numbers)] = np.nan
    explained = np.array([code is not None for code in coded], dtype=bool)
    return numbers, np.isnan(numbers) & ~missing & ~explained


def read_ids(cells: Cells, missing_codes: Iterable[str]) -> np.ndarray:
    """Texts as ids: without the '.0' and the commas of thousands that spreadsheets add, leading zeros kept.

    None where missing.

    Returns
    -------
    ndarray of object (str or None), shape (n_values,)
    """
    missing = missing_values(cells.values, missing_codes)
    ids = np.empty(len(cells.values), dtype=object)
    for i, text in enumerate(cells.values):
        if not missing[i]:
            text = text.replace(",", "") if _THOUSANDS.fullmatch(text) else text
            head, dot, tail = text.partition(".")
            ids[i] = head if dot and head.isdigit() and not tail.strip("0") else text
    return ids
