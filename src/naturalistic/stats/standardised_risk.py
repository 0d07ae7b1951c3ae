"""Absolute risks standardised over a cohort: what hazard ratios mean in people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from naturalistic.stats.absolute_risk import hazard_grid, mean_risk, risk_influence
from naturalistic.stats.cause_specific import CauseSpecificFit
from naturalistic.stats.hazards.cox_input import FloatArray, label_codes
from naturalistic.stats.hazards.cox_prediction import has_finite_coefficients
from naturalistic.stats.result import Estimate, not_estimable
from naturalistic.stats.wald import reference_quantile, wald_estimate

METHOD = "cause-specific Cox models, g-computation, influence-function standard errors"


@dataclass(frozen=True, slots=True)
class StandardisedRisks:
    """Mean risk of one ending by each time, had everyone had the covariates of a scenario.

    Attributes
    ----------
    scenarios : S names.
    times : (T,)
    risks : (S, T)
    conf_level : float
    df_residual : float
        Degrees of freedom of the t reference; infinite for the normal.
    n, n_clusters : int
        People standardised over; clusters (people where none were given).
    status, note : as in `Estimate`.
    influence : (S, G, T) summed influence of each cluster.
    """

    scenarios: tuple[str, ...]
    times: FloatArray
    risks: FloatArray
    conf_level: float
    df_residual: float
    n: int
    n_clusters: int
    status: str
    note: str
    influence: FloatArray = field(repr=False, compare=False)

    def risk(self, scenario: str) -> tuple[Estimate, ...]:
        """Risk under one scenario by each time; limits by complementary log-log."""
        s = self._index(scenario)
        return tuple(
            self._risk(self.risks[s, t], self._se(self.influence[s, :, t]))
            for t in range(len(self.times))
        )

    def difference(self, scenario: str, reference: str) -> tuple[Estimate, ...]:
        """Risk under `scenario` less risk under `reference` by each time."""
        s, r = self._index(scenario), self._index(reference)
        out = []
        for t in range(len(self.times)):
            std_error = self._se(self.influence[s, :, t] - self.influence[r, :, t])
            out.append(self._wald(self.risks[s, t] - self.risks[r, t], std_error))
        return tuple(out)

    def log_ratio(self, scenario: str, reference: str) -> tuple[Estimate, ...]:
        """Log of the ratio of the two risks by each time."""
        s, r = self._index(scenario), self._index(reference)
        out = []
        for t in range(len(self.times)):
            if self.status == "ok" and min(self.risks[s, t], self.risks[r, t]) <= 0:
                out.append(not_estimable("no risk before the first ending", method=METHOD))
                continue
            relative = (
                self.influence[s, :, t] / self.risks[s, t]
                - self.influence[r, :, t] / self.risks[r, t]
            )
            value = float(np.log(self.risks[s, t]) - np.log(self.risks[r, t]))
            out.append(self._wald(value, self._se(relative)))
        return tuple(out)

    def _index(self, scenario: str) -> int:
        if scenario not in self.scenarios:
            raise ValueError(f"no scenario {scenario!r}; there are {', '.join(self.scenarios)}")
        return self.scenarios.index(scenario)

    def _se(self, influence: FloatArray) -> float:
        factor = 1.0
        if np.isfinite(self.df_residual):
            factor = self.n_clusters / (self.n_clusters - 1)
        # Sorted, so that the order of people and clusters does not decide the last digit.
        ordered = np.sort(influence)
        return float(np.sqrt(factor * (ordered @ ordered)))

    def _wald(self, value: float, std_error: float) -> Estimate:
        if self.status != "ok":
            return not_estimable(self.note, method=METHOD, conf_level=self.conf_level)
        return wald_estimate(
            float(value),
            std_error,
            self.df_residual,
            conf_level=self.conf_level,
            method=METHOD,
            note=self.note,
        )

    def _risk(self, value: float, std_error: float) -> Estimate:
        if self.status != "ok":
            return not_estimable(self.note, method=METHOD, conf_level=self.conf_level)
        low = high = float(value)
        if 0 < value < 1:
            hazard = -np.log1p(-value)
            z = reference_quantile(self.conf_level, self.df_residual)
            stretch = np.exp(z * std_error / ((1 - value) * hazard))
            low, high = float(-np.expm1(-hazard / stretch)), float(-np.expm1(-hazard * stretch))
        return Estimate(
            estimate=float(value),
            std_error=std_error,
            conf_low=low,
            conf_high=high,
            conf_level=self.conf_level,
            df=self.df_residual,
            method=METHOD,
            note=self.note,
        )


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
    first = model.of(cause)
    n, at_times = first.data.n_rows, np.asarray(times, dtype=float)
    if len(first.data.strata_labels) > 1 or first.data.weight is not None:
        raise ValueError("standardised risks need fits without strata and weights")
    designs = {name: np.asarray(design, dtype=float) for name, design in scenarios.items()}
    p = len(model.terms)
    for name, design in designs.items():
        if design.shape not in ((n, p), (p,)) or not np.isfinite(design).all():
            raise ValueError(f"scenario {name!r} must be ({n}, {p}) or ({p},), without gaps")
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
    grid = hazard_grid(model, float(at_times.max()))
    risks, influence = [], []
    # In the order of the fit, which depends on the rows' contents only, so do all the sums.
    order = first.data.order
    weight = weight[order]
    for design in designs.values():
        if design.ndim == 1:
            mean = mean_risk(model, grid, cause, design[None], at_times, np.ones(1))
            by_row = risk_influence(model, grid, mean)[order]
        else:
            mean = mean_risk(model, grid, cause, design[order], at_times, weight)
            by_row = risk_influence(model, grid, mean)[order]
            by_row += weight[:, None] * (mean.each - mean.risk)
        risks.append(mean.risk)
        influence.append(_by_cluster(by_row, codes[order], n_clusters))
    return replace(result, risks=np.array(risks), influence=np.array(influence), status="ok")


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
