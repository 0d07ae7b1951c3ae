"""A small clean extract, made by code, that each case breaks in one place."""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from naturalistic.cohort.ingest import IngestResult, ingest
from naturalistic.errors import UserError
from naturalistic.reference.loader import load_instruments
from naturalistic.settings.load import load_mapping

N = 30
KEY = b"a key for tests only, 32 bytes.."
MAPPING_NAME = "config/cohorts/broken.yaml"
START = dt.date(2023, 1, 2)
ATTENDANCE = {"5": "attended", "6": "attended_late", "3": "did_not_attend"}


def uk(day: dt.date) -> str:
    return day.strftime("%d/%m/%Y")


def after(i: int, days: int) -> str:
    """A day counted from the referral of person i."""
    return uk(START + dt.timedelta(days=7 * (i % 10) + days))


def _files() -> dict[str, pd.DataFrame]:
    people = range(N)
    patients = pd.DataFrame(
        {
            "pid": [f"P{i:03d}" for i in people],
            "sex": ["F" if i % 3 else "M" for i in people],
            "born": [f"{1 + i % 28:02d}/0{1 + i % 9}/{1960 + i}" for i in people],
            "home": [f"LS{1 + i % 9}" for i in people],
        }
    )
    referrals = pd.DataFrame(
        {
            "ref": [f"R{i:03d}" for i in people],
            "pid": patients["pid"],
            "service": ["North" if i % 2 else "South" for i in people],
            "received": [after(i, 0) for i in people],
            "accepted": [after(i, 3) for i in people],
            "first_seen": [after(i, 10) for i in people],
            "last_seen": [after(i, 59) for i in people],
            "discharged": [after(i, 90) for i in people],
            "ending": ["1" if i % 4 else "2" for i in people],
            "agreed": ["8" for _ in people],
            "therapist": [f"T{i % 2}{i % 3}" for i in people],
        }
    )
    sessions = pd.DataFrame(
        [
            {
                "ref": f"R{i:03d}",
                "pid": f"P{i:03d}",
                "day": after(i, 10 + 7 * k),
                "seen": "3" if (i + k) % 5 == 0 else "5",
                "type": "T",
                "minutes": "50",
            }
            for i in people
            for k in range(8)
        ]
    )
    answers = pd.DataFrame(
        [
            {
                "ref": f"R{i:03d}",
                "day": after(i, days),
                "form": "CORE-10",
                "item": str(item),
                "answer": str((i + item + days) % 5),
            }
            for i in people
            for days in (10, 59)
            for item in range(1, 11)
        ]
    )
    scores = pd.DataFrame(
        [
            {
                "ref": f"R{i:03d}",
                "day": after(i, days),
                "total": str(8 + (i * 7 + days) % 25),
                "risk": str((i + days) % 20),
            }
            for i in people
            for days in (10, 59)
        ]
    )
    ratings = pd.DataFrame(
        [
            {"ref": f"R{i:03d}", "what": what, "when": when, "grade": str((i + k) % 5)}
            for i in people
            for k, (what, when) in enumerate((("anxiety", "pre"), ("anxiety", "end")))
        ]
    )
    return {
        "patients": patients,
        "referrals": referrals,
        "sessions": sessions,
        "answers": answers,
        "scores": scores,
        "ratings": ratings,
    }


def _mapping() -> dict[str, Any]:
    return {
        "title": "A service that does not exist",
        "data_cut": "2023-12-31",
        "files": {
            name: {"path": f"{name}.csv", "date_format": "dmy"}
            for name in ("patients", "referrals", "sessions", "answers", "scores", "ratings")
        },
        "tables": {
            "patients": {
                "file": "patients",
                "columns": {
                    "patient_id": "pid",
                    "gender": {"from": "sex", "codes": {"F": "female", "M": "male"}},
                    "age": {"from": "born", "coarsen": "age_at_referral"},
                    "area": "home",
                },
            },
            "referrals": {
                "file": "referrals",
                "columns": {
                    "referral_id": "ref",
                    "patient_id": "pid",
                    "service": "service",
                    "received_date": "received",
                    "accepted_date": "accepted",
                    "first_session_date": "first_seen",
                    "last_session_date": "last_seen",
                    "discharge_date": "discharged",
                    "ending": {
                        "from": "ending",
                        "codes": {"1": "planned_ending", "2": "unplanned_ending"},
                    },
                    "agreed_sessions": "agreed",
                    "therapist_id": "therapist",
                },
            },
            "sessions": {
                "file": "sessions",
                "columns": {
                    "referral_id": "ref",
                    "patient_id": "pid",
                    "date": "day",
                    "attendance": {"from": "seen", "codes": dict(ATTENDANCE)},
                    "contact_type": {
                        "from": "type",
                        "codes": {"T": "treatment", "A": "assessment"},
                    },
                    "duration": "minutes",
                },
            },
            "questionnaires": [
                {
                    "file": "answers",
                    "columns": {
                        "referral_id": "ref",
                        "date": "day",
                        "instrument": "form",
                        "item": "item",
                        "value": "answer",
                    },
                },
                {
                    "file": "scores",
                    "instrument": "core_om",
                    "total": "total",
                    "scales": {"risk": "risk"},
                    "columns": {"referral_id": "ref", "date": "day"},
                },
            ],
            "ratings": [
                {
                    "file": "ratings",
                    "columns": {
                        "referral_id": "ref",
                        "kind": {"constant": "problem"},
                        "subject": "what",
                        "occasion": "when",
                        "value": "grade",
                    },
                }
            ],
        },
    }


@dataclass
class Extract:
    """Files and mapping of an extract; `raw` replaces the bytes of a file by its path."""

    files: dict[str, pd.DataFrame] = field(default_factory=_files)
    mapping: dict[str, Any] = field(default_factory=_mapping)
    raw: dict[str, bytes | None] = field(default_factory=dict)

    def set(self, file: str, column: str, rows: object, value: object) -> None:
        """Write a value into cells; rows count from 0."""
        self.files[file].loc[rows, column] = value

    def columns(self, table: str) -> dict[str, Any]:
        return self.mapping["tables"][table]["columns"]

    def text(self, file: str) -> str:
        return self.files[file].to_csv(index=False, lineterminator="\n")

    def copy(self) -> Extract:
        return copy.deepcopy(self)

    def write(self, folder: Path) -> Path:
        for name, frame in self.files.items():
            frame.to_csv(folder / f"{name}.csv", index=False, lineterminator="\n")
        for path, data in self.raw.items():
            if data is None:
                (folder / path).unlink()
            else:
                (folder / path).write_bytes(data)
        path = folder / "mapping.yaml"
        path.write_text(yaml.safe_dump(self.mapping, sort_keys=False), encoding="utf-8")
        return path

    def ingest(self, folder: Path) -> IngestResult:
        mapping = load_mapping(self.write(folder))
        return ingest(
            mapping,
            project=folder,
            key=KEY,
            mapping_name=MAPPING_NAME,
            instruments=dict(load_instruments()),
        )


@dataclass(frozen=True)
class Case:
    """One broken input and what must be said about it.

    Attributes
    ----------
    name : str
        Of the case.
    rule, table, column : str
        What must be found, and where.
    rows : int
        Lines of that rule in the list of problems.
    change : callable
        Breaks a clean extract.
    error : type or None
        Error that must stop the run; None where the run goes on.
    numbers : tuple of int
        Row numbers that must be named; empty where they do not matter.
    secrets : tuple of str
        What may appear nowhere.
    also : tuple of str
        Other rules that the same fault breaks.
    """

    name: str
    rule: str
    table: str
    column: str
    rows: int
    change: Callable[[Extract], None]
    error: type[UserError] | None = None
    numbers: tuple[int, ...] = ()
    secrets: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
