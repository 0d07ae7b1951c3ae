"""Forms in blocks of columns, one row a person, as a block of the mapping."""

from __future__ import annotations

from naturalistic.cohort.guessing.block_writer import BlockWriter
from naturalistic.cohort.guessing.column import Column
from naturalistic.cohort.guessing.form_groups import FormGroup
from naturalistic.cohort.guessing.form_names import FormName
from naturalistic.cohort.guessing.questions import LEAVE_OUT, Option, Question
from naturalistic.vocabulary import OCCASIONS

_MANY_TIMES = 5
_OCCASION_OPTIONS = tuple(Option(word.label, key) for key, word in OCCASIONS.items())


class WideWriter(BlockWriter):
    """Writes one block with `forms`: a row a person, each form in columns of its own."""

    def write(self, groups: list[FormGroup]) -> None:
        """One block with every form of the file."""
        self.draft.add(2, comment="one row a person, each form in columns of its own")
        self.draft.add(2, "- file", self.each.file.key)
        if self.links:
            self.draft.add(3, "columns", dict(self.links))
        self.draft.add(3, "forms")
        follow_ups = self._undated_follow_ups(groups)
        said = ""
        for group in groups:
            made, comment = self.values.of_group(group)
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
            ("single", *group.instruments), f"when was the {group.label} completed?"
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
        return self.values.ask(key, Question(text, (*options, LEAVE_OUT)))

    def _days(self, group: FormGroup) -> Question:
        number = group.name.number
        text = (
            f"about how many days after the referral was the follow-up{f' number {number}' if number else ''} of "
            f"{self.each.file.key} completed? Several follow-ups without a date cannot be told apart."
        )
        return self.values.ask(("days", number), Question(text, (LEAVE_OUT,), wants_number=True))

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
