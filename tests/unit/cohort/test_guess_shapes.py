"""Shapes that no name gives away: items without a questionnaire, ratings, files without dates, follow-ups."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import yaml

from naturalistic.cohort.guessing.extract import draft_mapping
from naturalistic.cohort.guessing.profile import profile_file
from naturalistic.cohort.guessing.questions import Special
from naturalistic.cohort.ingest import ingest
from naturalistic.reference.loader import load_instruments
from naturalistic.settings.load import load_mapping
from tests.unit.cohort.guess_corpus import FLIPPED, Service, uk

TODAY = np.datetime64("2026-01-01", "D")


def draft_of(folder, files):
    profiles = []
    for name, frame in files.items():
        frame.to_csv(folder / f"{name}.csv", index=False)
        profiles.append(profile_file(name, f"{name}.csv", folder, TODAY))
    return draft_mapping("north", profiles, load_instruments(), "core_om")[0]


def read(folder, draft):
    path = folder / "north.yaml"
    path.write_text(draft.text(), encoding="utf-8")
    return ingest(
        load_mapping(path),
        project=folder,
        key=b"k" * 32,
        mapping_name="north.yaml",
        instruments=load_instruments(),
    )


def people(s):
    return pd.DataFrame(
        {
            "ClientID": [f"c{i}" for i in range(s.n)],
            "Age": s.age,
            "DateReferred": uk(s.received),
            "DateClosed": uk(s.closed),
        }
    )


def answers(s, *, flipped):
    level = s.rng.normal(2, 0.7, s.n)
    held = s.items(34, 4, level, FLIPPED if flipped else ())
    rows = [
        {
            "ClientID": f"c{i}",
            "FormDate": uk([s.started[i]])[0],
            "ItemNo": k + 1,
            "Answer": int(held[i, k]),
        }
        for i in range(s.n)
        for k in range(34)
    ]
    return pd.DataFrame(rows)


@pytest.mark.parametrize("flipped", [True, False])
def test_thirty_four_items_in_rows_are_core_om_in_the_right_direction(tmp_path, flipped):
    s = Service(31, 60)
    draft = draft_of(tmp_path, {"people": people(s), "answers": answers(s, flipped=flipped)})
    assert draft.questions() == []
    (block,) = yaml.safe_load(draft.text())["tables"]["questionnaires"]
    assert (block["instrument"], block["already_reversed"]) == ("core_om", not flipped)
    assert len(read(tmp_path, draft).tables["questionnaires"]) == 60 * 34


def test_the_direction_of_answers_that_do_not_tell_is_asked(tmp_path):
    s = Service(31, 60)
    noise = answers(s, flipped=True)
    noise["Answer"] = s.rng.integers(0, 5, len(noise))
    draft = draft_of(tmp_path, {"people": people(s), "answers": noise})
    (question,) = draft.questions()
    assert "already turned round" in question.text
    question.answer = True
    (block,) = yaml.safe_load(draft.text())["tables"]["questionnaires"]
    assert block["already_reversed"] is True


def test_items_named_by_letters_and_numbers(tmp_path):
    s = Service(32, 40)
    rows = [
        {
            "ClientID": f"c{i}",
            "Date": uk([s.started[i]])[0],
            "Measure": "PHQ-9",
            "Item": f"PHQ9_Q{k}",
            "Value": (i + k) % 4,
        }
        for i in range(s.n)
        for k in range(1, 10)
    ]
    draft = draft_of(tmp_path, {"people": people(s), "measures": pd.DataFrame(rows)})
    (block,) = yaml.safe_load(draft.text())["tables"]["questionnaires"]
    assert block["columns"]["item"]["codes"]["PHQ9_Q7"] == 7
    table = read(tmp_path, draft).tables["questionnaires"]
    assert set(table["item"]) == set(range(1, 10))


def test_ratings_in_rows(tmp_path):
    s = Service(33, 40)
    rows = [
        {
            "ClientID": f"c{i}",
            "Kind": kind,
            "What": what,
            "When": when,
            "RatedOn": uk([s.started[i]])[0],
            "Rating": (i + n) % 5,
        }
        for i in range(s.n)
        for n, (kind, what) in enumerate(
            [("Problem", "Depression"), ("Problem", "Trauma"), ("Risk", "Suicide")]
        )
        for when in ("Before therapy", "After therapy")
    ]
    draft = draft_of(tmp_path, {"people": people(s), "rated": pd.DataFrame(rows)})
    (block,) = yaml.safe_load(draft.text())["tables"]["ratings"]
    assert block["columns"]["kind"] == {
        "from": "Kind",
        "codes": {"Problem": "problem", "Risk": "risk"},
    }
    ratings = read(tmp_path, draft).tables["ratings"]
    assert len(ratings) == 40 * 6
    assert set(ratings["occasion"]) == {"pre", "end"}


def test_ratings_in_columns(tmp_path):
    s = Service(34, 40)
    frame = people(s)
    for kind, what in (("Risk", "Suicide"), ("Risk", "SelfHarm"), ("Problem", "Trauma")):
        for when in ("Pre", "End"):
            frame[f"{kind}_{what}_{when}"] = s.rng.integers(0, 5, s.n)
    draft = draft_of(tmp_path, {"people": frame})
    (block,) = yaml.safe_load(draft.text())["tables"]["ratings"]
    assert {
        "kind": "risk",
        "subject": "self harm",
        "occasion": "end",
        "from": "Risk_SelfHarm_End",
    } in block["ratings"]
    assert len(read(tmp_path, draft).tables["ratings"]) == 40 * 6


def test_a_file_without_dates_asks_for_day_zero_and_days_of_follow_ups(tmp_path):
    s = Service(35, 60)
    frame = pd.DataFrame(
        {
            "rownames": range(1, 61),
            "drug": s.pick(["Yes", "No"]),
            "bdi.pre": s.rng.integers(5, 60, 60),
        }
    )
    for month in (2, 4, 6):
        frame[f"bdi.{month}m"] = s.rng.integers(0, 60, 60)
    draft = draft_of(tmp_path, {"trial": frame})
    zero, *follow_ups = draft.questions()
    assert "day of the first form" in zero.text
    assert len(follow_ups) == 3
    zero.answer = zero.options[0].value
    for question, days in zip(follow_ups, (61, 122, 183), strict=True):
        assert question.wants_number
        question.answer = days
    mapping = yaml.safe_load(draft.text())
    assert mapping["calendar"] == "relative"
    assert len(read(tmp_path, draft).tables["questionnaires"]) == 240


def test_three_times_of_measurement_are_asked_once_for_all_questionnaires(tmp_path):
    s = Service(36, 40)
    frame = people(s)
    for time in (0, 1, 2):
        frame[f"PHQ9_T{time}"] = s.rng.integers(0, 28, s.n)
        frame[f"GAD7_T{time}"] = s.rng.integers(0, 22, s.n)
    draft = draft_of(tmp_path, {"people": frame})
    assert [q.text.split(": ")[1] for q in draft.questions()] == [
        "when was time 1?",
        "when was time 2?",
    ]
    for question, answer in zip(draft.questions(), ("end", Special.LEAVE_OUT), strict=True):
        question.answer = answer
    (block,) = yaml.safe_load(draft.text())["tables"]["questionnaires"]
    assert [(f["instrument"], f["occasion"]) for f in block["forms"]] == [
        ("gad_7", "pre"),
        ("gad_7", "end"),
        ("phq_9", "pre"),
        ("phq_9", "end"),
    ]


def test_fillers_among_scores_become_missing_codes(tmp_path):
    s = Service(37, 60)
    frame = people(s)
    frame["PHQ9_Pre"] = np.where(np.arange(60) < 12, -9, s.rng.integers(0, 28, 60))
    frame["PHQ9_Post"] = np.where(np.arange(60) < 9, 999, s.rng.integers(0, 28, 60))
    draft = draft_of(tmp_path, {"people": frame})
    assert yaml.safe_load(draft.text())["files"]["people"]["missing_codes"] == [
        "",
        "NULL",
        "NA",
        "N/A",
        "-9",
    ]
    assert "999" not in draft.text()


def test_item_means_and_sums_get_their_factor(tmp_path):
    s = Service(38, 60)
    frame = people(s)
    frame["CORE_OM_mean_pre"] = s.rng.uniform(0.2, 3.8, 60).round(2)
    draft = draft_of(tmp_path, {"people": frame})
    (block,) = yaml.safe_load(draft.text())["tables"]["questionnaires"]
    assert block["forms"][0]["multiply_by"] == 10
    frame = frame.drop(columns="CORE_OM_mean_pre").assign(
        CORE_OM_sum_pre=s.rng.integers(20, 130, 60)
    )
    draft = draft_of(tmp_path, {"people": frame})
    (block,) = yaml.safe_load(draft.text())["tables"]["questionnaires"]
    assert block["forms"][0]["multiply_by"] == pytest.approx(10 / 34)


def test_a_birth_date_under_another_name_becomes_an_age(tmp_path):
    s = Service(39, 60)
    frame = people(s).drop(columns="Age").assign(Dt1=uk(s.born))
    draft = draft_of(tmp_path, {"people": frame})
    age = yaml.safe_load(draft.text())["tables"]["patients"]["columns"]["age"]
    assert age == {"from": "Dt1", "coarsen": "age_at_referral"}


def test_nhs_numbers_are_never_taken_as_ids(tmp_path):
    from tests.unit.cohort.guess_corpus import nhs_numbers

    s = Service(40, 60)
    frame = people(s).drop(columns="ClientID")
    frame.insert(0, "PatientNumber", nhs_numbers(s.n, s.rng))
    draft = draft_of(tmp_path, {"people": frame})
    (question,) = [q for q in draft.questions() if "numbers the patients" in q.text]
    assert "must not be used" in question.text
    assert "PatientNumber" not in [option.value for option in question.options]
