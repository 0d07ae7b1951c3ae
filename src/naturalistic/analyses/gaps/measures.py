"""What is compared between groups: access, waits, attendance, dropout, change and reliable improvement."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from naturalistic.analyses.interface import AnalysisInput
from naturalistic.analyses.populations import episode_frame, in_population
from naturalistic.stats.means import mean_with_interval
from naturalistic.stats.rates import rate
from naturalistic.stats.ratio import ratio_of_totals
from naturalistic.stats.result import Estimate, not_estimable
from naturalistic.vocabulary import ABSENCE_DEFINITIONS, CHARACTERISTICS

FloatArray = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
DEPRIVATION = "deprivation_decile"
FIFTH = "deprivation_fifth"
IMPROVED = ("recovered", "improved")
AGE_EDGES = (18, 26, 36, 46, 56, 66)


@dataclass(frozen=True)
class Measure:
    """One outcome of people.

    Attributes
    ----------
    term : str
        Its name.
    among : ndarray of bool, shape (n_people,)
        Whom it could have happened to and for whom it is known.
    value : ndarray of float, shape (n_people,)
        0 or 1 for a rate, otherwise a number; for sessions missed, the sessions missed.
    kind : {"rate", "mean", "ratio"}
        What is made of it in a group.
    bottom : ndarray of float or None
        Sessions offered, for a ratio.
    baseline : bool
        Also compared at the same score before therapy.
    population : str
        Key of `vocabulary.POPULATIONS`.
    """

    term: str
    among: Mask
    value: FloatArray
    kind: str
    population: str
    bottom: FloatArray | None = None
    baseline: bool = False

    def of(self, who: Mask, level: float) -> tuple[Estimate, dict[str, Any]]:
        """The figure of a group with its counts."""
        chosen = who & self.among
        values, n = self.value[chosen], int(chosen.sum())
        counts: dict[str, Any] = {"n_patients": n}
        if not n:
            return not_estimable("nobody in this group", conf_level=level), counts
        if self.kind == "mean":
            return mean_with_interval(values, conf_level=level), counts
        if self.bottom is not None:
            bottom = self.bottom[chosen]
            counts |= {"numerator": int(values.sum()), "denominator": int(bottom.sum())}
            return ratio_of_totals(values, bottom, conf_level=level), counts
        top = int(values.sum())
        return rate(top, n, conf_level=level), counts | {
            "numerator": top,
            "denominator": n,
            "n_events": top,
        }


def people_frame(data: AnalysisInput) -> pd.DataFrame:
    """Episodes that count with outcome and characteristics; age bands and fifths of deprivation worked out."""
    primary = data.settings.primary
    frame = episode_frame(
        data.tables["episodes"],
        data.tables["outcomes"],
        data.tables["patients"],
        instrument=primary.instrument,
        scale=primary.scale,
    )
    if frame["age_band"].isna().all() and frame["age"].notna().any():
        words = list(CHARACTERISTICS["age_band"].levels)
        place = np.searchsorted(AGE_EDGES, frame["age"].to_numpy(), side="right")
        band = pd.Series(np.array(words, dtype=object)[place], index=frame.index)
        frame["age_band"] = band.where(frame["age"].notna())
    decile = frame[DEPRIVATION].astype("Float64")
    fifth = np.ceil(decile / 2).astype("Int64").astype("string")
    return frame.assign(**{FIFTH: fifth})


def measures(data: AnalysisInput, frame: pd.DataFrame) -> Iterator[Measure]:
    """Every outcome of which the extract holds anything."""
    started: Mask = in_population(frame, "started")
    yield Measure(
        "access", np.ones(len(frame), dtype=bool), started.astype(np.float64), "rate", "referred"
    )
    wait = frame["wait_to_first_session"].to_numpy(dtype=np.float64, na_value=np.nan)
    yield Measure("wait", started & np.isfinite(wait), np.nan_to_num(wait), "mean", "started")
    yield _missed(data, frame, started)
    state = frame[f"dropout_{data.settings.primary.dropout_definition}"].astype("object")
    known = started & state.isin(("dropout", "other_end")).to_numpy()
    dropped = np.asarray(state == "dropout", dtype=np.float64)
    yield Measure("dropout", known, dropped, "rate", "started", baseline=True)
    paired = in_population(frame, "paired")
    facts = data.instruments[data.settings.primary.instrument]
    sign = 1.0 if facts.better_is == "lower" else -1.0
    change = sign * (frame["first_score"] - frame["last_score"]).to_numpy(dtype=np.float64)
    yield Measure("change", paired, np.nan_to_num(change), "mean", "paired", baseline=True)
    category = frame["change_category"]
    improved = np.asarray(category.isin(IMPROVED), dtype=np.float64)
    judged = paired & category.notna().to_numpy()
    yield Measure("reliable_improvement", judged, improved, "rate", "paired", baseline=True)


def _missed(data: AnalysisInput, frame: pd.DataFrame, started: Mask) -> Measure:
    """Sessions missed of sessions offered, by the primary definition of absence."""
    _, absent, among = ABSENCE_DEFINITIONS[data.settings.primary.absence_definition]
    names = {"attended": "sessions_attended", "attended_late": None}
    columns = {state: names.get(state, state) for state in among}

    def total(states: tuple[str, ...]) -> FloatArray:
        """Sessions of each person in any of the states; NaN where one of them is not held."""
        held = [columns[state] for state in states if columns[state] is not None]
        return np.asarray(
            frame[held]
            .astype("Float64")
            .sum(axis=1, skipna=False)
            .to_numpy(dtype=np.float64, na_value=np.nan)
        )

    top, bottom = total(absent), total(among)
    known = started & np.isfinite(top) & np.isfinite(bottom) & (np.nan_to_num(bottom) > 0)
    return Measure(
        "missed_sessions", known, np.nan_to_num(top), "ratio", "started", np.nan_to_num(bottom)
    )
