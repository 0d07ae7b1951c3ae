"""The frame every analysis starts from, and who is counted in each named population."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from naturalistic.vocabulary import POPULATIONS

OUTCOME_COLUMNS = (
    "first_score",
    "last_score",
    "first_date",
    "last_date",
    "n_scores",
    "pairing",
    "case_at_start",
    "change_category",
)


def episode_frame(
    episodes: pd.DataFrame,
    outcomes: pd.DataFrame | None = None,
    patients: pd.DataFrame | None = None,
    *,
    instrument: str = "",
    scale: str = "",
) -> pd.DataFrame:
    """The episodes the settings count, one row each, with the outcome on one scale and the person's characteristics.

    Episodes without any form keep their row: everyone who started is counted. With several episodes of a person
    (`episodes: all`) the person's characteristics repeat.

    Parameters
    ----------
    episodes, outcomes, patients : DataFrame
        Tables of the cohort.
    instrument, scale : str
        Which rows of `outcomes` to join.
    """
    frame = episodes.loc[episodes["counts"] == "yes"].reset_index(drop=True)
    if outcomes is not None:
        chosen = outcomes[(outcomes["instrument"] == instrument) & (outcomes["scale"] == scale)]
        frame = frame.merge(
            chosen[["referral_id", *OUTCOME_COLUMNS]], on="referral_id", how="left", validate="1:1"
        )
    if patients is not None:
        frame = frame.merge(patients, on="patient_id", how="left", validate="m:1")
    return frame


def in_population(frame: pd.DataFrame, population: str) -> npt.NDArray[np.bool_]:
    """Which rows of an `episode_frame` belong to a population of the vocabulary.

    Raises
    ------
    KeyError
        The word is not a population.
    """
    started = _is(frame, "started", "yes")
    if population == "referred":
        return np.ones(len(frame), dtype=bool)
    if population == "assessed":
        return _is(frame, "assessed", "yes")
    if population == "started":
        return started
    if population == "started_with_followup":
        return started & frame["last_score"].notna().to_numpy()
    if population == "paired":
        return started & _is(frame, "pairing", "paired")
    if population == "planned_ending":
        return started & _is(frame, "ending", "planned_ending")
    if population == "case_at_start":
        return started & _is(frame, "case_at_start", "yes")
    raise KeyError(f"{population!r} is not a population; accepted: {', '.join(POPULATIONS)}")


def not_measured(frame: pd.DataFrame, population: str) -> str:
    """Why a population cannot be told apart in this cohort; empty where it can."""
    started = in_population(frame, "started")
    if not started.any():
        return ""
    if population in ("paired", "started_with_followup") and frame["last_score"].isna().all():
        return "no form after the first is held for this scale"
    if population == "case_at_start" and frame.loc[started, "case_at_start"].isna().all():
        return "no cut-off is known for this scale, or nobody has a first score"
    if population == "planned_ending":
        endings = frame.loc[started, "ending"].astype("object")
        if endings.isin(("unknown_ending", "open")).all():
            return "the extract does not say how therapy ended"
    return ""


def _is(frame: pd.DataFrame, column: str, level: str) -> npt.NDArray[np.bool_]:
    return (frame[column] == level).fillna(False).to_numpy(dtype=bool)
