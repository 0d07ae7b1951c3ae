"""Running the stages of one cohort in a folder of its own, without Snakemake."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd

from naturalistic import files
from naturalistic.analyses.registry import REGISTRY
from naturalistic.cli import stages
from naturalistic.cli.plan import Plan

ROOT = Path(__file__).resolve().parents[1]


def project(folder: Path) -> Path:
    """A copy of the project's configuration in an empty folder."""
    shutil.copytree(ROOT / "config", folder / "config", dirs_exist_ok=True)
    return folder / "config" / "config.yaml"


def run_stages(cohort: str, analyses: tuple[str, ...] = tuple(REGISTRY)) -> stages.Stage:
    """Ingest to disclosure of one cohort in the current folder, which holds `config/` and the extract."""
    stage = stages.Stage(Plan(Path("config/config.yaml")), cohort)
    if stage.mapping.synthetic:
        stages.synthesise(stage)
    for step in (stages.ingest, stages.score, stages.episodes, stages.outcomes):
        step(stage)
    for name in analyses:
        stages.analyse(stage, name)
    stages.disclose(stage, analyses)
    return stage


def restricted(stage: stages.Stage, analysis: str) -> pd.DataFrame:
    """Estimates at full precision."""
    return files.read_table(stage.paths.estimates(analysis))


def released(stage: stages.Stage, analysis: str) -> pd.DataFrame:
    """Estimates after disclosure control."""
    return files.read_released_estimates(stage.paths.released_estimates(analysis))
