"""How the therapies delivered stand to current recommendations, and what these data show for the same people."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from naturalistic.reference.concordance import CONCORDANCE
from naturalistic.reference.nice_models import STRENGTHS
from naturalistic.report.blocks import Block, Figure, Table
from naturalistic.report.plots.axis import Scale
from naturalistic.report.plots.dots import DotRow, dot_plot
from naturalistic.report.released import Released, is_ok
from naturalistic.report.sections.forests import point
from naturalistic.report.wording import (
    brief_interval,
    capital,
    count,
    label,
    listed,
    lower_first,
    percent,
    reason,
    value,
)

NAME = "nice_alignment"
CONDITION = "_on_condition"
WORDS = {
    "must": "Must",
    "offer": "Offer (strong)",
    "consider": "Consider (weaker)",
    "no_recommendation": "No recommendation for or against",
    "do_not_routinely_offer": "Do not offer routinely",
    "do_not_offer": "Do not offer",
    "same_family": "Other therapies of the same family are named",
    "severity_not_classifiable": "Severity not classifiable",
    "format_not_recorded": "Format not recorded",
    "no_population": "No guideline held here covers the problem",
    "therapy_not_on_list": "Therapy is on no list",
    "therapy_not_recorded": "Therapy not recorded",
    "problem_not_recorded": "Problem not recorded",
}
FOR = ("must", "offer", "consider")
READING = (
    "'No recommendation' is not a recommendation against, and neither is added to the other. A condition in a guideline "
    "(for example that another therapy was declined) is not in these records. Groups differ in more than the "
    "recommendation: no comparison of therapies."
)


def concordance_finding(released: Released) -> str:
    """For what share of those who started the therapy delivered is a named option, and for what share it cannot be told."""
    said = stances(released)
    if said is None:
        return ""
    if said.none_told:
        parts = listed(
            f"for {value(row)} ({lower_first(named(word))})"
            for word, row in _people(released).items()
        )
        return (
            "Where current NICE recommendations stand on the therapy delivered cannot be told from what is recorded, for "
            f"anyone who started: {parts}."
        )
    return (
        f"By current NICE recommendations the therapy delivered is a named option for {said.named} of those who started, "
        f"recommended against for {said.against}, neither for {said.silent}; for {said.untold} it cannot be told from what "
        "is recorded."
    )


@dataclass(frozen=True)
class Stances:
    """Shares of those who started by what NICE says of the therapy delivered, as text.

    Attributes
    ----------
    named, against, silent, untold : str
        A named option; recommended against; no recommendation either way; cannot be told from what is recorded.
    none_told : bool
        For nobody is it told where NICE stands: "none" would then be read as NICE's silence.
    """

    named: str
    against: str
    silent: str
    untold: str
    none_told: bool


def stances(released: Released) -> Stances | None:
    """The four shares; None where none is given."""
    rows = _people(released)
    if not rows:
        return None
    silent = rows.get("no_recommendation")
    return Stances(
        _together([row for word, row in rows.items() if _strength(word) in FOR]),
        _together([row for word, row in rows.items() if _strength(word).startswith("do_not")]),
        _together([silent] if silent is not None else []),
        _together([row for word, row in rows.items() if _strength(word) not in STRENGTHS]),
        not any(_strength(word) in STRENGTHS for word in rows),
    )


def named_option(released: Released) -> str:
    """Share of those who started whose therapy is a named option, with its interval where one row holds it; or empty."""
    said = stances(released)
    if said is None:
        return ""
    if said.none_told:
        return "cannot be told"
    rows = [row for word, row in _people(released).items() if _strength(word) in FOR]
    return brief_interval(rows[0]) if len(rows) == 1 and is_ok(rows[0]) else said.named


def concordance_blocks(released: Released) -> Iterator[Block]:
    """The figure by strength, what is seen for the same people, and the cells behind it."""
    rows = _people(released)
    if not rows:
        return
    sessions = dict(released.levels(NAME, "concordance", term="share_of_sessions"))
    words = sorted(rows, key=_order)
    yield Figure(
        "nice_concordance",
        dot_plot(
            [
                DotRow(
                    named(word),
                    (point(rows[word]),),
                    reason(rows[word]) or brief_interval(rows[word]),
                )
                for word in words
            ],
            Scale("Share of those who started", percent=True),
            column="Share (interval)",
            synthetic=released.synthetic,
        ),
        "What current NICE recommendations say of the therapy delivered for the problem recorded, of everyone who started.",
        "Dot plot of shares by strength of recommendation: "
        + ", ".join(f"{named(word)} {value(rows[word])}" for word in words)
        + ".",
        Table(
            "Share of people who started and of sessions attended",
            ("What NICE says", "Share of people (interval)", "Share of sessions attended"),
            [
                (named(word), brief_interval(rows[word]), _share(sessions.get(word)))
                for word in words
            ],
        ),
    )
    yield _seen(released, words)
    if (cells := _cells(released)) is not None:
        yield cells


def named(word: str) -> str:
    """Readers' words for a place on the list."""
    text = WORDS[_strength(word)]
    return f"{text}, under a condition" if word.endswith(CONDITION) else text


def _people(released: Released) -> dict[str, pd.Series]:
    return dict(released.levels(NAME, "concordance", term="concordance"))


def _strength(word: str) -> str:
    return word.removesuffix(CONDITION)


def _order(word: str) -> tuple[int, bool]:
    return CONCORDANCE.index(_strength(word)), word.endswith(CONDITION)


def _together(rows: list[pd.Series]) -> str:
    """The sum of shares, or what keeps it from being given."""
    if not rows:
        return "none"
    if any(not is_ok(row) for row in rows):
        known = sum(float(row["estimate"]) for row in rows if is_ok(row))
        return f"at least {percent(known)}" if known else "a share that is withheld"
    return percent(sum(float(row["estimate"]) for row in rows))


def _share(row: pd.Series | None) -> str:
    return reason(row) or percent(row["estimate"])  # type: ignore[index]  # None has a reason


def _seen(released: Released, words: list[str]) -> Table:
    def cell(word: str, **key: str) -> str:
        row = dict(released.levels(NAME, "concordance", **key)).get(word)
        return brief_interval(row)

    people = _people(released)
    return Table(
        "What these data show for the same people",
        (
            "What NICE says of the therapy delivered",
            "People who started",
            "Mean improvement, points (interval)",
            "Reliably improved, of those with both forms",
            "Dropped out, of those who have ended",
        ),
        [
            (
                named(word),
                count(people[word], "numerator"),
                cell(word, estimand="mean_change"),
                cell(word, term="reliable_improvement"),
                cell(word, term="dropout"),
            )
            for word in words
        ],
        note=READING,
    )


def _cells(released: Released) -> Table | None:
    """Problem, severity and therapy with where they stand; withheld cells are only counted."""
    found = list(
        released.cells(
            NAME, "problem", "severity_class", "therapy_model", "concordance", estimand="count"
        )
    )
    shown = [(levels, row) for levels, row in found if is_ok(row)]
    if not shown:
        return None
    hidden = len(found) - len(shown)
    return Table(
        "Problem, severity and therapy delivered, with the strength of the recommendation",
        ("Problem as recorded", "Severity", "Therapy delivered", "What NICE says", "People"),
        [
            (
                label("problem", levels["problem"]),
                capital(levels["severity_class"].replace("_", " ")),
                label("therapy_model", levels["therapy_model"]),
                named(levels["concordance"]),
                count(row),
            )
            for levels, row in sorted(shown, key=lambda pair: -float(pair[1]["estimate"]))
        ],
        folded=True,
        note=_hidden(hidden),
    )


def _hidden(cells: int) -> str:
    if not cells:
        return ""
    return f"{cells} combination{' of few people is' if cells == 1 else 's of few people are'} withheld."
