"""The extract of a synthetic cohort in the format of a national data set is the cohort, as far as the format can hold it."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from naturalistic.reference.loader import load_adapters
from naturalistic.tables.cohort import COHORT_TABLES
from tests.unit.cohort.national_extract import Pair, comparable, derived, pair

TALKING, HEALTH = "talking_therapies_v2_1", "mhsds_v6"

# What a format cannot hold, by canonical column. `reference/adapters/*.yaml` says why (`not_held`), and the how-to
# repeats it; a test below holds the lists against each other.
NOT_HELD = {
    TALKING: {
        "patients.relationship_status",
        "patients.living_arrangement",
        "patients.education",
        "patients.medication",
        "patients.prior_treatment",
        "referrals.service",
        "referrals.team",
        "referrals.accepted_date",
        "referrals.agreed_sessions",
        "referrals.therapist_id",
        "questionnaires.occasion",
        "questionnaires.session_number",
        "questionnaires.item",
        "ratings",
    },
    HEALTH: {
        "patients.living_arrangement",
        "patients.benefits",
        "patients.deprivation_decile",
        "patients.education",
        "patients.long_term_condition",
        "patients.medication",
        "patients.prior_treatment",
        "referrals.service",
        "referrals.accepted_date",
        "referrals.agreed_sessions",
        "referrals.therapist_id",
        "referrals.ending.service_ended",
        "questionnaires.occasion",
        "questionnaires.session_number",
        "questionnaires.item",
        "ratings",
    },
}
# the national word for a word of the synthetic service
WORDS = {
    "GP": "General practitioner",
    "Community mental health team": "Other mental health provider or transfer",
    "Counselling": "Counselling for depression",
}
# problems of the synthetic services that no diagnosis stands for
NO_DIAGNOSIS = (
    "Other",
    "Personality problems",
    "Trauma and abuse",
    "Interpersonal problems",
    "Anxiety",
)
FOLLOWS_FROM_NOT_HELD = {
    # columns of the episodes that are made from what is not held
    "dropout_before_agreed_end": "referrals.agreed_sessions",
    "therapist_id": "referrals.therapist_id",
    "service": "referrals.service",
    "team": "referrals.team",
}
CASES = [
    (TALKING, "talking_therapies"),
    (HEALTH, "talking_therapies"),
    (TALKING, "hirschfeld"),
    (HEALTH, "hirschfeld"),
    (HEALTH, "scale"),
]


@pytest.fixture(scope="module", params=CASES, ids=lambda case: "-".join(case))
def both(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Pair:
    data_set, preset = request.param
    found = pair(data_set, preset, tmp_path_factory.mktemp("north"))
    found.data_set = data_set  # type: ignore[attr-defined]  # for the tests below
    return found


def as_held(both: Pair) -> dict[str, pd.DataFrame]:
    """The cohort as made, with everything the format cannot hold taken out of it."""
    data_set = both.data_set  # type: ignore[attr-defined]
    tables = {name: frame.copy() for name, frame in both.made.items()}
    for name in NOT_HELD[data_set]:
        table, _, column = name.partition(".")
        if table != "questionnaires" and column in tables[table]:
            tables[table][column] = (
                COHORT_TABLES[table].empty()[column].reindex(tables[table].index)
            )
    patients, referrals, sessions = (tables[n] for n in ("patients", "referrals", "sessions"))
    if data_set == TALKING:  # that there is no row does not say "no"
        patients["long_term_condition"] = patients["long_term_condition"].where(
            patients["long_term_condition"] == "yes"
        )
    else:
        referrals["ending"] = referrals["ending"].where(referrals["ending"] != "service_ended")
    for column in ("referral_source", "therapy_model"):
        referrals[column] = referrals[column].astype("object").replace(WORDS)
    problem = referrals["problem"].astype("object")
    referrals["problem"] = problem.where(~problem.isin(NO_DIAGNOSIS))
    # the format of therapy and the therapist are held by contact
    booked = referrals["referral_id"].isin(sessions["referral_id"])
    referrals["format"] = referrals["format"].where(booked)
    seen = sessions["attendance"].isin(["attended", "attended_late"])
    sessions["therapist_id"] = sessions["therapist_id"].where(seen)
    return tables


def test_what_is_not_held_is_listed_with_its_reason() -> None:
    how_to = Path(__file__).parents[3] / "docs" / "how_to" / "national_data_sets.md"
    text = how_to.read_text(encoding="utf-8")
    for data_set, names in NOT_HELD.items():
        assert set(load_adapters()[data_set].not_held) == names
        for name in names:
            assert f"`{name}`" in text, name


@pytest.mark.parametrize("table", ["patients", "referrals", "sessions"])
def test_every_column_the_format_can_hold_comes_back(both: Pair, table: str) -> None:
    held = as_held(both)[table]
    # the label of the national code is more than the synthetic service says
    columns = [c for c in COHORT_TABLES[table].names if c != "ending_detail"]
    assert len(both.got[table]) == len(held)
    for column in columns:
        keys = [c for c in (f"{table[:-1]}_id", "referral_id", "patient_id", "date") if c in held]
        wanted = list(dict.fromkeys([*keys, column]))
        pd.testing.assert_frame_equal(
            comparable(both.got[table], wanted), comparable(held, wanted), obj=f"{table}.{column}"
        )


def test_nothing_was_wrong_with_the_extract(both: Pair) -> None:
    # two forms of one day, one in each table of assessments, contradict each other
    allowed = {"discharge_without_ending", "form_after_discharge", "answer_conflict"}
    allowed.add("table_columns_unread")  # of what the cohort does not record
    assert set(both.result.problems["rule"]) <= allowed


def test_scores_are_those_of_the_cohort(both: Pair) -> None:
    got = derived(both.got, both.cohort)["scores"]
    columns = ["referral_id", "instrument", "scale", "date", "score"]
    pd.testing.assert_frame_equal(
        comparable(got, columns), comparable(scores_held(both), columns), atol=1e-5, rtol=0
    )


def scores_held(both: Pair) -> pd.DataFrame:
    """Scores with a code of their own that can be worked out, but for two of one scale on one day."""
    scores = derived(both.made, both.cohort)["scores"]
    scales = both.got["questionnaires"][["instrument", "scale"]].astype("object").drop_duplicates()
    scores = scores[scores["score"].notna()].astype({"instrument": "object", "scale": "object"})
    scores = scores.merge(scales, on=["instrument", "scale"])
    return scores[~scores.duplicated(["referral_id", "instrument", "scale", "date"], keep=False)]


def test_episodes_are_those_of_the_cohort(both: Pair) -> None:
    made = derived(as_held(both), both.cohort)["episodes"]
    got = derived(both.got, both.cohort)["episodes"]
    for column in made.columns:
        if column in FOLLOWS_FROM_NOT_HELD or column == "ending_detail":
            continue
        wanted = list(dict.fromkeys(["referral_id", column]))
        pd.testing.assert_frame_equal(comparable(got, wanted), comparable(made, wanted))


def test_outcomes_are_those_of_the_cohort(both: Pair) -> None:
    """Those of the cohort whose forms are scores with a date; and nearly all of those of the cohort itself."""
    held = as_held(both)
    scores = scores_held(both).assign(item=pd.NA, occasion=None, session_number=pd.NA)
    scores = scores.rename(columns={"score": "value"})
    held["questionnaires"] = COHORT_TABLES["questionnaires"].conform(
        scores[list(COHORT_TABLES["questionnaires"].names)]
    )
    got = derived(both.got, both.cohort)["outcomes"]
    exact = derived(held, both.cohort)["outcomes"]
    for column in got.columns:
        wanted = list(dict.fromkeys(["referral_id", "instrument", "scale", column]))
        pd.testing.assert_frame_equal(
            comparable(got, wanted), comparable(exact, wanted), atol=1e-5, rtol=0, obj=column
        )
    keys = ["referral_id", "instrument", "scale"]
    itself = derived(both.made, both.cohort)["outcomes"].astype(
        {"instrument": "object", "scale": "object"}
    )
    same = itself.merge(got.astype({"instrument": "object", "scale": "object"}), on=keys)
    paired = same[same["pairing_x"] == "paired"]
    assert len(paired) > 20
    close = (paired["first_score_x"] - paired["first_score_y"]).abs() < 1e-5
    close &= (paired["last_score_x"] - paired["last_score_y"]).abs() < 1e-5
    assert close.mean() > 0.9
