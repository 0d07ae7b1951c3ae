"""The written report in a real browser: no violation found by axe-core, no sideways scrolling of the page at 320 px.

Needs Chromium, Node, and two packages from npm: `npm ci --prefix .ci/browser`. Without them the tests skip and say so;
with NATURALISTIC_REQUIRE_BROWSER=1, as in continuous integration, they fail.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from naturalistic.report.document import write_report
from tests.unit.report.simulated import SHAPES, released

ROOT = Path(__file__).resolve().parents[2]
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
COHORTS = ("full", "forms_only", "nobody")


def missing(what: str) -> None:
    """Skip, or fail where the browser is required."""
    if os.environ.get("NATURALISTIC_REQUIRE_BROWSER") == "1":
        pytest.fail(f"{what} is required here and was not found")
    pytest.skip(f"{what} was not found: the report is not checked in a browser")


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What the browser says of each report."""
    browser = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    node = shutil.which("node")
    modules = ROOT / ".ci" / "browser" / "node_modules"
    if browser is None:
        missing("Chromium")
    if node is None:
        missing("Node")
    for package in ("playwright-core", "axe-core"):
        if not (modules / package).is_dir():
            missing(package)
    pages = [_written(name, tmp_path_factory.mktemp(name)) for name in COHORTS]
    script = Path(__file__).with_name("browser_check.js")
    done = subprocess.run(
        [str(node), str(script), str(browser), *map(str, pages)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env={**os.environ, "NODE_PATH": str(modules)},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return dict(zip(COHORTS, json.loads(done.stdout), strict=True))


def _written(name: str, folder: Path) -> Path:
    data = released(SHAPES[name])
    study = ROOT / "config" / "published" / "hirschfeld_2024.yaml"
    write_report(
        folder,
        estimates=data.estimates,
        disclosure=data.disclosure,
        record=data.record,
        published=study if data.record["published"] else None,
        instruments=data.instruments,
    )
    return folder / "report.html"


@pytest.mark.slow
@pytest.mark.parametrize("name", COHORTS)
def test_axe_finds_no_violation(checked: dict[str, dict[str, Any]], name: str) -> None:
    assert checked[name]["violations"] == []
    assert checked[name]["passes"] > 20


@pytest.mark.slow
@pytest.mark.parametrize("name", COHORTS)
def test_the_page_reflows_at_320_pixels(checked: dict[str, dict[str, Any]], name: str) -> None:
    width = checked[name]["narrow"]
    assert width["needed"] <= width["visible"] <= 320


@pytest.mark.slow
@pytest.mark.parametrize("name", COHORTS)
def test_the_page_asks_nothing_of_anyone(checked: dict[str, dict[str, Any]], name: str) -> None:
    assert checked[name]["requests"] == []
    assert checked[name]["errors"] == []
