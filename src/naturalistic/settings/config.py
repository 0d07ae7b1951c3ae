"""The choices of one run (`config/config.yaml`)."""

from __future__ import annotations

import datetime as dt
import re
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from naturalistic.settings.closed import Closed
from naturalistic.settings.closing import Closing
from naturalistic.settings.equity import Equity
from naturalistic.settings.primary import Primary, one_of
from naturalistic.vocabulary import (
    CHARACTERISTICS,
)


class FormWindows(Closed):
    """Which form is the first and which the last of an episode."""

    first_days: tuple[int, int] = (-28, 14)
    last: Literal["end_form", "last_available"] = "last_available"

    @field_validator("first_days")
    @classmethod
    def _ordered(cls, value: tuple[int, int]) -> tuple[int, int]:
        if value[0] > value[1]:
            raise ValueError(
                f"the window runs from {value[0]} to {value[1]}: put the earlier day first"
            )
        return value


class Resampling(Closed):
    """How much is resampled, and up to how many patients."""

    bootstrap_draws: int = Field(default=2000, ge=100, le=100_000)
    imputations: int = Field(default=50, ge=5, le=1000)
    full_inference_up_to: int = Field(default=20_000, ge=100)


class ReliableChange(Closed):
    """How reliable and clinically significant change is judged."""

    inequality: Literal["at_least", "more_than"] = "at_least"
    criterion: Literal["published", "sample"] = "sample"
    cutoff: Literal["published", "c"] = "published"


class MissingOutcomes(Closed):
    """How forms that are missing are dealt with."""

    imputation: Literal["predictive_mean_matching", "normal"] = "predictive_mean_matching"
    iterations: int = Field(default=10, ge=1, le=100)
    benchmarks: tuple[str, ...] = ("gibbard_waiting_list", "metapsy_waiting_list")


class Bias(Closed):
    """What is assumed in the analyses of what else could explain a change."""

    reliabilities: tuple[float, ...] = (0.6, 0.7, 0.8, 0.9)
    population_means: tuple[float, ...] = ()
    sensitivities: tuple[float, ...] = (0.8, 0.9, 1.0)
    specificities: tuple[float, ...] = (0.9, 0.95, 1.0)

    @field_validator("reliabilities", "sensitivities", "specificities")
    @classmethod
    def _shares(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if not value or not all(0 < v <= 1 for v in value):
            raise ValueError("at least one number, each above 0 and at most 1")
        return value


class SpecificationCurve(Closed):
    """Every combination of these choices gives one estimate of the primary change."""

    effect_sizes: tuple[Literal["pre_sd", "average_sd", "external_sd"], ...] = (
        "pre_sd",
        "average_sd",
        "external_sd",
    )
    populations: tuple[Literal["started", "planned_ending", "case_at_start"], ...] = (
        "started",
        "planned_ending",
        "case_at_start",
    )
    missing: tuple[
        Literal[
            "complete_pairs",
            "multiple_imputation",
            "inverse_probability_weights",
            "last_observation_carried_forward",
        ],
        ...,
    ] = (
        "complete_pairs",
        "multiple_imputation",
        "inverse_probability_weights",
        "last_observation_carried_forward",
    )
    first_days: tuple[tuple[int, int], ...] = ((-28, 14), (-56, 28))
    last: tuple[Literal["last_available", "end_form"], ...] = ("last_available", "end_form")
    clustering: tuple[Literal["person", "therapist"], ...] = ("person", "therapist")
    imputations: int = Field(default=20, ge=5, le=1000)


class Dropout(Closed):
    """Numbers in the definitions of dropout, and from when on therapies are seen.

    `observed_from` is the first day of the window where the extract holds every therapy that ran on that day or began
    later: those that began before it count from that day on (left truncation). None where it holds every therapy
    of the people referred in a period.
    """

    lost_contact_weeks: int = Field(default=8, ge=1, le=104)
    fewer_than_sessions: int = Field(default=4, ge=1, le=100)
    observed_from: dt.date | None = None


class ServiceChange(Closed):
    """A named change of the service, for the interrupted time series; by default none."""

    name: str = ""
    date: dt.date | None = None

    @model_validator(mode="after")
    def _both_or_neither(self) -> Self:
        if bool(self.name) != (self.date is not None):
            raise ValueError("give a name and a date (yyyy-mm-dd), or neither")
        return self


DescribedPerson = dict[str, str | float]
DEFAULT_DESCRIBED_PEOPLE: dict[str, DescribedPerson] = {
    "reference_person": {},
    "out_of_work_and_medicated": {"employment": "unemployed", "medication": "yes"},
    "long_term_sick": {"employment": "long_term_sick_or_disabled", "medication": "yes"},
}


class OutcomeModels(Closed):
    """Whom the models of the score describe, and when a therapist may be shown."""

    described_people: dict[str, DescribedPerson] = Field(
        default_factory=lambda: dict(DEFAULT_DESCRIBED_PEOPLE), max_length=4
    )
    smallest_caseload: int = Field(default=10, ge=10)

    @field_validator("described_people")
    @classmethod
    def _people(cls, value: dict[str, DescribedPerson]) -> dict[str, DescribedPerson]:
        for person in value.values():
            for name, level in person.items():
                one_of(name, CHARACTERISTICS, "characteristic")
                if CHARACTERISTICS[name].numeric and isinstance(level, str):
                    raise ValueError(f"{name} is a number, not {level!r}")
                if CHARACTERISTICS[name].levels:
                    one_of(str(level), CHARACTERISTICS[name].levels, f"level of {name}")
        return value


class Disclosure(Closed):
    """How results are protected before they may leave."""

    profile: Literal["opensafely", "nhs_england", "strict10", "none"] = "opensafely"


class Evidence(Closed):
    """How exactly the figures for pooling are given."""

    significant_digits: int = Field(default=6, ge=2, le=12)


DEFAULT_PREDICTORS = (
    "age",
    "gender",
    "ethnicity",
    "relationship_status",
    "employment",
    "medication",
)
DEFAULT_REFERENCE_LEVELS = {
    "gender": "female",
    "medication": "no",
    "benefits": "no",
    "ethnicity": "white",
    "relationship_status": "with_partner",
    "employment": "employed",
    "living_arrangement": "with_partner",
    "education": "school",
    "format": "individual",
}


class AnalysisSettings(Closed):
    """Every choice that an analysis can depend on, for one cohort."""

    primary: Primary = Primary()
    form_windows: FormWindows = FormWindows()
    episodes: Literal["first", "last", "all"] = "first"
    reliable_change: ReliableChange = ReliableChange()
    missing_outcomes: MissingOutcomes = MissingOutcomes()
    bias: Bias = Bias()
    specification_curve: SpecificationCurve = SpecificationCurve()
    dropout: Dropout = Dropout()
    outcome_models: OutcomeModels = OutcomeModels()
    service_change: ServiceChange = ServiceChange()
    closing: Closing = Closing()
    equity: Equity = Equity()
    predictors: tuple[str, ...] = DEFAULT_PREDICTORS
    reference_levels: dict[str, str] = Field(default_factory=lambda: dict(DEFAULT_REFERENCE_LEVELS))
    conf_level: float = Field(default=0.95, gt=0.5, lt=1)
    resampling: Resampling = Resampling()
    evidence: Evidence = Evidence()
    seed: int = 20240901

    @field_validator("predictors")
    @classmethod
    def _predictors(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            one_of(name, CHARACTERISTICS, "characteristic")
        return value

    @field_validator("reference_levels")
    @classmethod
    def _levels(cls, value: dict[str, str]) -> dict[str, str]:
        for name, level in value.items():
            one_of(name, CHARACTERISTICS, "characteristic")
            if CHARACTERISTICS[name].levels:
                one_of(level, CHARACTERISTICS[name].levels, f"level of {name}")
        return value


_NAME = re.compile(r"[a-z0-9][a-z0-9_]*")


class Config(AnalysisSettings):
    """One run: which cohorts, with which choices.

    `shared_mappings` names cohorts that are read through one mapping, `{cohort}` in it standing for the name of each; they
    are the cohorts of the run unless `cohorts` says otherwise.
    """

    cohorts: tuple[str, ...] = Field(min_length=1)
    shared_mappings: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    analyses: Literal["all"] | tuple[str, ...] = "all"
    disclosure: Disclosure = Disclosure()

    @model_validator(mode="before")
    @classmethod
    def _every_shared_cohort(cls, value: object) -> object:
        """Without `cohorts`, every cohort of the shared mappings."""
        if not isinstance(value, dict) or value.get("cohorts"):
            return value
        shared = value.get("shared_mappings")
        if not isinstance(shared, dict) or not all(isinstance(v, list) for v in shared.values()):
            return value
        return {**value, "cohorts": [name for names in shared.values() for name in names]}

    @model_validator(mode="after")
    def _named_once(self) -> Self:
        shared = [name for names in self.shared_mappings.values() for name in names]
        for what, found in (("cohorts", list(self.cohorts)), ("shared_mappings", shared)):
            if twice := sorted({name for name in found if found.count(name) > 1}):
                raise ValueError(f"{what}: {', '.join(twice)} stands twice")
        if odd := [name for name in shared if not _NAME.fullmatch(name)]:
            raise ValueError(
                f"shared_mappings: {', '.join(odd)}: a name is made of small letters, digits and _"
            )
        return self

    def shared_mapping(self, cohort: str) -> str | None:
        """The mapping that a cohort shares with others; None where it has one of its own."""
        named = (mapping for mapping, cohorts in self.shared_mappings.items() if cohort in cohorts)
        return next(named, None)
