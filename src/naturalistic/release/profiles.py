"""Disclosure profiles: rules as data, each with its source."""

from __future__ import annotations

import datetime as dt
from importlib.resources import files
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field


class RuleSource(BaseModel):
    """Where the value of one rule comes from.

    Attributes
    ----------
    source : str
        Document, or what this project decided and why.
    status : {"verified", "secondary", "unverified"}
        Whether the source was read.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: str
    status: Literal["verified", "secondary", "unverified"]


class Profile(BaseModel):
    """One set of disclosure rules. A rule that a profile does not name takes the strictest value known here.

    Attributes
    ----------
    threshold : int
        A statistic that rests on this many people or fewer is withheld.
    rounding_base : int
        Every count is rounded to the nearest multiple of it.
    withhold_zero : bool
        Nobody counts as a small number too.
    withhold_full : bool
        A share of 0 or of 100 per cent is withheld whatever the rule for zero says.
    mean_minimum : int
        Fewest people on whom a mean, a standard deviation or another statistic of scores may rest.
    model_residual_df : int
        Fewest people beyond the number of its terms that a model must rest on.
    dominance : float
        Largest share of the weight in a weighted figure that one person may have.
    may_leave : bool
        Whether what is protected by this profile may leave the organisation.
    rules : mapping of str to RuleSource
        Source of each rule, by the name of the attribute.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    label: str
    threshold: int = Field(default=10, ge=-1)
    rounding_base: int = Field(default=10, ge=1)
    withhold_zero: bool = True
    withhold_full: bool = True
    mean_minimum: int = Field(default=11, ge=0)
    model_residual_df: int = Field(default=10, ge=0)
    dominance: float = Field(default=0.45, gt=0, le=1)
    may_leave: bool
    source: str
    status: str
    date: dt.date
    rules: dict[str, RuleSource] = Field(default_factory=dict)


RULE_NAMES = (
    "threshold",
    "rounding_base",
    "withhold_zero",
    "withhold_full",
    "mean_minimum",
    "model_residual_df",
    "dominance",
)


def load_profile(name: str) -> Profile:
    """The profile of that name.

    Raises
    ------
    FileNotFoundError
        There is no such profile.
    """
    file = files("naturalistic.reference").joinpath("disclosure", f"{name}.yaml")
    return Profile.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
