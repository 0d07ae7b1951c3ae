"""Where those on the books would go, what it would take, and what the service costs by the user's own figures."""

from __future__ import annotations

import math

import pandas as pd

from naturalistic.report.blocks import Block, Figure, Table, Text
from naturalistic.report.catalogue import nice_population, therapy_label
from naturalistic.report.plots.axis import Scale
from naturalistic.report.plots.dots import DotRow, dot_plot
from naturalistic.report.released import Released, has_interval, is_ok
from naturalistic.report.sections.forests import point
from naturalistic.report.sections.nice_recommendations import current_recommendations
from naturalistic.report.wording import (
    MINUS,
    brief_interval,
    capital,
    count,
    label,
    listed,
    lower_first,
    number,
    reason,
    with_interval,
)

NAME = "decommissioning"
THRESHOLDS = "the thresholds of NHS Talking Therapies"
NAMED = ("must", "offer", "consider")
DOSES = {"as_here": "As many as courses that have ended here had, on average"}
LEVELLED = "Which area has the most or the fewest is taken as it was seen; what that choice adds is not in the interval."
AT_COST = (
    "Costs a year: people times the service's own cost of a person treated; the limits hold those of both and are wider "
    "than an interval of the product. More staff or rooms may cost more or less for each person than now."
)
PER = {
    "treated": "Person treated",
    "planned_ending": "Person who ended as planned",
    "reliable_improvement": "Person who improved reliably",
    "recovery": "Person who recovered",
}


def thresholds_met(released: Released) -> str:
    """Whether those on the books would be cases by the rule of NHS Talking Therapies."""
    row = released.rows(NAME, term="talking_therapies_caseness")
    if not len(row):
        return ""
    first = row.iloc[0]
    if not is_ok(first):
        if reason(first) == "withheld":
            return f"How many of them would meet {THRESHOLDS} is withheld: a number is small."
        return (
            f"Whether they would meet {THRESHOLDS} is not measured here: it needs PHQ-9 and GAD-7."
        )
    return f"Of those in therapy or waiting whose first forms tell, {with_interval(first)} met {THRESHOLDS}."


def problems_and_alternatives(released: Released) -> Block | None:
    """Problems of those on the books, and the therapies current NICE guidelines name for them."""
    held = dict(released.levels(NAME, "problem", estimand="count", term="on_the_books"))
    if not any(is_ok(row) or str(row["status"]) == "withheld" for row in held.values()):
        return None
    rows = []
    for word in sorted(held, key=lambda w: (w == "not_recorded", w)):
        population = nice_population(word)
        names = named_therapies(population.key) if population else ()
        rows.append(
            (
                label("problem", word),
                count(held[word]),
                population.label if population else "none",
                listed(names) if names else "none held here" if population else "–",
            )
        )
    return Table(
        "People in therapy or waiting by problem recorded, and therapies that current NICE guidelines name for it",
        (
            "Problem as recorded",
            "People",
            "Population in NICE guidelines",
            "Therapies named (offer or consider)",
        ),
        rows,
        note=(
            "Named in a guideline does not mean provided here: whether there is a local service with room, and how long "
            "its wait is, these data cannot tell. Conditions and status of each recommendation: section on NICE."
        ),
        prose=True,
    )


def named_therapies(population: str) -> tuple[str, ...]:
    """Therapies that current recommendations for adults offer or let be considered for a population."""
    keys = dict.fromkeys(
        key
        for _, each in current_recommendations(population, "adults")
        if each.strength in NAMED
        for key in each.interventions
    )
    return tuple(lower_first(therapy_label(key) or key) for key in keys)


def capacity(released: Released) -> Block | None:
    """Sessions and staff needed elsewhere under each stated number of sessions."""
    sessions = dict(released.levels(NAME, "dose", estimand="sessions_needed"))
    if not sessions:
        return None
    staff = dict(released.levels(NAME, "dose", estimand="staff_needed"))
    rows = [
        (
            DOSES.get(dose) or therapy_label(dose) or capital(dose.replace("_", " ")),
            str(row["note"]) if dose not in DOSES else "–",
            brief_interval(row),
            brief_interval(staff.get(dose)),
        )
        for dose, row in sessions.items()
    ]
    return Table(
        "What it would take to see everyone in therapy or waiting elsewhere",
        (
            "Sessions a person",
            "As stated",
            "Sessions in all (interval)",
            "Whole-time years of staff",
        ),
        rows,
        folded=True,
        note="Staff needs the number of sessions a whole-time person gives in a year: closing.sessions_per_whole_time_year.",
    )


def areas(released: Released) -> Block | None:
    """Provision by area."""
    held = dict(released.levels(NAME, "area", estimand="rate_per_100000"))
    if not held:
        return None
    return Figure(
        "provision_by_area",
        dot_plot(
            [
                DotRow(area, (point(row),), reason(row) or brief_interval(row))
                for area, row in held.items()
            ],
            Scale("People who started therapy, per 100,000 residents a year"),
            column="Rate (interval)",
            synthetic=released.synthetic,
        ),
        "People who started therapy, by area of residence, per 100,000 residents a year.",
        "Dot plot of provision by area: "
        + ", ".join(f"{area} {reason(row) or brief_interval(row)}" for area, row in held.items())
        + ".",
        Table(
            "Provision by area, and what levelling would take",
            ("Area", "Starters per 100,000 a year (interval)", "Ratio to another area (interval)"),
            [(area, brief_interval(row), _ratio(released, area)) for area, row in held.items()]
            + _levelling(released),
            note=_of_no_area(released),
        ),
    )


def _ratio(released: Released, area: str) -> str:
    key = {"estimand": "ratio_to_reference", "term": "started", "dimensions": f"area={area}"}
    row = released.one(NAME, **key)
    if row is None:
        return "–"
    return f"{brief_interval(row)} of {str(row['contrast']).split(' vs ', 1)[1]}"


def _of_no_area(released: Released) -> str:
    row = released.one(NAME, estimand="count", term="started_other_or_unknown_area")
    notes = [] if row is None else [f"From another area, or not recorded: {count(row)} people."]
    level = released.one(NAME, estimand="expected_number", term="level_up")
    if is_ok(level):
        notes.append(LEVELLED)
        if yearly_cost(released, level):
            notes.append(AT_COST)
    return " ".join(notes)


def _levelling(released: Released) -> list[tuple[str, ...]]:
    words = {
        "level_up": "People a year more if every area had the highest rate",
        "level_down": "People a year more (minus: fewer) if every area had the lowest rate",
    }
    found = {term: released.one(NAME, estimand="expected_number", term=term) for term in words}
    return [
        (text, _people_and_cost(released, row), "–")
        for term, text in words.items()
        if (row := found[term]) is not None
    ]


def _people_and_cost(released: Released, row: pd.Series) -> str:
    """People a year with the interval, and what they would cost at the service's own cost of a person treated."""
    money = yearly_cost(released, row)
    return brief_interval(row) + (f"; {money}" if money else "")


def yearly_cost(released: Released, people: pd.Series | None) -> str:
    """What so many people a year would cost at the service's own cost of a person treated; empty where none is stated.

    The limits are the smallest and the largest product of a limit of one and a limit of the other: they are wider than the
    interval of the product.
    """
    rows = released.rows(NAME, estimand="cost", term="treated")
    each = rows.iloc[0] if len(rows) else None
    if people is None or each is None or not is_ok(people) or not is_ok(each):
        return ""
    money = _currency([each]).partition(", ")[0]
    text = f"{_money(float(people['estimate']) * float(each['estimate']), money)} a year"
    if not (has_interval(people) and has_interval(each)):
        return text
    ends = [
        float(people[a]) * float(each[b])
        for a in ("conf_low", "conf_high")
        for b in ("conf_low", "conf_high")
    ]
    return f"{text} ({_money(min(ends), money)} to {_money(max(ends), money)})"


def _money(amount: float, currency: str) -> str:
    """An amount with three figures that count: `£147,000`, `−£9,150`."""
    digits = 2 - math.floor(math.log10(abs(amount))) if amount else 0
    sign = MINUS if round(amount, digits) < 0 else ""
    return f"{sign}{currency}{number(abs(round(amount, digits)), max(digits, 0))}"


def costs(released: Released) -> Block | None:
    """Costs from the user's own unit costs, or that none were stated."""
    rows = [row for _, row in released.rows(NAME, estimand="cost").iterrows()]
    if not any(is_ok(row) for row in rows):
        return Text(
            (
                "Cost is not measured here: no unit cost was stated (closing.unit_costs), and none is shipped.",
            )
        )
    return Table(
        f"Cost per person ({_currency(rows)}), of everyone whose therapy has ended",
        ("Per", "Cost (interval)"),
        [(PER[str(row["term"])], brief_interval(row)) for row in rows],
        note=capital(str(rows[0]["note"])) + ".",
    )


def _currency(rows: list[pd.Series]) -> str:
    return str(rows[0]["dimensions"]).partition("=")[2]
