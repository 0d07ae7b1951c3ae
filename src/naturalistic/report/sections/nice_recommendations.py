"""The recommendations of NICE as tables in our own words."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from naturalistic.reference.catalogue_models import NicePopulation
from naturalistic.reference.loader import (
    load_nice,
    load_nice_rules,
    load_therapy_models,
)
from naturalistic.reference.nice_models import STRENGTHS, Guideline, Recommendation
from naturalistic.report.blocks import Table
from naturalistic.report.wording import (
    capital,
    label,
    listed,
    lower_first,
)

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


def same_family(models: Collection[str]) -> set[str]:
    """Every therapy of the families that the models belong to."""
    known = load_therapy_models().models
    families = {model.family for model in known if model.key in models}
    return {model.key for model in known if model.family in families}


def current_recommendations(population: str, age_group: str) -> Held:
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


def recommendation_line(
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


def on_delivered(
    known: Mapping[str, NicePopulation], held: Mapping[str, Held], models: list[str]
) -> Table:
    """What the guidelines say on the therapies delivered and on others of their family, by population."""
    family = same_family(models)
    rows: list[tuple[str, ...]] = []
    for key, population in known.items():
        rows.append((population.label,))
        lines = [
            recommendation_line(guideline, each, family)
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


def all_recommendations(population: NicePopulation, held: Held) -> Table:
    """Every recommendation held for a population, folded."""
    return Table(
        f"Current NICE recommendations held here for: {lower_first(population.label)}",
        HEADER,
        [recommendation_line(guideline, each) for guideline, each in held]
        or [("–", "–", "None is held in this version.", "–")],
        folded=True,
        note=NOTE,
        prose=True,
    )


MEANING = ("offer", "consider", "listed_option", "no_recommendation", "not_mandatory")


def meaning_of_words() -> str:
    """What NICE's own wording means, where it was read."""
    rules = load_nice_rules()
    return "How to read it. " + " ".join(rules[key].text for key in MEANING)
