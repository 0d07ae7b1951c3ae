"""A document as tagged PDF (PDF/UA-1), set by Typst from the same sections as the page in HTML."""

from __future__ import annotations

import json
from importlib.resources import files as resources
from typing import Any

from naturalistic.report.blocks import Section
from naturalistic.report.front import Front
from naturalistic.report.paper import drawings, paper_content
from naturalistic.report.typesetting import printable, typeset


def make_pdf(front: Front, brief: list[Section], sections: list[Section]) -> bytes:
    """A tagged PDF with a title, a language, bookmarks and text alternatives; the same bytes every time.

    Parameters
    ----------
    front : Front
        The first page.
    brief : list of Section
        Parts of the decision brief, which comes first.
    sections : list of Section
        Body of the full report; empty for the brief alone.

    Returns
    -------
    bytes
        The file.
    """
    template = resources("naturalistic.report").joinpath("templates/document.typ")
    content = json.dumps(_printable(paper_content(front, brief, sections)))
    figures = {f"{n}.svg": svg.encode() for n, svg in drawings([*brief, *sections]).items()}
    files = {"document.json": content.encode(), **figures}
    return typeset(template.read_bytes(), files, "pdf")


def _printable(value: Any) -> Any:
    """The same structure with every text in it made printable."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, dict):
        return {key: _printable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_printable(item) for item in value]
    return value
