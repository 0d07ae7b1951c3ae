"""Completed questionnaires, long or wide, read as forms and their answers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from naturalistic.cohort.answers import (
    NO_ITEM,
    NO_SCALE,
    Answers,
    Catalogue,
    judge,
    turned_back,
    unknown_answers,
)
from naturalistic.cohort.apply_mapping import ColumnReader, Draft, draft_table
from naturalistic.cohort.cells import categorical
from naturalistic.cohort.flow import Chain
from naturalistic.cohort.plan import FormColumns, all_forms, form_columns
from naturalistic.cohort.problems import ProblemLog
from naturalistic.cohort.pseudonyms import combine
from naturalistic.settings.mapping import RELATIVE_DAY_ZERO, QuestionnaireMap, WideForm
from naturalistic.tables.cohort import QUESTIONNAIRES
from naturalistic.tables.schema import Column

_NOT_A_TIME = np.datetime64("NaT", "ms")
_DAY = np.timedelta64(1, "D")
_OCCASIONS = QUESTIONNAIRES.column("occasion").levels
_TABLE = "questionnaires"


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
            self.log.add(_TABLE, self.draft.file, column, rule, rows, of=self.of)

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
            self.log.add(_TABLE, self.draft.file, column, rule, rows, of=self.of)
            self.answers = self.answers.take(~marked)
            self.chain.drop(self.chain.rows - int(marked.sum()), rule)


def distinct(numbers: np.ndarray) -> np.ndarray:
    """Distinct small whole numbers in order, in one pass."""
    if not len(numbers):
        return np.empty(0, np.int64)
    held = np.zeros(int(numbers.max()) + 1, dtype=bool)
    held[numbers] = True
    return np.flatnonzero(held)


def read_forms(
    reader: ColumnReader, block: QuestionnaireMap, catalogue: Catalogue, chain: Chain
) -> FormBlock:
    """The forms of one block of the mapping.

    Parameters
    ----------
    reader : ColumnReader
        Of the block's file.
    block : QuestionnaireMap
        The block; its ids already filled in where the file is shared with the referrals.
    catalogue : Catalogue
        Every known instrument.
    chain : Chain
        Account of the rows, as far as reading the file.
    """
    if all_forms(block):
        return _forms_in_columns(reader, block, catalogue, chain)
    return _answers_in_rows(reader, block, catalogue, chain)


def _forms_in_columns(
    reader: ColumnReader, block: QuestionnaireMap, catalogue: Catalogue, chain: Chain
) -> FormBlock:
    shared = draft_table(reader, block.columns)
    frames: list[pd.DataFrame] = []
    parts: list[Answers] = []
    n_forms = 0
    instruments = dict(zip(catalogue.keys, catalogue.instruments, strict=True))
    for form in all_forms(block):
        columns = form_columns(form, instruments, reader.raw.header)
        answers = _answers_of_form(reader, columns, catalogue)
        completed = distinct(answers.form)
        place = np.empty(len(shared.frame), dtype=np.int64)
        place[completed] = np.arange(n_forms, n_forms + len(completed))
        frames.append(_placed(reader, shared, form, catalogue).iloc[completed])
        parts.append(answers.moved(place[answers.form]))
        n_forms += len(completed)
        _note_empty(reader, form, columns, completed)
    answers = Answers.joined(parts)
    empty = chain.rows * len(parts) - n_forms
    reason = f"one row an answer: {n_forms:,} forms completed, {empty:,} left empty"
    chain.reshape(len(answers), reason)
    draft = Draft(
        _TABLE,
        reader.raw.path,
        pd.concat(frames, ignore_index=True),
        set(shared.counted_from_referral),
    )
    return FormBlock(draft, answers, chain, reader.log, len(reader.raw.rows))


def _placed(
    reader: ColumnReader, shared: Draft, form: WideForm | QuestionnaireMap, catalogue: Catalogue
) -> pd.DataFrame:
    """Every row of the file as if it held this form."""
    n = len(shared.frame)
    frame = shared.frame.assign(_days=np.nan)
    frame["_form"] = frame.pop("form_id") if "form_id" in frame else 0
    place = catalogue.place(str(form.instrument))
    frame["instrument"] = categorical(np.full(n, place), catalogue.keys)
    if isinstance(form, WideForm):
        code = np.full(n, _OCCASIONS.index(form.occasion))
        frame["occasion"] = categorical(code, _OCCASIONS)
        if form.session_number is not None:
            frame["session_number"] = float(form.session_number)
        if form.date is not None and not form.date.drop:
            frame["date"] = reader.dates(form.date.source or "date", form.date)
            if (form.date.date_format or reader.source.date_format) == "days":
                zero = np.datetime64(RELATIVE_DAY_ZERO, "ms")
                frame["_days"] = (frame.pop("date") - zero) / _DAY
        elif form.days is not None:
            frame["_days"] = float(form.days)
    return _with_all_columns(frame)


def _with_all_columns(frame: pd.DataFrame) -> pd.DataFrame:
    if "date" not in frame:
        frame["date"] = np.full(len(frame), _NOT_A_TIME)
    if "occasion" not in frame:
        none = np.full(len(frame), -1)
        frame["occasion"] = categorical(none, _OCCASIONS)
    if "session_number" not in frame:
        frame["session_number"] = np.nan
    return frame


def _answers_of_form(reader: ColumnReader, columns: FormColumns, catalogue: Catalogue) -> Answers:
    """The answers of one form in every row of the file; `form` is the position of the row."""
    form, spec = columns.form, columns.value_spec
    if columns.absent_items:
        hint = ", ".join(columns.absent_items[:10])
        reader.log.add(_TABLE, reader.raw.path, "", "item_column_absent", hint=hint)
    fields = [(NO_SCALE, item, name) for item, name in columns.items.items()]
    fields += [(catalogue.scale_place(key), NO_ITEM, name) for key, name in columns.scales.items()]
    place = catalogue.place(columns.instrument.key)
    parts: list[Answers] = []
    for column, (scale, item, name) in enumerate(fields):
        values = reader.numbers(name, reader.raw.column(name), spec, None)
        if item == NO_ITEM and form.multiply_by is not None:
            values = values * form.multiply_by
        held = np.flatnonzero(~np.isnan(values))
        rows = reader.raw.rows[held]
        parts.append(Answers.of_column(held, rows, (place, scale, item, column), values[held]))
    names = [name for _, _, name in fields]
    answers = Answers.joined(parts)
    keep = _report_ranges(reader, answers, catalogue, names, scaled=form.multiply_by is not None)
    answers = answers.take(keep)
    return turned_back(answers, catalogue) if form.already_reversed else answers


def _report_ranges(
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
                _TABLE,
                reader.raw.path,
                names[column],
                rule,
                rows,
                of=len(reader.raw.rows),
                hint=judged.hints[rule],
            )
    return keep


def _note_empty(
    reader: ColumnReader,
    form: WideForm | QuestionnaireMap,
    columns: FormColumns,
    completed: np.ndarray,
) -> None:
    path = reader.raw.path
    if isinstance(form, WideForm):
        if not completed.size:
            name = next(iter((*columns.scales.values(), *columns.items.values())))
            reader.log.add(_TABLE, path, name, "form_column_empty")
        return
    empty = np.ones(len(reader.raw.rows), dtype=bool)
    empty[completed] = False
    reader.log.add(_TABLE, path, "", "form_empty", reader.raw.rows[empty], of=len(empty))


def _answers_in_rows(
    reader: ColumnReader, block: QuestionnaireMap, catalogue: Catalogue, chain: Chain
) -> FormBlock:
    own = ("value", "item", "scale", "instrument")
    draft = draft_table(reader, {n: c for n, c in block.columns.items() if n not in own})
    frame = draft.frame.assign(_days=np.nan)
    frame["_form"] = frame.pop("form_id") if "form_id" in frame else 0
    frame["instrument"] = _instruments(reader, block, catalogue)
    draft.frame = _with_all_columns(frame)
    answers = _answers_of_rows(reader, block, catalogue, frame["instrument"].cat.codes.to_numpy())
    answers = _left(answers, ~np.isnan(answers.value), chain, "answer empty or unreadable")
    keep = np.ones(len(answers), dtype=bool)
    for rule, marked in unknown_answers(answers, catalogue).items():
        column = {"instrument_missing": "instrument", "item_unknown": "item"}.get(rule, "scale")
        rows = answers.row[marked]
        reader.log.add(_TABLE, reader.raw.path, column, rule, rows, of=len(reader.raw.rows))
        chain.drop(chain.rows - int(marked.sum()), rule)
        keep &= ~marked
    answers = answers if keep.all() else answers.take(keep)
    scaled = block.multiply_by is not None or block.columns["value"].multiply_by is not None
    keep = _report_ranges(reader, answers, catalogue, ["value"], scaled=scaled)
    answers = _left(answers, keep, chain, "answer out of range or not known")
    if block.already_reversed:
        answers = turned_back(answers, catalogue)
    return _grouped(FormBlock(draft, answers, chain, reader.log, len(reader.raw.rows)))


def _left(answers: Answers, keep: np.ndarray, chain: Chain, reason: str) -> Answers:
    chain.drop(int(keep.sum()), reason)
    return answers if keep.all() else answers.take(keep)


def _instruments(
    reader: ColumnReader, block: QuestionnaireMap, catalogue: Catalogue
) -> pd.Categorical:
    if block.instrument is not None:
        code = np.full(len(reader.raw.rows), catalogue.place(block.instrument))
        return categorical(code, catalogue.keys)
    spec = block.columns["instrument"]
    names = {name: each.key for each in catalogue.instruments for name in (each.key, *each.aliases)}
    known = spec.model_copy(update={"codes": {**names, **(spec.codes or {})}})
    contract = Column("instrument", "category", "", levels=catalogue.keys)
    return reader.words("instrument", known, contract)


def _answers_of_rows(
    reader: ColumnReader, block: QuestionnaireMap, catalogue: Catalogue, instrument: np.ndarray
) -> Answers:
    n = len(reader.raw.rows)
    spec = block.columns["value"]
    values = reader.numbers("value", reader.cells(spec), spec, None)
    item = np.full(n, NO_ITEM, dtype=np.int16)
    scale = np.full(n, NO_SCALE, dtype=np.int16)
    if "item" in block.columns:
        numbers = np.asarray(reader.read("item", block.columns["item"]), dtype=float)
        item = np.where(np.isnan(numbers), -1, numbers).clip(-1, 9999).astype(np.int16)
    else:
        contract = Column("scale", "category", "", levels=catalogue.scales)
        scale = reader.words("scale", block.columns["scale"], contract).codes.astype(np.int16)
        if block.multiply_by is not None:
            values = values * block.multiply_by
    return Answers(
        np.arange(n, dtype=np.int32),
        reader.raw.rows.astype(np.int32),
        instrument.astype(np.int16),
        scale,
        item,
        np.zeros(n, dtype=np.int16),
        values,
    )


def _grouped(block: FormBlock) -> FormBlock:
    """Rows of one form joined: same form id, referral, person, questionnaire, date, occasion and session."""
    frame = block.forms
    ids = [n for n in ("referral_id", "patient_id") if n in frame] or ["row"]
    parts = [
        *(frame[name].to_numpy() for name in ("_form", *ids)),
        frame["instrument"].cat.codes.to_numpy().astype(np.int64),
        frame["date"].to_numpy().astype("datetime64[ms]").view(np.int64),
        frame["occasion"].cat.codes.to_numpy().astype(np.int64),
        frame["session_number"].fillna(-1).to_numpy().astype(np.int64),
    ]
    # the answers of a form mostly stand together: runs of equal rows are found first, then equal runs
    rows = block.answers.form
    begins = np.ones(len(rows), dtype=bool)
    begins[1:] = np.logical_or.reduce([part[rows[1:]] != part[rows[:-1]] for part in parts])
    run = np.cumsum(begins) - 1
    first_row = rows[begins]
    group, first = number_groups([part[first_row] for part in parts])
    block.draft.frame = frame.iloc[first_row[first]].reset_index(drop=True)
    block.answers = block.answers.moved(group[run])
    return block


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
