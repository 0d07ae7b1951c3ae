"""The extract of a synthetic cohort, read by its shipped mapping, is the cohort that was made."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from naturalistic.cohort.episodes import derive_episodes
from naturalistic.cohort.ingest import IngestResult, ingest
from naturalistic.cohort.outcomes import derive_outcomes
from naturalistic.cohort.scoring import score_questionnaires
from naturalistic.cohort.synthetic import SyntheticCohort, make_cohort, write_extract
from naturalistic.reference.loader import load_instruments
from naturalistic.settings.config import AnalysisSettings
from naturalistic.settings.load import load_mapping

ROOT = Path(__file__).parents[3]
INSTRUMENTS = load_instruments()
IDS = ["patient_id", "referral_id", "therapist_id", "form_id"]


def read(cohort: SyntheticCohort, preset: str, project: Path) -> IngestResult:
    mapping = load_mapping(ROOT / "config" / "cohorts" / f"synthetic_{preset}.yaml")
    write_extract(cohort, project / f"results/synthetic_{preset}/restricted/extract")
    return ingest(
        mapping,
        project=project,
        key=b"k" * 32,
        mapping_name=f"synthetic_{preset}.yaml",
        instruments=INSTRUMENTS,
    )


def pairing(tables: dict[str, pd.DataFrame], cohort: SyntheticCohort) -> pd.DataFrame:
    settings = AnalysisSettings()
    cut = cohort.simulation.model.pathway.data_cut
    three = (tables[name] for name in ("patients", "referrals", "sessions"))
    episodes = derive_episodes(*three, cut, settings)  # type: ignore[misc]  # three tables
    scores = score_questionnaires(tables["questionnaires"], INSTRUMENTS)
    outcomes = derive_outcomes(scores, episodes, INSTRUMENTS, settings, tables["patients"])
    grouped = outcomes.groupby(["instrument", "scale", "pairing"], observed=True)
    return grouped[["first_score", "last_score"]].agg(["count", "sum"]).round(6)


@pytest.mark.parametrize("preset", ["hirschfeld", "talking_therapies", "derbyshire"])
def test_reading_the_extract_gives_back_what_was_made(preset: str, tmp_path: Path) -> None:
    cohort = make_cohort(preset, 5, n=150)
    result, made = read(cohort, preset, tmp_path), cohort.tables()
    allowed = {"form_after_discharge", "discharge_without_ending"}
    assert set(result.problems["rule"]) <= allowed
    for name, frame in made.items():
        got = result.tables[name]
        assert len(got) == len(frame), name
        if name in ("patients", "referrals", "sessions", "ratings"):
            columns = [c for c in frame.columns if c not in (*IDS, "occasion")]
            for column in columns:
                left, right = (f[column].astype("object") for f in (got, frame))
                assert (
                    left.where(left.notna(), None).tolist()
                    == right.where(right.notna(), None).tolist()
                ), (name, column)
    pd.testing.assert_frame_equal(pairing(result.tables, cohort), pairing(made, cohort))


def test_every_fault_put_in_is_found_by_its_rule(tmp_path: Path) -> None:
    cohort = make_cohort("hirschfeld", 6, n=400, dirty=True)
    found = read(cohort, "hirschfeld", tmp_path).problems["rule"].value_counts()
    for rule, count in cohort.truth["faults"].items():
        assert found.get(rule, 0) == count, rule
