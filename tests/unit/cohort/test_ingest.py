import datetime as dt
import hashlib

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from naturalistic.cohort.ingest import ingest
from naturalistic.errors import MappingError
from naturalistic.reference.loader import load_instruments
from naturalistic.settings.load import load_mapping
from naturalistic.tables.cohort import COHORT_TABLES
from tests.workflow.broken_inputs.extract import MAPPING_NAME, Extract, after

INSTRUMENTS = dict(load_instruments())


def words(frame):
    """Each row as text, without pseudonyms."""
    shown = frame[[c for c in frame if not c.endswith("_id")]]
    shown = shown.astype(object).where(shown.notna(), None)
    return (
        shown.apply(lambda row: repr(list(row)), axis=1) if len(frame) else pd.Series(dtype=object)
    )


def plain(tables):
    """Each referral with all that belongs to it as one text: no pseudonyms, no order of rows."""
    people = tables["patients"].set_index("patient_id")
    about = words(tables["referrals"]) + tables["referrals"]["patient_id"].map(words(people))
    said = pd.Series(about.to_numpy(), index=tables["referrals"]["referral_id"])
    for name in ("sessions", "questionnaires", "ratings"):
        rows = words(tables[name]).groupby(tables[name]["referral_id"]).agg(sorted).map(repr)
        said += rows.reindex(said.index).fillna("")
    alone = ~people.index.isin(tables["referrals"]["patient_id"])
    return sorted(said), sorted(words(people[alone]))


def assert_same(one, other):
    assert plain(one.tables) == plain(other.tables)


@pytest.fixture(scope="module")
def clean(tmp_path_factory):
    return Extract().ingest(tmp_path_factory.mktemp("clean"))


def test_tables_are_what_their_contract_makes_of_them(clean):
    assert list(clean.tables) == list(COHORT_TABLES)
    for name, table in COHORT_TABLES.items():
        assert table.problems(clean.tables[name]) == []
        pd.testing.assert_frame_equal(clean.tables[name], table.conform(clean.tables[name]))


def test_files_are_named_by_their_digest(clean, tmp_path):
    Extract().write(tmp_path)
    for name, digest in clean.files.items():
        assert digest == hashlib.sha256((tmp_path / f"{name}.csv").read_bytes()).hexdigest()
    assert clean.described["patients"] == "utf-8, delimiter comma"
    assert clean.data_cut == dt.date(2023, 12, 31)


def test_rows_keep_the_order_of_the_file(clean):
    assert list(clean.tables["patients"]["area"]) == [f"LS{1 + i % 9}" for i in range(30)]
    assert clean.tables["sessions"]["date"].iloc[0] == pd.Timestamp("2023-01-12")


def test_ages_are_completed_years_at_the_first_referral(tmp_path):
    extract = Extract()
    births = ["02/01/1980", "10/01/1980", "08/01/1980", "29/02/1980", ""]
    extract.files["patients"]["born"] = births + ["01/06/1990"] * 25
    extract.columns("patients")["age_band"] = {
        "from": "born",
        "coarsen": "age_band",
        "date_format": "dmy",
    }
    patients = extract.ingest(tmp_path).tables["patients"]
    # referrals on 2, 9, 16 and 23 January 2023
    assert list(patients["age"].iloc[:4]) == [43, 42, 43, 42]
    assert np.isnan(patients["age"].iloc[4])
    assert list(patients["age_band"].iloc[:5].astype(object).where(lambda s: s.notna(), None)) == [
        "from_36_to_45",
        "from_36_to_45",
        "from_36_to_45",
        "from_36_to_45",
        None,
    ]


def test_a_year_of_birth_gives_the_age_in_calendar_years(tmp_path):
    extract = Extract()
    extract.columns("patients")["age"] = {"from": "born", "coarsen": "year"}
    by_date = extract.ingest(tmp_path).tables["patients"]["age"]
    extract.files["patients"]["born"] = extract.files["patients"]["born"].str[-4:]
    by_year = extract.ingest(tmp_path).tables["patients"]["age"]
    assert list(by_date) == list(by_year) == [2023 - 1960 - i for i in range(30)]


def test_an_age_in_years_can_be_banded(tmp_path):
    extract = Extract()
    extract.files["patients"]["years"] = [str(10 + 3 * i) for i in range(30)]
    extract.columns("patients")["age_band"] = {"from": "years", "coarsen": "age_band"}
    bands = extract.ingest(tmp_path).tables["patients"]["age_band"]
    assert list(bands[[0, 2, 3, 5, 6, 18, 19]]) == [
        "under_18",
        "under_18",
        "from_18_to_25",
        "from_18_to_25",
        "from_26_to_35",
        "from_56_to_65",
        "over_65",
    ]


def test_a_postcode_keeps_its_first_half(tmp_path):
    extract = Extract()
    extract.columns("patients")["area"] = {"from": "home", "coarsen": "outward_postcode"}
    extract.files["patients"]["home"] = ["sw1a1aa", "LS1 4DY", "M1  1AE", "LS9", *["EC1A 1BB"] * 26]
    areas = extract.ingest(tmp_path).tables["patients"]["area"]
    assert list(areas[:5]) == ["SW1A", "LS1", "M1", "LS9", "EC1A"]


@pytest.mark.parametrize("kind", ["xlsx", "parquet", "dta", "semicolon and Windows"])
def test_the_same_extract_in_another_file_kind(clean, kind, tmp_path):
    extract = Extract()
    extract.write(tmp_path)
    for name, frame in extract.files.items():
        source = extract.mapping["files"][name]
        if kind == "semicolon and Windows":
            extract.raw[f"{name}.csv"] = frame.to_csv(sep=";", index=False).encode("utf-16")
            continue
        source["path"] = f"{name}.{kind}"
        if kind == "xlsx":
            days = [c for c in frame if frame[c].str.fullmatch(r"\d\d/\d\d/\d{4}").all()]
            dated = frame.assign(**{c: pd.to_datetime(frame[c], format="%d/%m/%Y") for c in days})
            dated.to_excel(tmp_path / source["path"], index=False, engine="openpyxl")
        elif kind == "parquet":
            frame.to_parquet(tmp_path / source["path"])
        else:
            import pyreadstat

            pyreadstat.write_dta(frame, tmp_path / source["path"])
    assert_same(clean, extract.ingest(tmp_path))


def test_rows_in_another_order_say_the_same(clean, tmp_path):
    extract = Extract()
    for name, frame in extract.files.items():
        extract.files[name] = frame.sample(frac=1, random_state=7).reset_index(drop=True)
    assert_same(clean, extract.ingest(tmp_path))


DIRT = {
    "patients": ["sex", "born", "home"],
    "referrals": ["service", "received", "discharged", "ending", "therapist"],
    "sessions": ["day", "seen", "minutes"],
    "answers": ["day", "form", "item", "answer"],
    "scores": ["day", "total", "risk"],
    "ratings": ["when", "grade"],
}


@settings(
    deadline=None, max_examples=3, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(seed=st.integers(0, 2**32 - 1))
def test_no_result_depends_on_the_order_of_dirty_rows_or_on_the_key(seed, tmp_path_factory):
    rng = np.random.default_rng(seed)
    extract = Extract()
    for name, frame in extract.files.items():
        again = frame.sample(frac=0.2, random_state=int(rng.integers(1000)))
        for column in DIRT[name]:
            again[column] = rng.permutation(again[column].to_numpy())
        extract.files[name] = pd.concat([frame, again], ignore_index=True)
    one = extract.ingest(tmp_path_factory.mktemp("one"))
    for name, frame in extract.files.items():
        extract.files[name] = frame.iloc[rng.permutation(len(frame))].reset_index(drop=True)
    folder = tmp_path_factory.mktemp("other")
    mapping = load_mapping(extract.write(folder))
    other = ingest(
        mapping,
        project=folder,
        key=b"another key",
        mapping_name=MAPPING_NAME,
        instruments=INSTRUMENTS,
    )
    assert_same(one, other)
    counted = one.problems.groupby(["table", "column", "rule"], observed=True).size()
    assert counted.equals(other.problems.groupby(["table", "column", "rule"], observed=True).size())


@pytest.mark.parametrize("listed", [["P003", "P017", "P999"], []])
def test_people_who_opted_out_are_left_out_and_counted(listed, tmp_path):
    extract = Extract()
    extract.files["opt_out"] = pd.DataFrame({"person": listed})
    extract.mapping["files"]["opt_out"] = {"path": "opt_out.csv"}
    extract.mapping["opt_out"] = {"file": "opt_out", "column": "person"}
    result = extract.ingest(tmp_path)
    without = Extract()
    refs = [f"R{p[1:]}" for p in listed]
    for name, frame in without.files.items():
        gone = frame["pid"].isin(listed) if "pid" in frame else frame["ref"].isin(refs)
        without.files[name] = frame[~gone]
    assert_same(result, without.ingest(tmp_path))
    assert result.problems.empty
    counted = result.flow[result.flow["step"] == "opted_out"].groupby("table")["count"].sum()
    expected = {"patients": 2, "referrals": 2, "sessions": 16, "questionnaires": 48, "ratings": 4}
    assert counted.to_dict() == (expected if listed else {})


def test_an_unknown_instrument_and_scale_are_refused_together(tmp_path):
    extract = Extract()
    extract.mapping["tables"]["questionnaires"][1]["scales"] = {"rsk": "risk"}
    extract.mapping["tables"]["questionnaires"][0]["columns"].pop("instrument")
    extract.mapping["tables"]["questionnaires"][0]["instrument"] = "core_1O"
    with pytest.raises(MappingError) as caught:
        extract.ingest(tmp_path)
    assert "'core_1O' is not a known instrument. Did you mean 'core_10'?" in str(caught.value)
    assert "'rsk' is not a scale of core_om. Did you mean 'risk'?" in str(caught.value)


def test_the_data_cut_without_one_is_the_latest_thing_that_happened(tmp_path):
    extract = Extract()
    del extract.mapping["data_cut"]
    extract.set("referrals", "discharged", slice(None), "")
    extract.set("referrals", "ending", slice(None), "")
    extract.set("sessions", "day", 0, "01/03/2024")
    extract.set("sessions", "seen", 0, "3")  # booked, but not attended
    result = extract.ingest(tmp_path)
    assert result.data_cut == (dt.datetime.strptime(after(9, 59), "%d/%m/%Y")).date()
    rules = set(result.problems["rule"])
    assert rules == {"data_cut_assumed", "session_after_data_cut"}


def test_a_mapping_of_patients_and_referrals_alone(tmp_path):
    extract = Extract()
    for table in ("sessions", "questionnaires", "ratings"):
        del extract.mapping["tables"][table]
    result = extract.ingest(tmp_path)
    for name in ("sessions", "questionnaires", "ratings"):
        assert result.tables[name].empty
        pd.testing.assert_frame_equal(result.tables[name], COHORT_TABLES[name].empty())
    assert set(result.files) == {"patients", "referrals"}
