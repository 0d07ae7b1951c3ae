"""How much of what was booked took place, who misses more, and how many hours that is."""

from __future__ import annotations

import pandas as pd

from naturalistic.reference.published_models import PublishedStudy
from naturalistic.report import sentences
from naturalistic.report.blocks import Block, Figure, Section, Table, Text
from naturalistic.report.plots.axis import Scale
from naturalistic.report.plots.bars import Bin, histogram
from naturalistic.report.plots.dots import DotRow, dot_plot
from naturalistic.report.released import Released, is_ok
from naturalistic.report.sections import attendance_models as models
from naturalistic.report.sections.forests import forest_figure, point
from naturalistic.report.wording import (
    absence_label,
    brief,
    brief_interval,
    capital,
    count,
    reason,
    value,
    with_interval,
)
from naturalistic.vocabulary import ABSENCE_DEFINITIONS

NAME = "attendance"
NAMES = {
    "did_not_attend": "Without notice",
    "patient_side": "On the patient's side",
    "all_non_delivery": "For any reason",
}
ATTENDED = {"both": "Both", "one": "One", "none": "Neither"}


def attendance(released: Released, _: PublishedStudy | None) -> Section | None:
    """Sessions attended, absence under each definition, who misses and attends more, hours."""
    if not released.has(NAME):
        return None
    title = "Attendance"
    if bool(released.rows(NAME)["status"].isin(["not_measured"]).all()):
        text = "Sessions attended and missed are not measured here: the data hold no attendance."
        return Section("attendance", title, (text,))
    forests = models.forests(released)
    blocks: list[Block | None] = [
        _sessions(released),
        _absence(released),
        *(forest_figure(released, forest) for forest in forests),
        _first_sessions(released),
        _gaps(released),
        _hours_table(released),
        _summary(released),
        *models.tables(released),
        Text((models.CAUTION,), "note"),
    ]
    findings = (
        _typical(released),
        sentences.missed_sessions(released),
        _early(released),
        *models.sentences_of(released, forests),
        _hours(released),
    )
    return Section(
        "attendance",
        title,
        tuple(text for text in findings if text),
        tuple(block for block in blocks if block is not None),
    )


def _typical(released: Released) -> str:
    mean, middle = (
        released.one(NAME, estimand=estimand, term="sessions_attended")
        for estimand in ("mean", "median")
    )
    if not is_ok(mean):
        return f"Sessions attended: {reason(mean)}."
    half = (
        reason(middle) if middle is None or not is_ok(middle) else brief(float(middle["estimate"]))
    )
    return (
        f"People who started attended {value(mean)} sessions on average, those still in therapy counted so far as they "
        f"are; half of them attended {half} or fewer."
    )


def _early(released: Released) -> str:
    rows = dict(released.levels(NAME, "attended_of_first_two", term="attended_of_first_two"))
    later = dict(released.levels(NAME, "attended_of_first_two", term="absence_from_third"))
    if not is_ok(rows.get("both")):
        return ""
    text = f"{with_interval(rows['both'])} attended both of the first two sessions offered to them."
    both, none = later.get("both"), later.get("none")
    if is_ok(both) and is_ok(none):
        text += (
            f" From the third session on they missed {value(both)} of sessions; those who attended neither of the first "
            f"two missed {value(none)}."
        )
    return text


def _ends(name: str) -> tuple[float, float | None]:
    """Both ends of a bin from its name; no upper end where it is open."""
    low, _, high = name.partition(" ")
    if not high:
        return float(low), float(low)
    last = high.removeprefix("to ")
    return float(low), float(last) if last != "or more" else None


def _sessions(released: Released) -> Figure | None:
    rows = dict(released.levels(NAME, "sessions", term="sessions_attended"))
    found = sorted(
        ((_ends(name), name, row) for name, row in rows.items()), key=lambda each: each[0][0]
    )
    if not any(is_ok(row) for _, _, row in found):
        return None
    width = max((high - low + 1 for (low, high), _, _ in found if high), default=1.0)
    bins = [
        Bin(low - 0.5, low - 0.5 + width, float(row["estimate"]) if is_ok(row) else None)
        for (low, _), _, row in found
    ]
    names = [name.replace(" to ", "–").replace(" or more", "+") for _, name, _ in found]
    ticks = [((b.low + b.high) / 2, name) for b, name in zip(bins, names, strict=True)]
    fullest = max((each for each in found if is_ok(each[2])), key=lambda each: each[2]["estimate"])
    return Figure(
        "sessions_attended",
        histogram(
            bins,
            "Treatment sessions attended",
            ticks=ticks,
            synthetic=released.synthetic,
        ),
        "Sessions attended by each person who started, those still in therapy up to the data cut among them "
        f"({_n(released)}). Hatched stubs: withheld because the number is small.",
        f"Bars of people by sessions attended. Most people, {count(fullest[2])}, attended {fullest[1]} sessions.",
        Table(
            "People by number of sessions attended",
            ("Sessions", "People"),
            [(name, count(row)) for name, (_, _, row) in zip(names, found, strict=True)],
            folded=True,
        ),
    )


def _n(released: Released) -> str:
    row = released.one(NAME, estimand="mean", term="sessions_attended")
    return f"n = {count(row, 'n_patients')}" if is_ok(row) else "number withheld"


def _absence(released: Released) -> Figure | None:
    rows = {
        definition: released.one(NAME, term="absence", definition=definition)
        for definition in ABSENCE_DEFINITIONS
    }
    if not any(is_ok(row) for row in rows.values()):
        return None
    chosen = released.primary["absence_definition"]
    return Figure(
        "absence",
        dot_plot(
            [
                DotRow(
                    NAMES[key] + (" (primary)" if key == chosen else ""),
                    (point(row) if row is not None else None,),
                    reason(row) or brief_interval(row),
                )
                for key, row in rows.items()
            ],
            Scale("Share of sessions missed", percent=True),
            column="Share (interval)",
            synthetic=released.synthetic,
        ),
        "Sessions missed under three definitions. "
        + " ".join(f"{NAMES[key]}: {absence_label(key)}." for key in rows),
        "Dot plot of absence under three definitions: "
        + ", ".join(f"{NAMES[key].lower()} {value(row)}" for key, row in rows.items())
        + ".",
        Table(
            "Absence under each definition",
            ("Definition", "Share of sessions (interval)", "People"),
            [
                (capital(absence_label(key)), brief_interval(row), people(row))
                for key, row in rows.items()
            ],
            folded=True,
        ),
    )


def people(row: pd.Series | None) -> str:
    """People behind a row, or why there is no number."""
    return reason(None) if row is None else count(row, "n_patients")


def _first_sessions(released: Released) -> Table | None:
    rows = dict(released.levels(NAME, "attended_of_first_two", term="attended_of_first_two"))
    later = dict(released.levels(NAME, "attended_of_first_two", term="absence_from_third"))
    if not rows:
        return None
    return Table(
        "Attendance of the first two sessions offered, and absence afterwards",
        (
            "Attended",
            "Share of people (interval)",
            "Sessions missed from the third on (interval)",
            "People",
        ),
        [
            (
                word,
                brief_interval(rows.get(key)),
                brief_interval(later.get(key)),
                people(later.get(key)),
            )
            for key, word in ATTENDED.items()
        ],
        folded=True,
        note="People who started and were offered at least two sessions. The last column counts those offered a third.",
    )


def _gaps(released: Released) -> Table | None:
    found = list(released.levels(NAME, "gap", term="gap_between_sessions"))
    middle = released.one(NAME, estimand="median", term="days_between_sessions")
    if not found or middle is None or not is_ok(middle):
        return None
    return Table(
        "Gaps between one attended session and the next",
        ("Gap", "Share of gaps (interval)", "People with such a gap"),
        [(capital(name), brief_interval(row), people(row)) for name, row in found],
        folded=True,
        note=f"Half of all gaps are {brief(float(middle['estimate']))} days or shorter.",
    )


def _hours(released: Released) -> str:
    definition = released.primary["absence_definition"]
    total = released.one(NAME, estimand="clinician_hours", definition=definition)
    if not is_ok(total):
        return f"Clinician hours booked for missed sessions: {reason(total)}."
    each = released.one(NAME, term="hours_missed_per_person", definition=definition)
    share = released.one(NAME, term="share_of_hours_missed", definition=definition)
    return (
        f"About {value(total)} clinician hours were booked for sessions missed on this definition, {with_interval(each)} "
        f"hours per person who started and {value(share)} of all hours booked. What clinicians did with that time is not "
        "recorded, and no cost in money is put on it."
    )


def _hours_table(released: Released) -> Table | None:
    cells = []
    for key, name in NAMES.items():
        total = released.one(NAME, estimand="clinician_hours", definition=key)
        if total is None:
            continue
        each = released.one(NAME, term="hours_missed_per_person", definition=key)
        share = released.one(NAME, term="share_of_hours_missed", definition=key)
        cells.append(
            (name, value(total), brief_interval(each), brief_interval(share), people(each))
        )
    if not cells:
        return None
    return Table(
        "Clinician hours booked for sessions that were missed",
        (
            "Missed",
            "Hours",
            "Hours per person (interval)",
            "Share of hours booked (interval)",
            "People",
        ),
        cells,
        folded=True,
        note="From recorded lengths of sessions; a missed session without one counts as long as those the same person "
        "attended. Hours only: a price is for those who know their own costs.",
    )


def _summary(released: Released) -> Table:
    names = {
        "sessions_attended": "Attended",
        "sessions_offered": "Offered (booked, not cancelled by the service)",
        "sessions_booked": "Booked",
    }
    rows = []
    for term, name in names.items():
        mean = released.one(NAME, estimand="mean", term=term)
        rest = [released.one(NAME, estimand=e, term=term) for e in ("standard_deviation", "median")]
        rows.append((name, brief_interval(mean), *(value(row) for row in rest), people(mean)))
    return Table(
        "Treatment sessions of each person who started",
        ("Sessions", "Mean (interval)", "Standard deviation", "Median", "People"),
        rows,
        folded=True,
    )
