"""The other scales and groups of people, shown as what they are: not the declared main result."""

from __future__ import annotations

import pandas as pd

from naturalistic.report.blocks import Figure, Table
from naturalistic.report.plots.axis import Scale
from naturalistic.report.plots.dots import DotRow, dot_plot
from naturalistic.report.released import MAIN, Released, is_ok
from naturalistic.report.sections.forests import point
from naturalistic.report.sections.tallies import tally
from naturalistic.report.wording import (
    brief_interval,
    capital,
    count,
    lower_first,
    population_label,
    reason,
    value,
)

NAME = "outcome_change"
POPULATIONS = ("paired", "planned_ending", "case_at_start")
MOST = 24  # scales in the figure; all are in the table
HEADER = (
    "People",
    "Before: mean (SD)",
    "After: mean (SD)",
    "Mean change (interval)",
    "In SDs before therapy",
    "In SDs of the changes",
)
NOTE = (
    "Improvement is positive. Intervals in brackets. In SDs before therapy: mean change divided by the standard deviation "
    "of first scores; in SDs of the changes (d_z): divided by the standard deviation of people's changes."
)


def other_scales(released: Released) -> Figure | None:
    """Standardised change on every other scale; None where there is only the main one."""
    sizes = ((pair, _size(released, pair, "paired")) for pair in _scales(released)[1:])
    found = [(pair, row) for pair, row in sizes if row is not None and is_ok(row)]
    if not found:
        return None
    lines: list[DotRow] = []
    last = ""
    for (instrument, scale), row in found[:MOST]:
        facts = released.instruments[instrument]
        if facts.name != last:
            lines.append(DotRow(facts.name, heading=True))
        last = facts.name
        name = capital(facts.scale(scale).label)
        lines.append(DotRow(name, (point(row),), brief_interval(row), indented=True))
    words = "; ".join(f"{_short(released, pair)}: {value(row)}" for pair, row in found)
    return Figure(
        "other_scales",
        dot_plot(
            lines,
            Scale("Improvement in standard deviations of scores before therapy", null=0.0),
            column="SDs (interval)",
            synthetic=released.synthetic,
        ),
        "Every other scale, people with both forms of it. None of these was declared as the main result; scales of one "
        "questionnaire share items, and with many scales some differ by chance.",
        f"Dot plot with intervals. {words}.",
        Table(
            "Improvement on every other scale, people with both forms",
            ("Scale", "SDs (interval)", "People"),
            [
                (_short(released, pair), brief_interval(row), count(row, "n_patients"))
                for pair, row in found
            ],
        ),
    )


def scales_sentence(released: Released) -> str:
    """How many of the other scales moved clearly, in which direction."""
    return tally([_size(released, pair, "paired") for pair in _scales(released)[1:]], "other scale")


def _scales(released: Released) -> list[tuple[str, str]]:
    """Instrument and scale of everything measured, the primary one first."""
    rows = released.rows(NAME, dimensions="", population=POPULATIONS, **MAIN)
    pairs = rows[["instrument", "scale"]].astype(str).drop_duplicates()
    found = [pair for pair in pairs.itertuples(index=False, name=None) if all(pair)]
    primary = (released.measure["instrument"], released.measure["scale"])
    own = primary[0]
    return [primary, *sorted((p for p in found if p != primary), key=lambda p: (p[0] != own, p))]


def _size(released: Released, pair: tuple[str, str], population: str) -> pd.Series | None:
    return released.one(
        NAME,
        estimand="standardised_mean_change",
        population=population,
        instrument=pair[0],
        scale=pair[1],
    )


def _short(released: Released, pair: tuple[str, str]) -> str:
    facts = released.instruments[pair[0]]
    return f"{facts.name}, {lower_first(facts.scale(pair[1]).label)}"


def all_scales(released: Released) -> Table:
    """Means, change and sizes on every scale in three groups of people."""
    whole = released.rows(NAME, dimensions="", population=POPULATIONS, **MAIN)
    rows = []
    for pair in _scales(released):
        of_scale = whole[(whole["instrument"] == pair[0]) & (whole["scale"] == pair[1])]
        for population in POPULATIONS:
            chosen = of_scale[of_scale["population"] == population]
            if len(chosen):
                name = f"{_short(released, pair)}: {_group(released, population)}"
                rows.append((name, *change_cells(chosen)))
    return Table(
        "Change on every scale, of people with a first and a last form",
        ("Scale and group", *HEADER),
        rows,
        folded=True,
        note=NOTE,
    )


def _group(released: Released, population: str) -> str:
    if population == "case_at_start":
        lower = released.lower_is_better
        return lower_first(population_label(population, lower_is_better=lower))
    return {"paired": "all with both forms", "planned_ending": "planned ending"}[population]


def change_cells(rows: pd.DataFrame) -> tuple[str, ...]:
    """One line of a table of change from the rows of one group on one scale."""
    found = {(str(row["estimand"]), str(row["term"])): row for _, row in rows.iterrows()}
    change_row = found.get(("mean_change", ""))
    scores = []
    for term in ("first", "last"):
        mean, spread = found.get(("mean", term)), found.get(("standard_deviation", term))
        known = is_ok(mean) and is_ok(spread)
        scores.append(f"{value(mean)} ({value(spread)})" if known else _why(mean, change_row))
    return (
        count(change_row, "n_patients"),
        *scores,
        brief_interval(change_row),
        brief_interval(found.get(("standardised_mean_change", ""))),
        brief_interval(found.get(("standardised_change_d_z", ""))),
    )


def _why(row: pd.Series | None, otherwise: pd.Series | None) -> str:
    return reason(row if row is not None else otherwise) or "–"


def every_size(released: Released) -> Table | None:
    """Every form of the main change with every interval, for those who check the method."""
    rows = released.rows(NAME, dimensions="", population="paired", **released.measure)
    rows = rows[~rows["estimand"].isin(["count", "mean", "standard_deviation", "proportion"])]
    lines = [
        (
            _LABELS.get(str(row["estimand"]), capital(str(row["estimand"]).replace("_", " "))),
            _INTERVALS.get(str(row["specification"]), str(row["specification"]).replace("_", " ")),
            brief_interval(row),
            str(row["note"]) or "–",
        )
        for _, row in rows.iterrows()
    ]
    if not lines:
        return None
    return Table(
        "The main change in every form and with every interval, people with both forms",
        ("Form", "Interval by", "Value (interval)", "Note"),
        lines,
        folded=True,
    )


_LABELS = {
    "mean_change": "Mean change, points",
    "standardised_mean_change": "In SDs of first scores",
    "standardised_change_d_z": "In SDs of the changes (d_z)",
    "standardised_change_d_av": "In SDs of both times (d_av)",
    "standardised_change_d_rm": "Repeated measures (d_rm)",
    "standardised_change_external": "In SDs of a clinical norm",
    "percentage_change": "Per cent of the mean first score",
    "rank_biserial": "Rank-biserial correlation",
    "probability_of_improvement": "Chance that the last score is the better one",
    "correlation": "Correlation of first and last score",
}
_INTERVALS = {
    "": "main method",
    "jackknife_by_therapist": "leaving out a therapist at a time",
    "bca_by_person": "resampling people",
    "bca_by_therapist": "resampling therapists",
    "large_sample": "large-sample formula",
    "homoscedastic": "formula for equal spreads",
    "noncentral_t": "noncentral t",
}
