"""Absolute risks standardised over a cohort: what hazard ratios mean in people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from naturalistic.stats.absolute_risk import hazard_grid, mean_risk, risk_influence
from naturalistic.stats.cause_specific import CauseSpecificFit
from naturalistic.stats.hazards.cox_fit import CoxFit
from naturalistic.stats.hazards.cox_input import FloatArray, label_codes
from naturalistic.stats.hazards.cox_prediction import has_finite_coefficients
from naturalistic.stats.hazards.standardised_risks import StandardisedRisks
from naturalistic.stats.result import Estimate

__all__ = [
    "StandardisedRisks",
    "predicted_risk",
    "standardised_risk",
    "standardised_risk_difference",
]


def standardised_risk(
    model: CauseSpecificFit,
    scenarios: Mapping[str, ArrayLike],
    times: ArrayLike,
    *,
    cause: int = 1,
    over: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
    cluster_correction: bool = False,
    conf_level: float = 0.95,
) -> StandardisedRisks:
    """Mean probability of ending by `cause` by each time under each scenario.

    G-computation (Robins 1986; for competing risks Ozenne et al. 2020, eq. 5): every person's risk
    is predicted from the models of all causes with the scenario's covariates, and averaged over
    the cohort. Standard errors are those of the influence function, coefficients, baselines and
    the sampling of the cohort together, summed within clusters; no bootstrap. The differences are
    adjusted associations: without a control group they say nothing about causes.

    Parameters
    ----------
    model : CauseSpecificFit
        Without strata and weights; one row per person.
    scenarios : name -> (n, p) covariates, rows as in the fit: usually the cohort's own with one
        characteristic set to one value for everybody; or (p,) covariates of one described person.
    times : (T,)
    cause : int
    over : (n,) bool, people to average over; everybody when None.
    cluster : (n,) labels (therapist); every person when None.
    cluster_correction : bool
        Factor G/(G-1) and t with G-1 degrees of freedom.
    conf_level : float

    Returns
    -------
    StandardisedRisks
        ``not_estimable`` when a cause has no finite estimates.

    Raises
    ------
    ValueError
        Shapes that differ, an unknown cause, strata or weights in the fit, nobody to average over.
    """
    first = _unweighted_fit(model, cause)
    n, at_times = first.data.n_rows, np.asarray(times, dtype=float)
    designs = _checked_scenarios(scenarios, n, len(model.terms))
    weight = _average_weights(over, n)
    codes = np.arange(n) if cluster is None else label_codes(cluster, "cluster", n)[1]
    n_clusters = int(codes.max()) + 1
    notes = tuple(dict.fromkeys(note for fit in model.fits for note in fit.notes))
    shape = (len(designs), len(at_times))
    result = StandardisedRisks(
        scenarios=tuple(designs),
        times=at_times,
        risks=np.full(shape, np.nan),
        conf_level=conf_level,
        df_residual=n_clusters - 1.0 if cluster_correction else np.inf,
        n=int(np.count_nonzero(weight)),
        n_clusters=n_clusters,
        status="not_estimable",
        note="; ".join(notes),
        influence=np.full((shape[0], n_clusters, shape[1]), np.nan),
    )
    if not all(has_finite_coefficients(fit) for fit in model.fits):
        return result
    risks, influence = [], []
    own = codes[first.data.order]
    for risk, by_row in _risks(model, cause, designs.values(), at_times, weight):
        risks.append(risk)
        influence.append(_by_cluster(by_row, own, n_clusters))
    return replace(result, risks=np.array(risks), influence=np.array(influence), status="ok")


def _unweighted_fit(model: CauseSpecificFit, cause: int) -> CoxFit:
    fit = model.of(cause)
    if len(fit.data.strata_labels) > 1 or fit.data.weight is not None:
        raise ValueError("standardised risks need fits without strata and weights")
    return fit


def _checked_scenarios(scenarios: Mapping[str, ArrayLike], n: int, p: int) -> dict[str, FloatArray]:
    designs = {name: np.asarray(design, dtype=float) for name, design in scenarios.items()}
    for name, design in designs.items():
        if design.shape not in ((n, p), (p,)) or not np.isfinite(design).all():
            raise ValueError(f"scenario {name!r} must be ({n}, {p}) or ({p},), without gaps")
    return designs


def _risks(
    model: CauseSpecificFit,
    cause: int,
    designs: Iterable[FloatArray],
    times: FloatArray,
    weight: FloatArray,
) -> Iterator[tuple[FloatArray, FloatArray]]:
    """Mean risk (T,) of each scenario, and the influence (n, T) of each person on it.

    Rows are in the order of the fit, which depends on their contents only, so all sums do too.
    """
    grid = hazard_grid(model, float(times.max()))
    order = model.of(cause).data.order
    weight = weight[order]
    for design in designs:
        if design.ndim == 1:
            mean = mean_risk(model, grid, cause, design[None], times, np.ones(1))
            by_row = risk_influence(model, grid, mean)[order]
        else:
            mean = mean_risk(model, grid, cause, design[order], times, weight)
            by_row = risk_influence(model, grid, mean)[order]
            by_row += weight[:, None] * (mean.each - mean.risk)
        yield mean.risk, by_row


def predicted_risk(
    model: CauseSpecificFit, design: ArrayLike, times: ArrayLike, *, cause: int = 1
) -> FloatArray:
    """Probability of ending by `cause` by each time for each of some people.

    For calibration: the mean of a group of people is set beside the group's observed incidence.
    Not for decisions about a person.

    Parameters
    ----------
    model : CauseSpecificFit
        Without strata.
    design : (m, p) covariates in the units of the fit.
    times : (T,)
    cause : int

    Returns
    -------
    (m, T) array; NaN when a cause has no finite estimates.

    Raises
    ------
    ValueError
        A wrong number of covariates, an unknown cause, strata in the fit.
    """
    rows, at_times = np.asarray(design, dtype=float), np.asarray(times, dtype=float)
    if rows.ndim != 2 or rows.shape[1] != len(model.terms):
        raise ValueError(f"design must have shape (people, {len(model.terms)})")
    if len(model.of(cause).data.strata_labels) > 1:
        raise ValueError("predicted risks need fits without strata")
    if not all(has_finite_coefficients(fit) for fit in model.fits):
        return np.full((len(rows), len(at_times)), np.nan)
    grid = hazard_grid(model, float(at_times.max()))
    return mean_risk(model, grid, cause, rows, at_times, np.full(len(rows), 1 / len(rows))).each


def standardised_risk_difference(
    model: CauseSpecificFit,
    exposed: ArrayLike,
    reference: ArrayLike,
    times: ArrayLike,
    *,
    cause: int = 1,
    over: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
    cluster_correction: bool = False,
    conf_level: float = 0.95,
) -> tuple[Estimate, ...]:
    """Risk by each time with everyone as in `exposed` less everyone as in `reference`.

    Two scenarios of `standardised_risk`, which see for parameters, method and errors.
    """
    risks = standardised_risk(
        model,
        {"exposed": exposed, "reference": reference},
        times,
        cause=cause,
        over=over,
        cluster=cluster,
        cluster_correction=cluster_correction,
        conf_level=conf_level,
    )
    return risks.difference("exposed", "reference")


def _average_weights(over: ArrayLike | None, n: int) -> FloatArray:
    if over is None:
        return np.full(n, 1 / n)
    chosen: NDArray[np.bool_] = np.asarray(over, dtype=bool)
    if chosen.shape != (n,) or not chosen.any():
        raise ValueError(f"over must choose at least one of {n} people")
    return chosen / chosen.sum()


def _by_cluster(values: FloatArray, codes: NDArray[np.intp], n_clusters: int) -> FloatArray:
    return np.column_stack([np.bincount(codes, column, n_clusters) for column in values.T])
