"""The brief, printed by a real browser, takes no more than two pages of A4. Needs Chromium."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pikepdf
import pytest

from naturalistic.report.brief import make_brief
from naturalistic.report.document import render_brief
from tests.unit.report import briefs
from tests.unit.report.simulated import SHAPES, released

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
SIMULATED = ("forms_only",)
A4 = (595, 842)  # points


@pytest.fixture(scope="module")
def browser() -> str:
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        if os.environ.get("NATURALISTIC_REQUIRE_BROWSER") == "1":
            pytest.fail("Chromium is required here and was not found")
        pytest.skip("Chromium was not found: the brief is not printed")
    return found


@pytest.mark.slow
@pytest.mark.parametrize("case", [*briefs.CASES, *SIMULATED])
def test_two_pages(browser: str, case: str, tmp_path: Path) -> None:
    data = briefs.CASES[case]() if case in briefs.CASES else released(SHAPES[case])
    page, printed = tmp_path / "brief.html", tmp_path / "brief.pdf"
    page.write_text(render_brief(data, make_brief(data, None)), encoding="utf-8")
    # no sandbox: continuous integration runs as root in a container
    options = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        f"--user-data-dir={tmp_path / 'profile'}",
    ]
    subprocess.run(
        [browser, *options, "--no-pdf-header-footer", f"--print-to-pdf={printed}", page.as_uri()],
        check=True,
        capture_output=True,
        timeout=120,
    )
    with pikepdf.open(printed) as document:
        assert 1 <= len(document.pages) <= 2
        box = [float(edge) for edge in document.pages[0].mediabox]
        assert (round(box[2]), round(box[3])) == A4
