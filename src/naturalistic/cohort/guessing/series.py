"""Columns whose names differ in one number only."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Series:
    """Columns whose names differ in one number only.

    Attributes
    ----------
    pattern : str
        The name with `{item}`, or `{item:02d}` where the numbers are padded, in place of the number.
    bare : str
        The name without the number.
    columns : dict of int to str
        Name of each column by its number.
    """

    pattern: str
    bare: str
    columns: dict[int, str]


def series_of(names: Iterable[str], fewest: int) -> list[Series]:
    """Every series of at least `fewest` columns numbered from 0 or 1 on, the longest first."""
    groups: dict[tuple[str, str, bool], dict[int, str]] = {}
    for name in names:
        if "{" in name or "}" in name:
            continue
        for match in re.finditer(r"\d+", name):
            padded = len(match[0]) > 1 and match[0].startswith("0")
            head, tail = name[: match.start()], name[match.end() :]
            for key in (
                {(head, tail, padded), (head, tail, True)}
                if len(match[0]) == 2
                else {(head, tail, padded)}
            ):
                groups.setdefault(key, {})[int(match[0])] = name
    found = []
    for (head, tail, padded), columns in groups.items():
        numbers = sorted(columns)
        if (
            len(numbers) < fewest
            or numbers[0] > 1
            or len(numbers) < 0.8 * (numbers[-1] - numbers[0] + 1)
        ):
            continue
        pattern = head + ("{item:02d}" if padded else "{item}") + tail
        if any(pattern.format(item=number) != name for number, name in columns.items()):
            continue
        found.append(Series(pattern, f"{head} {tail}", columns))
    return sorted(found, key=lambda s: (-len(s.columns), s.pattern))
