"""Answers to items and scores of scales, and the ranges they must lie in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from naturalistic.reference.models import Instrument

NO_SCALE = -1
NO_ITEM = 0
_LEAST_SHIFTED = 10
_LEAST_MEANS = 20
_MOST_ITEMS = 256


@dataclass(frozen=True, slots=True)
class Answers:
    """Answers, one position each.

    Attributes
    ----------
    form : ndarray of int32
        Position of the form.
    row : ndarray of int32
        Row number in the file.
    instrument, scale : ndarray of int16
        Positions in the catalogue; `NO_SCALE` for the answer to an item.
    item : ndarray of int16
        Number of the item, `NO_ITEM` for a score.
    column : ndarray of int16
        Column of the file, as a position in a list kept by the reader.
    value : ndarray of float64
        The answer or score.
    """

    form: np.ndarray
    row: np.ndarray
    instrument: np.ndarray
    scale: np.ndarray
    item: np.ndarray
    column: np.ndarray
    value: np.ndarray

    def __len__(self) -> int:
        return len(self.value)

    def take(self, keep: np.ndarray) -> Answers:
        """The answers of a mask or of positions."""
        return Answers(*(getattr(self, name)[keep] for name in self.__slots__))

    def moved(self, form: np.ndarray) -> Answers:
        """The same answers on other forms."""
        return replace(self, form=np.asarray(form, dtype=np.int32))

    @classmethod
    def of_column(
        cls,
        form: np.ndarray,
        row: np.ndarray,
        constants: tuple[int, int, int, int],
        value: np.ndarray,
    ) -> Answers:
        """The cells of one column; `constants` are its instrument, scale, item and column."""
        instrument, scale, item, column = (np.full(len(form), c, np.int16) for c in constants)
        places = form.astype(np.int32), row.astype(np.int32)
        return cls(*places, instrument, scale, item, column, value)

    @classmethod
    def joined(cls, parts: Iterable[Answers]) -> Answers:
        """All answers of several parts, in order."""
        parts = list(parts)
        return cls(*(np.concatenate([getattr(p, name) for p in parts]) for name in cls.__slots__))


class Catalogue:
    """What the instruments allow, as arrays to look up in.

    Attributes
    ----------
    instruments : tuple of Instrument
    scales : tuple of str
        Keys of the scales of all instruments.
    item_low, item_high : ndarray of float, shape (n_instruments,)
        Range of an item; NaN where it is not known.
    n_items : ndarray of float, shape (n_instruments,)
        Items of the form; infinite where it is not known.
    scale_low, scale_high : ndarray of float, shape (n_instruments, n_scales)
        Range of a scale; NaN where the instrument has no such scale.
    reversed : ndarray of bool, shape (n_instruments, 257)
        Items scored the other way round.
    """

    def __init__(self, instruments: Mapping[str, Instrument]) -> None:
        self.instruments = tuple(instruments.values())
        self.keys = tuple(instruments)
        self.scales: tuple[str, ...] = tuple(
            sorted({s.key for i in self.instruments for s in i.scales})
        )
        built = [i.structure for i in self.instruments]
        self.item_low = np.array([_or_nan(b.item_min) for b in built], dtype=float)
        self.item_high = np.array([_or_nan(b.item_max) for b in built], dtype=float)
        self.n_items = np.array([np.inf if b.n_items is None else b.n_items for b in built], float)
        shape = len(self.instruments), len(self.scales)
        self.scale_low = np.full(shape, np.nan)
        self.scale_high = np.full(shape, np.nan)
        self.reversed = np.zeros((shape[0], _MOST_ITEMS + 1), dtype=bool)
        for i, instrument in enumerate(self.instruments):
            self.reversed[i, list(instrument.structure.reversed or ())] = True
            for scale in instrument.scales:
                place = i, self.scales.index(scale.key)
                self.scale_low[place], self.scale_high[place] = scale.minimum, scale.maximum

    def place(self, key: str) -> int:
        """Position of an instrument."""
        return self.keys.index(key)

    def scale_place(self, key: str) -> int:
        """Position of a scale."""
        return self.scales.index(key)


@dataclass(frozen=True, slots=True)
class Judged:
    """Which answers break which rule.

    Attributes
    ----------
    broken : dict of str to ndarray of bool
        By rule; every rule that is broken at least once.
    hints : dict of str to str
        More on what was found, by rule.
    not_known : ndarray of bool
        Answers that say "not known" by the instrument's own code: missing, and no problem.
    """

    broken: dict[str, np.ndarray]
    hints: dict[str, str]
    not_known: np.ndarray


def unknown_answers(answers: Answers, catalogue: Catalogue) -> dict[str, np.ndarray]:
    """Answers to questionnaires, items and scales that do not exist, by rule.

    Returns
    -------
    dict of str to ndarray of bool, shape (n,)
        Each answer under one rule at most.
    """
    lost = answers.instrument < 0
    is_item = answers.item != NO_ITEM
    n_items = catalogue.n_items[answers.instrument]
    no_item = ~lost & is_item & ((answers.item < 1) | (answers.item > n_items))
    own = catalogue.scale_low[answers.instrument, answers.scale]
    no_scale = ~lost & ~is_item & ((answers.scale == NO_SCALE) | np.isnan(own))
    return {"instrument_missing": lost, "item_unknown": no_item, "scale_unknown": no_scale}


def judge(answers: Answers, catalogue: Catalogue, *, scaled: bool) -> Judged:
    """Hold answers and scores against the ranges of their instruments.

    Parameters
    ----------
    answers : Answers
        Of items and scales that exist.
    catalogue : Catalogue
    scaled : bool
        The mapping says by what to multiply scores, so that they are not doubted as item means.
    """
    is_item = answers.item != NO_ITEM
    not_known = np.zeros(len(answers), dtype=bool)
    broken: dict[str, np.ndarray] = {}
    hints: dict[str, str] = {}
    for place in np.flatnonzero(np.bincount(answers.instrument)):
        instrument = catalogue.instruments[place]
        own = answers.instrument == place
        codes = instrument.structure.not_known_codes
        if codes:
            not_known |= own & is_item & np.isin(answers.value, codes)
        _judge_items(answers, own & is_item & ~not_known, int(place), catalogue, broken, hints)
        for scale in np.flatnonzero(np.bincount(answers.scale[own & ~is_item])):
            marked = own & ~is_item & (answers.scale == scale)
            _judge_scores(
                answers, marked, (int(place), int(scale)), catalogue, broken, hints, scaled=scaled
            )
    return Judged(broken, hints, not_known)


def _judge_items(
    answers: Answers,
    own: np.ndarray,
    place: int,
    catalogue: Catalogue,
    broken: dict[str, np.ndarray],
    hints: dict[str, str],
) -> None:
    low, high = catalogue.item_low[place], catalogue.item_high[place]
    if np.isnan(low) or not own.any():
        return
    values = answers.value[own]
    outside = own & ((answers.value < low) | (answers.value > high))
    outside |= own & (answers.value != np.round(answers.value))
    key = catalogue.keys[place]
    above = values == high + 1
    shifted = above.any() and not (values == low).any() and values.max() == high + 1
    if shifted and len(values) >= _LEAST_SHIFTED and not (values < low).any():
        hint = f"{key} runs from {low:g} to {high:g}, the file from {low + 1:g} to {high + 1:g}"
        _mark(broken, hints, "items_shifted", own & (answers.value == high + 1), hint)
    else:
        _mark(broken, hints, "item_out_of_range", outside, f"{key}: {low:g} to {high:g}")


def _judge_scores(
    answers: Answers,
    own: np.ndarray,
    place: tuple[int, int],
    catalogue: Catalogue,
    broken: dict[str, np.ndarray],
    hints: dict[str, str],
    *,
    scaled: bool,
) -> None:
    low, high = catalogue.scale_low[place], catalogue.scale_high[place]
    instrument = catalogue.instruments[place[0]]
    scale = instrument.scale(catalogue.scales[place[1]])
    outside = own & ((answers.value < low) | (answers.value > high))
    name = f"{instrument.key}.{scale.key}: {low:g} to {high:g}"
    most = 2 * outside.sum() > own.sum()
    _mark(
        broken, hints, "most_scores_out_of_range" if most else "score_out_of_range", outside, name
    )
    ceiling = instrument.structure.item_max
    if scale.scoring == "mean_times_10" and ceiling is not None and not scaled:
        small = own.sum() >= _LEAST_MEANS and bool((answers.value[own] <= ceiling).all())
        if small:
            _mark(broken, hints, "scores_look_like_item_means", own, name)


def turned_back(answers: Answers, catalogue: Catalogue) -> Answers:
    """Answers as they stand on the form, where the file holds positively worded items already turned round."""
    turned = (answers.item != NO_ITEM) & catalogue.reversed[
        answers.instrument, np.clip(answers.item, 0, _MOST_ITEMS)
    ]
    ends = (catalogue.item_low + catalogue.item_high)[answers.instrument]
    return replace(answers, value=np.where(turned, ends - answers.value, answers.value))


def _mark(
    broken: dict[str, np.ndarray], hints: dict[str, str], rule: str, rows: np.ndarray, hint: str
) -> None:
    if rows.any():
        broken[rule] = broken.get(rule, np.zeros(len(rows), dtype=bool)) | rows
        if hint not in hints.get(rule, ""):
            hints[rule] = "; ".join(filter(None, (hints.get(rule), f"accepted: {hint}")))


def _or_nan(number: float | None) -> float:
    return np.nan if number is None else number
