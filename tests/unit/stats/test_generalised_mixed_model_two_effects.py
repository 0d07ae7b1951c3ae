"""Two random effects: what is refused, what is dropped, what a search must not miss."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from naturalistic.stats.generalised_mixed_model import fit_generalised_mixed_model
from naturalistic.stats.glmm import request
from naturalistic.stats.glmm import search as search_module
from naturalistic.stats.glmm.families import Binomial
from naturalistic.stats.glmm.search import Problem, search
from naturalistic.stats.glmm.start import weighted_regression

PATIENTS, THERAPISTS, VISITS = 120, 12, 8
LABELS = {"unit_label": "patient", "group_label": "therapist"}


def appointments(patient_spread: float = 0.9, therapist_spread: float = 0.6) -> dict[str, Any]:
    rng = np.random.default_rng(12)
    patient = np.repeat(np.arange(PATIENTS), VISITS)
    therapist = (np.arange(PATIENTS) % THERAPISTS)[patient]
    eta = -0.5 + rng.normal(0, patient_spread, PATIENTS)[patient]
    eta += rng.normal(0, therapist_spread, THERAPISTS)[therapist]
    return {
        "response": rng.binomial(1, 1 / (1 + np.exp(-eta))),
        "design": np.ones((len(patient), 1)),
        "family": "binomial",
        "unit": patient,
        "group": therapist,
        **LABELS,
    }


def test_both_effects_are_named_in_formula_and_result() -> None:
    fit = fit_generalised_mixed_model(**appointments())
    assert "(1 | patient) + (1 | therapist)" in fit.formula
    assert fit.n_groups == (PATIENTS, THERAPISTS)
    assert fit.random_effect("therapist").modes.shape == (THERAPISTS,)
    assert any("8 yes/no rows" in note for note in fit.notes)
    with pytest.raises(KeyError, match="service"):
        fit.random_effect("service")


def test_a_zero_variance_leaves_the_model_with_the_other_effect() -> None:
    data = appointments(therapist_spread=0.0)
    # shuffle patients over therapists until none differ: each therapist gets the same totals
    totals = data["response"].reshape(PATIENTS, VISITS).sum(axis=1)
    order = np.argsort(totals, kind="stable")
    therapist_of = np.empty(PATIENTS, dtype=int)
    snake = np.concatenate([np.arange(THERAPISTS), np.arange(THERAPISTS)[::-1]])
    therapist_of[order] = np.resize(snake, PATIENTS)
    data["group"] = therapist_of[data["unit"]]
    both = fit_generalised_mixed_model(**data)
    alone = fit_generalised_mixed_model(
        **{key: data[key] for key in ("response", "design", "family")}, group=data["unit"]
    )
    assert both.singular
    assert both.random_effect("therapist").variance == 0.0
    assert not both.random_effect("patient").singular
    assert both.log_likelihood == pytest.approx(alone.log_likelihood, abs=1e-9)
    assert both.n_parameters == alone.n_parameters + 1
    np.testing.assert_allclose(
        both.random_effect("patient").modes, alone.random_effects[0].modes, atol=1e-8
    )


def test_layouts_that_leave_no_trace_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    data = appointments()
    lone = fit_generalised_mixed_model(**(data | {"group": data["unit"] + 1000}))
    assert lone.status == "not_estimable"
    assert "every therapist has a single patient" in lone.notes[0]
    rows = np.arange(len(data["unit"]))
    counts = fit_generalised_mixed_model(**(data | {"family": "nb2", "unit": rows}))
    assert "theta already allows" in counts.notes[0]
    # patients 0 and 1 see all therapists: one block of twelve
    linked = data | {"group": np.where(data["unit"] < 24, rows % THERAPISTS, data["group"])}
    assert fit_generalised_mixed_model(**linked).converged
    monkeypatch.setattr(request, "LARGEST_BLOCK", 5)
    refused = fit_generalised_mixed_model(**linked)
    assert refused.status == "not_estimable"
    assert "12 levels of therapist are linked" in refused.notes[0]


def test_single_patients_of_a_therapist_are_counted() -> None:
    data = appointments()
    group = data["group"].copy()
    group[:VISITS] = 99
    fit = fit_generalised_mixed_model(**(data | {"group": group}))
    assert "1 of 13 levels of therapist have a single patient" in fit.notes
    dummy = (data["unit"] == 5).astype(float)
    design = np.column_stack([data["design"], dummy])
    named = fit_generalised_mixed_model(
        **(data | {"design": design, "term_names": ["one", "rare"]})
    )
    assert any("'rare' is 1 for one patient only" in note for note in named.notes)


def test_quadrature_is_refused_for_two_effects() -> None:
    with pytest.raises(ValueError, match="exactly one random intercept"):
        fit_generalised_mixed_model(**appointments(), quadrature_points=5)


def test_rows_of_one_patient_may_come_in_any_order() -> None:
    data = appointments()
    first = fit_generalised_mixed_model(**data)
    shuffled = np.random.default_rng(1).permutation(len(data["unit"]))
    moved = {
        key: value[shuffled] if isinstance(value, np.ndarray) else value
        for key, value in data.items()
    }
    moved["unit"] = np.array([f"patient {one:03d}" for one in moved["unit"]])
    second = fit_generalised_mixed_model(**moved)
    assert second.log_likelihood == pytest.approx(first.log_likelihood, abs=1e-9)
    np.testing.assert_allclose(
        second.random_effects[0].modes, first.random_effects[0].modes, atol=1e-7
    )


def test_a_search_that_stopped_at_zero_is_not_believed() -> None:
    """A spread of zero is a stationary point of every such likelihood."""
    data = appointments(patient_spread=0.0, therapist_spread=1.0)
    rows = len(data["unit"])
    family = Binomial(data["response"] * 1.0, np.ones(rows))
    problem = Problem(np.ones((rows, 1)), 0.0, family, (data["group"],), (THERAPISTS,), 1)
    coefficients, eta = weighted_regression(problem.basis, 0.0, family, 1.0)
    proper = search(problem, coefficients, eta)
    stuck = replace(
        proper,
        optimum=replace(
            proper.optimum,
            parameters=np.append(coefficients, 0.0),
            log_likelihood=float(np.sum(family.terms(eta, 1.0).value)),
        ),
    )
    found = search_module._without_empty_spreads(problem, stuck, coefficients, eta)
    assert found.active == (0,)
    assert found.optimum.log_likelihood == pytest.approx(proper.optimum.log_likelihood, abs=1e-8)
