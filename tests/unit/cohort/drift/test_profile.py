"""The profile of an extract holds what many share, and nothing else."""

from __future__ import annotations

import copy
import json

import numpy as np
import pandas as pd
import pytest

from naturalistic.cohort.drift.models import ExtractProfile
from tests.unit.cohort.drift.extracts import MAPPING, frames, profile


def test_counts_of_every_kind_of_column(tmp_path):
    tables = frames()
    tables["visits"]["PHQ"] = tables["visits"]["PHQ"].astype(object)
    tables["visits"].loc[:39, "PHQ"] = "NULL"
    tables["visits"].loc[40:44, "PHQ"] = "many"
    people, visits = tables["people"], tables["visits"]
    found = profile(tmp_path, tables)
    assert found.data_cut == "2024-03-31"
    assert found.files["people"].header == tuple(people.columns)
    assert (found.files["people"].rows, found.files["visits"].rows) == (400, 1600)
    own, columns = found.files["people"].columns, found.files["visits"].columns
    assert (own["Id"].content, own["Id"].distinct, own["Id"].codes) == ("id", 400, {})
    assert set(own["Id"].meanings) == {"patients.patient_id", "referrals.patient_id"}
    assert own["Sex"].codes == people["Sex"].value_counts().to_dict()
    assert own["Team"].codes == people["Team"].value_counts().to_dict()
    months = people["Referred"].str[:7].value_counts()
    assert own["Referred"].months == months[months >= 10].to_dict()
    assert "Notes" not in own
    phq = pd.to_numeric(visits["PHQ"], errors="coerce")
    assert columns["PHQ"].missing == 40
    assert columns["PHQ"].unreadable == 5
    assert columns["PHQ"].mean == pytest.approx(phq.mean(), rel=1e-12)
    assert columns["PHQ"].sd == pytest.approx(phq.std(), rel=1e-12)
    quantiles = phq.dropna().quantile([0.1, 0.25, 0.5, 0.75, 0.9], interpolation="lower")
    assert list(columns["PHQ"].quantiles.values()) == quantiles.tolist()
    counts = phq.value_counts()
    assert set(columns["PHQ"].codes) <= {str(int(v)) for v in counts[counts >= 10].index}
    assert {c.looks for c in (own["Referred"], own["Sex"], columns["PHQ"])} == {
        "dates",
        "text",
        "numbers",
    }


def test_ages_are_counted_and_dates_of_birth_are_not(tmp_path):
    tables = frames()
    found = profile(tmp_path, tables).files["people"].columns["Born"]
    assert found.meanings == ("patients.age",)
    assert found.content == "numbers"
    assert 40 < found.mean < 50
    assert found.months == {}
    text = found.model_dump_json()
    assert not any(born in text for born in tables["people"]["Born"])


def test_no_rare_value_and_no_identifier_stands_in_a_profile(tmp_path):
    tables = frames()
    people, visits = tables["people"], tables["visits"]
    people.loc[:8, "Ending"] = "canary_nine_rows"
    people.loc[:9, "Sex"] = "canary_ten_rows"
    people.loc[:8, "Team"] = [f"canary text {i}" for i in range(9)]
    people["Notes"] = "canary note"
    visits["Seen"] = visits["Seen"].astype(object)
    visits.loc[:15, "Seen"] = "canary_of_four_people"  # sixteen rows
    visits["Minutes"] = visits["Minutes"].astype(float)
    visits.loc[0, "Minutes"] = 123.456
    visits.loc[1, "PHQ"] = 27
    found = profile(tmp_path, tables)
    text = found.model_dump_json()
    assert "canary_ten_rows" in text  # so that the test can fail
    for canary in ("canary_nine_rows", "canary text", "canary note", "canary_of_four", "123.456"):
        assert canary not in text
    for column in ("Id", "Born", "Referred"):
        assert not any(f'"{value}"' in text for value in people[column])
    assert len(found.files["people"].columns["Ending"].rare) == 1
    # numbers are kept as mean, SD, five percentiles and whole values that ten people share
    assert set(json.loads(text)["files"]["visits"]["columns"]["Minutes"]["codes"]) == set()


def test_percentiles_need_ten_rows_beyond_them(tmp_path):
    found = profile(tmp_path, frames(n=90)).files["people"].columns["Born"]
    assert set(found.quantiles) == {"25", "50", "75"}
    few = profile(tmp_path, frames(n=9)).files["people"].columns["Born"]
    assert (few.mean, few.sd, few.quantiles) == (None, None, {})


def test_a_column_that_may_pass_for_a_reason_shows_no_code(tmp_path):
    mapping = copy.deepcopy(MAPPING)
    mapping["tables"]["referrals"]["columns"]["team"] = {
        "from": "Team",
        "not_identifying_because": "teams are named after saints",
    }
    tables = frames()
    tables["people"]["Team"] = "Mary Smith"
    found = profile(tmp_path, tables, mapping)
    assert "Mary" not in found.model_dump_json()
    assert found.files["people"].columns["Team"].codes_hidden


def test_people_who_opted_out_are_not_counted(tmp_path):
    mapping = copy.deepcopy(MAPPING)
    mapping["files"]["out"] = {"path": "out.csv"}
    mapping["opt_out"] = {"file": "out", "column": "Id"}
    mapping["tables"]["referrals"]["columns"]["referral_id"] = "Case"
    del mapping["tables"]["sessions"]["columns"]["patient_id"]
    mapping["tables"]["sessions"]["columns"]["referral_id"] = "Case"
    mapping["tables"]["questionnaires"][0]["columns"] = {"referral_id": "Case", "date": "Visit"}
    tables = frames()
    for frame in tables.values():
        frame["Case"] = "C" + frame["Id"]
    del tables["visits"]["Id"]
    tables["out"] = tables["people"][["Id"]].head(150)
    found = profile(tmp_path, tables, mapping)
    assert {name: f.rows for name, f in found.files.items()} == {"people": 250, "visits": 1000}
    left = tables["people"].iloc[150:]
    assert found.files["people"].columns["Sex"].codes == left["Sex"].value_counts().to_dict()


def test_a_profile_comes_back_from_its_file_and_does_not_depend_on_the_order_of_rows(tmp_path):
    tables = frames()
    found = profile(tmp_path / "a", tables)
    assert ExtractProfile.model_validate_json(found.model_dump_json()) == found
    turned = {name: frame.iloc[::-1] for name, frame in tables.items()}
    again = profile(tmp_path / "b", turned)
    assert again.digest != found.digest
    one, two = (p.model_dump(exclude={"digest"}) for p in (found, again))
    for name in tables:
        for column, left in one["files"][name]["columns"].items():
            right = two["files"][name]["columns"][column]
            for key in left:
                if isinstance(left[key], float):
                    assert np.isclose(left[key], right[key], rtol=1e-12)
                else:
                    assert left[key] == right[key], (column, key)
