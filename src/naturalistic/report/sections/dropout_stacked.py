"""Shares stacked to the whole: where everyone who started is, and what became of everyone referred."""

from __future__ import annotations

import pandas as pd

from naturalistic.report.blocks import Figure, Table
from naturalistic.report.plots.stacked import Layer, stacked
from naturalistic.report.released import MAIN, Released
from naturalistic.report.sections.dropout_curves import CAUSES, NAME, at_risk_at, curve_rows
from naturalistic.report.wording import capital, listed, number, percent
from naturalistic.vocabulary import CLOCKS

FEWEST_POINTS = 2
SINCE_REFERRAL = "weeks_since_referral"
PHASES = {
    "lost_before_assessment": "Lost before assessment",
    "lost_before_treatment": "Lost after assessment",
    "ended_otherwise_before_treatment": "Ended otherwise",
    "started_treatment": "Started treatment",
}


def where_everyone_is(released: Released, clock: str) -> Figure | None:
    """Ways of ending stacked to everyone who started; None where fewer than two times can be shown."""
    found = {term: curve_rows(released, clock, term) for term in CAUSES}
    words = CLOCKS[clock].label
    return stacked_figure(
        released,
        f"where_everyone_is_by_{clock}",
        {CAUSES[term]: rows for term, rows in found.items()},
        at_risk_at(released, clock),
        leading=CAUSES["dropout"],
        rest="Still in therapy",
        words=words,
        caption=f"Where everyone who started is, by {words}: shares add to the whole (cumulative incidence, "
        "Aalen-Johansen; open therapies count up to the data cut). Numbers below: people still under observation.",
    )


def stacked_figure(
    released: Released,
    name: str,
    found: dict[str, pd.DataFrame],
    at_risk: dict[float, str],
    *,
    leading: str,
    rest: str,
    words: str,
    caption: str,
) -> Figure | None:
    """Curves of competing ways of ending as layers; ways that may not be shown stay with the rest, by name.

    Parameters
    ----------
    released : Released
        For the mark on synthetic data.
    name : str
        File name.
    found : dict of str to DataFrame
        Rows of each way of ending, by its readers' name.
    at_risk : dict of float to str
        Numbers under the axis.
    leading : str
        The way of ending without which there is no figure.
    rest : str
        What is left to the whole.
    words : str
        The clock.
    caption : str
        What the figure shows.
    """
    times, layers = _layers(found)
    shown = [layer.label for layer in layers]
    if leading not in shown or len(times) < FEWEST_POINTS:
        return None
    hidden = [label.lower() for label, rows in found.items() if len(rows) and label not in shown]
    if hidden:
        caption += f" Too few to show by themselves, in the rest with those {rest.lower()}: {listed(hidden)}."
        rest = "The rest"
    ends = "; ".join(f"{layer.label.lower()} {percent(layer.share[-1])}" for layer in layers)
    left = percent(1 - sum(layer.share[-1] for layer in layers))
    return Figure(
        name,
        stacked(
            times,
            layers,
            rest,
            at_risk,
            x_label=capital(words),
            y_label="Share of everyone",
            synthetic=released.synthetic,
        ),
        caption,
        f"Stacked shares by {words}, at {times[-1]:g}: {ends}; {rest.lower()} {left}.",
        _shares(times, layers, rest, words),
    )


def _layers(found: dict[str, pd.DataFrame]) -> tuple[list[float], list[Layer]]:
    """Times at which every way of ending with enough points is known, and its shares there."""
    known = {label: rows[rows["status"] == "ok"] for label, rows in found.items()}
    shown = {label: rows for label, rows in known.items() if len(rows) >= FEWEST_POINTS}
    if not shown:
        return [], []
    times = sorted(set.intersection(*(set(rows["time"].astype(float)) for rows in shown.values())))
    layers = [
        Layer(label, [float(rows.set_index("time")["estimate"][time]) for time in times])
        for label, rows in shown.items()
    ]
    return times, layers


def _shares(times: list[float], layers: list[Layer], rest: str, words: str) -> Table:
    return Table(
        f"Shares by {words}",
        (capital(words), *(layer.label for layer in layers), rest),
        [
            (
                number(time, 0),
                *(percent(layer.share[i]) for layer in layers),
                percent(1 - sum(layer.share[i] for layer in layers)),
            )
            for i, time in enumerate(times)
        ],
        folded=True,
    )


def before_treatment(released: Released) -> Figure | None:
    """Waiting as a phase: started, lost before assessment or before treatment, or still waiting."""
    rows = released.rows(
        NAME, estimand="cumulative_incidence", time_unit=SINCE_REFERRAL, dimensions="", **MAIN
    )
    found = {
        label: rows[rows["term"] == term].sort_values("time") for term, label in PHASES.items()
    }
    return stacked_figure(
        released,
        "before_treatment_by_weeks_since_referral",
        found,
        at_risk_at(released, SINCE_REFERRAL, ""),
        leading=PHASES["started_treatment"],
        rest="Still waiting",
        words="weeks since referral",
        caption="Everyone referred, by weeks since the referral: started treatment, lost before it, or still waiting "
        "(cumulative incidence, Aalen-Johansen). Numbers below: people still waiting and under observation.",
    )
