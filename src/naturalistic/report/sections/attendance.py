"""How much of what was booked took place, and who misses more."""

from __future__ import annotations

import pandas as pd

from naturalistic.reference.published_models import PublishedStudy
from naturalistic.report import sentences
from naturalistic.report.blocks import Block, Figure, Section, Table
from naturalistic.report.plots.axis import Scale
from naturalistic.report.plots.bars import Bin, histogram
from naturalistic.report.plots.dots import DotRow, dot_plot
from naturalistic.report.released import Released, first_known, is_ok
from naturalistic.report.sections.forests import (
    Forest,
    baseline_namer,
    forest_figure,
    point,
    sentence,
)
from naturalistic.report.wording import (
    absence_label,
    brief,
    brief_interval,
    capital,
    count,
    number,
    reason,
    value,
)
from naturalistic.vocabulary import ABSENCE_DEFINITIONS

NAME = "attendance"
MODEL = {"model": "absence", "specification": "adjusted"}


def attendance(released: Released, _: PublishedStudy | None) -> Section | None:
    """Sessions attended, absence under each definition, and odds ratios of absence."""
    if not released.has(NAME):
        return None
    title = "Attendance"
    if bool(released.rows(NAME)["status"].isin(["not_measured"]).all()):
        text = "Sessions attended and missed are not measured here: the data hold no attendance."
        return Section("attendance", title, (text,))
    model = _forest(released)
    figures = (_sessions(released), _absence(released), forest_figure(released, model))
    blocks: list[Block] = [figure for figure in figures if figure is not None]
    blocks.append(_summary(released))
    findings = [_typical(released), sentences.missed_sessions(released)]
    findings.append(
        sentence(model, "Who missed more sessions", "more sessions missed", "fewer sessions missed")
    )
    return Section("attendance", title, tuple(findings), tuple(blocks))


def _typical(released: Released) -> str:
    mean, middle = (
        released.one(NAME, estimand=estimand, term="sessions_attended")
        for estimand in ("mean", "median")
    )
    if not is_ok(mean):
        return f"Sessions attended: {reason(mean)}."
    return (
        f"People who started attended {value(mean)} sessions on average; half of them attended {_half(middle)} or "
        "fewer."
    )


def _half(row: pd.Series | None) -> str:
    return brief(float(row["estimate"])) if row is not None and is_ok(row) else reason(row)


def _sessions(released: Released) -> Figure | None:
    found = {
        tuple(map(float, level.split(" to "))): row
        for level, row in released.levels(NAME, "sessions", term="sessions_attended")
    }
    if not any(is_ok(row) for row in found.values()):
        return None
    bins = [
        Bin(low - 0.5, high + 0.5, float(row["estimate"]) if is_ok(row) else None)
        for (low, high), row in sorted(found.items())
    ]
    names = [f"{low:g}–{high:g}" for low, high in sorted(found)]
    fullest = max(
        (pair for pair in found.items() if is_ok(pair[1])), key=lambda pair: pair[1]["estimate"]
    )
    return Figure(
        "sessions_attended",
        histogram(
            bins,
            "Treatment sessions attended",
            ticks=[((b.low + b.high) / 2, n) for b, n in zip(bins, names, strict=True)],
            synthetic=released.synthetic,
        ),
        "Sessions attended by each person who started, those still in therapy up to the data cut among them "
        f"({_n(released)}). Hatched stubs: withheld because the number is small.",
        f"Bars of people by sessions attended. Most people, {count(fullest[1])}, attended "
        f"{fullest[0][0]:g} to {fullest[0][1]:g} sessions.",
        Table(
            "People by number of sessions attended",
            ("Sessions", "People"),
            [
                (name, count(row))
                for name, (_, row) in zip(names, sorted(found.items()), strict=True)
            ],
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
    names = {
        "did_not_attend": "Without notice",
        "patient_side": "On the patient's side",
        "all_non_delivery": "For any reason",
    }
    chosen = released.primary["absence_definition"]
    return Figure(
        "absence",
        dot_plot(
            [
                DotRow(
                    names[key] + (" (primary)" if key == chosen else ""),
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
        + " ".join(f"{names[key]}: {absence_label(key)}." for key in rows),
        "Dot plot of absence under three definitions: "
        + ", ".join(f"{names[key].lower()} {value(row)}" for key, row in rows.items())
        + ".",
        Table(
            "Absence under each definition",
            ("Definition", "Share of sessions (interval)", "People"),
            [
                (capital(absence_label(key)), brief_interval(row), _people(row))
                for key, row in rows.items()
            ],
        ),
    )


def _people(row: object) -> str:
    return reason(None) if row is None else count(row, "n_patients")  # type: ignore[arg-type]


def _summary(released: Released) -> Table:
    names = {"sessions_attended": "Attended", "sessions_booked": "Booked"}
    rows = []
    for term, name in names.items():
        found = {
            e: released.one(NAME, estimand=e, term=term)
            for e in ("mean", "standard_deviation", "median")
        }
        rows.append((name, *(value(row) for row in found.values()), _people(found["mean"])))
    return Table(
        "Treatment sessions of each person who started",
        ("Sessions", "Mean", "Standard deviation", "Median", "People"),
        rows,
    )


def _forest(released: Released) -> Forest:
    rows = released.rows(NAME, estimand="odds_ratio", **MODEL)
    terms = rows[rows["term"] != "Intercept"] if len(rows) > 1 else rows
    used = first_known(rows, "denominator")
    people = "" if used is None else f" (n = {number(used, 0)})"
    return Forest(
        "absence_odds_ratios",
        terms,
        Scale(
            "Odds ratio of missing an offered session",
            null=1.0,
            logarithmic=True,
            ends=("fewer missed", "more missed"),
        ),
        "Odds ratios of missing an offered session, all characteristics in one binomial model with therapist effects, "
        f"people who started and have a score before therapy{people}. One means no difference.",
        baseline_namer("per 5 points"),
    )
