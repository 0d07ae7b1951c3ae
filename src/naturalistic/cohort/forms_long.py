"""Questionnaires in rows: one row an answer or a score."""

from __future__ import annotations

import numpy as np
import pandas as pd

from naturalistic.cohort.answers import (
    NO_ITEM,
    NO_SCALE,
    Answers,
    Catalogue,
    turned_back,
    unknown_answers,
)
from naturalistic.cohort.apply_mapping import ColumnReader, draft_table
from naturalistic.cohort.cells import categorical
from naturalistic.cohort.flow import Chain
from naturalistic.cohort.form_block import (
    TABLE,
    FormBlock,
    number_groups,
    report_ranges,
    with_all_columns,
)
from naturalistic.settings.mapping import QuestionnaireMap
from naturalistic.tables.schema import Column


def forms_in_rows(
    reader: ColumnReader, block: QuestionnaireMap, catalogue: Catalogue, chain: Chain
) -> FormBlock:
    """The forms of a file with one row an answer."""
    own = ("value", "item", "scale", "instrument")
    draft = draft_table(reader, {n: c for n, c in block.columns.items() if n not in own})
    frame = draft.frame.assign(_days=np.nan)
    frame["_form"] = frame.pop("form_id") if "form_id" in frame else 0
    frame["instrument"] = _instruments(reader, block, catalogue)
    draft.frame = with_all_columns(frame)
    answers = _answers_of_rows(reader, block, catalogue, frame["instrument"].cat.codes.to_numpy())
    answers = _left(answers, ~np.isnan(answers.value), chain, "answer empty or unreadable")
    keep = np.ones(len(answers), dtype=bool)
    for rule, marked in unknown_answers(answers, catalogue).items():
        column = {"instrument_missing": "instrument", "item_unknown": "item"}.get(rule, "scale")
        rows = answers.row[marked]
        reader.log.add(TABLE, reader.raw.path, column, rule, rows, of=len(reader.raw.rows))
        chain.drop(chain.rows - int(marked.sum()), rule)
        keep &= ~marked
    answers = answers if keep.all() else answers.take(keep)
    scaled = block.multiply_by is not None or block.columns["value"].multiply_by is not None
    keep = report_ranges(reader, answers, catalogue, ["value"], scaled=scaled)
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
