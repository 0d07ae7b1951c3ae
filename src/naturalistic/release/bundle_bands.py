"""Counts of endings by band, worked out from the released curves alone, for curves over several services."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

ANALYSIS = "dropout"
_KEY = ["definition", "time_unit", "term"]


def ending_bands(released: Mapping[str, pd.DataFrame], threshold: int) -> list[dict[str, Any]]:
    """Bands of every way of ending, each with more than `threshold` people at risk, ending and not ending in it.

    With F the released cumulative incidence and SE its standard error at the points that were released, the hazard of a
    band is ``(F_b - F_a) / (1 - F_a)``, and the people behind it ``F_b (1 - F_b) / SE_b^2 (1 - F_a)``: without censoring
    that is everyone who has not yet ended this way. Neighbouring bands are joined until each is large enough, so the
    bundle tells nothing that the released curve does not. Any point that is withheld is simply not the end of a band.
    """
    frame = released.get(ANALYSIS)
    if frame is None:
        return []
    rows = frame[
        (frame["estimand"] == "cumulative_incidence")
        & (frame["status"] == "ok")
        & (_empty(frame["dimensions"]) & _empty(frame["model"]) & _empty(frame["specification"]))
        & frame["std_error"].notna()
        & frame["estimate"].notna()
        & frame["time"].notna()
    ]
    made = []
    for key, curve in rows.assign(definition=rows["definition"].fillna("")).groupby(
        _KEY, sort=True
    ):
        names = dict(zip(("definition", "clock", "ending"), map(str, key), strict=True))
        made += [{**names, **band} for band in _bands(curve.sort_values("time"), threshold)]
    return made


def _empty(values: pd.Series) -> pd.Series:
    return values.astype("string").fillna("") == ""


def _bands(curve: pd.DataFrame, threshold: int) -> list[dict[str, Any]]:
    bands: list[dict[str, Any]] = []
    start, before = 0.0, 0.0
    points = zip(
        curve["time"], curve["estimate"], curve["std_error"], curve["denominator"], strict=True
    )
    for time, share, error, everyone in points:
        if not (error > 0 and before < share < 1):
            continue
        people = float(share) * (1 - float(share)) / float(error) ** 2
        if pd.notna(everyone):
            people = min(people, float(everyone))
        at_risk = round(people * (1 - before))
        events = round(people * (float(share) - before))
        if events <= threshold or at_risk - events <= threshold:
            continue
        bands.append({"after": start, "until": float(time), "at_risk": at_risk, "events": events})
        start, before = float(time), float(share)
    return bands
