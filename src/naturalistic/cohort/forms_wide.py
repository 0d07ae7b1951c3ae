"""Questionnaires in columns: one row a person with blocks of columns, or one row a form."""

from __future__ import annotations

import numpy as np
import pandas as pd

from naturalistic.cohort.answers import NO_ITEM, NO_SCALE, Answers, Catalogue, turned_back
from naturalistic.cohort.apply_mapping import ColumnReader, Draft, draft_table
from naturalistic.cohort.cells import categorical
from naturalistic.cohort.flow import Chain
from naturalistic.cohort.form_block import (
    OCCASION_LEVELS,
    TABLE,
    FormBlock,
    distinct,
    report_ranges,
    with_all_columns,
)
from naturalistic.cohort.plan import FormColumns, all_forms, form_columns
from naturalistic.settings.mapping import RELATIVE_DAY_ZERO, QuestionnaireMap, WideForm

_DAY = np.timedelta64(1, "D")


def forms_in_columns(
    reader: ColumnReader,
    block: QuestionnaireMap,
    catalogue: Catalogue,
    chain: Chain,
    *,
    alone: bool,
) -> FormBlock:
    """The forms of a file with one row a form, or of one with blocks of columns.

    With `alone` the file holds nothing but forms; in one of contacts a row without an answer is no form at all.
    """
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
        if alone or isinstance(form, WideForm):
            _note_empty(reader, form, columns, completed)
    answers = Answers.joined(parts)
    empty = chain.rows * len(parts) - n_forms
    reason = f"one row an answer: {n_forms:,} forms completed, {empty:,} left empty"
    chain.reshape(len(answers), reason)
    draft = Draft(
        TABLE,
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
        code = np.full(n, OCCASION_LEVELS.index(form.occasion))
        frame["occasion"] = categorical(code, OCCASION_LEVELS)
        if form.session_number is not None:
            frame["session_number"] = float(form.session_number)
        if form.date is not None and not form.date.drop:
            frame["date"] = reader.dates(form.date.source or "date", form.date)
            if (form.date.date_format or reader.source.date_format) == "days":
                zero = np.datetime64(RELATIVE_DAY_ZERO, "ms")
                frame["_days"] = (frame.pop("date") - zero) / _DAY
        elif form.days is not None:
            frame["_days"] = float(form.days)
    return with_all_columns(frame)


def _answers_of_form(reader: ColumnReader, columns: FormColumns, catalogue: Catalogue) -> Answers:
    """The answers of one form in every row of the file; `form` is the position of the row."""
    form, spec = columns.form, columns.value_spec
    if columns.absent_items:
        hint = ", ".join(columns.absent_items[:10])
        reader.log.add(TABLE, reader.raw.path, "", "item_column_absent", hint=hint)
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
    keep = report_ranges(reader, answers, catalogue, names, scaled=form.multiply_by is not None)
    answers = answers.take(keep)
    return turned_back(answers, catalogue) if form.already_reversed else answers


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
            reader.log.add(TABLE, path, name, "form_column_empty")
        return
    empty = np.ones(len(reader.raw.rows), dtype=bool)
    empty[completed] = False
    reader.log.add(TABLE, path, "", "form_empty", reader.raw.rows[empty], of=len(empty))
