"""The change beside published changes without this therapy, and beside what selection alone would give."""

from __future__ import annotations

import pandas as pd

from naturalistic.reference.benchmark_models import Benchmark
from naturalistic.reference.loader import load_benchmarks
from naturalistic.report import sentences
from naturalistic.report.released import Released, has_interval, is_ok
from naturalistic.report.sections.tallies import relation
from naturalistic.report.wording import listed, lower_first, number, reason

USUAL_CARE = "metapsy_usual_care"


def outside(released: Released) -> list[Benchmark]:
    """The published changes that are drawn: the waiting lists of the settings, then care as usual."""
    known = load_benchmarks()
    chosen = [*released.settings["missing_outcomes"]["benchmarks"], USUAL_CARE]
    return [known[key] for key in chosen if key in known and known[key].value is not None]


def expected_from_selection(released: Released, term: str) -> tuple[float, float] | None:
    """Least and most points that selection alone would give over the assumptions; None where not known."""
    rows = released.rows("bias", estimand="regression_to_the_mean", term=term)
    known = [float(row["estimate"]) for _, row in rows.iterrows() if is_ok(row)]
    return (min(known), max(known)) if known else None


def beside_waiting_lists(released: Released) -> str:
    """The change against each published change without this therapy: larger, smaller, or not clearly different."""
    found = []
    rows = released.rows("bias", specification="minus_benchmark")
    minus = {str(row["term"]): row for _, row in rows.iterrows()}
    for each in outside(released):
        row = minus.get(each.key)
        if row is None or not has_interval(row):
            continue
        usual = each.design == "usual_care"
        kind = "care as usual, which is treatment" if usual else lower_first(each.label)
        found.append(f"{relation(row)} {number(each.value, 2)} ({kind})")
    if not found:
        return f"Beside published changes without this therapy: {reason(None)}."
    return (
        f"In these units the change of people with both forms is {listed(found)}; the people, the measures and "
        "the time between the two scores differ from this cohort's."
    )


def beside_selection(released: Released) -> str:
    """The change against what selection alone would give."""
    band = expected_from_selection(released, "selected_by_severity")
    row = sentences.primary_change(released, "mean_change")
    if band is None:
        return (
            "How much of it would be expected only because people come when they feel worst: "
            f"{_why_no_band(released)}."
        )
    low, high = band
    text = (
        "People come when they feel worst, and would drift towards their usual level without any help: by "
        f"{number(low)} to {number(high)} points, depending on what is assumed."
    )
    if row is None or not has_interval(row):
        return text
    return f"{text} {_against_band(row, low, high)}"


def _against_band(row: pd.Series, low: float, high: float) -> str:
    if row["estimate"] > high:
        sure = "" if row["conf_low"] > high else ", but not clearly so"
        return f"The change seen is larger than that under every assumption{sure}."
    if row["estimate"] < low:
        sure = "" if row["conf_high"] < low else ", but not clearly so"
        return f"The change seen is smaller than that under every assumption{sure}."
    return "The change seen lies within that range: under the strongest assumptions this alone would give as much."


def _why_no_band(released: Released) -> str:
    rows = released.rows("bias", estimand="regression_to_the_mean")
    row = rows.iloc[0] if len(rows) else None
    if row is None or not str(row["note"]):
        return reason(row) or reason(None)
    return f"{reason(row) or reason(None)} ({row['note']})"
