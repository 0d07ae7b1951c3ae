"""Who misses more of what is offered: binomial counts with patient and therapist effects, and its marginal twin."""

from __future__ import annotations

from typing import Any

import pandas as pd

from naturalistic.analyses.attending.bookings import Bookings
from naturalistic.analyses.attending.cells import Cells, cells_of
from naturalistic.analyses.attending.definitions import (
    NAME,
    NOT_HELD,
    FloatArray,
    absence_counts,
    countable,
)
from naturalistic.analyses.attending.effects import (
    MOST_PROFILED,
    add_effects,
    add_therapists,
    standard_of,
)
from naturalistic.analyses.attending.people import ModelPeople, model_people
from naturalistic.analyses.interface import AnalysisInput, EstimateRows
from naturalistic.analyses.model_rows import add_coefficients, covariance_frame
from naturalistic.stats.generalised_mixed_model import (
    GeneralisedMixedModelFit,
    fit_generalised_mixed_model,
    overdispersion_test,
)
from naturalistic.stats.marginal_models import fit_cluster_robust_glm
from naturalistic.tables.estimates import COVARIANCES

MODEL, TWIN, SPECIFICATION = "absence", "absence_population_averaged", "adjusted"
TWIN_NOTE = (
    "population averaged: the average person of one group against the average person of another, whoever treats them; "
    "a different quantity from the ratio between two people of one therapist"
)


def add_absence_model(
    rows: EstimateRows, data: AnalysisInput, frame: pd.DataFrame, bookings: Bookings
) -> pd.DataFrame:
    """Odds ratios, differences in probability and in sessions lost, therapists' share, overdispersion, marginal twin.

    Parameters
    ----------
    rows : EstimateRows
        Where they go.
    data : AnalysisInput
        For predictors and settings.
    frame : DataFrame
        People who started.
    bookings : Bookings
        Their bookings, for the season; may be empty.

    Returns
    -------
    DataFrame
        Covariances of the coefficients.
    """
    definition, level = data.settings.primary.absence_definition, data.settings.conf_level
    missed, offered = absence_counts(frame, definition)
    known = countable(missed, offered)
    key: dict[str, Any] = {"specification": SPECIFICATION, "definition": definition}
    if not known.any():
        rows.add(
            "odds_ratio", term="model", model=MODEL, status="not_measured", note=NOT_HELD, **key
        )
        return COVARIANCES.empty()
    people = model_people(data, frame, known)
    if obstacle := _obstacle(people, missed, offered):
        rows.add(
            "odds_ratio", term="model", model=MODEL, status="not_estimable", note=obstacle, **key
        )
        return COVARIANCES.empty()
    cells = cells_of(people, missed, offered, bookings, data.calendar)
    fit = _fit(people, cells, level)
    _add_model(rows, fit, people, cells, key)
    _add_overdispersion(rows, people, missed, offered, key)
    _add_twin(rows, people, cells, level, key)
    return covariance_frame(data.cohort, NAME, MODEL, SPECIFICATION, cells.terms, fit)


def _fit(people: ModelPeople, cells: Cells, conf_level: float) -> GeneralisedMixedModelFit:
    return fit_generalised_mixed_model(
        cells.missed,
        cells.matrix,
        family="binomial",
        trials=cells.offered,
        group=None if people.therapist is None else people.therapist[cells.person],
        group_label="therapist",
        # people differ in how often they miss beyond what is recorded of them: without an effect for each person every
        # interval would be too narrow
        unit=people.patient[cells.person],
        unit_label="patient",
        term_names=[term.column for term in cells.terms],
        conf_level=conf_level,
        profile=len(people.place) <= MOST_PROFILED,
    )


def _obstacle(people: ModelPeople, missed: FloatArray, offered: FloatArray) -> str:
    top, bottom = missed[people.place], offered[people.place]
    if len(people.place) < 3:
        return "fewer than three people with all that is needed"
    if top.sum() in (0, bottom.sum()):
        return "every session offered ended the same way"
    return ""


def _add_model(
    rows: EstimateRows,
    fit: GeneralisedMixedModelFit,
    people: ModelPeople,
    cells: Cells,
    key: dict[str, Any],
) -> None:
    n = len(people.place)
    shared: dict[str, Any] = {"model": MODEL, "n_therapists": people.n_therapists, **key}
    add_coefficients(
        rows,
        "odds_ratio",
        fit,
        cells.terms,
        counts=cells.counts,
        ratio=True,
        method=fit.formula,
        note="; ".join((*people.caution, *fit.notes, *people.notes)),
        n_missing=people.n_missing,
        denominator=n,
        **shared,
    )
    _add_absent(rows, cells, key)
    if fit.status != "ok":
        why = "; ".join(fit.notes)
        rows.add("risk_difference", term="model", model=MODEL, status=fit.status, note=why, **key)
        return
    mean_offered = float(cells.offered.sum()) / n
    add_effects(
        rows,
        fit,
        cells.terms,
        standard_of(cells.matrix, cells.offered),
        counts=cells.counts,
        per_person=mean_offered,
        shares=True,
        denominator=n,
        **shared,
    )
    rows.add("mean", mean_offered, term="sessions_offered", n_patients=n, model=MODEL, **key)
    why_none = next((note for note in people.notes if "no therapist effect" in note), "")
    add_therapists(rows, fit, n, why_none, model=MODEL, **key)


def _add_absent(rows: EstimateRows, cells: Cells, key: dict[str, Any]) -> None:
    """What the model would take in if it were held, as rows with the reason."""
    for term, why in cells.absent.items():
        rows.add("odds_ratio", term=term, model=MODEL, status="not_measured", note=why, **key)


def _add_overdispersion(
    rows: EstimateRows,
    people: ModelPeople,
    missed: FloatArray,
    offered: FloatArray,
    key: dict[str, Any],
) -> None:
    """Pearson test of the counts per person without the patient effect, which is the answer to it."""
    fit = fit_generalised_mixed_model(
        missed[people.place],
        people.matrix,
        family="binomial",
        trials=offered[people.place],
        group=people.therapist,
        group_label="therapist",
        term_names=people.names,
    )
    found = overdispersion_test(fit)
    note = "tested without a patient effect; answered by the patient effect of the model"
    n = len(people.place)
    rows.add("overdispersion", found, term="patient", model=MODEL, n_patients=n, note=note, **key)


def _add_twin(
    rows: EstimateRows, people: ModelPeople, cells: Cells, level: float, key: dict[str, Any]
) -> None:
    cluster, label = people.cluster
    fit = fit_cluster_robust_glm(
        cells.missed,
        cells.matrix,
        family="binomial",
        trials=cells.offered,
        cluster=cluster[cells.person],
        cluster_label=label,
        term_names=[term.column for term in cells.terms],
        conf_level=level,
    )
    add_coefficients(
        rows,
        "odds_ratio",
        fit,
        cells.terms,
        counts=cells.counts,
        ratio=True,
        model=TWIN,
        method=f"{fit.formula}; {fit.method}",
        note="; ".join((TWIN_NOTE, *fit.notes)),
        n_therapists=people.n_therapists,
        denominator=len(people.place),
        **key,
    )
