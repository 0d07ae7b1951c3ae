"""Disclosure control of estimates: what rests on few people is withheld, the rest is rounded.

Rules of this version, applied row by row and then across the rows of one breakdown:

1. A row whose people, events, numerator or the rest of its denominator number at most the threshold is withheld.
2. Where exactly one level of a breakdown is withheld, the smallest other level is withheld too: otherwise the total
   gives it back.
3. Counts are rounded; a proportion is computed again from the rounded counts, with its Wilson interval.
4. Means, SDs, standard errors, limits, test statistics and degrees of freedom are rounded so coarsely that the number
   of people they imply spans at least the rounding base.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import ndtri, stdtrit

from naturalistic.release.profiles import Profile, load_profile
from naturalistic.release.rounding import coarsen, round_counts
from naturalistic.stats.rates import wilson_limits
from naturalistic.tables.estimates import COUNT_COLUMNS, KEY_COLUMNS
from naturalistic.vocabulary import ESTIMANDS

NUMBERS = (
    "estimate",
    "std_error",
    "conf_low",
    "conf_high",
    "statistic",
    "df",
    "p_value",
)
PEOPLE_COUNTS = ("n_patients", "n_episodes", "n_events", "numerator", "denominator")
SIDE_COUNTS = ("n_therapists", "n_missing")  # left empty when small; the row itself may stand
RULES = {
    "few_people": "rests on {threshold} or fewer people",
    "few_others": "all but {threshold} or fewer people have it",
    "no_count": "no number of people stands beside it",
    "by_subtraction": "withheld so that another withheld figure cannot be worked out by subtraction",
}
LOG_COLUMNS = (*KEY_COLUMNS, "rule", "reason")


def protect(estimates: pd.DataFrame, profile_name: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Estimates as they may leave, and the log of what was withheld.

    Parameters
    ----------
    estimates : DataFrame
        Rows of the estimates table at full precision.
    profile_name : str
        Disclosure profile.

    Returns
    -------
    released : DataFrame
        The same rows; withheld rows keep their key and carry the status ``withheld`` with the reason in `note`.
    log : DataFrame
        One row a withheld row: its key, the rule and the reason. It holds no count.
    """
    profile = load_profile(profile_name)
    released = estimates.reset_index(drop=True).copy()
    if not profile.may_leave:
        return released, pd.DataFrame(columns=list(LOG_COLUMNS))
    rule = _primary(released, profile)
    rule = rule.where(rule != "", _secondary(released, rule))
    reasons = {name: text.format(threshold=profile.threshold) for name, text in RULES.items()}
    withheld = rule != ""
    released = _rounded(released, profile)
    released.loc[withheld, [*NUMBERS, *COUNT_COLUMNS]] = np.nan
    released.loc[withheld, "status"] = "withheld"
    released.loc[withheld, "note"] = rule[withheld].map(reasons)
    log = released.loc[withheld, list(KEY_COLUMNS)].assign(
        rule=rule[withheld], reason=rule[withheld].map(reasons)
    )
    return released, log.reset_index(drop=True)


def _small(counts: pd.Series, profile: Profile) -> pd.Series:
    values = counts.astype("float64")
    floor = values >= 0 if profile.withhold_zero else values > 0
    return (values <= profile.threshold) & floor


def _primary(frame: pd.DataFrame, profile: Profile) -> pd.Series:
    """Rule by which each row is withheld on its own; empty where it is not."""
    few = pd.DataFrame({name: _small(frame[name], profile) for name in PEOPLE_COUNTS}).any(axis=1)
    # a rate of 98 of 100 tells as much about two people as a rate of 2 of 100
    rest = frame["denominator"].astype("float64") - frame["numerator"].astype("float64")
    has_number = frame[list(NUMBERS)].notna().any(axis=1)
    counts = frame[list(PEOPLE_COUNTS)].notna().any(axis=1)
    rule = pd.Series("", index=frame.index, dtype="object")
    rule[has_number & ~counts] = "no_count"
    rule[_small(rest, profile)] = "few_others"
    rule[few] = "few_people"
    return rule


def _secondary(frame: pd.DataFrame, rule: pd.Series) -> pd.Series:
    """Rule by which a row is withheld for the sake of another row of the same breakdown."""
    second = pd.Series("", index=frame.index, dtype="object")
    broken_down = frame["dimensions"].astype("string").fillna("") != ""
    if not broken_down.any():
        return second
    names = frame["dimensions"].astype("string").str.replace(r"=[^;]*", "", regex=True)
    keys = [c for c in KEY_COLUMNS if c not in ("dimensions", "time")]
    group = frame[keys].astype("string").fillna("").agg("\x1f".join, axis=1)
    group = group + "\x1f" + frame["time"].astype("string").fillna("") + "\x1f" + names
    size = frame["numerator"].fillna(frame["n_patients"]).astype("float64")
    for _, rows in frame[broken_down].groupby(group[broken_down], sort=False):
        hidden = rows.index[rule[rows.index] != ""]
        open_rows = rows.index.difference(hidden, sort=False)
        if len(hidden) == 1 and len(open_rows) > 0 and size[open_rows].notna().any():
            smallest = int(np.nanargmin(size[open_rows].to_numpy()))
            second.iloc[int(open_rows[smallest])] = "by_subtraction"
    return second


def _rounded(frame: pd.DataFrame, profile: Profile) -> pd.DataFrame:
    base = profile.rounding_base
    people = frame["n_patients"].fillna(frame["denominator"]).astype("float64").to_numpy()
    frame = _coarsened(frame, base, people)
    for name in COUNT_COLUMNS:
        if name in SIDE_COUNTS:
            frame[name] = frame[name].mask(_small(frame[name], profile))
        frame[name] = pd.array(
            [None if np.isnan(v) else int(v) for v in round_counts(_floats(frame[name]), base)],
            dtype="Int32",
        )
    is_count = frame["estimand"].astype("string").map(lambda e: ESTIMANDS[e].unit == "people")
    frame.loc[is_count, "estimate"] = round_counts(_floats(frame.loc[is_count, "estimate"]), base)
    return _recomputed_rates(frame)


def _floats(values: pd.Series) -> np.ndarray:
    return values.astype("float64").to_numpy()


def _recomputed_rates(frame: pd.DataFrame) -> pd.DataFrame:
    rate = (
        frame["numerator"].notna()
        & (frame["denominator"].fillna(0) > 0)
        & frame["estimate"].notna()
        & frame["estimand"].astype("string").map(lambda e: ESTIMANDS[e].unit == "proportion")
    ).to_numpy(dtype=bool)
    if not rate.any():
        return frame
    top = np.minimum(_floats(frame["numerator"])[rate], _floats(frame["denominator"])[rate])
    bottom = _floats(frame["denominator"])[rate]
    frame.loc[rate, "estimate"] = top / bottom
    with_limits = rate & frame["conf_low"].notna().to_numpy()
    if with_limits.any():
        chosen = with_limits[rate]
        share = top[chosen] / bottom[chosen]
        size, z = _effective(frame[with_limits], share, bottom[chosen])
        low, high = wilson_limits(share, size, z)
        frame.loc[with_limits, "conf_low"] = low
        frame.loc[with_limits, "conf_high"] = high
    frame.loc[rate, "std_error"] = np.nan
    return frame


def _effective(
    frame: pd.DataFrame, share: np.ndarray, people: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Number of people and quantile for Wilson's limits.

    A rate with degrees of freedom had its limits from therapists (`stats.rates.clustered_rate`): the effective number of
    people follows from its standard error, which is rounded already.
    """
    level = _floats(frame["conf_level"])
    df, error = _floats(frame["df"]), _floats(frame["std_error"])
    clustered = np.isfinite(df) & (error > 0)
    variance = np.where(clustered, error, 1.0) ** 2
    size = np.where(clustered, np.minimum(people, share * (1 - share) / variance), people)
    quantile = stdtrit(np.where(clustered, np.maximum(df, 1.0), 1.0), 0.5 + level / 2)
    return np.where(size > 0, size, people), np.where(clustered, quantile, ndtri(0.5 + level / 2))


def _coarsened(frame: pd.DataFrame, base: int, people: np.ndarray) -> pd.DataFrame:
    """Numbers rounded so that the people they imply span at least `base`.

    n is proportional to the inverse square of a standard error, so an error known to a relative precision q gives n
    to a relative precision 2q: the step is base / (2 n) of the standard error.
    """
    share = base / (2 * np.maximum(people, 1.0))
    error = _floats(frame["std_error"])
    width = (_floats(frame["conf_high"]) - _floats(frame["conf_low"])) / 4
    spread = np.where(np.isfinite(error) & (error > 0), error, width)
    spread = np.where(
        np.isfinite(spread) & (spread > 0), spread, np.abs(_floats(frame["estimate"]))
    )
    for name in ("estimate", "conf_low", "conf_high"):
        frame[name] = coarsen(_floats(frame[name]), 2 * spread * share)
    frame["std_error"] = coarsen(error, error * share)
    for name in ("statistic", "p_value"):
        values = _floats(frame[name])
        frame[name] = coarsen(values, np.abs(values) * np.maximum(share, 0.005))
    frame["df"] = round_counts(_floats(frame["df"]), base)
    return frame
