"""Every source that the methods name stands in the list of references, complete or marked as not."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LIST = ROOT / "docs" / "methods" / "references.md"
NAMED = re.compile(
    r"([A-Z][A-Za-z-]{3,})(?:,? et al\.| and others)?,? \(?((?:18|19|20)\d\d)\b(?!-\d|-[A-Z])"
)
#: Words that stand before a year and are nobody's name, and releases of programmes and data.
NO_NAMES = {
    "February", "Hirschfeld", "From", "Since", "January", "March", "April", "June", "July", "August",
    "September", "October", "November", "December", "Forum", "OOPSLA",
}  # fmt: skip


def named() -> set[tuple[str, str]]:
    """Last name before each year in the methods and in the docstrings of `stats`."""
    pages = [ROOT / "docs" / "methods.md", *(ROOT / "docs" / "methods").glob("*.md")]
    pages = [page for page in pages if page != LIST]
    pages += sorted((ROOT / "src" / "naturalistic" / "stats").rglob("*.py"))
    found = set()
    for page in pages:
        text = " ".join(page.read_text(encoding="utf-8").split())
        found |= {(name, year) for name, year in NAMED.findall(text) if name not in NO_NAMES}
    return found


def test_every_source_is_listed() -> None:
    lines = [line for line in LIST.read_text(encoding="utf-8").splitlines() if line[:2] == "- "]
    missing = {
        f"{name} {year}"
        for name, year in named()
        if not any(year in line and name in line for line in lines)
    }
    assert sorted(missing) == []


def test_the_check_sees_sources() -> None:
    assert {("Truax", "1991"), ("Buuren", "2018"), ("Rubin", "1999")} <= named()
