"""Exports as databases and spreadsheets leave them, from `init` to the tables, without a hand on the mapping."""

from __future__ import annotations

import csv
import datetime as dt
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest

from naturalistic.cli import stages
from naturalistic.cli.main import run_command
from naturalistic.cli.plan import Plan
from tests.pipeline import project as copy_config

N = 60
MAPPING = Path("config/cohorts/north.yaml")
RECEIVED = [dt.date(2022, 1, 3) + dt.timedelta(days=5 * i) for i in range(N)]
ENDINGS = ["Completed", "Dropped out", "Referred on"]


@pytest.fixture
def project(tmp_path, monkeypatch):
    copy_config(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def read(*files: str) -> dict[str, pd.DataFrame]:
    assert run_command(["init", "north", *files]) == 0
    assert "ASK" not in MAPPING.read_text(encoding="utf-8")
    assert run_command(["check", "north"]) == 0
    stage = stages.Stage(Plan(Path("config/config.yaml")), "north")
    stages.ingest(stage)
    names = ("patients", "referrals", "sessions", "questionnaires")
    return {name: stage.read(name) for name in names}


def serial(day: dt.date) -> int:
    return (day - dt.date(1899, 12, 30)).days


def scores() -> tuple[np.ndarray, np.ndarray]:
    first = 10 + np.arange(N) % 17
    return first, first // 2


def test_day_numbers_fillers_and_bands_behind_scores(project, capsys):
    first, last = scores()
    with Path("a.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        header = ["Client_ID", "ReferralDate", "Sex", "DischargeDate", "NoSessions", "EndReason"]
        writer.writerow([*header, "PHQ9_First", "PHQ9_Last"])
        for i in range(N):
            closed = 1 if i == 4 else 2958465 if i == 5 else serial(RECEIVED[i]) + 90
            words = [f"{s} ({'severe' if s > 19 else 'moderate'})" for s in (first[i], last[i])]
            sex = ("Female", "Male", "NULL")[i % 3]
            known = "-" if i % 6 == 0 else 3 + i % 9
            row = [f"{i + 100}.0", serial(RECEIVED[i]), sex, closed, known, ENDINGS[i % 3]]
            writer.writerow([*row, words[0], "N/A" if i % 4 == 0 else words[1]])
    tables = read("a.csv")
    text = MAPPING.read_text(encoding="utf-8")
    assert "text_after_numbers: true" in text
    assert 'missing_codes: ["-"]' in text
    assert list(tables["referrals"]["received_date"].dt.date) == RECEIVED
    assert tables["referrals"]["discharge_date"].isna().sum() == 2
    assert tables["referrals"]["sessions_attended"].isna().sum() == N / 6
    forms = tables["questionnaires"].groupby("occasion", observed=True)["value"].sum()
    assert forms.to_dict() == {"pre": first.sum(), "end": last[np.arange(N) % 4 != 0].sum()}
    said = capsys.readouterr().out
    assert "referrals.discharge_date (a.csv): 1 of 60 rows hold a date before 1980. Row 6." in said
    assert "number_unreadable" not in said


def test_tables_of_sql_server_whose_ids_differ_in_capitals(project, capsys):
    referrals = [["REFERRAL_ID", "CLIENT_ID", "REFERRAL_DT", "GENDER", "DISCHARGE_REASON"]]
    contacts = [["CLIENT_ID", "CONTACT_DT", "ATTENDANCE", "CLINICIAN", "PHQ9"]]
    for i in range(N):
        day = RECEIVED[i].strftime("%Y-%m-%d 00:00:00.000")
        referrals.append([f"R{i}", f"ab{i:04d}", day, "FM"[i % 2], ENDINGS[i % 3]])
        for k in range(3):
            day = (RECEIVED[i] + dt.timedelta(days=14 + 7 * k)).strftime("%Y-%m-%d 09:30:00.000")
            name = f"AB{i:04d}" if i % 3 == 0 else f"ab{i:04d}"
            contacts.append([name, day, ("Attended", "DNA")[k % 2], f"T{i % 4}", str(20 - k)])
    for name, rows in (("referrals.txt", referrals), ("contacts.txt", contacts)):
        text = "\r\n".join("\t".join(row) for row in rows) + "\r\n"
        Path(name).write_bytes(("\ufeff" + text).encode("utf-16-le"))
    tables = read("referrals.txt", "contacts.txt")
    assert "ids_ignore: [capitals]" in MAPPING.read_text(encoding="utf-8")
    assert len(tables["patients"]) == N
    assert len(tables["sessions"]) == 3 * N
    assert "belong to no referral" not in capsys.readouterr().out


def test_a_workbook_with_a_sheet_of_notes_thousands_and_an_impossible_answer(project, capsys):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Read me"
    for line in ("Extract made by the information team", "Run on 3 May 2024"):
        sheet.append([line])
    people = book.create_sheet("Referrals")
    people.append(["Psychology referrals 2022"])
    people.merge_cells("A1:D1")
    people.append(["Patient Number", "Date of Referral", "Age", "Closure Reason"])
    forms = book.create_sheet("PHQ9 forms")
    forms.append(["Patient Number", "Date Completed", *(f"Q{k}" for k in range(1, 10))])
    for i in range(N):
        start = dt.datetime.combine(RECEIVED[i], dt.time())
        people.append([f"{i + 1000:,}", start, 20 + i % 50, ENDINGS[i % 3]])
        for days in (10, 90):
            answers = [(i + k + days) % 4 for k in range(9)]
            answers[3] = 7 if i == 7 else answers[3]
            forms.append([i + 1000, start + dt.timedelta(days=days), *answers])
    book.save("a.xlsx")
    tables = read("a.xlsx")
    said = capsys.readouterr().out
    assert "Read me" not in said
    assert len(tables["patients"]) == N
    assert len(tables["questionnaires"]) == 2 * N * 9 - 2
    assert "questionnaires.Q4 (a.xlsx): 2 of" in said


def test_a_questionnaire_that_is_not_read_is_said_on_the_screen(project, capsys):
    lines = ["ClientID,Referral Date,Outcome of therapy,PHQ9 Pre,PHQ9 Post"]
    lines += [f"{i},{RECEIVED[i].isoformat()},{ENDINGS[i % 3]},low,high" for i in range(N)]
    Path("a.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert run_command(["init", "north", "a.csv"]) == 0
    said = capsys.readouterr().out
    assert "Named like a questionnaire, but NOT read: a.PHQ9 Pre (is named like" in said
    assert "No questionnaire was recognised." in said
    assert "# Named like a questionnaire, but not read:" in MAPPING.read_text(encoding="utf-8")


def test_an_empty_folder_writes_no_mapping(project, capsys):
    Path("empty").mkdir()
    assert run_command(["init", "north", "empty"]) == 2
    assert "empty holds no file that can be read (.csv" in capsys.readouterr().err
    assert not MAPPING.exists()


def test_open_ends_of_databases_are_missing_and_scores_out_of_a_maximum_are_read(project, capsys):
    first, last = scores()
    lines = ["Client Ref;Referral received;PHQ-9 first;PHQ-9 last;Attended;DNA;Closed on;Reason"]
    for i in range(N):
        closed = (
            "31/12/9999"
            if i % 3 == 0
            else (RECEIVED[i] + dt.timedelta(days=99)).strftime("%d/%m/%Y")
        )
        line = [f"{i + 1:05d}", f"{RECEIVED[i].isoformat()}T00:00:00Z", f"{first[i]}/27"]
        lines.append(
            ";".join([*line, f"{last[i]}/27", str(2 + i % 9), str(i % 4), closed, ENDINGS[i % 3]])
        )
    Path("a.csv").write_text("sep=;\n" + "\n".join(lines) + "\n", encoding="utf-8")
    tables = read("a.csv")
    assert "31/12/9999" in MAPPING.read_text(encoding="utf-8")
    assert tables["referrals"]["discharge_date"].isna().sum() == N / 3
    assert list(tables["referrals"]["sessions_attended"]) == [2 + i % 9 for i in range(N)]
    assert tables["questionnaires"]["value"].sum() == first.sum() + last.sum()
    assert (
        "data cut       " + (RECEIVED[-1] + dt.timedelta(days=99)).strftime("%d/%m/%Y")
        in capsys.readouterr().out
    )
