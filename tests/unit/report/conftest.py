"""Released cohorts of several shapes, each made and drawn once, also when the tests run in several processes."""

from __future__ import annotations

import pickle
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from naturalistic.reference.loader import load_instruments
from naturalistic.report.blocks import Section
from naturalistic.report.document import make_sections
from naturalistic.report.released import Released
from tests.unit.report.simulated import SHAPES, released

PATIENCE = 600  # seconds that one process waits for another


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A folder that all processes of one test run see."""
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "report_cohorts"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def cohort(shared: Path) -> Callable[[str], Released]:
    """A simulated cohort by the name of its shape."""

    @cache
    def get(name: str) -> Released:
        def make() -> Any:
            made = released(SHAPES[name])
            return dict(made.estimates), dict(made.disclosure), made.record

        return Released(*_once(shared / f"{name}.pickle", make), load_instruments())

    return get


@pytest.fixture(scope="session")
def sections_of(shared: Path, cohort: Callable[[str], Released]) -> Callable[[str], list[Section]]:
    """The sections of a simulated cohort, without a publication beside it."""

    @cache
    def get(name: str) -> list[Section]:
        return _once(shared / f"{name}.sections.pickle", lambda: make_sections(cohort(name), None))

    return get


def _once(path: Path, make: Callable[[], Any]) -> Any:
    """What `make` gives, made by whichever process comes first."""
    try:
        path.with_suffix(".lock").mkdir()
    except FileExistsError:
        return _wait_for(path)
    part, failed = path.with_suffix(".part"), path.with_suffix(".failed")
    try:
        part.write_bytes(pickle.dumps(make()))
    except BaseException:
        failed.touch()
        raise
    part.replace(path)
    return pickle.loads(path.read_bytes())


def _wait_for(path: Path) -> Any:
    end = time.monotonic() + PATIENCE
    while not path.is_file():
        if time.monotonic() > end or path.with_suffix(".failed").exists():
            raise TimeoutError(f"{path.name} was not made by another process")
        time.sleep(0.05)
    return pickle.loads(path.read_bytes())
