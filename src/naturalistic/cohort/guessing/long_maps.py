"""Questionnaires with one row an answer or a score, as a block of the mapping."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from naturalistic.cohort.guessing.column import Column
from naturalistic.cohort.guessing.column_maps import filler_codes
from naturalistic.cohort.guessing.columns import Guess
from naturalistic.cohort.guessing.file_roles import FileRoles
from naturalistic.cohort.guessing.form_values import FormValues
from naturalistic.cohort.guessing.item_columns import direction, fitting_instruments
from naturalistic.cohort.guessing.long_columns import item_number, measure_named
from naturalistic.cohort.guessing.questions import LEAVE_OUT, Option, Question

_HIGHEST_SCORE = 136.0
_HIGHEST_ANSWER = 10.0


@dataclass
class LongBlock:
    """The entries of a block with one row an answer or a score.

    Attributes
    ----------
    values : FormValues
        The file, the names of the instruments, and what was asked already.
    """

    values: FormValues

    @property
    def each(self) -> FileRoles:
        """The file."""
        return self.values.each

    def entries(self) -> tuple[dict[str, object], dict[str, tuple[object, str]]]:
        """Keys of the block, and its columns with the reason for each."""
        long = self.each.long
        block: dict[str, object] = {}
        columns: dict[str, tuple[object, str]] = {}
        keys: tuple[str, ...] = ()
        if "instrument" in long:
            column = long["instrument"].column
            codes = self._measures(column)
            keys = tuple(dict.fromkeys(key for key, _ in codes.values()))
            named = {text: key for text, (key, _) in codes.items()}
            columns["instrument"] = (
                {"from": column.name, "codes": named},
                _why(long["instrument"]),
            )
            if "item" not in long and "scale" not in long:
                scales = {text: scale for text, (_, scale) in codes.items()}
                columns["scale"] = ({"from": column.name, "codes": scales}, "")
        else:
            keys = self._unnamed()
            block["instrument"] = self._instrument(keys)
        if "item" in long:
            columns["item"] = (self._items(long["item"].column), _why(long["item"]))
            block |= self._direction(keys)
        elif "scale" in long:
            columns["scale"] = (self._scales(long["scale"].column, keys), _why(long["scale"]))
        elif "scale" not in columns:
            whole = self.values.words.instruments[keys[0]].primary_scale
            columns["scale"] = ({"constant": whole}, "one score a form")
        columns["value"] = (self._value(long["value"].column), _why(long["value"]))
        return block, columns

    # --------------------------------------------------------------------------------------------------- instruments

    def _measures(self, column: Column) -> dict[str, tuple[str, str]]:
        """Instrument and scale of each text that names one and may be written."""
        counts = {str(t): int(n) for t, n in zip(column.cells.values, column.counts, strict=True)}
        found: dict[str, tuple[str, str]] = {}
        for text in sorted(column.writable()):
            key, scale = measure_named(text, self.values.words)
            if key:
                found[text] = (key, scale)
                self.values.count(key, counts[text])
        return found

    def _unnamed(self) -> tuple[str, ...]:
        """Instruments that the name of the file names, or that the numbers of items and answers fit."""
        named = self.values.words.parse(self.each.file.stem).instruments
        if "item" not in self.each.long:
            return named
        numbers = [n for t in self.each.long["item"].column.texts if (n := item_number(str(t)))]
        low, high = self.each.long["value"].column.spread()
        instruments = self.values.words.instruments
        fitting = fitting_instruments(instruments, max(numbers, default=0), low, high)
        both = tuple(key for key in fitting if key in named)
        return both or named or fitting

    def _instrument(self, keys: tuple[str, ...]) -> object:
        if len(keys) == 1:
            self.values.count(keys[0], self.each.file.n_rows)
            return keys[0]
        shown = keys or tuple(self.values.words.instruments)
        options = tuple(Option(self.values.words.instruments[k].name, k) for k in shown)
        text = (
            f"which questionnaire is in {self.each.file.key}? Neither its name nor its values tell."
        )
        return self.values.ask(("which", self.each.file.key), Question(text, options))

    # ------------------------------------------------------------------------------------------------- items and scales

    def _items(self, column: Column) -> object:
        if column.numeric:
            return column.name
        codes = {
            t: item_number(t) for t in sorted(column.writable(), key=lambda t: (item_number(t), t))
        }
        return {"from": column.name, "codes": codes}

    def _direction(self, keys: tuple[str, ...]) -> dict[str, object]:
        """Whether positively worded items were turned round, where an instrument has such items."""
        with_turned = [k for k in keys if self.values.words.instruments[k].structure.reversed]
        if not with_turned:
            return {}
        instrument = self.values.words.instruments[with_turned[0]]
        answers = self._answers(instrument.key)
        turned = direction(answers, instrument)
        return {
            "already_reversed": self.values.ask_direction(instrument) if turned is None else turned
        }

    def _answers(self, key: str) -> dict[int, np.ndarray]:
        """Answers to each item, one place a person and date."""
        long = self.each.long
        item, value = long["item"].column, long["value"].column
        numbers = np.array([item_number(str(t)) for t in item.cells.values])[item.cells.codes]
        owner = self.each.referral or self.each.patient
        date = self.each.picked.get("form.date")
        parts = [c.cells.codes for c in (owner, date.column if date else None) if c is not None]
        rows = np.ones(len(numbers), dtype=bool)
        if "instrument" in long:
            texts = long["instrument"].column.cells
            own = [measure_named(str(t), self.values.words)[0] == key for t in texts.values]
            rows = np.array(own, dtype=bool)[texts.codes]
        frame = pd.DataFrame({f"_{i}": part for i, part in enumerate(parts)})
        frame = frame.assign(item=numbers, value=value.numbers[value.cells.codes])[rows]
        frame = frame.dropna().drop_duplicates([*frame.columns[:-1]])
        wide = frame.pivot(index=list(frame.columns[:-2]), columns="item", values="value")
        return {int(n): wide[n].to_numpy() for n in wide.columns}

    def _scales(self, column: Column, keys: tuple[str, ...]) -> object:
        """The column of the scale, with the key of each text that is not a key already."""
        words = self.values.words
        keys = keys or tuple(words.instruments)
        known = {scale.key for key in keys for scale in words.instruments[key].scales}
        codes: dict[str, object] = {}
        for text in sorted(column.writable()):
            if text.casefold() in known:
                continue
            said = {words.parse(f"{words.instruments[key].name} {text}").scale for key in keys} - {
                ""
            }
            if not said and words.parse(text).says_total:
                said = {words.instruments[keys[0]].primary_scale}
            codes[text] = next(iter(said)) if len(said) == 1 else _which_scale(text, column, known)
        return {"from": column.name, "codes": codes} if codes else column.name

    def _value(self, column: Column) -> object:
        high = _HIGHEST_ANSWER if "item" in self.each.long else _HIGHEST_SCORE
        fillers = [*filler_codes(column, (0.0, high)), *column.missing_here_only()]
        return {"from": column.name, "missing_codes": fillers} if fillers else column.name


def _which_scale(text: str, column: Column, known: set[str]) -> Question:
    options = tuple(Option(key, key) for key in sorted(known))
    nothing = Option("nothing: the cell counts as missing", LEAVE_OUT.value)
    return Question(f"which scale is {text!r} of {column.name!r}?", (*options, nothing))


def _why(guess: Guess) -> str:
    return f"{guess.confidence}: {guess.reason}"
