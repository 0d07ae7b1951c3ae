"""Which columns of a file hold questionnaires: items, scores, dates, and what is worked out from them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from naturalistic.cohort.guessing.code_words import words_of
from naturalistic.cohort.guessing.form_names import FormName, FormWords, Series, series_of
from naturalistic.cohort.guessing.header_words import pieces
from naturalistic.cohort.guessing.profile import FILLER_NUMBERS, Column, FileProfile
from naturalistic.reference.models import Instrument, Scale

_PLAIN_OCCASIONS = frozenset({"pre", "post", "baseline", "bl", "fu", "followup"})
_FEWEST_ITEMS = 5
_LEAST_ROWS_FOR_DIRECTION = 30
_CLEAR_CORRELATION = 0.15
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


@dataclass(frozen=True, slots=True)
class ScoreColumn:
    """A score of one form.

    Attributes
    ----------
    column : Column
    instruments : tuple of str
        Instruments it can be, the most likely first.
    name : FormName
    factor : float or None
        What turns it into the unit of the instrument.
    """

    column: Column
    instruments: tuple[str, ...]
    name: FormName
    factor: float | None


@dataclass(frozen=True)
class FormsFound:
    """The questionnaires in the columns of one file.

    Attributes
    ----------
    items, scores, dates : list
        Items, scores, and dates of forms.
    derived, elsewhere, odd : dict of str to str
        Columns left out with the reason: worked out from a questionnaire; of a questionnaire without an instrument
        file; named like a questionnaire but with values that are none.
    """

    items: list[ItemColumns] = field(default_factory=list)
    scores: list[ScoreColumn] = field(default_factory=list)
    dates: list[tuple[Column, FormName]] = field(default_factory=list)
    derived: dict[str, str] = field(default_factory=dict)
    elsewhere: dict[str, str] = field(default_factory=dict)
    odd: dict[str, str] = field(default_factory=dict)

    @property
    def any(self) -> bool:
        """Any answer or score."""
        return bool(self.items or self.scores)

    @property
    def placed(self) -> bool:
        """Any name says when the form was completed."""
        names = [part.name for part in self.items] + [part.name for part in self.scores]
        return any(name.placed for name in names)

    def names(self) -> set[str]:
        """Every column that belongs to a questionnaire."""
        found = {n for part in self.items for n in part.series.columns.values()}
        found |= {part.column.name for part in self.scores} | {c.name for c, _ in self.dates}
        return found | set(self.derived) | set(self.elsewhere) | set(self.odd)


def find_forms(file: FileProfile, words: FormWords) -> FormsFound:
    """The questionnaires in the columns of one file."""
    about = words.parse(file.stem).instruments
    found = FormsFound()
    left = {n: c for n, c in file.columns.items() if not c.empty and not c.rules}
    for series in series_of(left, _FEWEST_ITEMS):
        if not set(series.columns.values()) <= set(left):
            continue
        items = _as_items(series, left, words, about)
        if items is not None:
            found.items.append(items)
            for name in series.columns.values():
                del left[name]
    for name, column in left.items():
        parsed = _parsed(column, words)
        if parsed.elsewhere and column.numeric:
            found.elsewhere[name] = (
                f"belongs to {parsed.elsewhere.upper()}, for which there is no instrument file"
            )
        elif parsed.instruments:
            _sort_out(column, parsed, words.instruments, found)
        elif (
            about
            and column.numeric
            and parsed.says_total
            and not parsed.leftover
            and not parsed.is_derived
        ):
            _sort_out(column, replace(parsed, instruments=about), words.instruments, found)
    for name, column in left.items():
        parsed = words.parse(name)
        if column.dates and _date_of_a_form(parsed, name):
            found.dates.append((column, parsed))
    return _settled(found, words.instruments)


def _parsed(column: Column, words: FormWords) -> FormName:
    """What the name says, or the label of a statistical file where that names a questionnaire."""
    parsed = words.parse(column.name)
    if column.label:
        labelled = words.parse(column.label)
        if labelled.instruments and len(labelled.leftover) <= 2:
            return replace(labelled, leftover=())
    return parsed


def _date_of_a_form(parsed: FormName, name: str) -> bool:
    """A date beside a form without its name, such as `date_pre`; `discharge_date` is a date of the referral."""
    plainly = {piece.text for piece in pieces(name)} & _PLAIN_OCCASIONS
    usual = parsed.counter in ("session", "time", "month", "plain") or bool(plainly)
    return (
        parsed.is_date
        and usual
        and not parsed.instruments
        and not parsed.leftover
        and _plainly(parsed)
    )


def _plainly(parsed: FormName) -> bool:
    return not parsed.is_derived and parsed.item is None


def _sort_out(
    column: Column, parsed: FormName, instruments: Mapping[str, Instrument], found: FormsFound
) -> None:
    name = column.name
    if column.dates is not None or (parsed.is_date and column.serial_dates):
        found.dates.append((column, parsed))
    elif parsed.is_derived or not column.numeric:
        found.derived[name] = "worked out from a questionnaire, not an answer or a score"
    else:
        fitting = [
            (key, factor)
            for key in parsed.instruments
            if (
                factor := unit_factor(
                    column, _scale(instruments[key], parsed.scale), instruments[key]
                )
            )
            > 0
        ]
        if not fitting or (column.spread()[1] <= 1 and parsed.leftover):
            found.odd[name] = "is named like a questionnaire, but its values do not fit its range"
            return
        keys = tuple(key for key, _ in fitting)
        if "core_om" in keys and len(keys) > 1 and not column.whole:
            keys = ("core_om",)
        factor = fitting[0][1]
        found.scores.append(ScoreColumn(column, keys, parsed, None if factor == 1 else factor))


def _scale(instrument: Instrument, key: str) -> Scale:
    wanted = key or instrument.primary_scale
    return next((s for s in instrument.scales if s.key == wanted), instrument.scales[0])


def unit_factor(column: Column, scale: Scale, instrument: Instrument) -> float:
    """What turns a column into the unit of a scale: 1 as it is, 10 for item means, 0 where nothing fits."""
    low, high = column.spread()
    built = instrument.structure
    n_items = len(scale.items) if scale.items else built.n_items
    item_max = built.item_max
    if low < 0:
        return 0.0
    if (
        scale.scoring == "mean_times_10"
        and not column.whole
        and item_max is not None
        and high <= item_max
    ):
        return 10.0
    if low >= scale.minimum - 1e-9 and high <= scale.maximum + 1e-9:
        return 1.0
    if (
        scale.scoring == "mean_times_10"
        and n_items
        and item_max is not None
        and high <= n_items * item_max
    ):
        return 10.0 / n_items
    outside = float(
        column.counts[(column.numbers > scale.maximum) | (column.numbers < scale.minimum)].sum()
    )
    # a few slips of the pen do not make another scale; they are set to missing when the extract is read
    return 1.0 if outside <= 0.02 * column.n_filled else 0.0


def _as_items(
    series: Series, columns: Mapping[str, Column], words: FormWords, about: tuple[str, ...]
) -> ItemColumns | None:
    held = [columns[name] for name in series.columns.values()]
    answers = _answers_in_words(held)
    if answers is None and not all(c.numeric and c.whole for c in held):
        return None
    high = max(c.spread()[1] for c in held) if answers is None else max(answers.values())
    low = min(c.spread()[0] for c in held) if answers is None else 0
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
    """Whether positively worded items were turned round: they then go with the others, else against them.

    None where it makes no difference or cannot be told from the answers.
    """
    turned = instrument.structure.reversed or ()
    positive = [_numbers(file, n) for i, n in items.series.columns.items() if i in turned]
    others = [_numbers(file, n) for i, n in items.series.columns.items() if i not in turned]
    if not positive or not others:
        return None
    one, two = np.mean(positive, axis=0), np.mean(others, axis=0)
    held = ~np.isnan(one) & ~np.isnan(two)
    if held.sum() < _LEAST_ROWS_FOR_DIRECTION or one[held].std() == 0 or two[held].std() == 0:
        return None
    correlation = float(np.corrcoef(one[held], two[held])[0, 1])
    return None if abs(correlation) < _CLEAR_CORRELATION else correlation > 0


def _numbers(file: FileProfile, name: str) -> np.ndarray:
    column = file.columns[name]
    numbers = np.where(np.isin(column.numbers, FILLER_NUMBERS), np.nan, column.numbers)
    return numbers[column.cells.codes]


def _settled(found: FormsFound, instruments: Mapping[str, Instrument]) -> FormsFound:
    """What one column leaves open, another settles: CORE with four domains is CORE-OM."""
    whole = {part.instruments[0] for part in found.items}
    whole |= {p.instruments[0] for p in found.scores if len(p.instruments) == 1 or p.name.scale}
    scores = []
    for part in found.scores:
        certain = [key for key in part.instruments if key in whole]
        keys = (
            (certain[0],) if len(part.instruments) > 1 and len(certain) == 1 else part.instruments
        )
        scores.append(replace(part, instruments=keys))
    del instruments
    return replace(found, scores=scores)
