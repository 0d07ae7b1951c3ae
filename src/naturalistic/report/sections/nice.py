"""What NICE recommends for the problems recorded here, beside what the cohort shows."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import pandas as pd

from naturalistic.reference.catalogue_models import NicePopulation
from naturalistic.reference.loader import (
    load_nice,
    load_nice_rules,
    load_problems,
    load_therapy_models,
)
from naturalistic.reference.nice_models import STRENGTHS, Guideline, Recommendation
from naturalistic.reference.published_models import PublishedStudy
from naturalistic.report.blocks import Block, Section, Table, Text
from naturalistic.report.released import Released, is_ok
from naturalistic.report.wording import (
    brief_interval,
    capital,
    count,
    label,
    listed,
    lower_first,
    reason,
)

NAME = "nice_alignment"
WORDS = {
    "must": "must",
    "offer": "offer (strong)",
    "consider": "consider (weaker)",
    "no_recommendation": "no recommendation for or against",
    "do_not_routinely_offer": "do not offer routinely",
    "do_not_offer": "do not offer",
}
STATUS = {
    "verified": "read at the source",
    "secondary": "second-hand",
    "unverified": "not verified",
}
NOTE = (
    "In our own words; the guideline's text decides. Severity is told apart only by the guideline's own measure; where "
    "that is not held it is not classifiable here. 'No recommendation' is not a recommendation against."
)


def nice(released: Released, _: PublishedStudy | None) -> Section | None:
    """Problems as recorded, what NICE says on the therapies delivered, and all current recommendations."""
    if not released.has(NAME):
        return None
    title = "NICE beside this service"
    people = dict(released.levels(NAME, "problem", term="people"))
    if not people:
        text = "What people came for is not measured here, so nothing can be set beside NICE's recommendations."
        return Section("nice", title, (text,))
    blocks: list[Block] = [_problems(released, people)]
    known = {p.key: p for p in map(_population, people) if p is not None}
    models = _delivered(released)
    if known and models:
        blocks.append(_on_delivered(list(known.values()), models))
    blocks += [_all(population) for population in known.values()]
    blocks.append(Text((_meaning(),)))
    return Section("nice", title, tuple(_findings(people, known, models)), tuple(blocks))


def _population(problem: str) -> NicePopulation | None:
    return load_problems().population_of(problem)


def _problems(released: Released, people: dict[str, pd.Series]) -> Table:
    columns = ("mean_change", "reliable_improvement", "dropout")
    rows = []
    for problem in _order(people):
        found = {
            "mean_change": _cell(released, problem, estimand="mean_change"),
            "reliable_improvement": _cell(released, problem, term="reliable_improvement"),
            "dropout": _cell(released, problem, term="dropout"),
        }
        population = _population(problem)
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
    if problem == "not_recorded":
        return "–"
    known = {each.key: each for each in load_problems().problems}
    why = known[problem].why if problem in known else "not on the list of problems"
    return f"none: {lower_first(why)}"


def _delivered(released: Released) -> list[str]:
    """Therapies recorded among those who started."""
    levels = released.levels(
        "characteristics", "therapy_model", population="started", estimand="proportion"
    )
    known = {model.key for model in load_therapy_models().models}
    return [level for level, _ in levels if level in known]


def _current(population: str) -> Iterator[tuple[Guideline, Recommendation]]:
    for guideline in load_nice().values():
        if guideline.in_force != "current":
            continue
        for each in guideline.recommendations:
            if each.kind == "therapy" and population in each.populations:
                yield guideline, each


def _line(
    guideline: Guideline, each: Recommendation, only: Collection[str] = ()
) -> tuple[str, ...]:
    """Cells of one recommendation; `only` names the therapies of interest among several."""
    names = {model.key: lower_first(model.label) for model in load_therapy_models().models}
    shown = [key for key in each.interventions if key in only] or list(each.interventions)
    therapy = "; ".join(names.get(key, key) for key in shown)
    if each.together_with:
        therapy += " with " + listed(names.get(key, key) for key in each.together_with)
    details: list[str] = [each.format] if each.format != "any" else []
    details += [each.severity.replace("_", " ")] if each.severity != "any" else []
    therapy += f" ({', '.join(details)})" if details else ""
    number = f"{guideline.code} {each.number}" if each.number else guideline.code
    condition = f" Only: {lower_first(each.condition)}" if each.condition else ""
    return (
        capital(therapy),
        WORDS[str(each.strength)],
        f"{each.paraphrase}{condition}",
        f"{number} ({STATUS[each.status]})",
    )


HEADER = ("Therapy", "Strength", "In our words", "Guideline (how checked)")


def _on_delivered(populations: list[NicePopulation], models: list[str]) -> Table:
    rows: list[tuple[str, ...]] = []
    for population in populations:
        found = [
            (guideline, each)
            for guideline, each in _current(population.key)
            if set(each.interventions) & set(models)
        ]
        lines = [_line(guideline, each, models) for guideline, each in _by_strength(found)]
        rows.append((population.label,))
        rows += lines or [
            (
                "None of those delivered",
                "–",
                "The recommendations held here do not mention the therapies delivered here.",
                "–",
            )
        ]
    names = listed(lower_first(label("therapy_model", model)) for model in models)
    return Table(
        f"What current NICE guidelines say on the therapies delivered here: {names}",
        HEADER,
        rows,
        note=NOTE,
        prose=True,
    )


def _by_strength(
    found: list[tuple[Guideline, Recommendation]],
) -> list[tuple[Guideline, Recommendation]]:
    return sorted(found, key=lambda pair: STRENGTHS.index(pair[1].strength or "no_recommendation"))


def _all(population: NicePopulation) -> Table:
    found = _by_strength(list(_current(population.key)))
    return Table(
        f"Current NICE recommendations held here for: {lower_first(population.label)}",
        HEADER,
        [_line(guideline, each) for guideline, each in found]
        or [("–", "–", "None is held in this version.", "–")],
        folded=True,
        note=NOTE,
        prose=True,
    )


def _meaning() -> str:
    rules = load_nice_rules()
    first = next(iter(rules.values()))
    return f"How to read it: {first.text}"


def _findings(
    people: dict[str, pd.Series], known: dict[str, NicePopulation], models: list[str]
) -> Iterator[str]:
    fitting = [p for p in people if _population(p) is not None]
    if fitting:
        names = listed(
            f"{lower_first(label('problem', p))} ({_people(people[p])})" for p in fitting
        )
        yield f"Of the problems recorded, {names} belong to a population that NICE guidelines name."
    else:
        yield "None of the problems recorded is a population that NICE guidelines name."
    if not models:
        yield "Which therapy was delivered is not measured here, so it is not set beside the recommendations."
        return
    named = [
        population.label
        for population in known.values()
        if any(
            set(each.interventions) & set(models) and each.strength in ("must", "offer", "consider")
            for _, each in _current(population.key)
        )
    ]
    if known and not named:
        yield (
            "For these populations the current recommendations held here neither name the therapies delivered as an "
            "option nor, unless the table says so, advise against them."
        )
    elif named:
        names = listed(map(lower_first, named))
        yield f"The therapies delivered are named as an option for {names}; conditions are in the table."


def _people(row: pd.Series) -> str:
    return f"{count(row)} people" if is_ok(row) else reason(row)
