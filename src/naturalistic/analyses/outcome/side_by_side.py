"""One group difference seen five ways: who starts higher, who changes more, what is only regression to the mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import stdtrit

from naturalistic.analyses.interface import EstimateRows
from naturalistic.analyses.outcome.fitting import Fitted, Rows, fit_rows
from naturalistic.analyses.outcome.model_tables import (
    add_joint_tests,
    add_model,
    add_population_averaged,
)
from naturalistic.analyses.outcome.people import OutcomePeople, people_behind
from naturalistic.analyses.outcome.pre_post import ADJUSTED, ALONE
from naturalistic.analyses.predictors import Term, design_matrix
from naturalistic.stats.clustered_regression import Regression, clustered_least_squares
from naturalistic.stats.lmm.contrasts import linear_combination
from naturalistic.stats.result import Estimate, not_estimable

ANCOVA, MODEL = "ancova", "side_by_side"
# per 5 points, as in the models of attendance and dropout
BASELINE, BASELINE_UNIT = "baseline", 5.0
PLAIN = "difference of means, errors that allow unequal variances (HC1), t"
EXPECTED = (
    "(1 - slope of last on first score) x difference before therapy, delta method; what people who start that much "
    "higher change more, whatever their group"
)


@dataclass(frozen=True, eq=False)
class _Plain:
    """Plain differences of the people with both scores between the levels of one predictor."""

    terms: list[Term]
    before: Regression
    change: Regression
    counts: dict[str, int]


def ancova_rows(people: OutcomePeople, predictors: tuple[str, ...]) -> Rows | None:
    """One row a person with both scores: the last on the first and predictors; None with fewer than three people."""
    person = np.flatnonzero(people.paired)
    first = people.first[person]
    if len(person) < 3 or np.ptp(first) == 0.0:
        return None
    levels = people.levels(person).assign(**{BASELINE: (first - first.mean()) / BASELINE_UNIT})
    matrix, terms = design_matrix(" + ".join(["1", BASELINE, *predictors]), levels)
    return Rows(people.last[person], matrix, terms, person)


def add_side_by_side(
    rows: EstimateRows, people: OutcomePeople, change_models: dict[str, Fitted]
) -> Fitted | None:
    """Differences of every characteristic, each alone: plain, expected from the start, at the same start, by the model.

    Estimand `group_difference`, everyone with both scores, by `specification`: ``before_therapy`` (points of the
    score), and in points of improvement ``raw`` (difference of mean change), ``expected_from_start`` (what the
    difference before therapy alone goes with: regression to the mean), ``same_start`` (analysis of covariance
    with therapist effects) and ``change_model`` (time x characteristic in the mixed model of everyone with either
    score). Without therapists ``raw`` is the sum of ``expected_from_start`` and ``same_start``.

    Returns
    -------
    Fitted or None
        The adjusted analysis of covariance.
    """
    names = people.predictors.used
    every = ancova_rows(people, names)
    if every is None:
        note = "fewer than three people have both scores, or all start at the same score"
        rows.add(
            "coefficient",
            model=ANCOVA,
            specification=ADJUSTED,
            term=BASELINE,
            status="not_estimable",
            note=note,
        )
        return None
    adjusted = fit_rows(people, every, "one_row")
    key: dict[str, Any] = {"model": ANCOVA, "specification": ADJUSTED}
    add_model(rows, adjusted, people, **key)
    add_joint_tests(rows, [(name, adjusted) for name in names], people, **key)
    add_population_averaged(rows, adjusted, people, model=ANCOVA)
    alone = []
    for name in names:
        chosen = ancova_rows(people, (name,))
        if chosen is None:
            continue
        fitted = fit_rows(people, chosen, "one_row")
        alone.append((name, fitted))
        _five_ways(rows, people, name, fitted, change_models[name])
    add_joint_tests(rows, alone, people, model=ANCOVA, specification=ALONE)
    return adjusted


def _five_ways(
    rows: EstimateRows, people: OutcomePeople, name: str, ancova: Fitted, change: Fitted
) -> None:
    plain = _plain(people, name)
    for position, term in enumerate(plain.terms):
        if term.term != name:
            continue
        level = people.conf_level
        better = people.better
        before = plain.before.coefficient(position, conf_level=level, method=PLAIN)
        ways: dict[str, tuple[Estimate, Fitted | None]] = {
            "before_therapy": (before, None),
            "raw": (
                _signed(plain.change.coefficient(position, conf_level=level, method=PLAIN), better),
                None,
            ),
            "expected_from_start": (_expected(before, ancova, level, better), ancova),
            "same_start": (_signed(_coefficient(ancova, term.column, level), better), ancova),
            "change_model": (
                _signed(_coefficient(change, f"time:{term.column}", level), better),
                change,
            ),
        }
        for way, (value, fitted) in ways.items():
            shared: dict[str, Any] = {} if fitted is None else fitted.people_columns(people)
            shared |= {
                "n_patients": plain.counts[term.column],
                "denominator": int(people.paired.sum()),
            }
            rows.add(
                "group_difference",
                value,
                model=MODEL,
                specification=way,
                term=name,
                contrast=term.contrast,
                **shared,
            )


def _plain(people: OutcomePeople, name: str) -> _Plain:
    person = np.flatnonzero(people.paired)
    levels = people.levels(person)
    matrix, terms = design_matrix(f"1 + {name}", levels)
    present = [k for k in range(len(terms)) if np.any(matrix[:, k])]
    kept = [terms[k] for k in present]
    first, last = people.first[person], people.last[person]
    return _Plain(
        kept,
        clustered_least_squares(first, matrix[:, present]),
        clustered_least_squares(last - first, matrix[:, present]),
        people_behind(levels, kept, np.ones(len(person), dtype=bool)),
    )


def _coefficient(fitted: Fitted, column: str, level: float) -> Estimate:
    if not fitted.ok:
        return not_estimable(fitted.reason, conf_level=level)
    if column not in fitted.fit.terms:
        return not_estimable("the level was left out of the model", conf_level=level)
    return linear_combination(fitted.fit, fitted.vector({column: 1.0}), conf_level=level)


def _signed(value: Estimate, better: float) -> Estimate:
    return value if better > 0 or value.status != "ok" else value.negated()


def _expected(before: Estimate, ancova: Fitted, level: float, better: float) -> Estimate:
    """Improvement that goes with the difference before therapy, at the slope of the analysis of covariance."""
    slope = _coefficient(ancova, BASELINE, level)
    if before.status != "ok" or slope.status != "ok":
        return not_estimable(before.note or slope.note or "no estimate", conf_level=level)
    share = slope.estimate / BASELINE_UNIT - 1.0
    value = better * share * before.estimate
    # the slope within groups and the difference between groups are uncorrelated
    error = float(
        np.hypot(share * before.std_error, before.estimate * slope.std_error / BASELINE_UNIT)
    )
    half = float(stdtrit(before.df, 0.5 + level / 2)) * error
    return Estimate(value, error, value - half, value + half, level, df=before.df, method=EXPECTED)
