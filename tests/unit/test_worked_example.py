"""The committed worked example is what the preset, the analyses and the report's words yield now."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "docs" / "examples"
AGAIN = "run: python docs/examples/make_derbyshire.py"


def test_the_committed_page_is_what_the_cohort_yields(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = importlib.util.spec_from_file_location("make_derbyshire", FOLDER / "make_derbyshire.py")
    assert spec is not None and spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "make_derbyshire", script)
    spec.loader.exec_module(script)
    text, figures = script.page(script.make())
    assert (FOLDER / "derbyshire.md").read_text(encoding="utf-8") == text, AGAIN
    assert "| of these in groups | 37 | 37 |" in text
    assert text.startswith("# ") and "SYNTHETIC" in text.split("##")[0]
    for name in figures:
        drawing = (FOLDER / name).read_text(encoding="utf-8")
        assert drawing.lstrip().startswith(("<svg", "<?xml")) and "SYNTHETIC" in drawing, AGAIN
        assert len(drawing) < 60_000
