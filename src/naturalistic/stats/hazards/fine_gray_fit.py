"""The result of Fine-Gray regression."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from naturalistic.stats.event_table import FloatArray, IntArray
from naturalistic.stats.hazards.fine_gray_terms import CensoringConvention, Design, RiskSets


@dataclass(frozen=True, slots=True)
class Internals:
    """What predictions with intervals need: the fit on standardised covariates (x - centre) / scale."""

    design: Design
    sets: RiskSets
    cluster: IntArray | None
    centre: FloatArray
    scale: FloatArray
    coefficients: FloatArray
    inverse_information: FloatArray


@dataclass(frozen=True, slots=True)
class FineGrayFit:
    """Log subdistribution hazard ratios of one cause.

    Attributes
    ----------
    coefficients, std_error, statistic, p_value, conf_low, conf_high : ndarray of float, shape (p,)
        On the log scale; Wald z and two-sided p.
    covariance, model_covariance : ndarray of float, shape (p, p)
        Sandwich covariance (used above); inverse information, which ignores the weights.
    log_likelihood, null_log_likelihood : float
        Partial log likelihoods at the estimate and at 0.
    baseline_times : ndarray of float, shape (m,)
        Distinct times.
    baseline_hazard : ndarray of float, shape (S, m)
        Cumulative subdistribution hazard of each stratum where all covariates are 0.
    n, n_events, n_clusters : int
        Rows, events of the cause, clusters (rows where none were given).
    conf_level : float
        Coverage of the limits.
    convention : {"crr", "finegray"}
        See `fine_gray`.
    internals : Internals or None
        For `naturalistic.stats.hazards.fine_gray_prediction`; None where the model is not estimable.
    method, status, note : str
        As in `naturalistic.stats.result.Estimate`.
    """

    coefficients: FloatArray
    std_error: FloatArray
    statistic: FloatArray
    p_value: FloatArray
    conf_low: FloatArray
    conf_high: FloatArray
    covariance: FloatArray
    model_covariance: FloatArray
    log_likelihood: float
    null_log_likelihood: float
    baseline_times: FloatArray
    baseline_hazard: FloatArray
    n: int
    n_events: int
    n_clusters: int
    conf_level: float
    convention: CensoringConvention
    method: str
    status: str = "ok"
    note: str = ""
    internals: Internals | None = field(default=None, repr=False, compare=False)

    def cumulative_incidence(
        self, covariates: ArrayLike, grid: ArrayLike, *, stratum: int = 0
    ) -> FloatArray:
        r"""Predicted incidence :math:`1-\exp\{-\Lambda_0(t)e^{x^\top b}\}` of described persons.

        Parameters
        ----------
        covariates : array_like of float, shape (r, p)
            One row a person.
        grid : array_like of float, shape (g,)
            Times.
        stratum : int
            Index of the stratum in sorted order.

        Returns
        -------
        ndarray of float, shape (r, g)
            NaN after the last time observed and where the model is not estimable.

        Raises
        ------
        ValueError
            Wrong shapes or no such stratum.
        """
        persons, times = np.asarray(covariates, float), np.asarray(grid, float)
        if persons.ndim != 2 or persons.shape[1] != len(self.coefficients):
            raise ValueError(f"covariates must have {len(self.coefficients)} columns")
        if not 0 <= stratum < len(self.baseline_hazard):
            raise ValueError(f"stratum must be one of 0 to {len(self.baseline_hazard) - 1}")
        past = np.searchsorted(self.baseline_times, times, side="right")
        hazard = np.concatenate([[0.0], self.baseline_hazard[stratum]])[past]
        hazard = np.where(times > self.baseline_times[-1], np.nan, hazard)
        return np.asarray(-np.expm1(-np.exp(persons @ self.coefficients)[:, None] * hazard))
