"""How much worse people without a last form would have to be for a conclusion to change."""

from __future__ import annotations

import pandas as pd

from naturalistic.reference.loader import load_benchmarks
from naturalistic.report.blocks import Figure, Table
from naturalistic.report.plots.tipping import Shift, Target, tipping_plot
from naturalistic.report.released import Released, is_ok
from naturalistic.report.wording import (
    brief,
    brief_interval,
    capital,
    listed,
    lower_first,
    number,
    reason,
    value,
)
from naturalistic.vocabulary import ENDINGS

NAME = "missing_outcomes"
TARGETS = {"nothing": "No change", "reliable_change": "Reliable change"}
Points = dict[str, pd.Series]


def _target(name: str) -> str:
    known = load_benchmarks().get(name)
    return TARGETS.get(name) or (known.label if known else capital(name.replace("_", " ")))


def _crossing(released: Released, term: str, who: str = "everyone") -> Points:
    rows = released.rows(NAME, estimand="tipping_point", term=term, dimensions=f"shifted={who}")
    return {str(row["contrast"]): row for _, row in rows.iterrows()}


def _targets(released: Released) -> dict[str, pd.Series]:
    rows = released.rows(NAME, term="target")
    return {str(row["contrast"]): row for _, row in rows.iterrows() if is_ok(row)}


def needed_sentence(released: Released) -> str:
    """By how much they would have to be worse for the average to be nothing, and that of each waiting list."""
    width = float(released.scale.maximum - released.scale.minimum)
    zero = _crossing(released, "nothing").get("estimate")
    if zero is None or not is_ok(zero):
        return f"How much worse those without a last form would have to be: {reason(zero)}."
    if zero["estimate"] < 0:
        return (
            "The average of everyone who started is no improvement even without any assumption that people without a "
            "last form are worse."
        )
    text = (
        f"For the average change of everyone to be nothing, people without a last form would have to be "
        f"{_how_far(zero, width)} worse than people like them who have one (the scale runs over {brief(width)} points)"
        f"{_lower_limit(released, width)}."
    )
    if zero["estimate"] > width:
        text = (
            f"Nowhere on the scale ({brief(width)} points wide) is a shift of people without a last form large enough for "
            "the average change of everyone to be nothing."
        )
    further, already = [], []
    for name in _targets(released):
        row = _crossing(released, name).get("estimate")
        if name == "nothing" or row is None or not is_ok(row):
            continue
        reliable = name == "reliable_change"
        words = "one person's reliable change" if reliable else f"the change of {_published(name)}"
        if row["estimate"] < 0:
            already.append(words)
        else:
            further.append(f"{_how_far(row, width)} to bring it down to {words}")
    if further:
        text += f" It would take {listed(further)}."
    if already:
        text += f" Without any such assumption the average already lies below {listed(already)}."
    return text


def _published(name: str) -> str:
    """A published change in the middle of a sentence."""
    return lower_first(_target(name))


def _lower_limit(released: Released, width: float) -> str:
    """How far it takes for the interval of the average to reach nothing, where it does not do so by itself."""
    row = next(
        (each for key, each in _crossing(released, "nothing").items() if key != "estimate"), None
    )
    if row is None or not is_ok(row) or not 0 <= float(row["estimate"]) <= width:
        return ""
    return f"; for its interval to reach nothing, {value(row)} points"


def _how_far(row: pd.Series, width: float) -> str:
    if row["estimate"] > width:
        return "more points than the scale has"
    return f"{value(row)} points"


def tipping_figure(released: Released) -> Figure | None:
    """The curve with the points where it reaches nothing, reliable change and each waiting list."""
    rows = released.rows(NAME, term="tipping_curve", dimensions="shifted=everyone")
    rows = rows[[is_ok(row) for _, row in rows.iterrows()]] if len(rows) else rows
    if len(rows) < 2:
        return None
    rows = rows.sort_values("time")
    targets = _marked(released)
    at = [f"{t.label} at {number(t.at)}" for t in targets if t.at is not None and t.at >= 0]
    return Figure(
        "tipping_point",
        tipping_plot(
            _curve(rows),
            targets,
            x_label="Points by which people without a last form are worse than imputed",
            y_label="Mean improvement of everyone, points",
            synthetic=released.synthetic,
        ),
        "Mean improvement of everyone who started if those without a last form are worse than people like them who have "
        "one. The further to the right a dot, the more it takes to change the conclusion.",
        f"A falling line with its interval. It reaches: {'; '.join(at) or 'none of the levels shown'}.",
        Table(
            "Mean improvement of everyone by how much worse those without a form are",
            ("Points worse", "Mean improvement (interval)"),
            [(number(float(row["time"])), brief_interval(row)) for _, row in rows[::5].iterrows()],
        ),
    )


def _curve(rows: pd.DataFrame) -> Shift:
    columns = ("time", "estimate", "conf_low", "conf_high")
    return Shift(*(rows[column].astype(float).tolist() for column in columns))


def _marked(released: Released) -> list[Target]:
    found = []
    for name, row in _targets(released).items():
        crossing = _crossing(released, name).get("estimate")
        known = crossing is not None and is_ok(crossing)
        at = float(crossing["estimate"]) if crossing is not None and known else None
        found.append(Target(_target(name), float(row["estimate"]), at))
    return found


def points_table(released: Released) -> Table | None:
    """Tipping points of everyone without a last form and of each way of ending."""
    rows = released.rows(NAME, estimand="tipping_point")
    if not len(rows) or not any(is_ok(row) for _, row in rows.iterrows()):
        return None
    width = float(released.scale.maximum - released.scale.minimum)
    lines: list[tuple[str, ...]] = []
    for dimensions in dict.fromkeys(rows["dimensions"].astype(str)):
        who = dimensions.removeprefix("shifted=")
        named = {term: _crossing(released, term, who) for term in _targets(released)}
        lines.append(("Everyone without a last form" if who == "everyone" else _ending(who),))
        for term, found in named.items():
            cells = (_cell(found.get(part), width) for part in ("estimate", "lower_limit"))
            lines.append((_target(term), *cells))
    return Table(
        "Tipping points, overall and by way of ending, points",
        ("Until the average is ...", "Estimate gets there", "Lower limit gets there"),
        lines,
        folded=True,
        note="Only the people of the group named are taken to be worse. Out of reach: it would take more points than the "
        "scale has.",
    )


def _ending(word: str) -> str:
    return ENDINGS[word].label if word in ENDINGS else capital(word.replace("_", " "))


def _cell(row: pd.Series | None, width: float) -> str:
    if row is None or not is_ok(row):
        return reason(row)
    if row["estimate"] < 0:
        return "already below"
    return "out of reach" if row["estimate"] > width else value(row)
