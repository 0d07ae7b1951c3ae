"""Who enters the models of the score: scores, predictors, therapists and services of everyone who started."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from naturalistic.analyses.interface import AnalysisInput
from naturalistic.analyses.populations import episode_frame, in_population
from naturalistic.analyses.predictors import Predictors, Term, prepare_predictors
from naturalistic.stats.lmm.checks import FEWEST_GROUPS

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
RELIABLY_IMPROVED = ("improved", "recovered")
NO_THERAPIST = "no therapist is recorded"


@dataclass(frozen=True)
class Groups:
    """Therapists or services of the people.

    Attributes
    ----------
    codes : (n,) int array or None
        None where they cannot be a level of a model.
    recorded : int
        Different therapists (services) on record; codes from there on stand for people without one.
    obstacle : str
        Why they are no level of a model.
    note : str
        What a reader must know about the codes.
    """

    codes: IntArray | None
    recorded: int
    obstacle: str = ""
    note: str = ""


@dataclass(frozen=True)
class OutcomePeople:
    """Everyone who started, one row an episode.

    Attributes
    ----------
    frame : DataFrame
        Rows of `episode_frame`.
    predictors : Predictors
        Prepared once, so that every model compares the same levels.
    lower_is_better : bool
        Direction of the scale.
    therapist, service : Groups
    conf_level : float
    """

    frame: pd.DataFrame
    predictors: Predictors
    lower_is_better: bool
    therapist: Groups
    service: Groups
    conf_level: float

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
        """Who has both."""
        return np.isfinite(self.first) & np.isfinite(self.last)

    @cached_property
    def reliably_improved(self) -> FloatArray:
        """1 where the change is a reliable improvement, NaN where no category could be given."""
        category = self.frame["change_category"].astype("object")
        return np.where(
            category.isna() | (category == ""), np.nan, category.isin(RELIABLY_IMPROVED)
        ).astype(np.float64)

    @property
    def better(self) -> float:
        """What turns a change of the score into an improvement: -1 where lower is better."""
        return -1.0 if self.lower_is_better else 1.0

    @cached_property
    def notes(self) -> tuple[str, ...]:
        """What was done to predictors, therapists and services."""
        left_out = [f"{name}: {reason}" for name, reason in self.predictors.left_out.items()]
        groups = [g.obstacle or g.note for g in (self.therapist, self.service)]
        return (*self.predictors.notes, *left_out, *(note for note in groups if note))

    def levels(self, chosen: npt.NDArray[Any]) -> pd.DataFrame:
        """Predictors of these rows."""
        return self.predictors.frame.iloc[chosen].reset_index(drop=True)


def outcome_people(data: AnalysisInput) -> OutcomePeople:
    """Everyone who started, prepared for the models of the primary scale."""
    settings = data.settings
    primary = settings.primary
    frame = episode_frame(
        data.tables["episodes"],
        data.tables["outcomes"],
        data.tables["patients"],
        instrument=primary.instrument,
        scale=primary.scale,
    )
    frame = frame[in_population(frame, "started")].reset_index(drop=True)
    instrument = data.instruments[primary.instrument]
    return OutcomePeople(
        frame,
        prepare_predictors(frame, settings.predictors, settings.reference_levels),
        instrument.better_is == "lower",
        _groups(frame["therapist_id"], "therapist"),
        _services(frame["service"], settings.predictors),
        settings.conf_level,
    )


def _groups(identifiers: pd.Series, what: str) -> Groups:
    """Codes of the groups; somebody without one counts as the only patient of a group of their own.

    # ASSUME A49 who has no recorded therapist counts as the only patient of a therapist of their own
    """
    known = identifiers.notna().to_numpy()
    found = int(identifiers.nunique())
    if not found:
        return Groups(None, 0, f"no {what} is recorded")
    if known.mean() < 0.5:
        return Groups(None, found, f"fewer than half of the people have a recorded {what}")
    if found < FEWEST_GROUPS:
        needed = f"a variance between {what}s needs at least {FEWEST_GROUPS} {what}s"
        return Groups(None, found, f"{needed}, found {found}")
    codes = pd.factorize(identifiers, sort=True)[0].astype(np.int64)
    codes[~known] = found + np.arange(int((~known).sum()))
    missing = int((~known).sum())
    note = f"people without a recorded {what} count each as the only patient of one" * bool(missing)
    return Groups(codes, found, note=note)


def _services(identifiers: pd.Series, predictors: tuple[str, ...]) -> Groups:
    """Services, unless there is one only or they are compared as a characteristic."""
    if identifiers.nunique() < 2:
        return Groups(None, int(identifiers.nunique()))
    if "service" in predictors:
        return Groups(None, int(identifiers.nunique()), "services are compared as a characteristic")
    return _groups(identifiers, "service")


def level_of(term: Term) -> dict[str, str]:
    """The level behind a column of a design, by characteristic; empty for numbers and constants."""
    names = [name for name in term.term.split(":") if not name.startswith("time")]
    if " vs " not in term.contrast:
        return {}
    return {names[-1]: term.contrast.split(" vs ")[0]}


def people_behind(levels: pd.DataFrame, terms: list[Term], changes: Mask) -> dict[str, int]:
    """How many people stand behind each column.

    Parameters
    ----------
    levels : DataFrame
        Predictors of the people in the model.
    terms : list of Term
        Columns of the design.
    changes : (n,) bool
        Who has scores at two times: only they show a difference in change.
    """
    counts = {}
    for term in terms:
        member = changes if term.term.startswith("time") else np.ones(len(levels), dtype=bool)
        for name, level in level_of(term).items():
            member = member & (levels[name] == level).to_numpy()
        counts[term.column] = int(member.sum())
    return counts
