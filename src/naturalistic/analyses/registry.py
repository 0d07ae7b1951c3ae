"""The list of analyses: what each reads and which settings it depends on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from naturalistic.analyses.interface import AnalysisInput, AnalysisResult


@dataclass(frozen=True, slots=True)
class Analysis:
    """One registered analysis.

    Attributes
    ----------
    name : str
        Name in file names and in the `analysis` column; the module of that name holds `analyse`.
    question : str
        The question it answers, in plain words.
    tables : tuple of str
        Tables it reads.
    settings : tuple of str
        Fields of `AnalysisSettings` it depends on.
    reference : tuple of str
        Folders of `reference/` it reads; ``instruments`` means those of the cohort.
    """

    name: str
    question: str
    tables: tuple[str, ...]
    settings: tuple[str, ...]
    reference: tuple[str, ...] = ()

    @property
    def module(self) -> str:
        """Module that holds the function `analyse`."""
        return f"naturalistic.analyses.{self.name}"

    def load(self) -> Callable[[AnalysisInput], AnalysisResult]:
        """The analysis itself."""
        return import_module(self.module).analyse


_ANALYSES = (
    Analysis(
        "participant_flow",
        "Who was referred, assessed, started, ended as planned and has forms, and who was lost and why?",
        ("intake", "referrals", "episodes", "outcomes"),
        ("primary", "episodes"),
    ),
    Analysis(
        "characteristics",
        "Who was treated, and how do completers and people with both forms differ from the others?",
        ("patients", "episodes", "outcomes"),
        ("primary", "reference_levels"),
    ),
    Analysis(
        "outcome_change",
        "How much did scores change, for whom, out of how many who started?",
        ("patients", "episodes", "outcomes"),
        ("primary", "conf_level", "resampling"),
        ("instruments", "national"),
    ),
    Analysis(
        "clinical_change",
        "How many people changed reliably, and how many recovered or deteriorated?",
        ("patients", "episodes", "outcomes", "scores"),
        ("primary", "conf_level", "reliable_change", "resampling"),
        ("instruments",),
    ),
    Analysis(
        "talking_therapies_measures",
        "What are the rates by the national rules of NHS Talking Therapies?",
        ("episodes", "outcomes"),
        ("conf_level",),
        ("instruments",),
    ),
    Analysis(
        "missing_outcomes",
        "Who lacks a last form, and how much could that matter?",
        ("patients", "episodes", "outcomes", "scores"),
        (
            "primary",
            "conf_level",
            "reliable_change",
            "missing_outcomes",
            "resampling",
            "predictors",
            "reference_levels",
        ),
        ("instruments", "benchmarks"),
    ),
    Analysis(
        "bias",
        "What else could explain the change, and how much does it depend on choices?",
        ("patients", "episodes", "outcomes", "scores"),
        (
            "primary",
            "conf_level",
            "reliable_change",
            "missing_outcomes",
            "bias",
            "specification_curve",
            "resampling",
            "predictors",
            "reference_levels",
        ),
        ("instruments", "benchmarks"),
    ),
    Analysis(
        "benchmarks",
        "How does this cohort compare with published figures of the same definition?",
        ("episodes", "outcomes"),
        ("primary", "conf_level", "reliable_change"),
        ("instruments", "benchmarks", "national"),
    ),
    Analysis(
        "therapist_ratings",
        "What do therapists see change, and do they see the same as the questionnaire?",
        ("episodes", "outcomes", "ratings"),
        ("primary", "conf_level"),
        ("instruments",),
    ),
    Analysis(
        "session_scores",
        "When do people improve, where scores are held session by session?",
        ("patients", "episodes", "outcomes", "scores"),
        ("primary", "conf_level", "reliable_change"),
        ("instruments",),
    ),
    Analysis(
        "outcome_models",
        "Who starts higher and who changes more?",
        ("patients", "sessions", "episodes", "outcomes", "scores"),
        (
            "primary",
            "conf_level",
            "predictors",
            "reference_levels",
            "dropout",
            "resampling",
            "outcome_models",
        ),
        ("instruments",),
    ),
    Analysis(
        "attendance",
        "How much of what was booked took place, and who misses more?",
        ("patients", "sessions", "episodes", "outcomes"),
        ("primary", "conf_level", "predictors", "reference_levels"),
    ),
    Analysis(
        "attendance_over_time",
        "When are sessions missed, and does a missed session foretell another, or leaving?",
        ("patients", "sessions", "episodes", "outcomes"),
        ("primary", "conf_level"),
    ),
    Analysis(
        "dose_response",
        "How does change go with the number of sessions attended, and why is that no effect of the dose?",
        ("patients", "sessions", "episodes", "outcomes", "scores"),
        ("primary", "conf_level", "predictors", "reference_levels"),
        ("instruments",),
    ),
    Analysis(
        "dropout",
        "Who leaves, when, and who stays to a planned ending?",
        ("patients", "sessions", "episodes", "outcomes"),
        ("primary", "conf_level", "predictors", "reference_levels", "dropout"),
    ),
    Analysis(
        "dropout_models",
        "Who drops out more often, and how far do therapists differ?",
        ("patients", "sessions", "episodes", "outcomes", "scores"),
        (
            "primary",
            "conf_level",
            "predictors",
            "reference_levels",
            "dropout",
            "outcome_models",
        ),
    ),
    Analysis(
        "length_of_therapy",
        "How long does therapy last, and how does it go on from where people are?",
        ("patients", "sessions", "episodes", "outcomes"),
        ("primary", "conf_level", "dropout"),
    ),
    Analysis(
        "access_and_waits",
        "Who is referred, how long do they wait, and how did the service change over time?",
        ("sessions", "episodes", "outcomes"),
        ("primary", "conf_level", "service_change"),
    ),
    Analysis(
        "national_metrics",
        "What would the national metrics say about these data, and what do they not see?",
        ("patients", "sessions", "episodes", "outcomes", "scores"),
        ("conf_level",),
        ("instruments", "national_metrics", "snomed.yaml", "therapy_models.yaml"),
    ),
    Analysis(
        "equity",
        "Who gets access, waits, attends, stays and improves, by protected characteristic and deprivation?",
        ("patients", "episodes", "outcomes"),
        ("primary", "conf_level", "reference_levels", "equity"),
        ("instruments",),
    ),
    Analysis(
        "nice_alignment",
        "What does NICE recommend for the problems recorded here?",
        ("patients", "episodes", "outcomes"),
        ("primary",),
        ("instruments", "nice", "problems.yaml", "therapy_models.yaml", "snomed.yaml"),
    ),
    Analysis(
        "decommissioning",
        "What would closing, keeping or extending the service mean, and for whom?",
        ("patients", "episodes", "outcomes"),
        ("primary", "conf_level", "reference_levels", "resampling", "dropout", "closing"),
        ("instruments",),
    ),
)
REGISTRY = {analysis.name: analysis for analysis in _ANALYSES}
