"""What current NICE guidelines say of one therapy for one recorded problem and severity."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from naturalistic.reference.catalogue_models import NicePopulation, SeverityRule
from naturalistic.reference.loader import load_nice, load_problems, load_therapy_models
from naturalistic.reference.matching import problem_key, therapy_key
from naturalistic.reference.nice_models import STRENGTHS, Recommendation

ADULT = 18.0
OUTSIDE = (
    "same_family",
    "severity_not_classifiable",
    "format_not_recorded",
    "no_population",
    "therapy_not_on_list",
    "therapy_not_recorded",
    "problem_not_recorded",
)
CONCORDANCE = (*STRENGTHS, *OUTSIDE)
"""From strongest for to strongest against, then what cannot be placed there; none of them is ever merged."""
GENERIC = {"psychodynamic"}  # keys that say the family and not which therapy of it


@dataclass(frozen=True)
class Finding:
    """Where one combination stands.

    Attributes
    ----------
    concordance : str
        Of `CONCORDANCE`. ``no_recommendation`` is neither for nor against; ``same_family`` means that other therapies of the
        family are named and that the record does not tell whether one of them was delivered.
    conditional : bool
        The recommendation holds only under a condition that the record does not show.
    """

    concordance: str
    conditional: bool = False


def severity_rule(problem: str | None) -> SeverityRule | None:
    """How the guideline for a problem tells severities apart; None where it names no measure."""
    population = _population(problem)
    return population.severity_rule if population else None


def concordance(
    problem: str | None,
    therapy: str | None,
    *,
    severity: str = "",
    format: str = "",
    age: float | None = None,
) -> Finding:
    """What the current recommendations say of a therapy for a problem.

    Parameters
    ----------
    problem, therapy : str or None
        The service's own words; None where not recorded.
    severity : str
        By the guideline's own measure; empty where not classifiable.
    format : str
        ``individual``, ``group`` or ``couple``; empty where not recorded.
    age : float or None
        Years; adults where not recorded.

    Returns
    -------
    Finding
        Of several fitting recommendations the strongest for.
    """
    if problem is None:
        return Finding("problem_not_recorded")
    population = _population(problem)
    if population is None:
        return Finding("no_population")
    if therapy is None:
        return Finding("therapy_not_recorded")
    key = therapy_key(therapy)
    if key is None:
        return Finding("therapy_not_on_list")
    group = "adults" if age is None or not age < ADULT else "children_and_young_people"
    held = [
        each
        for each in _held(population.key, group)
        if not format or each.format in ("any", format)
    ]
    naming = [each for each in held if key in each.interventions]
    if not naming:
        related = key in GENERIC and any(_family(key) & set(each.interventions) for each in held)
        return Finding("same_family" if related else "no_recommendation")
    if not severity and len({_at(naming, s) for s in _graded(held)}) > 1:
        return Finding("severity_not_classifiable")
    fitting = [each for each in naming if not severity or each.severity in ("any", severity)]
    if not format and len({_strongest(fitting, each.format) for each in fitting}) > 1:
        return Finding("format_not_recorded")
    return _strongest(fitting)


def _graded(held: list[Recommendation]) -> set[str]:
    """Severities the guideline tells apart."""
    return {str(each.severity) for each in held} - {"any"}


def _at(naming: list[Recommendation], severity: str) -> Finding:
    """The answer for one severity; not being named there is an answer too."""
    return _strongest([each for each in naming if each.severity in ("any", severity)])


def _strongest(held: list[Recommendation], format: str = "") -> Finding:
    fitting = [each for each in held if not format or each.format in ("any", format)]
    if not fitting:
        return Finding("no_recommendation")
    best = min(
        fitting,
        key=lambda each: (
            STRENGTHS.index(each.strength or "no_recommendation"),
            each.conditional,
        ),
    )
    return Finding(best.strength or "no_recommendation", best.conditional)


def _population(problem: str | None) -> NicePopulation | None:
    key = problem_key(problem) if problem is not None else None
    return load_problems().population_of(key) if key else None


@cache
def _held(population: str, age_group: str) -> tuple[Recommendation, ...]:
    return tuple(
        each
        for guideline in load_nice().values()
        if guideline.in_force == "current"
        for each in guideline.recommendations
        if each.kind == "therapy"
        and population in each.populations
        and each.age_group in (age_group, "all")
    )


@cache
def _family(key: str) -> frozenset[str]:
    models = load_therapy_models().models
    families = {model.family for model in models if model.key == key}
    return frozenset(model.key for model in models if model.family in families)
