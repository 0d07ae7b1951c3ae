"""The same forms, sessions and dates in the shapes that extracts come in."""

import numpy as np
import pandas as pd
import pytest

from naturalistic.errors import ExtractError
from tests.workflow.broken_inputs.extract import Extract, after

REVERSED = {2, 3}


def forms(result, instrument):
    table = result.tables["questionnaires"]
    table = table[table["instrument"] == instrument]
    order = pd.Series(range(30), index=result.tables["referrals"]["referral_id"])
    table = table.assign(who=table["referral_id"].map(order))
    keys = ["who", "date", "occasion", "scale", "item"]
    frame = table[[*keys, "value"]].astype({"occasion": str, "scale": str, "item": float})
    return frame.sort_values(keys).reset_index(drop=True)


def only_core_10(block):
    extract = Extract()
    extract.mapping["tables"]["questionnaires"] = [block]
    return extract


LONG = Extract().mapping["tables"]["questionnaires"][0]


def answers_by_form():
    answers = Extract().files["answers"]
    return answers.pivot(index=["ref", "day"], columns="item", values="answer").reset_index()


@pytest.fixture(scope="module")
def long(tmp_path_factory):
    result = only_core_10(LONG).ingest(tmp_path_factory.mktemp("long"))
    return forms(result, "core_10")


def test_one_row_an_answer(long):
    assert len(long) == 600
    first = long[(long["who"] == 4) & (long["item"] == 3)].sort_values("date")["value"]
    assert list(first) == [(4 + 3 + 10) % 5, (4 + 3 + 59) % 5]


def test_one_row_a_form(long, tmp_path):
    block = {
        "file": "answers",
        "instrument": "core_10",
        "items": "q{item:02d}",
        "columns": {"referral_id": "ref", "date": "day"},
    }
    extract = only_core_10(block)
    wide = answers_by_form()
    extract.files["answers"] = wide.rename(columns={str(i): f"q{i:02d}" for i in range(1, 11)})
    pd.testing.assert_frame_equal(forms(extract.ingest(tmp_path), "core_10"), long)


def test_one_row_a_person_with_dates_of_their_own(long, tmp_path):
    wide = answers_by_form()
    order = pd.to_datetime(wide["day"], format="%d/%m/%Y").groupby(wide["ref"]).rank()
    parts = []
    for k, name in ((1, "pre"), (2, "end")):
        part = wide[order == k].set_index("ref")
        parts.append(
            part.rename(
                columns={"day": f"{name}_day", **{str(i): f"{name}_{i}" for i in range(1, 11)}}
            )
        )
    block = {
        "file": "answers",
        "columns": {"referral_id": "ref"},
        "forms": [
            {
                "instrument": "core_10",
                "occasion": name,
                "date": f"{name}_day",
                "items": f"{name}_{{item}}",
            }
            for name in ("pre", "end")
        ],
    }
    extract = only_core_10(block)
    extract.files["answers"] = pd.concat(parts, axis=1).reset_index()
    found = forms(extract.ingest(tmp_path), "core_10")
    assert set(found["occasion"]) == {"pre", "end"}
    pd.testing.assert_frame_equal(found.drop(columns="occasion"), long.drop(columns="occasion"))


def test_forms_in_the_row_of_the_referral_need_no_id(long, tmp_path):
    extract = Extract()
    wide = answers_by_form()
    second = pd.to_datetime(wide["day"], format="%d/%m/%Y").groupby(wide["ref"]).rank() == 2
    last = (
        wide[second].rename(columns={str(i): f"end_{i}" for i in range(1, 11)}).drop(columns="day")
    )
    extract.files["referrals"] = extract.files["referrals"].merge(last, on="ref")
    extract.mapping["tables"]["questionnaires"] = [
        {
            "file": "referrals",
            "forms": [{"instrument": "core_10", "occasion": "end", "items": "end_{item}"}],
        }
    ]
    found = forms(extract.ingest(tmp_path), "core_10")
    expected = long[long["date"] == long.groupby("who")["date"].transform("max")]
    assert found["date"].isna().all()
    assert list(found["value"]) == list(expected.sort_values(["who", "item"])["value"])


def test_items_already_reversed_are_turned_back(long, tmp_path):
    extract = only_core_10({**LONG, "already_reversed": True})
    answers = extract.files["answers"]
    turned = answers["item"].isin([str(i) for i in REVERSED])
    answers.loc[turned, "answer"] = (4 - answers.loc[turned, "answer"].astype(int)).astype(str)
    pd.testing.assert_frame_equal(forms(extract.ingest(tmp_path), "core_10"), long)


def test_answers_in_words(long, tmp_path):
    words = {"never": 0, "rarely": 1, "sometimes": 2, "often": 3, "always": 4}
    spoken = {str(number): word for word, number in words.items()}
    extract = only_core_10(
        {**LONG, "columns": {**LONG["columns"], "value": {"from": "answer", "codes": words}}}
    )
    extract.files["answers"]["answer"] = extract.files["answers"]["answer"].map(spoken)
    pd.testing.assert_frame_equal(forms(extract.ingest(tmp_path), "core_10"), long)


def test_items_and_totals_of_one_form_from_two_files_are_one_form(tmp_path):
    extract = Extract()
    extract.mapping["tables"]["questionnaires"][1] |= {"instrument": "core_10", "scales": {}}
    table = extract.ingest(tmp_path).tables["questionnaires"]
    assert table.groupby("form_id").size().eq(11).all()
    assert table["form_id"].nunique() == 60


def test_scores_can_be_brought_to_the_unit_of_the_instrument(tmp_path):
    extract = Extract()
    before = forms(extract.ingest(tmp_path), "core_om")
    for column in ("total", "risk"):
        extract.files["scores"][column] = (
            extract.files["scores"][column].astype(float) / 10
        ).astype(str)
    extract.mapping["tables"]["questionnaires"][1]["multiply_by"] = 10
    after_ = forms(extract.ingest(tmp_path), "core_om")
    np.testing.assert_allclose(after_["value"], before["value"])


def test_small_scores_pass_when_the_mapping_says_that_they_are_right(tmp_path):
    extract = Extract()
    extract.files["scores"]["total"] = "3"
    with pytest.raises(ExtractError):
        extract.ingest(tmp_path)
    extract.mapping["tables"]["questionnaires"][1]["multiply_by"] = 1
    assert (forms(extract.ingest(tmp_path), "core_om").query("scale == 'all'")["value"] == 3).all()


def test_days_after_the_referral(tmp_path):
    extract = Extract()
    before = forms(extract.ingest(tmp_path), "core_om")
    extract.files["scores"]["day"] = ["10", "59"] * 30
    extract.mapping["tables"]["questionnaires"][1]["columns"]["date"] = {
        "from": "day",
        "date_format": "days",
    }
    pd.testing.assert_frame_equal(forms(extract.ingest(tmp_path), "core_om"), before)


def test_days_of_a_relative_calendar(tmp_path):
    extract = Extract()
    extract.mapping["calendar"] = "relative"
    del extract.mapping["data_cut"]
    for source in extract.mapping["files"].values():
        source["date_format"] = "days"
    extract.columns("patients").pop("age")
    for file, columns in (
        ("referrals", ["received", "accepted", "first_seen", "last_seen", "discharged"]),
        ("sessions", ["day"]),
        ("answers", ["day"]),
        ("scores", ["day"]),
    ):
        for column in columns:
            days = pd.to_datetime(extract.files[file][column], format="%d/%m/%Y")
            extract.files[file][column] = (days - pd.Timestamp("2023-01-01")).dt.days.astype(str)
    result = extract.ingest(tmp_path)
    assert result.problems.empty
    assert result.tables["referrals"]["received_date"].iloc[0] == pd.Timestamp("2000-01-02")
    assert result.data_cut.year == 2000


def test_nominal_days_of_wide_forms(tmp_path):
    extract = Extract()
    extract.files["scores"] = pd.DataFrame(
        {"ref": [f"R{i:03d}" for i in range(30)], "m0": ["20"] * 30, "m2": ["15"] * 29 + [""]}
    )
    extract.mapping["tables"]["questionnaires"][1] = {
        "file": "scores",
        "columns": {"referral_id": "ref"},
        "forms": [
            {"instrument": "core_om", "occasion": "pre", "days": 0, "total": "m0"},
            {"instrument": "core_om", "occasion": "follow_up", "days": 61, "total": "m2"},
        ],
    }
    result = extract.ingest(tmp_path)
    found = forms(result, "core_om")
    received = result.tables["referrals"]["received_date"]
    assert len(found) == 59
    days = (found["date"] - found["who"].map(received)).dt.days
    assert list(days) == [0, 61] * 29 + [0]
    (reshape,) = result.flow.query("step == 'reshape'")["reason"]
    assert reshape == "one row an answer: 59 forms completed, 1 left empty"


def test_sessions_linked_by_person_and_date(tmp_path):
    extract = Extract()
    referrals = extract.files["referrals"]
    second = referrals.iloc[[2]].assign(
        ref="R900", received=after(2, 120), discharged="", ending=""
    )
    second[["accepted", "first_seen", "last_seen"]] = ""
    extract.files["referrals"] = pd.concat([referrals, second], ignore_index=True)
    new = extract.files["sessions"].iloc[[16]].assign(day=after(2, 130))
    extract.files["sessions"] = pd.concat([extract.files["sessions"], new], ignore_index=True)
    del extract.columns("sessions")["referral_id"]
    result = extract.ingest(tmp_path)
    ids = result.tables["referrals"]["referral_id"]
    sessions = result.tables["sessions"].groupby("referral_id").size()
    assert sessions[ids.iloc[2]] == 8
    assert sessions[ids.iloc[30]] == 1
    assert result.problems.empty


def test_referrals_without_ids_are_people_and_days(tmp_path):
    extract = Extract()
    del extract.columns("referrals")["referral_id"]
    del extract.columns("sessions")["referral_id"]
    for table in ("questionnaires", "ratings"):
        del extract.mapping["tables"][table]
    again = (
        extract.files["referrals"]
        .iloc[[2]]
        .assign(received=after(2, 120), discharged=after(2, 200))
    )
    again[["accepted", "first_seen", "last_seen"]] = ""
    extract.files["referrals"] = pd.concat([extract.files["referrals"], again], ignore_index=True)
    result = extract.ingest(tmp_path)
    assert len(result.tables["referrals"]) == 31
    assert len(result.tables["patients"]) == 30
    assert len(result.tables["sessions"]) == 240
    assert result.problems.empty


def test_everything_in_one_file_with_a_row_a_session(tmp_path):
    extract = Extract()
    one = extract.files["sessions"].merge(extract.files["referrals"], on=["ref", "pid"])
    one = one.merge(extract.files["patients"], on="pid")
    extract.files = {"all": one}
    extract.mapping["files"] = {"all": {"path": "all.csv", "date_format": "dmy"}}
    for table in ("questionnaires", "ratings"):
        del extract.mapping["tables"][table]
    for table in ("patients", "referrals", "sessions"):
        extract.mapping["tables"][table]["file"] = "all"
    result = extract.ingest(tmp_path)
    assert [len(result.tables[n]) for n in ("patients", "referrals", "sessions")] == [30, 30, 240]
    assert result.problems.empty
    steps = result.flow.query("table == 'patients' and step == 'set_aside'")
    assert list(steps["count"]) == [210]


def test_the_first_referral_decides_what_a_person_is_when_rows_differ(tmp_path):
    extract = Extract()
    one = extract.files["referrals"].merge(extract.files["patients"], on="pid")
    later = one.iloc[[2]].assign(
        ref="R900", received=after(2, 120), discharged="", ending="", sex="F", home="LS99"
    )
    later[["accepted", "first_seen", "last_seen"]] = ""
    extract.files["people"] = pd.concat([later, one], ignore_index=True)
    extract.mapping["files"]["people"] = {"path": "people.csv", "date_format": "dmy"}
    for table in ("patients", "referrals"):
        extract.mapping["tables"][table]["file"] = "people"
    result = extract.ingest(tmp_path)
    person = result.tables["referrals"]["patient_id"].iloc[0]
    patient = result.tables["patients"].set_index("patient_id").loc[person]
    assert patient["area"] == "LS3"
    assert result.problems.empty


def test_wide_ratings(tmp_path):
    extract = Extract()
    long = extract.ingest(tmp_path).tables["ratings"]
    wide = extract.files["ratings"].pivot(index="ref", columns="when", values="grade").reset_index()
    extract.files["ratings"] = wide
    extract.mapping["tables"]["ratings"] = [
        {
            "file": "ratings",
            "columns": {"referral_id": "ref"},
            "ratings": [
                {"kind": "problem", "subject": "anxiety", "occasion": name, "from": name}
                for name in ("pre", "end")
            ],
        }
    ]
    found = extract.ingest(tmp_path).tables["ratings"]
    keys = ["referral_id", "occasion"]
    pd.testing.assert_frame_equal(
        found.sort_values(keys).reset_index(drop=True),
        long.sort_values(keys).reset_index(drop=True),
    )


def test_hours_become_minutes(tmp_path):
    extract = Extract()
    extract.files["sessions"]["minutes"] = "0.5"
    extract.columns("sessions")["duration"] = {"from": "minutes", "multiply_by": 60}
    assert (extract.ingest(tmp_path).tables["sessions"]["duration"] == 30).all()


def test_clock_times_are_kept_as_parts_of_the_day(tmp_path):
    extract = Extract()
    extract.files["sessions"]["start"] = "14:30"
    extract.columns("sessions")["time_of_day"] = "start"
    found = extract.ingest(tmp_path).tables["sessions"]["time_of_day"]
    assert (found == "afternoon").all()
    extract.files["sessions"]["start"] = "PM2"
    extract.columns("sessions")["time_of_day"] = {"from": "start", "codes": {"PM2": "evening"}}
    assert (extract.ingest(tmp_path).tables["sessions"]["time_of_day"] == "evening").all()


def test_a_dropped_column_is_not_read(tmp_path):
    extract = Extract()
    extract.columns("patients")["area"] = {"from": "gone", "drop": True}
    assert extract.ingest(tmp_path).tables["patients"]["area"].isna().all()


def test_the_first_interview_decides_in_a_file_with_one_row_a_form(tmp_path):
    extract = Extract()
    scores = extract.files["scores"].merge(extract.files["referrals"][["ref", "pid"]], on="ref")
    scores["sex"] = ["F", "M"] * 30
    extract.files["scores"] = scores.iloc[::-1].reset_index(drop=True)
    extract.mapping["tables"]["patients"] = {
        "file": "scores",
        "columns": {
            "patient_id": "pid",
            "gender": {"from": "sex", "codes": {"F": "female", "M": "male"}},
        },
    }
    result = extract.ingest(tmp_path)
    assert (result.tables["patients"]["gender"] == "female").all()
    assert result.problems.empty


def test_codes_can_stand_for_dates(tmp_path):
    extract = Extract()
    before = forms(extract.ingest(tmp_path), "core_om")
    extract.files["scores"]["day"] = ["first", "2.0"] * 30
    extract.mapping["tables"]["questionnaires"][1]["columns"]["date"] = {
        "from": "day",
        "date_format": "days",
        "codes": {"first": 10, "2": 59},
    }
    pd.testing.assert_frame_equal(forms(extract.ingest(tmp_path), "core_om"), before)
