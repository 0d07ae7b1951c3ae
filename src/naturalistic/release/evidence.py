"""The evidence bundle: what was released of one cohort, with its definitions, in one file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from naturalistic import __version__
from naturalistic.release import bundle_content
from naturalistic.release.bundle_bands import ending_bands
from naturalistic.release.bundle_covariances import COLUMNS
from naturalistic.release.bundle_digest import digest
from naturalistic.release.bundle_model import FORMAT, SCHEMA_VERSION
from naturalistic.release.bundle_rows import poolable_rows, significant
from naturalistic.release.profiles import load_profile

__all__ = ["SCHEMA_VERSION", "digest", "make_bundle", "run_record"]

DIGITS = 6  # significant digits of poolable figures where the settings name none


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


def make_bundle(
    record: Mapping[str, Any],
    released: Mapping[str, pd.DataFrame],
    *,
    instruments: Mapping[str, Any] | None = None,
    covariances: pd.DataFrame | None = None,
) -> dict[str, Any]:
    """The record with every released estimate that can be pooled, and a digest over all of it.

    Everything in it is a function of the released tables: a bundle can tell nothing that they do not.

    Parameters
    ----------
    record : mapping
        From `run_record`.
    released : mapping of str to DataFrame
        Released estimates by analysis.
    instruments : mapping, optional
        Reference facts of instruments; those in use are bundled as digests.
    covariances : DataFrame, optional
        Released covariances of model coefficients, from `bundle_covariances`.
    """
    if not record["disclosure"]["may_leave"]:
        content = {
            **record,
            "estimates": [],
            "note": "not for release: no disclosure control was applied",
        }
        return {**content, "digest": digest(content)}
    settings = record["settings"]
    digits = int(settings.get("evidence", {}).get("significant_digits", DIGITS))
    rules = record["disclosure"]
    rows = poolable_rows(released, digits)
    used = {str(row["instrument"]) for row in rows if "instrument" in row}
    content = {
        **record,
        # what closing would cost is the trust's own business, and no figure for pooling depends on it
        "settings": {name: value for name, value in settings.items() if name != "closing"},
        "format": FORMAT,
        "period": bundle_content.period(released, record["provenance"]),
        "definitions": bundle_content.definitions(settings, instruments or {}, used),
        "precision": {"significant_digits": digits, "rounding_base": rules["rounding_base"]},
        "counts": bundle_content.counts(released),
        "quality": bundle_content.quality(released),
        "estimates": rows,
        "covariances": _covariances(covariances, digits),
        "endings": ending_bands(released, rules["threshold"]),
    }
    return {**content, "digest": digest(content)}


def _covariances(frame: pd.DataFrame | None, digits: int) -> list[dict[str, Any]]:
    if frame is None:
        return []
    names = [name for name in COLUMNS if name != "value"]
    return [
        {
            **{name: str(row[name]) for name in names if row[name]},
            "value": significant(float(row["value"]), digits),
        }
        for row in frame.to_dict("records")
    ]
