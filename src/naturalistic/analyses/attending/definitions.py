"""Who missed how many sessions under each named definition, and who is counted."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pandas as pd

from naturalistic.analyses.interface import AnalysisInput
from naturalistic.analyses.populations import episode_frame, in_population
from naturalistic.vocabulary import ABSENCE_DEFINITIONS, SEEN

NAME = "attendance"
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
NOT_HELD = "the extract holds no attendance"
NO_STATES = "the extract does not hold the attendance states this definition needs"


def people_who_started(data: AnalysisInput) -> pd.DataFrame:
    """Everyone who started, one row an episode that counts, with the primary score and their characteristics."""
    primary = data.settings.primary
    frame = episode_frame(
        data.tables["episodes"],
        data.tables["outcomes"],
        data.tables["patients"],
        instrument=primary.instrument,
        scale=primary.scale,
    )
    return frame[in_population(frame, "started")].reset_index(drop=True)


def absence_counts(frame: pd.DataFrame, definition: str) -> tuple[FloatArray, FloatArray]:
    """Sessions missed and sessions in the denominator of each person under a definition; NaN where not held."""
    _, missed, denominator = ABSENCE_DEFINITIONS[definition]
    attended = number_of(frame, "sessions_attended")
    others = [state for state in denominator if state not in SEEN]
    bottom = attended + sum(_states(frame, others))
    return sum(_states(frame, missed), np.zeros(len(frame))), bottom


def countable(missed: FloatArray, offered: FloatArray) -> BoolArray:
    """Whose absence is known and who was offered anything."""
    return np.isfinite(missed) & np.isfinite(offered) & (offered > 0)


def number_of(frame: pd.DataFrame, column: str) -> FloatArray:
    """A column of whole numbers as floats, NaN where missing."""
    return frame[column].to_numpy(dtype=float, na_value=np.nan)


def has_ended(frame: pd.DataFrame) -> BoolArray:
    """Whose therapy has ended, however."""
    return (frame["ending"].astype("object") != "open").to_numpy(dtype=bool)


def _states(frame: pd.DataFrame, states: Iterable[str]) -> list[FloatArray]:
    return [number_of(frame, state) for state in states]
