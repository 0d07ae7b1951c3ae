"""The checks of the rating: each looks at released rows and says what it found."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pandas as pd

from naturalistic.report.certainty_rules import Finding
from naturalistic.report.drift import drift
from naturalistic.report.released import MAIN, Released, has_interval, is_ok
from naturalistic.report.sentences import primary_change, share_of_started
from naturalistic.report.thresholds import thresholds
from naturalistic.report.wording import NEARLY_ALL, interval, number, percent, reason, value

# ASSUME A65 below half, those seen are outnumbered by those not seen: missing forms then lower the rating
HALF = 0.5
NO_DRIFT = "Whether scores only drifted back to what is usual was not worked out: no usual score is held for this measure."
NO_LISTS = "It could not be set beside a change seen on a waiting list."
FOR_EVERYONE = {
    "mixed_model": "a mixed model",
    "multiple_imputation": "filling in missing forms",
    "inverse_probability_weights": "weighting",
}


def _precision(_: Released, row: pd.Series) -> Finding:
    if not has_interval(row):
        return Finding("precision", True, "No likely range can be given.", checked=False)
    spans = row["conf_low"] <= 0 <= row["conf_high"]
    found = "takes in no change" if spans else "does not take in no change"
    text = f"The likely range of the average change, {interval(row)} points, {found}."
    return Finding("precision", bool(spans), text)


def _missing(released: Released, row: pd.Series) -> Finding:
    key = "missing_outcomes"
    share = share_of_started(released, "paired")
    if not is_ok(share) and reason(share) != NEARLY_ALL:
        text = f"How many of those who started have both forms: {reason(share)}."
        return Finding(key, True, text, checked=False)
    if is_ok(share) and float(share["estimate"]) < HALF:  # type: ignore[index]  # a row that is_ok
        return Finding(key, True, f"Only {value(share)} of those who started have both forms.")
    known = f"{value(share).capitalize()} of those who started have both forms."
    other = _other_methods(released, float(row["estimate"]))
    if other is None:
        text = f"{known} What the others could change was not worked out."
        return Finding(key, True, text, checked=False)
    # a worsening has no shift for the worse that would undo it
    tipping = _tipping(released) if row["estimate"] > 0 else ""
    if other:
        return Finding(key, True, f"{known} {other}")
    if tipping:
        return Finding(key, True, f"{known} {tipping}")
    return Finding(key, False, f"{known} Three ways to allow for the others point the same way.")


def _other_methods(released: Released, change: float) -> str | None:
    """Which way to allow for missing forms tells another story; None where none was tried."""
    rows = released.rows("missing_outcomes", estimand="mean_change", term="", dimensions="")
    found = {str(row["specification"]): row for _, row in rows.iterrows() if has_interval(row)}
    tried = [name for name in FOR_EVERYONE if name in found]
    if not tried:
        return None
    for name in tried:
        if not _same_way(found[name], change):
            limits = interval(found[name])
            return f"Allowing for the others by {FOR_EVERYONE[name]}, the range is {limits} points."
    return ""


def _tipping(released: Released) -> str:
    """The shift of people without a form that makes the change nothing, where it is small."""
    reliable = thresholds(released).reliable
    rows = released.rows(
        "missing_outcomes",
        estimand="tipping_point",
        term="nothing",
        contrast="estimate",
        dimensions="shifted=everyone",
    )
    if reliable is None or not len(rows) or not is_ok(rows.iloc[0]):
        return ""
    shift = float(rows.iloc[0]["estimate"])
    if shift >= reliable:
        return ""
    return f"If the others were {number(shift)} points worse than thought, no average change would be left."


def _bias(released: Released, row: pd.Series) -> Finding:
    if has_interval(row) and row["conf_high"] < 0:
        return Finding("bias", False, "Scores got worse, and drift would go the other way.")
    drifted = drift(released)
    rows = released.rows("bias", contrast="this cohort minus waiting_list")
    lists = [each for _, each in rows.iterrows() if has_interval(each)]
    if drifted is None and not lists:
        text = "Whether other things could explain the change was not worked out."
        return Finding("bias", True, text, checked=False)
    if drifted is not None and drifted.limit is not None:
        return Finding("bias", True, _drift_words(released, drifted.limit))
    unclear = [each for each in lists if each["conf_low"] <= 0]
    if unclear:
        return Finding("bias", True, _list_words(min(unclear, key=lambda e: float(e["conf_low"]))))
    for known, text in ((drifted, NO_DRIFT), (lists, NO_LISTS)):
        if not known:
            return Finding("bias", True, text, checked=False)
    text = "Drift back to usual scores, or change seen on waiting lists, would not be as large."
    return Finding("bias", False, text)


def _drift_words(released: Released, limit: float) -> str:
    first = primary_change(released, "mean", "first")
    start = f" (at the start it was {value(first)})" if is_ok(first) else ""
    return (
        "Scores that are poor at the start tend to drift back to what is usual. If the usual score of these people were as "
        f"good as about {number(limit)}{start}, drift could be all there is."
    )


def _list_words(row: pd.Series) -> str:
    return (
        "It is not clearly larger than a change seen on a waiting list "
        f"(gap {interval(row)} standard deviations)."
    )


def _consistency(released: Released, row: pd.Series) -> Finding:
    change = float(row["estimate"])
    for other in _others(released):
        if not _same_way(other, change) and not other["conf_low"] <= 0 <= other["conf_high"]:
            text = f"Another measure moved the other way ({interval(other)} points)."
            return Finding("consistency", True, text)
    rows = released.rows(
        "bias", specification="curve_summary", term="specifications_above", contrast="nothing"
    )
    if not len(rows) or not is_ok(rows.iloc[0]):
        text = "Whether other ways of reckoning agree was not checked."
        return Finding("consistency", True, text, checked=False)
    above = float(rows.iloc[0]["estimate"])
    agree = above if change > 0 else 1 - above
    if agree < 1:
        text = f"Of the declared ways of reckoning, {_part(agree)} point the same way."
        return Finding("consistency", True, text)
    return Finding("consistency", False, "All declared ways of reckoning point the same way.")


def _part(share: float) -> str:
    """A share below one, never rounded up to all or down to none."""
    return percent(min(max(share, 0.01), 0.99))


def _others(released: Released) -> list[pd.Series]:
    """Change on other scales and measures, and by therapists' ratings."""
    rows = released.rows(
        "outcome_change",
        estimand="mean_change",
        population="paired",
        dimensions="",
        term="",
        **MAIN,
    )
    other = (rows["instrument"] != released.primary["instrument"]) | (
        rows["scale"] != released.primary["scale"]
    )
    rated = released.rows("therapist_ratings", estimand="mean_change", **MAIN)
    frames = (rows[other], rated)
    return [each for frame in frames for _, each in frame.iterrows() if has_interval(each)]


def _same_way(row: pd.Series, change: float) -> bool:
    """Whether the whole interval lies on the side of `change`."""
    return bool(row["conf_low"] > 0) if change > 0 else bool(row["conf_high"] < 0)


RUN: Mapping[str, Callable[[Released, pd.Series], Finding]] = {
    "missing_outcomes": _missing,
    "precision": _precision,
    "bias": _bias,
    "consistency": _consistency,
}
