"""Random-effect structure of a linear mixed model and its parameter vector theta.

As in lme4 (Bates, Maechler, Bolker and Walker 2015, Journal of Statistical Software 67(1), eq. 4)
theta holds the elements of the relative covariance factors: ``D = L L'`` relative to the residual
variance. The one addition is the unstructured 2 x 2 covariance of two occasions, held as
``log(SD ratio)`` and ``atanh(correlation)``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from naturalistic.stats.lmm.blocks import FloatArray, packed_size
from naturalistic.stats.lmm.columns import RandomColumns

# A relative standard deviation below this is called zero, as lme4's isSingular does.
SINGULAR = 1e-4

# A relative standard deviation beyond this leaves no residual variance (intraclass correlation
# 1 - 1e-8); the search stops here and the fit says that the residual variance is zero.
LARGEST = 1e4


@dataclass(frozen=True, slots=True)
class Level:
    """One grouping factor and its random effects.

    Attributes
    ----------
    name : str
        ``patient``, ``therapist`` or ``service``.
    effects : int
        1 (intercept) or 2 (intercept and slope, correlated).
    loading : ndarray, shape (columns, effects)
        How the effects load on the random-effect columns of this level.
    first : int
        Position of the level's first element in theta.
    occasions : bool
        The patient level of a two-occasion model with an unstructured covariance.
    """

    name: str
    effects: int
    loading: FloatArray
    first: int
    occasions: bool = False

    @property
    def size(self) -> int:
        """Elements of theta that belong to this level."""
        return 2 if self.occasions else packed_size(self.effects)

    def factor(self, theta: FloatArray) -> FloatArray:
        """Relative covariance factor of the effects (lower triangular), shape (effects, effects)."""
        part = theta[self.first : self.first + self.size]
        if self.effects == 1:
            return part.reshape(1, 1)
        return np.array([[part[0], 0.0], [part[1], part[2]]])

    def covariance(self, theta: FloatArray) -> FloatArray:
        """Relative covariance on the random-effect columns, shape (columns, columns).

        For two occasions this is ``rho / (1 - rho) d d'`` with ``d = (1, SD ratio)``: what the
        unstructured covariance adds to the diagonal ``(1, SD ratio squared)``. It is negative
        definite for a negative correlation, which no patient intercept could express.
        """
        if self.occasions:
            ratio = np.exp(theta[self.first])
            correlation = np.tanh(theta[self.first + 1])
            spread = np.array([1.0, ratio])
            return correlation / (1.0 - correlation) * np.outer(spread, spread)
        factor = self.loading @ self.factor(theta)
        return factor @ factor.T


@dataclass(frozen=True, slots=True)
class RandomStructure:
    """All levels of a model, innermost first.

    Attributes
    ----------
    columns : RandomColumns
    patient : Level or None
    upper : tuple of Level
        Therapist and service, as far as they are in the model.
    passed : int
        Random-effect columns that the upper levels use (the first `passed` of them).
    """

    columns: RandomColumns
    patient: Level | None
    upper: tuple[Level, ...]
    passed: int

    @property
    def levels(self) -> tuple[Level, ...]:
        """Every level, patient first."""
        return self.upper if self.patient is None else (self.patient, *self.upper)

    @property
    def size(self) -> int:
        """Length of theta."""
        return sum(level.size for level in self.levels)

    @property
    def diagonal(self) -> list[int]:
        """Positions of theta that are relative standard deviations, hence not negative."""
        found = []
        for level in self.levels:
            if not level.occasions:
                found += [level.first, level.first + 2][: level.effects]
        return found

    def start(self) -> FloatArray:
        """Starting values."""
        theta = np.zeros(self.size)
        theta[self.diagonal] = 0.3
        if self.patient is not None:
            if self.patient.occasions:
                theta[1] = 0.5
            else:
                theta[[0, 2][: self.patient.effects]] = 1.0
        return theta

    def bounds(self) -> list[tuple[float, float]]:
        """Box for the optimiser."""
        limits = [(-LARGEST, LARGEST)] * self.size
        for position in self.diagonal:
            limits[position] = (0.0, LARGEST)
        if self.patient is not None and self.patient.occasions:
            # atanh(0.99999) = 6.1: beyond it the two occasions are the same measurement
            limits[0], limits[1] = (-10.0, 10.0), (-6.1, 6.1)
        return limits

    def weights(self, theta: FloatArray) -> FloatArray:
        """Relative residual precision of each residual stratum, shape (strata,)."""
        if self.columns.strata == 1 or self.patient is None:
            return np.ones(self.columns.strata)
        return np.array([1.0, np.exp(-2.0 * theta[self.patient.first])])

    def free(self, theta: FloatArray) -> list[int]:
        """Positions of theta that are not held at the boundary."""
        held = {k for k in self.diagonal if theta[k] < SINGULAR}
        for level in self.levels:
            if level.effects == 2 and not level.occasions and level.first in held:
                held.add(level.first + 1)  # a covariance with an effect that does not vary
        return [k for k in range(self.size) if k not in held]


@dataclass(frozen=True, slots=True)
class RandomRequest:
    """Which random effects a model is to have.

    Attributes
    ----------
    patient, therapist, service : bool
        Whether the level has an intercept.
    patient_slope, therapist_slope, service_slope : bool
        Whether it also has a slope on time, correlated with the intercept.
    occasions : bool
        Unstructured covariance of two occasions in place of the patient's effects.
    """

    patient: bool
    patient_slope: bool
    occasions: bool
    therapist: bool
    therapist_slope: bool
    service: bool
    service_slope: bool

    def __post_init__(self) -> None:
        """Refuse combinations that make no model.

        Raises
        ------
        ValueError
        """
        if self.patient_slope and self.occasions:
            raise ValueError("two occasions carry an unstructured covariance or a slope, not both")
        if not self.patient and (self.patient_slope or self.occasions):
            raise ValueError("random_slope and occasion_variance are patient effects")
        if (self.therapist_slope > self.therapist) or (self.service_slope > self.service):
            raise ValueError("a therapist or service slope needs the therapist or service codes")

    @property
    def any_slope(self) -> bool:
        """Whether any level has a slope."""
        return self.patient_slope or self.therapist_slope or self.service_slope


def random_structure(columns: RandomColumns, request: RandomRequest) -> RandomStructure:
    """Assemble the levels of a model.

    Parameters
    ----------
    columns : RandomColumns
    request : RandomRequest
    """
    slope_above = request.therapist_slope or request.service_slope
    passed = columns.count if slope_above or request.occasions else 1
    first = 0
    patient = None
    if request.patient:
        loading = columns.loading(request.patient_slope)
        effects = 2 if request.patient_slope else 1
        patient = Level("patient", effects, loading, 0, request.occasions)
        first = patient.size
    upper = []
    for name, present, slope in (
        ("therapist", request.therapist, request.therapist_slope),
        ("service", request.service, request.service_slope),
    ):
        if present:
            loading = columns.loading(slope)[:passed]
            upper.append(Level(name, 2 if slope else 1, loading, first))
            first += upper[-1].size
    return RandomStructure(columns, patient, tuple(upper), passed)
