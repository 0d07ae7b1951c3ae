"""A synthetic cohort, its extract in the format of a national data set, and both as analysis tables side by side."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from naturalistic.cohort.episodes import derive_episodes
from naturalistic.cohort.ingest import IngestResult, ingest
from naturalistic.cohort.outcomes import derive_outcomes
from naturalistic.cohort.pseudonyms import Pseudonyms
from naturalistic.cohort.scoring import score_questionnaires
from naturalistic.cohort.synthetic import SyntheticCohort, make_cohort, write_extract
from naturalistic.reference.loader import load_instruments
from naturalistic.settings.config import AnalysisSettings
from naturalistic.settings.mapping import Mapping

KEY = b"k" * 32
INSTRUMENTS = load_instruments()
FOLDER = "extracts/north"
PREFIXES = {"patient": ("", 8), "referral": ("R", 7), "therapist": ("T", 4)}


def mapping(data_set: str, cohort: SyntheticCohort | None = None, **more: Any) -> Mapping:
    """The mapping of an extract: nothing but the data set and the folder."""
    adapter: dict[str, Any] = {"data_set": data_set, "folder": FOLDER, **more}
    if data_set == "mhsds_v6":
        adapter.setdefault("assessment_contacts", 1)
    cut = cohort.simulation.model.pathway.data_cut if cohort else None
    return Mapping.model_validate({"title": "North", "data_cut": cut, "adapter": adapter})


def read(project: Path, made: Mapping) -> IngestResult:
    """The extract in the project, read."""
    return ingest(
        made, project=project, key=KEY, mapping_name="north.yaml", instruments=INSTRUMENTS
    )


@dataclass
class Pair:
    """The cohort as it was made and as it came back from its extract, with the ids of the extract."""

    cohort: SyntheticCohort
    result: IngestResult
    made: dict[str, pd.DataFrame]

    @property
    def got(self) -> dict[str, pd.DataFrame]:
        """Analysis tables of the extract."""
        return self.result.tables


def pair(data_set: str, preset: str, project: Path, n: int = 150, seed: int = 5) -> Pair:
    """Make a cohort, write its extract, read it."""
    cohort = make_cohort(preset, seed, n=n)
    write_extract(cohort, project / FOLDER, data_set)
    return Pair(cohort, read(project, mapping(data_set, cohort)), with_pseudonyms(cohort.tables()))


def with_pseudonyms(tables: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Canonical tables with the ids that reading their extract gives."""
    keyed = Pseudonyms(KEY)
    out = {}
    for name, frame in tables.items():
        frame = frame.copy()
        for kind, (prefix, width) in PREFIXES.items():
            column = f"{kind}_id"
            if column in frame:
                known = frame[column].notna().to_numpy()
                texts = [f"{prefix}{i:0{width}d}" for i in frame.loc[known, column]]
                ids = np.zeros(len(frame), dtype=np.int64)
                ids[known] = keyed.of(kind, np.array(texts, dtype=object))
                frame[column] = pd.array(ids, dtype="Int64").astype("Int64")
                frame.loc[~known, column] = pd.NA
        out[name] = frame
    return out


def derived(tables: dict[str, pd.DataFrame], cohort: SyntheticCohort) -> dict[str, pd.DataFrame]:
    """Scores, episodes and outcomes."""
    settings = AnalysisSettings()
    cut = cohort.simulation.model.pathway.data_cut
    three = (tables[name] for name in ("patients", "referrals", "sessions"))
    episodes = derive_episodes(*three, cut, settings)  # type: ignore[misc]  # three tables
    scores = score_questionnaires(tables["questionnaires"], INSTRUMENTS)
    outcomes = derive_outcomes(scores, episodes, INSTRUMENTS, settings, tables["patients"])
    return {"scores": scores, "episodes": episodes, "outcomes": outcomes}


def comparable(frame: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """Columns as plain values in an order that does not depend on the order of rows."""
    out = pd.DataFrame({c: frame[c].astype("object").to_numpy() for c in columns})
    out = out.where(out.notna(), None)
    key = out.map(lambda v: f"{v:.5f}" if isinstance(v, float) else str(v))
    return out.iloc[key.sort_values(columns).index].reset_index(drop=True)
