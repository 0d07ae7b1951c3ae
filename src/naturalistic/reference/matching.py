"""A service's own words for problems and therapies, matched to the closed lists of the reference."""

from __future__ import annotations

from functools import cache

from naturalistic.reference.loader import load_problems, load_snomed, load_therapy_models


def problem_key(word: str) -> str | None:
    """Key of a recorded problem: by its key, label or an alias, whatever the case; None if it is on no list."""
    return _problems().get(plain(word))


def therapy_key(word: str) -> str | None:
    """Key of a therapy: by its key, label, an alias, or a SNOMED CT code or its label; None if it is on no list."""
    return _therapies().get(plain(word))


@cache
def therapies_of_access_list() -> frozenset[str]:
    """Keys of the therapies that the national access metric counts, as read in its published code."""
    return frozenset(each.therapy_model for each in load_snomed().therapies if each.in_access_list)


def plain(word: str) -> str:
    """A word as it is compared: lower case, single spaces, no underscores or hyphens."""
    return " ".join(word.replace("_", " ").replace("-", " ").lower().split())


@cache
def _problems() -> dict[str, str]:
    found = load_problems().problems
    return {plain(w): p.key for p in found for w in (*p.aliases, p.label, p.key)}


@cache
def _therapies() -> dict[str, str]:
    found = load_therapy_models().models
    snomed = load_snomed().therapies
    codes = {plain(word): each.therapy_model for each in snomed for word in (each.code, each.label)}
    return codes | {plain(w): m.key for m in found for w in (*m.aliases, m.label, m.key)}
