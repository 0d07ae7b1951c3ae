"""Names of columns taken apart: words of the field, questionnaires, and what names and words stand for."""

from __future__ import annotations

import pytest

from naturalistic.cohort.guessing.code_words import MISSING, meaning_of, meanings
from naturalistic.cohort.guessing.form_names import FormWords
from naturalistic.cohort.guessing.header_words import concept_words, pieces
from naturalistic.cohort.guessing.lexicon import name_scores, phrases
from naturalistic.cohort.guessing.series import series_of
from naturalistic.cohort.guessing.word_lists import word_list
from naturalistic.reference.loader import load_instruments
from naturalistic.tables.cohort import COHORT_TABLES

WORDS = FormWords(load_instruments())


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Date of Appointment", {"date", "session"}),
        ("apptDt", {"session", "date"}),
        ("dischdt", {"discharge", "date"}),
        ("DSCHRG_DT", {"discharge", "date"}),
        ("D.O.B.", {"birth", "date"}),
        ("Date rec'd", {"date", "received"}),
        ("ClientRef", {"patient", "id"}),
        ("RefSource", {"referral", "source"}),
        ("AttendOrDNACode", {"attended", "missed", "code"}),
        ("marstat", {"marital", "status"}),
        ("POST_CODE", {"postcode"}),
        ("Outcome at d/c", {"outcome", "discharge"}),
    ],
)
def test_words_of_the_field(name, expected):
    assert set(concept_words(name)) == expected


def test_pieces_keep_their_place():
    assert [(p.text, p.start, p.end) for p in pieces("CoreOM_Pre01")] == [
        ("core", 0, 4),
        ("om", 4, 6),
        ("pre", 7, 10),
        ("01", 10, 12),
    ]


def test_every_phrase_is_of_a_canonical_column():
    for target in phrases():
        table, name = target.split(":")[0].split(".")
        if table not in ("form", "ignored"):
            assert name in COHORT_TABLES[table].names, target


def test_every_column_the_report_needs_has_phrases():
    for table in ("patients", "referrals", "sessions"):
        for column in COHORT_TABLES[table].columns:
            if column.unlocks:
                assert f"{table}.{column.name}" in phrases()


def test_a_name_without_a_known_word_scores_nothing():
    assert name_scores(concept_words("Xyzzy"), frozenset()) == {}


@pytest.mark.parametrize(
    ("name", "instruments", "occasion", "counter", "number", "scale"),
    [
        ("First PHQ9 Score", ("phq_9",), "pre", "", None, ""),
        ("PHQ-9 session 12", ("phq_9",), "", "session", 12, ""),
        ("gad7_t2", ("gad_7",), "", "time", 2, ""),
        ("phqpre", ("phq_9",), "pre", "", None, ""),
        ("CORE_OM_W_post", ("core_om",), "end", "", None, "wellbeing"),
        ("BDI-II 6 month follow up", ("bdi_ii",), "follow_up", "month", 6, ""),
        ("HADS_A_baseline", ("hads",), "pre", "", None, "anxiety"),
        ("core10post", ("core_10",), "end", "", None, ""),
        ("pcl5 discharge", ("pcl_5",), "end", "", None, ""),
    ],
)
def test_names_of_forms(name, instruments, occasion, counter, number, scale):
    said = WORDS.parse(name)
    assert said.instruments == instruments
    assert (said.occasion, said.counter, said.number, said.scale) == (
        occasion,
        counter,
        number,
        scale,
    )


@pytest.mark.parametrize(
    "name", ["PHQ9_Reliable_Improvement", "phq9_complete", "GAD7 severity band", "CORE change"]
)
def test_names_of_what_is_worked_out_from_a_form(name):
    assert WORDS.parse(name).is_derived


def test_a_questionnaire_without_an_instrument_file_is_named():
    said = WORDS.parse("EDEQ_total_pre")
    assert (said.instruments, said.elsewhere) == ((), "edeq")


def test_series_of_numbered_columns():
    names = (
        [f"core{i}_pre" for i in range(1, 35)]
        + [f"Q{i:02d}" for i in range(1, 10)]
        + ["age", "phq9"]
    )
    found = {s.pattern: len(s.columns) for s in series_of(names, 5)}
    assert found == {"core{item}_pre": 34, "Q{item:02d}": 9}


# ---------------------------------------------------------------------------------------------------------------- codes


@pytest.mark.parametrize(
    ("column", "text", "meaning"),
    [
        ("attendance", "Did not attend - no advance warning", "did_not_attend"),
        ("attendance", "Cancelled by, or on behalf of, the patient", "cancelled_by_patient"),
        ("attendance", "Late cancellation by patient", "cancelled_by_patient"),
        (
            "attendance",
            "Cancelled or postponed by the health care provider",
            "cancelled_by_service",
        ),
        ("attendance", "Arrived late and could not be seen", "arrived_too_late"),
        ("attendance", "Arrived late but was seen", "attended_late"),
        ("attendance", "Cancelled", None),
        ("attendance", "Cancelled by service user", "cancelled_by_patient"),
        ("attendance", "Cancelled by Service", "cancelled_by_service"),
        ("ending", "Planned: agreed during therapy", "planned_ending"),
        ("ending", "Unplanned - due to crisis", "unplanned_ending"),
        ("ending", "Termination of treatment earlier than patient requested", "service_ended"),
        ("ending", "Not suitable for service", "other_ending"),
        ("ending", "Still in therapy", MISSING),
        ("ending", "Not known", "unknown_ending"),
        ("gender", "Prefer not to say", MISSING),
        ("ethnicity", "White and Asian", "mixed"),
        ("ethnicity", "Any other Black background", "black"),
        ("employment", "Unemployed and seeking work", "unemployed"),
        ("employment", "Long-term sick or disabled", "long_term_sick_or_disabled"),
        ("medication", "Prescribed but not taking", "no"),
        ("medication", "Prescribed and taking", "yes"),
        ("relationship_status", "Unmarried", "single"),
        ("occasion", "end_of_therapy_arm_1", "end"),
        ("occasion", "3_month_follow_up", "follow_up"),
    ],
)
def test_words_of_services(column, text, meaning):
    assert meaning_of(column, text) == meaning


def test_every_word_of_the_lists_is_a_word_of_the_vocabulary():
    levels: dict[str, set[str]] = {}
    for table in COHORT_TABLES.values():
        for name in table.names:
            levels.setdefault(name, set()).update(table.column(name).levels)
    for column, rules in word_list("code_words")["words"].items():
        rules = word_list("code_words")["words"][rules] if isinstance(rules, str) else rules
        said = {str(meaning) for rule in rules for meaning in rule}
        assert said - {"", "?"} <= levels[column], column


def test_published_lists_explain_codes():
    heard = meanings("attendance", ["5", "3", "2"], national=False)
    assert heard.known == {"5": "attended", "3": "did_not_attend", "2": "cancelled_by_patient"}
    assert heard.published
    assert heard.certain


def test_one_and_two_are_not_sexes_without_a_reason():
    assert not meanings("gender", ["1", "2"], national=False).certain
    assert meanings("gender", ["1", "2"], national=True).certain


def test_letters_of_other_lists_are_not_stages_of_core():
    assert meanings("occasion", ["A", "S", "R"], national=False).known == {}
    assert meanings("occasion", ["P", "D", "L"], national=False).known == {
        "P": "pre",
        "D": "session",
        "L": "end",
    }
