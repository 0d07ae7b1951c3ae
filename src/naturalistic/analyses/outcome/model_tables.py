"""A fitted model as rows: coefficients, joint tests, false discovery, variances, explained variance, and its twins."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from scipy.special import stdtr, stdtrit
from scipy.stats import false_discovery_control

from naturalistic.analyses.interface import EstimateRows
from naturalistic.analyses.model_rows import add_coefficients
from naturalistic.analyses.outcome.fitting import Fitted
from naturalistic.analyses.outcome.people import FloatArray, IntArray, OutcomePeople
from naturalistic.analyses.predictors import Term
from naturalistic.stats.clustered_regression import clustered_least_squares
from naturalistic.stats.lmm.contrasts import joint_test_of_terms
from naturalistic.stats.lmm.residuals import cluster_robust_covariance, row_residuals
from naturalistic.stats.lmm.shares import r_squared
from naturalistic.stats.result import Estimate

TIME = "time:"
FEWEST_CLUSTERS = 3
ONE_PERSON = "one person is at this level: the coefficient is that person's"
AVERAGED = (
    "population-averaged: compares the average people of two groups, whoever treats them, and gives people with one "
    "form no more weight than theirs; another estimand than the mixed model's, valid where forms are missing "
    "completely at random"
)


def add_model(
    rows: EstimateRows,
    fitted: Fitted,
    people: OutcomePeople,
    *,
    wanted: Callable[[Term], bool] = lambda term: True,
    **key: Any,
) -> None:
    """One row a coefficient, with the formula of the model that was fitted and everything that was noted."""
    counts = fitted.counts(people)
    terms = [term for term in fitted.rows.terms if wanted(term)]
    shared = {**fitted.people_columns(people), **key}
    del shared["n_patients"]  # each coefficient has its own
    for single in (True, False):
        chosen = [term for term in terms if (counts[term.column] == 1) == single]
        note = fitted.notes(people)
        add_coefficients(
            rows,
            "coefficient",
            fitted.fit,
            chosen,
            counts=counts,
            method=fitted.fit.formula,
            note=f"{ONE_PERSON}; {note}" if single else note,
            **shared,
        )


def add_joint_tests(
    rows: EstimateRows,
    fits: Sequence[tuple[str, Fitted]],
    people: OutcomePeople,
    **key: Any,
) -> None:
    """Joint test of each characteristic, on the level and on change, and the p values after Benjamini and Hochberg.

    Parameters
    ----------
    rows : EstimateRows
    fits : sequence of (str, Fitted)
        Characteristic and the model it stands in; together they are one family of tests.
    people : OutcomePeople
    **key
        Key columns of every row.
    """
    found: list[tuple[str, float, dict[str, Any]]] = []
    for name, fitted in fits:
        for term in (name, f"{TIME}{name}"):
            columns = [t.column for t in fitted.rows.terms if t.term == term]
            if not columns:
                continue
            shared = {**fitted.people_columns(people), "method": fitted.fit.formula, **key}
            if not fitted.ok or not set(columns) & set(fitted.fit.terms):
                note = fitted.reason if not fitted.ok else "every level was left out of the model"
                rows.add("joint_test", term=term, status="not_estimable", note=note, **shared)
                continue
            test = joint_test_of_terms(fitted.fit, columns)
            freedom = f"F on {test.df_numerator:g} and {test.df_denominator:.4g} degrees of freedom"
            rows.add(
                "joint_test",
                test.statistic,
                term=term,
                statistic=test.statistic,
                df=test.df_denominator,
                p_value=test.p_value,
                note=freedom,
                **shared,
            )
            found.append((term, test.p_value, shared))
    if not found:
        return
    adjusted = false_discovery_control([p for _, p, _ in found], method="bh")
    note = f"Benjamini and Hochberg over {len(found)} tests of this family"
    for (term, _, shared), value in zip(found, adjusted, strict=True):
        rows.add("false_discovery_rate", float(value), term=term, note=note, **shared)


def add_variances(rows: EstimateRows, fitted: Fitted, people: OutcomePeople, **key: Any) -> None:
    """Variance components, explained variance, and a row for every level that is not in the model."""
    shared = {**fitted.people_columns(people), **key}
    for part in fitted.fit.components:
        rows.add(
            "variance",
            part.value,
            term=part.key,
            std_error=part.std_error,
            method=fitted.fit.formula,
            **shared,
        )
    for level, reason in _absent(fitted, people):
        status = "not_measured" if reason.startswith("no ") else "not_estimable"
        note = f"{reason}; the model was fitted without {level} effects"
        rows.add("variance", term=f"{level}.intercept", status=status, note=note, **shared)
    if fitted.ok:
        explained = r_squared(fitted.fit)
        for term, value in (
            ("marginal", explained.marginal),
            ("conditional", explained.conditional),
        ):
            note = "Nakagawa and Schielzeth 2013; a description of this sample, without interval"
            rows.add("r_squared", value, term=term, note=note, **shared)


def _absent(fitted: Fitted, people: OutcomePeople) -> list[tuple[str, str]]:
    absent = dict(fitted.dropped)
    if people.therapist.obstacle:
        absent["therapist"] = people.therapist.obstacle
    if people.service.obstacle:
        absent["service"] = people.service.obstacle
    return list(absent.items())


def clusters(people: OutcomePeople, person: IntArray) -> tuple[IntArray, str]:
    """What is taken to be independent in the population-averaged twin: therapists, or people."""
    codes = people.therapist.codes
    if codes is None or len(np.unique(codes[person])) < FEWEST_CLUSTERS:
        return person, "person"
    return codes[person], "therapist"


def add_population_averaged(
    rows: EstimateRows, fitted: Fitted, people: OutcomePeople, **key: Any
) -> None:
    """Least squares on the same rows and terms with errors robust to clustering: the twin of the mixed model."""
    terms = [term for term in fitted.rows.terms if term.column in fitted.fit.terms]
    key = {**key, "specification": "population_averaged"}
    if not fitted.ok:
        rows.add("coefficient", term="Intercept", status="not_estimable", note=fitted.reason, **key)
        return
    place = [fitted.rows.names.index(term.column) for term in terms]
    cluster, what = clusters(people, fitted.rows.person)
    twin = clustered_least_squares(
        fitted.rows.outcome, fitted.rows.matrix[:, place], cluster=cluster
    )
    counts = fitted.counts(people)
    shared = {**fitted.people_columns(people), **key, "note": AVERAGED}
    for position, term in enumerate(terms):
        value = twin.coefficient(
            position,
            conf_level=people.conf_level,
            method=f"least squares, errors robust to clustering by {what} (CR1), t",
        )
        shared["n_patients"] = counts[term.column]
        rows.add("coefficient", value, term=term.term, contrast=term.contrast, **shared)


def add_cluster_robust(
    rows: EstimateRows, fitted: Fitted, people: OutcomePeople, **key: Any
) -> None:
    """The mixed model's own coefficients with errors that trust only the independence of clusters."""
    key = {**key, "specification": "cluster_robust"}
    if not fitted.ok:
        rows.add("coefficient", term="time", status="not_estimable", note=fitted.reason, **key)
        return
    cluster, what = clusters(people, fitted.rows.person)
    errors = np.sqrt(np.diag(_robust(fitted, people, cluster)))
    df = float(len(np.unique(cluster)) - 1)
    counts = fitted.counts(people)
    note = (
        "the same coefficients as in the adjusted model; the errors do not need its random part (serial correlation "
        "within a person is not modelled)"
    )
    shared = {**fitted.people_columns(people), **key, "note": note}
    for term in fitted.rows.terms:
        if term.column not in fitted.fit.terms:
            continue
        position = fitted.fit.terms.index(term.column)
        value = _t_estimate(
            float(fitted.fit.coefficients[position]),
            float(errors[position]),
            df,
            people.conf_level,
            f"cluster-robust by {what}, t on {df:g} degrees of freedom",
        )
        shared["n_patients"] = counts[term.column]
        rows.add("coefficient", value, term=term.term, contrast=term.contrast, **shared)


def _robust(fitted: Fitted, people: OutcomePeople, cluster: IntArray) -> FloatArray:
    chosen = fitted.rows
    service = people.service.codes
    residuals = row_residuals(
        fitted.fit,
        chosen.outcome,
        chosen.matrix,
        chosen.person,
        time=chosen.time,
        therapist=chosen.therapist_codes(people) if fitted.therapists else None,
        service=service[chosen.person] if fitted.services and service is not None else None,
    )
    return cluster_robust_covariance(fitted.fit, residuals, chosen.matrix, cluster)


def _t_estimate(value: float, error: float, df: float, level: float, method: str) -> Estimate:
    half = float(stdtrit(df, 0.5 + level / 2)) * error
    return Estimate(
        value,
        error,
        value - half,
        value + half,
        level,
        value / error if error > 0 else np.nan,
        df,
        2.0 * float(stdtr(df, -abs(value) / error)) if error > 0 else np.nan,
        method=method,
    )
