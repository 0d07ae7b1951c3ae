"""Firth-penalised Cox regression: finite estimates from few events, with profile limits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize, stats

from naturalistic.stats.coefficient_table import chi_squared_test, position_of_term
from naturalistic.stats.hazards.cox_data import CoxData, prepare_cox_data
from naturalistic.stats.hazards.cox_design import aliased_terms, levels_without_events, sparseness
from naturalistic.stats.hazards.cox_input import FloatArray, checked_names
from naturalistic.stats.hazards.cox_likelihood import evaluate
from naturalistic.stats.hazards.cox_penalty import PenalisedLikelihood, PenalisedModel
from naturalistic.stats.result import Estimate, not_estimable

METHOD = "Firth-penalised Cox regression, profile penalised likelihood limits and tests"
MAX_ITERATIONS = 500
CONVERGED_DECREMENT = 1e-18
# A limit further than this many standard errors from the estimate is taken to be infinite.
FURTHEST_LIMIT = 200.0


@dataclass(frozen=True, slots=True)
class CoxFirthFit:
    """A Firth-penalised Cox model.

    Attributes
    ----------
    terms : p names.
    coefficients : (p,) log hazard ratios; NaN for covariates left out.
    std_errors : (p,) from the inverse information at the estimate; the interval is not built on
        them.
    conf_low, conf_high : (p,) profile penalised likelihood limits.
    conf_level : float
    statistics, p_values : (p,)
        Penalised likelihood ratio test of each coefficient being zero (chi-squared, 1 df).
    loglik : float
        Penalised log-likelihood on standardised covariates (differences only have a meaning).
    n, n_events, events_per_parameter : float
    converged : bool
    status : str
    notes : tuple of str
    """

    terms: tuple[str, ...]
    coefficients: FloatArray
    std_errors: FloatArray
    conf_low: FloatArray
    conf_high: FloatArray
    conf_level: float
    statistics: FloatArray
    p_values: FloatArray
    loglik: float
    n: float
    n_events: float
    events_per_parameter: float
    converged: bool
    status: str
    notes: tuple[str, ...]

    def estimate(self, term: str) -> Estimate:
        """Log hazard ratio of one term.

        Raises
        ------
        ValueError
            No such term.
        """
        j = position_of_term(self.terms, term)
        note = "; ".join(self.notes)
        if not np.isfinite(self.coefficients[j]):
            return not_estimable(note, method=METHOD, conf_level=self.conf_level)
        return Estimate(
            estimate=float(self.coefficients[j]),
            std_error=float(self.std_errors[j]),
            conf_low=float(self.conf_low[j]),
            conf_high=float(self.conf_high[j]),
            conf_level=self.conf_level,
            statistic=float(self.statistics[j]),
            df=1.0,
            p_value=float(self.p_values[j]),
            method=METHOD,
            note=note,
        )


def fit_cox_firth(
    time: ArrayLike,
    event: ArrayLike,
    design: ArrayLike,
    *,
    entry: ArrayLike | None = None,
    strata: ArrayLike | None = None,
    ties: str = "efron",
    term_names: Sequence[str] | None = None,
    conf_level: float = 0.95,
) -> CoxFirthFit:
    """Maximise the partial likelihood times Jeffreys' prior |I(b)|^(1/2).

    Firth's (1993) correction for the bias of few events, which also keeps estimates finite when a
    level has no event (Heinze and Schemper 2001). Limits and tests come from the profile of the
    penalised likelihood, whose penalty keeps the information of all covariates: the likelihood is
    too lopsided for normal limits.

    Parameters
    ----------
    time, event, design, entry, strata, ties, term_names : as `fit_cox`.
    conf_level : float

    Returns
    -------
    CoxFirthFit
        ``not_estimable`` without events or without a usable covariate.

    Raises
    ------
    ValueError
        As `fit_cox`.
    """
    full = prepare_cox_data(time, event, design, entry=entry, strata=strata, ties=ties)
    p = len(full.columns)
    names = checked_names(term_names, p)
    if full.n_events == 0:
        return _assemble(
            names, full, np.zeros(p, bool), [], ["no events: nothing to estimate"], conf_level
        )
    notes = levels_without_events(full, names)
    null = evaluate(full, np.zeros(p))
    active, alias_notes = aliased_terms(null.information, full.cell_weight.sum(), names)
    data = full.select(active)
    notes += alias_notes + sparseness(full.n_events, int(active.sum()), None)
    model = PenalisedModel(data)
    free = np.ones(int(active.sum()), dtype=bool)
    beta, top, converged = _Search(model, free).maximise(np.zeros(len(free)))
    if not converged:
        notes.append(f"no convergence after {MAX_ITERATIONS} steps")
    profiles = [_profile(model, beta, top, j, conf_level) for j in range(len(beta))]
    return _assemble(names, data, active, profiles, notes, conf_level, top.loglik, converged)


@dataclass(frozen=True, slots=True)
class _Profile:
    """One standardised coefficient with what its profile says."""

    coefficient: float
    std_error: float
    low: float
    high: float
    statistic: float


class _Search:
    """Maxima over the free coefficients, the others staying where they are.

    Steps of Broyden, Fletcher, Goldfarb and Shanno that start from the information: it lacks the
    curvature of the penalty, which few events make large, and the steps learn it. What one search
    has learned serves the next.
    """

    def __init__(self, model: PenalisedModel, free: np.ndarray) -> None:
        self.model, self.free = model, free
        self.inverse: FloatArray | None = None

    def maximise(self, beta: FloatArray) -> tuple[FloatArray, PenalisedLikelihood, bool]:
        """Coefficients at the maximum, the likelihood there, and whether it was reached."""
        free, at = self.free, self.model.evaluate(beta)
        if not free.any():
            return beta, at, True
        if self.inverse is None:
            self.inverse = np.linalg.inv(at.information[np.ix_(free, free)])
        for _ in range(MAX_ITERATIONS):
            step = np.zeros(len(beta))
            step[free] = self.inverse @ at.score[free]
            if float(at.score @ step) < CONVERGED_DECREMENT:
                return beta, at, True
            step, candidate = _ahead(self.model, beta, at, step)
            fall = (at.score - candidate.score)[free]
            self.inverse = _learned(self.inverse, step[free], fall)
            beta, at = beta + step, candidate
        return beta, at, False


def _ahead(
    model: PenalisedModel, beta: FloatArray, at: PenalisedLikelihood, step: FloatArray
) -> tuple[FloatArray, PenalisedLikelihood]:
    """The step, shortened until the likelihood does not fall, and the likelihood there."""
    # Long steps leave the region where the information means anything.
    step = step / max(1.0, float(np.abs(step).max()) / 2)
    candidate = model.evaluate(beta + step)
    lowest = at.loglik - 1e-9 * (1 + abs(at.loglik))
    while candidate.loglik < lowest and np.abs(step).max() > 1e-12:
        step = step / 2
        candidate = model.evaluate(beta + step)
    return step, candidate


def _learned(inverse: FloatArray, step: FloatArray, fall: FloatArray) -> FloatArray:
    """Inverse curvature that explains by how much the score fell along the step."""
    along = float(step @ fall)
    if not along > 0:
        return inverse
    left = np.eye(len(step)) - np.outer(step, fall) / along
    return np.asarray(left @ inverse @ left.T + np.outer(step, step) / along)


def _profile(
    model: PenalisedModel, beta: FloatArray, top: PenalisedLikelihood, j: int, conf_level: float
) -> _Profile:
    """Limits and test of coefficient j from the profile of the penalised likelihood."""
    free = np.arange(len(beta)) != j
    allowed = float(np.sqrt(stats.chi2.ppf(conf_level, 1)))
    std_error = float(np.sqrt(np.linalg.inv(top.information)[j, j]))
    search, nearest = _Search(model, free), beta
    # where a likelihood is nearly flat, another start may end a little lower: what was found at a value stands
    found = {float(beta[j]): 0.0}

    def root(value: float) -> float:
        """Root of twice the loss of penalised likelihood with the coefficient held at `value`."""
        nonlocal nearest
        if value not in found:
            # the root is nearly straight in the value, and the last maximum a good place to start
            start = nearest.copy()
            start[j] = value
            nearest, point, _ = search.maximise(start)
            found[value] = float(np.sqrt(max(2 * (top.loglik - point.loglik), 0.0)))
        return found[value]

    limits = []
    for sign in (-1.0, 1.0):
        nearest, reach = beta, allowed
        while root(beta[j] + sign * reach * std_error) < allowed and reach < FURTHEST_LIMIT:
            reach *= 1.5
        if reach >= FURTHEST_LIMIT:
            limits.append(sign * np.inf)
            continue
        ends = sorted([beta[j], beta[j] + sign * reach * std_error])
        limits.append(optimize.brentq(lambda v: root(v) - allowed, *ends, xtol=1e-11, rtol=1e-12))
    nearest = beta
    return _Profile(float(beta[j]), std_error, limits[0], limits[1], root(0.0) ** 2)


def _assemble(
    names: tuple[str, ...],
    data: CoxData,
    active: np.ndarray,
    profiles: list[_Profile],
    notes: list[str],
    conf_level: float,
    loglik: float = np.nan,
    converged: bool = False,
) -> CoxFirthFit:
    """Back to the covariates' own units."""

    def column(name: str) -> FloatArray:
        """One attribute of the profiles in the caller's units; NaN for terms left out."""
        out = np.full(len(names), np.nan)
        values = np.array([getattr(profile, name) for profile in profiles])
        out[active] = values if name == "statistic" else values / data.scale[: len(values)]
        return out

    statistics = column("statistic")
    n_parameters = len(profiles)
    return CoxFirthFit(
        terms=names,
        coefficients=column("coefficient"),
        std_errors=column("std_error"),
        conf_low=column("low"),
        conf_high=column("high"),
        conf_level=conf_level,
        statistics=statistics,
        p_values=np.array([chi_squared_test(float(s), 1).p_value for s in statistics]),
        loglik=loglik,
        n=float(data.n_rows),
        n_events=data.n_events,
        events_per_parameter=data.n_events / n_parameters if n_parameters else np.nan,
        converged=converged,
        status="ok" if n_parameters else "not_estimable",
        notes=tuple(notes),
    )
