"""`init` as a user meets it: what it writes, what it refuses, what it asks, and what it never writes."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from naturalistic.cli.main import run_command
from naturalistic.errors import MappingError
from naturalistic.settings.load import load_mapping
from tests.unit.cohort import guess_corpus
from tests.workflow.terminal import Terminal

ROOT = Path(__file__).resolve().parents[2]
MAPPING = Path("config/cohorts/north.yaml")


@pytest.fixture
def project(tmp_path, monkeypatch):
    """An empty project in the current folder."""
    (tmp_path / "config" / "cohorts").mkdir(parents=True)
    shutil.copy(ROOT / "config" / "config.yaml", tmp_path / "config" / "config.yaml")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def lay(case: guess_corpus.Case) -> list[str]:
    return [f"extracts/{path.name}" for path in case.write(Path("extracts"))]


def answers(monkeypatch, *lines: str) -> None:
    """What the user types; after the last line the terminal is closed."""
    left = iter(lines)

    def read(prompt: str = "") -> str:
        try:
            return next(left)
        except StopIteration:
            raise EOFError from None

    monkeypatch.setattr("builtins.input", read)


def test_a_first_draft_and_what_is_said(project, capsys):
    files = lay(guess_corpus.first_and_last())
    assert run_command(["init", "north", *files]) == 0
    said = capsys.readouterr().out
    text = MAPPING.read_text(encoding="utf-8")
    assert "Read extracts/iaptlike_export.csv: 120 rows, 22 columns" in said
    assert "NHS Number" in said.split("may identify people")[1].splitlines()[0]
    unknown = said.split("Not recognised")[1].splitlines()[0]
    assert "Reliable Improvement (words or codes, 2 different)" in unknown
    assert said.rstrip().endswith("python3 go.py check north")
    assert "# OPEN QUESTIONS: 0." in text
    assert "  # sure: its name; dates; days above 12 prove the order" in text
    mapping = load_mapping(MAPPING)
    assert mapping.files["iaptlike_export"].path == "extracts/iaptlike_export.csv"
    assert mapping.choices.primary.instrument == "phq_9"


def test_an_existing_mapping_is_only_replaced_by_force(project, capsys):
    files = lay(guess_corpus.first_and_last())
    MAPPING.write_text("mine", encoding="utf-8")
    assert run_command(["init", "north", *files]) == 2
    assert "exists" in capsys.readouterr().err
    assert MAPPING.read_text(encoding="utf-8") == "mine"
    assert run_command(["init", "north", *files, "--force"]) == 0
    assert MAPPING.read_text(encoding="utf-8") != "mine"


@pytest.mark.parametrize("name", ["../north", "North", "a b", "templates", "2north"])
def test_names_that_cannot_be_used(project, name, capsys):
    files = lay(guess_corpus.first_and_last())
    assert run_command(["init", name, *files]) == 2
    assert "cannot name a cohort" in capsys.readouterr().err
    assert list(Path("config/cohorts").iterdir()) == []


def test_files_that_cannot_be_read(project, capsys):
    assert run_command(["init", "north", "extracts/absent.csv"]) == 2
    assert "does not exist" in capsys.readouterr().err
    Path("extracts").mkdir()
    Path("extracts/empty.csv").write_text("", encoding="utf-8")
    assert run_command(["init", "north", "extracts/empty.csv"]) == 4
    assert "extracts/empty.csv" in capsys.readouterr().err
    assert not MAPPING.exists()


def test_a_file_without_a_header_is_refused_without_showing_its_first_row(project, capsys):
    Path("extracts").mkdir()
    rows = [f"P{i},0{1 + i % 9}/02/2021,{i % 28},LS1 {i % 9}AB" for i in range(40)]
    Path("extracts/bare.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    assert run_command(["init", "north", "extracts/bare.csv"]) == 4
    said = capsys.readouterr()
    assert "first row looks like data" in said.err
    assert "LS1" not in said.err + said.out
    assert not MAPPING.exists()


def test_lines_above_the_header_are_passed_over(project):
    case = guess_corpus.first_and_last()
    frame = case.files["iaptlike_export.csv"]
    Path("extracts").mkdir()
    body = frame.to_csv(index=False)
    title = "Report of the trust" + "," * (frame.shape[1] - 1) + "\n"
    Path("extracts/titled.csv").write_text(title + body, encoding="utf-8")
    assert run_command(["init", "north", "extracts/titled.csv"]) == 0
    assert load_mapping(MAPPING).files["titled"].header_row == 2


def test_a_workbook_with_several_sheets(project):
    case = guess_corpus.american_export()
    Path("extracts").mkdir()
    with pd.ExcelWriter("extracts/all.xlsx") as book:
        for name, frame in case.files.items():
            frame.to_excel(book, sheet_name=name.removesuffix(".csv").title(), index=False)
        pd.DataFrame({"About": ["made in the trust", "in May"]}).to_excel(
            book, sheet_name="Notes", index=False
        )
    assert run_command(["init", "north", "extracts/all.xlsx"]) == 0
    mapping = load_mapping(MAPPING)
    assert {source.sheet for source in mapping.files.values()} == {"Episodes", "Sessions", "Scores"}
    assert mapping.tables.sessions.file == "all_sessions"
    assert run_command(["check", "north"]) == 0


def test_contacts_without_attendance_are_asked_about(project, monkeypatch):
    case = guess_corpus.american_export()
    del case.files["sessions.csv"]["AttendanceStatus"]
    files = lay(case)
    answers(monkeypatch, "1")
    assert run_command(["init", "north", *files, "--ask"]) == 0
    sessions = load_mapping(MAPPING).tables.sessions
    assert sessions.columns["attendance"].constant == "attended"


def test_a_core_column_that_was_not_found_is_asked_for_with_its_codes(project, monkeypatch, capsys):
    case = guess_corpus.two_digit_years()
    frame = case.files["psych_therapies_extract.tsv"]
    case.files["psych_therapies_extract.tsv"] = frame.rename(columns={"Disch_Rsn": "XQ7"})
    files = lay(case)
    answers(monkeypatch, "1", "1", "2", "3")
    assert run_command(["init", "north", *files, "--ask"]) == 0
    assert "which column holds how therapy ended?" in capsys.readouterr().out
    ending = load_mapping(MAPPING).tables.referrals.columns["ending"]
    assert ending.source == "XQ7"
    assert ending.codes == {"1": "planned_ending", "2": "unplanned_ending", "3": "referred_on"}


# ------------------------------------------------------------------------------------------------------ open questions


def test_open_questions_are_listed_with_their_lines_and_block_the_mapping(project, capsys):
    files = lay(guess_corpus.two_digit_years())
    assert run_command(["init", "north", *files]) == 0
    assert "3 questions are open" in capsys.readouterr().out
    lines = MAPPING.read_text(encoding="utf-8").splitlines()
    assert any(line.startswith("# OPEN QUESTIONS: 3.") for line in lines)
    pointed = [re.fullmatch(r"#   line (\d+): question (\d+)", line) for line in lines]
    pointed = [match for match in pointed if match]
    assert [int(match[2]) for match in pointed] == [1, 2, 3]
    for match in pointed:
        line = lines[int(match[1]) - 1]
        assert "ASK" in line
        assert not line.lstrip().startswith("#")
    with pytest.raises(MappingError, match="ASK"):
        load_mapping(MAPPING)
    assert run_command(["check", "north"]) == 3
    assert "ASK" in capsys.readouterr().err


def test_an_undecidable_date_order_is_refused_by_its_line(project):
    files = lay(guess_corpus.undecidable_dates())
    assert run_command(["init", "north", *files]) == 0
    lines = MAPPING.read_text(encoding="utf-8").splitlines()
    number = next(i for i, line in enumerate(lines, 1) if "date_format: ASK" in line)
    with pytest.raises(MappingError, match=f"line {number}: .*ASK"):
        load_mapping(MAPPING)


def test_questions_are_asked_one_at_a_time(project, capsys, monkeypatch):
    files = lay(guess_corpus.two_digit_years())
    answers(monkeypatch, "1", "nonsense", "99", "2", "8")
    assert run_command(["init", "north", *files, "--ask"]) == 0
    said = capsys.readouterr().out
    assert "Question 1 (2 more): what does the code '1' of 'Disch_Rsn' stand for (ending)?" in said
    assert "  1  Planned ending" in said
    assert said.count("Please type a number from 1 to 8") == 2
    ending = load_mapping(MAPPING).tables.referrals.columns["ending"]
    assert ending.codes == {"1": "planned_ending", "2": "unplanned_ending"}
    assert run_command(["check", "north"]) == 0


def test_an_empty_answer_and_the_end_of_the_input_leave_questions_open(
    project, capsys, monkeypatch
):
    files = lay(guess_corpus.two_digit_years())
    answers(monkeypatch, "", "2")
    assert run_command(["init", "north", *files, "--ask"]) == 0
    said = capsys.readouterr().out
    assert "2 questions are open" in said
    text = MAPPING.read_text(encoding="utf-8")
    assert '"1": ASK, "2": unplanned_ending, "3": ASK' in text


def test_the_date_order_can_be_answered(project, monkeypatch):
    files = lay(guess_corpus.undecidable_dates())
    answers(monkeypatch, "1")
    assert run_command(["init", "north", *files, "--ask"]) == 0
    columns = load_mapping(MAPPING).tables.referrals.columns
    assert columns["received_date"].date_format == columns["discharge_date"].date_format == "dmy"
    assert run_command(["check", "north"]) == 0


def test_what_is_left_out_takes_its_line_along(project, monkeypatch):
    files = lay(guess_corpus.undecidable_dates())
    answers(monkeypatch, "3")
    assert run_command(["init", "north", *files, "--ask"]) == 0
    assert "received_date" not in load_mapping(MAPPING).tables.referrals.columns


def test_ask_reads_from_a_real_pipe(project):
    files = lay(guess_corpus.two_digit_years())
    done = subprocess.run(
        [sys.executable, "-m", "naturalistic", "init", "north", *files, "--ask"],
        input="1\n2\n3\n",
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert "Question 3 (0 more)" in done.stdout
    codes = load_mapping(MAPPING).tables.referrals.columns["ending"].codes
    assert codes == {"1": "planned_ending", "2": "unplanned_ending", "3": "referred_on"}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
def test_questions_in_a_terminal(project):
    files = lay(guess_corpus.two_digit_years())
    terminal = Terminal("init", "north", *files, "--ask")
    first = terminal.expect("> ")
    assert "Question 1 (2 more)" in first
    assert "  1  Planned ending" in first
    terminal.send("9\n")
    assert "Please type a number from 1 to 8" in terminal.expect("> ")
    terminal.send("11\x7f\n")  # a digit too many, taken back
    assert "Question 2 (1 more)" in terminal.expect("> ")
    terminal.send("\n")
    assert "Question 3 (0 more)" in terminal.expect("> ")
    terminal.send("\x04")  # the end of the input
    code, shown = terminal.close()
    assert code == 0
    assert "2 questions are open" in shown
    text = MAPPING.read_text(encoding="utf-8")
    assert '"1": planned_ending, "2": ASK, "3": ASK' in text


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
def test_interrupting_the_questions_leaves_nothing_behind(project):
    files = lay(guess_corpus.two_digit_years())
    before = sorted(Path().rglob("*"))
    terminal = Terminal("init", "north", *files, "--ask")
    terminal.expect("> ")
    terminal.send("1\n")
    terminal.expect("> ")
    code, shown = terminal.interrupt()
    assert code == 130
    assert "nothing was written" in shown
    assert "Traceback" not in shown
    assert sorted(Path().rglob("*")) == before


def test_an_interrupted_draft_does_not_replace_an_earlier_one(project, monkeypatch):
    files = lay(guess_corpus.two_digit_years())
    MAPPING.write_text("mine", encoding="utf-8")

    def interrupt(prompt: str = "") -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr("builtins.input", interrupt)
    assert run_command(["init", "north", *files, "--ask", "--force"]) == 130
    assert MAPPING.read_text(encoding="utf-8") == "mine"


# -------------------------------------------------------------------------------------------------------------- privacy


def with_canaries() -> tuple[dict[str, pd.DataFrame], list[str]]:
    """An extract with unmistakable rare values in every kind of column, and identifying columns throughout."""
    case = guess_corpus.three_files_in_capitals()
    clients, contacts, forms = (frame.copy() for frame in case.files.values())
    rng = np.random.default_rng(3)
    canaries: list[str] = []

    def plant(
        frame: pd.DataFrame, column: str, text: str, n: int, owner: int | None = None
    ) -> None:
        canaries.append(text)
        rows = frame.index[:n]
        if owner is not None:
            rows = frame.index[frame["CLIENT_ID"] == f"C{owner:05d}"]
        frame.loc[rows, column] = text

    clients["NHS_NO"] = guess_corpus.nhs_numbers(len(clients), rng)
    clients["EMAIL"] = "everybody@canary.example"
    clients["MOBILE"] = "07700 900123"
    clients["SURNAME"] = "Canarysurname"
    clients["FREE_TEXT"] = "canary free text in every row"
    canaries += [
        *clients["NHS_NO"],
        "everybody@canary.example",
        "900123",
        "Canarysurname",
        "canary free text",
    ]
    canaries += list(clients["POST_CODE"].unique())
    plant(clients, "SEX", "canary_sex", 9)
    plant(clients, "ETHNIC_GROUP", "canary_group", 9)
    plant(clients, "DISCHARGE_REASON", "dropped out because of canary", 9)
    plant(clients, "REFERRAL_SOURCE", "canary source", 30)
    plant(clients, "TEAM_NAME", "canary team", 30)
    plant(contacts, "CONTACT_OUTCOME", "Did not attend canary", 9)
    # more than ten rows, all of one person
    contacts = pd.concat(
        [contacts, *[contacts[contacts["CLIENT_ID"] == "C00005"]] * 3], ignore_index=True
    )
    plant(contacts, "CONTACT_OUTCOME", "Attended canary", 0, owner=5)
    plant(forms, "ASSESSMENT_NAME", "CORE-OM canary", 9)
    return dict(zip(case.files, (clients, contacts, forms), strict=True)), canaries


def test_no_rare_and_no_identifying_value_is_written_or_shown(project, capsys):
    files, canaries = with_canaries()
    Path("extracts").mkdir()
    for name, frame in files.items():
        frame.to_csv(Path("extracts") / name, index=False)
    assert (files["contacts.csv"]["CONTACT_OUTCOME"] == "Attended canary").sum() >= 10
    assert run_command(["init", "north", *(f"extracts/{name}" for name in files)]) == 0
    said = capsys.readouterr()
    text = MAPPING.read_text(encoding="utf-8") + said.out + said.err
    for canary in canaries:
        assert canary.casefold() not in text.casefold()
    for person in ("C00005", "C00017"):
        assert person not in text
    # the frequent ones are there, so the test can fail
    assert "Cancelled By Patient" in text


def test_nine_rows_are_hidden_and_ten_are_written(project):
    case = guess_corpus.first_and_last()
    frame = case.files["iaptlike_export.csv"]
    frame["End of Care Reason"] = "Completed treatment"
    frame.loc[:8, "End of Care Reason"] = "Dropped out of nine"
    frame.loc[9:18, "End of Care Reason"] = "Dropped out of ten"
    files = lay(case)
    assert run_command(["init", "north", *files]) == 0
    text = MAPPING.read_text(encoding="utf-8")
    assert "Dropped out of ten: unplanned_ending" in text
    assert "nine" not in text
    assert "1 further code in fewer than 10 rows" in text


def test_identifying_columns_are_dropped_or_coarsened_and_explained(project):
    case = guess_corpus.three_files_in_capitals()
    people = ["Anna Smith", "Brian Jones", "Carol Brown", "David Green", "Emma White"]
    case.files["clients.csv"]["CARE_COORDINATOR"] = people * 24
    files = lay(case)
    assert run_command(["init", "north", *files]) == 0
    mapping = load_mapping_answered()
    patients = mapping["tables"]["patients"]["columns"]
    assert patients["age"] == {"from": "DOB", "coarsen": "age_at_referral"}
    assert patients["area"] == {"from": "POST_CODE", "coarsen": "outward_postcode"}
    therapist = mapping["tables"]["referrals"]["columns"]["therapist_id"]
    assert therapist == {"from": "CARE_COORDINATOR", "drop": True}
    assert "names of people" in MAPPING.read_text(encoding="utf-8")


def load_mapping_answered() -> dict:
    return yaml.safe_load(MAPPING.read_text(encoding="utf-8"))


# ------------------------------------------------------------------------------------------------------------ round trip


@pytest.mark.parametrize(
    "make",
    [
        guess_corpus.event_rows,
        guess_corpus.therapy_forms,
        guess_corpus.american_export,
        guess_corpus.short_names,
    ],
    ids=lambda make: make.__name__,
)
def test_from_init_to_check(project, make, capsys, monkeypatch):
    files = lay(make())
    answers(monkeypatch, *["1"] * 20)
    assert run_command(["init", "north", *files, "--ask"]) == 0
    assert run_command(["check", "north"]) == 0
    assert re.search(r"patients +120 rows", capsys.readouterr().out)


def test_the_same_files_give_the_same_draft_whatever_the_order_of_their_rows(project):
    case = guess_corpus.three_files_in_capitals()
    files = lay(case)
    assert run_command(["init", "north", *files]) == 0
    first = MAPPING.read_text(encoding="utf-8")
    for name, frame in case.files.items():
        frame.sample(frac=1, random_state=4).to_csv(Path("extracts") / name, index=False)
    assert run_command(["init", "north", *files, "--force"]) == 0
    assert MAPPING.read_text(encoding="utf-8") == first
