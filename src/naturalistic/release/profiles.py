"""Disclosure profiles: rules as data."""

from __future__ import annotations

import datetime as dt
from importlib.resources import files

import yaml
from pydantic import BaseModel, ConfigDict, Field


class Profile(BaseModel):
    """One set of disclosure rules.

    Attributes
    ----------
    threshold : int
        A statistic that rests on this many people or fewer is withheld.
    rounding_base : int
        Every count is rounded to the nearest multiple of it.
    withhold_zero : bool
        Nobody counts as a small number too.
    may_leave : bool
        Whether what is protected by this profile may leave the organisation.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    label: str
    threshold: int = Field(ge=-1)
    rounding_base: int = Field(ge=1)
    withhold_zero: bool
    may_leave: bool
    source: str
    status: str
    date: dt.date


def load_profile(name: str) -> Profile:
    """The profile of that name.

    Raises
    ------
    FileNotFoundError
        There is no such profile.
    """
    file = files("naturalistic.reference").joinpath("disclosure", f"{name}.yaml")
    return Profile.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
