"""What is planted in a later extract is pointed out, and nothing else."""

from __future__ import annotations

import copy

import numpy as np
import pandas as pd

from naturalistic.cohort.drift.compare import compare, compare_headers, no_comparison
from naturalistic.cohort.drift.lines import COLUMNS, WHAT
from naturalistic.cohort.drift.sentences import drift_sentences
from tests.unit.cohort.drift.extracts import MAPPING, changes, frames, profile


def later(earlier: dict[str, pd.DataFrame], seed: int = 2) -> dict[str, pd.DataFrame]:
    """The same service a year on, with everybody of the earlier extract in it again."""
    more = frames(seed, 150)
    return {name: pd.concat([earlier[name], more[name]], ignore_index=True) for name in earlier}


def the(found: pd.DataFrame, what: str) -> pd.Series:
    rows = found[found["what"] == what]
    assert len(rows) == 1, found[["what", "column"]].to_string()
    return rows.iloc[0]


def test_the_same_service_a_year_on_shows_nothing(tmp_path):
    assert changes(tmp_path, frames(), later(frames())).empty


def test_another_sample_of_the_same_service_shows_nothing(tmp_path):
    found = changes(tmp_path, frames(1), frames(5))
    assert set(found["what"]) <= {"rows_of_shared_months"}  # other people came in the same months


def test_columns_that_come_and_go(tmp_path):
    now = frames()
    now["people"] = now["people"].rename(columns={"Notes": "FreeText"}).assign(Extra=1)
    found = changes(tmp_path, frames(), now)
    assert list(found["what"]) == ["column_new", "column_new", "column_gone"]
    assert list(found["column"]) == ["FreeText", "Extra", "Notes"]
    assert drift_sentences(found) == [
        "people: 2 new columns: FreeText, Extra.",
        "people: 1 column is gone: Notes.",
    ]


def test_codes_that_come_and_go(tmp_path):
    now = later(frames())
    now["people"].loc[400:420, "Ending"] = "T"
    now["people"].loc[421:423, "Sex"] = "X"
    now["people"]["Team"] = now["people"]["Team"].replace("South", "South East")
    found = changes(tmp_path, frames(), now)
    ending = found[(found["column"] == "Ending") & (found["what"] == "code_new")]
    assert ending[["code", "now"]].to_numpy().tolist() == [["T", "21 rows"]]
    rare = the(found, "codes_new_rare")
    assert (rare["column"], rare["now"], rare["code"]) == ("Sex", "1", "")
    assert "X" not in found.drop(columns=["what"]).to_string().replace("Sex", "")
    team = found[found["column"] == "Team"].set_index("what")
    assert team.loc["code_new", "code"] == "South East"
    assert team.loc["code_gone", "code"] == "South"
    assert "shares" not in team.index  # a code under another name moves nobody
    assert "people, Ending: the code 'T' is new (21 rows now)." in drift_sentences(found)


def test_shares_are_shown_for_the_most_frequent_codes(tmp_path):
    now = frames()
    now["people"].loc[:199, "Ending"] = "P"
    now["people"].loc[200:220, "Ending"] = "T"
    row = the(changes(tmp_path, frames(), now), "shares")
    share = (frames()["people"]["Ending"] == "P").mean()
    assert row["earlier"] == f"P {share:.0%} | U {1 - share:.0%} | T -"
    later = now["people"]["Ending"].value_counts(normalize=True)
    assert row["now"] == f"P {later['P']:.0%} | U {later['U']:.0%} | T 5%"


def test_a_rare_code_that_becomes_frequent_is_not_new(tmp_path):
    before, now = frames(), frames()
    before["people"].loc[:4, "Ending"] = "T"
    now["people"].loc[:10, "Ending"] = "T"
    assert "code_new" not in set(changes(tmp_path, before, now)["what"])
    assert "code_gone" not in set(changes(tmp_path / "turned", now, before)["what"])


def test_gaps_units_shares_and_unreadable_values(tmp_path):
    now = frames(5)
    visits = now["visits"]
    visits["Minutes"] = visits["Minutes"] / 60
    visits["PHQ"] = visits["PHQ"].astype(object)
    visits.loc[:399, "PHQ"] = ""
    visits.loc[400:700, "PHQ"] = "see notes"
    visits.loc[::2, "Seen"] = "N"
    found = changes(tmp_path, frames(), now).set_index(["column", "what"])
    assert found.loc[("Minutes", "mean"), "standardised_difference"] < -5
    assert (
        found.loc[("PHQ", "missing"), "earlier"],
        found.loc[("PHQ", "missing"), "now"],
    ) == ("0.0%", "25.0%")
    assert ("PHQ", "unreadable") in found.index
    seen = found.loc[("Seen", "shares")]
    assert seen["standardised_difference"] > seen["chance_limit"]
    assert not found.index.isin([("Id", "missing"), ("Team", "shares"), ("Sex", "shares")]).any()


def test_numbers_that_become_words_look_different(tmp_path):
    now = frames()
    now["people"]["Team"] = now["people"]["Team"].map({"North": "1", "South": "2"})
    found = changes(tmp_path, frames(), now)
    row = the(found[found["column"] == "Team"], "looks")
    assert (row["earlier"], row["now"]) == ("text", "numbers")


def test_months_that_lose_rows_and_an_extract_that_ends_earlier(tmp_path):
    before = frames(n=900)
    now = {name: frame.copy() for name, frame in before.items()}
    gone = set(before["people"].loc[before["people"]["Referred"].str[:7] == "2021-06", "Id"])
    gone = set(sorted(gone)[:12])
    now = {name: frame[~frame["Id"].isin(gone)] for name, frame in now.items()}
    found = changes(tmp_path, before, now).set_index(["column", "what"])
    row = found.loc[("Referred", "rows_of_shared_months")]
    assert int(row["earlier"]) - int(row["now"]) == 12
    late = before["people"]["Referred"] > "2022-06-30"
    gone = set(before["people"].loc[late, "Id"])
    now = {name: frame[~frame["Id"].isin(gone)] for name, frame in before.items()}
    found = changes(tmp_path / "early", before, now).set_index(["column", "what"])
    assert found.loc[("Referred", "period"), "now"].endswith("2022-06")
    assert found.loc[("Referred", "period"), "earlier"] > found.loc[("Referred", "period"), "now"]


def test_a_hole_between_full_months(tmp_path):
    before = frames(n=2000)
    hole = before["people"]["Referred"].str[:7] == "2021-08"
    gone = set(before["people"].loc[hole, "Id"])
    now = {name: frame[~frame["Id"].isin(gone)] for name, frame in before.items()}
    found = changes(tmp_path, before, now)
    row = the(found[found["column"] == "Referred"], "months_under_ten")
    assert (row["earlier"], row["now"]) == ("0", "1")


def test_what_the_mapping_newly_reads_is_said_without_a_comparison(tmp_path):
    mapping = copy.deepcopy(MAPPING)
    mapping["tables"]["referrals"]["columns"]["problem"] = "Notes"
    drift = compare(profile(tmp_path / "a", frames()), profile(tmp_path / "b", frames(), mapping))
    assert the(drift, "column_now_mapped")["column"] == "Notes"
    assert (drift["changed"] == "no").all()
    back = compare(profile(tmp_path / "c", frames(), mapping), profile(tmp_path / "d", frames()))
    assert the(back, "column_not_mapped")["column"] == "Notes"


def test_headers_alone(tmp_path):
    kept = profile(tmp_path, frames())
    found = compare_headers(kept, {"people": ("Id", "Gender"), "extra": ("A",)})
    assert set(zip(found["what"], found["file"], found["column"], strict=True)) >= {
        ("column_new", "people", "Gender"),
        ("column_gone", "people", "Sex"),
        ("file_new", "extra", ""),
    }
    assert compare_headers(kept, {"people": kept.files["people"].header}).empty


def test_the_table_has_the_same_columns_with_and_without_an_earlier_extract(tmp_path):
    kept = profile(tmp_path, frames())
    drift = compare(kept, kept)
    assert list(drift) == list(no_comparison()) == list(COLUMNS)
    assert set(drift["what"]) <= set(WHAT)
    assert (drift["changed"] == "no").all()
    assert drift[["standardised_difference", "chance_limit"]].dtypes.eq(np.float64).all()
    assert drift_sentences(drift) == []
