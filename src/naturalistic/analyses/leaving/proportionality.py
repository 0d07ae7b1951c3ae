"""Hazard ratios that change with time: tested, and answered in three ways."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from naturalistic.analyses.interface import EstimateRows
from naturalistic.analyses.leaving.absolute import FEWEST_EVENTS
from naturalistic.analyses.leaving.fitted import Fitted, as_ratio
from naturalistic.analyses.leaving.incidence import HORIZONS
from naturalistic.analyses.leaving.model_people import ModelPeople
from naturalistic.analyses.model_rows import add_coefficients, people_at
from naturalistic.analyses.predictors import Term
from naturalistic.stats.coefficient_table import ChiSquaredTest
from naturalistic.stats.cox import CoxFit, fit_cox
from naturalistic.stats.episode_rows import split_at
from naturalistic.stats.proportional_hazards import check_proportional_hazards
from naturalistic.stats.restricted_mean_comparison import compare_time_lost
from naturalistic.stats.result import Estimate

CAUSE_SPECIFIC = "cause_specific_cox"
BY_PERIOD, STRATIFIED = "cause_specific_cox_by_period", "cause_specific_cox_stratified"
ALL_TERMS = "all_terms"
FAILS = 0.05
HALVES = ("below_median", "from_median")


def add_proportionality(
    rows: EstimateRows, people: ModelPeople, clock: str, conf_level: float, **key: Any
) -> list[Fitted]:
    """Test of constant hazard ratios, each characteristic and all; where one fails, three answers.

    The test is that of Grambsch and Therneau (1994); a characteristic fails at p < 0.05. Its ratio is then given up to
    the median dropout and after it; the other ratios are given from a model in which the failing characteristics are
    strata, with a hazard of their own each; and the mean time lost to dropping out, which needs no ratio, is compared
    between its levels.
    """
    fit = fit_cox(
        people.time, people.dropped, people.matrix, entry=people.entry, term_names=people.names
    )
    predictors = list(dict.fromkeys(term.term for term in people.terms))
    groups = {name: [people.names[i] for i in people.columns_of(name)] for name in predictors}
    checked = check_proportional_hazards(fit, groups=groups)
    by_term = dict(zip(checked.terms, checked.tests, strict=True))
    model = {"model": CAUSE_SPECIFIC, "specification": "adjusted", **key}
    for name, test in ((ALL_TERMS, checked.overall), *by_term.items()):
        rows.add(
            "proportional_hazards_test",
            _as_estimate(test, checked.note),
            term=name,
            n_patients=len(people.time),
            n_events=people.n_events,
            **model,
        )
    failing = [name for name in predictors if by_term[name].p_value < FAILS]
    if not failing:
        return []
    fitted = _by_period(rows, people, failing, conf_level, key)
    fitted += _stratified(rows, people, failing, conf_level, key)
    for name in failing:
        _time_lost(rows, people, name, HORIZONS[clock], conf_level, key)
    return fitted


def _as_estimate(test: ChiSquaredTest, note: str) -> Estimate:
    known = bool(np.isfinite(test.statistic))
    return Estimate(
        estimate=test.statistic,
        statistic=test.statistic,
        df=test.df,
        p_value=test.p_value,
        status="ok" if known else "not_estimable",
        method="score test of a trend in the coefficient over time",
        note=note or ("" if known else "the test has no finite value"),
    )


def _by_period(
    rows: EstimateRows,
    people: ModelPeople,
    failing: list[str],
    conf_level: float,
    key: dict[str, Any],
) -> list[Fitted]:
    """One coefficient up to the median dropout and one after it for what fails the test."""
    model = {"model": BY_PERIOD, "specification": "adjusted", **key}
    own = [i for name in failing for i in people.columns_of(name)]
    kept = [i for i in range(len(people.terms)) if i not in own]
    cut = float(np.median(people.time[people.dropped]))
    split = split_at(people.time, people.dropped.astype(int), [cut], entry=people.entry)
    few = people.n_events < FEWEST_EVENTS * (len(kept) + 2 * len(own))
    if few or not split.event[split.period == 1].any():
        note = f"hazards of {', '.join(failing)} are not proportional, and there are too few events to split the time"
        rows.add("hazard_ratio", term="model", status="not_estimable", note=note, **model)
        return []
    x = people.matrix[split.row]
    periods = {f"up_to_{cut:g}": split.period == 0, f"after_{cut:g}": split.period == 1}
    parts = [x[:, kept], *(x[:, own] * inside[:, None] for inside in periods.values())]
    terms = [people.terms[i] for i in kept]
    terms += [_in_period(people.terms[i], period) for period in periods for i in own]
    fit = fit_cox(
        split.time,
        split.event,
        np.column_stack(parts),
        entry=split.entry,
        cluster=None if people.therapist is None else people.therapist[split.row],
        cluster_correction=people.therapist is not None,
        term_names=[term.column for term in terms],
        conf_level=conf_level,
    )
    for period, inside in periods.items():
        at_risk = people.design.iloc[np.unique(split.row[inside])]
        events = people.design.iloc[split.row[inside & (split.event == 1)]]
        _add_period(rows, fit, people, own, period, (at_risk, events), model)
    return [Fitted(BY_PERIOD, "adjusted", terms, fit)]


def _in_period(term: Term, period: str) -> Term:
    return Term(f"{term.column}@{period}", f"{term.term}@{period}", term.contrast, term.n)


def _add_period(
    rows: EstimateRows,
    fit: CoxFit,
    people: ModelPeople,
    own: list[int],
    period: str,
    behind: tuple[pd.DataFrame, pd.DataFrame],
    model: dict[str, Any],
) -> None:
    n, events = (people_at(part, people.terms) for part in behind)
    for i in own:
        term = people.terms[i]
        rows.add(
            "hazard_ratio",
            as_ratio(fit.estimate(f"{term.column}@{period}")),
            dimensions={"period": period},
            term=term.term,
            contrast=term.contrast,
            n_patients=n[term.column],
            n_events=events[term.column],
            note="the hazard ratio is not constant over time",
            **model,
        )


def _levels(people: ModelPeople, name: str) -> np.ndarray:
    """Levels of a characteristic; a number is halved at its median."""
    column = people.design[name]
    if isinstance(column.dtype, pd.CategoricalDtype):
        return column.astype(str).to_numpy(dtype=object)
    return np.where(column < column.median(), *HALVES).astype(object)


def _beside_strata(people: ModelPeople, names: list[str]) -> list[int]:
    """Columns left where the levels of some characteristics are strata."""
    own = {i for name in names for i in people.columns_of(name)}
    # a number halved into strata keeps its line within them
    own -= {i for i in own if " vs " not in people.terms[i].contrast}
    return [i for i in range(len(people.terms)) if i not in own]


def _strata(people: ModelPeople, names: list[str]) -> np.ndarray:
    """Levels of all the characteristics named, joined."""
    levels = (_levels(people, name) for name in names)
    return np.array(["|".join(parts) for parts in zip(*levels, strict=True)])


def _stratified(
    rows: EstimateRows,
    people: ModelPeople,
    failing: list[str],
    conf_level: float,
    key: dict[str, Any],
) -> list[Fitted]:
    """Ratios of the other characteristics where each level of the failing ones has a hazard of its own."""
    model = {"model": STRATIFIED, "specification": "adjusted", **key}
    kept = _beside_strata(people, failing)
    if not kept:
        note = "no characteristic is left beside those with hazards that are not proportional"
        rows.add("hazard_ratio", term="model", status="not_estimable", note=note, **model)
        return []
    terms = [people.terms[i] for i in kept]
    fit = fit_cox(
        people.time,
        people.dropped,
        people.matrix[:, kept],
        entry=people.entry,
        strata=_strata(people, failing),
        cluster=people.therapist,
        cluster_correction=people.therapist is not None,
        term_names=[term.column for term in terms],
        conf_level=conf_level,
    )
    add_coefficients(
        rows,
        "hazard_ratio",
        fit,
        terms,
        counts=people.people,
        ratio=True,
        method=fit.method,
        note="; ".join((f"strata: {', '.join(failing)}", *fit.notes)),
        n_events=people.n_events,
        n_therapists=fit.n_clusters,
        **model,
    )
    return [Fitted(STRATIFIED, "adjusted", terms, fit)]


def _time_lost(
    rows: EstimateRows,
    people: ModelPeople,
    name: str,
    horizon: float,
    conf_level: float,
    key: dict[str, Any],
) -> None:
    """Mean time lost to dropping out at each level less that at the reference level, nothing else held equal."""
    levels = _levels(people, name)
    reference = HALVES[0]
    if isinstance(people.design[name].dtype, pd.CategoricalDtype):
        reference = str(people.design[name].cat.categories[0])
    for level in sorted(set(levels) - {reference}):
        here = np.isin(levels, (reference, level))
        group = (levels[here] == level).astype(int)
        found = compare_time_lost(
            people.time[here],
            people.cause[here],
            group,
            horizon,
            entry=None if people.entry is None else people.entry[here],
            cluster=None if people.therapist is None else people.therapist[here],
            conf_level=conf_level,
        )
        own = here & (levels == level)
        rows.add(
            "time_lost_difference",
            found.difference,
            term=name,
            contrast=f"{level} vs {reference}",
            time=horizon,
            n_patients=int(own.sum()),
            n_events=int((own & people.dropped).sum()),
            note="the hazard ratio is not constant over time; nothing else held equal",
            model="time_lost_to_dropout",
            specification="one_at_a_time",
            **key,
        )
