"""Which columns of a file hold questionnaires: items, scores, dates, and what is worked out from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from naturalistic.cohort.guessing.column import Column
from naturalistic.cohort.guessing.form_names import FormName, FormWords
from naturalistic.cohort.guessing.header_words import pieces
from naturalistic.cohort.guessing.item_columns import ItemColumns, items_of
from naturalistic.cohort.guessing.profile import FileProfile
from naturalistic.cohort.guessing.series import series_of
from naturalistic.reference.models import Instrument, Scale

_PLAIN_OCCASIONS = frozenset({"pre", "post", "baseline", "bl", "fu", "followup"})
_FEWEST_ITEMS = 5


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

    @property
    def words_behind(self) -> bool:
        """Any score has words behind it, such as "12 (moderate)"."""
        return any(part.column.numerals.words_behind for part in self.scores)

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
        items = items_of(series, left, words, about)
        if items is not None:
            found.items.append(items)
            for name in series.columns.values():
                del left[name]
    for name, plain in left.items():
        parsed = _parsed(plain, words)
        column = plain.without_words_behind() if parsed.instruments else plain
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
    return _settled(found)


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
    elif parsed.is_derived:
        found.derived[name] = "worked out from a questionnaire, not an answer or a score"
    elif not column.numeric:
        found.odd[name] = "is named like a questionnaire, but most of its values are no numbers"
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


def _settled(found: FormsFound) -> FormsFound:
    """What one column leaves open, another settles: CORE with four domains is CORE-OM, and a date needs a form."""
    whole = {part.instruments[0] for part in found.items}
    whole |= {p.instruments[0] for p in found.scores if len(p.instruments) == 1 or p.name.scale}
    scores = []
    for part in found.scores:
        certain = [key for key in part.instruments if key in whole]
        keys = (
            (certain[0],) if len(part.instruments) > 1 and len(certain) == 1 else part.instruments
        )
        scores.append(replace(part, instruments=keys))
    names = [part.name for part in found.items] + [part.name for part in scores]
    times = {_time(name) for name in names}
    dates = [(c, name) for c, name in found.dates if name.instruments or _time(name) in times]
    return replace(found, scores=scores, dates=dates)


def _time(name: FormName) -> tuple[str, str, int | None]:
    return name.occasion, name.counter, name.number
