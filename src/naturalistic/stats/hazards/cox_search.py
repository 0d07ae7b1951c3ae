"""Maximum of a likelihood: Newton's method that knows when there is none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import numpy as np
from scipy import linalg

from naturalistic.stats.hazards.cox_input import FloatArray

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
# Smallest eigenvalue of the information, scaled to a unit diagonal, from which a step can be had.
SINGULAR = 1e-13


class Point(Protocol):
    """A log-likelihood at one parameter vector."""

    @property
    def loglik(self) -> float:
        """Log-likelihood."""

    @property
    def score(self) -> FloatArray:
        """First derivative, shape (p,)."""

    @property
    def information(self) -> FloatArray:
        """Observed or expected information, shape (p, p)."""

    @property
    def spread(self) -> float:
        """Largest less smallest linear predictor."""


P = TypeVar("P", bound=Point)


@dataclass(frozen=True, slots=True)
class Maximum(Generic[P]):
    """Where Newton's method ended.

    Attributes
    ----------
    beta : (p,) parameters.
    null, at : Point
        At the start and at `beta`.
    inverse_information : (p, p)
        Over the directions that have information.
    runaway : (p, k) directions along which the likelihood rises for ever (k = 0 normally).
    converged : bool
    iterations : int
    """

    beta: FloatArray
    null: P
    at: P
    inverse_information: FloatArray
    runaway: FloatArray
    converged: bool
    iterations: int


def maximise(evaluate: Callable[[FloatArray], P], start: P, beta: FloatArray) -> Maximum[P]:
    """Maximise a log-likelihood by Newton's method (or scoring) with step halving.

    Parameters
    ----------
    evaluate : the likelihood as a function of the parameters.
    start : Point
        Evaluated at `beta`; its information must be of full rank.
    beta : (p,) where to start.
    """
    p = len(start.score)
    at = start
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
        beta, at = _line_search(evaluate, beta, step, at, decrement)
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
    evaluate: Callable[[FloatArray], P],
    beta: FloatArray,
    step: FloatArray,
    at: P,
    decrement: float,
) -> tuple[FloatArray, P]:
    """Halve the step until the likelihood does not fall and another step can be had from there.

    A first step among few events can go so far that one person's hazard is all there is in every risk set: the
    likelihood has risen, but its curvature is lost although the maximum may lie in between. Close to the maximum the
    gain is smaller than the rounding of the log-likelihood, and the full step is taken unseen.
    """
    candidate = evaluate(beta + step)
    rounding = 1e-9
    for _ in range(30):
        # Beyond twice that spread the smallest hazards underflow.
        usable = candidate.spread < 2 * IMPOSSIBLE_SPREAD and _can_be_solved(candidate.information)
        if usable and (decrement < rounding or candidate.loglik >= at.loglik - rounding):
            break
        step = step / 2
        candidate = evaluate(beta + step)
    return beta + step, candidate


def _can_be_solved(information: FloatArray) -> bool:
    diagonal = np.diagonal(information)
    if not np.all(diagonal > 0):
        return False
    scale = 1 / np.sqrt(diagonal)
    return bool(np.linalg.eigvalsh(information * np.outer(scale, scale))[0] > SINGULAR)
