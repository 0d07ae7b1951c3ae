"""The twin of a pooled rate that takes account of people sharing therapists within a service."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
from scipy.special import stdtrit

from naturalistic.release.bundle_model import Bundle, Row
from naturalistic.release.pooling_rows import Group, Member, logit_of_counts
from naturalistic.release.pooling_same import KEY
from naturalistic.stats.meta_analysis import design_effects, effective_people

SPECIFICATION = "therapist_clustered"  # the services' own word, and the twin's
OWN, MEDIAN, ONE = "its own", "median of the others", "taken as 1"
_VARIANT = KEY.index("specification")
Found = dict[tuple[Any, ...], list[Row]]


class ClusteredRates:
    """The rates of all services whose own interval leaves one therapist out at a time."""

    def __init__(self, bundles: Iterable[Bundle]) -> None:
        self._found: dict[str, Found] = {}
        for bundle in bundles:
            found = self._found.setdefault(bundle.cohort, {})
            for row in bundle.estimates:
                if row.specification == SPECIFICATION and row.estimand == "proportion":
                    found.setdefault(_figure(row), []).append(row)

    def of(self, member: Member) -> Row | None:
        """The row of the same figure; of another analysis only where it is of the same people."""
        found = self._found.get(member.cohort, {}).get(_figure(member.row), [])
        own = [row for row in found if row.analysis == member.row.analysis]
        alike = [row for row in found if _same_counts(row, member.row)]
        return next(iter(own or alike), None)


def clustered_group(group: Group, rates: ClusteredRates, unknown: str) -> Group | None:
    """The same services with effective numbers of people; None where no service says how alike they are.

    A service's design effect is its people over the number of independent people behind its own therapist-clustered
    limits, at least 1. Nothing else of a bundle is used: no count leaves that was not there.

    Parameters
    ----------
    group : Group
        A rate with its counts in every service.
    rates : ClusteredRates
        Of the same bundles.
    unknown : {'median', 'one'}
        What a service without a design effect is taken to have.
    """
    if not group.counted or len(group.members) < 2:
        return None
    rows = [rates.of(member) for member in group.members]
    # ASSUME A91: a service that gives no design effect has the median of those that do
    effects = design_effects(
        [1.0] * len(rows), [1.0 / _design_effect(row) for row in rows], unknown=unknown
    )
    if effects is None:
        return None
    assumed = MEDIAN if unknown == "median" else ONE
    members = tuple(
        _member(member, row, float(value), OWN if own else assumed)
        for member, row, value, own in zip(
            group.members, rows, effects.values, effects.own, strict=True
        )
    )
    key = list(group.key)
    key[_VARIANT] = SPECIFICATION
    return Group(tuple(key), members, group.left_out)


def effect_columns(group: Group) -> dict[str, Any]:
    """What a pooled row says of its services' design effects."""
    found = group.design_effects
    if found is None:
        return {}
    own = np.array([m.design_effect_from == OWN for m in group.members])
    return {
        "k_design_effect": int(own.sum()),
        "design_effect": float(np.median(found[own])),
        "design_effect_low": float(found[own].min()),
        "design_effect_high": float(found[own].max()),
        "design_effect_assumed": np.nan if own.all() else float(found[~own][0]),
    }


def _figure(row: Row) -> tuple[Any, ...]:
    return tuple(getattr(row, name) for name in KEY if name not in ("analysis", "specification"))


def _same_counts(row: Row, other: Row) -> bool:
    return (row.numerator, row.denominator) == (other.numerator, other.denominator)


def _design_effect(row: Row | None) -> float:
    """From the limits a service released; NaN where they do not tell."""
    if row is None or row.df is None or row.conf_low is None or row.conf_high is None:
        return float("nan")
    if not row.numerator or not row.denominator:
        return float("nan")
    quantile = stdtrit(max(row.df, 1.0), 0.5 + (row.conf_level or 0.95) / 2.0)
    share = row.numerator / row.denominator
    return row.denominator / float(effective_people(share, row.conf_low, row.conf_high, quantile))


def _member(member: Member, row: Row | None, effect: float, source: str) -> Member:
    """A service with the error, and in pictures the interval, that allows for its therapists."""
    told = member.row
    if row is not None and source == OWN and _same_counts(row, told):
        told = told.model_copy(update={"conf_low": row.conf_low, "conf_high": row.conf_high})
    x, n = float(told.numerator or 0), float(told.denominator or 0)
    value, error = logit_of_counts(x / effect, n / effect)
    return replace(
        member, row=told, value=value, error=error, design_effect=effect, design_effect_from=source
    )
