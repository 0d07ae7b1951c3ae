"""Whether straight lines are enough for age and the score before therapy, and whether one person decides a coefficient."""

from __future__ import annotations

from typing import Any

import numpy as np

from naturalistic.analyses.interface import EstimateRows
from naturalistic.analyses.leaving.absolute import FEWEST_EVENTS
from naturalistic.analyses.leaving.fitted import Fitted, as_ratio
from naturalistic.analyses.leaving.model_people import BASELINE, ModelPeople
from naturalistic.analyses.predictors import NUMERIC_UNITS, Term
from naturalistic.stats.cox import CoxFit, fit_cox
from naturalistic.stats.hazards.cox_diagnostics import dfbeta
from naturalistic.stats.result import Estimate
from naturalistic.stats.splines import restricted_cubic_spline, spline_knots

SPLINE, LINEAR = "cause_specific_cox_spline", "cause_specific_cox"
KNOTS = 4
BENDS = 0.05  # the test of a straight line fails
QUANTILES = (0.1, 0.25, 0.75, 0.9)  # compared with the median


def add_functional_form(
    rows: EstimateRows, people: ModelPeople, conf_level: float, **key: Any
) -> list[Fitted]:
    """Wald test of a straight line for each number in the model; where it bends, ratios along the curve.

    A restricted cubic spline of four knots (Harrell 2015) takes the place of the line of one number at a time; the test
    is that of its curved parts, robust to clustering by therapist.
    """
    fitted = []
    for term in people.terms:
        if " vs " in term.contrast or people.design[term.term].nunique() <= KNOTS:
            continue
        shared: dict[str, Any] = {
            "term": term.term,
            "n_patients": len(people.time),
            "n_events": people.n_events,
            "model": SPLINE,
            "specification": "adjusted",
            **key,
        }
        curved = _spline(people, term.column, conf_level)
        if isinstance(curved, str):
            rows.add("linearity_test", status="not_estimable", note=curved, **shared)
            continue
        fit, bends, terms = curved
        test = fit.wald_test(bends)
        known = bool(np.isfinite(test.statistic))
        rows.add(
            "linearity_test",
            Estimate(
                estimate=test.statistic,
                statistic=test.statistic,
                df=test.df,
                p_value=test.p_value,
                status="ok" if known else "not_estimable",
                method=f"Wald test of the curved parts of a restricted cubic spline, {KNOTS} knots",
                note="" if known else "too few therapists or no finite estimate",
            ),
            **shared,
        )
        if known and test.p_value < BENDS:
            _along_the_curve(rows, people, term, fit, bends, shared)
            fitted.append(Fitted(f"{SPLINE}.{term.term}", "adjusted", terms, fit))
    return fitted


def _spline(
    people: ModelPeople, column: str, conf_level: float
) -> tuple[CoxFit, list[str], list[Term]] | str:
    """The model with a curve in place of one line, the names of its curved parts, and what its columns are."""
    here = people.names.index(column)
    n_parameters = len(people.names) + KNOTS - 2
    if people.n_events < FEWEST_EVENTS * n_parameters:
        return f"{people.n_events} dropouts for {n_parameters} parameters: too few for a curve"
    values = people.matrix[:, here]
    try:
        knots = spline_knots(values, KNOTS)
    except ValueError:
        return "too few different values for a curve"
    curve = restricted_cubic_spline(values, knots)[:, 1:]
    bends = [f"{column}~{j + 1}" for j in range(curve.shape[1])]
    fit = fit_cox(
        people.time,
        people.dropped,
        np.column_stack([people.matrix, curve]),
        entry=people.entry,
        cluster=people.therapist,
        cluster_correction=people.therapist is not None,
        term_names=[*people.names, *bends],
        conf_level=conf_level,
    )
    term = people.terms[here].term
    terms = [Term(name, term, f"curved part {j + 1}", len(values)) for j, name in enumerate(bends)]
    return fit, bends, [*people.terms, *terms]


def _along_the_curve(
    rows: EstimateRows,
    people: ModelPeople,
    term: Term,
    fit: CoxFit,
    bends: list[str],
    shared: dict[str, Any],
) -> None:
    """Hazard ratio at four quantiles of the number against its median."""
    values = people.matrix[:, people.names.index(term.column)]
    points = np.quantile(values, [0.5, *QUANTILES])
    basis = restricted_cubic_spline(points, spline_knots(values, KNOTS))
    own = [fit.terms.index(name) for name in (term.column, *bends)]
    in_words = [_in_own_units(people, term.term, x) for x in points]
    for k in range(1, len(points)):
        if in_words[k] == in_words[0]:
            continue
        weights = np.zeros(len(fit.terms))
        weights[own] = basis[k] - basis[0]
        rows.add(
            "hazard_ratio",
            as_ratio(fit.contrast(weights)),
            contrast=f"{in_words[k]} vs {in_words[0]}",
            note="a straight line does not fit; read from the curve",
            **shared,
        )


def _in_own_units(people: ModelPeople, name: str, value: float) -> str:
    """Back from the centred and scaled number to the one held, whole: no person's own value."""
    centre = people.centres.get(name, 0.0)
    unit = 5.0 if name == BASELINE else NUMERIC_UNITS.get(name, (1.0, ""))[0]
    return f"{centre + unit * value:.0f}"


def add_influence(rows: EstimateRows, people: ModelPeople, **key: Any) -> None:
    """By how many of its standard errors the most influential person shifts each coefficient (dfbeta, in size).

    The approximate change of a coefficient when one person is left out (Therneau and Grambsch 2000, section 7.1), the
    largest over all people, and whose it is stays out.
    """
    fit = fit_cox(
        people.time, people.dropped, people.matrix, entry=people.entry, term_names=people.names
    )
    shifts = np.abs(dfbeta(fit)).max(axis=0) / fit.std_errors
    for term in people.terms:
        j = fit.terms.index(term.column)
        known = bool(np.isfinite(shifts[j]))
        rows.add(
            "influence",
            float(shifts[j]) if known else None,
            status="ok" if known else "not_estimable",
            note="" if known else "no finite coefficient",
            term=term.term,
            contrast=term.contrast,
            n_patients=people.people[term.column],
            n_events=people.events[term.column],
            method="largest dfbeta in standard errors",
            model=LINEAR,
            specification="adjusted",
            **key,
        )
