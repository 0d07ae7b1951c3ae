"""The provenance every reference value carries, and the base of all reference models.

Every number says where it was read, when, and how far it can be trusted
(`docs/decisions/0003-status-of-facts.md`). What is not known is ``None``, never a guess.
"""

from __future__ import annotations

import datetime
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Status = Literal["verified", "secondary", "unverified"]
Basis = Literal["second_hand", "computed", "reproduced"]
Key = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


class Frozen(BaseModel):
    """Base of all reference models: immutable, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Sourced(Frozen):
    """Anything that was read somewhere.

    Attributes
    ----------
    source : str
        Full citation (the loader replaces a key of ``sources.yaml`` by its citation).
    date : datetime.date
        When the fact was read or recorded.
    status : {'verified', 'secondary', 'unverified'}
        Read in a primary or cited source; second-hand or computed; from memory.
    basis : {'second_hand', 'computed', 'reproduced'} or None
        For ``secondary`` only: why it is not more than that.
    note : str
        What a reader must know to use the fact rightly.
    """

    source: Annotated[str, Field(min_length=1)]
    date: datetime.date
    status: Status
    basis: Basis | None = None
    note: str = ""

    @model_validator(mode="after")
    def _basis_belongs_to_secondary(self) -> Self:
        if (self.status == "secondary") != (self.basis is not None):
            raise ValueError(
                'status "secondary" needs a basis (second_hand, computed or reproduced), '
                "and no other status has one"
            )
        return self


class Fact(Sourced):
    """One number with its provenance; ``published_as`` keeps the unit it was printed in."""

    value: float
    published_as: str = ""


class Statement(Sourced):
    """One sentence in our own words with its provenance."""

    text: Annotated[str, Field(min_length=1)]
