"""The forms of one block of the mapping with their answers: dropping, listing, grouping, ranges."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from naturalistic.cohort.answers import Answers, Catalogue, judge
from naturalistic.cohort.apply_mapping import ColumnReader, Draft
from naturalistic.cohort.cells import categorical
from naturalistic.cohort.flow import Chain
from naturalistic.cohort.problems import ProblemLog
from naturalistic.cohort.pseudonyms import combine
from naturalistic.tables.cohort import QUESTIONNAIRES

TABLE = "questionnaires"
OCCASION_LEVELS = QUESTIONNAIRES.column("occasion").levels
_NOT_A_TIME = np.datetime64("NaT", "ms")


@dataclass(slots=True)
class FormBlock:
    """The forms of one block of the mapping.

    Attributes
    ----------
    draft : Draft
        One row a form: `row` (its first row in the file), ids, `instrument`, `date`, `occasion`, `session_number`,
        `_days` (days after the referral, NaN where the form has a date of its own) and `_form` (pseudonym of its form
        id, 0 where none is mapped).
    answers : Answers
        What the forms say; `answers.form` is a row position of the draft.
    chain : Chain
        Account of the answers.
    log : ProblemLog
        Where problems are listed.
    of : int
        Rows of the file.
    """

    draft: Draft
    answers: Answers
    chain: Chain
    log: ProblemLog
    of: int

    @property
    def forms(self) -> pd.DataFrame:
        """The forms that are left."""
        return self.draft.frame

    def note(self, rule: str, forms: np.ndarray, column: str = "") -> None:
        """List every row of the file that belongs to the marked forms."""
        if forms.any():
            rows = distinct(self.answers.row[forms[self.answers.form]])
            self.log.add(TABLE, self.draft.file, column, rule, rows, of=self.of)

    def set_aside(self, rule: str, forms: np.ndarray, column: str = "") -> None:
        """List the marked forms and drop them."""
        if forms.any():
            self.note(rule, forms, column)
            self.drop(forms, rule)

    def drop(self, forms: np.ndarray, reason: str, step: str = "set_aside") -> None:
        """Drop the marked forms and count their answers."""
        gone = forms[self.answers.form]
        place = np.cumsum(~forms) - 1
        left = self.answers.take(~gone)
        self.answers = left.moved(place[left.form])
        self.draft.frame = self.forms[~forms].reset_index(drop=True)
        self.chain.drop(self.chain.rows - int(gone.sum()), reason, step)

    def set_aside_answers(self, rule: str, marked: np.ndarray, column: str = "") -> None:
        """List the marked answers and drop them."""
        if marked.any():
            rows = distinct(self.answers.row[marked])
            self.log.add(TABLE, self.draft.file, column, rule, rows, of=self.of)
            self.answers = self.answers.take(~marked)
            self.chain.drop(self.chain.rows - int(marked.sum()), rule)


def distinct(numbers: np.ndarray) -> np.ndarray:
    """Distinct small whole numbers in order, in one pass."""
    if not len(numbers):
        return np.empty(0, np.int64)
    held = np.zeros(int(numbers.max()) + 1, dtype=bool)
    held[numbers] = True
    return np.flatnonzero(held)


def with_all_columns(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with `date`, `occasion` and `session_number`, missing where they are not mapped."""
    if "date" not in frame:
        frame["date"] = np.full(len(frame), _NOT_A_TIME)
    if "occasion" not in frame:
        none = np.full(len(frame), -1)
        frame["occasion"] = categorical(none, OCCASION_LEVELS)
    if "session_number" not in frame:
        frame["session_number"] = np.nan
    return frame


def report_ranges(
    reader: ColumnReader,
    answers: Answers,
    catalogue: Catalogue,
    names: list[str],
    *,
    scaled: bool,
) -> np.ndarray:
    """List answers out of range, by column of the file; which answers are left."""
    judged = judge(answers, catalogue, scaled=scaled)
    keep = ~judged.not_known
    for rule, marked in judged.broken.items():
        keep &= ~marked
        for column in distinct(answers.column[marked]):
            rows = answers.row[marked & (answers.column == column)]
            reader.log.add(
                TABLE,
                reader.raw.path,
                names[column],
                rule,
                rows,
                of=len(reader.raw.rows),
                hint=judged.hints[rule],
            )
    return keep


def number_groups(parts: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Group of each row by several integer columns, in order of first appearance, and the first row of each group.

    Raises
    ------
    RuntimeError
        Two different rows got the same number, which is not to be expected in this world.
    """
    group, found = pd.factorize(combine(*parts))
    again = pd.Series(group).duplicated().to_numpy()
    first = np.flatnonzero(~again)
    if not all(np.array_equal(part[first][group], part) for part in parts) or len(found) != len(
        first
    ):
        raise RuntimeError("two forms share a number: please report this fault of naturalistic")
    return group, first
