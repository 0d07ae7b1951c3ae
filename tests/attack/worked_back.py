"""Numbers of people worked back from figures that depend on them: errors, limits and degrees of freedom.

Each guess is a range of the number of people as it was used (the released, rounded one), wide enough for the rounding of
the figures it was made of.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import numpy as np
from scipy.stats import norm, t

Guess = tuple[str, float, float]  # column of the count, smallest and largest number
SAME = ("analysis", "population", "instrument", "scale", "term", "dimensions", "specification")


class Spreads:
    """Standard deviations and changes of the release, by what they are of."""

    def __init__(self, column: Mapping[str, np.ndarray]) -> None:
        self.column = column
        self.held: dict[tuple[str, ...], tuple[float, float]] = {}
        for row, estimand in enumerate(column["estimand"]):
            if estimand in ("standard_deviation", "mean_change") and column["estimate"][row]:
                self.held[(estimand, *self._key(row))] = _range(column["estimate"][row])

    def _key(self, row: int) -> tuple[str, ...]:
        return tuple(str(self.column[k][row]) for k in SAME)

    def beside(self, row: int, estimand: str) -> tuple[float, float] | None:
        """Range of another figure of the same people."""
        return self.held.get((estimand, *self._key(row)))


def guesses(column: Mapping[str, np.ndarray], row: int, spreads: Spreads) -> Iterator[Guess]:
    """Every number of people that the figures of a row give back."""
    figure = {
        name: _range(column[name][row])
        for name in ("estimate", "std_error", "conf_low", "conf_high", "df")
        if column[name][row] not in ("", "inf", "-inf")
    }
    estimand, model = column["estimand"][row], column["model"][row]
    level = float(column["conf_level"][row] or 0.95)
    if "df" in figure and not model:
        yield "n_patients", figure["df"][0] + 1, figure["df"][1] + 1
    if "std_error" in figure and figure["std_error"][0] > 0:
        yield from _from_error(estimand, figure, row, spreads)
    if {"conf_low", "conf_high", "std_error"} <= set(figure) and not model:
        yield from _from_width(figure, level)
    if {"conf_low", "conf_high", "estimate"} <= set(figure):
        yield from _from_limits(estimand, figure, norm.ppf(0.5 + level / 2))


def _from_error(
    estimand: str, figure: dict[str, tuple[float, float]], row: int, spreads: Spreads
) -> Iterator[Guess]:
    """SE = SD / sqrt(n) of a mean; SD / sqrt(2 (n - 1)) of a spread; sqrt(p (1 - p) / n) of a share."""
    error = figure["std_error"]
    spread = spreads.beside(row, "standard_deviation")
    if estimand in ("mean", "mean_change") and spread:
        yield "n_patients", *_ratio(spread, error, 2)
    if estimand == "standard_deviation":
        low, high = _ratio(figure["estimate"], error, 2)
        yield "n_patients", 1 + low / 2, 1 + high / 2
    change = spreads.beside(row, "mean_change")
    if estimand == "standardised_change_d_z" and change:
        # d = mean / SD and SE(mean) = SD / sqrt(n), were the error that of the mean
        low, high = _ratio(_size(change), _size(figure["estimate"]), 1)
        yield "n_patients", *_ratio((low, high), error, 2)
    if "estimate" in figure and figure["estimate"][0] > 0 and figure["estimate"][1] < 1:
        products = [p * (1 - p) for p in figure["estimate"]]
        yield "denominator", *_ratio((min(products), max(products)), error, 2, root=True)
        yield "n_patients", *_ratio((min(products), max(products)), error, 2, root=True)


def _from_width(figure: dict[str, tuple[float, float]], level: float) -> Iterator[Guess]:
    """Half the width of an interval over the error is the quantile of t, which gives the degrees of freedom."""
    widest = (figure["conf_high"][1] - figure["conf_low"][0]) / 2
    narrowest = (figure["conf_high"][0] - figure["conf_low"][1]) / 2
    low, high = _ratio((narrowest, widest), figure["std_error"], 1)
    df = np.arange(1, 400)
    quantile = t.ppf(0.5 + level / 2, df)
    fits = df[(quantile >= low) & (quantile <= high)]
    if len(fits) and fits[-1] < 399:
        yield "n_patients", float(fits[0] + 1), float(fits[-1] + 1)


def _from_limits(
    estimand: str, figure: dict[str, tuple[float, float]], z: float
) -> Iterator[Guess]:
    """Wilson's limits have their middle at (p + z^2 / 2n) / (1 + z^2 / n); Fisher's are 2 z / sqrt(n - 3) apart."""
    low, high, middle = figure["conf_low"], figure["conf_high"], figure["estimate"]
    if estimand == "proportion":
        centre = ((low[0] + high[0]) / 2, (low[1] + high[1]) / 2)
        tried = [z**2 * (c - 0.5) / (p - c) for c in centre for p in middle if abs(p - c) > 1e-9]
        if tried and min(tried) > 0:
            yield "denominator", min(tried), max(tried)
    if estimand == "correlation" and low[0] > -1 and high[1] < 1:
        wide = math.atanh(high[1]) - math.atanh(low[0])
        narrow = math.atanh(high[0]) - math.atanh(low[1])
        if narrow > 0:
            yield "n_patients", 3 + (2 * z / wide) ** 2, 3 + (2 * z / narrow) ** 2


def _ratio(
    top: tuple[float, float], bottom: tuple[float, float], power: int, *, root: bool = False
) -> tuple[float, float]:
    """Range of top / bottom to a power; with `root` only the bottom is raised."""
    raised = 1 if root else power
    return (
        max(top[0], 0.0) ** raised / max(bottom[1], 1e-12) ** power,
        max(top[1], 0.0) ** raised / max(bottom[0], 1e-12) ** power,
    )


def _size(figure: tuple[float, float]) -> tuple[float, float]:
    return (min(abs(figure[0]), abs(figure[1])), max(abs(figure[0]), abs(figure[1])))


def _range(text: str) -> tuple[float, float]:
    """A number as it is written, give or take half of its last place."""
    value = float(text)
    plain = text if "e" not in text.lower() else f"{value:.15f}".rstrip("0")
    digits = len(plain.split(".")[1]) if "." in plain else 0
    half = 0.5 * 10.0**-digits
    return value - half, value + half
