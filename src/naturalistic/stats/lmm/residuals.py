"""Residuals of a linear mixed model row by row, and cluster-robust covariances from them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from naturalistic.stats.lmm.blocks import FloatArray, IntArray
from naturalistic.stats.lmm.checks import dense_codes
from naturalistic.stats.lmm.predictions import patient_effects
from naturalistic.stats.lmm.result import LinearMixedModelFit
from naturalistic.stats.lmm.upper_effects import upper_effects


@dataclass(frozen=True, slots=True)
class RowResiduals:
    """Residuals in the order of the rows.

    Attributes
    ----------
    fitted_fixed, fitted : ndarray, shape (n,)
        ``X beta``, and with the predicted random effects added.
    residual : ndarray, shape (n,)
        Outcome minus `fitted`: the conditional residual.
    spread : ndarray, shape (n,)
        Residual standard deviation (of the occasion).
    """

    fitted_fixed: FloatArray
    fitted: FloatArray
    residual: FloatArray
    spread: FloatArray

    @property
    def standardised(self) -> FloatArray:
        """`residual` over `spread`."""
        return self.residual / self.spread


def _codes_of(ids: IntArray, values: npt.ArrayLike, name: str) -> IntArray:
    found = np.asarray(values)
    codes = np.searchsorted(ids, found)
    codes = np.minimum(codes, len(ids) - 1)
    if np.any(ids[codes] != found):
        raise ValueError(f"{name} holds identifiers that were not in the fit")
    return codes.astype(np.int64)


def _row_effects(
    fit: LinearMixedModelFit,
    basis: FloatArray,
    groups: dict[str, npt.ArrayLike | None],
) -> FloatArray:
    """Sum of the predicted random effects of every row."""
    state = fit.fitted()
    structure, model = state.likelihood.structure, state.model
    upper = upper_effects(state, with_covariance=False)
    total = np.zeros(basis.shape[1])
    for position, level in enumerate(structure.upper):
        ids = model.therapist_ids if level.name == "therapist" else model.service_ids
        values = groups[level.name]
        if values is None:
            raise ValueError(f"the model has {level.name} effects: {level.name} is needed")
        effects = upper.by_level[position][:, _codes_of(ids, values, level.name)]
        total += (effects * basis[: structure.passed]).sum(axis=0)
    if structure.patient is not None:
        patients = groups["patient"]
        if patients is None:
            raise ValueError("the model has patient effects: patient is needed")
        own, _ = patient_effects(state, upper, with_covariance=False)
        total += (own[:, _codes_of(model.patient_ids, patients, "patient")] * basis).sum(axis=0)
    return total


def row_residuals(
    fit: LinearMixedModelFit,
    outcome: npt.ArrayLike,
    design: npt.ArrayLike,
    patient: npt.ArrayLike,
    *,
    time: npt.ArrayLike | None = None,
    therapist: npt.ArrayLike | None = None,
    service: npt.ArrayLike | None = None,
) -> RowResiduals:
    """Fitted values and conditional residuals of the rows of the fit.

    In a two-occasion model the residual is what remains after therapists and services and after
    what the patient's two occasions share.

    Parameters
    ----------
    fit : LinearMixedModelFit
    outcome, design, patient, time, therapist, service
        As given to the fit, in any order of rows; `design` may hold the columns that were left out.

    Raises
    ------
    ValueError
        When the model was not fitted, shapes differ or identifiers are unknown.
    """
    state = fit.fitted()
    y = np.asarray(outcome, dtype=np.float64)
    x = np.asarray(design, dtype=np.float64)
    names = state.model.labels.terms
    if x.shape != (len(y), len(names)):
        raise ValueError(f"design has shape {x.shape}, expected ({len(y)}, {len(names)})")
    coefficients = np.zeros(len(names))
    coefficients[[names.index(term) for term in fit.terms]] = fit.coefficients
    columns = state.likelihood.structure.columns
    moment = None if time is None else np.asarray(time, dtype=np.float64)
    if columns.kind != "intercept" and moment is None:
        raise ValueError("the model uses time: time is needed")
    basis = columns.rows(moment, len(y))
    fixed = x @ coefficients
    groups = {"patient": patient, "therapist": therapist, "service": service}
    fitted = fixed + _row_effects(fit, basis, groups)
    weights = state.likelihood.structure.weights(state.evaluation.theta)
    precision = np.full(len(y), weights[0]) if len(weights) == 1 else weights @ basis
    spread = np.sqrt(state.evaluation.residual_variance / precision)
    return RowResiduals(fixed, fitted, y - fitted, spread)


def cluster_robust_covariance(
    fit: LinearMixedModelFit,
    residuals: RowResiduals,
    design: npt.ArrayLike,
    cluster: npt.ArrayLike,
) -> FloatArray:
    """Covariance of the fixed effects that trusts only the independence of clusters.

    ``C (sum of s_g s_g') C * G / (G - 1)`` with ``C = (X'V^-1 X)^-1`` and
    ``s_g = X_g'V_g^-1(y - X beta)`` (Liang and Zeger 1986, Biometrika 73, 13-22, eq. 5, with the
    factor called CR1). ``V^-1(y - X beta)`` is the conditional residual over the residual variance,
    so one pass over the rows suffices whatever the clusters are. Use t with G - 1 degrees of
    freedom. With fewer than about 40 clusters prefer `jackknife_covariance`.

    Parameters
    ----------
    fit : LinearMixedModelFit
    residuals : RowResiduals
        From `row_residuals` on the same rows.
    design : array_like, shape (n, number of columns given to the fit)
    cluster : array_like of int, shape (n,)

    Returns
    -------
    ndarray, shape (p, p)

    Raises
    ------
    ValueError
        With fewer than two clusters, or shapes that differ.
    """
    state = fit.fitted()
    x = np.asarray(design, dtype=np.float64)
    if len(x) != len(residuals.residual):
        raise ValueError("design and residuals differ in length")
    codes, ids = dense_codes(cluster, "cluster", len(x))
    if len(ids) < 2:
        raise ValueError("a cluster-robust covariance needs at least two clusters")
    kept = [state.model.labels.terms.index(term) for term in fit.terms]
    scaled = residuals.residual / residuals.spread**2
    scores = np.empty((len(ids), len(kept)))
    for position, column in enumerate(kept):
        scores[:, position] = np.bincount(codes, weights=x[:, column] * scaled, minlength=len(ids))
    meat = scores.T @ scores
    return fit.covariance @ meat @ fit.covariance * len(ids) / (len(ids) - 1)
