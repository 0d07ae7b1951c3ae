"""Released cohorts of several shapes, each made once."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest

from naturalistic.report.blocks import Section
from naturalistic.report.document import make_sections
from naturalistic.report.released import Released
from tests.unit.report.simulated import SHAPES, released


@cache
def _cohort(name: str) -> Released:
    return released(SHAPES[name])


@pytest.fixture(scope="session")
def cohort() -> Callable[[str], Released]:
    """A simulated cohort by the name of its shape."""
    return _cohort


@cache
def _sections(name: str) -> list[Section]:
    return make_sections(_cohort(name), None)


@pytest.fixture(scope="session")
def sections_of() -> Callable[[str], list[Section]]:
    """The sections of a simulated cohort, drawn once."""
    return _sections
