"""Who attends more sessions: counts of those whose therapy has ended, Poisson or NB2 by a stated test."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from naturalistic.analyses.attending.definitions import (
    NAME,
    FloatArray,
    has_ended,
    number_of,
)
from naturalistic.analyses.attending.effects import (
    MOST_PROFILED,
    add_effects,
    add_therapists,
    reference_counts,
    standard_of,
)
from naturalistic.analyses.attending.people import ModelPeople, model_people
from naturalistic.analyses.interface import AnalysisInput, EstimateRows
from naturalistic.analyses.model_rows import add_coefficients, covariance_frame
from naturalistic.stats.generalised_mixed_model import (
    GeneralisedMixedModelFit,
    fit_generalised_mixed_model,
    likelihood_ratio_test,
    overdispersion_test,
)
from naturalistic.stats.marginal_models import fit_cluster_robust_glm
from naturalistic.tables.estimates import COVARIANCES

MODEL, TWIN, SPECIFICATION = "sessions_attended", "sessions_population_averaged", "adjusted"
TEST_LEVEL = 0.05
ENDED_ONLY = "people whose therapy has ended; open therapies would count as short"
TWIN_NOTE = "population averaged: average persons compared, whoever treats them; errors robust to overdispersion"


def add_sessions_model(
    rows: EstimateRows, data: AnalysisInput, frame: pd.DataFrame
) -> pd.DataFrame:
    """Rate ratios of sessions attended, differences in sessions, therapists' share, overdispersion, marginal twin.

    Parameters
    ----------
    rows : EstimateRows
        Where they go.
    data : AnalysisInput
        For predictors and settings.
    frame : DataFrame
        People who started.

    Returns
    -------
    DataFrame
        Covariances of the coefficients.
    """
    attended = number_of(frame, "sessions_attended")
    known = np.isfinite(attended)
    key: dict[str, Any] = {"specification": SPECIFICATION, "term": "model", "model": MODEL}
    if not known.any():
        note = "the extract holds no sessions"
        rows.add("rate_ratio", status="not_measured", note=note, **key)
        return COVARIANCES.empty()
    people = model_people(data, frame, known & has_ended(frame))
    if len(people.place) < 3 or np.ptp(attended[people.place]) == 0:
        note = "fewer than three people whose therapy has ended, or all attended the same number"
        rows.add("rate_ratio", status="not_estimable", note=note, **key)
        return COVARIANCES.empty()
    fit = _chosen(rows, people, attended[people.place], data.settings.conf_level)
    _add_model(rows, fit, people)
    _add_twin(rows, people, attended[people.place], data.settings.conf_level)
    return covariance_frame(data.cohort, NAME, MODEL, SPECIFICATION, people.terms, fit)


def _fit(
    people: ModelPeople, attended: FloatArray, family: str, conf_level: float, *, profile: bool
) -> GeneralisedMixedModelFit:
    return fit_generalised_mixed_model(
        attended,
        people.matrix,
        family=family,
        group=people.therapist,
        group_label="therapist",
        term_names=people.names,
        conf_level=conf_level,
        profile=profile,
    )


def _chosen(
    rows: EstimateRows, people: ModelPeople, attended: FloatArray, conf_level: float
) -> GeneralisedMixedModelFit:
    """Poisson, unless the Pearson test of it rejects at `TEST_LEVEL`: then NB2. The test is a row, either way."""
    poisson = _fit(people, attended, "poisson", conf_level, profile=False)
    test = overdispersion_test(poisson)
    wide = test.status == "ok" and test.p_value < TEST_LEVEL
    fit = _fit(
        people,
        attended,
        "nb2" if wide else "poisson",
        conf_level,
        profile=len(people.place) <= MOST_PROFILED,
    )
    answer = (
        f"NB2 chosen, p below {TEST_LEVEL}" if wide else f"Poisson kept, p not below {TEST_LEVEL}"
    )
    shared: dict[str, Any] = {
        "model": MODEL,
        "specification": SPECIFICATION,
        "n_patients": len(people.place),
    }
    rows.add("overdispersion", test, term="poisson", note=answer, **shared)
    if wide:
        ratio = likelihood_ratio_test(fit, poisson)
        rows.add("log_likelihood", ratio, term="nb2_against_poisson", **shared)
    return fit


def _add_model(rows: EstimateRows, fit: GeneralisedMixedModelFit, people: ModelPeople) -> None:
    n = len(people.place)
    counts = {**people.counts, **reference_counts(people.design, people.terms)}
    key: dict[str, Any] = {"model": MODEL, "specification": SPECIFICATION}
    shared: dict[str, Any] = {"n_therapists": people.n_therapists, **key}
    add_coefficients(
        rows,
        "rate_ratio",
        fit,
        people.terms,
        counts=counts,
        ratio=True,
        method=fit.formula,
        note="; ".join((*people.caution, ENDED_ONLY, *fit.notes, *people.notes)),
        n_missing=people.n_missing,
        denominator=n,
        **shared,
    )
    if fit.status != "ok":
        why = "; ".join(fit.notes)
        rows.add("sessions_difference", term="model", status=fit.status, note=why, **key)
        return
    add_effects(
        rows,
        fit,
        people.terms,
        standard_of(people.matrix, np.ones(n)),
        counts=counts,
        per_person=1.0,
        shares=False,
        denominator=n,
        **shared,
    )
    why_none = next((note for note in people.notes if "no therapist effect" in note), "")
    add_therapists(rows, fit, n, why_none, **key)


def _add_twin(
    rows: EstimateRows, people: ModelPeople, attended: FloatArray, conf_level: float
) -> None:
    cluster, label = people.cluster
    fit = fit_cluster_robust_glm(
        attended,
        people.matrix,
        family="poisson",
        cluster=cluster,
        cluster_label=label,
        term_names=people.names,
        conf_level=conf_level,
    )
    add_coefficients(
        rows,
        "rate_ratio",
        fit,
        people.terms,
        counts=people.counts,
        ratio=True,
        model=TWIN,
        specification=SPECIFICATION,
        method=f"{fit.formula}; {fit.method}",
        note="; ".join((TWIN_NOTE, *fit.notes)),
        n_therapists=people.n_therapists,
        denominator=len(people.place),
    )
