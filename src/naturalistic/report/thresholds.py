"""The thresholds a figure is drawn against: reliable change and clinical cut-off, as the settings choose them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from naturalistic.cohort.change_criteria import (
    Person,
    clinical_limits,
    reliable_change_threshold,
)
from naturalistic.report.released import Released, is_ok
from naturalistic.report.wording import number, plain
from naturalistic.settings.config import ReliableChange

_SEXES = ("any", "female", "male")
_AGES = (np.nan, *range(5, 96, 5))


@dataclass(frozen=True)
class Thresholds:
    """Reliable change and cut-off of the primary scale.

    Attributes
    ----------
    reliable : float or None
        Smallest reliable change, points; of the cohort itself or as published; None where it is not known.
    reliable_words : str
        What counts as reliable change, to be read after "reliable change: ".
    cut_offs : tuple of float
        Clinical cut-offs; several where they are published by sex or age, none where none is known.
    cut_off_words : str
        Where the clinical side begins.
    """

    reliable: float | None
    reliable_words: str
    cut_offs: tuple[float, ...]
    cut_off_words: str

    @property
    def cut_off_text(self) -> str:
        """`10`, or `9.3 to 10.2 by sex or age`."""
        if len(self.cut_offs) == 1:
            return plain(self.cut_offs[0])
        return f"{plain(self.cut_offs[0])} to {plain(self.cut_offs[-1])} by sex or age"


def thresholds(released: Released) -> Thresholds:
    """Thresholds of the primary scale under the settings of the run."""
    rule = ReliableChange.model_validate(released.settings["reliable_change"])
    scale = released.scale
    published = reliable_change_threshold(scale, rule, [])
    own = _own_criterion(released) if rule.criterion == "sample" else None
    return Thresholds(
        published if own is None else own,
        _reliable_words(published, own, rule),
        *_cut_offs(released, rule, scale.maximum),
    )


def _own_criterion(released: Released) -> float | None:
    """The criterion from this cohort's own spread; None where it was not released or could not be had."""
    row = released.one(
        "clinical_change",
        estimand="threshold",
        term="reliable_change",
        definition="jacobson_truax_sample",
        **released.measure,
    )
    return float(row["estimate"]) if row is not None and is_ok(row) else None


def _reliable_words(published: float | None, own: float | None, rule: ReliableChange) -> str:
    least = "at least" if rule.inequality == "at_least" else "more than"
    if own is not None:
        beside = "" if published is None else f" (published: {plain(published)})"
        return f"{least} {number(own)} points, from the spread of this cohort's own first scores{beside}"
    if published is None:
        return "no criterion is known for this scale"
    return f"{least} {plain(published)} points, as published"


def _cut_offs(
    released: Released, rule: ReliableChange, maximum: float
) -> tuple[tuple[float, ...], str]:
    sexes, ages = np.meshgrid(np.array(_SEXES, dtype=object), np.array(_AGES, dtype=float))
    limits = clinical_limits(released.scale, rule, Person(sexes.ravel(), ages.ravel()))
    values = tuple(float(v) for v in np.unique(np.round(limits.value[~np.isnan(limits.value)], 6)))
    if not values:
        return (), "no cut-off is known for this scale"
    side = "above" if released.lower_is_better else "below"
    if limits.equal_is_clinical:
        side = f"at or {side}"
    found = Thresholds(None, "", values, "").cut_off_text
    return values, f"a score {side} {found} (of at most {plain(maximum)}) is on the clinical side"
