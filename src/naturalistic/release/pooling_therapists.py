"""The twin of a pooled figure that takes account of people sharing therapists within a service."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
from scipy.special import stdtrit

from naturalistic.release.bundle_model import Bundle, Row
from naturalistic.release.pooling_rows import LEAST_ERROR, Group, Member, logit_of_counts
from naturalistic.release.pooling_same import KEY
from naturalistic.stats.meta_analysis import design_effects, effective_people

SPECIFICATION = "therapist_clustered"  # the services' own words, and the twins': a rate's
JACKKNIFE = "jackknife_by_therapist"  # and that of the size of a change
OWN, MEDIAN, ONE = "its own", "median of the others", "taken as 1"
_AT = KEY.index("specification")
Found = dict[tuple[Any, ...], list[Row]]


class ClusteredRows:
    """The figures of all services whose own error leaves one therapist out at a time."""

    def __init__(self, bundles: Iterable[Bundle]) -> None:
        self._found: dict[str, Found] = {}
        for bundle in bundles:
            found = self._found.setdefault(bundle.cohort, {})
            for row in bundle.estimates:
                if row.specification == _variant(row.estimand):
                    found.setdefault(_figure(row), []).append(row)

    def of(self, member: Member) -> Row | None:
        """The row of the same figure; of another analysis only where it is of the same people."""
        found = self._found.get(member.cohort, {}).get(_figure(member.row), [])
        own = [row for row in found if row.analysis == member.row.analysis]
        alike = [row for row in found if row.denominator and _same_counts(row, member.row)]
        return next(iter(own or alike), None)


def clustered_group(group: Group, clustered: ClusteredRows, unknown: str) -> Group | None:
    """The same services with effective numbers of people; None where no service says how alike they are.

    A service's design effect, at least 1, is its people over the number of independent people behind its own
    therapist-clustered limits (a rate), or the ratio of the squares of its two standard errors (the size of a change).
    Nothing else of a bundle is used: no count leaves that was not there.

    Parameters
    ----------
    group : Group
        A figure of people that is not a model's, with counts or standard errors in every service.
    clustered : ClusteredRows
        Of the same bundles.
    unknown : {'median', 'one'}
        What a service without a design effect is taken to have.
    """
    if len(group.members) < 2 or group.named["model"]:
        return None
    effect_of = _of_limits if group.counted else _of_errors
    rows = [clustered.of(member) for member in group.members]
    found = [
        float("nan") if row is None else effect_of(member.row, row)
        for member, row in zip(group.members, rows, strict=True)
    ]
    # ASSUME A91: a service that gives no design effect has the median of those that do
    effects = design_effects(np.ones(len(rows)), 1.0 / np.array(found), unknown=unknown)
    if effects is None:
        return None
    assumed = MEDIAN if unknown == "median" else ONE
    members = tuple(
        _member(member, row, float(value), OWN if own else assumed, counted=group.counted)
        for member, row, value, own in zip(
            group.members, rows, effects.values, effects.own, strict=True
        )
    )
    key = list(group.key)
    key[_AT] = _variant(group.named["estimand"])
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


def _variant(estimand: str) -> str:
    return SPECIFICATION if estimand == "proportion" else JACKKNIFE


def _figure(row: Row) -> tuple[Any, ...]:
    return tuple(getattr(row, name) for name in KEY if name not in ("analysis", "specification"))


def _same_counts(row: Row, other: Row) -> bool:
    return (row.numerator, row.denominator) == (other.numerator, other.denominator)


def _of_limits(_: Row, row: Row) -> float:
    """From the limits a service released of a rate; NaN where they do not tell."""
    level = 0.95 if row.conf_level is None else row.conf_level
    if row.df is None or row.conf_low is None or row.conf_high is None or not 0.0 < level < 1.0:
        return float("nan")
    if not row.numerator or not row.denominator or row.numerator >= row.denominator:
        return float("nan")
    quantile = stdtrit(max(row.df, 1.0), 0.5 + level / 2.0)
    share = row.numerator / row.denominator
    return row.denominator / float(effective_people(share, row.conf_low, row.conf_high, quantile))


def _of_errors(plain: Row, row: Row) -> float:
    """From the two standard errors of the size of a change; NaN where there are none."""
    if plain.std_error is None or row.std_error is None or row.std_error < LEAST_ERROR:
        return float("nan")
    return (row.std_error / plain.std_error) ** 2


def _member(
    member: Member, row: Row | None, effect: float, source: str, *, counted: bool
) -> Member:
    """A service with the error, and in pictures the interval, that allows for its therapists."""
    told = member.row
    if row is not None and source == OWN and _same_counts(row, told):
        told = told.model_copy(update={"conf_low": row.conf_low, "conf_high": row.conf_high})
    value, error = member.value, member.error * float(np.sqrt(effect))
    if counted:
        x, n = float(told.numerator or 0), float(told.denominator or 0)
        value, error = logit_of_counts(x / effect, n / effect)
    return replace(
        member, row=told, value=value, error=error, design_effect=effect, design_effect_from=source
    )
