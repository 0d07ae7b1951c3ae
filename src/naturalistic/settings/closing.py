"""What a user states about closing, keeping or extending a service. Nothing here has an invented default."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from pydantic import Field, field_validator

from naturalistic.settings.closed import Closed

Positive = Annotated[float, Field(gt=0)]


class UnitCosts(Closed):
    """The user's own unit costs, in one currency of one year."""

    attended_session: Positive | None = None
    missed_session: Annotated[float, Field(ge=0)] | None = None
    currency: str = "£"
    year: int | None = None

    @property
    def given(self) -> bool:
        """Whether there is anything to compute from."""
        return self.attended_session is not None


class Closing(Closed):
    """The day of notice, the closing dates asked about, and what is known from outside the extract."""

    notice_date: dt.date | None = None
    months_to_closing: tuple[int, ...] = (3, 6, 12, 18, 24)
    new_starters_months: int = Field(default=12, ge=1, le=60)
    conf_level: float = Field(default=0.9, gt=0.5, lt=1)
    sessions_elsewhere: dict[str, Positive] = Field(default_factory=dict)
    sessions_per_whole_time_year: Positive | None = None
    unit_costs: UnitCosts = UnitCosts()
    area_populations: dict[str, Positive] = Field(default_factory=dict)

    @field_validator("months_to_closing")
    @classmethod
    def _increasing(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if not value or value[0] < 1 or list(value) != sorted(set(value)) or value[-1] > 120:
            raise ValueError("whole months from 1 to 120, each later than the one before")
        return value
