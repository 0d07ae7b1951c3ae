"""What a published figure to compare with looks like, and the national counts of England."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from naturalistic.reference.facts import Frozen, Key, Sourced

Quantity = Literal[
    "standardised_mean_change",
    "standardised_difference_between_groups",
    "percentage_change",
    "proportion",
    "share_of_variance",
    "points",
    "sessions",
]
Design = Literal[
    "naturalistic",
    "untreated",
    "waiting_list",
    "usual_care",
    "other_control",
    "trial_arm",
    "trial_comparison",
    "survey",
]
Topic = Literal[
    "change",
    "no_treatment",
    "clinical_significance",
    "dropout",
    "attendance",
    "therapist_effect",
    "dose",
]
Definition = Literal[
    "pre_sd",
    "national_pre_sd",
    "not_stated",
    "between_groups",
    "share",
    "variance_explained",
    "mean",
]
Population = Literal[
    "completers",
    "planned_ending",
    "paired",
    "started",
    "referred",
    "offered",
    "trial_arm",
    "mixed",
    "not_stated",
]


class Benchmark(Sourced):
    """One published figure.

    Attributes
    ----------
    value, low, high : float or None
        Estimate and confidence limits at ``conf_level``; shares as proportions (0 to 1).
    prediction_low, prediction_high : float or None
        Prediction interval at ``conf_level``, where published.
    definition : str
        How an effect size was standardised, or what else the figure is; a comparison is drawn only
        with figures of the same definition and population.
    k, n : int or None
        Studies and people.
    duration, duration_weeks : str, float or None
        How long it took, as published.
    warning : str
        What must stand beside the figure wherever it is shown.
    """

    key: Key
    label: str
    topic: Topic
    quantity: Quantity
    definition: Definition
    value: float | None
    low: float | None = None
    high: float | None = None
    conf_level: Annotated[float, Field(gt=0, lt=1)] = 0.95
    prediction_low: float | None = None
    prediction_high: float | None = None
    n: Annotated[int, Field(gt=0)] | None = None
    k: Annotated[int, Field(gt=0)] | None = None
    n_therapists: Annotated[int, Field(gt=0)] | None = None
    measure: str
    instrument: Key | None = None
    scale: Key | None = None
    condition: str = ""
    therapy: str = ""
    population: Population
    denominator: str = ""
    setting: str = ""
    country: str = ""
    design: Design
    duration: str = ""
    duration_weeks: float | None = None
    assumed_correlation: float | None = None
    heterogeneity: str = ""
    warning: str = ""

    @model_validator(mode="after")
    def _limits_enclose_the_value(self) -> Self:
        problems = []
        if self.value is None and (self.low is None or self.high is None):
            problems.append("give a value, or a range (low and high)")
        if (self.low is None) != (self.high is None):
            problems.append("low and high go together")
        if (self.prediction_low is None) != (self.prediction_high is None):
            problems.append("prediction_low and prediction_high go together")
        given = [x for x in (self.low, self.value, self.high) if x is not None]
        if given != sorted(given):
            problems.append("the value lies outside its limits")
        if self.quantity in {"proportion", "share_of_variance"} and any(
            not 0 <= x <= 1 for x in given
        ):
            problems.append("a share lies between 0 and 1")
        if self.instrument is None and self.scale is not None:
            problems.append("a scale needs its instrument")
        if problems:
            raise ValueError("; ".join(problems))
        return self


class BenchmarkFile(Frozen):
    """One file of benchmarks that belong together."""

    key: Key
    title: str
    benchmarks: Annotated[tuple[Benchmark, ...], Field(min_length=1)]


class NationalYear(Frozen):
    """Counts and published percentages of one year, England."""

    year: Annotated[str, Field(pattern=r"^\d{4}-\d{2}$")]
    referrals_received: int
    finished_course_treatment: int
    at_caseness: int
    not_at_caseness: int
    improvement: int
    deterioration: int
    no_reliable_change: int
    recovery: int
    reliable_recovery: int
    published_percent: dict[str, float]


class TherapyRow(Frozen):
    """Means, SDs and rates of one therapy in one year, all problems, England.

    ``scores`` is instrument -> start mean, start SD, end mean, end SD and the published effect
    size (one decimal; start minus end mean over the SD at the start in England).
    """

    therapy_model: Key
    label: str
    n_courses: int
    scores: dict[Key, tuple[float, float, float, float, float]]
    improvement_percent: float
    recovery_percent: float
    reliable_recovery_percent: float
    deterioration_percent: float


class Target(Sourced):
    """A national target or standard."""

    key: Key
    label: str
    period: str
    value: float
    unit: Literal["percent", "courses", "days"]


class NationalFigures(Sourced):
    """NHS Talking Therapies, England: yearly counts, therapies of one year, targets."""

    key: Key
    title: str
    denominators: dict[str, str]
    years: tuple[NationalYear, ...]
    therapies_year: str
    therapies_note: str
    therapies: tuple[TherapyRow, ...]
    targets: tuple[Target, ...] = ()
