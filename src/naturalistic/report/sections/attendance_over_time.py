"""When sessions are missed, and whether a missed session foretells another, or leaving."""

from __future__ import annotations

import pandas as pd

from naturalistic.reference.published_models import PublishedStudy
from naturalistic.report.blocks import Block, Figure, Section, Table, Text
from naturalistic.report.plots.axis import Point, Scale
from naturalistic.report.plots.binned import Series, binned_lines
from naturalistic.report.plots.dots import DotRow, dot_plot
from naturalistic.report.released import Released, has_interval, is_ok
from naturalistic.report.sections.forests import point
from naturalistic.report.wording import (
    absence_label,
    brief_interval,
    count,
    interval,
    level_of,
    lower_first,
    number,
    percent,
    reason,
    value,
    with_interval,
)

NAME = "attendance_over_time"
ENDINGS = {"": "Everyone", "planned_ending": "Planned ending", "unplanned_ending": "Dropped out"}
ALL = "all_bookings"
LAG = "previous_booking"
LEAVING = ("leaving_after_session", "leaving_population_averaged")
RUNS = {"1": "One", "2": "Two in a row", "3": "Three in a row"}
HONEST = (
    "A missed session is followed by another more often partly because some people miss more than others throughout. The "
    "expected shares say how much of it that explains: they hold each person's own number of missed sessions and let "
    "them fall in any order, which is right for courses of any length. Models that use the session before as a predictor "
    "are biased in short courses, upwards with a personal tendency as a random effect and downwards with each person's own "
    "mean; they stand in a table for comparison."
)
LEFT_OUT = "Each course is taken up to the last session attended: those missed after it are the leaving itself."


def attendance_over_time(released: Released, _: PublishedStudy | None) -> Section | None:
    """Absence over the course of therapy, what follows a missed session, and leaving."""
    if not released.has(NAME):
        return None
    title = "Missed sessions over the course of therapy"
    if bool(released.rows(NAME)["status"].isin(["not_measured"]).all()):
        why = lower_first(str(released.rows(NAME).iloc[0]["note"]))
        text = f"When sessions are missed is not measured here: {why}."
        return Section("attendance_over_time", title, (text,))
    blocks: list[Block | None] = [
        _course(released),
        _within(released),
        _returns(released),
        _models(released),
        _leaving_table(released),
        Text((HONEST,), "note"),
    ]
    findings = (_over_time(released), _next(released), _back(released), _leaving(released))
    return Section(
        "attendance_over_time",
        title,
        tuple(text for text in findings if text),
        tuple(block for block in blocks if block is not None),
    )


def _curves(released: Released) -> dict[str, dict[str, pd.Series]]:
    """Rows by ending (empty for everyone) and bin."""
    found: dict[str, dict[str, pd.Series]] = {word: {} for word in ENDINGS}
    found[""] = dict(released.levels(NAME, "booking", term="absence_by_booking"))
    for levels, row in released.cells(NAME, "booking", "ending", term="absence_by_booking"):
        found[levels["ending"]][levels["booking"]] = row
    return found


def _course(released: Released) -> Figure | None:
    found = _curves(released)
    bins = sorted(found[""], key=lambda name: int(name.split(" ")[0]))
    if not any(is_ok(row) for row in found[""].values()):
        return None
    lines = [
        Series(words, [_shown(found[word].get(name)) for name in bins])
        for word, words in ENDINGS.items()
        if any(is_ok(row) for row in found[word].values())
    ]
    counts = [count(found[""][name], "n_patients") for name in bins]
    short = [c if c[:1].isdigit() else "–" for c in counts]
    known = [found[""][name] for name in bins if is_ok(found[""][name])]
    return Figure(
        "absence_over_the_course",
        binned_lines(
            [name.replace(" to ", "–").replace(" or more", "+") for name in bins],
            lines,
            x_label="Number of the session offered",
            y_label="Share missed",
            percent=True,
            counts=short,
            counts_label="People still offered sessions",
            synthetic=released.synthetic,
        ),
        f"Share of sessions missed ({absence_label(released.primary['absence_definition'])}) by how many had been offered, "
        "with intervals: everyone, and those whose therapy ended as planned and by dropping out. Along each line the people "
        "change, because those who have left are no longer offered sessions.",
        f"Lines of the share missed by number of the session: {value(known[0])} in the first bin and {value(known[-1])} in "
        "the last one shown, for everyone.",
        Table(
            "Share of sessions missed over the course of therapy",
            ("Sessions offered", *ENDINGS.values(), "People"),
            [
                (name, *(brief_interval(found[word].get(name)) for word in ENDINGS), people)
                for name, people in zip(bins, counts, strict=True)
            ],
            folded=True,
        ),
    )


def _shown(row: pd.Series | None) -> Point | None:
    return None if row is None else point(row)


def _over_time(released: Released) -> str:
    found = _curves(released)
    rows = {word: next(iter(found[word].values()), None) for word in ENDINGS}
    stayed, left = rows["planned_ending"], rows["unplanned_ending"]
    if not (is_ok(stayed) and is_ok(left)):
        return ""
    first = next(iter(found[""])).replace(" to ", " to ")
    return (
        f"In their first sessions offered (number {first}), people who later dropped out missed {with_interval(left)}; "
        f"people who came to a planned ending missed {with_interval(stayed)}."
    )


def _row(released: Released, term: str, specification: str = "") -> pd.Series | None:
    estimand = "risk_difference" if term in ("total", "between", "within") else "proportion"
    return released.one(NAME, estimand=estimand, term=term, specification=specification)


def _within(released: Released) -> Figure | None:
    rows = {
        "After a missed session": ("missed_after_missed", "expected_after_missed"),
        "After a session attended": ("missed_after_kept", "expected_after_kept"),
    }
    found = {name: [_row(released, term) for term in terms] for name, terms in rows.items()}
    if not all(is_ok(row) for pair in found.values() for row in pair):
        return None
    within = _row(released, "within")
    return Figure(
        "missed_after_missed",
        dot_plot(
            [
                DotRow(
                    name, tuple(_shown(row) for row in pair), " / ".join(value(row) for row in pair)
                )
                for name, pair in found.items()
            ],
            Scale("Share of the next sessions missed", percent=True),
            series=("Observed", "Expected if each person's absences fell in any order"),
            column="Observed / expected",
            synthetic=released.synthetic,
        ),
        "Share of sessions missed after a missed and after an attended session, and what differences between people alone "
        f"would give. Where the two markers meet, a missed session says nothing about the next beyond whose it is. "
        f"{LEFT_OUT}",
        "Two pairs of dots, observed against expected from people's own absence: "
        + "; ".join(
            f"{name.lower()} {value(pair[0])} against {value(pair[1])}"
            for name, pair in found.items()
        )
        + f". Remaining difference within people: {brief_interval(within)}.",
        Table(
            "What follows a missed session: between people and within a person",
            ("Quantity", "Up to the last session attended", "All sessions offered"),
            [
                (words, *(brief_interval(_row(released, term, spec)) for spec in ("", ALL)))
                for term, words in (
                    ("missed_after_missed", "Missed after a missed session"),
                    ("missed_after_kept", "Missed after an attended session"),
                    ("total", "Difference"),
                    ("between", "of it, between people (who misses more throughout)"),
                    ("within", "of it, within a person (a missed session itself)"),
                )
            ],
            folded=True,
            note="Differences in shares of sessions. All sessions offered include those missed at the end of a course.",
        ),
    )


def _next(released: Released) -> str:
    after, kept, within = (
        _row(released, term) for term in ("missed_after_missed", "missed_after_kept", "within")
    )
    if within is None or not (is_ok(after) and is_ok(kept) and has_interval(within)):
        return f"Whether a missed session foretells the next: {reason(within)}."
    text = f"After a missed session {value(after)} of the next ones were missed, after an attended one {value(kept)}. "
    low, high = float(within["conf_low"]), float(within["conf_high"])
    ends = " to ".join(number(100 * end, 1) for end in (low, high))
    points = f"{_points(within)} percentage points ({level_of(within)}% interval {ends})"
    if low <= 0 <= high:
        return text + (
            "That difference is what one expects because some people miss more throughout: what a missed session adds "
            f"within a person, {points}, does not stand clear of chance."
        )
    more = "more" if low > 0 else "less"
    return text + (
        f"Differences between people explain part of it; within a person, a session is missed {more} often after a missed "
        f"one: {points}."
    )


def _points(row: pd.Series) -> str:
    return number(100 * float(row["estimate"]), 1)


def _back(released: Released) -> str:
    rows = dict(released.levels(NAME, "missed_in_a_row", term="attended_again"))
    if not (is_ok(rows.get("1")) and is_ok(rows.get("3"))):
        return ""
    return (
        f"After one missed session people attended again in {value(rows['1'])} of cases, after three missed in a row in "
        f"{value(rows['3'])} (therapies that have ended)."
    )


def _returns(released: Released) -> Table | None:
    rows = dict(released.levels(NAME, "missed_in_a_row", term="attended_again"))
    if not any(is_ok(row) for row in rows.values()):
        return None
    return Table(
        "After sessions missed in a row, how often somebody attended again",
        ("Missed", "Attended again (interval)", "Times it happened", "People"),
        [
            (
                words,
                brief_interval(rows.get(key)),
                count(rows.get(key), "n_events"),
                count(rows.get(key), "n_patients"),
            )
            for key, words in RUNS.items()
        ],
        folded=True,
        note="People whose therapy has ended. Not attending again includes those whom the service "
        "did not offer another session.",
    )


def _models(released: Released) -> Table | None:
    words = {
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
            for key, (name, bias) in words.items()
        ],
        folded=True,
        prose=True,
    )


def _leaving(released: Released) -> str:
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


def _leaving_table(released: Released) -> Table | None:
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
