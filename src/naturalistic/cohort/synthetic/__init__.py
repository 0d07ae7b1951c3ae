"""Synthetic cohorts with known truth: the generative model stands in `docs/synthetic.md`."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from naturalistic.cohort.synthetic.canonical import canonical_tables
from naturalistic.cohort.synthetic.derbyshire import DERBYSHIRE
from naturalistic.cohort.synthetic.dirt import make_dirty
from naturalistic.cohort.synthetic.extract import extract_frames, write_frames
from naturalistic.cohort.synthetic.model import CohortModel
from naturalistic.cohort.synthetic.national import national_submissions, write_national
from naturalistic.cohort.synthetic.presets import HIRSCHFELD, SCALE, TALKING_THERAPIES
from naturalistic.cohort.synthetic.services import Spread, service_model
from naturalistic.cohort.synthetic.simulation import Simulation, simulate
from naturalistic.cohort.synthetic.truth import truth_of

__all__ = [
    "PRESETS",
    "CohortModel",
    "Simulation",
    "Spread",
    "SyntheticCohort",
    "canonical_tables",
    "cohort_from_model",
    "make_cohort",
    "simulate",
    "write_extract",
]

PRESETS = MappingProxyType(
    {model.name: model for model in (HIRSCHFELD, TALKING_THERAPIES, SCALE, DERBYSHIRE)}
)


@dataclass(frozen=True, slots=True)
class SyntheticCohort:
    """An extract that never came from people.

    Attributes
    ----------
    frames : dict of str to DataFrame
        Files of the extract by name (``clients``, ``sessions``, ``forms``, ``ratings``), all text, with the service's
        own column names, codes and UK dates.
    truth : dict
        Every parameter and what it implies; see `truth.truth_of`.
    simulation : Simulation
        What was drawn, before it was recorded.
    """

    frames: dict[str, pd.DataFrame]
    truth: dict[str, Any]
    simulation: Simulation

    def tables(self) -> dict[str, pd.DataFrame]:
        """Canonical tables as a faultless ingest of the clean extract would give them, with ids counted from 1."""
        return canonical_tables(self.simulation)


def make_cohort(
    preset: str,
    seed: int,
    n: int | None = None,
    dirty: bool = False,
    spread: Spread | None = None,
) -> SyntheticCohort:
    """Draw a synthetic cohort.

    Parameters
    ----------
    preset : str
        Key of `PRESETS`.
    seed : int
        Same preset, seed and `n`: same cohort, byte for byte.
    n : int or None
        People referred; the preset's own number when None. With it the numbers of a census are not kept.
    dirty : bool
        Put faults into the extract; ``truth["faults"]`` counts them by the rule that must find them.
    spread : Spread or None
        How far services differ, where this is one of many; see `services.service_model`.

    Raises
    ------
    ValueError
        No such preset, or `n` below 1.
    """
    if preset not in PRESETS:
        raise ValueError(f"no preset {preset!r}; there are: {', '.join(PRESETS)}")
    if n is not None and n < 1:
        raise ValueError("n must be at least 1")
    model = PRESETS[preset] if n is None else replace(PRESETS[preset], n_people=n, census=None)
    if spread is not None:
        model = service_model(model, spread, seed)
    return cohort_from_model(model, seed, dirty=dirty)


def cohort_from_model(model: CohortModel, seed: int, *, dirty: bool = False) -> SyntheticCohort:
    """Draw a cohort from a model of one's own; see `make_cohort`."""
    made = simulate(model, seed)
    frames, truth = extract_frames(made), truth_of(made, seed)
    if dirty:
        frames, faults = make_dirty(frames, np.random.default_rng([seed, 1]))
        truth = {**truth, "faults": faults}
    return SyntheticCohort(frames, truth, made)


def write_extract(cohort: SyntheticCohort, folder: str | Path, data_set: str | None = None) -> None:
    """Write the files of the extract as CSV, and ``truth.json`` beside them; the folder is made when absent.

    Parameters
    ----------
    cohort : SyntheticCohort
    folder : str or Path
    data_set : str or None
        Key of a national data set (``talking_therapies_v2_1``, ``mhsds_v6``): its tables in several monthly
        submissions. None: the service's own files.

    Raises
    ------
    ValueError
        No such data set.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    truth = cohort.truth
    if data_set is None:
        write_frames(cohort.frames, folder)
    else:
        rng = np.random.default_rng([truth["seed"], 2])
        submissions, planted = national_submissions(cohort.simulation, data_set, rng)
        write_national(submissions, folder)
        truth = {**truth, "submissions": planted}
    text = json.dumps(truth, indent=1, sort_keys=True) + "\n"
    (folder / "truth.json").write_text(text, encoding="utf-8", newline="\n")
