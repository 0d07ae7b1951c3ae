"""Digests of the code and reference files a stage depends on, so that an edit re-runs exactly what it touches."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

PACKAGE = "naturalistic"
ROOT = Path(__file__).resolve().parent
# imports at the top or inside a function; parsing every module would cost most of the time of a run with nothing to do
_IMPORT = re.compile(
    r"^[ \t]*(?:from[ \t]+(?P<module>naturalistic[\w.]*)[ \t]+import[ \t]+"
    r"(?P<names>\([^)]*\)|[^\n(]+)|import[ \t]+(?P<plain>naturalistic[\w.]*))",
    re.MULTILINE,
)


@cache
def module_path(name: str) -> Path | None:
    """Source file of a module of this package; None for what is not a module of it."""
    relative = Path(*name.split(".")[1:]) if "." in name else Path()
    for candidate in (
        (ROOT / relative).with_suffix(".py") if "." in name else ROOT / "__init__.py",
        ROOT / relative / "__init__.py",
    ):
        if candidate.is_file():
            return candidate
    return None


@cache
def imports_of(name: str) -> frozenset[str]:
    """Modules of this package that a module imports, at the top or inside a function."""
    path = module_path(name)
    if path is None:
        return frozenset()
    found: set[str] = set()
    for match in _IMPORT.finditer(path.read_text(encoding="utf-8")):
        module, names = match["module"] or match["plain"], match["names"] or ""
        found.add(module)
        found.update(f"{module}.{name.split()[0]}" for name in _names(names))
    return frozenset(m for m in found if module_path(m))


def _names(text: str) -> list[str]:
    lines = [line.split("#")[0] for line in text.strip("()").splitlines()]
    return [name for part in ",".join(lines).split(",") if (name := part.strip())]


def closure(*names: str) -> frozenset[str]:
    """The modules named and everything of this package they import, directly or not."""
    seen: set[str] = set()
    queue = list(names)
    while queue:
        name = queue.pop()
        if name not in seen:
            seen.add(name)
            queue.extend(imports_of(name) - seen)
    return frozenset(seen)


def code_digest(*names: str, data: tuple[str, ...] = ()) -> str:
    """Digest of the sources of `closure(*names)` and of the data files `data`.

    Parameters
    ----------
    *names : str
        Modules, such as ``naturalistic.analyses.dropout``.
    data : tuple of str
        Files or folders of the package that count too, such as ``reference/instruments``.
    """
    files = [path for name in sorted(closure(*names)) if (path := module_path(name))]
    for folder in data:
        place = ROOT / folder
        inside = [place] if place.is_file() else place.rglob("*")
        files += sorted(p for p in inside if p.is_file() and p.suffix != ".pyc")
    return files_digest(files)


def files_digest(files: Iterable[Path]) -> str:
    """Digest of the names and contents of files; line ends do not count. A missing file counts as absent."""
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.name.encode())
        digest.update(path.read_bytes().replace(b"\r\n", b"\n") if path.is_file() else b"absent")
    return digest.hexdigest()[:16]
