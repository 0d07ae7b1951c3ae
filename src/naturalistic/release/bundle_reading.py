"""Reading bundles of others: nothing in a file is trusted before it has been looked at."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from naturalistic.errors import BundleError
from naturalistic.release.bundle_digest import digest, file_text
from naturalistic.release.bundle_model import FORMAT, LARGEST, SCHEMA_VERSION, Bundle, Row

LARGEST_FILE = 64 * 1024 * 1024
DEEPEST = 12
LONGEST = 4000
_MARKUP = re.compile(r"<\s*[a-zA-Z/!?]|&#|javascript:", re.IGNORECASE)
_PATH = re.compile(r"(^|[\\/])\.\.([\\/]|$)|^[\\/~]|^[a-zA-Z]:[\\/]|\\\\")
# what a spreadsheet would take for a formula when a table of pooled figures is opened
_FORMULA = re.compile(r"^\s*([=@]|[+-].*[|!(])")
_COUNTS = ("n_patients", "n_episodes", "n_events", "numerator", "denominator")


def read_bundle(path: Path) -> Bundle:
    """One bundle, checked.

    Raises
    ------
    BundleError
        With every reason why it is refused: not there, too large, not JSON, another format or schema version, altered,
        empty, values or names that no bundle has, or counts below the threshold it was made under.
    """
    name = path.name
    content, raw = _parse(path)
    _version(name, content)
    problems = list(_unsafe(content))
    if problems:
        raise BundleError([f"{name}: {problem}" for problem in problems[:10]])
    _unaltered(name, content, raw)
    if not content.get("estimates"):
        raise BundleError(f"{name}: it is empty, no estimate is in it.")
    try:
        bundle = Bundle.model_validate(content)
    except ValidationError as error:
        found = [f"{name}: {_place(e['loc'])}: {e['msg']}." for e in error.errors()[:10]]
        raise BundleError(found) from error
    if odd := sum(map(_impossible, bundle.estimates)):
        raise BundleError(
            f"{name}: {odd} rows cannot be: a numerator above its denominator, or a lower limit above the upper one."
        )
    if small := small_counts(bundle):
        raise BundleError(
            f"{name}: {small} counts are at or below the threshold of {bundle.disclosure.threshold} that it names."
        )
    return bundle


def read_bundles(paths: Sequence[Path]) -> list[Bundle]:
    """Several bundles, all checked, none twice.

    Raises
    ------
    BundleError
        Every reason in every file, and every pair that is the same cohort or the same data.
    """
    bundles: list[tuple[Path, Bundle]] = []
    problems: list[str] = []
    for path in paths:
        try:
            bundles.append((path, read_bundle(path)))
        except BundleError as error:
            problems += error.problems
    problems += _twice(bundles)
    if problems:
        raise BundleError(problems)
    return sorted((bundle for _, bundle in bundles), key=lambda bundle: bundle.cohort)


def small_counts(bundle: Bundle) -> int:
    """Counts of people at or below the threshold (nobody counts where the profile says so)."""
    threshold, least = bundle.disclosure.threshold, 0 if bundle.disclosure.withhold_zero else 1

    def small(value: int | None) -> bool:
        return value is not None and least <= value <= threshold

    rows = sum(any(small(getattr(row, name)) for name in _COUNTS) for row in bundle.estimates)
    rows += sum(
        small(band.events) or small(band.at_risk) or small(band.at_risk - band.events)
        for band in bundle.endings
    )
    return rows + sum(small(count.people) for count in bundle.counts)


def _impossible(row: Row) -> bool:
    """Whether a row holds what no rounding makes of figures."""
    if row.conf_low is not None and row.conf_high is not None and row.conf_low > row.conf_high:
        return True
    counted = row.numerator is not None and row.denominator is not None
    return (
        counted and row.estimand == "proportion" and (row.numerator or 0) > (row.denominator or 0)
    )


def _parse(path: Path) -> tuple[dict[str, Any], str]:
    name = path.name
    if not path.is_file():
        raise BundleError(f"{name}: there is no such file.")
    if path.stat().st_size > LARGEST_FILE:
        raise BundleError(f"{name}: larger than {LARGEST_FILE // 2**20} MB; no bundle is.")
    try:
        raw = path.read_bytes().decode("utf-8")
        content = json.loads(raw, parse_constant=_no_constant, object_pairs_hook=_no_doubles)
    except (ValueError, RecursionError) as error:
        said = str(error) if isinstance(error, _NotPlainError) else "it is not a JSON file"
        raise BundleError(f"{name}: {said}.") from error
    if not isinstance(content, dict):
        raise BundleError(f"{name}: it is not an evidence bundle.")
    return content, raw


class _NotPlainError(ValueError):
    """JSON beyond what a bundle holds."""


def _no_constant(constant: str) -> float:
    raise _NotPlainError(f"it holds {constant}, which is no number")


def _no_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise _NotPlainError("it names the same thing twice")
    return made


def _version(name: str, content: dict[str, Any]) -> None:
    version = content.get("schema_version")
    if "estimates" not in content or "digest" not in content or version is None:
        raise BundleError(f"{name}: it is not an evidence bundle.")
    if version != SCHEMA_VERSION or isinstance(version, bool):
        shown = version if isinstance(version, int) and abs(version) < 10**6 else "unknown"
        raise BundleError(
            f"{name}: schema version {shown}; this program reads version {SCHEMA_VERSION}. "
            "Ask the sender to run `submit` with the same release of naturalistic."
        )
    disclosure = content.get("disclosure")
    if isinstance(disclosure, dict) and disclosure.get("may_leave") is not True:
        raise BundleError(f"{name}: it was made without disclosure control and may not leave.")
    if content.get("format") != FORMAT:
        raise BundleError(f"{name}: it is not an evidence bundle.")


def _unaltered(name: str, content: dict[str, Any], raw: str) -> None:
    rest = {key: value for key, value in content.items() if key != "digest"}
    if digest(rest) != content["digest"]:
        raise BundleError(
            f"{name}: it was altered after it was made (its digest does not match its content)."
        )
    if raw != file_text(content):
        raise BundleError(
            f"{name}: its bytes were changed after it was made, though no figure was (line ends or spaces). Send the file "
            "as it is, not its text."
        )


def _unsafe(value: Any, place: str = "", depth: int = 0) -> Iterator[str]:
    """Texts and numbers that no bundle of ours holds, wherever they stand; the value itself is never repeated."""
    if depth > DEEPEST:
        yield f"{place}: nested too deeply"
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _bad_text(key, f"{place} (a name)")
            shown = key if re.fullmatch(r"[\w:.]{1,60}", key) else "?"
            yield from _unsafe(inner, f"{place}.{shown}".lstrip("."), depth + 1)
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            yield from _unsafe(inner, f"{place}[{i}]", depth + 1)
    elif isinstance(value, str):
        yield from _bad_text(value, place)
    elif isinstance(value, float) and not math.isfinite(value):
        yield f"{place}: a number without bound"
    elif isinstance(value, int | float) and abs(value) > LARGEST:
        yield f"{place}: a number larger than any service has"


def _bad_text(text: str, place: str) -> Iterator[str]:
    if len(text) > LONGEST:
        yield f"{place}: a text longer than {LONGEST} characters"
    elif any(not letter.isprintable() and letter not in "\n\t" for letter in text):
        yield f"{place}: characters that cannot be printed"
    elif _MARKUP.search(text):
        yield f"{place}: markup in a text"
    elif _PATH.search(text):
        yield f"{place}: a text like a path"
    elif _FORMULA.search(text):
        yield f"{place}: a text like a formula"


def _place(loc: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in loc)[:120]


def _twice(bundles: Sequence[tuple[Path, Bundle]]) -> list[str]:
    problems, cohorts, sources = [], dict[str, str](), dict[str, str]()
    for path, bundle in bundles:
        files = bundle.provenance.get("files")
        data = digest(files) if files else bundle.digest
        if bundle.cohort in cohorts:
            problems.append(
                f"{path.name}: the cohort {bundle.cohort} is in {cohorts[bundle.cohort]} already. Leave one of them out."
            )
        elif data in sources:
            problems.append(
                f"{path.name}: it was made from the same extract as {sources[data]}. Leave one of them out."
            )
        cohorts.setdefault(bundle.cohort, path.name)
        sources.setdefault(data, path.name)
    return problems
