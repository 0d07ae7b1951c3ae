"""The closed lists: therapies, recorded problems, and the SNOMED CT codes that stand for them."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from naturalistic.reference.facts import Frozen, Key, Sourced, Status

Severity = Literal[
    "any", "mild", "mild_to_moderate", "moderate_to_severe", "severe", "less_severe", "more_severe"
]


class TherapyModel(Frozen):
    """One word of the closed list of therapies."""

    key: Key
    label: str
    family: Literal[
        "psychodynamic",
        "cognitive_behavioural",
        "low_intensity",
        "integrative",
        "systemic",
        "other_psychological",
        "not_psychological",
    ]
    aliases: tuple[str, ...] = ()


class TherapyModels(Frozen):
    """The closed list of therapies that the registry and the mappings share."""

    about: str
    models: Annotated[tuple[TherapyModel, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        keys = [model.key for model in self.models]
        if len(set(keys)) != len(keys):
            raise ValueError("a therapy model is listed twice")
        return self

    def keys(self) -> frozenset[str]:
        """Return the keys of all therapy models."""
        return frozenset(model.key for model in self.models)


class SeverityRule(Sourced):
    """How a guideline tells severities apart: its own measure and threshold, nothing else."""

    instrument: Key
    scale: Key
    threshold: float
    below: Severity
    at_or_above: Severity


class NicePopulation(Frozen):
    """A group of people as the guidelines define it, and how severity is told apart in it.

    ``severity_rule`` is ``None`` where the guideline names no measure: severity is then
    not classifiable.
    """

    key: Key
    label: str
    severity_rule: SeverityRule | None = None


class Problem(Frozen):
    """One word of the closed list of recorded problems.

    ``population`` is ``None`` where the word is too broad for any one guideline; ``why`` says so.
    """

    key: Key
    label: str
    recorded_as: Literal["core_therapy_assessment", "diagnosis"]
    population: Key | None = None
    why: str = ""
    aliases: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _reason_where_no_population(self) -> Self:
        if self.population is None and not self.why:
            raise ValueError("say why no population of a guideline fits")
        return self


class Problems(Sourced):
    """Recorded problems and the populations of the guidelines."""

    populations: tuple[NicePopulation, ...]
    problems: tuple[Problem, ...]

    @model_validator(mode="after")
    def _populations_exist(self) -> Self:
        known = {population.key for population in self.populations}
        unknown = {p.population for p in self.problems if p.population} - known
        if unknown:
            raise ValueError(f"unknown populations: {', '.join(sorted(unknown))}")
        keys = [problem.key for problem in self.problems]
        if len(set(keys)) != len(keys):
            raise ValueError("a problem is listed twice")
        return self

    def population_of(self, problem: str) -> NicePopulation | None:
        """Return the population a recorded problem belongs to, or ``None``.

        ``None`` both for a problem that is not on the list and for one that is too broad.
        """
        wanted = next((each.population for each in self.problems if each.key == problem), None)
        return next((each for each in self.populations if each.key == wanted), None)


class TherapyCode(Frozen):
    """A SNOMED CT code of a therapy and whether the national access metric counts it."""

    code: Annotated[str, Field(pattern=r"^\d{6,18}$")]
    label: str
    therapy_model: Key
    in_access_list: bool
    status: Status
    basis: Literal["second_hand"] | None = None
    note: str = ""


class ToolCode(Frozen):
    """A SNOMED CT code of a scored questionnaire and the scale of ours it stands for.

    ``metric`` says when the national data hold another sum than our scale, or one item of it.
    """

    code: Annotated[str, Field(pattern=r"^\d{6,18}$")]
    label: str
    instrument: Key | None
    scale: Key | None
    minimum: float
    maximum: float
    metric: Literal["same", "sum_of_items", "single_item"] = "same"
    item: int | None = None
    note: str = ""


class OtherCode(Frozen):
    """A SNOMED CT code that is known and that no analysis uses."""

    code: Annotated[str, Field(pattern=r"^\d{6,18}$")]
    label: str
    status: Status


class SnomedCodes(Sourced):
    """SNOMED CT codes of therapies and outcome tools seen in published national code."""

    refused_qualifier: str
    access_list_as_of: str
    therapies: tuple[TherapyCode, ...]
    tools: tuple[ToolCode, ...]
    not_used: tuple[OtherCode, ...] = ()
