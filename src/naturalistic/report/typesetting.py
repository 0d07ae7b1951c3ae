"""Typst, given everything in memory: no file, no network, no clock and no font of the machine."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Literal

STANDARD = "ua-1"  # PDF/UA-1: Typst refuses a document that breaks the rules it can check
MISSING = "□"  # stands for a character that the fonts do not have
PIXELS_PER_INCH = 200
_FONTS = ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf")


def typeset(template: bytes, files: Mapping[str, bytes], kind: Literal["pdf", "png"]) -> bytes:
    """The pages of a Typst template as tagged PDF, or its only page as PNG.

    Parameters
    ----------
    template : bytes
        Typst source.
    files : mapping of str to bytes
        What the template reads, by name.
    kind : {"pdf", "png"}
        Format of the result.
    """
    import typst

    made = typst.compile(  # type: ignore[call-overload]  # its stub knows no files in memory
        {"main": template, **files},
        format=kind,
        pdf_standards=[STANDARD] if kind == "pdf" else [],
        ppi=PIXELS_PER_INCH,
        # the fonts that come with matplotlib, so that every machine sets the same page
        font_paths=[str(_font_folder())],
        ignore_system_fonts=True,
    )
    return bytes(made)


def printable(text: str) -> str:
    """The text with characters that no font has replaced: PDF/UA allows none."""
    if text.isascii() and text.isprintable():
        return text
    known = _characters()
    return "".join(c if c in known else " " if c.isspace() else MISSING for c in text)


@cache
def _characters() -> frozenset[str]:
    """Characters that both the regular and the bold face can show."""
    from matplotlib.ft2font import FT2Font

    faces = [set(FT2Font(str(_font_folder() / name)).get_charmap()) for name in _FONTS]
    return frozenset(c for c in map(chr, set.intersection(*faces)) if c.isprintable())


def _font_folder() -> Path:
    from matplotlib import get_data_path

    return Path(get_data_path()) / "fonts" / "ttf"
