"""Maximum of the Cox partial likelihood: Newton's method that knows when there is none."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import linalg

from naturalistic.stats.cox_data import CoxData
from naturalistic.stats.cox_input import FloatArray
from naturalistic.stats.cox_likelihood import PartialLikelihood, evaluate

# Newton stops when the squared length of the next step, in standard errors, is below this.
CONVERGED_DECREMENT = 1e-17
# Information left in a direction, relative to the null model, below which its coefficient is
# running to infinity (a hazard ratio of about exp(20)).
EXHAUSTED_INFORMATION = 1e-9
# Directions this poor when the search stops are running away too, only from a later start.
MONOTONE_INFORMATION = 1e-6
MAX_ITERATIONS = 60
# Spread of the linear predictor (hazard ratio exp(300)) that no finite estimate has: the search
# stops, and every direction that has lost this much information is running away.
IMPOSSIBLE_SPREAD = 300.0
LOST_INFORMATION = 1e-2


@dataclass(frozen=True, slots=True)
class Maximum:
    """Where Newton's method ended.

    Attributes
    ----------
    beta : (p,) coefficients of the standardised covariates.
    null, at : PartialLikelihood
        At zero and at `beta`.
    inverse_information : (p, p)
        Over the directions that have information.
    runaway : (p, k) directions along which the likelihood rises for ever (k = 0 normally).
    converged : bool
    iterations : int
    """

    beta: FloatArray
    null: PartialLikelihood
    at: PartialLikelihood
    inverse_information: FloatArray
    runaway: FloatArray
    converged: bool
    iterations: int


def maximise(data: CoxData, start: PartialLikelihood) -> Maximum:
    """Maximise the partial likelihood by Newton's method with step halving.

    Parameters
    ----------
    data : CoxData
        Covariates must be of full rank in `start.information`.
    start : PartialLikelihood
        Evaluated at zero.
    """
    p = len(start.score)
    beta, at = np.zeros(p), start
    converged, iteration = False, 0
    if p == 0:
        return Maximum(beta, start, at, np.empty((0, 0)), np.empty((0, 0)), True, 0)
    for iteration in range(1, MAX_ITERATIONS + 1):
        if at.spread > IMPOSSIBLE_SPREAD:
            break
        if iteration > 6:
            richness = linalg.eigh(at.information, start.information, eigvals_only=True)
            if richness[0] < EXHAUSTED_INFORMATION:
                break
        step = linalg.solve(at.information, at.score, assume_a="pos")
        decrement = float(at.score @ step)
        if decrement < CONVERGED_DECREMENT:
            converged = True
            break
        beta, at = _line_search(data, beta, step, at, decrement)
    richness, directions = linalg.eigh(at.information, start.information)
    impossible = at.spread > IMPOSSIBLE_SPREAD
    poor = richness < (LOST_INFORMATION if impossible else MONOTONE_INFORMATION)
    usable = directions[:, ~poor]
    return Maximum(
        beta=beta,
        null=start,
        at=at,
        inverse_information=(usable / richness[~poor]) @ usable.T,
        runaway=directions[:, poor],
        converged=converged and not poor.any(),
        iterations=iteration,
    )


def _line_search(
    data: CoxData,
    beta: FloatArray,
    step: FloatArray,
    at: PartialLikelihood,
    decrement: float,
) -> tuple[FloatArray, PartialLikelihood]:
    """Halve the step until the likelihood does not fall.

    Close to the maximum the gain is smaller than the rounding of the log-likelihood, and the full
    step is taken unseen.
    """
    candidate = evaluate(data, beta + step)
    rounding = 1e-9
    for _ in range(30):
        # Beyond twice that spread the smallest hazards underflow.
        usable = candidate.spread < 2 * IMPOSSIBLE_SPREAD
        if usable and (decrement < rounding or candidate.loglik >= at.loglik - rounding):
            break
        step = step / 2
        candidate = evaluate(data, beta + step)
    return beta + step, candidate
