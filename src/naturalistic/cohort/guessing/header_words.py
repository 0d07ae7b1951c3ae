"""Column names taken apart into the words of the field, whatever their spelling."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from naturalistic.cohort.guessing.word_lists import word_list

_PIECE = re.compile(r"[A-Z]{2,}s(?![a-z])|[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
_REFERENCE = ("ref", "reference")
_ORDINAL_ENDINGS = ("st", "nd", "rd", "th")
_LEAST_TO_TAKE_APART = 4


@dataclass(frozen=True, slots=True)
class Piece:
    """One word or number of a name, with where it stands."""

    text: str
    start: int
    end: int


def pieces(name: str) -> list[Piece]:
    """The words and numbers of a name in small letters: `CoreOM_Pre01` gives core, om, pre, 01."""
    found: list[Piece] = []
    for match in _PIECE.finditer(name):
        piece = Piece(match[0].casefold(), match.start(), match.end())
        gap = name[found[-1].end : piece.start] if found else ""
        # D.O.B. and M/F are one word each, rec'd too
        if gap in (".", "/", "'", "’", "&") and _goes_on(found[-1], piece, gap):
            found[-1] = Piece(found[-1].text + piece.text, found[-1].start, piece.end)
        else:
            found.append(piece)
    return found


def _goes_on(before: Piece, piece: Piece, gap: str) -> bool:
    if gap in ("'", "’"):
        return len(piece.text) == 1
    length = before.end - before.start
    letters = before.text.isalpha() and piece.text.isalpha()
    return letters and len(piece.text) == 1 and length == 2 * len(before.text) - 1


def plain(name: str) -> str:
    """A name in small letters without anything but letters and digits."""
    return re.sub(r"[^a-z0-9]+", "", name.casefold())


@cache
def concept_words(name: str) -> tuple[str, ...]:
    """A name as words of the field: `apptDt` and `Date of Appointment` are both session and date.

    A run of letters that is no known word is taken apart where known words cover all of it (`dischdt`).
    """
    words: list[str] = []
    found = [piece.text for piece in pieces(name)]
    for place, text in enumerate(found):
        before = found[place - 1] if place else ""
        if text == "code" and before == "post":
            words[-1] = "postcode"
        elif text in _ORDINAL_ENDINGS and before.isdigit():
            words += ["first"] if before == "1" else []
        elif text in _REFERENCE and len(found) > 1:
            # a reference at the end of a name is a number; elsewhere it is a referral
            words.append("id" if place == len(found) - 1 else "referral")
        elif text not in _dropped():
            words += _meaning(text)
    return tuple(dict.fromkeys(words))


@cache
def _spellings() -> dict[str, tuple[str, ...]]:
    return {
        spelling: tuple(meaning.split())
        for meaning, spellings in word_list("header_words")["spellings"].items()
        for spelling in spellings
    }


@cache
def _dropped() -> frozenset[str]:
    return frozenset(word_list("header_words")["dropped"])


@cache
def _known() -> frozenset[str]:
    return frozenset(word_list("header_words")["known"])


@cache
def _meaning(text: str) -> tuple[str, ...]:
    if text in _spellings():
        return _spellings()[text]
    if text in _REFERENCE:
        return ("referral",)
    if text.isdigit() or text in _known() or len(text) < _LEAST_TO_TAKE_APART:
        return (text,)
    parts = _taken_apart(text)
    if parts is None:
        singular = text.removesuffix("s")
        return _spellings().get(singular) or _shortened(singular) or (singular,)
    return tuple(word for part in parts if part not in _dropped() for word in _meaning(part))


def _shortened(text: str) -> tuple[str, ...]:
    """The meaning of a word without its vowels (`dschrg`) or without its end (`diagn`), where only one fits."""
    if len(text) < _LEAST_TO_TAKE_APART:
        return ()
    fitting = {
        meaning
        for spelling, meaning in _spellings().items()
        if len(spelling) > len(text)
        and (
            spelling.startswith(text) or _without_vowels(spelling) == _without_vowels(text) == text
        )
    }
    return next(iter(fitting)) if len(fitting) == 1 else ()


def _without_vowels(text: str) -> str:
    return text[:1] + re.sub(r"[aeiou]", "", text[1:])


@cache
def _taken_apart(text: str) -> tuple[str, ...] | None:
    """The fewest known words that cover a run of letters, or None."""
    if not text:
        return ()
    short = word_list("header_words")["short"]
    best: tuple[str, ...] | None = None
    for end in range(2, len(text) + 1):
        head = text[:end]
        known = head in _spellings() or head in _known() or head in ("ref", "of", "for")
        if not known or (end == 2 and head not in short and head != "of"):
            continue
        rest = _taken_apart(text[end:])
        if rest is not None and (best is None or len(rest) + 1 < len(best)):
            best = (head, *rest)
    return best
