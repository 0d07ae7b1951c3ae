"""Are the hazards proportional? The score test for coefficients that change with time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from naturalistic.stats.coefficient_table import ChiSquaredTest, chi_squared_test
from naturalistic.stats.hazards.cox_data import CoxData
from naturalistic.stats.hazards.cox_fit import CoxFit
from naturalistic.stats.hazards.cox_input import FloatArray
from naturalistic.stats.hazards.cox_likelihood import weighted_information
from naturalistic.stats.hazards.cox_prediction import has_finite_coefficients
from naturalistic.stats.hazards.cox_residuals import schoenfeld_residuals

TRANSFORMS = ("km", "rank", "identity", "log")


@dataclass(frozen=True, slots=True)
class ProportionalHazardsTest:
    """Score tests of constant coefficients.

    Attributes
    ----------
    terms : names of the covariates or groups tested.
    tests : one ChiSquaredTest per term.
    overall : ChiSquaredTest
        All covariates at once (the row GLOBAL of R's ``cox.zph``).
    transform : str
    status : str
        ``ok`` or ``not_estimable``.
    note : str
    """

    terms: tuple[str, ...]
    tests: tuple[ChiSquaredTest, ...]
    overall: ChiSquaredTest
    transform: str
    status: str = "ok"
    note: str = ""


def check_proportional_hazards(
    fit: CoxFit, *, transform: str = "km", groups: Mapping[str, Sequence[str]] | None = None
) -> ProportionalHazardsTest:
    """Test each coefficient for a trend beta + theta g(t) (Grambsch and Therneau 1994).

    The score test of theta = 0 with the full information of beta and theta: with U_k and V_k the
    score and information of event time k, u = sum g_k U_k and the information is
    [[sum V_k, sum g_k V_k], [., sum g_k^2 V_k]]. This is ``cox.zph`` of R's survival since
    version 3.0; the older approximation, which takes V_k for constant, raises false alarms. Uses
    the naive information also where the fit has clusters, as R does.

    Parameters
    ----------
    fit : CoxFit
    transform : {'km', 'rank', 'identity', 'log'}
        g(t): one less the left-continuous Kaplan-Meier estimate of the whole sample, the mean
        rank of t among all times, t itself, or log t.
    groups : name of a group -> its terms, to test the levels of a factor together. Terms in no
        group are tested alone.

    Raises
    ------
    ValueError
        An unknown transform or term, or 'log' with a time of zero or less.
    """
    if transform not in TRANSFORMS:
        raise ValueError(f"transform must be one of {', '.join(TRANSFORMS)}")
    members = _members(fit, groups or {})
    if not has_finite_coefficients(fit):
        none = chi_squared_test(np.nan, np.nan)
        return ProportionalHazardsTest(
            tuple(members),
            (none,) * len(members),
            none,
            transform,
            "not_estimable",
            "; ".join(fit.notes),
        )
    data, at = fit.data, fit.likelihood
    g = _transformed_times(data, transform)
    # The tests do not depend on the origin of g; centring keeps the digits.
    g = g - np.average(g, weights=np.bincount(data.death_cell, minlength=data.n_cells))
    score = schoenfeld_residuals(data, at)
    score *= g[data.death_cell]
    if data.weight is not None:
        score *= data.weight[data.death_row]
    trend = score.sum(axis=1)
    cross = weighted_information(data, at, g)
    information = np.block(
        [[at.information, cross], [cross, weighted_information(data, at, g * g)]]
    )

    position = {int(j): k for k, j in enumerate(np.flatnonzero(fit.active))}
    tests = tuple(
        _score_test(trend, information, [position[j] for j in columns if j in position])
        for columns in members.values()
    )
    overall = _score_test(trend, information, list(range(len(trend))))
    return ProportionalHazardsTest(tuple(members), tests, overall, transform)


def _members(fit: CoxFit, groups: Mapping[str, Sequence[str]]) -> dict[str, list[int]]:
    """Columns of every row of the table of tests, in the order of the design."""
    inside = {term: name for name, terms in groups.items() for term in terms}
    for term in inside:
        fit.index(term)
    members: dict[str, list[int]] = {}
    for j, term in enumerate(fit.terms):
        members.setdefault(inside.get(term, term), []).append(j)
    return members


def _transformed_times(data: CoxData, transform: str) -> FloatArray:
    if transform == "identity":
        return data.cell_time
    if transform == "log":
        if data.cell_time.min() <= 0:
            raise ValueError("the transform 'log' needs event times above zero")
        return np.asarray(np.log(data.cell_time))
    if transform == "rank":
        total = _mass_from(data, data.time, np.array([-np.inf]))[0]
        from_here = _mass_from(data, data.time, data.cell_time)
        after = _mass_from(data, data.time, np.nextafter(data.cell_time, np.inf))
        return np.asarray(total - (from_here + after - 1) / 2)
    return _one_less_survival(data)


def _one_less_survival(data: CoxData) -> FloatArray:
    """One less the Kaplan-Meier estimate just before each event time, strata ignored."""
    times, which = np.unique(data.time[data.death_row], return_inverse=True)
    mass = None if not data.frequency or data.weight is None else data.weight[data.death_row]
    events = np.bincount(which, weights=mass)
    at_risk = _mass_from(data, data.time, times)
    if data.entry is not None:
        at_risk -= _mass_from(data, data.entry, times)
    survival = np.cumprod(1 - events / at_risk)
    before = np.concatenate([[1.0], survival[:-1]])
    return np.asarray(1 - before[np.searchsorted(times, data.cell_time)])


def _mass_from(data: CoxData, values: FloatArray, times: FloatArray) -> FloatArray:
    """Number of rows with a value at or after each time; case weights do not count, as in R."""
    order = np.argsort(values, kind="stable")
    mass = np.ones(data.n_rows) if not data.frequency or data.weight is None else data.weight[order]
    upto = np.concatenate([[0.0], np.cumsum(mass)])
    return np.asarray(upto[-1] - upto[np.searchsorted(values[order], times, side="left")])


def _score_test(trend: FloatArray, information: FloatArray, columns: list[int]) -> ChiSquaredTest:
    """Test of the trends in `columns`, the coefficients of all covariates being nuisance."""
    if not columns:
        return chi_squared_test(np.nan, 0)
    p = len(trend)
    rows = [*range(p), *(p + j for j in columns)]
    score = np.concatenate([np.zeros(p), trend[columns]])
    statistic = score @ np.linalg.solve(information[np.ix_(rows, rows)], score)
    return chi_squared_test(float(statistic), len(columns))
