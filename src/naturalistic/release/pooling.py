"""Pooling the evidence of several services: like with like, heterogeneity before averages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from naturalistic.errors import BundleError
from naturalistic.release import (
    pooling_curves,
    pooling_detail,
    pooling_models,
    pooling_rounding,
    pooling_rows,
    pooling_therapists,
)
from naturalistic.release.bundle_model import Bundle, Row
from naturalistic.release.pooling_conversions import harmonised
from naturalistic.release.pooling_headlines import headline_groups
from naturalistic.release.pooling_rows import Group, make_group, pooled_row
from naturalistic.release.pooling_same import (
    KEY,
    comparable,
    difference,
    key_of,
    require_same_primary,
)
from naturalistic.release.reduced import reduced_in_services
from naturalistic.tables.estimates import dimension_levels

BUNDLE_COLUMNS = (
    "cohort",
    "title",
    "service",
    "synthetic",
    "data_cut",
    "first_year",
    "last_year",
    "referred",
    "started",
    "paired",
    "profile",
    "software",
    "estimates",
    "digest",
)


@dataclass(frozen=True, slots=True)
class PoolRequest:
    """How to pool.

    Attributes
    ----------
    between : str
        Estimator of the variance between services.
    by : tuple of str
        Characteristics whose one-way breakdowns are pooled too.
    trust, subgroup : str
        Columns of `known`: the trust of a service; groups to compare.
    moderators : tuple of str
        Columns of numbers.
    therapists_unknown : {'median', 'one'}
        Design effect of a rate in a service that gives none: the median of the others, or 1.
    known : mapping of str to mapping
        What is known about each service, by cohort.
    """

    between: str = "reml"
    by: tuple[str, ...] = ()
    trust: str = ""
    subgroup: str = ""
    moderators: tuple[str, ...] = ()
    therapists_unknown: str = "median"
    known: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Pooled:
    """Everything the pooled report and its tables are made from.

    Attributes
    ----------
    tables : dict of str to DataFrame
        ``bundles``, ``estimates`` (column `headline` names what the report leads with), ``services``, ``variants``,
        ``curves``, ``models``, ``rounding``, ``not_pooled``.
    primary : dict
        The primary analysis all services share.
    synthetic : bool
        Whether the people were made by a program.
    conf_level : float
        Coverage of every interval.
    notes : tuple of str
        What was converted, and which services resampled less than the shipped settings do.
    """

    tables: dict[str, pd.DataFrame]
    primary: dict[str, Any]
    synthetic: bool
    conf_level: float
    notes: tuple[str, ...]


def pool(bundles: Sequence[Bundle], request: PoolRequest) -> Pooled:
    """Pool checked bundles.

    Raises
    ------
    BundleError
        No bundle, or services whose primary analysis is not the same.
    """
    if not bundles:
        raise BundleError("There is no bundle to pool.")
    require_same_primary(bundles)
    converted, notes = harmonised(bundles)
    first = converted[0]
    level = float(first.settings.get("conf_level", 0.95))
    primary = dict(first.definitions["primary"].value) if "primary" in first.definitions else {}
    groups, refused = _groups(converted, request)
    plain = headline_groups(groups, primary) if primary else {}
    twins = _twins(groups, converted, request)
    heads = {name: twins.get(group.key, group) for name, group in plain.items()}
    tables = {
        "bundles": _frame([_bundle_row(b) for b in converted], BUNDLE_COLUMNS),
        "estimates": _frame(
            _estimates((*groups, *twins.values()), heads, plain, request, level),
            pooling_rows.COLUMNS,
        ),
        "services": _frame(_services(heads, request, level), pooling_detail.SERVICE_COLUMNS),
        "variants": _frame(_variants(heads, request, level), pooling_detail.VARIANT_COLUMNS),
        "curves": _frame(pooling_curves.pooled_curves(converted, level), pooling_curves.COLUMNS),
        "models": _frame(
            pooling_models.pooled_models(groups, converted, level), pooling_models.COLUMNS
        ),
        "rounding": _frame(
            pooling_rounding.rounding_rows(heads, converted, request.between),
            pooling_rounding.COLUMNS,
        ),
        "not_pooled": _frame(refused, (*KEY, "cohorts", "reason")),
    }
    said = (*notes, *reduced_in_services(b.settings for b in bundles))
    return Pooled(tables, primary, first.synthetic, level, said)


def _twins(
    groups: Sequence[Group], bundles: Sequence[Bundle], request: PoolRequest
) -> dict[tuple[Any, ...], Group]:
    """Figures that take account of therapists, by the key of the figure they are the twin of."""
    clustered = pooling_therapists.ClusteredRows(bundles)
    made = (
        (g.key, pooling_therapists.clustered_group(g, clustered, request.therapists_unknown))
        for g in groups
    )
    return {key: twin for key, twin in made if twin is not None}


def _estimates(
    groups: Sequence[Group],
    heads: Mapping[str, Group],
    plain: Mapping[str, Group],
    request: PoolRequest,
    level: float,
) -> list[dict[str, Any]]:
    names = {group.key: name for name, group in heads.items()}
    profiled = set(names) | {group.key for group in plain.values()}
    return [
        {
            **pooled_row(g, between=request.between, conf_level=level, limits=g.key in profiled),
            **pooling_therapists.effect_columns(g),
            "headline": names.get(g.key, ""),
        }
        for g in sorted(groups, key=lambda g: tuple(map(str, g.key)))
    ]


def _services(
    heads: Mapping[str, Group], request: PoolRequest, level: float
) -> list[dict[str, Any]]:
    return [
        row
        for name, group in heads.items()
        for row in pooling_detail.service_rows(
            name, group, between=request.between, conf_level=level
        )
    ]


def _variants(
    heads: Mapping[str, Group], request: PoolRequest, level: float
) -> list[dict[str, Any]]:
    return [
        row
        for name, group in heads.items()
        for row in pooling_detail.variant_rows(
            name,
            group,
            request.known,
            trust=request.trust,
            subgroup=request.subgroup,
            moderators=request.moderators,
            between=request.between,
            conf_level=level,
        )
    ]


def _groups(
    bundles: Sequence[Bundle], request: PoolRequest
) -> tuple[list[Group], list[dict[str, Any]]]:
    """Groups of like figures, and what is not pooled with its reason."""
    found: dict[tuple[Any, ...], list[tuple[Bundle, Row]]] = {}
    for bundle in bundles:
        for row in bundle.estimates:
            if _wanted(row, request):
                found.setdefault(key_of(row), []).append((bundle, row))
    groups, refused = [], []
    for key, members in sorted(found.items(), key=lambda item: tuple(map(str, item[0]))):
        reason = comparable(members[0][1]) or difference(members)
        if reason:
            refused.append(_refusal(key, [b.cohort for b, _ in members], reason))
            continue
        group = make_group(key, members)
        if group.left_out:
            why = (pooling_rows.SOME if group.members else "") + group.left_out[0][1]
            refused.append(_refusal(key, [cohort for cohort, _ in group.left_out], why))
        if group.members:
            groups.append(group)
    return groups, refused


def _wanted(row: Row, request: PoolRequest) -> bool:
    """The whole, and the one-way breakdowns asked for; variants of method stay with their services."""
    if row.dimensions:
        levels = dimension_levels(row.dimensions)
        return len(levels) == 1 and next(iter(levels)) in request.by and not row.specification
    return bool(row.model) or not row.specification


def _refusal(key: tuple[Any, ...], cohorts: list[str], reason: str) -> dict[str, Any]:
    return {**dict(zip(KEY, key, strict=True)), "cohorts": ", ".join(cohorts), "reason": reason}


def _bundle_row(bundle: Bundle) -> dict[str, Any]:
    people = {c.population: c.people for c in bundle.counts if c.what == "people"}
    return {
        "cohort": bundle.cohort,
        "title": bundle.title,
        "service": bundle.service,
        "synthetic": bundle.synthetic,
        "data_cut": bundle.period.data_cut,
        "first_year": bundle.period.first_year,
        "last_year": bundle.period.last_year,
        **{name: people.get(name) for name in ("referred", "started", "paired")},
        "profile": bundle.disclosure.name,
        "software": bundle.software.version,
        "estimates": len(bundle.estimates),
        "digest": bundle.digest,
    }


def _frame(rows: list[dict[str, Any]], columns: Sequence[str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=list(columns))
