"""Figures that differ only in their unit are brought to one unit where the conversion is documented."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict

from naturalistic.release.bundle_model import Bundle, Row

_PER = re.compile(r"^per ([0-9]+(?:\.[0-9]+)?) (\S.*)$")


class Conversion(BaseModel):
    """One scale told as another: ``points * factor``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    from_instrument: str
    from_scale: str
    to_instrument: str
    to_scale: str
    factor: float
    source: str
    status: Literal["verified", "secondary", "unverified"]
    note: str = ""


@cache
def conversions() -> tuple[Conversion, ...]:
    """The documented conversions (`reference/conversions.yaml`)."""
    text = files("naturalistic.reference").joinpath("conversions.yaml").read_text(encoding="utf-8")
    return tuple(Conversion.model_validate(entry) for entry in yaml.safe_load(text)["conversions"])


def harmonised(bundles: Sequence[Bundle]) -> tuple[list[Bundle], list[str]]:
    """Bundles with every convertible row converted, and what was converted in words.

    Coefficients given ``per N units`` are told per the most frequent N: a linear term on its analysis scale is
    proportional to the unit. Points of a scale are told as points of another where `conversions` says how.
    """
    units = _usual_units(bundles)
    said: list[str] = []
    made = []
    for bundle in bundles:
        rows, count = [], 0
        for row in bundle.estimates:
            new = _scaled(_per_unit(row, units))
            count += new != row
            rows.append(new)
        if count:
            said.append(
                f"{bundle.cohort}: {count} figures were converted to the unit of the others"
            )
        made.append(bundle.model_copy(update={"estimates": rows}))
    return made, said


def _usual_units(bundles: Sequence[Bundle]) -> dict[tuple[str, str], float]:
    seen: dict[tuple[str, str], dict[float, int]] = {}
    for bundle in bundles:
        for row in bundle.estimates:
            if found := _PER.match(row.contrast):
                numbers = seen.setdefault((row.term, found[2]), {})
                numbers[float(found[1])] = numbers.get(float(found[1]), 0) + 1
    return {key: max(numbers, key=lambda n: (numbers[n], n)) for key, numbers in seen.items()}


def _per_unit(row: Row, units: dict[tuple[str, str], float]) -> Row:
    found = _PER.match(row.contrast)
    if not found or row.analysis_scale not in ("identity", "log"):
        return row
    usual = units[(row.term, found[2])]
    factor = usual / float(found[1])
    if factor == 1.0:
        return row
    return _times(row, factor, contrast=f"per {usual:g} {found[2]}")


def _scaled(row: Row) -> Row:
    for each in conversions():
        same = (each.from_instrument, each.from_scale) == (row.instrument, row.scale)
        if same and row.estimand in ("mean", "mean_change", "coefficient"):
            return _times(row, each.factor, instrument=each.to_instrument, scale=each.to_scale)
    return row


def _times(row: Row, factor: float, **names: str) -> Row:
    """A row whose value, error and limits are `factor` times as large on the analysis scale."""

    def quoted(number: float | None) -> float | None:
        """A figure of the quoted scale in the other unit; a factor of the logarithm is a power of the ratio."""
        if number is None:
            return None
        if row.analysis_scale == "log":
            return float(number**factor) if number > 0 else number
        return number * factor

    return row.model_copy(
        update={
            **names,
            "value": row.value * factor,
            "std_error": None if row.std_error is None else row.std_error * abs(factor),
            "estimate": quoted(row.estimate),
            "conf_low": quoted(row.conf_low),
            "conf_high": quoted(row.conf_high),
        }
    )
