"""Behind a headline: services one by one, without each, other estimators, trusts, groups and moderators."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from naturalistic.release.pooling_rows import INTERVAL, Group, back
from naturalistic.stats.meta_analysis import (
    influence,
    leave_one_out,
    random_effects,
    service_funnel,
    services_in_trusts,
    subgroups,
)

ALTERNATIVES = (
    ("reml", "hksj_not_below"),
    ("reml", "hksj"),
    ("paule_mandel", "hksj_not_below"),
    ("dersimonian_laird", "hksj_not_below"),
    ("reml", "normal"),
    ("common_effect", "normal"),
)
SERVICE_COLUMNS = (
    "headline",
    "cohort",
    "estimate",
    "conf_low",
    "conf_high",
    "n_patients",
    "weight",
    "design_effect",
    "design_effect_from",
    "value",
    "std_error",
    "funnel_z",
    "funnel_z_chance",
    "without_it",
    "without_it_low",
    "without_it_high",
    "studentised_residual",
    "cook",
    "tau2_without",
)
VARIANT_COLUMNS = (
    "headline",
    "variant",
    "level",
    "k",
    "estimate",
    "conf_low",
    "conf_high",
    "tau2",
    "p_value",
    "note",
)


def service_rows(
    name: str, group: Group, *, between: str, conf_level: float
) -> list[dict[str, Any]]:
    """One row a service: its figure, its weight, its place in the funnel and the result without it."""
    y, s, scale = group.values, group.errors, group.scale
    k = len(y)
    fit = random_effects(y, s, between=between, interval=INTERVAL, conf_level=conf_level)
    lone = (
        leave_one_out(y, s, between=between, interval=INTERVAL, conf_level=conf_level)
        if k > 1
        else ()
    )
    deletion = influence(y, s, between=between, interval=INTERVAL) if k > 2 else None
    funnel = service_funnel(y, s) if k > 2 else None
    rows = []
    for i, member in enumerate(group.members):
        row: dict[str, Any] = {
            "headline": name,
            "cohort": member.cohort,
            "estimate": member.row.estimate,
            "conf_low": member.row.conf_low,
            "conf_high": member.row.conf_high,
            "n_patients": member.row.n_patients,
            "weight": float(fit.weights[i]),
            "design_effect": member.design_effect,
            "design_effect_from": member.design_effect_from,
            "value": member.value,
            "std_error": member.error,
        }
        if funnel is not None:
            row |= {"funnel_z": funnel.z[i], "funnel_z_chance": funnel.z_chance[i]}
        if lone:
            rest = lone[i].average
            row |= {
                "without_it": back(rest.estimate, scale),
                "without_it_low": back(rest.conf_low, scale),
                "without_it_high": back(rest.conf_high, scale),
            }
        if deletion is not None:
            row |= {
                "studentised_residual": deletion.studentised_residual[i],
                "cook": deletion.cook[i],
                "tau2_without": deletion.tau2_without[i],
            }
        rows.append(row)
    return rows


def variant_rows(
    name: str,
    group: Group,
    known: Mapping[str, Mapping[str, Any]],
    *,
    trust: str = "",
    subgroup: str = "",
    moderators: tuple[str, ...] = (),
    between: str = "reml",
    conf_level: float = 0.95,
) -> list[dict[str, Any]]:
    """The same figure by other estimators, with trusts as a level of their own, by groups and by moderators.

    Parameters
    ----------
    name : str
        The headline.
    group : Group
        Its services.
    known : mapping of str to mapping
        What is known about each service, by cohort.
    trust, subgroup : str
        Columns of `known`; empty for none.
    moderators : tuple of str
        Columns of numbers, one regression each.
    between, conf_level : str, float
        As for the main result.
    """
    y, s = group.values, group.errors
    rows = []
    for other, interval in ALTERNATIVES if len(y) > 1 else ():
        fit = random_effects(y, s, between=other, interval=interval, conf_level=conf_level)
        rows.append(_variant(name, "estimator", f"{other}, {interval}", fit, group))
    if trust:
        rows += _trusts(name, group, known, trust, conf_level)
    if subgroup and len(y) > 1:
        rows += _groups(name, group, known, subgroup, between, conf_level)
    for moderator in moderators:
        rows += _moderator(name, group, known, moderator, between, conf_level)
    return rows


def _variant(name: str, variant: str, level: str, fit: Any, group: Group) -> dict[str, Any]:
    average = fit.average
    return {
        "headline": name,
        "variant": variant,
        "level": level,
        "k": fit.k,
        "estimate": back(average.estimate, group.scale),
        "conf_low": back(average.conf_low, group.scale),
        "conf_high": back(average.conf_high, group.scale),
        "tau2": fit.heterogeneity.tau2,
        "note": "; ".join(fit.notes),
    }


def _of(group: Group, known: Mapping[str, Mapping[str, Any]], column: str) -> list[Any]:
    return [known.get(member.cohort, {}).get(column) for member in group.members]


def _trusts(
    name: str, group: Group, known: Mapping[str, Mapping[str, Any]], column: str, level: float
) -> list[dict[str, Any]]:
    trusts = [str(value) for value in _of(group, known, column)]
    fit = services_in_trusts(group.values, group.errors, trusts, conf_level=level)
    base = {"headline": name, "variant": "trusts", "k": fit.n_services}
    average = fit.average
    return [
        {
            **base,
            "level": f"average over {fit.n_trusts} trusts",
            "estimate": back(average.estimate, group.scale),
            "conf_low": back(average.conf_low, group.scale),
            "conf_high": back(average.conf_high, group.scale),
            "note": fit.note,
        },
        {
            **base,
            "level": "between trusts",
            "tau2": fit.trust_variance,
            "note": _share(fit.trust_share),
        },
        {
            **base,
            "level": "between services of one trust",
            "tau2": fit.service_variance,
            "note": _share(fit.service_share),
        },
    ]


def _share(share: float) -> str:
    return "" if np.isnan(share) else f"{100 * share:.0f}% of the variation between figures"


def _groups(
    name: str,
    group: Group,
    known: Mapping[str, Mapping[str, Any]],
    column: str,
    between: str,
    level: float,
) -> list[dict[str, Any]]:
    labels = [str(value) for value in _of(group, known, column)]
    found = subgroups(
        group.values, group.errors, labels, between=between, interval=INTERVAL, conf_level=level
    )
    variant = f"groups by {column}"
    rows = [_variant(name, variant, label, fit, group) for label, fit in found.fits.items()]
    test = {"level": "test of equal averages", "p_value": found.p_value, "k": len(labels)}
    return [*rows, {"headline": name, "variant": variant, **test, "note": found.note}]


def _moderator(
    name: str,
    group: Group,
    known: Mapping[str, Mapping[str, Any]],
    column: str,
    between: str,
    level: float,
) -> list[dict[str, Any]]:
    values = np.array([float(value) for value in _of(group, known, column)])
    variant = f"moderator {column}"
    base = {"headline": name, "variant": variant, "k": len(values)}
    if len(values) < 4 or np.ptp(values) == 0:
        why = "the same in all services" if len(values) > 3 else "needs at least four services"
        return [{**base, "level": "per unit", "note": why}]
    design = np.column_stack([np.ones(len(values)), values])
    fit = random_effects(
        group.values,
        group.errors,
        design=design,
        term_names=["intercept", column],
        between=between,
        interval=INTERVAL,
        conf_level=level,
    )
    slope = fit.term(column)
    few = "fewer than ten services: a moderator is hardly estimable" if len(values) < 10 else ""
    scale = "" if group.scale == "identity" else f"on the {group.scale} scale"
    return [
        {
            **base,
            "level": "per unit",
            "estimate": slope.estimate,
            "conf_low": slope.conf_low,
            "conf_high": slope.conf_high,
            "tau2": fit.heterogeneity.tau2,
            "p_value": slope.p_value,
            "note": "; ".join(n for n in (scale, few) if n),
        }
    ]
