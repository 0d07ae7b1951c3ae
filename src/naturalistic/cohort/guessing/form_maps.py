"""The questionnaires of a file as blocks of the mapping."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from naturalistic.cohort.guessing.block_writer import BlockWriter
from naturalistic.cohort.guessing.code_maps import Entry
from naturalistic.cohort.guessing.column_maps import entry
from naturalistic.cohort.guessing.columns import Guess
from naturalistic.cohort.guessing.form_groups import FormGroup, form_groups
from naturalistic.cohort.guessing.long_maps import LongBlock
from naturalistic.cohort.guessing.wide_maps import WideWriter

_NUMBER = re.compile(r"\d+")


@dataclass
class FormWriter(BlockWriter):
    """Writes the questionnaire blocks of one file.

    Attributes
    ----------
    entries : dict of str to Entry
        Columns that several blocks share, so that what they ask is asked once.
    """

    entries: dict[str, Entry] = field(default_factory=dict)

    def write(self) -> None:
        """Every block of the file."""
        if self.each.long:
            self._write_long()
        groups = form_groups(self.each.forms)
        placed = [g for g in groups if g.name.placed or not self.each.repeated]
        rows = [g for g in groups if not (g.name.placed or not self.each.repeated)]
        if placed:
            WideWriter(self.values, self.draft, self.dates, self.file_format, self.links).write(
                placed
            )
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
            made = self._entry(target, guess)
            if target == "form.session_number" and guess.column.n_distinct > 200:
                continue
            self.draft.add(4, target.split(".")[1], made.value, made.comment, made.needs)
        occasion = self.each.picked.get("form.occasion")
        if occasion is not None and "form.session_number" not in self.each.picked:
            self._numbers_of_sessions(occasion)

    def _entry(self, target: str, guess: Guess) -> Entry:
        """A column of every block; what it asks is asked once."""
        if target not in self.entries:
            self.entries[target] = entry(guess, self.each.file, self.file_format, self.dates)
        return self.entries[target]

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
        made, comment = self.values.of_group(group)
        self.draft.add(2, comment=f"one row a form: {comment}")
        first = True
        for key, value in {"file": self.each.file.key, **made}.items():
            self._item_row(key, value, first=first)
            first = False
        self._columns_of_rows(several=False)

    def _item_row(self, key: str, value: object, *, first: bool) -> None:
        # the first key of an item of a list stands behind its hyphen
        self.draft.add(2 if first else 3, f"- {key}" if first else key, value)

    def _write_long(self) -> None:
        """One row an answer or a score."""
        answers = "item" in self.each.long
        self.draft.add(2, comment="one row an answer" if answers else "one row a score")
        self._item_row("file", self.each.file.key, first=True)
        block, columns = LongBlock(self.values).entries()
        for key, value in block.items():
            self._item_row(key, value, first=False)
        self._columns_of_rows(several=True)
        for key, (value, why) in columns.items():
            self.draft.add(4, key, value, why)
