"""What a bundle says beside its estimates: definitions with digests, counts, quality and period."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from naturalistic.release.bundle_digest import digest
from naturalistic.tables.estimates import dimension_levels
from naturalistic.vocabulary import CHANGE_METHODS

FLOW = "participant_flow"


def definitions(
    settings: Mapping[str, Any], instruments: Mapping[str, Any], used: Iterable[str]
) -> dict[str, dict[str, Any]]:
    """Every choice that some figure depends on, by name, with its digest.

    Two services' figures are the same kind of figure only where the digests agree that `needed` names for them.
    """
    dropout = settings.get("dropout", {})
    found: dict[str, Any] = {
        "episodes": settings.get("episodes"),
        "form_windows": settings.get("form_windows"),
        "reliable_change": settings.get("reliable_change"),
        "lost_contact_weeks": dropout.get("lost_contact_weeks"),
        "fewer_than_sessions": dropout.get("fewer_than_sessions"),
        "covariates": {
            "predictors": settings.get("predictors"),
            "reference_levels": settings.get("reference_levels"),
        },
        "missing_outcomes": settings.get("missing_outcomes"),
        "bias": settings.get("bias"),
        "primary": settings.get("primary"),
    }
    for name in sorted(set(used) & set(instruments)):
        facts = instruments[name].model_dump(mode="json")
        found[f"instrument:{name}"] = {"name": facts.get("name", name), "facts": digest(facts)}
    return {
        name: {"value": value, "digest": digest(value)}
        for name, value in found.items()
        if value is not None
    }


def needed(row: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of the definitions that a row depends on."""
    names = ["episodes"]
    definition, analysis = str(row.get("definition", "")), str(row["analysis"])
    if instrument := row.get("instrument", ""):
        names += ["form_windows", f"instrument:{instrument}"]
    if definition in CHANGE_METHODS or analysis == "clinical_change":
        names.append("reliable_change")
    if definition == "lost_contact" or analysis in ("dropout", "dropout_models"):
        names.append("lost_contact_weeks")
    if definition == "fewer_than_k_sessions":
        names.append("fewer_than_sessions")
    if row.get("model", ""):
        names.append("covariates")
    names += [name for name in ("missing_outcomes", "bias") if analysis == name]
    return tuple(names)


def counts(released: Mapping[str, pd.DataFrame]) -> list[dict[str, Any]]:
    """People by population, as released."""
    return [
        {
            "what": str(row["term"]),
            "population": str(row["population"]),
            "people": int(row["estimate"]),
        }
        for row in _flow(released, "count")
    ]


def quality(released: Mapping[str, pd.DataFrame]) -> list[dict[str, Any]]:
    """How complete the records are: who of those who started has forms, and whose ending is known."""
    rows = _flow(released, "proportion")
    frame = released.get("dropout")
    if frame is not None:
        unknown = frame[
            (frame["term"] == "unknown_ending")
            & (frame["estimand"] == "proportion")
            & (frame["status"] == "ok")
        ]
        rows += [
            {**row, "term": f"unknown_ending.{row['definition']}"} for row in _records(unknown)
        ]
    return [
        {
            "what": str(row["term"]),
            "population": str(row["population"]),
            "share": float(row["estimate"]),
            **({"denominator": int(row["denominator"])} if pd.notna(row["denominator"]) else {}),
        }
        for row in rows
    ]


def period(released: Mapping[str, pd.DataFrame], provenance: Mapping[str, Any]) -> dict[str, str]:
    """Data cut, calendar and the first and last year of referral that was released."""
    frame = released.get("outcome_change")
    levels = () if frame is None else frame["dimensions"].dropna().astype(str).unique()
    found = (dimension_levels(text) for text in levels if text.startswith("year="))
    years = sorted(y["year"] for y in found if set(y) == {"year"} and y["year"].isdigit())
    given = {name: str(provenance.get(name, "")) for name in ("data_cut", "calendar")}
    if years:
        given |= {"first_year": years[0], "last_year": years[-1]}
    return given


def _flow(released: Mapping[str, pd.DataFrame], estimand: str) -> list[dict[str, Any]]:
    frame = released.get(FLOW)
    if frame is None:
        return []
    whole = frame["dimensions"].astype("string").fillna("") == ""
    return _records(frame[whole & (frame["estimand"] == estimand) & (frame["status"] == "ok")])


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    known = frame[frame["estimate"].notna()]
    return [{str(k): v for k, v in row.items()} for row in known.to_dict("records")]
