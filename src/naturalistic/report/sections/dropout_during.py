"""The probability of leaving at each session, and what was known before somebody left."""

from __future__ import annotations

import pandas as pd

from naturalistic.report.blocks import Figure, Table
from naturalistic.report.plots.curves import Curve, curves
from naturalistic.report.released import Released
from naturalistic.report.sections.dropout_differences import NAME, primary_key
from naturalistic.report.wording import (
    brief_interval,
    capital,
    count,
    label,
    lower_first,
    number,
    percent,
)

REFERENCE = "reference_person"
KNOWN = {
    "missed_so_far": "Sessions missed so far, each",
    "last_score": "Last score, 5 points higher",
    "recent_change": "Score 5 points higher than the one before",
}
MODELS = {"adjusted": "Sessions missed", "adjusted_with_scores": "With scores"}


def hazard_by_session(released: Released) -> Figure | None:
    """Probability of leaving before each session for described people still in therapy there."""
    rows = released.rows(NAME, estimand="hazard", status="ok").sort_values("time")
    named = [name for name in dict.fromkeys(rows["specification"]) if name != REFERENCE]
    shown = {name: rows[rows["specification"] == name] for name in (REFERENCE, *named)}
    shown = {name: part for name, part in shown.items() if len(part) > 1}
    if REFERENCE not in shown:
        return None
    own = shown[REFERENCE]
    top = own.iloc[int(own["estimate"].astype(float).to_numpy().argmax())]
    # every number would run into the next
    at_risk = {time: text for i, (time, text) in enumerate(_at_risk(released).items()) if not i % 3}
    return Figure(
        "hazard_by_session",
        curves(
            [_curve(name, part) for name, part in list(shown.items())[:4]],
            at_risk,
            x_label="Session",
            y_label="Share who leave before this session",
            synthetic=released.synthetic,
        ),
        "Of those still in therapy, the share expected not to come to each session any more (smooth curve of a "
        f"discrete-time model, bands: intervals). {_described(shown)} Numbers below: people still under observation.",
        f"Curve of the probability of leaving by session: for the reference person highest before session "
        f"{number(top['time'], 0)} with {percent(top['estimate'], 1)}.",
        _table(shown, _at_risk(released)),
    )


def _at_risk(released: Released) -> dict[float, str]:
    rows = released.rows(NAME, estimand="at_risk", **primary_key(released)).sort_values("time")
    return {float(row["time"]): count(row) for _, row in rows.iterrows()}


def _described(shown: dict[str, pd.DataFrame]) -> str:
    """Who the described people are: the reference person in full, the others by what differs."""
    parts = {
        name: [tuple(pair.split(": ", 1)) for pair in _person(part).split(", ") if ": " in pair]
        for name, part in shown.items()
    }
    texts = [f"{_name(REFERENCE)}: {_in_words(parts[REFERENCE])}."]
    for name, pairs in parts.items():
        differing = [pair for pair in pairs if pair not in parts[REFERENCE]]
        if name != REFERENCE and differing:
            texts.append(f"{_name(name)}: the same, but {_in_words(differing)}.")
    return " ".join(texts)


def _person(rows: pd.DataFrame) -> str:
    """The description in the note, without what the model has to say."""
    return str(rows["note"].iloc[0]).split("; ")[0]


def _in_words(pairs: list[tuple[str, ...]]) -> str:
    return ", ".join(
        f"{lower_first(label(name).split(' (')[0])} {lower_first(label(name, level))}"
        for name, level in pairs
    )


def _name(name: str) -> str:
    return capital(name.replace("_", " "))


def _curve(name: str, rows: pd.DataFrame) -> Curve:
    columns = ("time", "estimate", "conf_low", "conf_high")
    time, share, low, high = (rows[column].astype(float).tolist() for column in columns)
    return Curve(_name(name), time, share, low, high)


def _table(shown: dict[str, pd.DataFrame], at_risk: dict[float, str]) -> Table:
    by_time = {
        name: {float(r["time"]): r for _, r in part.iterrows()} for name, part in shown.items()
    }
    return Table(
        "Probability of leaving before each session, for those still in therapy",
        ("Session", *(_name(name) for name in shown), "Still under observation"),
        [
            (
                number(time, 0),
                *(brief_interval(rows.get(time)) for rows in by_time.values()),
                at_risk.get(time, "–"),
            )
            for time in by_time[REFERENCE]
        ],
        folded=True,
    )


def during(released: Released) -> Table | None:
    """Hazard ratios by what was known at the last session attended; not measured where it is not held."""
    key = primary_key(released, model="cox_time_varying")
    rows = released.rows(NAME, estimand="hazard_ratio", **key)
    if not len(rows):
        return None
    cells = [
        (
            KNOWN[str(row["term"])],
            MODELS[str(row["specification"])],
            brief_interval(row),
            count(row, "n_patients"),
        )
        for _, row in rows.iterrows()
    ]
    return Table(
        "Leaving next, by what was known at the last session attended",
        ("Known so far", "Model", "Hazard ratio (interval)", "People"),
        cells,
        folded=not (rows["status"] == "ok").any(),
        note="Rate of dropping out after a session against somebody at the same booking with one session fewer missed, "
        "or a score 5 points lower; characteristics held equal. Sessions missed after the last one attended are the "
        "leaving itself and are not counted.",
    )
