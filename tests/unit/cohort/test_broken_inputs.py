import pandas as pd
import pytest

from naturalistic.cohort.problems import PROBLEM_COLUMNS
from naturalistic.cohort.rules import RULES
from naturalistic.cohort.rules_adapters import ADAPTERS
from naturalistic.errors import ExtractError, IdentifiableDataError, UserError
from tests.workflow.broken_inputs.corpus import CASES
from tests.workflow.broken_inputs.extract import MAPPING_NAME, Case, Extract


def test_the_clean_extract_has_no_problem(tmp_path):
    result = Extract().ingest(tmp_path)
    assert result.problems.empty
    assert result.summary == ()
    assert {name: len(table) for name, table in result.tables.items()} == {
        "patients": 30,
        "referrals": 30,
        "sessions": 240,
        "questionnaires": 720,
        "ratings": 60,
    }


def test_a_frequent_word_among_numbers_is_shown_and_a_rare_one_is_not(tmp_path):
    extract = Extract()
    extract.set("sessions", "minutes", slice(0, 9), ".")
    extract.set("sessions", "minutes", slice(20, 28), "CANARY")
    (message,) = extract.ingest(tmp_path).by_action["cell set to missing"]
    assert message.startswith(
        "sessions.duration (sessions.csv): 19 of 240 rows do not hold a number"
    )
    assert "no numbers: '.' in 10 rows" in message
    assert "CANARY" not in message


def test_what_was_done_is_told_for_every_finding(tmp_path):
    extract = Extract()
    extract.set("sessions", "ref", [3], "R999")
    extract.set("sessions", "pid", [3], "P999")
    extract.set("sessions", "minutes", [4], "long")
    told = extract.ingest(tmp_path).by_action
    assert list(told) == ["row set aside", "cell set to missing"]
    assert [len(each) for each in told.values()] == [1, 1]
    assert MAPPING_NAME not in str(told)


def test_the_corpus_breaks_every_rule():
    broken = {case.rule for case in CASES} | {rule for case in CASES for rule in case.also}
    # the rules on tables of a national data set are broken in test_adapters.py
    assert broken == set(RULES) - {rule.name for rule in ADAPTERS}
    assert len(CASES) >= 40


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_broken_input_is_named_and_counted(case: Case, tmp_path):
    extract = Extract()
    case.change(extract)
    if case.error is None:
        result = extract.ingest(tmp_path)
        problems, messages = result.problems, result.summary
        _assert_rows_add_up(result)
    else:
        with pytest.raises(case.error) as caught:
            extract.ingest(tmp_path)
        problems, messages = caught.value.table, caught.value.problems
        assert caught.value.exit_code == (4 if case.error is ExtractError else 5)
        assert "Traceback" not in str(caught.value)
    _assert_described(case, problems)
    _assert_nothing_leaks(case, problems, messages)


def _assert_described(case: Case, problems: pd.DataFrame) -> None:
    assert tuple(problems.columns) == PROBLEM_COLUMNS
    assert set(problems["rule"]) - set(case.also) == {case.rule}
    own = problems[(problems["rule"] == case.rule)]
    place = own[(own["table"] == case.table)]
    if case.rule != "column_absent" and case.rule != "nhs_number":
        assert set(place["column"]) == {case.column}
    assert case.column in set(place["column"])
    assert len(place) == case.rows or case.rule == "nhs_number"
    assert (own["severity"] == RULES[case.rule].severity).all()
    assert (own["reason"] == RULES[case.rule].reason).all()
    if case.numbers:
        assert tuple(sorted(place["row"])) == case.numbers
    stops = RULES[case.rule].severity == "stops"
    assert stops == (case.error is not None)


def _assert_nothing_leaks(case: Case, problems: pd.DataFrame, messages: tuple[str, ...]) -> None:
    said = "\n".join(messages) + problems.to_csv(index=False)
    for secret in case.secrets:
        assert secret not in said
    assert any(MAPPING_NAME in message for message in messages)
    where = ".".join(filter(None, (case.table, case.column)))
    assert any(where in message for message in messages)


def _assert_rows_add_up(result) -> None:
    flow = result.flow
    for table, steps in flow.groupby("table"):
        kept = steps[steps["step"] == "kept"]
        assert kept["rows_out"].item() == len(result.tables[table])
    set_aside = flow[flow["step"] == "set_aside"]
    assert (set_aside["rows_in"] - set_aside["count"] == set_aside["rows_out"]).all()
    assert (set_aside["count"] > 0).all()


def test_every_fault_is_listed_at_once(tmp_path):
    extract = Extract()
    extract.set("sessions", "seen", slice(0, 150), "CANARY")
    extract.set("sessions", "minutes", slice(None), "CANARY")
    extract.set("referrals", "accepted", slice(0, 20), "CANARY")
    with pytest.raises(ExtractError) as caught:
        extract.ingest(tmp_path)
    assert len(caught.value.problems) == 3
    assert set(caught.value.table["rule"]) >= {
        "most_codes_unknown",
        "most_numbers_unreadable",
        "most_dates_unreadable",
    }


def test_every_unreadable_file_is_listed_at_once(tmp_path):
    extract = Extract()
    extract.raw["sessions.csv"] = None
    extract.raw["answers.csv"] = b""
    extract.files["patients"] = extract.files["patients"].rename(columns={"sex": "gender"})
    with pytest.raises(ExtractError) as caught:
        extract.ingest(tmp_path)
    assert set(caught.value.table["rule"]) == {"file_absent", "file_without_rows", "column_absent"}


def test_a_frequent_unknown_code_is_shown_and_a_rare_one_is_not(tmp_path):
    extract = Extract()
    extract.set("sessions", "seen", slice(0, 9), "9")
    extract.set("sessions", "seen", slice(20, 28), "CANARY")
    (message,) = [m for m in extract.ingest(tmp_path).summary if "attendance" in m and "code" in m]
    assert "'9' in 10 rows" in message
    assert "CANARY" not in message
    assert "accepted: 5, 6, 3" in message
    assert "19 of 240 rows" in message
    assert "Rows 2, 3, 4, 5, 6 and more." in message


@pytest.mark.parametrize(
    ("case", "words"),
    [
        ("month before day", ("declared: dmy", "fits: %m/%d/%Y")),
        ("ISO dates in a column declared day first", ("declared: dmy", "fits: iso")),
        ("years of two digits", ("declared: dmy", "fits: %d/%m/%y")),
        ("serial numbers of a spreadsheet", ("declared: dmy", "fits: excel_serial")),
        ("a column that is not there", ("did you mean 'Seen?'",)),
        ("full postcodes", ("coarsen: outward_postcode", "drop: true", "not_identifying_because")),
        ("answers counted from 1", ("core_10 runs from 0 to 4, the file from 1 to 5",)),
    ],
)
def test_messages_say_what_to_do(case, words, tmp_path):
    extract = Extract()
    next(c for c in CASES if c.name == case).change(extract)
    with pytest.raises(UserError) as caught:
        extract.ingest(tmp_path)
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize("remedy", ["drop", "reason"])
@pytest.mark.parametrize(
    "case", [c for c in CASES if c.error is IdentifiableDataError], ids=lambda c: c.name
)
def test_a_mapping_can_answer_the_gate(case, remedy, tmp_path):
    extract = Extract()
    case.change(extract)
    for table in ("patients", "referrals", "sessions"):
        for name, spec in extract.columns(table).items():
            if name not in (case.column, "patient_id"):
                continue
            spec = {"from": spec} if isinstance(spec, str) else spec
            if remedy == "reason" or name == "patient_id":
                spec["not_identifying_because"] = "made up for a test"
            else:
                spec["drop"] = True
            extract.columns(table)[name] = spec
    tables = extract.ingest(tmp_path).tables
    assert len(tables["patients"]) == 30
