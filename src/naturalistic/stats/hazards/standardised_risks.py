"""What standardised absolute risks hold: risks, their differences and ratios with limits."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from naturalistic.stats.hazards.cox_input import FloatArray
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
