"""Models of absence over time in the report: the session before, and leaving."""

from __future__ import annotations

from naturalistic.report.blocks import Table
from naturalistic.report.released import Released, has_interval, is_ok
from naturalistic.report.sections.absence_after_absence import LEFT_OUT
from naturalistic.report.sections.absence_course import NAME
from naturalistic.report.wording import (
    brief_interval,
    count,
    interval,
    percent,
    reason,
    value,
)

LAG = "previous_booking"
LEAVING = ("leaving_after_session", "leaving_population_averaged")
# by specification and term: the model in words, and how it is biased
BIASES = {
    ("pooled", "previous_missed"): (
        "Everyone together",
        "mixes differences between people with what follows",
    ),
    ("patient_effect", "previous_missed"): (
        "With a personal tendency",
        "too high, most so in short courses",
    ),
    ("within_and_between", "previous_missed_within"): (
        "Within a person",
        "too low, most so in short courses",
    ),
    ("within_and_between", "share_missed_between"): (
        "Between people, per 10 percentage points missed before",
        "contains the outcome itself",
    ),
    ("within_and_between_population_averaged", "previous_missed_within"): (
        "Within a person, population averaged",
        "too low, most so in short courses",
    ),
    ("within_and_between_population_averaged", "share_missed_between"): (
        "Between people, population averaged",
        "contains the outcome itself",
    ),
}


def lag_models(released: Released) -> Table | None:
    """Models with the session before as a predictor, each with its bias."""
    found = {
        (str(row["specification"]), str(row["term"])): row
        for _, row in released.rows(NAME, model=LAG).iterrows()
    }
    if not any(is_ok(row) for row in found.values()):
        return None
    return Table(
        "Odds ratio of missing a session when the one before was missed, by model",
        ("Model", "Odds ratio (interval)", "How it is biased", "Model as fitted"),
        [
            (
                name,
                brief_interval(found.get(key)),
                bias,
                str(found[key]["method"]) if key in found else "–",
            )
            for key, (name, bias) in BIASES.items()
        ],
        folded=True,
        prose=True,
    )


def leaving_words(released: Released) -> str:
    """Whether a missed session foretells dropping out."""
    rows = dict(released.levels(NAME, "before_it", term="dropout_after_session"))
    key = {"model": LEAVING[0], "term": "missed_before_session"}
    ratio = released.one(NAME, estimand="odds_ratio", **key)
    if not (is_ok(rows.get("missed")) and is_ok(rows.get("kept")) and has_interval(ratio)):
        failed = released.rows(NAME, model=LEAVING[0], term="model")
        row = failed.iloc[0] if len(failed) else ratio
        return f"Whether a missed session foretells dropping out: {reason(row)}."
    low, high = float(ratio["conf_low"]), float(ratio["conf_high"])  # type: ignore[index]  # has an interval
    clear = "does not stand clear of chance" if low <= 1 <= high else "stands clear of chance"
    shares = [percent(rows[k]["estimate"], 1) for k in ("missed", "kept")]
    return (
        f"Of sessions attended after a missed one, {shares[0]} were the last before dropping out; of sessions attended "
        f"without one, {shares[1]}. Compared at the same point of therapy and with the same absence before, the difference "
        f"{clear} (odds ratio {value(ratio)}, interval {interval(ratio)})."
    )


def leaving_table(released: Released) -> Table | None:
    """Odds ratios of dropping out after a session attended."""
    terms = {
        "missed_before_session": "A session missed just before (the same person, later)",
        "share_missed_earlier": "Share missed earlier, per 10 percentage points (between people)",
    }
    found = {
        (model, term): released.one(NAME, estimand="odds_ratio", model=model, term=term)
        for model in LEAVING
        for term in terms
    }
    if not any(is_ok(row) for row in found.values()):
        return None
    return Table(
        "Odds ratio of dropping out after a session attended",
        (
            "What was missed before",
            "Within therapists (mixed model)",
            "Population averaged",
            "People",
        ),
        [
            (
                words,
                *(brief_interval(found[(model, term)]) for model in LEAVING),
                count(found[(LEAVING[0], term)], "n_patients"),
            )
            for term, words in terms.items()
        ],
        folded=True,
        note=LEFT_OUT,
    )
