"""Sudden gains and losses between sessions after Tang and DeRubeis (1999)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view
from scipy.special import stdtrit

from naturalistic.stats.paired_scores import BetterIs, FloatArray, check_direction
from naturalistic.stats.reliable_change import BoolArray, exceeds

_WINDOW = 3


@dataclass(frozen=True, slots=True)
class SuddenGains:
    """Which session-to-session intervals hold a sudden gain or loss.

    All arrays have shape (n_patients, n_sessions - 1); column j is the interval from session j to
    session j + 1, counted from 0.

    Attributes
    ----------
    evaluable : ndarray of bool
        Scores at both ends, and at least two of three on either side.
    gain, loss : ndarray of bool
        All criteria met; False where not evaluable.
    reversed_gain : ndarray of bool
        Gains half of which is lost again at any later session (Tang & DeRubeis 1999, p. 896).
    critical_value : ndarray of float
        t quantile used for the third criterion; NaN where not evaluable.
    """

    evaluable: BoolArray
    gain: BoolArray
    loss: BoolArray
    reversed_gain: BoolArray
    critical_value: FloatArray


@dataclass(frozen=True, slots=True)
class _Side:
    """Up to three scores before, or after, each interval."""

    count: npt.NDArray[np.int64]
    mean: FloatArray
    squares: FloatArray


def _side(windows: FloatArray) -> _Side:
    """Count, mean and sum of squares about it over the last axis, without the missing scores."""
    seen = ~np.isnan(windows)
    count = seen.sum(axis=-1)
    filled = np.where(seen, windows, 0.0)
    mean = np.divide(filled.sum(axis=-1), count, out=np.full(count.shape, np.nan), where=count > 0)
    deviation = np.where(seen, filled - mean[..., np.newaxis], 0.0)
    return _Side(count=count, mean=mean, squares=np.sum(deviation**2, axis=-1))


def _sides(scores: FloatArray) -> tuple[_Side, _Side]:
    padding = np.full((scores.shape[0], _WINDOW - 1), np.nan)
    padded = np.concatenate([padding, scores, padding], axis=1)
    windows = sliding_window_view(padded, _WINDOW, axis=1)
    n_intervals = scores.shape[1] - 1
    # Window j of the padded scores ends at session j; window j + 3 begins at session j + 1.
    return _side(windows[:, :n_intervals]), _side(windows[:, _WINDOW : n_intervals + _WINDOW])


def _critical_values(df: npt.NDArray[np.int64], alpha: float, adjust: bool) -> FloatArray:
    used = df if adjust else np.full(df.shape, 2 * _WINDOW - 2)
    values = np.full(df.shape, np.nan)
    for each in np.unique(used[df > 0]):
        values[(used == each) & (df > 0)] = float(stdtrit(float(each), 1.0 - alpha / 2.0))
    return values


def find_sudden_gains(
    scores: npt.ArrayLike,
    *,
    minimal_change: float,
    better_is: BetterIs,
    proportion: float | None = 0.25,
    alpha: float = 0.05,
    adjust_critical_value: bool = True,
) -> SuddenGains:
    r"""Sudden gains, and losses as their mirror, in session-by-session scores.

    Between session n and n + 1 a gain is sudden if (Tang & DeRubeis 1999, p. 895)

    1. it is large in absolute terms: at least `minimal_change`, usually the reliable change;
    2. it is large relative to the score before it: at least `proportion` of it;
    3. it is large against fluctuation: the mean of sessions n-2, n-1, n exceeds that of n+1, n+2,
       n+3 by more than :math:`t\sqrt{(SS_{before} + SS_{after})/(n_{before} + n_{after} - 2)}`.

    The original has no :math:`\sqrt{1/n_1 + 1/n_2}` in the third criterion, so it is stricter than a
    t test. With one or two of the six scores missing (at least two a side needed) t has 3 or 2
    degrees of freedom: 3.182 and 4.303 for 2.776 (Lutz et al. 2013).

    Parameters
    ----------
    scores : array_like, shape (n_patients, n_sessions)
        Scores by session, NaN where missing or after the last session.
    minimal_change : float
        Positive, in the unit of the scale.
    better_is : {'lower', 'higher'}
        Direction of the scale.
    proportion : float, optional
        Of the score before the change; None leaves the second criterion out (it has no meaning on a
        scale that can be 0 or negative for reasons of its own).
    alpha : float
        Two-sided level of the t quantile.
    adjust_critical_value : bool
        Lutz et al.'s quantiles for missing scores; False uses 4 df throughout.

    Returns
    -------
    SuddenGains

    Raises
    ------
    ValueError
        If `scores` is not two-dimensional, holds an infinite score, or an argument is out of range.
    """
    check_direction(better_is)
    table = np.asarray(scores, dtype=np.float64)
    _check_arguments(table, minimal_change, proportion, alpha)
    before, after = _sides(table)
    step = table[:, :-1] - table[:, 1:]
    evaluable = ~np.isnan(step) & (before.count >= 2) & (after.count >= 2)
    df = np.where(evaluable, before.count + after.count - 2, 0)
    critical = _critical_values(df, alpha, adjust_critical_value)
    pooled = np.sqrt((before.squares + after.squares) / np.where(evaluable, df, 1))
    sign = 1.0 if better_is == "lower" else -1.0
    found = []
    for direction in (sign, -sign):
        change = direction * step
        met = evaluable & exceeds(change, minimal_change, strict=False)
        if proportion is not None:
            met &= exceeds(change, proportion * table[:, :-1], strict=False)
        fluctuation = exceeds(
            direction * (before.mean - after.mean), critical * pooled, strict=True
        )
        found.append(met & fluctuation)
    return SuddenGains(
        evaluable=evaluable,
        gain=found[0],
        loss=found[1],
        reversed_gain=_reversed(table, found[0], sign),
        critical_value=critical,
    )


def _check_arguments(
    table: FloatArray, minimal_change: float, proportion: float | None, alpha: float
) -> None:
    if table.ndim != 2 or table.shape[1] < 2 or np.any(np.isinf(table)):
        raise ValueError("scores must be patients by at least two sessions, finite or NaN")
    if not (minimal_change > 0.0 and 0.0 < alpha < 1.0):
        raise ValueError("minimal_change must be positive and alpha within (0, 1)")
    if proportion is not None and not proportion > 0.0:
        raise ValueError("proportion must be positive or None")


def _reversed(table: FloatArray, gain: BoolArray, sign: float) -> BoolArray:
    """Gains of which a later session shows at least half lost."""
    worse_is_higher = sign * table
    filled = np.where(np.isnan(worse_is_higher), -np.inf, worse_is_higher)
    worst_from = np.maximum.accumulate(filled[:, ::-1], axis=1)[:, ::-1]
    worst_later = np.full(gain.shape, -np.inf)
    worst_later[:, :-1] = worst_from[:, 2:]
    halfway = 0.5 * (worse_is_higher[:, :-1] + worse_is_higher[:, 1:])
    return gain & exceeds(worst_later, halfway, strict=False)
