"""Do the models of dropout fit? Expected and observed shares in groups of people, never for one person."""

from __future__ import annotations

from typing import Any

import numpy as np

from naturalistic.analyses.interface import EstimateRows
from naturalistic.analyses.leaving.absolute import (
    ADJUSTED,
    FEWEST_EVENTS,
    MODEL,
    TIMES,
    fit_both_hazards,
)
from naturalistic.analyses.leaving.clocks import FloatArray, IntArray
from naturalistic.analyses.leaving.model_people import ModelPeople
from naturalistic.stats.competing_risks import aalen_johansen
from naturalistic.stats.result import Estimate, not_estimable
from naturalistic.stats.standardised_risk import predicted_risk

GROUPS = 5
FEWEST_IN_GROUP = 20
NOTE = (
    "the people the model was fitted to, in fifths of their predicted probability: shows whether the model fits them, "
    "not how well it would do elsewhere"
)


def add_calibration(
    rows: EstimateRows, people: ModelPeople, clock: str, conf_level: float, **key: Any
) -> None:
    """Mean predicted probability of having dropped out beside the observed one, in fifths of the prediction.

    Observed is the Aalen-Johansen estimate within the fifth, so that open episodes and other endings are counted as
    they are. People with the same prediction stay together.

    Parameters
    ----------
    rows : EstimateRows
        Where they go.
    people : ModelPeople
        Prepared with `join_empty`.
    clock : str
        Key of `absolute.TIMES`; the latest time with anybody under observation is judged.
    conf_level : float
        Coverage of the observed share.
    """
    shared: dict[str, Any] = {**key, "model": MODEL, "specification": ADJUSTED}
    times = [t for t in TIMES[clock] if t <= people.time.max()]
    reason = ""
    if not times:
        reason = "nobody was observed so long"
    elif people.events_per_parameter < FEWEST_EVENTS:
        reason = "too few dropouts for one model of all characteristics"
    elif len(people.time) < GROUPS * FEWEST_IN_GROUP:
        reason = f"fewer than {GROUPS * FEWEST_IN_GROUP} people"
    if reason:
        rows.add(
            "predicted_incidence", term="dropout", status="not_estimable", note=reason, **shared
        )
        return
    fit = fit_both_hazards(people, people.matrix, people.names, conf_level)
    predicted = predicted_risk(fit, people.matrix, [times[-1]])[:, 0]
    if not np.isfinite(predicted).all():
        note = "a coefficient of the model is not finite"
        rows.add("predicted_incidence", term="dropout", status="not_estimable", note=note, **shared)
        return
    fifth = fifths(predicted)
    for group in range(GROUPS):
        _add_group(rows, people, predicted, fifth == group, times[-1], conf_level, group, shared)


def fifths(predicted: FloatArray) -> IntArray:
    """Fifth of each prediction, 0 the lowest; equal predictions stay together.

    Predictions of people with the same characteristics differ in their last digits, so they are compared to ten.
    """
    rounded = np.round(predicted, 10)
    _, place, counts = np.unique(rounded, return_inverse=True, return_counts=True)
    middle = np.cumsum(counts) - counts / 2
    return np.asarray(np.minimum(GROUPS * middle // len(predicted), GROUPS - 1), dtype=np.int64)[
        place
    ]


def _add_group(
    rows: EstimateRows,
    people: ModelPeople,
    predicted: FloatArray,
    here: Any,
    time: float,
    conf_level: float,
    group: int,
    shared: dict[str, Any],
) -> None:
    events = int((people.dropped & here & (people.time <= time)).sum())
    at: dict[str, Any] = {
        "term": "dropout",
        "time": time,
        "dimensions": {"fifth_of_predicted_probability": group + 1},
        "n_patients": int(here.sum()),
        "n_events": events,
        "note": NOTE,
        **shared,
    }
    if not here.any():
        empty = {
            **at,
            "status": "not_estimable",
            "note": "nobody: too many have the same prediction",
        }
        rows.add("predicted_incidence", **empty)
        return
    # in the order of their values, so that the order of rows does not decide the last digit
    rows.add("predicted_incidence", float(np.sort(predicted[here]).mean()), **at)
    rows.add("cumulative_incidence", _observed(people, here, time, conf_level), **at)


def _observed(people: ModelPeople, here: Any, time: float, conf_level: float) -> Estimate:
    cause = np.minimum(people.cause[here], 2)
    entry = None if people.entry is None else people.entry[here]
    curve = aalen_johansen(
        people.time[here], cause, entry=entry, n_causes=2, conf_level=conf_level
    ).cause(1)
    read = curve.at(np.array([time]))
    value = float(read.estimate[0])
    if not np.isfinite(value):
        reason = "nobody of the group is under observation so late"
        return not_estimable(reason, method=curve.method, conf_level=conf_level)
    return Estimate(
        estimate=value,
        std_error=float(read.std_error[0]),
        conf_low=float(read.conf_low[0]),
        conf_high=float(read.conf_high[0]),
        conf_level=conf_level,
        method=curve.method,
    )
