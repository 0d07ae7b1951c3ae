"""Bootstrap of pre/post effect sizes, by patient or by therapist, with BCa limits."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from naturalistic.stats.change_sums import (
    ChangeMeasure,
    ChangeOfSums,
    checked_change,
    sums_of_units,
)
from naturalistic.stats.effect_size_intervals import bca_interval
from naturalistic.stats.paired_scores import BetterIs, FloatArray
from naturalistic.stats.result import Estimate, not_estimable

#: Counts held at once: 4 million, about 100 MB with what NumPy needs around them.
_CELLS_AT_ONCE = 4_000_000
#: Below this a bootstrap of therapists is too narrow (benchmarks/effect_size_coverage.md).
ENOUGH_THERAPISTS = 50
#: With more resamples than this without a value (no spread in them) there is no interval.
_LARGEST_SHARE_LOST = 0.01


def _resampled_sums(
    units: FloatArray, draws: int, rng: np.random.Generator
) -> Iterator[FloatArray]:
    """Sums of resamples of the units, with replacement, in blocks that fit in memory."""
    n = units.shape[0]
    block = max(1, min(draws, _CELLS_AT_ONCE // n))
    for start in range(0, draws, block):
        size = min(block, draws - start)
        picks = rng.integers(n, size=(size, n)) + n * np.arange(size)[:, np.newaxis]
        counts = np.bincount(picks.ravel(), minlength=size * n).reshape(size, n)
        yield counts @ units


def bootstrap_change(
    pre: npt.ArrayLike,
    post: npt.ArrayLike,
    *,
    measure: ChangeMeasure,
    better_is: BetterIs,
    rng: np.random.Generator,
    draws: int = 2000,
    cluster: npt.ArrayLike | None = None,
    bias_corrected: bool = True,
    external_sd: float | None = None,
    conf_level: float = 0.95,
) -> Estimate:
    """Effect size with a bias-corrected accelerated bootstrap interval (Efron 1987).

    Patients are drawn with replacement; with `cluster`, therapists with all their patients are
    (Davison & Hinkley 1997, section 3.8), and the acceleration comes from leaving out one therapist
    at a time. The estimand and the point estimate are those of the closed forms.

    Parameters
    ----------
    pre, post, measure, better_is, cluster, bias_corrected, external_sd, conf_level
        As in `effect_size_jackknife.jackknife_change`.
    rng : numpy.random.Generator
        Source of the draws; row order and the labels of therapists do not change them.
    draws : int
        Resamples, at least 100.

    Returns
    -------
    Estimate
        `std_error` is the SD of the resampled values. Not estimable with fewer than three patients
        or therapists, where the value does not exist, or where more than 1 % of the resamples have
        none; up to that they are left out and counted in the note. With fewer than 50 therapists the
        interval is too narrow and says so (93 % coverage at 40, 88 % at 12):
        `effect_size_jackknife.jackknife_change` holds there.

    Raises
    ------
    ValueError
        If shapes differ, a score is missing, or an argument is out of range.
    """
    first, last = checked_change(
        pre,
        post,
        measure=measure,
        better_is=better_is,
        external_sd=external_sd,
        conf_level=conf_level,
    )
    if draws < 100:
        raise ValueError("draws must be at least 100")
    unit_word = "patients" if cluster is None else "therapists"
    method = f"{measure}, BCa bootstrap of {unit_word}, {draws} draws"
    if first.size < 3:
        return not_estimable("fewer than three patients", method=method, conf_level=conf_level)
    units, centre = sums_of_units(first, last, cluster)
    if units.shape[0] < 3:
        return not_estimable(f"fewer than three {unit_word}", method=method, conf_level=conf_level)
    change = ChangeOfSums(units, centre, measure, better_is, bias_corrected, external_sd)
    drawn = np.concatenate([change.of(sums) for sums in _resampled_sums(units, draws, rng)])
    found = _summary(change, drawn, conf_level, method)
    if cluster is None or found.status != "ok" or units.shape[0] >= ENOUGH_THERAPISTS:
        return found
    caution = f"only {units.shape[0]} therapists: the interval is too narrow"
    return replace(found, note="; ".join(filter(None, (found.note, caution))))


def _summary(change: ChangeOfSums, drawn: FloatArray, conf_level: float, method: str) -> Estimate:
    """Estimate with BCa limits from the value of each resample, shape (draws,)."""
    value, left_out = change.of_all(), change.of_all_but_one()
    usable = drawn[np.isfinite(drawn)]
    lost = drawn.size - usable.size
    if not math.isfinite(value):
        return not_estimable("no spread in the scores", method=method, conf_level=conf_level)
    if lost > _LARGEST_SHARE_LOST * drawn.size or not np.isfinite(left_out).all():
        reason = f"{lost} of {drawn.size} resamples, or a leave-one-out sample, have no spread"
        return not_estimable(reason, method=method, conf_level=conf_level)
    low, high = bca_interval(usable, left_out, value, conf_level=conf_level)
    notes = [f"{lost} resamples without spread left out"] if lost else []
    if math.isnan(low):
        notes.append("the resampled values do not vary around the estimate: no interval")
    return Estimate(
        estimate=value,
        std_error=float(np.std(usable, ddof=1)),
        conf_low=low,
        conf_high=high,
        conf_level=conf_level,
        method=method,
        note="; ".join(notes),
    )
