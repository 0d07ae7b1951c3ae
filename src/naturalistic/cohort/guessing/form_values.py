"""What stands in the mapping for one form: instrument, items, scores, and what has to be asked about them."""

from __future__ import annotations

from dataclasses import dataclass, field

from naturalistic.cohort.guessing.column_maps import filler_codes
from naturalistic.cohort.guessing.file_roles import FileRoles
from naturalistic.cohort.guessing.form_groups import FormGroup
from naturalistic.cohort.guessing.form_names import FormWords
from naturalistic.cohort.guessing.item_columns import ItemColumns, already_reversed, answer_codes
from naturalistic.cohort.guessing.questions import LEAVE_OUT, Option, Question
from naturalistic.reference.models import Instrument


@dataclass
class FormValues:
    """Turns the forms of one file into values of the mapping, and keeps what they need.

    Attributes
    ----------
    each : FileRoles
    words : FormWords
    instruments_used : dict of str to int
        Filled forms by instrument.
    fillers : set of str
        Codes for "missing" among the answers and scores.
    asked : dict
        Questions by what they are about: each is asked once for the file.
    """

    each: FileRoles
    words: FormWords
    instruments_used: dict[str, int] = field(default_factory=dict)
    fillers: set[str] = field(default_factory=set)
    asked: dict[tuple[object, ...], Question] = field(default_factory=dict)

    def ask(self, key: tuple[object, ...], question: Question) -> Question:
        """The question about something, the same one each time."""
        return self.asked.setdefault(key, question)

    def of_group(self, group: FormGroup) -> tuple[dict[str, object], str]:
        """Instrument, total, scales and items of one form, and why."""
        key = group.instruments[0]
        instrument = self.words.instruments[key]
        made: dict[str, object] = {"instrument": self.one_of(group.instruments, group.label)}
        reasons: list[str] = []
        if group.items is not None:
            made |= self._items(group.items, instrument)
            reasons.append(group.items.reason)
        made |= self._scores(group, instrument)
        filled = max([s.column.n_filled for s in group.scores], default=0)
        if group.items is not None:
            name = next(iter(group.items.series.columns.values()))
            filled = max(filled, self.each.file.columns[name].n_filled)
        self.count(key, filled)
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
            made["already_reversed"] = self.ask_direction(instrument) if turned is None else turned
        for name in items.series.columns.values():
            accepted = (instrument.structure.item_min or 0.0, instrument.structure.item_max or 8.0)
            column = self.each.file.columns[name]
            self.fillers |= {*filler_codes(column, accepted), *column.missing_here_only()}
        return made

    def ask_direction(self, instrument: Instrument) -> Question:
        """Whether positively worded items were turned round, where the answers do not tell."""
        text = (
            f"the positively worded items of {instrument.name} in {self.each.file.key}: are they as ticked on the form, or "
            "already turned round so that a high answer is worse? The answers do not tell."
        )
        options = (Option("as ticked on the form", False), Option("already turned round", True))
        return self.ask(("direction", instrument.key), Question(text, options))

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
            outside = filler_codes(score.column, (whole.minimum, whole.maximum))
            self.fillers |= {*outside, *score.column.missing_here_only()}
        if scales:
            made["scales"] = scales
        if len(factors) == 1 and None not in factors:
            made["multiply_by"] = next(iter(factors))
        return made

    def one_of(self, keys: tuple[str, ...], what: str) -> object:
        """The instrument, or a question where several fit."""
        if len(keys) == 1:
            return keys[0]
        options = tuple(Option(self.words.instruments[k].name, k) for k in keys[:6])
        text = f"which questionnaire is {what!r}? Its name and values fit several."
        return self.ask(("which", *keys), Question(text, (*options, LEAVE_OUT)))

    def count(self, key: str, n: int) -> None:
        """Note how many forms of an instrument are filled."""
        self.instruments_used[key] = self.instruments_used.get(key, 0) + n
