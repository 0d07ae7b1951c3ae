"""Hazard ratios of dropout beside the plain Cox model: Fine and Gray, Firth, and by period."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from naturalistic.analyses.interface import EstimateRows
from naturalistic.analyses.leaving.absolute import FEWEST_EVENTS
from naturalistic.analyses.leaving.clocks import FloatArray
from naturalistic.analyses.leaving.model_people import ModelPeople
from naturalistic.analyses.model_rows import add_coefficients, people_at
from naturalistic.stats.coefficient_table import ChiSquaredTest
from naturalistic.stats.cox import fit_cox
from naturalistic.stats.cox_firth import METHOD as FIRTH_METHOD
from naturalistic.stats.cox_firth import fit_cox_firth
from naturalistic.stats.episode_rows import split_at
from naturalistic.stats.fine_gray import fine_gray
from naturalistic.stats.proportional_hazards import check_proportional_hazards
from naturalistic.stats.result import Estimate

FINE_GRAY, FIRTH = "fine_gray", "cause_specific_cox_firth"
CAUSE_SPECIFIC, BY_PERIOD = "cause_specific_cox", "cause_specific_cox_by_period"
ALL_TERMS = "all_terms"
FAILS = 0.05
MEANING = (
    "above one: a larger share has dropped out by any time, the other ways of ending taken into account; "
    "the cause-specific ratio is the rate of leaving among those still in therapy, which other endings do not touch"
)


@dataclass(frozen=True)
class LogRatios:
    """Log ratios of an engine in the shape `add_coefficients` reads."""

    terms: tuple[str, ...]
    status: str
    coefficients: FloatArray
    std_errors: FloatArray
    covariance: FloatArray
    conf_low: FloatArray
    conf_high: FloatArray
    conf_level: float
    p_values: FloatArray


def _counts(people: ModelPeople) -> dict[str, Any]:
    return {
        "n_events": people.n_events,
        "n_missing": people.n_missing,
        "denominator": len(people.time),
    }


def add_subdistribution(
    rows: EstimateRows, people: ModelPeople, conf_level: float, **key: Any
) -> None:
    """Subdistribution hazard ratios of dropping out (Fine and Gray 1999), clustered by therapist."""
    fit = fine_gray(
        people.matrix, people.time, people.cause, cluster=people.therapist, conf_level=conf_level
    )
    table = LogRatios(
        tuple(people.names),
        fit.status,
        fit.coefficients,
        fit.std_error,
        fit.covariance,
        fit.conf_low,
        fit.conf_high,
        fit.conf_level,
        fit.p_value,
    )
    notes = (MEANING, fit.note, *people.notes)
    add_coefficients(
        rows,
        "subdistribution_hazard_ratio",
        table,
        people.terms,
        counts=people.people,
        ratio=True,
        method=fit.method,
        note="; ".join(note for note in notes if note),
        n_therapists=fit.n_clusters if people.therapist is not None else None,
        model=FINE_GRAY,
        specification="adjusted",
        **_counts(people),
        **key,
    )


def add_few_events(rows: EstimateRows, people: ModelPeople, conf_level: float, **key: Any) -> None:
    """Firth's penalised hazard ratios where there are fewer than five dropouts a parameter."""
    model = {"model": FIRTH, "specification": "adjusted", **key}
    ratio = f"{people.events_per_parameter:.1f} dropouts per parameter"
    if people.events_per_parameter >= FEWEST_EVENTS:
        note = f"not needed: {ratio}"
        rows.add("hazard_ratio", term="model", status="not_run", note=note, **model)
        return
    fit = fit_cox_firth(
        people.time,
        people.dropped,
        people.matrix,
        term_names=people.names,
        conf_level=conf_level,
    )
    table = LogRatios(
        fit.terms,
        fit.status,
        fit.coefficients,
        fit.std_errors,
        np.full((len(fit.terms),) * 2, np.nan),
        fit.conf_low,
        fit.conf_high,
        fit.conf_level,
        fit.p_values,
    )
    add_coefficients(
        rows,
        "hazard_ratio",
        table,
        people.terms,
        counts=people.people,
        ratio=True,
        method=FIRTH_METHOD,
        note="; ".join((ratio, *fit.notes, *people.notes)),
        **_counts(people),
        **model,
    )


def add_proportionality(
    rows: EstimateRows, people: ModelPeople, conf_level: float, **key: Any
) -> None:
    """Test of constant hazard ratios, each characteristic and all; where one fails, its ratio early and late.

    The test is that of Grambsch and Therneau (1994); a characteristic fails at p < 0.05. The answer cuts the time at the
    median dropout and gives the failing characteristics a coefficient in each period.
    """
    fit = fit_cox(people.time, people.dropped, people.matrix, term_names=people.names)
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
    if failing:
        _by_period(rows, people, failing, conf_level, key)


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
) -> None:
    """One coefficient up to the median dropout and one after it for what fails the test."""
    model = {"model": BY_PERIOD, "specification": "adjusted", **key}
    own = [i for name in failing for i in people.columns_of(name)]
    kept = [i for i in range(len(people.terms)) if i not in own]
    n_parameters = len(kept) + 2 * len(own)
    cut = float(np.median(people.time[people.dropped]))
    split = split_at(people.time, people.dropped.astype(int), [cut])
    if people.n_events < FEWEST_EVENTS * n_parameters or not split.event[split.period == 1].any():
        note = f"hazards of {', '.join(failing)} are not proportional, and there are too few events to split the time"
        rows.add("hazard_ratio", term="model", status="not_estimable", note=note, **model)
        return
    x = people.matrix[split.row]
    periods = {f"up_to_{cut:g}": split.period == 0, f"after_{cut:g}": split.period == 1}
    parts = [x[:, kept], *(x[:, own] * inside[:, None] for inside in periods.values())]
    names = [people.names[i] for i in kept]
    names += [f"{people.names[i]}@{period}" for period in periods for i in own]
    fit = fit_cox(
        split.time,
        split.event,
        np.column_stack(parts),
        entry=split.entry,
        cluster=None if people.therapist is None else people.therapist[split.row],
        term_names=names,
        conf_level=conf_level,
    )
    for period, inside in periods.items():
        at_risk = people.design.iloc[np.unique(split.row[inside])]
        events = people.design.iloc[split.row[inside & (split.event == 1)]]
        _add_period(rows, fit, people, own, period, (at_risk, events), model)


def _add_period(
    rows: EstimateRows,
    fit: Any,
    people: ModelPeople,
    own: list[int],
    period: str,
    behind: tuple[pd.DataFrame, pd.DataFrame],
    model: dict[str, Any],
) -> None:
    n, events = (people_at(part, people.terms) for part in behind)
    for i in own:
        term = people.terms[i]
        log_ratio = fit.estimate(f"{term.column}@{period}")
        note = "the hazard ratio is not constant over time; " + log_ratio.note
        value = None
        if log_ratio.status == "ok":
            value = Estimate(
                estimate=float(np.exp(log_ratio.estimate)),
                std_error=log_ratio.std_error,
                conf_low=float(np.exp(log_ratio.conf_low)),
                conf_high=float(np.exp(log_ratio.conf_high)),
                conf_level=log_ratio.conf_level,
                p_value=log_ratio.p_value,
                method=log_ratio.method,
            )
        rows.add(
            "hazard_ratio",
            value,
            dimensions={"period": period},
            term=term.term,
            contrast=term.contrast,
            n_patients=n[term.column],
            n_events=events[term.column],
            note=note,
            **model,
        )
