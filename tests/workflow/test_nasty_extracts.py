"""Three extracts as they really arrive, from `init` to the tables, answered in the terminal as an analyst would."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from naturalistic.cli import stages
from naturalistic.cli.init import init
from naturalistic.cli.main import run_command
from naturalistic.cli.plan import Plan
from tests.pipeline import project as copy_config
from tests.unit.cohort import nasty_extracts
from tests.unit.cohort.nasty_extracts import Nasty

MAPPING = Path("config/cohorts/north.yaml")
CONFIG = Path("config/config.yaml")


@pytest.fixture
def project(tmp_path, monkeypatch):
    copy_config(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def user(nasty: Nasty, capsys) -> Callable[[str], str]:
    """Reads the question on the screen and types the number of the answer."""

    def type_answer(prompt: str) -> str:
        assert prompt == "> "
        question, *choices = capsys.readouterr().out.rstrip().split("\nQuestion ")[-1].splitlines()
        (wanted,) = [says for part, says in nasty.answers.items() if part in question]
        (number,) = [c.split()[0] for c in choices if c.split(maxsplit=1)[1].startswith(wanted)]
        return number

    return type_answer


def read(nasty: Nasty, capsys) -> dict[str, pd.DataFrame]:
    """The tables that an extract gives after `init`, its questions and `check`."""
    path = nasty.path.relative_to(Path.cwd())
    assert init(CONFIG, "north", [path], ask=True, force=False, read_line=user(nasty, capsys)) == 0
    assert "ASK" not in MAPPING.read_text(encoding="utf-8")
    assert run_command(["check", "north"]) == 0, capsys.readouterr().err
    stage = stages.Stage(Plan(CONFIG), "north")
    stages.ingest(stage)
    names = ("patients", "referrals", "sessions", "questionnaires")
    problems = pd.read_csv(stage.paths.validation)
    assert (problems["rule"] == "row_below_the_table").any()
    return {name: stage.read(name) for name in names}


def counts(values: object) -> dict:
    found = pd.Series(values).value_counts()
    return found[found > 0].to_dict()


def test_a_workbook_with_titles_merged_headers_and_totals(project, capsys):
    nasty, s = nasty_extracts.workbook(project)
    tables = read(nasty, capsys)
    assert len(tables["patients"]) == len(tables["referrals"]) == nasty.people
    assert sorted(tables["patients"]["age"]) == sorted(s.age)
    for column, days in (("received_date", s.received), ("discharge_date", s.closed)):
        got = tables["referrals"][column].dt.date
        assert sorted(got) == sorted(days), column
    forms = tables["questionnaires"].groupby(["instrument", "occasion"], observed=True)["value"]
    rows = np.arange(s.n)
    assert forms.sum().to_dict() == {
        ("phq_9", "pre"): s.first[rows % 7 != 0].sum(),
        ("phq_9", "end"): s.last[rows % 5 != 0].sum(),
        ("gad_7", "pre"): np.clip(s.first - 6, 0, None).sum(),
        ("gad_7", "end"): s.last[(rows % 5 != 0) & (s.last <= 21)].sum(),
    }
    assert counts(tables["referrals"]["ending"]).keys() == {
        "planned_ending",
        "unplanned_ending",
        "referred_on",
    }


def test_rows_below_the_table_are_mentioned(project, capsys):
    nasty, _ = nasty_extracts.workbook(project)
    assert run_command(["init", "north", nasty.path.name]) == 0
    assert "120 rows, 10 columns (sheet 'Sheet'); left out 2 below" in capsys.readouterr().out


def test_semicolons_two_dates_of_one_name_and_decimal_commas(project, capsys):
    nasty, s = nasty_extracts.semicolons(project)
    tables = read(nasty, capsys)
    assert len(tables["patients"]) == len(tables["referrals"]) == nasty.people
    assert sorted(tables["referrals"]["received_date"].dt.date) == sorted(s.received)
    assert sorted(tables["referrals"]["discharge_date"].dt.date) == sorted(s.closed)
    assert set(tables["referrals"]["team"]) == {"Café Noël", "St Mary’s"}
    assert tables["referrals"]["ending"].isna().sum() == len(range(0, s.n, 11))
    forms = tables["questionnaires"].groupby(["instrument", "occasion"], observed=True)["value"]
    totals = forms.sum().to_dict()
    assert totals[("phq_9", "pre")] == s.first.sum()
    assert totals[("phq_9", "end")] == s.last.sum()
    # item means with a decimal comma, times ten
    assert totals[("core_om", "pre")] == pytest.approx(s.first.sum(), abs=1e-9)
    assert 'decimal: ","' in MAPPING.read_text(encoding="utf-8")


def test_a_byte_order_mark_line_breaks_and_units_in_cells(project, capsys):
    nasty, s = nasty_extracts.contacts(project)
    tables = read(nasty, capsys)
    assert len(tables["patients"]) == len(tables["referrals"]) == nasty.people
    assert len(tables["sessions"]) == int(s.n_sessions.sum())
    assert sorted(tables["referrals"]["received_date"].dt.date) == sorted(s.received)
    # ages in words are listed and missing, never guessed
    assert tables["patients"]["age"].isna().sum() == len(range(0, s.n, 9))
    assert counts(tables["patients"]["gender"]) == {"male": s.n / 2, "female": s.n / 2}
    assert set(tables["sessions"]["attendance"].dropna()) == {
        "attended",
        "did_not_attend",
        "cancelled_by_patient",
    }
