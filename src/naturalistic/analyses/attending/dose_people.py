"""People whose therapy has ended, with the number of sessions they attended and their change."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from naturalistic.analyses.attending.bins import Bins, bins_of
from naturalistic.analyses.attending.bookings import BoolArray, IntArray
from naturalistic.analyses.attending.definitions import FloatArray, has_ended, number_of
from naturalistic.analyses.change.people import Started, started_on
from naturalistic.analyses.interface import AnalysisInput

BANDS = 8  # of total sessions: wider bins than for counts, each needs a mean


@dataclass(frozen=True, eq=False)
class Dose:
    """Everyone who started and has ended, in the order of the frame.

    Attributes
    ----------
    people : Started
        Scores and characteristics.
    sessions : (n,) array
        Sessions attended; all known.
    bins : Bins
        Bands of sessions attended by the declared rule.
    """

    people: Started
    sessions: FloatArray
    bins: Bins

    @property
    def frame(self) -> pd.DataFrame:
        """Rows of the episode frame."""
        return self.people.frame

    @property
    def paired(self) -> BoolArray:
        """Who has both forms."""
        return self.people.paired

    @property
    def band(self) -> IntArray:
        """Band of each person."""
        return self.bins.of(self.sessions)

    @property
    def change(self) -> FloatArray:
        """Improvement positive; NaN without both forms."""
        return np.where(self.paired, self.people.improvement, np.nan)


def dose_people(data: AnalysisInput) -> tuple[Dose | None, str]:
    """People for the dose, or None and why there are none."""
    started = started_on(data)
    sessions = number_of(started.frame, "sessions_attended")
    if not started.n:
        return None, "nobody started"
    if not (sessions > 0).any():
        return None, "the extract holds no sessions"
    keep = (sessions > 0) & has_ended(started.frame)
    if not keep.any():
        return None, "nobody's therapy has ended"
    frame = started.frame[keep].reset_index(drop=True)
    return Dose(
        Started(frame, started.better_is), sessions[keep], bins_of(sessions[keep], most=BANDS)
    ), ""
