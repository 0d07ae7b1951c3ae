"""Extracts as they really arrive: titles, merged headers, totals, mixed dates, other encodings, words for nothing."""

from __future__ import annotations

import csv
import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import openpyxl

from tests.unit.cohort.guess_corpus import Service

NUMBERED = dt.date(1899, 12, 30)


@dataclass(frozen=True)
class Nasty:
    """One extract.

    Attributes
    ----------
    path : Path
    people : int
        People who are really in it.
    answers : dict of str to str
        What the user answers: part of a question -> start of the choice.
    """

    path: Path
    people: int
    answers: dict[str, str]


def workbook(folder: Path) -> tuple[Nasty, Service]:
    """A report as a spreadsheet: title lines, two header lines with merged cells, Excel's day numbers, totals, a note."""
    s = Service(101)
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["Psychological Therapies - outcomes report"])
    sheet.append(["Run on 12/04/2024"])
    sheet.append([])
    sheet.append(["Client", *[None] * 2, "Referral", *[None] * 2, "PHQ-9", None, "GAD-7", None])
    names = ["Client No", "Age", "Gender", "Date Received", "Date Closed", "Closure Reason"]
    sheet.append([*names, "Pre", "Post", "Pre", "Post"])
    for merged in ("A4:C4", "D4:F4", "G4:H4", "I4:J4"):
        sheet.merge_cells(merged)
    reasons = s.pick(["Completed", "DNA - dropped out", "Referred on", "-"], [0.5, 0.3, 0.15, 0.05])
    for i in range(s.n):
        closed: object = (s.closed[i] - NUMBERED).days
        if i % 3 == 0:
            closed = s.closed[i].strftime("%d/%m/%Y")
        row = [f"{i + 1:04d}", int(s.age[i]), "FM"[i % 2]]
        row += [dt.datetime.combine(s.received[i], dt.time()), closed, reasons[i]]
        row += [int(s.first[i]) if i % 7 else "N/A", int(s.last[i]) if i % 5 else "NULL"]
        row += [max(0, int(s.first[i]) - 6), int(s.last[i]) if i % 5 else None]
        sheet.append(row)
        if i == 60:
            sheet.append([])
    sheet.append(["Total", None, None, s.n, None, None, int(s.first.sum()), int(s.last.sum()), 0])
    sheet.append(["Report produced by Information Services, extension 1234"])
    path = folder / "outcomes.xlsx"
    book.save(path)
    return Nasty(path, s.n, {}), s


def semicolons(folder: Path) -> tuple[Nasty, Service]:
    """Windows-1252 with semicolons, two columns called Date in mixed ways of writing, decimal commas, a total."""
    s = Service(102)
    rows = []
    for i in range(s.n):
        received = s.received[i].strftime("%d/%m/%Y") if i % 4 else s.received[i].isoformat()
        ending = ("planned", "unplanned")[i % 2] if i % 11 else ("-", "N/A")[i % 2]
        team = "Café Noël" if i % 3 else "St Mary’s"
        row = [f"P{i:04d}", s.age[i], ("Female", "Male")[i % 2], team, received]
        row += [
            s.closed[i].strftime("%d/%m/%Y"),
            ending,
            f"{s.first[i] / 10:.1f}".replace(".", ","),
        ]
        rows.append([*row, s.first[i], s.last[i], "seen; not keen"])
    header = ["Client Code", "Age", "Sex", "Team", "Date", "Date", "Outcome of therapy"]
    header += ["CORE-OM Pre mean", "PHQ9 Total Pre", "PHQ9 Total Post", "Comments"]
    path = folder / "semi.csv"
    with path.open("w", encoding="cp1252", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(header)
        writer.writerows(rows)
        writer.writerow(["TOTAL", s.n, *[""] * 9])
    answers = {"referral was received": "column 'Date (1)'", "was closed": "column 'Date (2)'"}
    return Nasty(path, s.n, answers), s


def contacts(folder: Path) -> tuple[Nasty, Service]:
    """A byte order mark, line breaks in header and notes, "34 yrs", two ways of writing dates, a grand total."""
    s = Service(103)
    visits = s.sessions()
    path = folder / "bom.csv"
    statuses = s.choose(["ATT", "DNA", "CANC", "?"], len(visits), [0.7, 0.15, 0.12, 0.03])
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        header = [" Patient\nNumber ", "Age (yrs)", "M/F", "Referral Dt", "Appt Date"]
        writer.writerow([*header, "Appt Status", "PHQ9 Total", "Ethnicity", "NOTES"])
        for k, visit in enumerate(visits.itertuples(index=False)):
            i = int(visit.person)
            age = f"{s.age[i]} yrs" if i % 9 == 0 else s.age[i]
            row = [f"{i + 7:05d}", age, "12"[i % 2], s.received[i].strftime("%d-%b-%y")]
            row += [visit.date.strftime("%d.%m.%Y"), statuses[k], k % 28 if k % 4 else "NULL"]
            writer.writerow([*row, "AZC-"[i % 4], "line one\nline two" if k % 10 == 0 else ""])
        writer.writerow(["Grand Total", *[""] * 5, len(visits), "", ""])
    answers = {"NHS person gender": "yes", "'CANC'": "Cancelled by the patient"}
    return Nasty(path, s.n, answers), s
