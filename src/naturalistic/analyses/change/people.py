"""Everyone who started, with the scores, direction and therapists that analyses of change need."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from naturalistic.analyses.interface import AnalysisInput
from naturalistic.analyses.populations import episode_frame, in_population
from naturalistic.stats.effect_size_jackknife import jackknife_change
from naturalistic.stats.paired_scores import BetterIs
from naturalistic.stats.result import Estimate

FloatArray = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
FEWEST_THERAPISTS = 3


@dataclass(frozen=True)
class Started:
    """Everyone who started therapy, one row each, with the outcome on one scale.

    Attributes
    ----------
    frame : DataFrame
        Rows of `episode_frame`.
    better_is : {"lower", "higher"}
        Direction of the scale.
    """

    frame: pd.DataFrame
    better_is: BetterIs

    @property
    def n(self) -> int:
        """People."""
        return len(self.frame)

    @cached_property
    def first(self) -> FloatArray:
        """First scores, NaN where missing."""
        return self.frame["first_score"].to_numpy(dtype=np.float64, na_value=np.nan)

    @cached_property
    def last(self) -> FloatArray:
        """Last scores, NaN where missing."""
        return self.frame["last_score"].to_numpy(dtype=np.float64, na_value=np.nan)

    @cached_property
    def paired(self) -> Mask:
        """Who has both forms."""
        return in_population(self.frame, "paired")

    @property
    def improvement(self) -> FloatArray:
        """Positive is better; NaN without both scores."""
        change = self.first - self.last
        return change if self.better_is == "lower" else -change

    def therapists(self, member: Mask | None = None) -> npt.NDArray[np.int64] | None:
        """Therapist of each row, or None where somebody has none or there are too few to count as clusters."""
        ids = (
            self.frame["therapist_id"] if member is None else self.frame.loc[member, "therapist_id"]
        )
        if ids.isna().any() or ids.nunique() < FEWEST_THERAPISTS:
            return None
        # numbered as they come: rows stand in an order that does not depend on pseudonyms
        return pd.factorize(ids)[0].astype(np.int64)

    def counts(self, member: Mask | None = None) -> dict[str, Any]:
        """Count columns of a row that rests on these people."""
        frame = self.frame if member is None else self.frame[member]
        return {
            "n_patients": int(frame["patient_id"].nunique()),
            "n_episodes": len(frame),
            "n_therapists": int(frame["therapist_id"].nunique()) or None,
        }


def started_on(data: AnalysisInput, instrument: str = "", scale: str = "") -> Started:
    """Everyone who started, on a scale; the primary one unless another is named."""
    primary = data.settings.primary
    instrument, scale = instrument or primary.instrument, scale or primary.scale
    frame = episode_frame(
        data.tables["episodes"],
        data.tables["outcomes"],
        data.tables.get("patients"),
        instrument=instrument,
        scale=scale,
    )
    frame = in_order_of_content(frame[in_population(frame, "started")])
    return Started(frame, data.instruments[instrument].better_is)


def in_order_of_content(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows in an order that depends on what they hold and on whom else their therapist sees, not on any identity.

    The last digit of a sum depends on the order in which it is added up; without this it would change with the key of
    the pseudonyms. Rows that are alike in everything are exchangeable.
    """
    held = frame[[name for name in frame.columns if not name.endswith("_id")]]
    content = pd.util.hash_pandas_object(held, index=False).to_numpy()
    therapist = pd.factorize(frame["therapist_id"])[0]
    company = np.zeros(therapist.max(initial=-1) + 2, dtype=np.uint64)
    # whole numbers that wrap around: their sum has no order; people without a therapist stand last
    np.add.at(company, therapist, content)
    return frame.iloc[np.lexsort((company[therapist], content))].reset_index(drop=True)


def by_therapist(
    people: Started,
    member: Mask,
    measure: Literal["raw", "pre_sd"],
    conf_level: float,
    last: FloatArray | None = None,
) -> Estimate:
    """Mean improvement of some people, interval by therapist where known (jackknife), else by person.

    Parameters
    ----------
    people : Started
    member : ndarray of bool
        Who counts; both scores are known for all of them.
    measure : {"raw", "pre_sd"}
        Points, or SDs of the first scores.
    conf_level : float
    last : ndarray, optional
        Last scores instead of those observed.
    """
    later = people.last if last is None else last
    return jackknife_change(
        people.first[member],
        later[member],
        measure=measure,
        better_is=people.better_is,
        cluster=people.therapists(member),
        conf_level=conf_level,
    )
