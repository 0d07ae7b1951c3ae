"""The columns of a file by form: one questionnaire at one time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from naturalistic.cohort.guessing.column import Column
from naturalistic.cohort.guessing.form_names import FormName
from naturalistic.cohort.guessing.forms import FormsFound, ScoreColumn
from naturalistic.cohort.guessing.item_columns import ItemColumns

_ORDER = ("assessment", "pre", "session", "end", "follow_up", "")


@dataclass
class FormGroup:
    """The columns of one form: one questionnaire at one time."""

    instruments: tuple[str, ...]
    name: FormName
    scores: list[ScoreColumn] = field(default_factory=list)
    items: ItemColumns | None = None
    date: Column | None = None

    @property
    def label(self) -> str:
        """Name of a column or pattern of the form, for questions about it."""
        names = [score.column.name for score in self.scores]
        names += [self.items.series.pattern] if self.items else []
        return names[0] if names else self.instruments[0]


def form_groups(forms: FormsFound) -> list[FormGroup]:
    """The columns of a file by form: one questionnaire at one time."""
    groups: dict[tuple[object, ...], FormGroup] = {}
    for items in forms.items:
        key = _key(items.instruments, items.name)
        groups.setdefault(key, FormGroup(items.instruments, items.name)).items = items
    for score in forms.scores:
        key = _key(score.instruments, score.name)
        groups.setdefault(key, FormGroup(score.instruments, score.name)).scores.append(score)
    for column, name in forms.dates:
        for group in groups.values():
            same = not name.instruments or name.instruments[0] in group.instruments
            if same and group.date is None and _time(name) == _time(group.name):
                group.date = column
    return sorted(groups.values(), key=_place)


def _place(group: FormGroup) -> tuple[object, ...]:
    """Questionnaires by name, each in the order of time."""
    name = group.name
    return (group.instruments, _ORDER.index(name.occasion), name.counter, name.number or 0)


def _time(name: FormName) -> tuple[object, ...]:
    return (name.occasion, name.counter, name.number)


def _key(instruments: Iterable[str], name: FormName) -> tuple[object, ...]:
    return (*instruments, "|", *_time(name))
