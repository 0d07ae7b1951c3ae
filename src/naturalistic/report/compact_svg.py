"""A drawing in fewer bytes: the same shapes in the same places, without what only a person editing the file would miss."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import count
from string import ascii_letters
from xml.etree import ElementTree

SVG = "http://www.w3.org/2000/svg"
XLINK = "http://www.w3.org/1999/xlink"
_HEAD = '<?xml version="1.0" encoding="utf-8"?>'
_HREF = f"{{{XLINK}}}href"
_SHIFT = re.compile(
    r"translate\((\S+) 0\)"
)  # how matplotlib places a letter after the first of a text
_URL = re.compile(r"url\(#([^)]+)\)")
_LONG = re.compile(r"-?\d+\.\d{3,}")
_PLACES = ("x", "y", "width", "height", "d")


def compact_svg(svg: str) -> str:
    """The same drawing in about half the bytes: a report holds dozens of them.

    White space, metadata and identifiers that nothing refers to go, the others become short, and places are given to
    a hundredth of a point. Comments stay: they hold the text that the outlines of letters spell, which is how a
    drawing can be searched and checked.

    Parameters
    ----------
    svg : str
        A drawing as matplotlib writes it, texts as outlines.

    Returns
    -------
    str
        A drawing that looks the same.
    """
    ElementTree.register_namespace("", SVG)
    ElementTree.register_namespace("xlink", XLINK)
    keep = ElementTree.TreeBuilder(insert_comments=True)
    root = ElementTree.XML(svg, ElementTree.XMLParser(target=keep))
    for metadata in root.findall(f"{{{SVG}}}metadata"):
        root.remove(metadata)
    short = _short_names(root)
    for element in root.iter():
        if not callable(element.tag):  # a comment
            element.text = (element.text or "").strip() or None
            _shorten(element, short)
        element.tail = None
    return f"{_HEAD}\n{ElementTree.tostring(root, encoding='unicode')}\n"


def _short_names(root: ElementTree.Element) -> dict[str, str]:
    """A short identifier for each that is referred to, in order of appearance."""
    used = {
        name
        for element in root.iter()
        for key, value in element.attrib.items()
        for name in ([value[1:]] if key == _HREF else _URL.findall(value))
    }
    ids = [element.attrib["id"] for element in root.iter() if "id" in element.attrib]
    return dict(zip((each for each in ids if each in used), _names(), strict=False))


def _names() -> Iterator[str]:
    for number in count():
        rest, name = divmod(number, len(ascii_letters))
        yield ascii_letters[name] + (str(rest) if rest else "")


def _shorten(element: ElementTree.Element, short: dict[str, str]) -> None:
    have = element.attrib
    if "id" in have:
        name = short.get(have.pop("id"))
        if name:
            have["id"] = name
    if _HREF in have:
        have[_HREF] = "#" + short[have[_HREF][1:]]
        shift = _SHIFT.fullmatch(have.get("transform", ""))
        if shift and "x" not in have:
            del have["transform"]
            have["x"] = shift[1]
    for key in _PLACES:
        if key in have:
            have[key] = _LONG.sub(_to_hundredths, have[key])
    if "d" in have:
        have["d"] = re.sub(r"\s*([A-Za-z])\s*", r"\1", " ".join(have["d"].split()))
    if "style" in have:
        have["style"] = re.sub(r"([:;]) ", r"\1", have["style"])
    for key in ("clip-path", "style"):
        if key in have:
            have[key] = _URL.sub(lambda found: f"url(#{short[found[1]]})", have[key])


def _to_hundredths(found: re.Match[str]) -> str:
    return f"{float(found[0]):.2f}".rstrip("0").rstrip(".")
