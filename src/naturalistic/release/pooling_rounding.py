"""What the rounding of the services' figures costs the pooled result."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from naturalistic.release.bundle_model import Bundle
from naturalistic.release.pooling_rows import INTERVAL, Group, back
from naturalistic.stats.meta_analysis import random_effects

COLUMNS = (
    "headline",
    "k",
    "estimate",
    "std_error",
    "largest_step",
    "std_error_of_rounding",
    "share_of_std_error",
    "lowest_estimate",
    "highest_estimate",
)


def rounding_rows(
    groups: Mapping[str, Group], bundles: Sequence[Bundle], between: str
) -> list[dict[str, Any]]:
    """One row a headline.

    A figure rounded to steps of r misses its true value by at most r / 2 and has a rounding error of ``r / sqrt(12)``.
    The pooled average is a weighted sum, so its rounding error is ``sqrt(sum w^2 r^2 / 12)``, and it lies at most
    ``sum w r / 2`` off. Steps follow from the rounding base and the number of people (means) or the counts (rates).
    """
    bases = {b.cohort: b.precision.rounding_base for b in bundles}
    digits = {b.cohort: b.precision.significant_digits for b in bundles}
    rows = []
    for name, group in groups.items():
        steps = np.array(
            [
                _step(m, bases[m.cohort], digits[m.cohort], counted=group.counted)
                for m in group.members
            ]
        )
        fit = random_effects(group.values, group.errors, between=between, interval=INTERVAL)
        average = fit.average
        error = float(np.sqrt(np.sum((fit.weights * steps) ** 2) / 12.0))
        worst = float(np.sum(fit.weights * steps) / 2.0)
        rows.append(
            {
                "headline": name,
                "k": fit.k,
                "estimate": back(average.estimate, group.scale),
                "std_error": average.std_error,
                "largest_step": float(steps.max()),
                "std_error_of_rounding": error,
                "share_of_std_error": error / average.std_error
                if average.std_error > 0
                else np.nan,
                "lowest_estimate": back(average.estimate - worst, group.scale),
                "highest_estimate": back(average.estimate + worst, group.scale),
            }
        )
    return rows


def _step(member: Any, base: int, digits: int, *, counted: bool) -> float:
    """Width of the interval of true values that are told as this one, on the pooling scale."""
    row = member.row
    if counted and row.denominator:
        x, n = float(row.numerator or 0), float(row.denominator)
        share = min(max(x / n, 0.5 / n), 1 - 0.5 / n)
        # numerator and denominator are each within half a base
        return base / n * (1 + share) / (share * (1 - share))
    people = float(row.n_patients or row.denominator or base)
    told = nice_step(2 * member.error * base / (2 * people))
    shown = abs(member.value) * 10.0 ** (1 - digits)
    return max(told, shown)


def nice_step(least: float) -> float:
    """The smallest 1, 2 or 5 times a power of ten that is at least `least`: the steps of disclosure control."""
    if least <= 0:
        return 0.0
    power = 10.0 ** math.floor(math.log10(least) + 1e-12)
    for factor in (1.0, 2.0, 5.0):
        if least <= factor * power * (1 + 1e-9):
            return factor * power
    return 10.0 * power
