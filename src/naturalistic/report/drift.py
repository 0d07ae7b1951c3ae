"""How healthy people's usual score must be for the drift towards it to be all of the change."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import pandas as pd

from naturalistic.report.released import Released, has_interval

NAME = "bias"


@dataclass(frozen=True)
class Drift:
    """The change that is left over after the drift, over the usual mean scores assumed.

    Attributes
    ----------
    limit : float or None
        The usual mean score, on the scale of the measure, at which the lower limit of what is left over reaches nothing,
        coming from the mean at the start (straight line between the scores worked out); None where it never does.
    healthiest : Series
        What is left over at the healthiest usual mean score assumed.
    """

    limit: float | None
    healthiest: pd.Series


def drift(released: Released) -> Drift | None:
    """What is left over by the mean people drift to; None where it was not worked out."""
    rows = released.rows(NAME, estimand="mean_change", term="mee_chua_effect").sort_values("time")
    found = [row for _, row in rows.iterrows() if has_interval(row)]
    if not found:
        return None
    # from the mean seen at the start, where there is no drift, to the healthiest mean assumed
    found = found[::-1] if released.lower_is_better else found
    return Drift(_limit([(float(row["time"]), float(row["conf_low"])) for row in found]), found[-1])


def _limit(points: list[tuple[float, float]]) -> float | None:
    """Where the lower limit first reaches nothing, for (usual mean score, lower limit) from the start outward."""
    if points[0][1] <= 0:
        return points[0][0]
    for (near, above), (far, below) in pairwise(points):
        if below <= 0:
            return near + (far - near) * above / (above - below)
    return None
