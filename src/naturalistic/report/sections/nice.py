"""What NICE recommends for the problems recorded here, beside what the cohort shows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd

from naturalistic.reference.catalogue_models import NicePopulation
from naturalistic.reference.matching import therapy_key
from naturalistic.reference.published_models import PublishedStudy
from naturalistic.report.blocks import Block, Section, Table, Text
from naturalistic.report.catalogue import nice_population, why_no_population
from naturalistic.report.released import Released, is_ok
from naturalistic.report.sections.nice_concordance import (
    concordance_blocks,
    concordance_finding,
)
from naturalistic.report.sections.nice_history import history
from naturalistic.report.sections.nice_recommendations import (
    Held,
    all_recommendations,
    current_recommendations,
    meaning_of_words,
    on_delivered,
    same_family,
)
from naturalistic.report.wording import (
    brief_interval,
    count,
    label,
    listed,
    lower_first,
    reason,
)

NAME = "nice_alignment"
ADULT = 18.0


def nice(released: Released, _: PublishedStudy | None) -> Section | None:
    """Problems as recorded, what NICE says on the therapies delivered, and all current recommendations."""
    if not released.has(NAME):
        return None
    title = "NICE beside this service"
    people = dict(released.levels(NAME, "problem", term="people"))
    if not set(people) - {"not_recorded"}:
        text = "What people came for is not measured here, so nothing can be set beside NICE's recommendations."
        return Section("nice", title, (text,))
    blocks: list[Block] = [*concordance_blocks(released), _problems(released, people)]
    known = {p.key: p for p in map(nice_population, people) if p is not None}
    held = {key: current_recommendations(key, _age_group(released)) for key in known}
    models = _delivered(released)
    if known and models:
        blocks.append(on_delivered(known, held, models))
    blocks += [all_recommendations(known[key], held[key]) for key in known]
    blocks.append(Text((meaning_of_words(),)))
    blocks += history(known)
    findings = (concordance_finding(released), *_findings(people, known, held, models))
    return Section("nice", title, tuple(text for text in findings if text), tuple(blocks))


def _age_group(released: Released) -> str:
    """Adults, unless the mean age says that children and young people were treated."""
    age = released.one("characteristics", term="age", population="started", estimand="mean")
    young = age is not None and is_ok(age) and float(age["estimate"]) < ADULT
    return "children_and_young_people" if young else "adults"


def _problems(released: Released, people: dict[str, pd.Series]) -> Table:
    columns = ("mean_change", "reliable_improvement", "dropout")
    rows = []
    for problem in _order(people):
        found = {
            "mean_change": _cell(released, problem, estimand="mean_change"),
            "reliable_improvement": _cell(released, problem, term="reliable_improvement"),
            "dropout": _cell(released, problem, term="dropout"),
        }
        population = nice_population(problem)
        rows.append(
            (
                label("problem", problem),
                population.label if population else _why_none(problem),
                count(people[problem]),
                *(brief_interval(found[column]) for column in columns),
            )
        )
    return Table(
        "What people came for, and what these data show for them",
        (
            "Problem as recorded",
            "Population in NICE guidelines",
            "People who started",
            "Mean improvement, points (interval)",
            "Reliably improved, of those with both forms",
            "Dropped out, of those who have ended",
        ),
        rows,
        note="Groups are small and differ in more than the problem recorded: no comparison of therapies.",
    )


def _cell(released: Released, problem: str, **key: str) -> pd.Series | None:
    return dict(released.levels(NAME, "problem", **key)).get(problem)


def _order(people: dict[str, pd.Series]) -> list[str]:
    """Largest first, what is not recorded last."""

    def size(problem: str) -> tuple[bool, float, str]:
        row = people[problem]
        n = float(row["estimate"]) if is_ok(row) else 0.0
        return problem == "not_recorded", -n, problem

    return sorted(people, key=size)


def _why_none(problem: str) -> str:
    return "–" if problem == "not_recorded" else f"none: {lower_first(why_no_population(problem))}"


def _delivered(released: Released) -> list[str]:
    """Therapies recorded among those who started."""
    levels = released.levels(
        "characteristics", "therapy_model", population="started", estimand="proportion"
    )
    return list(dict.fromkeys(key for level, _ in levels if (key := therapy_key(level))))


def _findings(
    people: Mapping[str, pd.Series],
    known: Mapping[str, NicePopulation],
    held: Mapping[str, Held],
    models: list[str],
) -> Iterator[str]:
    fitting = [p for p in people if nice_population(p) is not None]
    if not fitting:
        yield "None of the problems recorded is a population that NICE guidelines name."
        return
    names = listed(f"{lower_first(label('problem', p))} ({_people(people[p])})" for p in fitting)
    belong = "belongs" if len(fitting) == 1 else "belong"
    yield f"Of the problems recorded, {names} {belong} to a population that NICE guidelines name."
    if not models:
        yield "Which therapy was delivered is not measured here, so it is not set beside the recommendations."
        return
    yield _on_options(known, held, models)


def _on_options(
    known: Mapping[str, NicePopulation], held: Mapping[str, Held], models: list[str]
) -> str:
    """For whom what was delivered, or its family, is a recommended option."""
    exact = _options(known, held, set(models))
    related = [name for name in _options(known, held, same_family(models)) if name not in exact]
    parts = []
    if exact:
        parts.append(f"The therapies delivered are named as an option for {listed(exact)}.")
    if related:
        parts.append(
            f"Other therapies of the same family are named as an option for {listed(related)}; whether what was "
            "delivered is one of them cannot be told from the data."
        )
    if not parts:
        return (
            "No therapy of the family delivered here is named as an option for these populations."
        )
    return " ".join(parts) + " Conditions are in the table."


def _options(
    known: Mapping[str, NicePopulation], held: Mapping[str, Held], therapies: set[str]
) -> list[str]:
    return [
        lower_first(population.label)
        for key, population in known.items()
        if any(
            set(each.interventions) & therapies and each.strength in ("must", "offer", "consider")
            for _, each in held[key]
        )
    ]


def _people(row: pd.Series) -> str:
    return f"{count(row)} people" if is_ok(row) else reason(row)
