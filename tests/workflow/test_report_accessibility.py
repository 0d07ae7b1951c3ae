"""The written report and brief in a real browser: WCAG 2.2 AA as far as axe-core, the keyboard and a narrow window tell.

Needs Chromium, Node, and two packages from npm: `npm ci --prefix .ci/browser`. Without them the tests skip and say so;
with NATURALISTIC_REQUIRE_BROWSER=1, as in continuous integration, they fail. The report of a finished run is checked in
`test_run.py`, where there is one.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from naturalistic.report.document import write_report
from tests.unit.report.simulated import SHAPES, released
from tests.workflow.browser import ROOT, assert_accessible, check_pages

COHORTS = ("full", "forms_only", "nobody")
PAGES = ("report.html", "brief.html")
CASES = tuple(f"{name}/{page}" for name in COHORTS for page in PAGES)


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What the browser says of each page."""
    check_pages([])  # skips before anything is written
    folders = {name: _written(name, tmp_path_factory.mktemp(name)) for name in COHORTS}
    pages = [folders[name] / page for name in COHORTS for page in PAGES]
    return dict(zip(CASES, check_pages(pages), strict=True))


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
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_a_page_is_accessible(checked: dict[str, dict[str, Any]], case: str) -> None:
    assert_accessible(checked[case])
