"""How far synthetic services differ from each other."""

from __future__ import annotations

from pydantic import Field

from naturalistic.settings.closed import Closed


class BetweenServices(Closed):
    """Standard deviations between services of what is true of each; every deviation is drawn from a normal distribution.

    Attributes
    ----------
    baseline : float
        Of the mean score at the start, points.
    gain : float
        Of the mean improvement that is approached, points.
    log_hazard_dropout : float
        Of the log hazard of dropping out.
    log_odds_absent : float
        Of the log odds of missing a session.
    """

    baseline: float = Field(default=0.0, ge=0, le=10)
    gain: float = Field(default=0.0, ge=0, le=10)
    log_hazard_dropout: float = Field(default=0.0, ge=0, le=2)
    log_odds_absent: float = Field(default=0.0, ge=0, le=2)
