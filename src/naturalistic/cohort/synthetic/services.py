"""One of many synthetic services: the model of a preset, moved by what is true of this service alone."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from naturalistic.cohort.synthetic.model import CohortModel


@dataclass(frozen=True, slots=True)
class Spread:
    """Standard deviations between services.

    Attributes
    ----------
    baseline, gain : float
        Of the mean score at the start and of the mean improvement that is approached, points.
    log_hazard_dropout, log_odds_absent : float
        Of the log hazard of dropping out and of the log odds of missing a session.
    """

    baseline: float = 0.0
    gain: float = 0.0
    log_hazard_dropout: float = 0.0
    log_odds_absent: float = 0.0


def service_model(model: CohortModel, spread: Spread, seed: int) -> CohortModel:
    """The model of one service out of a population of services.

    Its four deviations are independent and normal with mean 0: ``theta_s = theta + sd * z_s``. What came out is in the
    parameters of the model returned, and so in the truth that is written beside the extract.

    Parameters
    ----------
    model : CohortModel
        The average service.
    spread : Spread
        SD of each parameter between services.
    seed : int
        Of this service: the same seed, the same service.
    """
    # a stream of its own: the people of a service do not change with how far services differ
    baseline, gain, dropout, absent = np.random.default_rng([seed, 4]).standard_normal(4)
    hazard_ratio = float(np.exp(spread.log_hazard_dropout * dropout))
    return replace(
        model,
        baseline=replace(
            model.baseline, mean=float(model.baseline.mean + spread.baseline * baseline)
        ),
        change=replace(model.change, gain=float(model.change.gain + spread.gain * gain)),
        endings=replace(
            model.endings,
            dropout=tuple(
                (start, hazard * hazard_ratio) for start, hazard in model.endings.dropout
            ),
        ),
        attendance=replace(
            model.attendance,
            log_odds_absent=float(
                model.attendance.log_odds_absent + spread.log_odds_absent * absent
            ),
        ),
    )
