"""Whether therapist and questionnaire saw the same change in the same people."""

from __future__ import annotations

import pandas as pd

from naturalistic.report.blocks import Figure, Table
from naturalistic.report.plots.agreement import agreement_plot
from naturalistic.report.plots.grid import Band
from naturalistic.report.released import Released, has_interval, is_ok
from naturalistic.report.wording import brief, brief_interval, capital, count, number
from naturalistic.tables.estimates import dimension_levels

NAME = "therapist_ratings"
FEWEST = 3  # squares below which a picture says nothing


def _correlations(released: Released) -> dict[str, pd.Series]:
    rows = released.rows(NAME, estimand="intraclass_correlation")
    return {str(row["term"]): row for _, row in rows.iterrows()}


def agreement_sentence(released: Released) -> str:
    """How far therapist and questionnaire agree on who changed how much."""
    row = _correlations(released).get("change")
    if row is None or not has_interval(row):
        return ""
    return (
        f"On who changed how much, therapists and {released.measure_name()} agree to {brief_interval(row)}: "
        "0% is no agreement, 100% that both put people, and the distances between them, in the same order."
    )


def agreement_figure(released: Released) -> Figure | None:
    """Bland and Altman's plot from binned counts; None where too few squares can be shown."""
    cells: dict[tuple[Band, Band], pd.Series] = {}
    for _, row in released.rows(NAME, term="agreement").iterrows():
        levels = dimension_levels(str(row["dimensions"]))
        cells[_band(levels["mean"]), _band(levels["difference"])] = row
    rows = released.rows(NAME, estimand="limit_of_agreement")
    limits = {str(row["term"]): row for _, row in rows.iterrows()}
    known = {pair: row for pair, row in cells.items() if is_ok(row)}
    ends = [limits.get(term) for term in ("lower", "upper")]
    if len(known) < FEWEST or not all(is_ok(row) for row in ends):
        return None
    low, high = (float(row["estimate"]) for row in ends if row is not None)
    withheld = len(cells) - len(known)
    return Figure(
        "therapist_and_questionnaire",
        agreement_plot(
            {pair: float(row["estimate"]) for pair, row in known.items()},
            (low, high),
            x_label="Improvement, mean of both views, SDs",
            y_label="Therapist minus questionnaire, SDs",
            synthetic=released.synthetic,
        ),
        "For each person the improvement the therapist saw minus the one the questionnaire saw, both in standard "
        f"deviations. The area of a box is the number of people; about 19 of 20 people lie between the dashed lines "
        f"({number(low)} to {number(high)}). {withheld} boxes with few people are withheld and not drawn.",
        f"Boxes of people. About 19 of 20 people lie between {number(low)} and {number(high)} standard deviations of "
        "difference.",
        Table(
            "People by mean of both views and difference between them, SDs",
            ("Mean of both", "Therapist minus questionnaire", "People"),
            [(_words(mean), _words(gap), count(row)) for (mean, gap), row in sorted(known.items())],
        ),
    )


def _band(text: str) -> Band:
    low, high = text.split(" to ")
    return float(low), float(high)


def _words(band: Band) -> str:
    return f"{brief(band[0])} to {brief(band[1])}"


def agreement_table(released: Released) -> Table | None:
    """Intraclass correlations before, after and of the change, and the limits of agreement."""
    rows = _correlations(released).items()
    lines = [(capital(t), brief_interval(row), count(row, "n_patients")) for t, row in rows]
    for _, row in released.rows(NAME, estimand="limit_of_agreement").iterrows():
        name = f"Limit of agreement of the change, {row['term']} (SDs)"
        lines.append((name, brief_interval(row), count(row, "n_patients")))
    if not lines:
        return None
    return Table(
        f"Agreement of mean problem severity with {released.measure_name()}",
        ("When", "Intraclass correlation, or limit (interval)", "People"),
        lines,
        folded=True,
        note="0%: no agreement; 100%: both witnesses order people, and the distances between them, alike.",
    )
