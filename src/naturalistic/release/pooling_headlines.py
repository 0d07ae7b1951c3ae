"""The figures a pooled report leads with, as the services declared them before they looked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from naturalistic.release.pooling_rows import Group


def headline_keys(primary: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Name and key columns of each headline, the pre-declared primary one first."""
    measure = {
        "instrument": primary["instrument"],
        "scale": primary["scale"],
        "population": primary["population"],
    }
    rate = {"estimand": "proportion", **measure}
    judged = {"definition": "jacobson_truax"}
    dropout = {"estimand": "proportion", "population": "started", "term": "dropout"}
    absence = {"estimand": "proportion", "population": "started", "term": "absence"}
    return {
        "primary": {"analysis": "outcome_change", "estimand": primary["estimand"], **measure},
        "mean_change": {"analysis": "outcome_change", "estimand": "mean_change", **measure},
        "reliable_improvement": {
            "analysis": "clinical_change",
            "term": "reliable_improvement",
            **rate,
            **judged,
        },
        "reliable_deterioration": {
            "analysis": "clinical_change",
            "term": "reliable_deterioration",
            **rate,
            **judged,
        },
        "dropout": {
            "analysis": "dropout",
            "definition": primary["dropout_definition"],
            **dropout,
        },
        "absence": {
            "analysis": "attendance",
            "definition": primary["absence_definition"],
            **absence,
        },
        "both_forms": {
            "analysis": "participant_flow",
            "estimand": "proportion",
            "population": "paired",
            "term": "share_of_started",
        },
    }


def headline_groups(groups: Sequence[Group], primary: Mapping[str, Any]) -> dict[str, Group]:
    """The group of each headline that some service gives; the whole, in its main variant."""
    found: dict[str, Group] = {}
    for name, wanted in headline_keys(primary).items():
        full = {"dimensions": "", "model": "", "specification": "", "contrast": "", **wanted}
        matching = [
            group
            for group in groups
            if all(group.named[column] == value for column, value in full.items())
        ]
        if len(matching) == 1 and matching[0] not in found.values():
            found[name] = matching[0]
    return found
