"""How many people live where a service takes referrals from, by group, as the user states them. Nothing is shipped."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, field_validator

from naturalistic.settings.closed import Closed
from naturalistic.vocabulary import CHARACTERISTICS

DECILE = "deprivation_decile"
DECILES = tuple(str(i) for i in range(1, 11))
Positive = Annotated[float, Field(gt=0)]


class Equity(Closed):
    """Populations that uptake is set against.

    Attributes
    ----------
    populations : dict
        Characteristic -> level -> number of people. Areas stand under `closing.area_populations`.
    """

    populations: dict[str, dict[str, Positive]] = Field(default_factory=dict)

    @field_validator("populations", mode="before")
    @classmethod
    def _deciles_as_words(cls, value: Any) -> Any:
        """YAML reads 1 as a number; levels are words."""
        if not isinstance(value, dict):
            return value
        return {
            name: {str(level): n for level, n in sizes.items()}
            if isinstance(sizes, dict)
            else sizes
            for name, sizes in value.items()
        }

    @field_validator("populations")
    @classmethod
    def _known(cls, value: dict[str, dict[str, float]]) -> dict[str, dict[str, float]]:
        accepted = [c.key for c in CHARACTERISTICS.values() if c.levels and c.protected]
        for name, sizes in value.items():
            if name == "area":
                raise ValueError("people living in each area stand under closing.area_populations")
            if name not in (*accepted, DECILE):
                words = ", ".join((*accepted, DECILE))
                raise ValueError(f"{name!r} is not a characteristic of people; accepted: {words}")
            levels = DECILES if name == DECILE else tuple(CHARACTERISTICS[name].levels)
            if unknown := [level for level in sizes if level not in levels]:
                words = ", ".join(levels)
                raise ValueError(f"{unknown[0]!r} is not a level of {name}; accepted: {words}")
            if len(sizes) < 2:
                raise ValueError(f"{name}: state the population of at least two groups")
        return value
