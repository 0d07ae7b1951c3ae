"""What has been published about a scale's scores: cut-offs, bands, norms, reliability, change."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from naturalistic.reference.facts import Fact, Frozen, Key, Sourced, Status

Sex = Literal["any", "female", "male"]
CaseIf = Literal["at_or_above", "above", "below", "at_or_below"]


class ForWhom(Frozen):
    """The people a threshold or norm is for: sex and ages in completed years, both inclusive."""

    sex: Sex = "any"
    age_min: int | None = None
    age_max: int | None = None


class CutOff(Fact, ForWhom):
    """A score that separates cases from others, in units of the scale's score.

    ``kind`` is ``clinical`` (Jacobson-Truax type, between a clinical and a general population),
    ``caseness`` (a service's rule), ``screening`` (against a diagnosis), ``severe`` or
    ``remission``. ``case_if`` says on which side, and whether equality counts.
    """

    kind: Literal["clinical", "caseness", "screening", "severe", "remission", "general_range"]
    case_if: CaseIf
    preferred: bool = False


class Band(Frozen):
    """A severity band ``[lower, upper)`` on unrounded scores; the last one includes its upper end.

    ``status`` is given where one edge is known less well than the set it belongs to.
    """

    label: str
    lower: float
    upper: float
    status: Status | None = None


class SeverityBands(Sourced):
    """A complete set of bands of one scale, contiguous and in rising order of score."""

    name: str
    preferred: bool = False
    bands: Annotated[tuple[Band, ...], Field(min_length=2)]

    @model_validator(mode="after")
    def _contiguous(self) -> Self:
        for left, right in zip(self.bands, self.bands[1:], strict=False):
            if left.upper != right.lower:
                raise ValueError(f'bands "{left.label}" and "{right.label}" do not meet')
        for band in self.bands:
            if band.lower >= band.upper:
                raise ValueError(f'band "{band.label}" has no width')
        return self


class Reliability(Sourced):
    """A reliability coefficient (``value``) or the range in which several fell (``low, high``)."""

    kind: Literal["alpha", "retest", "alpha_or_retest"]
    sample: str
    value: Annotated[float, Field(gt=0, lt=1)] | None = None
    low: Annotated[float, Field(gt=0, lt=1)] | None = None
    high: Annotated[float, Field(gt=0, lt=1)] | None = None
    preferred: bool = False

    @model_validator(mode="after")
    def _something_is_given(self) -> Self:
        if self.value is None and self.low is None:
            raise ValueError("give a value, or low (and high) for a range")
        return self


class Norm(Sourced, ForWhom):
    """Mean and sample SD of the scale's score in a population; what is not known is ``None``."""

    population: Literal["clinical", "general"]
    sample: str
    mean: float
    sd: Annotated[float, Field(gt=0)] | None = None
    n: Annotated[int, Field(gt=0)] | None = None
    published_as: str = ""
    preferred: bool = False


class ReliableChange(Fact):
    """A published threshold of reliable change, in points of the scale (or of one item).

    ``convention`` says whether a change equal to the threshold counts; ``level`` is the confidence
    it was built for, where stated.
    """

    convention: Literal["at_or_above", "above", "not_stated"]
    level: float | None = None
    rule: str
    applies_to: Literal["scale", "each_item"] = "scale"
    preferred: bool = False


class ImportantDifference(Fact):
    """A published smallest change that matters: points, or per cent of the score at the start."""

    unit: Literal["points", "percent_of_start"]
    population: str


class Correlation(Fact):
    """Correlation of two scales of the same form in a stated sample."""

    scales: tuple[Key, Key]
    population: Literal["clinical", "general"]
    sample: str
    n: int | None = None
