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

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from naturalistic.release.primary import NUMBERS, primary_rule
from naturalistic.release.profiles import load_profile
from naturalistic.release.row_keys import text
from naturalistic.release.rows import COARSE_COLUMNS, LOG_COLUMNS, released_rows, withheld_log
from naturalistic.release.secondary import Withheld, withhold
from naturalistic.release.words import check_names


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
    ruled_out : int
        Withheld counts of which the relations between counts alone rule out some number, whatever is released.
    """

    given: int
    withheld_primary: int
    withheld_secondary: int
    coarser: int
    rounds: int
    exact: bool
    audited: bool = True
    ruled_out: int = 0


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
    estimates: Mapping[str, pd.DataFrame],
    profile_name: str,
    *,
    primary: tuple[str, str] | None = None,
    earlier: Mapping[str, pd.DataFrame] | None = None,
    secondary: bool = True,
) -> Protected:
    """All estimates of a cohort as they may leave, and what was withheld.

    Parameters
    ----------
    estimates : mapping of str to DataFrame
        Rows of the estimates table at full precision, by analysis.
    profile_name : str
        Disclosure profile.
    primary : tuple of str, optional
        Instrument and scale the report leads with: its figures are the last to be withheld.
    earlier : mapping of str to DataFrame, optional
        What earlier releases of the cohort showed, from `ledger.ledger_entry`: with both, no more must follow.
    secondary : bool
        For tests only: without it, withheld counts can be worked out.

    Raises
    ------
    DisclosureError
        The name of a level could identify a person or do harm (`words.check_names`).
    """
    profile = load_profile(profile_name)
    parts = {name: frame.reset_index(drop=True) for name, frame in estimates.items()}
    if not profile.may_leave:
        return _as_it_is(parts)
    frame = _together(parts)
    owner = np.repeat(list(parts), [len(part) for part in parts.values()])
    withheld = withhold(
        frame,
        primary_rule(frame, profile),
        profile,
        primary=primary,
        earlier=earlier,
        secondary=secondary,
    )
    released, coarser = released_rows(frame, withheld, profile)
    check_names({"": released})
    log = withheld_log(released, withheld.rule, profile, openly=False)
    told = withheld_log(released, withheld.rule, profile, openly=True)
    gone = withheld.rule != ""
    return Protected(
        {name: released[owner == name].reset_index(drop=True) for name in parts},
        {name: told[owner[gone] == name].reset_index(drop=True) for name in parts},
        log.reset_index(drop=True),
        coarser.drop(columns="row").reset_index(drop=True),
        _loss(frame, withheld, int(coarser["row"].nunique())),
    )


def _loss(frame: pd.DataFrame, withheld: Withheld, coarser: int) -> Loss:
    given = (text(frame, "status") == "ok") & frame[list(NUMBERS)].notna().any(axis=1).to_numpy()
    second, choice = withheld.rule == "by_subtraction", withheld.choice
    return Loss(
        given=int(given.sum()),
        withheld_primary=int((given & (withheld.rule != "") & ~second).sum()),
        withheld_secondary=int((given & second).sum()),
        coarser=coarser,
        rounds=choice.rounds,
        exact=choice.exact,
        audited=choice.audited,
        ruled_out=len({count for count, _ in choice.given_up}),
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
