"""The questionnaires of a file as blocks of the mapping."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from naturalistic.cohort.guessing.column_maps import DateQuestions, entry, filler_codes
from naturalistic.cohort.guessing.columns import Guess
from naturalistic.cohort.guessing.draft import Draft
from naturalistic.cohort.guessing.form_names import FormName, FormWords
from naturalistic.cohort.guessing.forms import (
    ItemColumns,
    ScoreColumn,
    already_reversed,
    answer_codes,
)
from naturalistic.cohort.guessing.profile import Column
from naturalistic.cohort.guessing.questions import LEAVE_OUT, Option, Question
from naturalistic.cohort.guessing.roles import FileRoles, measure_named
from naturalistic.reference.models import Instrument
from naturalistic.vocabulary import OCCASIONS

_MANY_TIMES = 5
_NUMBER = re.compile(r"\d+")
_ORDER = ("assessment", "pre", "session", "end", "follow_up", "")
_OCCASION_OPTIONS = tuple(Option(word.label, key) for key, word in OCCASIONS.items())


@dataclass
class FormGroup:
    """The columns of one form: one questionnaire at one time."""

    instruments: tuple[str, ...]
    name: FormName
    scores: list[ScoreColumn] = field(default_factory=list)
    items: ItemColumns | None = None
    date: Column | None = None


@dataclass
class FormWriter:
    """Writes the questionnaire blocks of one file into a draft.

    Attributes
    ----------
    each : FileRoles
    words : FormWords
    draft : Draft
    dates : DateQuestions
    file_format : str or None
        Format of dates that the file declares.
    links : dict of str to str
        Columns that link a row to its referral.
    """

    each: FileRoles
    words: FormWords
    draft: Draft
    dates: DateQuestions
    file_format: str | None
    links: dict[str, str]
    instruments_used: dict[str, int] = field(default_factory=dict)
    fillers: set[str] = field(default_factory=set)
    _shared: dict[tuple[object, ...], Question] = field(default_factory=dict)

    def write(self) -> None:
        """Every block of the file."""
        if self.each.long:
            self._write_long()
        groups = self._groups()
        placed = [g for g in groups if g.name.placed or not self.each.repeated]
        rows = [g for g in groups if not (g.name.placed or not self.each.repeated)]
        if placed:
            self._write_wide(placed)
        for group in rows:
            self._write_rows(group)

    # ------------------------------------------------------------------------------------------------- one row a form

    def _columns_of_rows(self, *, several: bool) -> None:
        """Links, date, occasion and session number of a file with one row a form."""
        self.draft.add(3, "columns")
        for target, source in self.links.items():
            self.draft.add(4, target, source)
        for target in ("form.form_id", "form.date", "form.occasion", "form.session_number"):
            guess = self.each.picked.get(target)
            if target == "form.date" and guess is None:
                guess = self.each.picked.get("sessions.date")
            if guess is None or (target == "form.form_id" and not several):
                continue
            made = entry(guess, self.each.file, self.file_format, self.dates)
            if target == "form.session_number" and guess.column.n_distinct > 200:
                continue
            self.draft.add(4, target.split(".")[1], made.value, made.comment, made.needs)
        occasion = self.each.picked.get("form.occasion")
        if occasion is not None and "form.session_number" not in self.each.picked:
            self._numbers_of_sessions(occasion)

    def _numbers_of_sessions(self, occasion: Guess) -> None:
        """Numbers of sessions that stand in the names of the occasions, such as `session_4_arm_1`."""
        heard = occasion.meanings.known if occasion.meanings else {}
        texts = sorted(occasion.column.writable())
        numbers = {t: _NUMBER.search(t) for t in texts if heard.get(t) == "session"}
        codes = {t: int(found[0]) for t, found in numbers.items() if found}
        if codes:
            others = [t for t in texts if t not in codes]
            value = {"from": occasion.column.name, "codes": codes, "missing_codes": others}
            self.draft.add(
                4, "session_number", value, "likely: the numbers in the names of the occasions"
            )

    def _write_rows(self, group: FormGroup) -> None:
        made, comment = self._form_values(group)
        self.draft.add(2, comment=f"one row a form: {comment}")
        first = True
        for key, value in {"file": self.each.file.key, **made}.items():
            self._item_row(key, value, first=first)
            first = False
        self._columns_of_rows(several=False)

    def _item_row(self, key: str, value: object, *, first: bool) -> None:
        # the first key of an item of a list stands behind its hyphen
        self.draft.add(2 if first else 3, f"- {key}" if first else key, value)

    # ------------------------------------------------------------------------------------- one row an answer or a score

    def _write_long(self) -> None:
        long = self.each.long
        what = "answer" if "item" in long else "score"
        self.draft.add(2, comment=f"one row a{'n' * (what == 'answer')} {what}")
        self._item_row("file", self.each.file.key, first=True)
        columns: dict[str, object] = {}
        named = self.words.parse(self.each.file.stem).instruments
        if "instrument" in long:
            columns |= self._measures(
                long["instrument"].column, with_scale="item" not in long and "scale" not in long
            )
        elif named:
            self._count(named[0], self.each.file.n_rows)
            self._item_row("instrument", self._one_of(named, self.each.file.stem), first=False)
        if "item" in long:
            columns["item"] = long["item"].column.name
        elif "scale" in long:
            columns["scale"] = self._scales(long["scale"].column)
        elif "scale" not in columns:
            key = named[0]
            columns["scale"] = {"constant": self.words.instruments[key].primary_scale}
        value = long["value"].column
        high = max(
            (i.structure.item_max or 8) if "item" in long else 136
            for i in self.words.instruments.values()
        )
        fillers = filler_codes(value, (0.0, float(high)))
        columns["value"] = {"from": value.name, "missing_codes": fillers} if fillers else value.name
        self._columns_of_rows(several=True)
        for key, each in columns.items():
            why = long[key].reason if key in long else ""
            self.draft.add(4, key, each, f"{long[key].confidence}: {why}" if why else "")

    def _measures(self, column: Column, *, with_scale: bool) -> dict[str, object]:
        """The column of the questionnaire, with the words of each text that needs one."""
        instruments: dict[str, object] = {}
        scales: dict[str, object] = {}
        counts = {str(t): int(n) for t, n in zip(column.cells.values, column.counts, strict=True)}
        for text in sorted(column.writable()):
            key, scale = measure_named(text, self.words)
            if key:
                instruments[text], scales[text] = key, scale
                self._count(key, counts[text])
        found: dict[str, object] = {"instrument": {"from": column.name, "codes": instruments}}
        if with_scale:
            found["scale"] = {"from": column.name, "codes": scales}
        return found

    def _scales(self, column: Column) -> object:
        """The column of the scale, with the key of each text that is not a key already."""
        keys = [key for key in self.instruments_used] or list(self.words.instruments)
        known = {scale.key for key in keys for scale in self.words.instruments[key].scales}
        codes: dict[str, object] = {}
        for text in sorted(column.writable()):
            if text.casefold() in known:
                continue
            said = {
                self.words.parse(f"{self.words.instruments[key].name} {text}").scale for key in keys
            }
            total = self.words.parse(text).says_total
            chosen = said - {""} or (
                {self.words.instruments[keys[0]].primary_scale} if total else set()
            )
            if len(chosen) == 1:
                codes[text] = next(iter(chosen))
            else:
                options = tuple(Option(key, key) for key in sorted(known))
                nothing = Option("nothing: the cell counts as missing", LEAVE_OUT.value)
                codes[text] = Question(
                    f"which scale is {text!r} of {column.name!r}?", (*options, nothing)
                )
        return {"from": column.name, "codes": codes} if codes else column.name

    # ------------------------------------------------------------------------------------------------ one row a person

    def _write_wide(self, groups: list[FormGroup]) -> None:
        self.draft.add(2, comment="one row a person, each form in columns of its own")
        self._item_row("file", self.each.file.key, first=True)
        if self.links:
            self.draft.add(3, "columns", dict(self.links))
        self.draft.add(3, "forms")
        follow_ups = self._undated_follow_ups(groups)
        said = ""
        for group in groups:
            made, comment = self._form_values(group)
            when = self._when(group, groups)
            needs = [v for v in when.values() if isinstance(v, Question)]
            if id(group) in follow_ups:
                when["days"] = self._days(group)
                needs.append(when["days"])  # type: ignore[arg-type]  # a question, made just above
            first = {"instrument": made.pop("instrument"), **when}
            self.draft.add(4, "-", {**first, **made}, "" if comment == said else comment, needs)
            said = comment

    def _when(self, group: FormGroup, groups: list[FormGroup]) -> dict[str, object]:
        name = group.name
        found: dict[str, object] = {}
        if group.date is not None:
            found["date"] = self._date_of_form(group.date)
        if name.occasion and name.counter != "session":
            return {"occasion": name.occasion, **found}
        if name.counter == "session":
            return {"occasion": "session", "session_number": name.number, **found}
        if name.counter in ("time", "plain"):
            return {**self._by_time(name, groups), **found}
        question = self._ask_occasion(
            ("single", *group.instruments), f"when was the {self._label(group)} completed?"
        )
        return {"occasion": question, **found}

    def _by_time(self, name: FormName, groups: list[FormGroup]) -> dict[str, object]:
        times = sorted(
            {
                g.name.number
                for g in groups
                if g.name.counter == name.counter and g.name.number is not None
            }
        )
        if len(times) >= _MANY_TIMES:
            return {"occasion": "session", "session_number": name.number}
        if name.number == times[0]:
            return {"occasion": "pre"}
        if len(times) == 2:
            return {"occasion": "end"}
        what = "time" if name.counter == "time" else "number"
        shown = ", ".join(map(str, times))
        text = f"the forms in {self.each.file.key} carry the {what}s {shown}: when was {what} {name.number}?"
        return {"occasion": self._ask_occasion((name.counter, name.number), text)}

    def _ask_occasion(self, key: tuple[object, ...], text: str) -> Question:
        # a form at a session needs the number of the session, which a choice cannot give
        options = tuple(o for o in _OCCASION_OPTIONS if o.value != "session")
        return self._shared.setdefault(key, Question(text, (*options, LEAVE_OUT)))

    def _days(self, group: FormGroup) -> Question:
        number = group.name.number
        text = (
            f"about how many days after the referral was the follow-up{f' number {number}' if number else ''} of "
            f"{self.each.file.key} completed? Several follow-ups without a date cannot be told apart."
        )
        return self._shared.setdefault(
            ("days", number), Question(text, (LEAVE_OUT,), wants_number=True)
        )

    def _undated_follow_ups(self, groups: list[FormGroup]) -> set[int]:
        undated = [g for g in groups if g.name.occasion == "follow_up" and g.date is None]
        by_key: dict[tuple[str, ...], list[FormGroup]] = {}
        for group in undated:
            by_key.setdefault(group.instruments, []).append(group)
        return {id(g) for several in by_key.values() if len(several) > 1 for g in several}

    def _date_of_form(self, column: Column) -> object:
        if column.dates is None:
            return {"from": column.name, "date_format": "excel_serial"}
        if not column.dates.proven:
            return {"from": column.name, "date_format": self.dates.about(column)}
        own = column.dates.formats[0]
        return column.name if own == self.file_format else {"from": column.name, "date_format": own}

    # ----------------------------------------------------------------------------------------------------------- forms

    def _groups(self) -> list[FormGroup]:
        groups: dict[tuple[object, ...], FormGroup] = {}
        for items in self.each.forms.items:
            key = _key(items.instruments, items.name)
            groups.setdefault(key, FormGroup(items.instruments, items.name)).items = items
        for score in self.each.forms.scores:
            key = _key(score.instruments, score.name)
            groups.setdefault(key, FormGroup(score.instruments, score.name)).scores.append(score)
        for column, name in self.each.forms.dates:
            for group in groups.values():
                same = not name.instruments or name.instruments[0] in group.instruments
                if same and group.date is None and _time(name) == _time(group.name):
                    group.date = column
        return sorted(groups.values(), key=_place)

    def _form_values(self, group: FormGroup) -> tuple[dict[str, object], str]:
        """Instrument, total, scales and items of one form, and why."""
        key = group.instruments[0]
        instrument = self.words.instruments[key]
        made: dict[str, object] = {
            "instrument": self._one_of(group.instruments, self._label(group))
        }
        reasons: list[str] = []
        if group.items is not None:
            made |= self._items(group.items, instrument)
            reasons.append(group.items.reason)
        made |= self._scores(group, instrument)
        filled = max([s.column.n_filled for s in group.scores], default=0)
        if group.items is not None:
            name = next(iter(group.items.series.columns.values()))
            filled = max(filled, self.each.file.columns[name].n_filled)
        self._count(key, filled)
        if group.scores:
            reasons.append("scores named after it, values in its range")
        sure = "sure" if len(group.instruments) == 1 and group.name.instruments else "likely"
        return made, f"{sure}: {instrument.name}; {'; '.join(reasons)}"

    def _items(self, items: ItemColumns, instrument: Instrument) -> dict[str, object]:
        made: dict[str, object] = {"items": items.series.pattern}
        codes = answer_codes(items, self.each.file)
        if codes:
            made["codes"] = codes
        elif instrument.structure.reversed:
            turned = already_reversed(items, self.each.file, instrument)
            made["already_reversed"] = self._ask_direction(instrument) if turned is None else turned
        for name in items.series.columns.values():
            accepted = (instrument.structure.item_min or 0.0, instrument.structure.item_max or 8.0)
            self.fillers |= set(filler_codes(self.each.file.columns[name], accepted))
        return made

    def _ask_direction(self, instrument: Instrument) -> Question:
        text = (
            f"the positively worded items of {instrument.name} in {self.each.file.key}: are they as ticked on the form, or "
            "already turned round so that a high answer is worse? The answers do not tell."
        )
        options = (Option("as ticked on the form", False), Option("already turned round", True))
        return self._shared.setdefault(("direction", instrument.key), Question(text, options))

    def _scores(self, group: FormGroup, instrument: Instrument) -> dict[str, object]:
        made: dict[str, object] = {}
        scales: dict[str, object] = {}
        factors = {s.factor for s in group.scores}
        for score in group.scores:
            scale = score.name.scale
            if scale and scale != instrument.primary_scale:
                scales.setdefault(scale, score.column.name)
            elif "total" not in made:
                made["total"] = score.column.name
            whole = next(
                (s for s in instrument.scales if s.key == (scale or instrument.primary_scale)),
                instrument.scales[0],
            )
            self.fillers |= set(filler_codes(score.column, (whole.minimum, whole.maximum)))
        if scales:
            made["scales"] = scales
        if len(factors) == 1 and None not in factors:
            made["multiply_by"] = next(iter(factors))
        return made

    def _one_of(self, keys: tuple[str, ...], what: str) -> object:
        if len(keys) == 1:
            return keys[0]
        options = tuple(Option(self.words.instruments[k].name, k) for k in keys[:6])
        text = f"which questionnaire is {what!r}? Its name and values fit several."
        return self._shared.setdefault(("which", *keys), Question(text, (*options, LEAVE_OUT)))

    def _label(self, group: FormGroup) -> str:
        names = [s.column.name for s in group.scores]
        names += [group.items.series.pattern] if group.items else []
        return names[0] if names else group.instruments[0]

    def _count(self, key: str, n: int) -> None:
        self.instruments_used[key] = self.instruments_used.get(key, 0) + n


def _place(group: FormGroup) -> tuple[object, ...]:
    """Questionnaires by name, each in the order of time."""
    name = group.name
    return (group.instruments, _ORDER.index(name.occasion), name.counter, name.number or 0)


def _time(name: FormName) -> tuple[object, ...]:
    return (name.occasion, name.counter, name.number)


def _key(instruments: Iterable[str], name: FormName) -> tuple[object, ...]:
    return (*instruments, "|", *_time(name))
