"""The numbers of a row as they may be seen: as if it rested on the rounded number of people."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import ndtri, stdtr, stdtrit

from naturalistic.release.profiles import Profile
from naturalistic.release.rounding import coarsen, round_counts
from naturalistic.release.row_keys import text
from naturalistic.release.suppression.shown import BoolArray, FloatArray
from naturalistic.stats.rates import wilson_limits
from naturalistic.vocabulary import ESTIMANDS

ON_A_LATTICE = (
    # shares without a numerator: seen in steps of `rounding_base` people, so that no step of a curve is a person
    "survival_probability",
    "cumulative_incidence",
    "proportion",
    "share_of_started",
    "probability_of_improvement",
)

OF_SESSIONS = (
    # terms that are shares of all sessions booked or offered, to which a person adds many: as means of people are, they are
    # given by their error, not in steps of people
    "absence",
    "share_of_hours_missed",
    "expected_after_kept",
    "expected_after_missed",
    "missed_after_kept",
    "missed_after_missed",
)

PROPORTIONAL = (
    # a known multiple of the number of people: whoever knows the multiple (a population, stated sessions) knows the number
    "rate_per_100000",
    "sessions_needed",
    "staff_needed",
)


def rounded_numbers(
    frame: pd.DataFrame, people: FloatArray, shown_people: FloatArray, profile: Profile
) -> pd.DataFrame:
    """Estimates, errors, limits and tests at the precision that may leave.

    A standard error falls with the root of the number of people, and a limit carries the error. Both are first put on
    the rounded number of people n': SE' = SE sqrt(n / n'), the limits moved likewise and from the t quantile of the
    old to that of the new degrees of freedom. n worked back from them is then n', however many figures are put together.
    Figures that are a multiple of the number of people are made that of n'.
    Then everything is rounded to a step of `rounding_base` / (2 n') of the standard error.

    Parameters
    ----------
    frame : DataFrame
        Rows at full precision.
    people, shown_people : array of float, shape (rows,)
        Number of people each row rests on, exact and as shown; NaN where there is none.
    profile : Profile
        Rules.
    """
    frame = _of_shown_people(frame, people, shown_people)
    frame = _as_if(frame, people, shown_people, profile)
    return _on_a_lattice(_coarse(frame, profile.rounding_base, shown_people), shown_people, profile)


def _floats(frame: pd.DataFrame, column: str) -> FloatArray:
    return np.array(frame[column].astype("float64"), dtype=np.float64)


def _of_shown_people(frame: pd.DataFrame, people: FloatArray, shown: FloatArray) -> pd.DataFrame:
    rows = np.isin(text(frame, "estimand"), PROPORTIONAL) & (people > 0) & (shown > 0)
    factor = np.where(rows, np.where(rows, shown, 1.0) / np.where(rows, people, 1.0), 1.0)
    for name in ("estimate", "conf_low", "conf_high", "std_error"):
        frame[name] = _floats(frame, name) * factor
    return frame


def _as_if(
    frame: pd.DataFrame, people: FloatArray, shown: FloatArray, profile: Profile
) -> pd.DataFrame:
    usable = np.isfinite(people) & (people > 0) & np.isfinite(shown) & (shown > 0)
    factor = np.where(
        usable, np.sqrt(np.where(usable, people, 1) / np.where(usable, shown, 1)), 1.0
    )
    df, level = _floats(frame, "df"), _floats(frame, "conf_level")
    new_df = _degrees_of_freedom(df, people, shown, profile)
    width = factor * _quantile(new_df, level) / _quantile(df, level)
    middle = _on_analysis_scale(frame, "estimate")
    for name in ("conf_low", "conf_high"):
        moved = middle + (_on_analysis_scale(frame, name) - middle) * width
        frame[name] = _back(frame, moved, _floats(frame, name))
    frame["std_error"] = _floats(frame, "std_error") * factor
    statistic, p = _floats(frame, "statistic"), _floats(frame, "p_value")
    follows_t = np.isfinite(df) & np.isfinite(statistic) & np.isfinite(p)
    follows_t &= (
        np.abs(p - 2 * stdtr(np.where(follows_t, df, 1), -np.abs(np.nan_to_num(statistic)))) < 1e-6
    )
    statistic = np.where(follows_t, statistic / factor, statistic)
    again = 2 * stdtr(np.where(follows_t, new_df, 1), -np.abs(np.nan_to_num(statistic)))
    frame["p_value"] = np.where(follows_t, again, p)
    frame["statistic"], frame["df"] = statistic, new_df
    return frame


def _degrees_of_freedom(
    df: FloatArray, people: FloatArray, shown: FloatArray, profile: Profile
) -> FloatArray:
    """People less the terms of a model move with the rounded number of people; others are rounded as counts are."""
    residual = np.isfinite(people) & (df > people / 2) & (df < people)
    moved = np.maximum(df + shown - people, 1.0)
    alone = np.maximum(round_counts(df, profile.rounding_base), profile.rounding_base)
    return np.where(np.isfinite(df), np.where(residual, moved, alone), np.nan)


def _quantile(df: FloatArray, level: FloatArray) -> FloatArray:
    at = 0.5 + np.where(np.isfinite(level), level, 0.95) / 2
    by_t = np.isfinite(df) & (df > 0)
    return np.where(by_t, stdtrit(np.where(by_t, df, 1.0), at), ndtri(at))


def _scales(frame: pd.DataFrame) -> np.ndarray:
    return np.array([ESTIMANDS[e].scale for e in text(frame, "estimand")], dtype=object)


def _on_analysis_scale(frame: pd.DataFrame, column: str) -> FloatArray:
    values, scale = _floats(frame, column), _scales(frame)
    out = values.copy()
    with np.errstate(divide="ignore", invalid="ignore"):
        log = scale == "log"
        out[log] = np.log(values[log])
        fisher = scale == "fisher_z"
        out[fisher] = np.arctanh(values[fisher])
        logit = scale == "logit"
        out[logit] = np.log(values[logit] / (1 - values[logit]))
    return out


def _back(frame: pd.DataFrame, moved: FloatArray, before: FloatArray) -> FloatArray:
    scale = _scales(frame)
    out = moved.copy()
    log, fisher, logit = (scale == s for s in ("log", "fisher_z", "logit"))
    out[log] = np.exp(moved[log])
    out[fisher] = np.tanh(moved[fisher])
    out[logit] = 1 / (1 + np.exp(-moved[logit]))
    # limits of shares stay shares; a limit without bound, or of an estimate that is not given, stays as it was
    # a difference of shares (null 0) has limits on both sides of 0
    share = np.array(
        [
            ESTIMANDS[e].unit == "proportion" and ESTIMANDS[e].null != 0.0
            for e in text(frame, "estimand")
        ],
        dtype=bool,
    )
    share |= np.isin(text(frame, "estimand"), ON_A_LATTICE)
    out = np.where(share, np.clip(out, 0.0, 1.0), out)
    return np.where(np.isfinite(out), out, before)


def _coarse(frame: pd.DataFrame, base: int, people: FloatArray) -> pd.DataFrame:
    """Numbers in steps of base / (2 n) of their standard error (of twice that for limits and estimates).

    The error is that on the analysis scale, and so is the step: a ratio of 0.3 is given in finer steps than one of 3.
    """
    share = base / (2 * np.where(np.isfinite(people) & (people > 0), people, 1.0))
    error = _floats(frame, "std_error")
    width = (_on_analysis_scale(frame, "conf_high") - _on_analysis_scale(frame, "conf_low")) / 4
    spread = np.where(np.isfinite(error) & (error > 0), error, width)
    known = np.isfinite(spread) & (spread > 0)
    size = np.abs(_floats(frame, "estimate"))
    for name in ("estimate", "conf_low", "conf_high"):
        values = _floats(frame, name)
        step = np.where(known, spread * _slope(frame, values), size)
        frame[name] = coarsen(values, 2 * share * step)
    frame["std_error"] = coarsen(error, error * share)
    for name in ("statistic", "p_value"):
        values = _floats(frame, name)
        frame[name] = coarsen(values, np.abs(values) * np.maximum(share, 0.005))
    return frame


def _slope(frame: pd.DataFrame, values: FloatArray) -> FloatArray:
    """How fast quoted values move with the analysis scale: 1, or for a ratio the ratio itself."""
    scale = _scales(frame)
    slopes = {
        "log": np.abs(values),
        "logit": np.abs(values * (1 - values)),
        "fisher_z": np.abs(1 - values**2),
    }
    return np.select([scale == s for s in slopes], list(slopes.values()), 1.0)


def _on_a_lattice(frame: pd.DataFrame, people: FloatArray, profile: Profile) -> pd.DataFrame:
    """Shares in steps of as many people as counts are rounded to: no step of a curve is an individual.

    Limits are rounded outwards: an interval in wide steps would otherwise leave out what it should hold.
    """
    rows = np.isin(text(frame, "estimand"), ON_A_LATTICE) & np.isfinite(people) & (people > 0)
    rows &= ~np.isin(text(frame, "term"), OF_SESSIONS)
    step = np.where(rows, profile.rounding_base / np.where(rows, people, 1.0), np.nan)
    for name in ("estimate", "conf_low", "conf_high"):
        values = _floats(frame, name)
        # what lies on a step already, but for the last digits, stays there
        steps = {
            "estimate": np.floor(values / step + 0.5),
            "conf_low": np.floor(values / step + 1e-9),
            "conf_high": np.ceil(values / step - 1e-9),
        }
        whole = steps[name] * step
        frame[name] = np.where(rows & np.isfinite(values), np.clip(whole, 0.0, 1.0), values)
    return frame


def rates_again(frame: pd.DataFrame) -> pd.DataFrame:
    """Rates computed again from their rounded counts, with the limits of the method that made them."""
    shares = np.array([ESTIMANDS[e].unit == "proportion" for e in text(frame, "estimand")])
    counted = (frame["numerator"].notna() & (frame["denominator"].fillna(0) > 0)).to_numpy()
    rate: BoolArray = shares & counted & frame["estimate"].notna().to_numpy()
    if not rate.any():
        return frame
    bottom = _floats(frame, "denominator")
    share = np.minimum(_floats(frame, "numerator"), bottom) / np.where(rate, bottom, 1.0)
    frame["estimate"] = np.where(rate, share, _floats(frame, "estimate"))
    limited = rate & frame["conf_low"].notna().to_numpy()
    if limited.any():
        size, z = _effective(frame[limited], share[limited], bottom[limited])
        low, high = wilson_limits(share[limited], size, z)
        frame.loc[limited, "conf_low"] = low
        frame.loc[limited, "conf_high"] = high
    frame["std_error"] = np.where(rate, np.nan, _floats(frame, "std_error"))
    return frame


def _effective(
    frame: pd.DataFrame, share: FloatArray, people: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Number of people and quantile for Wilson's limits.

    A rate with degrees of freedom had its limits from therapists (`stats.rates.clustered_rate`): the effective number of
    people follows from its standard error, which is rounded already.
    """
    level, df, error = (_floats(frame, c) for c in ("conf_level", "df", "std_error"))
    clustered = np.isfinite(df) & (error > 0)
    variance = np.where(clustered, error, 1.0) ** 2
    size = np.where(clustered, share * (1 - share) / variance, people)
    quantile = stdtrit(np.where(clustered, np.maximum(df, 1.0), 1.0), 0.5 + level / 2)
    return np.where(size > 0, size, people), np.where(clustered, quantile, ndtri(0.5 + level / 2))
