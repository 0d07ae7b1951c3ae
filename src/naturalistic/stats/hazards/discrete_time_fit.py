"""What a fitted discrete-time hazard model holds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypedDict

import numpy as np

from naturalistic.stats.coefficient_table import CoefficientTable, coefficient_columns
from naturalistic.stats.hazards.discrete_time_baseline import SessionBaseline
from naturalistic.stats.hazards.discrete_time_counts import SessionCounts


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


def fit_without_events(
    counts: SessionCounts, names: tuple[str, ...], link: str, conf_level: float
) -> DiscreteTimeFit:
    """What is left to say when nobody had the event."""
    first = float(counts.first_session)
    places = SessionBaseline("steps", np.array([first]), (f"session {first:g}+",))
    terms = (*places.names, *names)
    nothing = np.full((len(terms),) * 2, np.nan)
    return DiscreteTimeFit(
        terms=terms,
        **coefficient_columns(nothing[0], nothing, conf_level, np.inf),
        conf_level=conf_level,
        naive_covariance=nothing,
        df_residual=np.inf,
        status="not_estimable",
        method=method_in_words(link, places.kind, None, False),
        notes=("no events: nothing can be estimated",),
        baseline=places,
        loglik=np.nan,
        n_clusters=None,
        events_per_parameter=0.0,
        converged=False,
        iterations=0,
        active=np.zeros(len(terms), dtype=bool),
        **model_sizes(counts, places, link),
    )


class _Sizes(TypedDict):
    n_baseline: int
    link: str
    first_session: int
    last_session: int
    n: float
    n_person_sessions: float
    n_events: float


def model_sizes(counts: SessionCounts, places: SessionBaseline, link: str) -> _Sizes:
    """Numbers of terms, sessions, people and events."""
    return {
        "n_baseline": len(places.names),
        "link": link,
        "first_session": counts.first_session,
        "last_session": counts.first_session + counts.n_sessions - 1,
        "n": counts.n_rows,
        "n_person_sessions": float(counts.at_risk.sum()),
        "n_events": counts.n_events,
    }


def method_in_words(link: str, baseline: str, n_clusters: int | None, corrected: bool) -> str:
    """Link, baseline and errors in words."""
    parts = [f"discrete-time hazard, {link} link, {baseline} of session number"]
    if n_clusters is not None:
        parts.append("cluster-robust standard errors")
        if corrected:
            parts.append("G/(G-1) and t(G-1)")
    return ", ".join(parts)
