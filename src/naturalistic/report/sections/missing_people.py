"""Who lacks a last form: by ending, first score, year and therapist, and the model of it."""

from __future__ import annotations

import pandas as pd

from naturalistic.report.blocks import Figure, Table
from naturalistic.report.plots.axis import Scale
from naturalistic.report.plots.dots import DotRow, dot_plot
from naturalistic.report.released import Released, has_interval, is_ok
from naturalistic.report.sections.forests import point
from naturalistic.report.wording import (
    brief_interval,
    capital,
    count,
    label,
    lower_first,
    reason,
    term_label,
    value,
)
from naturalistic.vocabulary import ENDINGS

NAME = "missing_outcomes"
DRAWN = ("ending", "first_score_fifth", "year")
THERAPISTS = {
    "lower_quartile": "A quarter of therapists are below",
    "median": "Half of therapists are below",
    "upper_quartile": "Three quarters of therapists are below",
}
FIFTHS = {
    "1": "Lowest fifth",
    "2": "Second fifth",
    "3": "Middle fifth",
    "4": "Fourth fifth",
    "5": "Highest fifth",
    "no_first_form": "No usable first form",
}
Levels = list[tuple[str, pd.Series]]


def _shares(released: Released) -> dict[str, Levels]:
    """Share without a last form by characteristic; the whole under an empty name."""
    found: dict[str, Levels] = {}
    for _, row in released.rows(NAME, term="no_last_form", specification="").iterrows():
        name, _, level = str(row["dimensions"]).partition("=")
        found.setdefault(name, []).append((level, row))
    return found


def _heading(name: str) -> str:
    words = {"ending": "How therapy ended", "first_score_fifth": "First score"}
    return words.get(name) or label(name)


def _level(name: str, level: str) -> str:
    return FIFTHS.get(level, level) if name == "first_score_fifth" else _ending(name, level)


def _ending(name: str, level: str) -> str:
    if name != "ending":
        return label(name, level)
    return ENDINGS[level].label if level in ENDINGS else label(name, level)


def who_figure(released: Released) -> Figure | None:
    """Share without a last form by ending, first score, year and therapists; None where none can be shown."""
    shares = _shares(released)
    whole = next((row for _, row in shares.get("", [])), None)
    lines: list[DotRow] = []
    table: list[tuple[str, ...]] = []
    for name in DRAWN:
        levels = [(level, row) for level, row in shares.get(name, []) if is_ok(row)]
        if len(levels) < 2:
            continue
        lines.append(DotRow(_heading(name), heading=True))
        for level, row in levels:
            words = f"{_level(name, level)} ({count(row, 'denominator')})"
            lines.append(DotRow(words, (point(row),), brief_interval(row), indented=True))
            head = f"{_heading(name)}: {lower_first(_level(name, level))}"
            table.append((head, brief_interval(row), count(row, "denominator")))
    lines += _therapists(released)
    if not lines:
        return None
    guides = (float(whole["estimate"]),) if whole is not None and is_ok(whole) else ()
    return Figure(
        "who_lacks_a_last_form",
        dot_plot(
            lines,
            Scale("Share without a last form", percent=True, guides=guides),
            column="Share (interval)",
            synthetic=released.synthetic,
        ),
        "Share of those who started that has no usable last form; number who started in brackets. Dotted: everyone. Groups "
        "whose number is withheld are in the table below.",
        f"Dot plot of shares. {who_sentence(released) or 'Shares by group'}",
        Table("Share without a last form", ("Group", "Share (interval)", "Started"), table),
    )


def _therapists(released: Released) -> list[DotRow]:
    rows = released.rows(NAME, term="no_last_form_of_therapists")
    found = {str(row["contrast"]): row for _, row in rows.iterrows() if is_ok(row)}
    if len(found) < len(THERAPISTS):
        return []
    lines = [DotRow("Share of single therapists' people (nobody is named)", heading=True)]
    for contrast, words in THERAPISTS.items():
        row = found[contrast]
        lines.append(DotRow(words, (point(row),), value(row), indented=True))
    return lines


def who_sentence(released: Released) -> str:
    """The share after planned and unplanned endings, and whether they differ."""
    found = dict(_shares(released).get("ending", []))
    planned, unplanned = found.get("planned_ending"), found.get("unplanned_ending")
    if planned is None or unplanned is None or not (is_ok(planned) and is_ok(unplanned)):
        return ""
    return (
        f"After a planned ending {value(planned)} lack it, after an unplanned ending {value(unplanned)}"
        f"{_consequence(planned, unplanned)}"
    )


def _consequence(planned: pd.Series, unplanned: pd.Series) -> str:
    if not (has_interval(planned) and has_interval(unplanned)):
        return "."
    if unplanned["conf_low"] > planned["conf_high"]:
        return ": people who left early are under-represented among those whose change is known."
    if unplanned["conf_high"] < planned["conf_low"]:
        return ": people who finished as planned are under-represented among those whose change is known."
    return "; the intervals overlap."


def unplanned_sentence(released: Released) -> str:
    """Unplanned endings as declared, and with endings nobody recorded counted as unplanned."""
    declared, estimated = (
        released.one(NAME, term=term) for term in ("declared_unplanned", "estimated_unplanned")
    )
    if not (is_ok(declared) and is_ok(estimated)):
        why = reason(declared)
        return f"The share of unplanned endings: {why}." if why else ""
    return (
        f"Of those whose therapy has ended in a recorded way, {value(declared)} had an unplanned ending; of everyone whose "
        f"therapy has ended, counting endings that nobody recorded as unplanned, {value(estimated)}."
    )


def who_table(released: Released) -> Table | None:
    """The share in every group."""
    lines: list[tuple[str, ...]] = []
    for name, levels in _shares(released).items():
        if name:
            lines.append((_heading(name),))
        for level, row in levels:
            words = _level(name, level) if name else "Everyone who started"
            lines.append((words, brief_interval(row), count(row, "denominator")))
    if not lines:
        return None
    return Table(
        "Share without a last form in every group",
        ("Group", "Share (interval)", "Started"),
        lines,
        folded=True,
    )


def model_table(released: Released) -> Table | None:
    """Odds ratios of lacking a last form, other characteristics held equal."""
    rows = released.rows(NAME, estimand="odds_ratio")
    lines = [
        (_term(row), brief_interval(row), count(row, "n_patients"))
        for _, row in rows.iterrows()
        if str(row["contrast"]) or is_ok(row)
    ]
    if not lines:
        return None
    return Table(
        "Odds of lacking a last form, other characteristics held equal",
        ("Characteristic", "Odds ratio (interval)", "People"),
        lines,
        folded=True,
        note="Above 1: lacks it more often than the group it is compared with.",
    )


def _term(row: pd.Series) -> str:
    term, contrast = str(row["term"]), str(row["contrast"])
    if term == "ending" and " vs " in contrast:
        here, there = contrast.split(" vs ", 1)
        return f"{_heading(term)}: {lower_first(_ending(term, here))} (against {lower_first(_ending(term, there))})"
    if term.startswith("first_score"):
        return "First score, per 5 points"
    return capital(term_label(term, contrast))
