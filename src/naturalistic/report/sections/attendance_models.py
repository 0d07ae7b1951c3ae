"""The models of absence and of sessions attended: forests in probabilities and sessions, twins, checks."""

from __future__ import annotations

from typing import Any

import pandas as pd

from naturalistic.report.blocks import Table, Text
from naturalistic.report.plots.axis import Scale
from naturalistic.report.released import Released, first_known, has_interval, is_ok
from naturalistic.report.sections.forests import Forest, Namer, baseline_namer, sentence
from naturalistic.report.wording import (
    absence_label,
    brief_interval,
    count,
    lower_first,
    number,
    reason,
    term_in_sentence,
    value,
    with_interval,
)

NAME = "attendance"
ABSENCE = {"model": "absence", "specification": "adjusted"}
SESSIONS = {"model": "sessions_attended", "specification": "adjusted"}
TWINS = {
    "absence": "absence_population_averaged",
    "sessions_attended": "sessions_population_averaged",
}
NAMED: Namer = baseline_namer("per 5 points")
CAUTION = (
    "These are associations: they say who misses more sessions, not why. Which people would gain most from reminders, "
    "other times or anything else that is known to help is not studied here, and no group is named for it."
)
TOO_FEW = "too few for any of them to be stable"
PLAIN = ("Intercept", "model")


def forests(released: Released) -> list[Forest]:
    """Absence in probabilities and in sessions lost; sessions attended."""
    offered = released.one(NAME, estimand="mean", term="sessions_offered", **ABSENCE)
    mean = f" (on average {value(offered)})" if is_ok(offered) else ""
    chances = _rows(released, "risk_difference", ABSENCE)
    lost = _rows(released, "sessions_difference", ABSENCE)
    more = _rows(released, "sessions_difference", SESSIONS)
    what = absence_label(released.primary["absence_definition"])
    return [
        Forest(
            "absence_probabilities",
            chances,
            _scale("Difference in the share of sessions missed", "missed", percent=True),
            f"Difference in the probability of missing a session ({what}) if everyone were at the level named rather than "
            f"at the level in brackets, all characteristics in one model{_people(chances)}. Associations, not effects.",
            NAMED,
        ),
        Forest(
            "sessions_lost",
            lost,
            _scale("Difference in sessions missed per person", "missed"),
            f"The same differences as sessions per person over the sessions each was offered{mean}{_people(lost)}. "
            "Associations, not effects.",
            NAMED,
        ),
        Forest(
            "sessions_attended_differences",
            more,
            _scale("Difference in sessions attended per person", "attended"),
            "Difference in sessions attended if everyone were at the level named rather than at the level in brackets, all "
            f"characteristics in one model of people whose therapy has ended{_people(more)}. Associations, not effects.",
            NAMED,
        ),
    ]


def _scale(title: str, what: str, *, percent: bool = False) -> Scale:
    return Scale(title, null=0.0, percent=percent, ends=(f"fewer {what}", f"more {what}"))


def _rows(released: Released, estimand: str, model: dict[str, str]) -> pd.DataFrame:
    rows = released.rows(NAME, estimand=estimand, **model)
    return rows[~rows["term"].isin(PLAIN)]


def _people(rows: pd.DataFrame) -> str:
    used = first_known(rows, "denominator")
    return "" if used is None else f" (n = {number(used, 0)})"


def sentences_of(released: Released, drawn: list[Forest]) -> list[str]:
    """Who misses more and what that comes to, who attends more, and how far therapists differ."""
    chances, lost, more = drawn
    found = [
        _sentence(
            released, chances, "Who missed more sessions", ("more missed", "fewer missed"), ABSENCE
        ),
        _largest(lost),
        _sentence(
            released,
            more,
            "Who attended more sessions",
            ("more attended", "fewer attended"),
            SESSIONS,
        ),
        _few(released),
        _therapists(released),
    ]
    return [text for text in found if text]


def _sentence(
    released: Released, forest: Forest, what: str, ends: tuple[str, str], model: dict[str, str]
) -> str:
    if len(forest.rows):
        return sentence(forest, what, *ends)
    rows = released.rows(NAME, **model)
    failed = rows[(rows["term"] == "model") & (rows["status"] != "ok")]
    if not len(failed):
        return f"{what}: {reason(None)}."
    return f"{what}: {reason(failed.iloc[0])} ({lower_first(str(failed.iloc[0]['note']))})."


def _few(released: Released) -> str:
    """A caution where there are few people for so many characteristics."""
    found = [
        words
        for estimand, model, words in (
            ("odds_ratio", ABSENCE, "sessions missed"),
            ("rate_ratio", SESSIONS, "sessions attended"),
        )
        if released.rows(NAME, estimand=estimand, **model)["note"]
        .astype(str)
        .str.contains(TOO_FEW)
        .any()
    ]
    if not found:
        return ""
    return (
        f"There are few people for so many characteristics in the model of {' and of '.join(found)}: no single comparison "
        "in it is stable, and one that stands clear of chance may not do so again."
    )


def _largest(lost: Forest) -> str:
    """The largest difference in sessions that stands clear of chance, in words."""
    known = [
        row
        for _, row in lost.rows.iterrows()
        if has_interval(row) and not row["conf_low"] <= 0 <= row["conf_high"]
        if " vs " in str(row["contrast"])
        and not str(row["contrast"]).startswith(("not_", "small_"))
    ]
    if not known:
        return ""
    row = max(known, key=lambda each: abs(float(each["estimate"])))
    more = "more" if row["estimate"] > 0 else "fewer"
    size = number(abs(float(row["estimate"])), 1)
    limits = sorted(abs(float(row[c])) for c in ("conf_low", "conf_high"))
    return (
        f"In sessions, the largest of these differences is {term_in_sentence(str(row['term']), str(row['contrast']))}: "
        f"{size} {more} missed per person over a whole therapy (interval {number(limits[0], 1)} to {number(limits[1], 1)})."
    )


def _therapists(released: Released) -> str:
    share = released.one(
        NAME, estimand="intraclass_correlation", term="therapist", **_key(released)
    )
    if not is_ok(share):
        return (
            f"How far therapists differ in how many sessions their patients miss: {reason(share)}."
        )
    ratio = released.one(NAME, estimand="median_odds_ratio", term="therapist", **_key(released))
    text = f"Therapists account for {with_interval(share)} of the variation in missing a session."
    if is_ok(ratio):
        text += f" Between two therapists picked at random the odds typically differ by a factor of {value(ratio)}."
    return text


def _key(released: Released) -> dict[str, Any]:
    return {**ABSENCE, "definition": released.primary["absence_definition"]}


def tables(released: Released) -> list[Table | Text]:
    """Ratios with their population-averaged twins, the checks, and the formulas fitted."""
    blocks: list[Table | Text | None] = [
        _ratios(released, "odds_ratio", ABSENCE, "Odds ratios of missing a session"),
        _ratios(released, "rate_ratio", SESSIONS, "Rate ratios of sessions attended"),
        _checks(released),
        _formulas(released),
    ]
    return [block for block in blocks if block is not None]


def _ratios(released: Released, estimand: str, model: dict[str, str], caption: str) -> Table | None:
    own = released.rows(NAME, estimand=estimand, **model)
    own = own[own["term"] != "Intercept"]
    if not (own["status"] == "ok").any():
        return None
    twin = released.rows(NAME, estimand=estimand, model=TWINS[model["model"]])
    beside = {(str(r["term"]), str(r["contrast"])): r for _, r in twin.iterrows()}
    return Table(
        f"{caption}, for people of one therapist and on average over therapists",
        ("Characteristic", "Within therapists (mixed model)", "Population averaged", "People"),
        [
            (
                NAMED(str(row["term"]), str(row["contrast"])),
                reason(row) or brief_interval(row),
                brief_interval(beside.get((str(row["term"]), str(row["contrast"])))),
                count(row, "n_patients"),
            )
            for _, row in own.iterrows()
        ],
        folded=True,
        note="Two different quantities: the first compares two people of the same therapist (and, for absence, with the "
        "same personal tendency to miss); the second compares the average persons of two groups, whoever treats them.",
    )


def _checks(released: Released) -> Table | None:
    rows = []
    for model, words in ((ABSENCE, "Missing a session"), (SESSIONS, "Sessions attended")):
        for _, row in released.rows(NAME, estimand="overdispersion", **model).iterrows():
            p = _p_value(float(row["p_value"])) if is_ok(row) else reason(row)
            answer = str(row["note"]).rsplit("; ", 1)[-1]
            rows.append((words, brief_interval(row), p, answer))
    if not rows:
        return None
    return Table(
        "Is there more variation between people than the simplest model expects?",
        ("Model", "Variation (1: as expected)", "p", "Answer"),
        rows,
        folded=True,
        prose=True,
    )


def _p_value(p: float) -> str:
    return "below 0.001" if p < 0.001 else number(p, 3)


def _formulas(released: Released) -> Table | None:
    found = []
    for estimand, model, words in (
        ("odds_ratio", ABSENCE, "Missing a session"),
        ("rate_ratio", SESSIONS, "Sessions attended"),
    ):
        rows = released.rows(NAME, estimand=estimand, status="ok", **model)
        if len(rows):
            found.append((words, str(rows.iloc[0]["method"]), str(rows.iloc[0]["note"]) or "–"))
    if not found:
        return None
    header = ("Model", "As fitted", "What a reader must know")
    return Table("Models as they were fitted", header, found, folded=True, prose=True)
