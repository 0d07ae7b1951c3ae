"""Attendance and outcome: change by sessions attended and by ending, and why that is no effect of the dose."""

from __future__ import annotations

import pandas as pd

from naturalistic.reference.published_models import PublishedStudy
from naturalistic.report.blocks import Block, Figure, Section, Table, Text
from naturalistic.report.plots.axis import Point
from naturalistic.report.plots.binned import Series, binned_lines
from naturalistic.report.released import Released, has_interval, is_ok
from naturalistic.report.sections.forests import point
from naturalistic.report.wording import (
    brief_interval,
    count,
    interval,
    level_of,
    reason,
    value,
    with_interval,
)

NAME = "dose_response"
ENDINGS = {"planned_ending": "Planned ending", "unplanned_ending": "Dropped out"}
SPECIFICATIONS = {
    "alone": "Sessions alone",
    "given_first_score": "Given the score before therapy",
    "adjusted": "Given score and characteristics",
    "adjusted_and_ending": "Given score, characteristics and ending",
}
MODELS = ("dose", "dose_population_averaged")
ENDOGENOUS = (
    "Nobody was given a number of sessions by chance. People stop when they are well enough, when therapy does not help, or "
    "when its agreed length is over, and only those who came to a last form are in the figure. More change with more "
    "sessions does not say that further sessions would have added as much, and less change with few sessions does not say "
    "that few are too few. How people with few and many sessions differ to begin with stands in a table of its own."
)
GOOD_ENOUGH = (
    "Two readings of the same figures are known: that change grows more and more slowly with each session (dose and "
    "effect), and that people stay until they have changed enough (good-enough level), so that those who need fewer "
    "sessions change faster. The first is read from the line of everyone, the second from the lines of people with about "
    "as many sessions."
)


def dose_response(released: Released, _: PublishedStudy | None) -> Section | None:
    """Change by sessions attended, by ending, improvement so far, and what makes the dose endogenous."""
    if not released.has(NAME):
        return None
    title = "Sessions attended and change"
    rows = released.rows(NAME)
    if bool(rows["status"].isin(["not_measured"]).all()):
        text = f"Change by number of sessions is not measured here: {rows.iloc[0]['note']}."
        return Section("dose_response", title, (text,))
    blocks: list[Block | None] = [
        _by_sessions(released),
        _so_far(released),
        _who(released),
        _ending_table(released),
        _doubling_table(released),
        Text((GOOD_ENOUGH, ENDOGENOUS), "note"),
    ]
    findings = (
        _change(released),
        _pace(released),
        _ending(released),
        _doubling(released),
        _feedback(released),
    )
    return Section(
        "dose_response",
        title,
        tuple(text for text in findings if text),
        tuple(block for block in blocks if block is not None),
    )


def _sorted(rows: dict[str, pd.Series]) -> dict[str, pd.Series]:
    return dict(sorted(rows.items(), key=lambda item: int(item[0].split(" ")[0])))


def _bands(
    released: Released, estimand: str = "mean_change", term: str = ""
) -> dict[str, pd.Series]:
    return _sorted(dict(released.levels(NAME, "sessions", estimand=estimand, term=term)))


def _short(name: str) -> str:
    return name.replace(" to ", "–").replace(" or more", "+")


def _point(row: pd.Series | None) -> Point | None:
    return None if row is None else point(row)


def _people(row: pd.Series | None) -> str:
    """For under a figure: a number, or a dash."""
    text = reason(None) if row is None else count(row, "n_patients")
    return text if text[:1].isdigit() else "–"


def _by_sessions(released: Released) -> Figure | None:
    bands = _bands(released)
    if not any(is_ok(row) for row in bands.values()):
        return None
    both: dict[str, dict[str, pd.Series]] = {}
    for levels, row in released.cells(NAME, "sessions", "ending", estimand="mean_change", term=""):
        both.setdefault(levels["ending"], {})[levels["sessions"]] = row
    lines = [Series("Everyone with both forms", [_point(row) for row in bands.values()])]
    lines += [
        Series(words, [_point(both.get(word, {}).get(name)) for name in bands])
        for word, words in ENDINGS.items()
        if any(is_ok(row) for row in both.get(word, {}).values())
    ]
    rates = _bands(released, "proportion", "reliable_improvement")
    pace = _bands(released, term="per_ten_sessions")
    known = {name: row for name, row in bands.items() if is_ok(row)}
    return Figure(
        "change_by_sessions_attended",
        binned_lines(
            [_short(name) for name in bands],
            lines,
            x_label="Sessions attended in all",
            y_label="Mean change (points, improvement up)",
            counts=[_people(row) for row in bands.values()],
            counts_label="People with both forms",
            synthetic=released.synthetic,
        ),
        f"Mean change on {released.measure_name()} from the first to the last form by sessions attended in all, of people "
        "whose therapy has ended and who have both forms, with intervals. Each point is of different people. "
        "Associations, not effects of the number of sessions.",
        "Points with intervals of mean change by sessions attended: "
        + "; ".join(f"{name} sessions {value(row)}" for name, row in known.items())
        + ".",
        Table(
            "Change by sessions attended, people with both forms",
            (
                "Sessions",
                "Mean change (interval)",
                "Per ten sessions (interval)",
                "Reliably improved (interval)",
                "People",
            ),
            [
                (
                    name,
                    brief_interval(row),
                    brief_interval(pace.get(name)),
                    brief_interval(rates.get(name)),
                    count(row, "n_patients"),
                )
                for name, row in bands.items()
            ],
            folded=True,
        ),
    )


def _so_far(released: Released) -> Figure | None:
    key = {"estimand": "mean_change", "term": "improvement_so_far"}
    everyone = _sorted(dict(released.levels(NAME, "session", **key)))
    if not any(is_ok(row) for row in everyone.values()):
        return None
    strata: dict[str, dict[str, pd.Series]] = {}
    for levels, row in released.cells(NAME, "session", "total_sessions", **key):
        strata.setdefault(levels["total_sessions"], {})[levels["session"]] = row
    strata = dict(sorted(strata.items(), key=lambda item: int(item[0].split(" ")[0])))
    lines = [Series("Everyone measured", [_point(row) for row in everyone.values()])]
    lines += [
        Series(f"{_short(name)} sessions in all", [_point(rows.get(b)) for b in everyone])
        for name, rows in list(strata.items())[:3]
        if any(is_ok(row) for row in rows.values())
    ]
    ends = [row for row in everyone.values() if is_ok(row)]
    return Figure(
        "improvement_so_far",
        binned_lines(
            [_short(name) for name in everyone],
            lines,
            x_label="Sessions attended so far",
            y_label="Improvement so far (points)",
            counts=[_people(row) for row in everyone.values()],
            counts_label="People measured there",
            synthetic=released.synthetic,
        ),
        f"Mean improvement on {released.measure_name()} so far, by sessions attended so far, with intervals: everyone "
        "measured at that point (the aggregate curve, along which the people change as some leave), and apart by how many "
        "sessions people had in the end. Therapies that have ended.",
        f"Lines of improvement by session: {value(ends[0])} points at the first and {value(ends[-1])} at the last point "
        "of the aggregate curve; lines of people with few, middling and many sessions beside it.",
        Table(
            "Improvement so far by session, for everyone measured and by total number of sessions",
            (
                "Sessions so far",
                "Everyone",
                *(f"{_short(name)} in all" for name in strata),
                "People",
            ),
            [
                (
                    name,
                    brief_interval(row),
                    *(brief_interval(rows.get(name)) for rows in strata.values()),
                    count(row, "n_patients"),
                )
                for name, row in everyone.items()
            ],
            folded=True,
        ),
    )


def _who(released: Released) -> Table | None:
    first = _bands(released, "mean", "first_score")
    planned = _bands(released, "proportion", "planned_ending")
    paired = _bands(released, "proportion", "paired")
    if not paired:
        return None
    return Table(
        "How people who attended few and many sessions differ: everyone whose therapy has ended",
        (
            "Sessions",
            "Score before therapy (interval)",
            "Planned ending (interval)",
            "Have both forms (interval)",
            "People",
        ),
        [
            (
                name,
                brief_interval(first.get(name)),
                brief_interval(planned.get(name)),
                brief_interval(row),
                count(row, "n_patients"),
            )
            for name, row in paired.items()
        ],
        note="Where these columns differ, a difference in change cannot be put down to the sessions.",
    )


def _ending_table(released: Released) -> Table | None:
    change = dict(released.levels(NAME, "ending", estimand="mean_change", term=""))
    if not any(is_ok(row) for row in change.values()):
        return None
    pace = dict(released.levels(NAME, "ending", estimand="mean_change", term="per_ten_sessions"))
    sessions = dict(released.levels(NAME, "ending", estimand="mean", term="sessions_attended"))
    paired = dict(released.levels(NAME, "ending", estimand="proportion", term="paired"))
    return Table(
        "Change and sessions after planned and unplanned endings",
        (
            "Ending",
            "Mean change (interval)",
            "Per ten sessions",
            "Sessions attended",
            "Have both forms",
            "People with both",
        ),
        [
            (
                words,
                brief_interval(change.get(word)),
                brief_interval(pace.get(word)),
                brief_interval(sessions.get(word)),
                brief_interval(paired.get(word)),
                count(change.get(word), "n_patients"),
            )
            for word, words in ENDINGS.items()
        ],
        folded=True,
        note="Sessions and share with both forms: everyone whose therapy ended this way.",
    )


def _doubling_table(released: Released) -> Table | None:
    found = {
        (spec, model): released.one(NAME, estimand="coefficient", model=model, specification=spec)
        for spec in SPECIFICATIONS
        for model in MODELS
    }
    if not any(is_ok(row) for row in found.values()):
        return None
    rows = []
    for spec, words in SPECIFICATIONS.items():
        mixed, twin = (found[(spec, model)] for model in MODELS)
        if twin is not None:
            fitted = str(mixed["method"]) if is_ok(mixed) else str(twin["note"])  # type: ignore[index]
            rows.append(
                (
                    words,
                    brief_interval(mixed),
                    brief_interval(twin),
                    count(twin, "n_patients"),
                    fitted,
                )
            )
    return Table(
        "Points of change with each doubling of the sessions attended",
        (
            "Held equal",
            "Therapist effects (mixed model)",
            "Population averaged",
            "People",
            "Model as fitted",
        ),
        rows,
        folded=True,
        prose=True,
        note="Were the number of sessions set by chance, the lines would agree but for chance. The second column compares "
        "average people whoever treats them, with errors that allow for patients of one therapist being alike.",
    )


def _change(released: Released) -> str:
    known = [(name, row) for name, row in _bands(released).items() if is_ok(row)]
    if not known:
        rows = _bands(released)
        return f"Change by sessions attended: {reason(next(iter(rows.values()), None))}."
    if len(known) == 1:
        return f"People who attended {known[0][0]} sessions changed by {with_interval(known[0][1])} points on average."
    low, high = known[0], known[-1]
    return (
        f"People who attended {low[0]} sessions changed by {with_interval(low[1])} points on average, people who attended "
        f"{high[0]} by {with_interval(high[1])}."
    )


def _pace(released: Released) -> str:
    known = [
        (name, row) for name, row in _bands(released, term="per_ten_sessions").items() if is_ok(row)
    ]
    if len(known) < 2:
        return ""
    low, high = known[0], known[-1]
    return (
        f"Set against the sessions they had, that is {value(low[1])} points for ten sessions among the first and "
        f"{value(high[1])} among the last."
    )


def _ending(released: Released) -> str:
    change = dict(released.levels(NAME, "ending", estimand="mean_change", term=""))
    if not all(is_ok(change.get(word)) for word in ENDINGS):
        return ""
    paired = dict(released.levels(NAME, "ending", estimand="proportion", term="paired"))
    text = (
        f"After a planned ending the mean change was {with_interval(change['planned_ending'])} points, after dropping out "
        f"{with_interval(change['unplanned_ending'])}"
    )
    if all(is_ok(paired.get(word)) for word in ENDINGS):
        shares = [value(paired[word]) for word in ENDINGS]
        text += f". Both forms are held for {shares[0]} of the former and {shares[1]} of the latter"
    return f"{text}."


def _doubling(released: Released) -> str:
    rows = {}
    for spec in SPECIFICATIONS:
        found = [
            released.one(NAME, estimand="coefficient", model=model, specification=spec)
            for model in MODELS
        ]
        rows[spec] = next((row for row in found if has_interval(row)), None)
    alone = rows["alone"]
    given = rows["adjusted"] if rows["adjusted_and_ending"] is None else rows["adjusted_and_ending"]
    if alone is None or given is None:
        return ""
    return (
        f"With each doubling of the sessions the change was {value(alone)} points larger "
        f"({level_of(alone)}% interval {interval(alone)}); with the score before therapy, characteristics and ending held "
        f"equal {value(given)} ({interval(given)}). This is an association and not what a further "
        "session gives."
    )


def _feedback(released: Released) -> str:
    row = released.one(NAME, estimand="correlation", term="improvement_so_far_and_further_sessions")
    if not has_interval(row):
        return ""
    low, high = float(row["conf_low"]), float(row["conf_high"])  # type: ignore[index]  # has an interval
    if low <= 0 <= high:
        meaning = "this does not stand clear of chance"
    elif high < 0:
        meaning = "people who had improved more had fewer sessions left: the number of sessions answers to the change"
    else:
        meaning = "people who had improved more had more sessions left: those who do well stay"
    return (
        f"The improvement at the first form during therapy and the number of sessions that followed correlate at "
        f"{with_interval(row)}; {meaning}."
    )
