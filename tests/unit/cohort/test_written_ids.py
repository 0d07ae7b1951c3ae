import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from naturalistic.cohort.cells import Cells, read_ids
from naturalistic.cohort.written_ids import plain_id
from naturalistic.errors import ExtractError, MappingError
from naturalistic.settings.load import load_mapping
from tests.workflow.broken_inputs.extract import Extract

BOTH = ("capitals", "leading_zeros")


@settings(deadline=None, max_examples=100)
@given(st.text(max_size=10), st.sets(st.sampled_from(BOTH)))
def test_writing_an_id_plainly_changes_nothing_but_what_is_ignored(text, ignored):
    plain = plain_id(text, ignored)
    assert plain_id(plain, ignored) == plain
    if not ignored:
        assert plain == text
    if "leading_zeros" not in ignored:
        assert plain in (text, text.casefold())
    elif not text.startswith("0"):
        assert plain.casefold() == text.casefold()


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10**9), st.integers(0, 5), st.sampled_from(["", ".0"]))
def test_zeros_in_front_of_a_number_are_taken_away(number, zeros, tail):
    assert plain_id("0" * zeros + str(number) + tail, ["leading_zeros"]) == str(number) + tail


def test_commas_of_thousands_are_what_a_spreadsheet_adds():
    texts = ["1,234", "1,234,567", "1,234.0", "12,34", "0,123", "A1,234", "1,2"]
    cells = Cells(np.arange(len(texts), dtype=np.int32), np.array(texts, dtype=object))
    read = ["1234", "1234567", "1234", "12,34", "0,123", "A1,234", "1,2"]
    assert list(read_ids(cells, ())) == read


def written(extract: Extract, change) -> Extract:
    """The ids of people in sessions and scores written in another way than in patients."""
    other = extract.copy()
    for name in ("sessions",):
        other.files[name]["pid"] = other.files[name]["pid"].map(change)
        other.files[name]["ref"] = other.files[name]["ref"].map(change)
    return other


def test_capitals_are_only_ignored_where_the_mapping_says_so(tmp_path):
    plain = Extract().ingest(tmp_path)
    extract = written(Extract(), str.lower)
    with pytest.raises(ExtractError, match=r"ids_ignore: \[capitals\] at the top") as caught:
        extract.ingest(tmp_path)
    assert "p001" not in str(caught.value).lower()
    extract.mapping["ids_ignore"] = ["capitals"]
    again = extract.ingest(tmp_path)
    assert len(again.tables["sessions"]) == len(plain.tables["sessions"]) == 240
    assert again.problems.empty


def test_zeros_that_a_spreadsheet_took_away_are_only_ignored_where_the_mapping_says_so(tmp_path):
    extract = Extract()
    for name in ("patients", "referrals", "sessions", "answers", "scores", "ratings"):
        frame = extract.files[name]
        for column in {"pid", "ref"} & set(frame):
            frame[column] = frame[column].str[1:].str.zfill(6)
    few = extract.copy()
    frame = few.files["sessions"]
    frame.loc[:49, ["pid", "ref"]] = frame.loc[:49, ["pid", "ref"]].map(
        lambda i: i.lstrip("0") or "0"
    )
    (aside,) = few.ingest(tmp_path).by_action["row set aside"]
    assert "ids_ignore: [leading_zeros]" in aside
    few.mapping["ids_ignore"] = ["leading_zeros"]
    assert len(few.ingest(tmp_path).tables["sessions"]) == 240


def test_ids_that_are_strangers_give_no_hint(tmp_path):
    extract = Extract()
    extract.set("sessions", "ref", [3], "R999")
    extract.set("sessions", "pid", [3], "P999")
    (aside,) = extract.ingest(tmp_path).by_action["row set aside"]
    assert "ids_ignore" not in aside


def test_two_ids_that_differ_in_capitals_are_two_people_and_pointed_out(tmp_path):
    extract = Extract()
    for name in ("patients", "referrals", "sessions"):
        frame = extract.files[name]
        frame.loc[frame["pid"] == "P002", "pid"] = "p001"
    result = extract.ingest(tmp_path)
    assert len(result.tables["patients"]) == 30
    assert list(result.problems["rule"]) == ["ids_alike", "ids_alike"]
    assert list(result.problems["row"]) == [3, 4]
    extract.mapping["ids_ignore"] = ["capitals"]
    again = extract.ingest(tmp_path)
    assert len(again.tables["patients"]) == 29
    assert "ids_alike" not in set(again.problems["rule"])


def test_the_key_is_closed_and_not_for_adapters(tmp_path):
    path = tmp_path / "north.yaml"
    path.write_text(
        "title: North\nids_ignore: [capitals]\nadapter: {data_set: mhsds_v6, folder: extracts}\n",
        encoding="utf-8",
    )
    with pytest.raises(MappingError, match="leave out 'ids_ignore'"):
        load_mapping(path)
