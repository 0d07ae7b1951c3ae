"""Only like is pooled with like: what must agree between services, and what is said where it does not."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from naturalistic.errors import BundleError
from naturalistic.release.bundle_content import needed
from naturalistic.release.bundle_model import Bundle, Row
from naturalistic.tables.estimates import KEY_COLUMNS

KEY = KEY_COLUMNS[1:]  # what a figure is, whichever cohort it is of
# a level whose meaning is each service's own cannot be compared
OWN_LEVELS = ("small_groups_together", "not_recorded")
_PRIMARY_DEFINITIONS = ("episodes", "form_windows")
_NAMES = {
    "instrument": "instrument",
    "scale": "scale",
    "estimand": "kind of number",
    "population": "population",
    "dropout_definition": "definition of dropout",
    "absence_definition": "definition of absence",
    "clock": "clock",
    "episodes": "which episode of a person counts",
    "form_windows": "time window of the forms",
    "synthetic": "people or synthetic data",
    "conf_level": "coverage of the intervals",
}


def require_same_primary(bundles: Sequence[Bundle]) -> None:
    """Refuse to go on where the primary analysis is not the same everywhere.

    Raises
    ------
    BundleError
        One line a difference: what differs and which service has what.
    """
    found: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for bundle in bundles:
        for name, value in _primary(bundle).items():
            found[name][json.dumps(value, sort_keys=True)].append(bundle.cohort)
    problems = [
        f"The services differ in: {_label(name)}. {_who(values)}. Pool them apart, or leave some out with --without NAME."
        for name, values in found.items()
        if len(values) > 1
    ]
    if problems:
        raise BundleError(problems)


def difference(members: Iterable[tuple[Bundle, Row]]) -> str:
    """Why rows of one key are not the same kind of figure; empty where they are."""
    found: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for bundle, row in members:
        for name in needed(row.model_dump()):
            definition = bundle.definitions.get(name)
            text = "unknown" if definition is None else definition.digest
            found[name][text].append(bundle.cohort)
    said = [
        f"the services differ in {_label(name)} ({_who(values, hide=True)})"
        for name, values in found.items()
        if len(values) > 1
    ]
    return "; ".join(said)


def key_of(row: Row) -> tuple[Any, ...]:
    """What a row is an estimate of."""
    return tuple(getattr(row, name) for name in KEY)


def comparable(row: Row) -> str:
    """Why a row cannot be compared between services at all; empty where it can."""
    text = f"{row.contrast};{row.dimensions}"
    if any(level in text for level in OWN_LEVELS):
        return "who is in this level is each service's own"
    return ""


def _primary(bundle: Bundle) -> dict[str, Any]:
    given = bundle.definitions.get("primary")
    primary: Mapping[str, Any] = given.value if given and isinstance(given.value, dict) else {}
    names = [*_PRIMARY_DEFINITIONS, f"instrument:{primary.get('instrument', '')}"]
    values = {name: bundle.definitions[name].value for name in names if name in bundle.definitions}
    return {
        **primary,
        **values,
        "synthetic": bundle.synthetic,
        "conf_level": bundle.settings.get("conf_level"),
    }


def _label(name: str) -> str:
    if name.startswith("instrument:"):
        return f"the facts of the instrument {name.removeprefix('instrument:')} (scoring, cut-offs)"
    return _NAMES.get(name, name.replace("_", " "))


def _who(values: Mapping[str, list[str]], *, hide: bool = False) -> str:
    """Who has what; digests are numbered and not shown."""
    parts = []
    for i, (value, cohorts) in enumerate(sorted(values.items(), key=lambda item: -len(item[1]))):
        shown = f"{chr(65 + i % 26)}" if hide or len(value) > 80 else value.strip('"')
        names = ", ".join(cohorts[:8]) + (
            f" and {len(cohorts) - 8} more" if len(cohorts) > 8 else ""
        )
        parts.append(f"{shown}: {names}")
    return "; ".join(parts)
