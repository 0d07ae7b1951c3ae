"""Secondary suppression of a cohort's rows: what else must go so that nothing withheld can be worked out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from naturalistic.release.profiles import Profile
from naturalistic.release.row_keys import text
from naturalistic.release.suppression.audit import Audit
from naturalistic.release.suppression.choose import Choice, Problem, choose
from naturalistic.release.suppression.counts import (
    PEOPLE_COUNTS,
    WITHOUT,
    Counts,
    Family,
    collect,
    families,
)
from naturalistic.release.suppression.earlier import add_earlier
from naturalistic.release.suppression.links import find_links
from naturalistic.release.suppression.shown import (
    BoolArray,
    FloatArray,
    columns_seen,
    is_few_missing,
    is_small,
)

SHOWN_FIRST = ("category",)  # breakdowns the report draws first
RESTS_ON = ("referred", "started", "paired")
SHOWN, RESTS = 100.0, 1000.0  # weights of what the report shows first, and of what it rests on
MOSTLY = 0.75  # share of levels withheld from which on a breakdown goes as a whole


@dataclass(frozen=True)
class Withheld:
    """What is withheld of a cohort's rows, and how coarsely the rest is rounded.

    Attributes
    ----------
    counts : Counts
        The counts that stand in the rows.
    choice : Choice
        What was chosen for others' sake.
    rule : array of str, shape (rows,)
        Rule by which a row is withheld; empty where it is not.
    """

    counts: Counts
    choice: Choice
    rule: np.ndarray


def withhold(
    frame: pd.DataFrame,
    rule: np.ndarray,
    profile: Profile,
    *,
    primary: tuple[str, str] | None = None,
    earlier: Mapping[str, pd.DataFrame] | None = None,
    secondary: bool = True,
) -> Withheld:
    """What else must go so that nothing withheld can be worked out.

    Parameters
    ----------
    frame : DataFrame
        Rows of all analyses of a cohort at full precision.
    rule : array of str, shape (rows,)
        Rule by which each row is withheld on its own account.
    profile : Profile
        Rules.
    primary : tuple of str, optional
        Instrument and scale the report leads with; without it every scale counts alike.
    earlier : mapping of str to DataFrame, optional
        What earlier releases of the cohort showed, from `ledger.ledger_entry`.
    secondary : bool
        For tests only: without it, withheld counts can be worked out.
    """
    groups = families(frame)
    if secondary:
        rule = _whole_breakdowns(rule, groups)
    counts = collect(frame, groups, profile.threshold)
    if not secondary:
        return Withheld(counts, Choice.nothing(len(counts.names)), rule)
    links = find_links(frame, groups, counts)
    before = add_earlier(frame, counts, links, earlier or {}, profile)
    sensitive = np.flatnonzero(_must_stay_unknown(counts, profile))

    def seen_when(hidden: BoolArray) -> BoolArray:
        visible = (rule == "") & ~_shows(counts, hidden)
        return columns_seen(counts, visible, profile) & ~hidden

    weight = _weights(frame, primary)
    headline = _standing_in(counts, (weight >= RESTS) & (rule == ""))
    cost = _cost(np.where(rule == "", weight, 0.0), counts)
    problem = Problem(counts, sensitive, cost, headline, seen_when, profile, before)
    choice = choose(problem, Audit(links, sensitive))
    taken = (rule == "") & _shows(counts, choice.hidden)
    return Withheld(counts, choice, np.where(taken, "by_subtraction", rule))


def _whole_breakdowns(rule: np.ndarray, groups: list[Family]) -> np.ndarray:
    """A breakdown of which three levels in four or more are withheld goes as a whole: the rest would tell little."""
    wider = rule.copy()
    for group in groups:
        if not group.parent and len(group.rows) > 2 and np.mean(rule[group.rows] != "") >= MOSTLY:
            kept = group.rows[rule[group.rows] == ""]
            wider[kept] = "by_subtraction"
    return wider


def _must_stay_unknown(counts: Counts, profile: Profile) -> BoolArray:
    """Small counts; that nobody lacks a value is no secret, that a few do is."""
    only_missing = np.array([name.startswith(WITHOUT) for name, _ in counts.names], dtype=bool)
    few_missing = is_few_missing(counts.values, profile)
    number = np.arange(len(counts.names))
    secret = np.zeros(len(number), dtype=bool)
    np.logical_or.at(
        secret,
        counts.stands_for,
        np.where(only_missing, few_missing, is_small(counts.values, profile)),
    )
    return secret & (counts.seen_as == number)


def _shows(counts: Counts, hidden: BoolArray) -> BoolArray:
    """Rows in which one of these counts stands."""
    padded = np.append(hidden, False)  # -1, no count, reads the last place
    columns = [padded[counts.of[c]] for c in (*PEOPLE_COUNTS, "estimate")]
    return np.logical_or.reduce(columns)


def _standing_in(counts: Counts, rows: BoolArray) -> BoolArray:
    """Counts that stand in some of these rows."""
    found = np.zeros(len(counts.names), dtype=bool)
    for column in (*PEOPLE_COUNTS, "estimate"):
        numbers = counts.of[column][rows]
        found[numbers[numbers >= 0]] = True
    return found


def _weights(frame: pd.DataFrame, primary: tuple[str, str] | None) -> FloatArray:
    """By how much a reader would miss each row, shape (rows,).

    Figures of one breakdown weigh 3, of the whole cohort 10, the categories of change and what the report rests on
    (everyone referred, started, with both forms; no curve and no comparison) on other scales than the primary one 100,
    on the primary one 1000.
    """
    main = (text(frame, "model") == "") & (text(frame, "specification") == "")
    depth = np.array([d.count("=") for d in text(frame, "dimensions")])
    scale = list(zip(text(frame, "instrument"), text(frame, "scale"), strict=True))
    leads = np.array([primary is None or s in (primary, ("", "")) for s in scale], dtype=bool)
    weight = np.where(main & (depth == 0), 10.0, np.where(main & (depth == 1), 3.0, 1.0))
    weight[main & (depth == 1) & np.isin(text(frame, "term"), SHOWN_FIRST)] = SHOWN
    rests = main & (depth == 0) & np.isin(text(frame, "population"), RESTS_ON)
    rests &= (text(frame, "contrast") == "") & (text(frame, "time") == "")
    return np.where(rests, np.where(leads, RESTS, SHOWN), weight)


def _cost(weight: FloatArray, counts: Counts) -> FloatArray:
    """Loss when a count is withheld: that of its rows."""
    cost = np.zeros(len(counts.names))
    for column in (*PEOPLE_COUNTS, "estimate"):
        numbers = counts.of[column]
        np.add.at(cost, numbers[numbers >= 0], weight[numbers >= 0])
    missing = counts.of["n_missing"]
    np.add.at(cost, missing[missing >= 0], 0.1)
    return cost
