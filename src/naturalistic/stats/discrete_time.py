"""Discrete-time hazard of an ending by session: binomial regression on person-sessions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import ArrayLike

from naturalistic.stats.coefficient_table import coefficient_columns
from naturalistic.stats.hazards.cox_design import aliased_terms, expand, runaway_terms, sparseness
from naturalistic.stats.hazards.cox_input import FloatArray, checked_names
from naturalistic.stats.hazards.cox_search import Maximum, maximise
from naturalistic.stats.hazards.discrete_time_baseline import SessionBaseline, session_baseline
from naturalistic.stats.hazards.discrete_time_counts import SessionCounts, count_sessions
from naturalistic.stats.hazards.discrete_time_fit import (
    DiscreteTimeFit,
    fit_without_events,
    method_in_words,
    model_sizes,
)
from naturalistic.stats.hazards.discrete_time_likelihood import (
    LINKS,
    HazardLikelihood,
    cluster_scores,
    evaluate_hazard,
)

__all__ = ["DiscreteTimeFit", "fit_discrete_time_hazard"]


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
        ``not_estimable`` when there is no event.

    Raises
    ------
    ValueError
        Shapes that differ, missing values, sessions that are not whole, an unknown link or
        baseline, or a given step without events.
    """
    if link not in LINKS:
        raise ValueError(f"link must be one of {', '.join(LINKS)}, not {link!r}")
    count = partial(count_sessions, session, event, entry=entry, weights=weights)
    counts = count(design)
    names = checked_names(term_names, len(counts.columns))
    if counts.n_events == 0:
        return fit_without_events(counts, names, link, conf_level)
    places = session_baseline(
        counts, baseline, knots=knots, n_knots=n_knots, step_starts=step_starts
    )
    found = _search(counts, places, link, (*places.names, *names))
    errors = _Errors(found.top.inverse_information, None, np.inf)
    if cluster is not None:
        # Counted again with the clusters apart: only this one step pays for the finer counts.
        by_cluster = count(
            np.asarray(design, dtype=float)[:, found.covariates_kept],
            cluster=cluster,
            units=(found.counts.mean, found.counts.scale),
        )
        errors = _clustered_errors(found, by_cluster, link, correct=cluster_correction)
    method = method_in_words(link, places.kind, errors.n_clusters, cluster_correction)
    return _assemble(found, errors, link=link, method=method, conf_level=conf_level)


@dataclass(frozen=True, slots=True)
class _Found:
    """Maximum over the terms that can be told apart, on standardised covariates.

    Attributes
    ----------
    names : all terms, the baseline's first.
    places, basis : the baseline, and its value in each session.
    counts : with the covariates kept.
    active : (m + p,) which terms were kept.
    notes : why the others were not.
    """

    names: tuple[str, ...]
    places: SessionBaseline
    basis: FloatArray
    counts: SessionCounts
    active: np.ndarray
    top: Maximum[HazardLikelihood]
    notes: list[str]

    @property
    def covariates_kept(self) -> np.ndarray:
        """Which covariates were kept, shape (p,)."""
        return self.active[len(self.places.names) :]


@dataclass(frozen=True, slots=True)
class _Errors:
    """Covariance of the terms kept, on standardised covariates, and what it rests on."""

    covariance: FloatArray
    n_clusters: int | None
    df_residual: float


def _search(
    counts: SessionCounts, places: SessionBaseline, link: str, names: tuple[str, ...]
) -> _Found:
    """Maximise over the terms that can be told apart; the baseline alone always can."""
    basis = places.basis(counts.sessions)
    start, at_start = _start(counts, basis, link)
    active, notes = aliased_terms(at_start.information, counts.n_events, names)
    kept = active[basis.shape[1] :]
    if not kept.all():
        counts = replace(
            counts,
            columns=counts.columns[kept],
            mean=counts.mean[kept],
            scale=counts.scale[kept],
        )
        start, at_start = _start(counts, basis, link)
    top = maximise(partial(evaluate_hazard, counts, basis, link), at_start, start)
    return _Found(names, places, basis, counts, active, top, notes)


def _clustered_errors(
    found: _Found, by_cluster: SessionCounts, link: str, *, correct: bool
) -> _Errors:
    """Sandwich of the scores summed by cluster."""
    n_clusters = by_cluster.n_clusters
    scores = cluster_scores(by_cluster, found.basis, link, found.top.beta)
    covariance = _sandwich(found.top.inverse_information, scores, correct)
    return _Errors(covariance, n_clusters, n_clusters - 1.0 if n_clusters and correct else np.inf)


def _assemble(
    found: _Found, errors: _Errors, *, link: str, method: str, conf_level: float
) -> DiscreteTimeFit:
    """Back to the covariates' own units, with tests, limits and cautions."""
    counts, top, active = found.counts, found.top, found.active
    back = _back_transform(found.places, counts)
    estimate = back @ top.beta
    kept = [name for name, keep in zip(found.names, active, strict=True) if keep]
    infinite, runaway = runaway_terms(back @ top.runaway, estimate, kept)
    unknown = np.where(infinite == 0, 0.0, np.nan)

    def in_own_units(matrix: FloatArray) -> FloatArray:
        """A covariance in the units of the caller's columns; NaN for terms left out."""
        return expand(back @ matrix @ back.T + np.add.outer(unknown, unknown), active)

    columns = coefficient_columns(
        expand(np.where(infinite == 0, estimate, infinite), active),
        in_own_units(errors.covariance),
        conf_level,
        errors.df_residual,
    )
    return DiscreteTimeFit(
        terms=found.names,
        **columns,
        conf_level=conf_level,
        naive_covariance=in_own_units(top.inverse_information),
        df_residual=errors.df_residual,
        status="ok",
        method=method,
        notes=_notes(found, runaway, errors.n_clusters),
        baseline=found.places,
        loglik=top.at.loglik,
        n_clusters=errors.n_clusters,
        events_per_parameter=counts.n_events / max(int(found.covariates_kept.sum()), 1),
        converged=top.converged,
        iterations=top.iterations,
        active=active,
        **model_sizes(counts, found.places, link),
    )


def _notes(found: _Found, runaway: list[str], n_clusters: int | None) -> tuple[str, ...]:
    """What a reader of the coefficients must know."""
    n_covariates = int(found.covariates_kept.sum())
    notes = found.notes + runaway + sparseness(found.counts.n_events, n_covariates, n_clusters)
    if not (found.top.converged or runaway):
        notes.append(f"no convergence after {found.top.iterations} steps")
    return tuple(notes)


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
