"""What NICE recommends for the problems recorded here, beside what the cohort shows."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

import pandas as pd

from naturalistic.reference.catalogue_models import NicePopulation
from naturalistic.reference.loader import (
    load_nice,
    load_nice_rules,
    load_therapy_models,
)
from naturalistic.reference.nice_models import STRENGTHS, Guideline, Recommendation
from naturalistic.reference.published_models import PublishedStudy
from naturalistic.report.blocks import Block, Section, Table, Text
from naturalistic.report.catalogue import nice_population, therapy_key, why_no_population
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
ADULT = 18.0
Held = list[tuple[Guideline, Recommendation]]
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
    if not set(people) - {"not_recorded"}:
        text = "What people came for is not measured here, so nothing can be set beside NICE's recommendations."
        return Section("nice", title, (text,))
    blocks: list[Block] = [_problems(released, people)]
    known = {p.key: p for p in map(nice_population, people) if p is not None}
    held = {key: _current(key, _age_group(released)) for key in known}
    models = _delivered(released)
    if known and models:
        blocks.append(_on_delivered(known, held, models))
    blocks += [_all(known[key], held[key]) for key in known]
    blocks.append(Text((_meaning(),)))
    return Section("nice", title, tuple(_findings(people, known, held, models)), tuple(blocks))


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


def _family(models: Collection[str]) -> set[str]:
    """Every therapy of the families that the models belong to."""
    known = load_therapy_models().models
    families = {model.family for model in known if model.key in models}
    return {model.key for model in known if model.family in families}


def _current(population: str, age_group: str) -> Held:
    """Current recommendations of therapies for a population, from strongest for to strongest against."""
    found = [
        (guideline, each)
        for guideline in load_nice().values()
        for each in guideline.recommendations
        if guideline.in_force == "current"
        and each.kind == "therapy"
        and population in each.populations
        and each.age_group in (age_group, "all")
    ]
    return sorted(found, key=lambda pair: STRENGTHS.index(pair[1].strength or "no_recommendation"))


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


def _on_delivered(
    known: Mapping[str, NicePopulation], held: Mapping[str, Held], models: list[str]
) -> Table:
    family = _family(models)
    rows: list[tuple[str, ...]] = []
    for key, population in known.items():
        rows.append((population.label,))
        lines = [
            _line(guideline, each, family)
            for guideline, each in held[key]
            if set(each.interventions) & family
        ]
        nothing = "The recommendations held here mention no therapy of this family."
        rows += lines or [("No therapy of this kind", "–", nothing, "–")]
    names = listed(lower_first(label("therapy_model", model)) for model in models)
    return Table(
        f"What current NICE guidelines say on the therapies delivered here ({names}) and others of the same family",
        HEADER,
        rows,
        note=NOTE,
        prose=True,
    )


def _all(population: NicePopulation, held: Held) -> Table:
    return Table(
        f"Current NICE recommendations held here for: {lower_first(population.label)}",
        HEADER,
        [_line(guideline, each) for guideline, each in held]
        or [("–", "–", "None is held in this version.", "–")],
        folded=True,
        note=NOTE,
        prose=True,
    )


MEANING = ("offer", "consider", "listed_option", "no_recommendation", "not_mandatory")


def _meaning() -> str:
    """What NICE's own wording means, where it was read."""
    rules = load_nice_rules()
    return "How to read it. " + " ".join(rules[key].text for key in MEANING)


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
    related = [name for name in _options(known, held, _family(models)) if name not in exact]
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
