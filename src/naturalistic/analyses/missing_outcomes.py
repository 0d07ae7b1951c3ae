"""Who lacks a last form, and what the change could be if they had one."""

from __future__ import annotations

from typing import Any

import numpy as np

from naturalistic.analyses.change.imputation import Completed, complete_data
from naturalistic.analyses.change.missing_forms import add_who_lacks_a_form
from naturalistic.analyses.change.missing_methods import (
    add_carried_forward,
    add_complete_pairs,
    add_imputed,
    add_mixed_model,
    add_weighted,
)
from naturalistic.analyses.change.people import Started, started_on
from naturalistic.analyses.change.tipping import add_tipping
from naturalistic.analyses.interface import AnalysisInput, AnalysisResult, EstimateRows
from naturalistic.analyses.populations import not_measured

NAME = "missing_outcomes"


def analyse(data: AnalysisInput) -> AnalysisResult:
    """The primary change of everyone who started, under every way to deal with the forms that are missing.

    Estimands
    ---------
    proportion (no_last_form, declared_unplanned, estimated_unplanned)
        Who lacks a last form, by ending, year, characteristic and therapist; unplanned endings as coded, and with those
        whose ending nobody recorded.
    odds_ratio
        Of lacking a last form, in one model.
    mean_change, standardised_mean_change
        `specification` names the method: complete pairs, mixed model, multiple imputation, inverse probability weights,
        last observation carried forward, worst case. Population "started" but for the pairs.
    tipping_point
        How much worse than imputed those without a form would have to be; `term` says for what, `contrast` whether the
        estimate or its lower limit gets there.
    """
    primary = data.settings.primary
    key: dict[str, Any] = {"instrument": primary.instrument, "scale": primary.scale}
    rows = EstimateRows(data.cohort, NAME, **key)
    people = started_on(data)
    if note := not_measured(people.frame, "paired"):
        missing: dict[str, Any] = {"population": "started", "status": "not_measured", "note": note}
        rows.add("proportion", term="no_last_form", **missing)
        rows.add("mean_change", specification="complete_pairs", **missing)
        return AnalysisResult(rows.frame())
    add_who_lacks_a_form(rows, data, people)
    if not people.n or not np.isfinite(people.first).any():
        rows.add(
            "mean_change",
            population="started",
            specification="complete_pairs",
            status="not_measured",
            note="nobody who started has a form",
        )
        return AnalysisResult(rows.frame())
    add_complete_pairs(rows, data, people)
    add_mixed_model(rows, data, people)
    add_weighted(rows, data, people)
    add_carried_forward(rows, data, people)
    completed = _completed(data, people)
    if isinstance(completed, Completed):
        add_imputed(rows, data, people, completed)
        add_tipping(rows, data, people, completed)
    else:
        status, note = completed
        for estimand in ("mean_change", "standardised_mean_change", "tipping_point"):
            rows.add(
                estimand,
                population="started",
                specification="multiple_imputation",
                status=status,
                note=note,
            )
    return AnalysisResult(rows.frame())


def _completed(data: AnalysisInput, people: Started) -> Completed | tuple[str, str]:
    limit = data.settings.resampling.full_inference_up_to
    if people.n > limit:
        return "not_run", f"imputation is set to at most {limit} people; here are {people.n}"
    found = complete_data(data, people, data.rng)
    return ("not_estimable", found) if isinstance(found, str) else found
