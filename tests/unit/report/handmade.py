"""A few released rows written by hand, for rules whose outcome must be known on paper."""

from __future__ import annotations

from typing import Any

import pandas as pd

from naturalistic.reference.loader import load_instruments
from naturalistic.report.released import Released
from naturalistic.settings.config import AnalysisSettings
from naturalistic.tables.estimates import ESTIMATES

CORE = {"instrument": "core_om", "scale": "all"}
REQOL = {"instrument": "reqol_10", "scale": "total"}


def row(
    analysis: str, estimand: str, estimate: float | None = None, **columns: Any
) -> dict[str, Any]:
    """One row of the estimates table; without an estimate it needs a `status`."""
    return {
        "cohort": "handmade",
        "analysis": analysis,
        "estimand": estimand,
        "estimate": estimate,
        "status": "ok",
        "conf_level": 0.95,
        **columns,
    }


def released(
    *rows: dict[str, Any],
    measure: dict[str, str] | None = None,
    base: int = 5,
    log: dict[str, pd.DataFrame] | None = None,
    **settings: Any,
) -> Released:
    """The rows as released tables of one cohort."""
    by_analysis: dict[str, list[dict[str, Any]]] = {}
    for each in rows:
        by_analysis.setdefault(each["analysis"], []).append(each)
    estimates = {}
    for name, found in by_analysis.items():
        frame = pd.DataFrame(found)
        for column in ESTIMATES.columns:
            if column.kind == "text" and column.name not in frame:
                frame[column.name] = ""
            elif column.kind == "text":
                frame[column.name] = frame[column.name].fillna("")
        estimates[name] = ESTIMATES.conform(frame)
    chosen = AnalysisSettings.model_validate({"primary": measure or CORE, **settings})
    record = {
        "software": {"name": "naturalistic", "version": "0"},
        "cohort": "handmade",
        "title": "A service",
        "service": "",
        "contact": "",
        "synthetic": False,
        "published": None,
        "disclosure": {
            "label": "rules",
            "source": "a source",
            "rounding_base": base,
            "threshold": 7,
            "may_leave": True,
        },
        "settings": chosen.model_dump(mode="json"),
        "settings_digest": "0" * 64,
        "provenance": {"calendar": "real", "data_cut": "2023-12-31"},
    }
    return Released(estimates, log or {}, record, load_instruments())


def change_rows(
    change: float,
    low: float,
    high: float,
    *,
    first: float = 22.7,
    last: float = 17.8,
    measure: dict[str, str] | None = None,
) -> list[dict[str, Any]]:
    """Mean scores and mean change of the paired."""
    key = {"population": "paired", "n_patients": 475, **(measure or CORE)}
    return [
        row("outcome_change", "mean", first, term="first", **key),
        row("outcome_change", "mean", last, term="last", **key),
        row("outcome_change", "mean_change", change, conf_low=low, conf_high=high, **key),
    ]
