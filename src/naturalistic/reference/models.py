"""What a questionnaire looks like: closed, frozen models of ``instruments/*.yaml``."""

from __future__ import annotations

import math
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from naturalistic.reference.facts import Fact, Frozen, Key, Sourced, Statement, Status
from naturalistic.reference.thresholds import (
    Band,
    Correlation,
    CutOff,
    ImportantDifference,
    Norm,
    Reliability,
    ReliableChange,
    SeverityBands,
    Sex,
)

__all__ = [
    "Band",
    "BetterIs",
    "Correlation",
    "CutOff",
    "Fact",
    "ImportantDifference",
    "Instrument",
    "MissingRule",
    "Norm",
    "Reliability",
    "ReliableChange",
    "Scale",
    "ScoringRule",
    "SeverityBands",
    "Sourced",
    "Statement",
    "Status",
    "Structure",
]

BetterIs = Literal["lower", "higher"]
ScoringRule = Literal["mean_times_10", "sum", "mean", "published_conversion"]

# range of a scale against its items: both are short decimals, any wider gap is another number
_TOLERANCE = 1e-9


class Structure(Sourced):
    """How the form is built: number, range and direction of its items.

    ``reversed`` lists items scored ``item_min + item_max - x``; ``None`` means that it is not
    known which are, so items cannot be scored. ``not_known_codes`` are entries that mean
    "not known", never a score.
    """

    n_items: Annotated[int, Field(gt=0)] | None = None
    item_min: float | None = None
    item_max: float | None = None
    reversed: tuple[int, ...] | None = None
    not_known_codes: tuple[int, ...] = ()


class MissingRule(Sourced):
    """How many items may be missing, and what then stands for them."""

    max_missing: Annotated[int, Field(ge=0)]
    method: Literal["mean_of_answered", "sum_of_answered"]


class Scale(Sourced):
    """One score that the form gives.

    ``items`` are positions on the form, from 1; ``None`` means totals only. A ``missing_rule`` of
    ``None`` means that no rule is known: only complete forms are scored.
    """

    key: Key
    label: str
    items: tuple[int, ...] | None = None
    scoring: ScoringRule
    minimum: float
    maximum: float
    missing_rule: MissingRule | None = None
    cut_offs: tuple[CutOff, ...] = ()
    severity_bands: tuple[SeverityBands, ...] = ()
    reliabilities: tuple[Reliability, ...] = ()
    norms: tuple[Norm, ...] = ()
    reliable_change: tuple[ReliableChange, ...] = ()
    important_differences: tuple[ImportantDifference, ...] = ()

    @model_validator(mode="after")
    def _numbers_lie_on_the_scale(self) -> Self:
        problems = []
        if self.minimum >= self.maximum:
            problems.append("minimum is not below maximum")
        if self.items is not None and len(set(self.items)) != len(self.items):
            problems.append("an item is listed twice")
        published = [("cut-off", cut.value) for cut in self.cut_offs]
        published += [("norm mean", norm.mean) for norm in self.norms]
        problems += [
            f"{what} {value:g} lies off the scale"
            for what, value in published
            if not self.minimum <= value <= self.maximum
        ]
        problems += self._preferred_twice()
        for bands in self.severity_bands:
            ends = bands.bands[0].lower, bands.bands[-1].upper
            if ends != (self.minimum, self.maximum):
                problems.append(f'bands "{bands.name}" do not cover the scale')
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def _preferred_twice(self) -> list[str]:
        chosen: list[tuple[object, ...]] = [
            (f"cut_offs of kind {cut.kind}", cut.sex, cut.age_min, cut.age_max)
            for cut in self.cut_offs
            if cut.preferred
        ]
        chosen += [("severity_bands",) for bands in self.severity_bands if bands.preferred]
        chosen += [("reliable_change",) for change in self.reliable_change if change.preferred]
        chosen += [("reliabilities", each.kind) for each in self.reliabilities if each.preferred]
        chosen += [
            (f"norms of the {norm.population} population", norm.sex, norm.age_min, norm.age_max)
            for norm in self.norms
            if norm.preferred
        ]
        twice = {str(group[0]) for group in chosen if chosen.count(group) > 1}
        return [f"more than one preferred entry in {what}" for what in sorted(twice)]

    def preferred_bands(self) -> tuple[Band, ...]:
        """Return the bands to report by; empty where none are known."""
        chosen = [bands for bands in self.severity_bands if bands.preferred]
        return chosen[0].bands if chosen else ()

    def cut_off(
        self, sex: Sex = "any", age: float | None = None, kind: str | None = None
    ) -> CutOff | None:
        """Return the preferred cut-off for a person, or ``None`` where the facts hold none.

        Parameters
        ----------
        sex : {'any', 'female', 'male'}
            A cut-off by sex is used only for a person whose sex is known.
        age : float or None
            Age in years; a cut-off with an age range is used only inside it.
        kind : str or None
            Restrict to one kind of cut-off.
        """
        for candidate in self.cut_offs:
            if not candidate.preferred or (kind is not None and candidate.kind != kind):
                continue
            if candidate.sex not in ("any", sex):
                continue
            bounded = candidate.age_min is not None or candidate.age_max is not None
            if bounded and (age is None or math.isnan(age)):
                continue
            completed = math.floor(age) if bounded and age is not None else 0
            if candidate.age_min is not None and completed < candidate.age_min:
                continue
            if candidate.age_max is not None and completed > candidate.age_max:
                continue
            return candidate
        return None


class Instrument(Frozen):
    """A questionnaire or rating form: how it is built, scored and read. Never its item texts."""

    key: Key
    name: str
    version: str = ""
    aliases: tuple[str, ...] = ()
    about: str
    completed_by: Literal["patient", "clinician"]
    better_is: BetterIs
    licence: Statement
    structure: Structure
    primary_scale: Key
    scales: Annotated[tuple[Scale, ...], Field(min_length=1)]
    correlations: tuple[Correlation, ...] = ()
    risk_items: tuple[int, ...] = ()
    traps: tuple[Statement, ...] = ()

    @model_validator(mode="after")
    def _parts_agree(self) -> Self:
        problems = []
        keys = [scale.key for scale in self.scales]
        if len(set(keys)) != len(keys):
            problems.append("two scales have the same key")
        if self.primary_scale not in keys:
            problems.append(f'primary_scale "{self.primary_scale}" is not one of the scales')
        problems += [
            f"correlation of unknown scales {correlation.scales}"
            for correlation in self.correlations
            if not set(correlation.scales) <= set(keys)
        ]
        problems += self._problems_of_items()
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def _problems_of_items(self) -> list[str]:
        built = self.structure
        problems = []
        listed = [("reversed", built.reversed or ()), ("risk_items", self.risk_items)]
        listed += [(f"scale {scale.key}", scale.items or ()) for scale in self.scales]
        for what, items in listed:
            if items and built.n_items is None:
                problems.append(f"{what}: items are listed but n_items is not known")
            elif any(not 1 <= item <= (built.n_items or 0) for item in items):
                problems.append(f"{what}: an item lies outside 1 to {built.n_items}")
        for scale in self.scales:
            expected = self._range_of(scale)
            if expected is not None and not (
                math.isclose(expected[0], scale.minimum, abs_tol=_TOLERANCE)
                and math.isclose(expected[1], scale.maximum, abs_tol=_TOLERANCE)
            ):
                problems.append(
                    f"scale {scale.key}: items and scoring give {expected[0]:g} to "
                    f"{expected[1]:g}, not {scale.minimum:g} to {scale.maximum:g}"
                )
        return problems

    def _range_of(self, scale: Scale) -> tuple[float, float] | None:
        low, high = self.structure.item_min, self.structure.item_max
        if scale.items is None or low is None or high is None:
            return None
        factor = {"sum": len(scale.items), "mean": 1, "mean_times_10": 10}.get(scale.scoring)
        return None if factor is None else (low * factor, high * factor)

    def scale(self, key: str) -> Scale:
        """Return one scale.

        Raises
        ------
        KeyError
            If the instrument has no such scale; the message lists those it has.
        """
        for scale in self.scales:
            if scale.key == key:
                return scale
        known = ", ".join(scale.key for scale in self.scales)
        raise KeyError(f'{self.key} has no scale "{key}" (it has: {known})')

    def can_score_items(self, key: str) -> bool:
        """Whether a scale can be computed from items: items, range and reversal all known."""
        built, scale = self.structure, self.scale(key)
        known = None not in (built.item_min, built.item_max, built.reversed, scale.items)
        return known and scale.scoring != "published_conversion"

    @property
    def item_scorable(self) -> bool:
        """Whether the primary scale can be computed from items."""
        return self.can_score_items(self.primary_scale)
