"""Discrete-time hazard of an ending by session: binomial regression on person-sessions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
from numpy.typing import ArrayLike

from naturalistic.stats.coefficient_table import CoefficientTable, coefficient_columns
from naturalistic.stats.cox_design import aliased_terms, runaway_terms, sparseness
from naturalistic.stats.cox_input import FloatArray
from naturalistic.stats.cox_search import maximise
from naturalistic.stats.discrete_time_baseline import SessionBaseline, session_baseline
from naturalistic.stats.discrete_time_counts import SessionCounts, count_sessions
from naturalistic.stats.discrete_time_likelihood import (
    LINKS,
    HazardLikelihood,
    cluster_scores,
    evaluate_hazard,
)


@dataclass(frozen=True, slots=True)
class DiscreteTimeFit(CoefficientTable):
    """A fitted discrete-time hazard model.

    `terms` are the baseline functions followed by the covariates. With the complementary log-log
    link a covariate's coefficient is the log hazard ratio of the grouped-time proportional hazards
    model, comparable with a Cox model with Efron's ties; with the logit link a log odds ratio.

    Attributes
    ----------
    n_baseline : int
        Number of baseline terms (they come first).
    link : str
    baseline : SessionBaseline
    first_session, last_session : int
        Range of sessions observed; predictions stay inside it.
    loglik : float
        Over person-sessions (minus half the deviance of the ungrouped binomial regression).
    n, n_person_sessions, n_events : float
    n_clusters : int or None
    events_per_parameter : float
    converged : bool
    iterations : int
    active : (m + p,) which terms were kept.
    """

    n_baseline: int
    link: str
    baseline: SessionBaseline
    first_session: int
    last_session: int
    loglik: float
    n: float
    n_person_sessions: float
    n_events: float
    n_clusters: int | None
    events_per_parameter: float
    converged: bool
    iterations: int
    active: np.ndarray = field(repr=False, compare=False)

    @property
    def covariates(self) -> tuple[str, ...]:
        """Names of the covariates."""
        return self.terms[self.n_baseline :]


def fit_discrete_time_hazard(
    session: ArrayLike,
    event: ArrayLike,
    design: ArrayLike,
    *,
    entry: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    cluster_correction: bool = False,
    link: str = "cloglog",
    baseline: str = "spline",
    knots: ArrayLike | None = None,
    n_knots: int = 4,
    step_starts: Sequence[int] | None = None,
    term_names: Sequence[str] | None = None,
    conf_level: float = 0.95,
) -> DiscreteTimeFit:
    """Fit g(h_k) = baseline(k) + x'b, h_k = P(event at session k | at risk there).

    With g the complementary log-log, g(h) = log(-log(1 - h)), this is the proportional hazards
    model seen only at whole sessions (Prentice and Gloeckler 1978, eq. 3): the natural model for
    session counts. Estimated by Fisher scoring on counts; equal to a binomial regression on one
    row per person and session (R's ``glm``), with its standard errors from the expected
    information, or the cluster-robust sandwich without small-sample factor
    (``sandwich::vcovCL(type = "HC0", cadjust = FALSE)``).

    Parameters
    ----------
    session : (n,) last session at risk, whole numbers from 1.
    event : (n,) 1 where the event happened at that session; other endings are 0.
    design : (n, p) covariates, no intercept.
    entry : (n,) last session before the row is at risk (0 when None). Several rows per person with
        adjoining sessions carry time-varying covariates.
    cluster : (n,) labels (therapist).
    weights : (n,) numbers of identical rows.
    cluster_correction : bool
        Factor G/(G-1) and t with G-1 degrees of freedom.
    link : {'cloglog', 'logit'}
    baseline, knots, n_knots, step_starts : see `session_baseline`.
    term_names : p names.
    conf_level : float

    Returns
    -------
    DiscreteTimeFit

    Raises
    ------
    ValueError
        Shapes that differ, missing values, sessions that are not whole, no events, an unknown link
        or baseline, or a step without events.
    """
    if link not in LINKS:
        raise ValueError(f"link must be one of {', '.join(LINKS)}, not {link!r}")
    counts = count_sessions(session, event, design, entry=entry, weights=weights)
    p = len(counts.columns)
    names = tuple(term_names) if term_names is not None else tuple(f"x{j + 1}" for j in range(p))
    if len(names) != p or len(set(names)) != p:
        raise ValueError(f"term_names must hold {p} different names")
    if counts.n_events == 0:
        raise ValueError("no events: a hazard by session cannot be fitted")
    places = session_baseline(
        counts, baseline, knots=knots, n_knots=n_knots, step_starts=step_starts
    )
    names = (*places.names, *names)
    basis = places.basis(counts.sessions)
    m = basis.shape[1]
    start, at_start = _start(counts, basis, link)
    # Without a covariate the baseline has full rank, so only covariates can be left out.
    active, notes = aliased_terms(at_start.information, counts.n_events, names)
    if not active.all():
        kept_columns = active[m:]
        counts = replace(
            counts,
            columns=counts.columns[kept_columns],
            mean=counts.mean[kept_columns],
            scale=counts.scale[kept_columns],
        )
        start, at_start = _start(counts, basis, link)
    top = maximise(partial(evaluate_hazard, counts, basis, link), at_start, start)
    back = _back_transform(places, counts)
    estimate = back @ top.beta
    kept = [name for name, keep in zip(names, active, strict=True) if keep]
    infinite, runaway = runaway_terms(back @ top.runaway, estimate, kept)
    naive = covariance = top.inverse_information
    n_clusters = None
    if cluster is not None:
        # Counted again with the clusters apart: only this one step pays for the finer counts.
        by_cluster = count_sessions(
            session,
            event,
            np.asarray(design, dtype=float)[:, active[m:]],
            entry=entry,
            cluster=cluster,
            weights=weights,
            units=(counts.mean, counts.scale),
        )
        n_clusters = by_cluster.n_clusters
        scores = cluster_scores(by_cluster, basis, link, top.beta)
        covariance = _sandwich(naive, scores, cluster_correction)
    unknown = np.where(infinite == 0, 0.0, np.nan)
    df_residual = n_clusters - 1.0 if n_clusters and cluster_correction else np.inf

    def in_own_units(matrix: FloatArray) -> FloatArray:
        return _expand(back @ matrix @ back.T + np.add.outer(unknown, unknown), active)

    notes += runaway + sparseness(counts.n_events, int(active[m:].sum()), n_clusters)
    if not (top.converged or runaway):
        notes.append(f"no convergence after {top.iterations} steps")
    return DiscreteTimeFit(
        terms=names,
        **coefficient_columns(
            _expand(np.where(infinite == 0, estimate, infinite), active),
            in_own_units(covariance),
            conf_level,
            df_residual,
        ),
        conf_level=conf_level,
        naive_covariance=in_own_units(naive),
        df_residual=df_residual,
        status="ok",
        method=_method(link, baseline, n_clusters, cluster_correction),
        notes=tuple(notes),
        n_baseline=m,
        link=link,
        baseline=places,
        first_session=int(counts.sessions[0]),
        last_session=int(counts.sessions[-1]),
        loglik=top.at.loglik,
        n=counts.n_rows,
        n_person_sessions=float(counts.at_risk.sum()),
        n_events=counts.n_events,
        n_clusters=n_clusters,
        events_per_parameter=counts.n_events / max(int(active[m:].sum()), 1),
        converged=top.converged,
        iterations=top.iterations,
        active=active,
    )


def _start(
    counts: SessionCounts, basis: FloatArray, link: str
) -> tuple[FloatArray, HazardLikelihood]:
    """The overall hazard in every session, no covariate."""
    overall = counts.n_events / counts.at_risk.sum()
    # The hazard may be 1 (everyone leaves at once): start inside.
    overall = min(overall, 0.99)
    level = np.log(-np.log1p(-overall)) if link == "cloglog" else np.log(overall / (1 - overall))
    flat = np.linalg.lstsq(basis, np.full(len(basis), level), rcond=None)[0]
    parameters = np.concatenate([flat, np.zeros(len(counts.columns))])
    return parameters, evaluate_hazard(counts, basis, link, parameters)


def _sandwich(naive: FloatArray, scores: FloatArray, correct: bool) -> FloatArray:
    groups = len(scores)
    # Sorted by value, so that the names of the clusters do not decide the last digit.
    scores = scores[np.lexsort(scores.T)]
    covariance = naive @ (scores.T @ scores) @ naive
    return np.asarray(
        covariance * (groups / (groups - 1)) if correct and groups > 1 else covariance
    )


def _back_transform(places: SessionBaseline, counts: SessionCounts) -> FloatArray:
    """Matrix from parameters on standardised covariates to the covariates as given.

    Uncentring a covariate moves the baseline by a constant, which lies in its span.
    """
    m, p = len(places.names), len(counts.columns)
    mean, scale = counts.mean, counts.scale
    constant = np.ones(m) if places.kind == "steps" else np.eye(m)[0]
    back = np.zeros((m + p, m + p))
    back[:m, :m] = np.eye(m)
    back[:m, m:] = -np.outer(constant, mean / scale)
    back[m:, m:] = np.diag(1 / scale)
    return back


def _expand(values: FloatArray, active: np.ndarray) -> FloatArray:
    """Values of the terms kept, with NaN for those left out."""
    out = np.full((len(active),) * values.ndim, np.nan)
    out[np.ix_(*(active,) * values.ndim)] = values
    return out


def _method(link: str, baseline: str, n_clusters: int | None, corrected: bool) -> str:
    parts = [f"discrete-time hazard, {link} link, {baseline} of session number"]
    if n_clusters is not None:
        parts.append("cluster-robust standard errors")
        if corrected:
            parts.append("G/(G-1) and t(G-1)")
    return ", ".join(parts)
