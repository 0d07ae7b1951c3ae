"""Released rows as a bundle holds them: on their analysis scale, at the precision of the settings."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from naturalistic.release.bundle_model import LARGEST, Row
from naturalistic.vocabulary import ESTIMANDS

NUMBERS = frozenset({"estimate", "std_error", "conf_low", "conf_high", "df"})
KEPT = frozenset(Row.model_fields)


def poolable_rows(released: Mapping[str, pd.DataFrame], digits: int) -> list[dict[str, Any]]:
    """Every released estimate that can be pooled, in the order of the analyses.

    A limit or degrees of freedom without bound is left out: JSON has no word for it, and a row without that limit says
    that there is none. An estimate beyond any size a service can have (a ratio of a model that did not separate) cannot
    be pooled and is left out.
    """
    return [row for frame in released.values() for row in _rows(frame, digits)]


def _rows(frame: pd.DataFrame, digits: int) -> list[dict[str, Any]]:
    poolable = frame["estimand"].astype("string").map(lambda e: ESTIMANDS[e].poolable).astype(bool)
    chosen = frame[poolable & (frame["status"] == "ok")]
    made = (_row(raw, digits) for raw in chosen.to_dict("records"))
    return [row for row in made if row is not None]


def _row(raw: Mapping[Any, Any], digits: int) -> dict[str, Any] | None:
    row = {
        str(name): significant(value, digits) if name in NUMBERS else value
        for name, given in raw.items()
        if name in KEPT and (value := plain(given)) is not None
    }
    scale = ESTIMANDS[str(row["estimand"])].scale
    value = on_scale(row.get("estimate"), scale)
    if value is None or abs(row["estimate"]) > LARGEST or row.get("std_error", 0) > LARGEST:
        return None
    for limit in ("conf_low", "conf_high"):
        if abs(row.get(limit, 0.0)) > LARGEST:
            del row[limit]
    return {**row, "analysis_scale": scale, "value": significant(value, max(digits, 6))}


def on_scale(estimate: float | None, scale: str) -> float | None:
    """An estimate on its analysis scale; None where it has no finite value there."""
    if estimate is None:
        return None
    if scale == "log":
        return math.log(estimate) if estimate > 0 else None
    if scale == "logit":
        return math.log(estimate / (1 - estimate)) if 0 < estimate < 1 else None
    if scale == "fisher_z":
        return math.atanh(estimate) if abs(estimate) < 1 else None
    return float(estimate)


def significant(value: Any, digits: int) -> Any:
    """A number with that many significant digits."""
    return float(f"{value:.{digits}g}") if isinstance(value, float) else value


def plain(value: Any) -> Any:
    """A JSON value; None for what is missing, empty or without bound."""
    if value is None or value is pd.NA or (isinstance(value, float) and not math.isfinite(value)):
        return None
    if isinstance(value, str):
        return value or None
    return value.item() if hasattr(value, "item") else value
