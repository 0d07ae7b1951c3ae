"""The items of a questionnaire in numbered columns: which questionnaire, and whether they were turned round."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from naturalistic.cohort.guessing.code_words import words_of
from naturalistic.cohort.guessing.column import FILLER_NUMBERS, Column
from naturalistic.cohort.guessing.form_names import FormName, FormWords
from naturalistic.cohort.guessing.profile import FileProfile
from naturalistic.cohort.guessing.series import Series
from naturalistic.reference.models import Instrument

_LEAST_ROWS_FOR_DIRECTION = 30
_CLEAR_CORRELATION = 0.15
_SLIPS = 0.005
_ANSWERS: tuple[dict[str, int], ...] = (
    {"not at all": 0, "several days": 1, "more than half the days": 2, "nearly every day": 3},
    {
        "not at all": 0,
        "only occasionally": 1,
        "sometimes": 2,
        "often": 3,
        "most or all the time": 4,
    },
)


@dataclass(frozen=True, slots=True)
class ItemColumns:
    """The items of one form.

    Attributes
    ----------
    instruments : tuple of str
        Instruments it can be, the most likely first.
    series : Series
        The columns.
    name : FormName
        What the name without the number says.
    reason : str
        Why it is taken for that.
    """

    instruments: tuple[str, ...]
    series: Series
    name: FormName
    reason: str


def items_of(
    series: Series, columns: Mapping[str, Column], words: FormWords, about: tuple[str, ...]
) -> ItemColumns | None:
    """A series of numbered columns as the items of a questionnaire; None where it is something else.

    Parameters
    ----------
    series : Series
    columns : mapping of str to Column
        The columns of the file.
    words : FormWords
    about : tuple of str
        Instruments that the name of the file names.
    """
    held = [columns[name] for name in series.columns.values()]
    answers = _answers_in_words(held)
    if answers is None and not all(c.numeric and c.whole for c in held):
        return None
    if answers is not None:
        return _items_between(series, held, words, about, (0.0, float(max(answers.values()))))
    low, high = min(c.spread()[0] for c in held), max(c.spread()[1] for c in held)
    whole = _items_between(series, held, words, about, (low, high))
    return whole or _items_between(series, held, words, about, (low, _highest_but_slips(held)))


def _items_between(
    series: Series,
    held: list[Column],
    words: FormWords,
    about: tuple[str, ...],
    answers: tuple[float, float],
) -> ItemColumns | None:
    """The items of a questionnaire whose answers lie between two numbers."""
    low, high = answers
    if high > 8 or low < 0:
        return None
    n = max(series.columns)
    parsed = words.parse(series.bare)
    named = parsed.instruments or words.parse(series.pattern.replace("{item}", "1")).instruments
    labelled = words.parse(held[0].label).instruments if held[0].label else ()
    keys = named or labelled or about
    fitting = [
        k for k in (keys or words.instruments) if _fits_items(words.instruments[k], n, low, high)
    ]
    if keys and not fitting:
        # "core_1" to "core_34": the short name says a family, the number of items says which one
        family = [k for k in words.instruments if k.split("_")[0] == keys[0].split("_")[0]]
        fitting = [k for k in family if _fits_items(words.instruments[k], n, low, high)]
    if not fitting:
        return None
    if keys:
        reason = f"{n} columns named after it, answers {low:g} to {high:g}"
    else:
        if n < 7 or parsed.leftover:
            return None
        reason = f"{n} numbered columns with answers {low:g} to {high:g}"
    return ItemColumns(tuple(fitting), series, replace(parsed, instruments=tuple(keys)), reason)


def _highest_but_slips(held: list[Column]) -> float:
    """The highest answer when the few above it are left out: one answer of 7 among thousands from 0 to 3 is a slip.

    Slips are set to missing when the extract is read.
    """
    numbers = np.concatenate([c.numbers for c in held])
    counts = np.concatenate([c.counts for c in held])
    usual = ~np.isnan(numbers) & ~np.isin(numbers, FILLER_NUMBERS) & (counts > 0)
    numbers, counts = numbers[usual], counts[usual]
    order = np.argsort(numbers)
    reached = np.cumsum(counts[order]) >= (1 - _SLIPS) * counts.sum()
    return float(numbers[order][np.argmax(reached)]) if reached.any() else np.inf


def _fits_items(instrument: Instrument, n: int, low: float, high: float) -> bool:
    built = instrument.structure
    if built.n_items != n:
        return False
    return built.item_max is None or (low >= (built.item_min or 0) and high <= built.item_max)


def _answers_in_words(held: Iterable[Column]) -> dict[str, int] | None:
    """Answers as the field's usual words, by the texts of the file; None where they are something else."""
    texts = {str(t) for column in held for t in column.texts}
    for answers in _ANSWERS:
        if texts and {words_of(t) for t in texts} <= set(answers):
            return {t: answers[words_of(t)] for t in sorted(texts)}
    return None


def answer_codes(items: ItemColumns, file: FileProfile) -> dict[str, int] | None:
    """Numbers of answers in words; None where the answers are numbers."""
    held = [file.columns[name] for name in items.series.columns.values()]
    codes = _answers_in_words(held)
    if codes is None:
        return None
    often = {str(t) for column in held for t in column.cells.values[column.often()]}
    return {t: number for t, number in codes.items() if t in often}


def already_reversed(items: ItemColumns, file: FileProfile, instrument: Instrument) -> bool | None:
    """Whether positively worded items in columns were turned round; see `direction`."""
    return direction({i: _numbers(file, n) for i, n in items.series.columns.items()}, instrument)


def direction(answers: Mapping[int, np.ndarray], instrument: Instrument) -> bool | None:
    """Whether positively worded items were turned round: they then go with the others, else against them.

    Parameters
    ----------
    answers : mapping of int to ndarray of float, shape (n_forms,)
        Answers by item, NaN where missing.
    instrument : Instrument

    Returns
    -------
    bool or None
        None where the instrument has no such items, or where the answers do not tell.
    """
    turned = instrument.structure.reversed or ()
    positive = [held for item, held in answers.items() if item in turned]
    others = [held for item, held in answers.items() if item not in turned]
    if not positive or not others:
        return None
    one, two = np.mean(positive, axis=0), np.mean(others, axis=0)
    held = ~np.isnan(one) & ~np.isnan(two)
    if held.sum() < _LEAST_ROWS_FOR_DIRECTION or one[held].std() == 0 or two[held].std() == 0:
        return None
    correlation = float(np.corrcoef(one[held], two[held])[0, 1])
    return None if abs(correlation) < _CLEAR_CORRELATION else correlation > 0


def fitting_instruments(
    instruments: Mapping[str, Instrument], n: int, low: float, high: float
) -> tuple[str, ...]:
    """Instruments of `n` items whose answers can range from `low` to `high`."""
    return tuple(key for key, each in instruments.items() if _fits_items(each, n, low, high))


def _numbers(file: FileProfile, name: str) -> np.ndarray:
    column = file.columns[name]
    numbers = np.where(np.isin(column.numbers, FILLER_NUMBERS), np.nan, column.numbers)
    return numbers[column.cells.codes]
