"""The analysis plan: the settings that define the primary analysis, frozen before any outcome is read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from naturalistic.settings.config import AnalysisSettings

PLANNED = (
    "primary",
    "form_windows",
    "episodes",
    "reliable_change",
    "dropout",
    "predictors",
    "reference_levels",
    "conf_level",
    "missing_outcomes",
    "specification_curve",
)


@dataclass(frozen=True)
class PlanVersion:
    """One version of the plan.

    Attributes
    ----------
    date : str
        Day it was frozen, yyyy-mm-dd.
    reason : str
        Why it replaced the version before; empty for the first.
    digest : str
        SHA-256 of the settings.
    settings : mapping
        The planned settings.
    """

    date: str
    reason: str
    digest: str
    settings: Mapping[str, Any]


def freeze(settings: AnalysisSettings, date: str, reason: str = "") -> PlanVersion:
    """The planned settings as they stand, with their digest."""
    values = {name: settings.model_dump(mode="json")[name] for name in PLANNED}
    text = json.dumps(values, sort_keys=True, ensure_ascii=False)
    return PlanVersion(date, reason, hashlib.sha256(text.encode()).hexdigest(), values)


def deviations(
    planned: Mapping[str, Any], used: Mapping[str, Any], before: str = ""
) -> Iterator[tuple[str, str, str]]:
    """Settings that differ from the plan: name, planned value, value used."""
    for name in sorted({*planned, *used}):
        old, new = planned.get(name), used.get(name)
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            yield from deviations(old, new, f"{before}{name}.")
        elif old != new:
            yield f"{before}{name}", _text(old), _text(new)


def _text(value: Any) -> str:
    if value is None:
        return "not set"
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def plan_record(versions: list[PlanVersion], settings: AnalysisSettings) -> dict[str, Any]:
    """What the record of a run says of the plan: when it was frozen, how it was amended, and how the run departs from it."""
    if not versions:
        return {"frozen": None, "amendments": [], "deviations": []}
    last = versions[-1]
    now = freeze(settings, last.date)
    return {
        "frozen": {"date": versions[0].date, "digest": versions[0].digest},
        "amendments": [
            {"date": v.date, "digest": v.digest, "reason": v.reason} for v in versions[1:]
        ],
        "deviations": [
            {"setting": name, "planned": old, "used": new}
            for name, old, new in deviations(last.settings, now.settings)
        ],
    }


def as_json(versions: list[PlanVersion]) -> list[dict[str, Any]]:
    """The versions as they are written to disk."""
    return [asdict(version) for version in versions]


def from_json(content: list[dict[str, Any]]) -> list[PlanVersion]:
    """The versions as they were read from disk."""
    return [PlanVersion(**each) for each in content]
