"""What a fitted Cox model holds."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from naturalistic.stats.coefficient_table import ChiSquaredTest, CoefficientTable
from naturalistic.stats.hazards.cox_data import CoxData
from naturalistic.stats.hazards.cox_input import FloatArray
from naturalistic.stats.hazards.cox_likelihood import PartialLikelihood


@dataclass(frozen=True, slots=True)
class CoxFit(CoefficientTable):
    """A fitted Cox model; coefficients are log hazard ratios per unit of the covariate as given.

    Attributes
    ----------
    loglik_null, loglik : float
        Log partial likelihood at zero and at the estimate.
    likelihood_ratio, wald, score_test : ChiSquaredTest
        Of all coefficients being zero; Wald with `covariance`, the others without clusters.
    n, n_events : float
        Rows (summed frequencies) and events.
    n_clusters : int or None
    events_per_parameter : float
    converged : bool
    iterations : int
    data, likelihood, active : internals for residuals and predictions: the risk sets and the
        likelihood on the standardised covariates that were kept, and which those are.

    See Also
    --------
    naturalistic.stats.coefficient_table.CoefficientTable : terms, coefficients, tests, notes.
    """

    loglik_null: float
    loglik: float
    likelihood_ratio: ChiSquaredTest
    wald: ChiSquaredTest
    score_test: ChiSquaredTest
    n: float
    n_events: float
    n_clusters: int | None
    events_per_parameter: float
    converged: bool
    iterations: int
    data: CoxData = field(repr=False, compare=False)
    likelihood: PartialLikelihood = field(repr=False, compare=False)
    active: np.ndarray = field(repr=False, compare=False)

    @property
    def hazard_ratios(self) -> FloatArray:
        """exp(coefficients), shape (p,)."""
        return np.exp(self.coefficients)
