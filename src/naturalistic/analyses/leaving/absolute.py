"""Differences in the probability of having dropped out, standardised over the cohort."""

from __future__ import annotations

from typing import Any

import numpy as np

from naturalistic.analyses.interface import EstimateRows
from naturalistic.analyses.leaving.clocks import FloatArray
from naturalistic.analyses.leaving.model_people import ModelPeople
from naturalistic.analyses.predictors import Term
from naturalistic.stats.cause_specific import CauseSpecificFit, fit_cause_specific
from naturalistic.stats.standardised_risk import StandardisedRisks, standardised_risk

TIMES = {"attended_sessions": (4.0, 10.0, 20.0), "weeks_since_first_session": (52.0,)}
FEWEST_EVENTS = 5  # per parameter
MODEL = "standardised_cause_specific_cox"
ADJUSTED, ALONE = "adjusted", "one_at_a_time"
REFERENCE = "reference"


def add_absolute(
    rows: EstimateRows, people: ModelPeople, clock: str, conf_level: float, **key: Any
) -> None:
    """Probability of having dropped out at each level, and its difference from the reference level.

    With at least `FEWEST_EVENTS` dropouts a parameter all characteristics stand in one model (specification
    ``adjusted``); otherwise each is alone in its own (``one_at_a_time``), and the note says so.

    Parameters
    ----------
    rows : EstimateRows
        Where they go.
    people : ModelPeople
        Prepared with `join_empty`.
    clock : str
        Key of `TIMES`.
    conf_level : float
        Coverage.
    """
    times = np.array([t for t in TIMES[clock] if t <= people.time.max()])
    for late in sorted(set(TIMES[clock]) - set(times.tolist())):
        note = "nobody was observed so long"
        _none(rows, note, "not_estimable", time=late, **key)
    if not len(times):
        return
    predictors = list(dict.fromkeys(term.term for term in people.terms))
    if people.events_per_parameter >= FEWEST_EVENTS:
        columns = list(range(len(people.terms)))
        _of_model(rows, people, columns, predictors, times, conf_level, ADJUSTED, "", key)
        return
    caution = (
        f"{people.n_events} dropouts for {len(people.terms)} parameters are too few for one model: "
        "each characteristic alone, not adjusted for the others"
    )
    for predictor in predictors:
        columns = people.columns_of(predictor)
        if people.n_events < FEWEST_EVENTS * len(columns):
            note = f"{people.n_events} dropouts for {len(columns)} parameters: too few"
            _none(rows, note, "not_estimable", term=predictor, **key)
            continue
        _of_model(rows, people, columns, [predictor], times, conf_level, ALONE, caution, key)


def _none(rows: EstimateRows, note: str, status: str, **key: Any) -> None:
    rows.add("risk_difference", status=status, note=note, model=MODEL, **{"term": "model", **key})


def _of_model(
    rows: EstimateRows,
    people: ModelPeople,
    columns: list[int],
    predictors: list[str],
    times: FloatArray,
    conf_level: float,
    specification: str,
    caution: str,
    key: dict[str, Any],
) -> None:
    matrix = people.matrix[:, columns]
    names = [people.names[i] for i in columns]
    fit = fit_both_hazards(people, matrix, names, conf_level)
    for predictor in predictors:
        terms = [people.terms[i] for i in columns if people.terms[i].term == predictor]
        risks = _risks(fit, people, matrix, names, terms, times, conf_level)
        shared = {**key, "model": MODEL, "specification": specification, "note": caution}
        _add_rows(rows, people, risks, terms, shared)


def fit_both_hazards(
    people: ModelPeople, matrix: FloatArray, names: list[str], conf_level: float
) -> CauseSpecificFit:
    """Cox models of dropping out and of ending in any other way.

    The other ways of ending share one hazard: only their sum bears on the probability of dropping out.
    """
    return fit_cause_specific(
        people.time,
        np.minimum(people.cause, 2),
        matrix,
        entry=people.entry,
        term_names=names,
        conf_level=conf_level,
    )


def _risks(
    fit: CauseSpecificFit,
    people: ModelPeople,
    matrix: FloatArray,
    names: list[str],
    terms: list[Term],
    times: FloatArray,
    conf_level: float,
) -> StandardisedRisks:
    """Everyone at each level in turn, or everyone one unit higher than they are."""
    own = [names.index(term.column) for term in terms]
    scenarios: dict[str, FloatArray] = {}
    levelled = " vs " in terms[0].contrast
    reference = matrix.copy()
    if levelled:
        reference[:, own] = 0.0
    scenarios[REFERENCE] = reference
    for term, column in zip(terms, own, strict=True):
        scenario = reference.copy()
        scenario[:, column] += 1.0
        scenarios[term.column] = scenario
    return standardised_risk(
        fit,
        scenarios,
        times,
        cluster=people.therapist,
        cluster_correction=people.therapist is not None,
        conf_level=conf_level,
    )


def _add_rows(
    rows: EstimateRows,
    people: ModelPeople,
    risks: StandardisedRisks,
    terms: list[Term],
    shared: dict[str, Any],
) -> None:
    n, events = people.people, people.events
    levelled = " vs " in terms[0].contrast
    for term in terms:
        counts: dict[str, Any] = {
            "n_patients": n[term.column],
            "n_events": events[term.column],
            "n_missing": people.n_missing,
            "n_therapists": risks.n_clusters if people.therapist is not None else None,
        }
        risk = risks.risk(term.column)
        for t, difference in enumerate(risks.difference(term.column, REFERENCE)):
            at: dict[str, Any] = {"time": float(risks.times[t]), "term": term.term}
            rows.add(
                "risk_difference", difference, contrast=term.contrast, **at, **counts, **shared
            )
            if levelled:
                level = term.contrast.split(" vs ")[0]
                rows.add("standardised_risk", risk[t], contrast=level, **at, **counts, **shared)
    if levelled:
        _add_reference(rows, people, risks, terms[0], shared)


def _add_reference(
    rows: EstimateRows,
    people: ModelPeople,
    risks: StandardisedRisks,
    term: Term,
    shared: dict[str, Any],
) -> None:
    """Risk at the reference level of the characteristic to which `term` belongs."""
    word = term.contrast.split(" vs ")[1]
    here = (people.design[term.term] == word).to_numpy()
    for t, estimate in enumerate(risks.risk(REFERENCE)):
        rows.add(
            "standardised_risk",
            estimate,
            contrast=word,
            term=term.term,
            time=float(risks.times[t]),
            n_patients=int(here.sum()),
            n_events=int((here & people.dropped).sum()),
            n_missing=people.n_missing,
            **shared,
        )
