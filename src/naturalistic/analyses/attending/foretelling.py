"""Whether a missed session foretells the next: between people, and within a person over time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from naturalistic.analyses.attending.bookings import Bookings, IntArray
from naturalistic.analyses.attending.definitions import FloatArray
from naturalistic.analyses.interface import EstimateRows
from naturalistic.analyses.model_rows import add_coefficients
from naturalistic.analyses.predictors import Term
from naturalistic.stats.generalised_mixed_model import (
    GeneralisedMixedModelFit,
    fit_generalised_mixed_model,
)
from naturalistic.stats.marginal_models import MarginalModelFit, fit_cluster_robust_glm
from naturalistic.stats.repeated_events import RepeatedEvents, repeated_events

MODEL = "previous_booking"
PHASES = 4
ALL = "all_bookings"
APART_TWIN = "within_and_between_population_averaged"
LAST_LEFT_OUT = "before the last session attended: the sessions missed at the end of a course are the leaving itself"
CONTRASTS = {
    "previous_missed": "missed vs kept",
    "previous_missed_within": "missed vs kept",
    "share_missed_between": "per 10 percentage points",
}
SHORT_SERIES = (
    "between: people who missed more of all bookings against those who missed fewer; within: understates in short series, "
    "because a person's mean holds the outcome itself (Nickell 1981)"
)
BIAS = {
    "pooled": "no effect of the person: mixes who misses more with what follows a missed session; population averaged",
    "patient_effect": "overstates what follows a missed session: a person's effect is in the previous booking too",
    "within_and_between": SHORT_SERIES,
    APART_TWIN: f"population averaged; {SHORT_SERIES}",
}


def add_repeats(rows: EstimateRows, bookings: Bookings, conf_level: float, **key: Any) -> None:
    """Share missed after a missed and after a kept session, and what each person's own absence leads one to expect.

    The main rows end each series before the last session attended; the specification `ALL` keeps everything.

    Parameters
    ----------
    rows : EstimateRows
        Where they go.
    bookings : Bookings
        Of everyone who started.
    conf_level : float
        Coverage.
    **key
        Further key columns.
    """
    for specification in ("", ALL):
        chosen = bookings if specification else bookings.only(bookings.before_last_seen)
        found = repeated_events(chosen.missed, chosen.person, conf_level=conf_level)
        note = "the end of each course among them" if specification else LAST_LEFT_OUT
        _add(rows, found, specification=specification, note=note, **key)


def _add(rows: EstimateRows, found: RepeatedEvents, **key: Any) -> None:
    shared: dict[str, Any] = {"n_patients": found.n_people, "n_events": found.n_pairs, **key}
    if found.within.status != "ok":
        rows.add("risk_difference", found.within, term="within", **shared)
        return
    rows.add("proportion", found.after_event, term="missed_after_missed", **shared)
    rows.add("proportion", found.after_none, term="missed_after_kept", **shared)
    expected = {
        "expected_after_missed": found.expected_after_event,
        "expected_after_kept": found.expected_after_none,
    }
    for term, value in expected.items():
        rows.add("proportion", value, term=term, **shared)
    rows.add("risk_difference", found.total, term="total", **shared)
    rows.add("risk_difference", found.between, term="between", **shared)
    rows.add("risk_difference", found.within, term="within", **shared)


@dataclass(frozen=True, eq=False)
class _Pairs:
    """Counts of bookings by person, what came before and phase of the course."""

    person: IntArray
    missed: FloatArray
    total: FloatArray
    before: FloatArray
    mean_before: FloatArray
    phases: FloatArray


def add_lag_models(
    rows: EstimateRows,
    bookings: Bookings,
    therapist: npt.NDArray[np.int64] | None,
    conf_level: float,
    **key: Any,
) -> None:
    """Odds of missing a session by the one before: pooled, with a patient effect, and within and between (Mundlak 1978).

    Counts by person, previous booking and quarter of the course hold all that these models need.

    Parameters
    ----------
    rows, bookings, conf_level, **key
        As in `add_repeats`.
    therapist : (n_people,) int array or None
        Code of each person's therapist, where the model can have a therapist effect.
    """
    chosen = bookings.only(bookings.before_last_seen)
    pairs = _pairs(chosen)
    if not pairs.missed.sum() or len(np.unique(pairs.person)) < 3:
        note = "too few people with two bookings, or no session was missed"
        rows.add("odds_ratio", term="model", model=MODEL, status="not_estimable", note=note, **key)
        return
    deviation = pairs.before - pairs.mean_before
    # whoever missed none or all of the bookings before has no deviation: they tell of differences between people only
    whole = (pairs.before[:, np.newaxis], ("previous_missed",))
    apart = (
        np.column_stack([deviation, 10.0 * pairs.mean_before]),
        ("previous_missed_within", "share_missed_between"),
    )
    sets = {
        "pooled": whole,
        "patient_effect": whole,
        "within_and_between": apart,
        APART_TWIN: apart,
    }
    for specification, (columns, names) in sets.items():
        _fit(rows, pairs, columns, names, therapist, conf_level, specification, key)


def _pairs(bookings: Bookings) -> _Pairs:
    follows = bookings.same_as_before
    person, after = bookings.person[follows], bookings.missed[follows]
    before = bookings.missed[:-1][follows[1:]] if len(bookings) else np.zeros(0, dtype=bool)
    phase = quarters(bookings.number[follows])
    code = (person * PHASES + phase) * 2 + before
    present, place = np.unique(code, return_inverse=True)
    who = present // (2 * PHASES)
    number = np.bincount(person, minlength=bookings.n_people)
    mean = np.bincount(person, before, minlength=bookings.n_people) / np.maximum(number, 1)
    when = present // 2 % PHASES
    phases = [(when == p).astype(float) for p in range(1, PHASES) if (when == p).any()]
    return _Pairs(
        who,
        np.bincount(place, after, minlength=len(present)).astype(float),
        np.bincount(place, minlength=len(present)).astype(float),
        (present % 2).astype(float),
        mean[who],
        np.column_stack([np.ones(len(present)), *phases]),
    )


def quarters(number: IntArray) -> IntArray:
    """Quarter of all rows that a session number falls into, 0 to 3; ties stay together."""
    if not len(number):
        return np.zeros(0, dtype=np.int64)
    edges = np.unique(np.quantile(number, (0.25, 0.5, 0.75), method="higher"))
    return np.searchsorted(edges, number, side="left").astype(np.int64)


def _fit(
    rows: EstimateRows,
    pairs: _Pairs,
    columns: FloatArray,
    names: tuple[str, ...],
    therapist: npt.NDArray[np.int64] | None,
    conf_level: float,
    specification: str,
    key: dict[str, Any],
) -> None:
    phases = [f"quarter_of_course_{i + 1}" for i in range(1, pairs.phases.shape[1])]
    codes = None if therapist is None else therapist[pairs.person]
    fit, method = _fitted(
        pairs,
        np.column_stack([pairs.phases, columns]),
        codes,
        specification in ("pooled", APART_TWIN),
        term_names=["Intercept", *phases, *names],
        conf_level=conf_level,
    )
    terms = [Term(name, name, CONTRASTS[name], 0) for name in names]
    add_coefficients(
        rows,
        "odds_ratio",
        fit,
        terms,
        counts=dict.fromkeys(names, len(np.unique(pairs.person))),
        ratio=True,
        model=MODEL,
        specification=specification,
        method=method,
        note="; ".join((BIAS[specification], LAST_LEFT_OUT, *fit.notes)),
        n_events=int(pairs.missed.sum()),
        **key,
    )


def _fitted(
    pairs: _Pairs,
    matrix: FloatArray,
    therapist: npt.NDArray[np.int64] | None,
    pooled: bool,
    **how: Any,
) -> tuple[MarginalModelFit | GeneralisedMixedModelFit, str]:
    """The fit and its formula: without effects of persons (clustered errors), or with them."""
    how = {"family": "binomial", "trials": pairs.total, **how}
    if pooled:
        cluster = pairs.person if therapist is None else therapist
        label = "patient" if therapist is None else "therapist"
        marginal = fit_cluster_robust_glm(
            pairs.missed, matrix, cluster=cluster, cluster_label=label, **how
        )
        return marginal, f"{marginal.formula}; {marginal.method}"
    fit = fit_generalised_mixed_model(
        pairs.missed,
        matrix,
        group=therapist,
        group_label="therapist",
        unit=pairs.person,
        unit_label="patient",
        **how,
    )
    return fit, fit.formula
