"""What the reference says about the problems and therapies that a service records."""

from __future__ import annotations

from naturalistic.reference.catalogue_models import NicePopulation
from naturalistic.reference.loader import load_problems, load_therapy_models
from naturalistic.reference.matching import problem_key


def problem_label(word: str) -> str | None:
    """Label of a problem that is recorded by its key; None for a service's own word, which stands as it is."""
    return next((each.label for each in load_problems().problems if each.key == word), None)


def therapy_label(word: str) -> str | None:
    """Label of a therapy that is recorded by its key; None for a service's own word."""
    return next((each.label for each in load_therapy_models().models if each.key == word), None)


def nice_population(word: str) -> NicePopulation | None:
    """Population of a NICE guideline that a recorded problem names."""
    key = problem_key(word)
    return load_problems().population_of(key) if key else None


def why_no_population(word: str) -> str:
    """Why a recorded problem belongs to no population of a guideline."""
    key = problem_key(word)
    known = {each.key: each.why for each in load_problems().problems}
    return known[key] if key else "Not on the list of problems"
