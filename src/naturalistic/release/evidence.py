"""The evidence bundle: what was released of one cohort, with its definitions, in one file."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from naturalistic import __version__
from naturalistic.errors import DisclosureError
from naturalistic.release.profiles import load_profile
from naturalistic.vocabulary import ESTIMANDS

SCHEMA_VERSION = 1


def run_record(
    *,
    cohort: str,
    title: str,
    service: str,
    contact: str,
    synthetic: bool,
    published: str | None,
    profile: str,
    settings: Mapping[str, Any],
    provenance: Mapping[str, Any],
) -> dict[str, Any]:
    """What was run: cohort, settings, software and what was read. No time of day: same inputs, same bytes."""
    rules = load_profile(profile)
    return {
        "schema_version": SCHEMA_VERSION,
        "software": {"name": "naturalistic", "version": __version__},
        "cohort": cohort,
        "title": title,
        "service": service,
        "contact": contact,
        "synthetic": synthetic,
        "published": published,
        "disclosure": rules.model_dump(mode="json"),
        "settings": dict(settings),
        "settings_digest": digest(settings),
        "provenance": dict(provenance),
    }


def make_bundle(record: Mapping[str, Any], released: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    """The record with every released estimate that can be pooled, and a digest over all of it."""
    if not record["disclosure"]["may_leave"]:
        content = {
            **record,
            "estimates": [],
            "note": "not for release: no disclosure control was applied",
        }
        return {**content, "digest": digest(content)}
    rows = [row for frame in released.values() for row in _rows(frame)]
    content = {**record, "estimates": rows}
    return {**content, "digest": digest(content)}


def digest(content: Any) -> str:
    """SHA-256 of the canonical JSON of `content`.

    Raises
    ------
    DisclosureError
        The content holds a number that JSON cannot carry.
    """
    try:
        text = json.dumps(content, sort_keys=True, ensure_ascii=False, allow_nan=False)
    except ValueError as bad:
        raise DisclosureError("The evidence holds a number that is not finite.") from bad
    return hashlib.sha256(text.encode()).hexdigest()


def _rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    poolable = frame["estimand"].astype("string").map(lambda e: ESTIMANDS[e].poolable).astype(bool)
    chosen = frame[poolable & (frame["status"] == "ok")]
    return [
        {str(name): value for name, raw in row.items() if (value := _plain(raw)) is not None}
        for row in chosen.to_dict("records")
    ]


def _plain(value: Any) -> Any:
    """A JSON value; None for what is missing, empty or without bound.

    A limit or degrees of freedom without bound (infinite) is left out: JSON has no word for it, and a row without that
    limit says that there is none.
    """
    if value is None or value is pd.NA or (isinstance(value, float) and not math.isfinite(value)):
        return None
    if isinstance(value, str):
        return value or None
    return value.item() if hasattr(value, "item") else value
