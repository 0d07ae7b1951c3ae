"""A small service that sends an extract every year, and what its profile says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from naturalistic.cohort.drift.compare import compare
from naturalistic.cohort.drift.models import ExtractProfile
from naturalistic.cohort.ingest import ingest
from naturalistic.reference.loader import load_instruments
from naturalistic.settings.load import load_mapping

INSTRUMENTS = load_instruments()
N = 400
MAPPING = {
    "title": "A service",
    "data_cut": "2024-03-31",
    "files": {
        "people": {"path": "people.csv", "date_format": "iso"},
        "visits": {"path": "visits.csv", "date_format": "iso"},
    },
    "tables": {
        "patients": {
            "file": "people",
            "columns": {
                "patient_id": "Id",
                "age": {"from": "Born", "coarsen": "age_at_referral"},
                "gender": {"from": "Sex", "codes": {"F": "female", "M": "male"}},
            },
        },
        "referrals": {
            "file": "people",
            "columns": {
                "patient_id": "Id",
                "received_date": "Referred",
                "team": "Team",
                "ending": {
                    "from": "Ending",
                    "codes": {"P": "planned_ending", "U": "unplanned_ending"},
                },
            },
        },
        "sessions": {
            "file": "visits",
            "columns": {
                "patient_id": "Id",
                "date": "Visit",
                "duration": "Minutes",
                "attendance": {"from": "Seen", "codes": {"Y": "attended", "N": "did_not_attend"}},
            },
        },
        "questionnaires": [
            {
                "file": "visits",
                "instrument": "phq_9",
                "total": "PHQ",
                "columns": {"patient_id": "Id", "date": "Visit"},
            }
        ],
    },
}


def frames(seed: int = 1, n: int = N) -> dict[str, pd.DataFrame]:
    """People and visits of one extract."""
    rng = np.random.default_rng(seed)
    referred = np.datetime64("2021-01-01") + rng.integers(0, 700, n)
    people = pd.DataFrame(
        {
            "Id": [f"P{seed}{i:05d}" for i in range(n)],
            "Born": (referred - rng.integers(20 * 366, 70 * 365, n)).astype(str),
            "Sex": rng.choice(["F", "M"], n, p=[0.6, 0.4]),
            "Referred": referred.astype(str),
            "Team": rng.choice(["North", "South"], n),
            "Ending": rng.choice(["P", "U"], n),
            "Notes": "never read",
        }
    )
    rows = np.repeat(np.arange(n), 4)
    visits = pd.DataFrame(
        {
            "Id": people["Id"].to_numpy()[rows],
            "Visit": (referred[rows] + 20 + 7 * np.tile(np.arange(4), n)).astype(str),
            "Minutes": rng.choice([50, 60], 4 * n),
            "Seen": rng.choice(["Y", "N"], 4 * n, p=[0.8, 0.2]),
            "PHQ": np.clip(rng.normal(14, 5, 4 * n).round(), 0, 27).astype(int),
        }
    )
    return {"people": people, "visits": visits}


def profile(
    folder: Path, tables: dict[str, pd.DataFrame], mapping: dict = MAPPING
) -> ExtractProfile:
    """The profile of an extract."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in tables.items():
        frame.to_csv(folder / f"{name}.csv", index=False)
    path = folder / "mapping.yaml"
    path.write_text(yaml.safe_dump(mapping), encoding="utf-8")
    return ingest(
        load_mapping(path),
        project=folder,
        key=b"k" * 32,
        mapping_name="mapping.yaml",
        instruments=INSTRUMENTS,
    ).profile


def changes(
    folder: Path,
    earlier: dict[str, pd.DataFrame],
    now: dict[str, pd.DataFrame],
    mappings: tuple[dict, dict] = (MAPPING, MAPPING),
) -> pd.DataFrame:
    """The marked lines of the comparison of two extracts."""
    drift = compare(
        profile(folder / "a", earlier, mappings[0]), profile(folder / "b", now, mappings[1])
    )
    return drift[drift["changed"] == "yes"].reset_index(drop=True)
