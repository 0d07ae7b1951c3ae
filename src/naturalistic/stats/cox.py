"""Cox proportional hazards regression: Efron ties, strata, late entry, cluster-robust errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypedDict

import numpy as np
from numpy.typing import ArrayLike

from naturalistic.stats.coefficient_table import (
    ChiSquaredTest,
    chi_squared_test,
    coefficient_columns,
    wald_test,
)
from naturalistic.stats.hazards.cox_data import CoxData, prepare_cox_data
from naturalistic.stats.hazards.cox_design import (
    aliased_terms,
    expand,
    levels_without_events,
    runaway_terms,
    sparseness,
)
from naturalistic.stats.hazards.cox_fit import CoxFit
from naturalistic.stats.hazards.cox_input import FloatArray, checked_names
from naturalistic.stats.hazards.cox_likelihood import PartialLikelihood, evaluate
from naturalistic.stats.hazards.cox_residuals import sandwich
from naturalistic.stats.hazards.cox_search import Maximum, maximise

__all__ = ["ChiSquaredTest", "CoxFit", "fit_cox"]


def fit_cox(
    time: ArrayLike,
    event: ArrayLike,
    design: ArrayLike,
    *,
    entry: ArrayLike | None = None,
    strata: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    frequency: bool = False,
    robust: bool = False,
    cluster_correction: bool = False,
    ties: str = "efron",
    term_names: Sequence[str] | None = None,
    conf_level: float = 0.95,
) -> CoxFit:
    """Fit the Cox model h(t | x) = h_stratum(t) exp(x'b) by partial likelihood.

    Ties by Efron (1977) or Breslow (1974); robust covariance after Lin and Wei (1989) with the
    score residuals that belong to the tie rule (Therneau and Grambsch 2000, sections 4.6 and 7.1).
    Session counts are heavily tied: use Efron there, Breslow shrinks the estimates. Equals R's
    ``survival::coxph`` for each of these.

    Parameters
    ----------
    time : (n,) end of the time at risk, in any unit.
    event : (n,) 1 where the event of interest happened at `time`; competing endings are 0.
    design : (n, p) covariates, no intercept.
    entry : (n,) time from which the row is observed; at risk when ``entry < t <= time``. Several
        rows per person with adjoining intervals carry time-varying covariates.
    strata : (n,) labels, each with its own baseline hazard.
    cluster : (n,) labels (therapist, person); gives the cluster-robust covariance.
    weights : (n,) positive case weights, as in R.
    frequency : bool
        Weights are numbers of identical rows: same result as repeating the rows. (Case weights
        are not: Efron's ties then count rows.)
    robust : bool
        Robust covariance with every row its own cluster.
    cluster_correction : bool
        Multiply the robust covariance by G/(G-1) and refer to t with G-1 degrees of freedom.
        R does neither; with few therapists it is the safer choice.
    ties : {'efron', 'breslow'}
    term_names : p names; x1 ... xp when None.
    conf_level : float

    Returns
    -------
    CoxFit
        With status ``not_estimable`` when there is no event.

    Raises
    ------
    ValueError
        Shapes that differ, missing values, impossible times or weights, unknown `ties`.
    """
    full = prepare_cox_data(
        time,
        event,
        design,
        entry=entry,
        strata=strata,
        weights=weights,
        frequency=frequency,
        ties=ties,
    )
    return _fitted(
        full,
        checked_names(term_names, len(full.columns)),
        cluster,
        robust=robust,
        correct=cluster_correction,
        conf_level=conf_level,
    )


def _fitted(
    full: CoxData,
    names: tuple[str, ...],
    cluster: ArrayLike | None,
    *,
    robust: bool,
    correct: bool,
    conf_level: float,
) -> CoxFit:
    """Maximum of the partial likelihood over the covariates that can be told apart."""
    null = evaluate(full, np.zeros(len(names)))
    active, aliased = aliased_terms(null.information, full.cell_weight.sum(), names)
    data = full.select(active)
    if not active.all():
        null = evaluate(data, np.zeros(len(data.columns)))
    top = maximise(partial(evaluate, data), null, np.zeros(len(data.columns)))
    infinite, runaway = runaway_terms(
        top.runaway, top.beta, [n for n, a in zip(names, active, strict=True) if a]
    )
    errors = _errors(data, top, cluster, robust=robust, correct=correct)
    return _assemble(
        names,
        data,
        top,
        active,
        infinite,
        errors,
        conf_level=conf_level,
        method=_method(full, cluster is not None, robust, correct),
        notes=_notes(full, names, aliased, runaway, top, errors.n_clusters),
    )


def _notes(
    full: CoxData,
    names: tuple[str, ...],
    aliased: list[str],
    runaway: list[str],
    top: Maximum[PartialLikelihood],
    n_clusters: int | None,
) -> tuple[str, ...]:
    """What a reader of the coefficients must know."""
    if full.n_events == 0:
        return ("no events: nothing can be estimated",)
    notes = levels_without_events(full, names) + aliased + runaway
    notes += sparseness(full.n_events, len(top.beta), n_clusters)
    if not (top.converged or runaway):
        notes.append(f"no convergence after {top.iterations} steps")
    return tuple(notes)


def _method(data: CoxData, clustered: bool, robust: bool, corrected: bool) -> str:
    parts = [f"Cox partial likelihood, {data.ties.capitalize()} ties"]
    if len(data.strata_labels) > 1:
        parts.append(f"{len(data.strata_labels)} strata")
    if clustered:
        parts.append("cluster-robust standard errors")
    elif robust:
        parts.append("robust standard errors")
    if corrected and clustered:
        parts.append("G/(G-1) and t(G-1)")
    return ", ".join(parts)


@dataclass(frozen=True, slots=True)
class _Errors:
    """Covariances of the standardised covariates kept, and what they rest on."""

    naive: FloatArray
    covariance: FloatArray
    n_clusters: int | None
    df_residual: float


def _errors(
    data: CoxData,
    top: Maximum[PartialLikelihood],
    cluster: ArrayLike | None,
    *,
    robust: bool,
    correct: bool,
) -> _Errors:
    """Covariance from the information, or from the score residuals of rows or clusters."""
    naive = top.inverse_information
    if cluster is None and not robust:
        return _Errors(naive, naive, None, np.inf)
    covariance, n_clusters = sandwich(data, top.at, naive, cluster)
    if cluster is None:
        return _Errors(naive, covariance, None, np.inf)
    if correct and n_clusters > 1:
        covariance = covariance * (n_clusters / (n_clusters - 1))
    return _Errors(naive, covariance, n_clusters, n_clusters - 1.0 if correct else np.inf)


def _assemble(
    names: tuple[str, ...],
    data: CoxData,
    top: Maximum[PartialLikelihood],
    active: np.ndarray,
    infinite: FloatArray,
    errors: _Errors,
    *,
    conf_level: float,
    method: str,
    notes: tuple[str, ...],
) -> CoxFit:
    """Back to the covariates' own units, with tests and limits."""
    finite = infinite == 0
    unit = np.where(finite, 1 / data.scale, np.nan)
    units = np.outer(unit, unit)
    coefficients = expand(np.where(finite, top.beta / data.scale, infinite), active)
    covariance = expand(errors.covariance * units, active)
    n = data.n_rows if not data.frequency or data.weight is None else data.weight.sum()
    return CoxFit(
        terms=names,
        **coefficient_columns(coefficients, covariance, conf_level, errors.df_residual),
        **_against_null(data, top),
        conf_level=conf_level,
        naive_covariance=expand(errors.naive * units, active),
        wald=wald_test(coefficients, covariance),
        n=float(n),
        n_events=data.n_events,
        n_clusters=errors.n_clusters,
        df_residual=errors.df_residual,
        iterations=top.iterations,
        method=method,
        notes=notes,
        data=data,
        likelihood=top.at,
        active=active,
    )


class _AgainstNull(TypedDict):
    status: str
    converged: bool
    loglik_null: float
    loglik: float
    likelihood_ratio: ChiSquaredTest
    score_test: ChiSquaredTest
    events_per_parameter: float


def _against_null(data: CoxData, top: Maximum[PartialLikelihood]) -> _AgainstNull:
    """The fit beside the model without covariates, and whether there is a fit at all."""
    null, at, n_parameters = top.null, top.at, len(top.beta)
    score = float(null.score @ np.linalg.solve(null.information, null.score))
    estimable = data.n_events > 0
    return {
        "status": "ok" if estimable else "not_estimable",
        "converged": top.converged and estimable,
        "loglik_null": null.loglik if estimable else np.nan,
        "loglik": at.loglik if estimable else np.nan,
        "likelihood_ratio": chi_squared_test(2 * (at.loglik - null.loglik), n_parameters),
        "score_test": chi_squared_test(score, n_parameters),
        "events_per_parameter": data.n_events / n_parameters if n_parameters else np.nan,
    }
