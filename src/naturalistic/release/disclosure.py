"""Disclosure control of everything a cohort releases: what rests on few people is withheld, the rest is rounded.

1. Primary: a figure that rests on few people, or that all but few have, is withheld (`primary`).
2. Secondary: a withheld count must not follow from what is seen. All counts of all analyses of the cohort are linked
   (`suppression.links`), an audit finds withheld counts whose range is too narrow (`suppression.audit`), and the cheapest
   further counts are withheld or rounded more coarsely (`suppression.choose`) until there is none.
3. Counts are rounded; rates are computed again from the rounded counts; other numbers stand as if they rested on the
   rounded number of people (`numbers`).

What is aimed at for each withheld count of at most the threshold: whoever has everything released, knows these rules, and
puts it together, finds every number from 0 to the threshold possible. It is audited by linear programming over the
relations `links` finds, for counts and rates; `tests/attack` says how far it holds. Means and figures of models are
protected by rule (a fewest number of people, rounding), not against every sum.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from naturalistic.release.numbers import rates_again, rounded_numbers
from naturalistic.release.primary import NUMBERS, RULES, primary_rule
from naturalistic.release.profiles import Profile, load_profile
from naturalistic.release.suppression.audit import Audit
from naturalistic.release.suppression.choose import Choice, choose
from naturalistic.release.suppression.counts import (
    PEOPLE_COUNTS,
    Counts,
    Family,
    collect,
    families,
    text,
)
from naturalistic.release.suppression.links import find_links
from naturalistic.release.suppression.shown import (
    BoolArray,
    FloatArray,
    columns_seen,
    is_few_missing,
    is_small,
    rounded,
)
from naturalistic.tables.estimates import COUNT_COLUMNS, KEY_COLUMNS

SIDE_COUNTS = ("n_therapists", "n_missing")  # left empty when small; the row itself may stand
SHOWN_FIRST = ("category",)  # breakdowns the report draws first
RESTS_ON = ("referred", "started", "paired")
LOG_COLUMNS = (*KEY_COLUMNS, "rule", "reason")
COARSE_COLUMNS = (*KEY_COLUMNS, "column", "rounded_to")
# outsiders are not told which figures are small and which stand beside a small one
TOLD = "rests on {threshold} or fewer people, or would give back a figure that does"
TOLD_RULE = "small_or_linked"
OPENLY = ("no_count", "few_for_a_model", "one_person_dominates")
_NUMBER_OF_PEOPLE = re.compile(
    r"\b\d+(?= (?:people|person|patients?|clients?|episodes|events|of \d+ levels))"
)


@dataclass(frozen=True)
class Loss:
    """What protection cost.

    Attributes
    ----------
    given, withheld_primary, withheld_secondary : int
        Rows with a number before, and how many of them were withheld and why.
    coarser : int
        Rows left with a count rounded more coarsely than the others.
    rounds : int
        How often the audit looked.
    exact : bool
        Whether the choice of what to withhold is the cheapest (within 1 per cent).
    audited : bool
        Whether the audit came to its end.
    narrowed : int
        Withheld counts that figures the report rests on narrow down; those figures stand all the same.
    """

    given: int
    withheld_primary: int
    withheld_secondary: int
    coarser: int
    rounds: int
    exact: bool
    audited: bool = True
    narrowed: int = 0


@dataclass(frozen=True)
class Protected:
    """Estimates of a cohort as they may leave.

    Attributes
    ----------
    estimates : mapping of str to DataFrame
        Released rows by analysis; withheld rows keep their key, with the status ``withheld``.
    told : mapping of str to DataFrame
        What may be said about withheld rows, by analysis: it does not say which are small.
    log : DataFrame
        Every withheld row with its true rule. It stays inside.
    coarser : DataFrame
        Counts that are rounded more coarsely, by row and column.
    loss : Loss
        What it cost.
    """

    estimates: Mapping[str, pd.DataFrame]
    told: Mapping[str, pd.DataFrame]
    log: pd.DataFrame
    coarser: pd.DataFrame
    loss: Loss


def protect_cohort(
    estimates: Mapping[str, pd.DataFrame], profile_name: str, *, secondary: bool = True
) -> Protected:
    """All estimates of a cohort as they may leave, and what was withheld.

    Parameters
    ----------
    estimates : mapping of str to DataFrame
        Rows of the estimates table at full precision, by analysis.
    profile_name : str
        Disclosure profile.
    secondary : bool
        For tests only: without it, withheld counts can be worked out.
    """
    profile = load_profile(profile_name)
    parts = {name: frame.reset_index(drop=True) for name, frame in estimates.items()}
    if not profile.may_leave:
        return _as_it_is(parts)
    frame = _together(parts)
    owner = np.repeat(list(parts), [len(part) for part in parts.values()])
    rule = primary_rule(frame, profile)
    counts, choice, rule = _with_secondary(frame, rule, profile, secondary=secondary)
    given = (text(frame, "status") == "ok") & frame[list(NUMBERS)].notna().any(axis=1).to_numpy()
    released, coarser = _released(frame, rule, counts, choice, profile)
    log = _log(released, rule, profile, openly=False)
    told = _log(released, rule, profile, openly=True)
    second = rule == "by_subtraction"
    loss = Loss(
        given=int(given.sum()),
        withheld_primary=int((given & (rule != "") & ~second).sum()),
        withheld_secondary=int((given & second).sum()),
        coarser=int(coarser["row"].nunique()),
        rounds=choice.rounds,
        exact=choice.exact,
        audited=choice.audited,
        narrowed=len(choice.exposed_still),
    )
    withheld = rule != ""
    return Protected(
        {name: released[owner == name].reset_index(drop=True) for name in parts},
        {name: told[owner[withheld] == name].reset_index(drop=True) for name in parts},
        log.reset_index(drop=True),
        coarser.drop(columns="row").reset_index(drop=True),
        loss,
    )


def protect(estimates: pd.DataFrame, profile_name: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """One table of estimates as it may leave, and the log of what was withheld, with the true rules."""
    protected = protect_cohort({"all": estimates}, profile_name)
    return protected.estimates["all"], protected.log


def _together(parts: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    filled = [p for p in parts.values() if len(p)]
    if not filled:
        return next(iter(parts.values())).copy()
    plain: list[pd.DataFrame] = []
    kinds: dict[str, dict[object, None]] = {}
    for part in filled:
        labelled = [c for c in part.columns if isinstance(part[c].dtype, pd.CategoricalDtype)]
        plain.append(part.astype(dict.fromkeys(labelled, "object")))
        for column in labelled:
            levels = kinds.setdefault(column, {})
            levels.update(dict.fromkeys(part[column].cat.categories))
    joined = pd.concat(plain, ignore_index=True)
    same = {c: filled[0][c].dtype for c in joined.columns if c not in kinds}
    # one list of categories for all parts: joining lists that differ would lose them
    return joined.astype(same | {c: pd.CategoricalDtype(list(v)) for c, v in kinds.items()})


def _as_it_is(parts: Mapping[str, pd.DataFrame]) -> Protected:
    nothing = pd.DataFrame(columns=list(LOG_COLUMNS))
    return Protected(
        dict(parts),
        dict.fromkeys(parts, nothing),
        nothing,
        pd.DataFrame(columns=list(COARSE_COLUMNS)),
        Loss(sum(len(p) for p in parts.values()), 0, 0, 0, 0, True),
    )


def _with_secondary(
    frame: pd.DataFrame, rule: np.ndarray, profile: Profile, *, secondary: bool
) -> tuple[Counts, Choice, np.ndarray]:
    """What else must go so that nothing withheld can be worked out."""
    groups = families(frame)
    if secondary:
        rule = _whole_breakdowns(rule, groups)
    counts = collect(frame, groups, profile.threshold)
    links = find_links(frame, groups, counts) if secondary else None
    if links is None:
        size = len(counts.names)
        return counts, Choice(np.zeros(size, dtype=bool), np.zeros(size, dtype=bool)), rule
    sensitive = np.flatnonzero(_must_stay_unknown(counts, profile))
    audit = Audit(links, sensitive)

    def seen_when(hidden: BoolArray) -> BoolArray:
        visible = (rule == "") & ~_shows(counts, hidden)
        return columns_seen(counts, visible, profile) & ~hidden

    choice = choose(counts, audit, sensitive, _cost(frame, rule, counts), seen_when, profile)
    taken = (rule == "") & _shows(counts, choice.hidden)
    return counts, choice, np.where(taken, "by_subtraction", rule)


def _whole_breakdowns(rule: np.ndarray, groups: list[Family]) -> np.ndarray:
    """A breakdown of which three levels in four or more are withheld goes as a whole: the rest would tell little."""
    wider = rule.copy()
    for group in groups:
        if not group.parent and len(group.rows) > 2 and np.mean(rule[group.rows] != "") >= 0.75:
            kept = group.rows[rule[group.rows] == ""]
            wider[kept] = "by_subtraction"
    return wider


def _must_stay_unknown(counts: Counts, profile: Profile) -> BoolArray:
    """Small counts; that nobody lacks a value is no secret, that a few do is."""
    only_missing = np.zeros(len(counts.names), dtype=bool)
    only_missing[counts.of["n_missing"][counts.of["n_missing"] >= 0]] = True
    few_missing = is_few_missing(counts.values, profile)
    own = counts.seen_as == np.arange(len(counts.names))
    return own & np.where(only_missing, few_missing, is_small(counts.values, profile))


def _shows(counts: Counts, hidden: BoolArray) -> BoolArray:
    """Rows in which one of these counts stands."""
    padded = np.append(hidden, False)  # -1, no count, reads the last place
    columns = [padded[counts.of[c]] for c in (*PEOPLE_COUNTS, "estimate")]
    return np.logical_or.reduce(columns)


def _cost(frame: pd.DataFrame, rule: np.ndarray, counts: Counts) -> FloatArray:
    """Loss when a count is withheld: its rows, by how much a reader would miss them.

    Figures of one breakdown count three times, of the whole cohort ten times, and those the report rests on (everyone
    referred, started, with both forms) a thousand times.
    """
    main = (text(frame, "model") == "") & (text(frame, "specification") == "")
    dimensions = text(frame, "dimensions")
    depth = np.array([d.count("=") for d in dimensions])
    weight = np.where(main & (depth == 0), 10.0, np.where(main & (depth == 1), 3.0, 1.0))
    weight[main & (depth == 0) & np.isin(text(frame, "population"), RESTS_ON)] = 1000.0
    weight[main & (depth == 1) & np.isin(text(frame, "term"), SHOWN_FIRST)] = 1000.0
    weight[rule != ""] = 0.0
    cost = np.zeros(len(counts.names))
    for column in (*PEOPLE_COUNTS, "estimate"):
        numbers = counts.of[column]
        np.add.at(cost, numbers[numbers >= 0], weight[numbers >= 0])
    missing = counts.of["n_missing"]
    np.add.at(cost, missing[missing >= 0], 0.1)
    return cost


def _released(
    frame: pd.DataFrame, rule: np.ndarray, counts: Counts, choice: Choice, profile: Profile
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows as they are seen, and where a count is rounded more coarsely."""
    released = frame.copy()
    people = _people(released)
    coarse_rows = []
    for column in COUNT_COLUMNS:
        values, coarse = _rounded_column(released, column, counts, choice, profile)
        released[column] = pd.array(
            [None if np.isnan(v) else int(v) for v in values], dtype="Int32"
        )
        coarse_rows += [(int(row), column) for row in np.flatnonzero(coarse & (rule == ""))]
    shown = _people(released)
    values, coarse = _rounded_column(released, "estimate", counts, choice, profile)
    is_count = counts.of["estimate"] >= 0
    coarse_rows += [(int(row), "estimate") for row in np.flatnonzero(coarse & (rule == ""))]
    released = rates_again(rounded_numbers(released, people, shown, profile))
    released["estimate"] = np.where(is_count, values, released["estimate"].astype("float64"))
    withheld = rule != ""
    released.loc[withheld, [*NUMBERS, *COUNT_COLUMNS]] = np.nan
    released.loc[withheld, "status"] = "withheld"
    released["note"] = [_clean_note(n, profile) for n in text(released, "note")]
    released.loc[withheld, "note"] = [_openly(r, profile)[1] for r in rule[withheld]]
    return released, _coarser(released, coarse_rows, profile)


def _people(frame: pd.DataFrame) -> FloatArray:
    """Number of people each row rests on."""
    values = frame["n_patients"].fillna(frame["denominator"]).astype("float64")
    return np.asarray(values, dtype=np.float64)


def _rounded_column(
    frame: pd.DataFrame, column: str, counts: Counts, choice: Choice, profile: Profile
) -> tuple[FloatArray, BoolArray]:
    """A column of counts as it is shown, and where it is rounded coarsely."""
    values = np.array(frame[column].astype("float64"), dtype=np.float64)
    numbers = counts.of.get(column, np.full(len(frame), -1))
    known = numbers >= 0
    coarse = known & np.append(choice.coarse, False)[numbers]
    if column in SIDE_COUNTS:
        hidden = known & np.append(choice.hidden, False)[numbers]
        values[is_small(values, profile) | hidden] = np.nan
    if column == "estimate":
        return np.where(known, rounded(values, coarse, profile), values), coarse
    return rounded(values, coarse, profile), coarse


def _coarser(frame: pd.DataFrame, cells: list[tuple[int, str]], profile: Profile) -> pd.DataFrame:
    from naturalistic.release.suppression.shown import COARSER

    rows = [row for row, _ in cells]
    table = frame.iloc[rows][list(KEY_COLUMNS)].reset_index(drop=True)
    table["column"] = [column for _, column in cells]
    table["rounded_to"] = COARSER * profile.rounding_base
    return table.assign(row=rows)


def _clean_note(note: str, profile: Profile) -> str:
    """A note without a small number of people in it."""

    def said(match: re.Match[str]) -> str:
        small = is_small(float(match[0]), profile)
        return f"{profile.threshold} or fewer" if small else match[0]

    return _NUMBER_OF_PEOPLE.sub(said, note)


def _openly(rule: str, profile: Profile) -> tuple[str, str]:
    if rule in OPENLY:
        return rule, RULES[rule].format(**profile.model_dump())
    return TOLD_RULE, TOLD.format(**profile.model_dump())


def _log(frame: pd.DataFrame, rule: np.ndarray, profile: Profile, *, openly: bool) -> pd.DataFrame:
    withheld = rule != ""
    names = [_openly(r, profile)[0] if openly else r for r in rule[withheld]]
    reasons = [
        _openly(r, profile)[1] if openly else RULES[r].format(**profile.model_dump())
        for r in rule[withheld]
    ]
    return frame.loc[withheld, list(KEY_COLUMNS)].assign(rule=names, reason=reasons)
