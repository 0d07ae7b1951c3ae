"""What REDCap adds to an export is known and not guessed at."""

from __future__ import annotations

import numpy as np
import yaml

from naturalistic.cohort.guessing.extract import draft_mapping
from naturalistic.cohort.guessing.profile import profile_file
from naturalistic.cohort.guessing.redcap import is_redcap, redcap_reasons
from naturalistic.reference.loader import load_instruments
from tests.unit.cohort import shape_exports


def test_an_export_is_known_by_its_columns():
    assert is_redcap(["record_id", "redcap_event_name", "age"])
    assert is_redcap(["record_id", "redcap_repeat_instrument", "redcap_repeat_instance"])
    assert is_redcap(["Record ID", "Event Name", "Repeat Instrument", "Repeat Instance"])
    assert not is_redcap(["record_id", "event_name", "age"])
    assert redcap_reasons(["record_id", "x___1", "x___2", "form_complete"]) == {}


def test_boxes_of_one_question_and_a_box_alone():
    names = [
        "record_id",
        "redcap_event_name",
        "drugs___1",
        "drugs___2",
        "ltc___1",
        "intake_complete",
    ]
    reasons = redcap_reasons(names)
    assert set(reasons) == {"drugs___1", "drugs___2", "intake_complete"}
    assert "several boxes" in reasons["drugs___1"]
    assert "record_id" not in reasons


def test_a_box_alone_is_read_as_yes_or_no_and_boxes_of_several_are_not(tmp_path):
    frame = shape_exports.event_rows().files["redcap_export.csv"]
    frame = frame.rename(columns={"difficulties___1": "benefits___1"})
    frame = frame.rename(
        columns={"difficulties___2": "disability___1", "difficulties___3": "disability___2"}
    )
    frame.to_csv(tmp_path / "export.csv", index=False)
    today = np.datetime64("2026-01-01", "D")
    file = profile_file("export", "export.csv", tmp_path, today)
    draft, account = draft_mapping("north", [file], load_instruments(), "phq_9")
    for question in draft.questions():
        question.answer = question.options[0].value
    patients = yaml.safe_load(draft.text())["tables"]["patients"]["columns"]
    assert patients["benefits"] == {"from": "benefits___1", "codes": {"0": "no", "1": "yes"}}
    assert "disability" not in patients
    assert any("disability___2 (one of several boxes" in text for text in account.not_needed)
