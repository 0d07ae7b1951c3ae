"""Brief: what NICE says for these problems, and what else there is for them."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from naturalistic.report.blocks import Section, Table
from naturalistic.report.brief_words import ranged, why_none
from naturalistic.report.catalogue import nice_population
from naturalistic.report.released import Released, is_ok
from naturalistic.report.sections.closing_elsewhere import named_therapies
from naturalistic.report.sections.nice_concordance import stances
from naturalistic.report.sections.nice_recommendations import current_recommendations
from naturalistic.report.wording import NOT_MEASURED, count, label, listed, value

CANNOT_TELL = "What NICE names for these problems cannot be told from these records."
NOT_LOOKED_AT = "What NICE names for these problems was not looked up in this run."
MOST_PROBLEMS = 3
MOST_THERAPIES = 4
WHY_UNTOLD = {
    "same_family": "were given a kind of therapy of which NICE names some forms, and the form is not noted",
    "severity_not_classifiable": "have no score that tells how severe the problem is",
    "format_not_recorded": "have no note of whether therapy was in a group",
    "no_population": "came with a problem that no guideline held here is about",
    "therapy_not_on_list": "were given a therapy that is on no list held here",
    "therapy_not_recorded": "have no therapy noted",
    "problem_not_recorded": "have no problem noted",
}


def nice_says(released: Released) -> Section:
    """How the therapy given stands to current recommendations for the problems recorded."""
    return Section("brief_nice", "What NICE says for these problems", tuple(_says(released)))


def _says(released: Released) -> Iterator[str]:
    yield (
        "NICE guidelines do not bind. They say how strongly a treatment is advised: “offer” is strong, “consider” is "
        "weaker. Where NICE is silent, that is not advice against."
    )
    said = stances(released)
    if said is None and released.left_out("nice_alignment"):
        yield "The therapy given was not set beside NICE in this run."
        return
    if said is None:
        yield "Which therapy was given for which problem is not measured here, so it cannot be set beside NICE."
        return
    if said.none_told:
        yield f"For no one who started do these records tell where NICE stands on the therapy given.{_why_untold(released)}"
    else:
        yield (
            f"NICE names the therapy given as a choice for {said.named} of those who started. It advises against it for "
            f"{said.against}, and takes no side for {said.silent}. For {said.untold}, these records do not "
            f"tell.{_why_untold(released)}"
        )
    if _unverified(released):
        yield "Some NICE entries used here have not been checked at the source. The full report marks each of them."


def _why_untold(released: Released) -> str:
    """Why it cannot be told: a sentence with its share for each reason, the largest first."""
    rows = dict(released.levels("nice_alignment", "concordance", term="concordance"))
    found = [
        (WHY_UNTOLD[word], row) for word, row in rows.items() if word in WHY_UNTOLD and is_ok(row)
    ]
    found.sort(key=lambda pair: -float(pair[1]["estimate"]))
    return "".join(f" {value(row)} {words}." for words, row in found)


def _unverified(released: Released) -> bool:
    """Whether any entry for the problems recorded has not been checked."""
    populations = {
        found.key
        for word, _ in released.levels("nice_alignment", "problem", term="people")
        if (found := nice_population(word)) is not None
    }
    return any(
        each.status == "unverified"
        for population in populations
        for _, each in current_recommendations(population, "adults")
    )


def elsewhere(released: Released) -> Section:
    """Other therapies NICE names for the problems most often recorded, and thresholds of other services."""
    table = alternatives(released)
    texts = (
        []
        if table is not None
        else [NOT_LOOKED_AT if released.left_out("nice_alignment") else CANNOT_TELL]
    )
    texts.append(
        "That NICE names a therapy does not mean that it is on offer near by, or that it has room. These records "
        "cannot tell. The service and those who buy care need to find out."
    )
    texts.append(_thresholds(released))
    blocks = () if table is None else (table,)
    return Section("brief_elsewhere", "What else there is for them", tuple(texts), blocks)


def alternatives(released: Released) -> Table | None:
    """The most frequent problems with a NICE population, and the first therapies named for each."""
    rows = []
    for word, row in _problems(released):
        population = nice_population(word)
        if population is None:
            continue
        names = named_therapies(population.key)
        more = len(names) - MOST_THERAPIES
        shown = [*names[:MOST_THERAPIES], f"{more} more"] if more > 0 else list(names)
        rows.append((label("problem", word), count(row), listed(shown) or "none held here"))
    if not rows:
        return None
    return Table(
        "What NICE names for the problems seen most often",
        ("Problem", "People who started", "Therapies named (offer or consider)"),
        rows[:MOST_PROBLEMS],
        prose=True,
    )


def _problems(released: Released) -> list[tuple[str, pd.Series]]:
    found = [
        (word, row)
        for word, row in released.levels("nice_alignment", "problem", term="people")
        if is_ok(row)
    ]
    return sorted(found, key=lambda pair: (-float(pair[1]["estimate"]), pair[0]))


def _thresholds(released: Released) -> str:
    rows = released.rows("decommissioning", term="talking_therapies_caseness")
    row = rows.iloc[0] if len(rows) else None
    if is_ok(row):
        return (
            f"Of those in therapy or waiting, {ranged(row)} scored high enough at the start to count as a case by the "
            "rule of NHS Talking Therapies."
        )
    why = why_none(released, "decommissioning", row)
    if why == NOT_MEASURED:
        why += ", as it needs PHQ-9 and GAD-7 forms"
    return f"How many would count as a case by the rule of NHS Talking Therapies: {why}."
