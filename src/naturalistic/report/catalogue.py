"""A service's own words for problems and therapies, matched to the closed lists of the reference."""

from __future__ import annotations

from functools import cache

from naturalistic.reference.catalogue_models import NicePopulation
from naturalistic.reference.loader import load_problems, load_therapy_models


def problem_key(word: str) -> str | None:
    """Key of a recorded problem: by its key, label or an alias, whatever the case; None if it is on no list."""
    return _problems().get(_plain(word))


def therapy_key(word: str) -> str | None:
    """Key of a therapy: by its key, label or an alias, whatever the case; None if it is on no list."""
    return _therapies().get(_plain(word))


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


@cache
def _problems() -> dict[str, str]:
    found = load_problems().problems
    return {_plain(w): p.key for p in found for w in (*p.aliases, p.label, p.key)}


@cache
def _therapies() -> dict[str, str]:
    found = load_therapy_models().models
    return {_plain(w): m.key for m in found for w in (*m.aliases, m.label, m.key)}


def _plain(word: str) -> str:
    return " ".join(word.replace("_", " ").lower().split())
