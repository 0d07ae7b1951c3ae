"""Questionnaires and ratings that cannot be used."""

from __future__ import annotations

import pandas as pd

from naturalistic.errors import ExtractError
from tests.workflow.broken_inputs.extract import Case, Extract, after

STRANGER = "CANARY-4711"
TABLE = "questionnaires"


def _put(file: str, column: str, rows: object, value: object):
    def change(extract: Extract) -> None:
        extract.set(file, column, rows, value)

    return change


def _again(file: str, row: int, **cells: str):
    def change(extract: Extract) -> None:
        frame = extract.files[file]
        copy = frame.iloc[[row]].assign(**cells)
        extract.files[file] = pd.concat([frame, copy], ignore_index=True)

    return change


def _empty(extract: Extract) -> None:
    extract.set("scores", "total", 3, "")
    extract.set("scores", "risk", 3, "")


def _wide(extract: Extract) -> None:
    """The total before and after in one row a person."""
    extract.files["scores"] = pd.DataFrame(
        {
            "ref": [f"R{i:03d}" for i in range(30)],
            "before": [str(10 + i % 20) for i in range(30)],
            "after": "",
        }
    )
    extract.mapping["tables"]["questionnaires"][1] = {
        "file": "scores",
        "columns": {"referral_id": "ref"},
        "forms": [
            {"instrument": "core_om", "occasion": "pre", "total": "before"},
            {"instrument": "core_om", "occasion": "end", "total": "after"},
        ],
    }


def _items_in_columns(extract: Extract) -> None:
    items = {f"Q{i}": [str((i + k) % 5) for k in range(30)] for i in range(1, 10)}
    extract.files["scores"] = pd.DataFrame(
        {"ref": [f"R{i:03d}" for i in range(30)], "day": [after(i, 12) for i in range(30)], **items}
    )
    extract.mapping["tables"]["questionnaires"][1] = {
        "file": "scores",
        "columns": {"referral_id": "ref", "date": "day"},
        "instrument": "core_10",
        "items": "Q{item}",
    }


def _undated(extract: Extract) -> None:
    del extract.mapping["tables"]["questionnaires"][1]["columns"]["date"]


def _scales_in_rows(extract: Extract) -> None:
    extract.files["scores"]["scale"] = "all"
    extract.set("scores", "scale", 7, "wellbeing")
    extract.set("scores", "scale", 8, "phobia")
    extract.mapping["tables"]["questionnaires"][1] = {
        "file": "scores",
        "instrument": "core_om",
        "columns": {
            "referral_id": "ref",
            "date": "day",
            "value": "total",
            "scale": {"from": "scale", "codes": {"all": "all", "wellbeing": "wellbeing"}},
        },
    }


def _other_instruments_scale(extract: Extract) -> None:
    _scales_in_rows(extract)
    extract.set("scores", "scale", 8, "all")
    extract.mapping["tables"]["questionnaires"][1]["instrument"] = "phq_9"
    extract.mapping["tables"]["questionnaires"][1]["columns"]["scale"]["codes"] = {
        "all": "total",
        "wellbeing": "wellbeing",
    }
    extract.files["scores"]["total"] = "9"


def _from_one(extract: Extract) -> None:
    answers = extract.files["answers"]
    answers["answer"] = (answers["answer"].astype(int) + 1).astype(str)


def _means(extract: Extract) -> None:
    scores = extract.files["scores"]
    scores["total"] = (scores["total"].astype(int) / 10).astype(str)


def _sums(extract: Extract) -> None:
    scores = extract.files["scores"]
    scores["total"] = (scores["total"].astype(int) * 4).astype(str)


CASES = (
    Case(
        "a form of an unknown referral",
        "form_orphan",
        TABLE,
        "",
        1,
        _put("scores", "ref", 3, STRANGER),
        numbers=(5,),
        secrets=(STRANGER,),
    ),
    Case(
        "a form in rows of an unknown referral",
        "form_orphan",
        TABLE,
        "",
        10,
        _put("answers", "ref", slice(0, 9), STRANGER),
        numbers=tuple(range(2, 12)),
        secrets=(STRANGER,),
    ),
    Case(
        "forms with other ids than the referrals",
        "most_forms_orphan",
        TABLE,
        "",
        40,
        _put("scores", "ref", slice(0, 39), STRANGER),
        ExtractError,
        secrets=(STRANGER,),
    ),
    Case(
        "a form without an answer",
        "form_empty",
        TABLE,
        "",
        1,
        _empty,
        numbers=(5,),
    ),
    Case("a form nobody completed", "form_column_empty", TABLE, "after", 1, _wide),
    Case("forms without a time", "form_without_time", TABLE, "", 60, _undated),
    Case(
        "an answer to no questionnaire",
        "instrument_missing",
        TABLE,
        "instrument",
        1,
        _put("answers", "form", 3, ""),
        numbers=(5,),
    ),
    Case(
        "a questionnaire nobody knows",
        "code_unknown",
        TABLE,
        "instrument",
        1,
        _put("answers", "form", 3, STRANGER),
        numbers=(5,),
        secrets=(STRANGER,),
        also=("instrument_missing",),
    ),
    Case(
        "item 11 of 10",
        "item_unknown",
        TABLE,
        "item",
        1,
        _put("answers", "item", 3, "11"),
        numbers=(5,),
    ),
    Case(
        "a scale nobody knows",
        "scale_unknown",
        TABLE,
        "scale",
        1,
        _scales_in_rows,
        numbers=(10,),
        also=("code_unknown",),
    ),
    Case(
        "a scale of another questionnaire",
        "scale_unknown",
        TABLE,
        "scale",
        1,
        _other_instruments_scale,
        numbers=(9,),
    ),
    Case("an item without a column", "item_column_absent", TABLE, "", 1, _items_in_columns),
    Case(
        "an impossible answer",
        "item_out_of_range",
        TABLE,
        "value",
        1,
        _put("answers", "answer", 3, "77"),
        numbers=(5,),
    ),
    Case(
        "answers counted from 1",
        "items_shifted",
        TABLE,
        "value",
        120,
        _from_one,
        ExtractError,
    ),
    Case(
        "an impossible score",
        "score_out_of_range",
        TABLE,
        "total",
        1,
        _put("scores", "total", 3, "987654"),
        numbers=(5,),
        secrets=("987654",),
    ),
    Case(
        "sums where means times ten belong",
        "most_scores_out_of_range",
        TABLE,
        "total",
        54,
        _sums,
        ExtractError,
    ),
    Case(
        "item means where means times ten belong",
        "scores_look_like_item_means",
        TABLE,
        "total",
        60,
        _means,
        ExtractError,
    ),
    Case(
        "an answer twice",
        "answer_repeated",
        TABLE,
        "",
        1,
        _again("answers", 3),
        numbers=(602,),
    ),
    Case(
        "two answers to one item",
        "answer_conflict",
        TABLE,
        "",
        2,
        _again("answers", 3, answer="3"),
        numbers=(5, 602),
    ),
    Case(
        "two different forms on one day",
        "two_forms_at_once",
        TABLE,
        "",
        2,
        _again("scores", 3, total="39"),
        numbers=(5, 62),
    ),
    Case(
        "the same form twice",
        "two_forms_at_once",
        TABLE,
        "",
        1,
        _again("scores", 3),
        numbers=(62,),
    ),
    Case(
        "a second form on one day, less complete",
        "two_forms_at_once",
        TABLE,
        "",
        1,
        _again("scores", 3, total="39", risk=""),
        numbers=(62,),
    ),
    Case(
        "a form after the data cut",
        "form_after_data_cut",
        TABLE,
        "date",
        1,
        _put("scores", "day", 3, "05/02/2024"),
        numbers=(5,),
        secrets=("2024",),
    ),
    Case(
        "a form before the referral",
        "form_before_referral",
        TABLE,
        "date",
        1,
        _put("scores", "day", 3, after(1, -5)),
        numbers=(5,),
    ),
    Case(
        "a form after discharge",
        "form_after_discharge",
        TABLE,
        "date",
        1,
        _put("scores", "day", 3, after(1, 95)),
        numbers=(5,),
    ),
    Case(
        "a rating of an unknown referral",
        "rating_orphan",
        "ratings",
        "",
        1,
        _put("ratings", "ref", 3, STRANGER),
        numbers=(5,),
        secrets=(STRANGER,),
    ),
    Case(
        "ratings with other ids than the referrals",
        "most_ratings_orphan",
        "ratings",
        "",
        40,
        _put("ratings", "ref", slice(0, 39), STRANGER),
        ExtractError,
        secrets=(STRANGER,),
    ),
    Case(
        "a rating of nothing",
        "rating_incomplete",
        "ratings",
        "subject",
        1,
        _put("ratings", "what", 3, ""),
        numbers=(5,),
    ),
    Case(
        "a rating twice", "rating_repeated", "ratings", "", 1, _again("ratings", 3), numbers=(62,)
    ),
    Case(
        "two ratings of one thing",
        "rating_conflict",
        "ratings",
        "",
        2,
        _again("ratings", 3, grade="3"),
        numbers=(5, 62),
    ),
)
