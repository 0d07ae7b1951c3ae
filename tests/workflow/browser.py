"""Pages in a real browser: headless Chromium through playwright-core, with axe-core (`npm ci --prefix .ci/browser`)."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")


def check_pages(pages: list[Path]) -> list[dict[str, Any]]:
    """What the browser says of each page; skips, with the reason, where there is no browser and none is required."""
    browser = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    node = shutil.which("node")
    modules = ROOT / ".ci" / "browser" / "node_modules"
    if browser is None:
        _missing("Chromium")
    if node is None:
        _missing("Node")
    for package in ("playwright-core", "axe-core"):
        if not (modules / package).is_dir():
            _missing(package)
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
    return json.loads(done.stdout)


def assert_accessible(page: dict[str, Any]) -> None:
    """No violation, no sideways scrolling at 320 px, no request, every stop of the keyboard seen and named."""
    assert page["violations"] == []
    assert page["passes"] > 20
    narrow = page["narrow"]
    assert narrow["needed"] <= narrow["visible"] <= 320
    assert narrow["sideways"] == []  # nothing made of sentences
    assert narrow["stacked"] >= narrow["cells"]
    assert narrow["violations"] == []
    assert page["requests"] == []
    assert page["errors"] == []
    stops = page["stops"]
    assert stops[0]["name"].startswith("Skip to")
    assert all(stop["name"] for stop in stops), stops
    assert all(stop["outlined"] for stop in stops), stops
    # on paper what is folded away is left out, the warnings stay
    assert page["print"]["banners"] == page["banners"]
    assert not page["print"]["contents"]


def _missing(what: str) -> None:
    """Skip, or fail where the browser is required."""
    if os.environ.get("NATURALISTIC_REQUIRE_BROWSER") == "1":
        pytest.fail(f"{what} is required here and was not found")
    pytest.skip(f"{what} was not found: the report is not checked in a browser")
