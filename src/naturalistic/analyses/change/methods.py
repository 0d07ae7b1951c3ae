"""Every method of judging reliable and clinically significant change, on the same people."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from naturalistic.analyses.change.people import FloatArray, Mask, Started
from naturalistic.analyses.interface import AnalysisInput
from naturalistic.cohort.change_criteria import Limits, Person, clinical_limits
from naturalistic.reference.models import Scale
from naturalistic.stats.change_thresholds import cutoff_a, cutoff_b, cutoff_c, reliable_change_value
from naturalistic.stats.linear_mixed_model import fit_linear_mixed_model
from naturalistic.stats.lmm.predictions import random_effects
from naturalistic.stats.minimal_change import changed_by_difference, changed_by_percentage
from naturalistic.stats.reliable_change import ChangeClassification, categorise, exceeds
from naturalistic.stats.reliable_change_methods import (
    CRITICAL_VALUES,
    IndexMethod,
    ReferenceScores,
    reliable_change_index,
    reliably_changed,
    slope_index,
)

FORMS_FOR_A_SLOPE = 3
FEWEST = 10
HALF = 50.0
DAYS_A_MONTH = 30.4375
INDEX_METHODS: tuple[IndexMethod, ...] = (
    "gulliksen_lord_novick",
    "hsu_linn_lord",
    "edwards_nunnally",
    "nunnally_kotsch",
    "hageman_arrindell",
)
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


def sample_threshold(group: Group) -> float:
    """Jacobson and Truax's threshold with the SD of this sample's first scores; NaN where not known."""
    if group.reliability is None or len(group.first) < 2:
        return math.nan
    return reliable_change_value(float(np.std(group.first, ddof=1)), group.reliability)


def published_threshold(scale: Scale) -> float:
    """The preferred published threshold; NaN where there is none."""
    found = [c.value for c in scale.reliable_change if c.preferred and c.applies_to == "scale"]
    return found[0] if found else math.nan


def judge_all(data: AnalysisInput, group: Group) -> Iterator[Judged]:
    """Every method in the order of the vocabulary; the first two are Jacobson and Truax's."""
    yield _by_threshold(group, "jacobson_truax", published_threshold(group.scale))
    yield _by_threshold(group, "jacobson_truax_sample", sample_threshold(group))
    for method in INDEX_METHODS:
        yield _by_index(group, method)
    yield _by_slope(data, group)
    yield _guarded(
        group,
        "percentage_change",
        lambda: changed_by_percentage(
            group.first,
            group.last,
            better_is=group.people.better_is,
            percent_better=HALF,
            percent_worse=HALF,
        ),
    )
    yield _by_important_difference(group)


def _by_threshold(group: Group, method: str, threshold: float) -> Judged:
    if not threshold > 0:
        return Judged(method, None, status="not_estimable", note="no threshold is known")
    change = group.people.improvement[group.member]
    changed = (
        exceeds(change, threshold, strict=group.strict),
        exceeds(-change, threshold, strict=group.strict),
    )
    return Judged(method, group.categories(changed), threshold)


def _guarded(group: Group, method: str, who: Callable[[], BoolPair]) -> Judged:
    """A method whose refusal (too little spread, negative scores ...) becomes the reason."""
    try:
        changed = who()
    except ValueError as error:
        return Judged(method, None, status="not_estimable", note=str(error))
    return Judged(method, group.categories(changed))


def _by_index(group: Group, method: IndexMethod) -> Judged:
    if group.reliability is None:
        return Judged(method, None, status="not_estimable", note="no reliability is published")
    if len(group.first) < 3 or np.ptp(group.first) == 0 or np.ptp(group.last) == 0:
        return Judged(method, None, status="not_estimable", note="too few people or no spread")
    reference = ReferenceScores(
        reliability=group.reliability,
        mean_pre=float(group.first.mean()),
        sd_pre=float(np.std(group.first, ddof=1)),
        mean_post=float(group.last.mean()),
        sd_post=float(np.std(group.last, ddof=1)),
        correlation=float(np.corrcoef(group.first, group.last)[0, 1]),
    )

    def who() -> BoolPair:
        index = reliable_change_index(
            group.first, group.last, reference, method=method, better_is=group.people.better_is
        )
        return reliably_changed(index, CRITICAL_VALUES[method], strict=group.strict)

    return _guarded(group, method, who)


def _by_important_difference(group: Group) -> Judged:
    method: Literal["minimal_important_difference"] = "minimal_important_difference"
    found = [d for d in group.scale.important_differences if d.value > 0]
    if not found:
        return Judged(method, None, status="not_estimable", note="none is published for the scale")
    chosen = found[0]
    note = (
        f"{chosen.value:g} {'points' if chosen.unit == 'points' else 'per cent of the first score'}"
    )
    better_is = group.people.better_is

    def who() -> BoolPair:
        if chosen.unit == "points":
            return changed_by_difference(
                group.first, group.last, better_is=better_is, minimal_improvement=chosen.value
            )
        return changed_by_percentage(
            group.first,
            group.last,
            better_is=better_is,
            percent_better=chosen.value,
            percent_worse=chosen.value,
        )

    judged = _guarded(group, method, who)
    return Judged(
        method,
        judged.categories,
        status=judged.status,
        note=judged.note or f"{note} ({chosen.population})",
    )


def _by_slope(data: AnalysisInput, group: Group) -> Judged:
    """The person's own total slope, mean plus deviation, over its standard error."""
    method = "hierarchical_linear_model"
    long = _long_scores(data, group)
    if long is None:
        return Judged(method, None, status="not_run", note="the scores have no dates")
    forms = long.groupby("person").size()
    median = float(forms.median()) if len(forms) else 0.0
    if median < FORMS_FOR_A_SLOPE:
        note = f"needs at least {FORMS_FOR_A_SLOPE} forms a person (median); here the median is {median:g}"
        return Judged(method, None, status="not_run", note=note)
    if group.people.n > data.settings.resampling.full_inference_up_to:
        return Judged(
            method, None, status="not_run", note="more people than full inference is set to"
        )
    fit = fit_linear_mixed_model(
        long["score"].to_numpy(),
        np.column_stack([np.ones(len(long)), long["time"].to_numpy()]),
        long["person"].to_numpy(),
        time=long["time"].to_numpy(),
        random_slope=True,
        term_names=["intercept", "time"],
    )
    if fit.status != "ok" or fit.component("patient.slope").value <= 0:
        return Judged(method, None, status="not_estimable", note="people's slopes do not differ")
    effects = random_effects(fit, "patient")
    slope = np.full(len(group.first), np.nan)
    error = np.full(len(group.first), np.nan)
    slope[effects.ids] = fit.coefficients[1] + effects.effects[:, 1]
    error[effects.ids] = np.sqrt(fit.covariance[1, 1] + effects.covariances[:, 1, 1])
    if not np.isfinite(slope).all() or not (error > 0).all():
        return Judged(method, None, status="not_estimable", note="some people have no dated score")

    def who() -> BoolPair:
        index = slope_index(slope, error, better_is=group.people.better_is)
        return reliably_changed(index, 1.96, strict=group.strict)

    return _guarded(group, method, who)


def _long_scores(data: AnalysisInput, group: Group) -> pd.DataFrame | None:
    """Dated scores of the group, months since the first form, up to the last form."""
    scores = data.tables.get("scores")
    if scores is None:
        return None
    frame = group.people.frame[group.member].reset_index(drop=True)
    frame = frame.assign(person=np.arange(len(frame)))[
        ["referral_id", "person", "first_date", "last_date"]
    ]
    primary = data.settings.primary
    chosen = scores[
        (scores["instrument"] == primary.instrument)
        & (scores["scale"] == primary.scale)
        & scores["score"].notna()
        & scores["date"].notna()
    ].merge(frame, on="referral_id")
    inside = (chosen["date"] >= chosen["first_date"]) & (chosen["date"] <= chosen["last_date"])
    chosen = chosen[inside.fillna(False)]
    if not len(chosen):
        return None
    chosen = chosen.sort_values(["person", "date", "score"], kind="stable")
    elapsed = chosen["date"].to_numpy() - chosen["first_date"].to_numpy()
    return pd.DataFrame(
        {
            "person": chosen["person"].to_numpy(),
            "time": elapsed / np.timedelta64(1, "D") / DAYS_A_MONTH,
            "score": chosen["score"].to_numpy(dtype=float),
        }
    )


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
