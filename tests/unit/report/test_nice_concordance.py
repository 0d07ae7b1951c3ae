"""Concordance in words and figures: strengths never merged with what cannot be told."""

from __future__ import annotations

from typing import Any

from naturalistic.report.blocks import Figure, Table
from naturalistic.report.catalogue import nice_population
from naturalistic.report.released import Released
from naturalistic.report.sections.nice_concordance import (
    concordance_blocks,
    concordance_finding,
    named,
)
from naturalistic.report.sections.nice_history import history
from tests.unit.report.handmade import CORE, released, row

NAME = "nice_alignment"
STARTED = {"population": "started"}


def _place(word: str, share: float | None, n: int = 100, **more: Any) -> list[dict[str, Any]]:
    cell = {"dimensions": f"concordance={word}", **STARTED}
    counts = {"numerator": n, "denominator": 400, "n_patients": n}
    limits = {} if share is None else {"conf_low": share - 0.03, "conf_high": share + 0.03}
    found = [row(NAME, "proportion", share, term="concordance", **cell, **counts, **limits, **more)]
    if share is not None:
        found.append(row(NAME, "proportion", share, term="share_of_sessions", **cell))
        change = {"conf_low": 3.0, "conf_high": 6.0, "population": "paired", **CORE}
        found.append(row(NAME, "mean_change", 4.5, dimensions=f"concordance={word}", **change))
    return found


def _data(*places: list[dict[str, Any]]) -> Released:
    return released(*(each for place in places for each in place))


EVERY = (
    _place("offer", 0.25),
    _place("consider_on_condition", 0.10, 40),
    _place("no_recommendation", 0.20, 80),
    _place("do_not_offer", 0.05, 20),
    _place("no_population", 0.30, 120),
    _place("problem_not_recorded", 0.10, 40),
)


def test_each_kind_is_counted_apart() -> None:
    said = concordance_finding(_data(*EVERY))
    assert "a named option for 35% of those who started" in said
    assert "recommended against for 5%" in said
    assert "neither for 20%" in said
    assert "for 40% it cannot be told" in said


def test_where_nobody_can_be_told_the_finding_says_so_and_why() -> None:
    said = concordance_finding(_data(_place("no_population", 0.65), _place("same_family", 0.35)))
    assert "cannot be told from what is recorded, for anyone who started" in said
    assert "for 65% (no guideline held here covers the problem)" in said
    assert "a named option for" not in said


def test_a_withheld_share_is_never_worked_back() -> None:
    withheld = _place("do_not_offer", None, status="withheld", note="few")
    said = concordance_finding(_data(*EVERY[:3], withheld, *EVERY[4:]))
    assert "recommended against for a share that is withheld" in said
    also = _place("do_not_routinely_offer", 0.08)
    said = concordance_finding(_data(*EVERY[:3], withheld, also, *EVERY[4:]))
    assert "recommended against for at least 8%" in said


def test_figure_and_tables_in_the_order_of_strength() -> None:
    figure, seen = (b for b in concordance_blocks(_data(*EVERY)) if isinstance(b, Figure | Table))
    assert isinstance(figure, Figure)
    assert [line[0] for line in figure.data.rows] == [
        "Offer (strong)",
        "Consider (weaker), under a condition",
        "No recommendation for or against",
        "Do not offer",
        "No guideline held here covers the problem",
        "Problem not recorded",
    ]
    assert isinstance(seen, Table)
    assert seen.rows[0][1:3] == ("100", "4.5 (3.0 to 6.0)")
    assert "is not a recommendation against" in seen.note


def test_cells_name_problem_severity_and_therapy() -> None:
    cell = "concordance=offer;problem=depression;severity_class=less_severe;therapy_model=cbt"
    other = "concordance=offer;problem=depression;severity_class=more_severe;therapy_model=cbt"
    rows = (
        row(NAME, "count", 60, term="people", dimensions=cell, n_patients=60, **STARTED),
        row(
            NAME, "count", term="people", dimensions=other, status="withheld", note="few", **STARTED
        ),
    )
    table = list(concordance_blocks(released(*_place("offer", 0.9), *rows)))[-1]
    assert isinstance(table, Table)
    assert table.rows == [
        ("Depression", "Less severe", "Cognitive behavioural therapy", "Offer (strong)", "60")
    ]
    assert table.note == "1 combination of few people is withheld."


def test_without_problems_there_is_nothing_to_say() -> None:
    nothing = released(row(NAME, "count", status="not_measured", note="none", **STARTED))
    assert concordance_finding(nothing) == ""
    assert list(concordance_blocks(nothing)) == []
    assert named("consider_on_condition").endswith("under a condition")


def test_history_is_marked_as_such_and_shown_for_the_populations_recorded() -> None:
    population = nice_population("depression")
    assert population is not None
    superseded, matrix = history({population.key: population})
    assert superseded.caption.startswith("History")
    assert "never advice today" in superseded.note
    heads = [line[0] for line in superseded.rows if len(line) == 1]
    assert any("CG90" in head and "replaced by NG222 on 29 June 2022" in head for head in heads)
    stpp = next(line for line in superseded.rows if "hort-term psychodynamic" in line[0])
    assert stpp[1] == "consider (weaker)"
    assert "(not verified)" in stpp[3]
    assert "1: high-intensity therapy works" in matrix.note
    assert "Psychodynamic therapy does not appear in it" in matrix.note
    high = next(line for line in matrix.rows if "footnote 3" in line[3])
    assert high[1] == "3 (high intensity)"
    assert not any("sychodynamic" in cell for line in matrix.rows for cell in line)


def test_a_population_without_history_has_none() -> None:
    assert list(history({})) == []
