"""Whose change is judged, by which thresholds, and what a method says of them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from naturalistic.analyses.change.people import FloatArray, Mask, Started
from naturalistic.analyses.interface import AnalysisInput
from naturalistic.cohort.change_criteria import (
    FEWEST_FOR_A_SPREAD,
    Limits,
    Person,
    clinical_limits,
    reliable_change_threshold,
)
from naturalistic.reference.models import Scale
from naturalistic.stats.change_thresholds import cutoff_a, cutoff_b, cutoff_c, reliable_change_value
from naturalistic.stats.reliable_change import ChangeClassification, categorise

FEWEST = 10
BoolPair = tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]


@dataclass(frozen=True)
class Group:
    """Those with both forms and a known cut-off (or a scale that has none), and what is known of the scale.

    Attributes
    ----------
    people : Started
    member : ndarray of bool, shape (n_started,)
        Who they are.
    limits : Limits
        Cut-off of each of them.
    scale : Scale
        Reference facts.
    reliability : float or None
        Preferred published reliability.
    strict : bool
        Whether a change must exceed its threshold.
    """

    people: Started
    member: Mask
    limits: Limits
    scale: Scale
    reliability: float | None
    strict: bool

    @property
    def first(self) -> FloatArray:
        """First scores."""
        return self.people.first[self.member]

    @property
    def last(self) -> FloatArray:
        """Last scores."""
        return self.people.last[self.member]

    @property
    def cutoff(self) -> FloatArray | None:
        """Cut-off of each person, None where the scale has none."""
        return self.limits.value[self.member] if self.limits.exists else None

    def categories(self, changed: BoolPair) -> ChangeClassification:
        """Categories from who changed reliably."""
        return categorise(
            self.first,
            self.last,
            *changed,
            self.cutoff,
            better_is=self.people.better_is,
            cutoff_is_clinical=self.limits.equal_is_clinical,
        )


@dataclass(frozen=True)
class Judged:
    """What one method says; `categories` is None where it cannot say, for the reason in `note`.

    Attributes
    ----------
    method : str
        Word of `vocabulary.CHANGE_METHODS`.
    categories : ChangeClassification or None
    threshold : float
        Smallest change that counts, where it is the same for everybody; otherwise NaN.
    status, note : str
        Why there is nothing, or what must be known.
    """

    method: str
    categories: ChangeClassification | None
    threshold: float = math.nan
    status: str = "ok"
    note: str = ""


def group_of(data: AnalysisInput, people: Started, scale: Scale) -> Group:
    """Who is judged, with each person's cut-off under the settings."""
    known = Person.of(people.frame["patient_id"], data.tables.get("patients"))
    limits = clinical_limits(scale, data.settings.reliable_change, known)
    member = people.paired & (np.isfinite(limits.value) | (not limits.exists))
    values = [r.value for r in scale.reliabilities if r.preferred and r.value is not None]
    return Group(
        people,
        member,
        limits,
        scale,
        values[0] if values else None,
        data.settings.reliable_change.inequality == "more_than",
    )


def criterion_in_use(data: AnalysisInput, people: Started, scale: Scale) -> float | None:
    """The threshold that the categories of the table `outcomes` were made with; None where none is known.

    Its sample is everyone who started and has a first score, with a last one or not.
    """
    return reliable_change_threshold(scale, data.settings.reliable_change, people.first)


def sample_threshold(group: Group) -> float:
    """Jacobson and Truax's threshold with the SD of this cohort's first scores; NaN where not known.

    The sample is that of `criterion_in_use`: everyone who started and has a first score.
    """
    first = group.people.first[~np.isnan(group.people.first)]
    if group.reliability is None or len(first) < FEWEST_FOR_A_SPREAD:
        return math.nan
    return reliable_change_value(float(np.std(first, ddof=1)), group.reliability)


def published_threshold(scale: Scale) -> float:
    """The preferred published threshold; NaN where there is none."""
    found = [c.value for c in scale.reliable_change if c.preferred and c.applies_to == "scale"]
    return found[0] if found else math.nan


def cut_offs(group: Group) -> dict[str, tuple[float, str]]:
    """Cut-offs a, b and c for everybody, from preferred norms; a from this sample where no clinical norm is known."""
    found: dict[str, tuple[float, str]] = {}
    better_is = group.people.better_is
    norms = {
        population: next(
            (
                n
                for n in group.scale.norms
                if n.population == population
                and n.preferred
                and n.sex == "any"
                and n.sd is not None
            ),
            None,
        )
        for population in ("clinical", "general")
    }
    clinical, general = norms["clinical"], norms["general"]
    if len(group.first) >= FEWEST:
        mean, sd = float(group.first.mean()), float(np.std(group.first, ddof=1))
        found["a"] = (cutoff_a(mean, sd, better_is=better_is), "from this sample")
    if general is not None and general.sd is not None:
        found["b"] = (cutoff_b(general.mean, general.sd, better_is=better_is), general.sample)
        if clinical is not None and clinical.sd is not None:
            value = cutoff_c(clinical.mean, clinical.sd, general.mean, general.sd)
            found["c"] = (value, f"{general.sample} against {clinical.sample}")
    return found


def guarded(group: Group, method: str, who: Callable[[], BoolPair]) -> Judged:
    """A method whose refusal (too little spread, negative scores ...) becomes the reason."""
    try:
        changed = who()
    except ValueError as error:
        return Judged(method, None, status="not_estimable", note=str(error))
    return Judged(method, group.categories(changed))
