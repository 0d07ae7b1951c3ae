"""Names of columns that belong to a questionnaire: which one, when it was completed, which item or scale."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from naturalistic.cohort.guessing.header_words import Piece, pieces, plain
from naturalistic.cohort.guessing.word_lists import word_list
from naturalistic.reference.models import Instrument


@cache
def _words(name: str) -> frozenset[str]:
    return frozenset(word_list("form_words")[name])


@cache
def _occasions() -> dict[str, str]:
    found = word_list("form_words")["occasions"]
    return {word: occasion for occasion, words in found.items() for word in words}


def _scale_words(instrument: str) -> dict[str, str]:
    found = word_list("form_words")["scales"].get(instrument, {})
    return {word: scale for scale, words in found.items() for word in words}


@dataclass(frozen=True, slots=True)
class FormName:
    """What the name of a column says about a questionnaire.

    Attributes
    ----------
    instruments : tuple of str
        Keys it can mean; several where the name is short for several, none where it names none.
    elsewhere : str
        Name of a questionnaire that no instrument file describes.
    occasion : str
        Word of the occasion, or empty.
    counter : str
        "session", "time", "month" or "plain": what the number counts; empty without a number.
    number : int or None
        Number of the session, time or month.
    scale : str
        Key of a scale, or empty for the total.
    item : int or None
        Number of the item, where the name says that it is one.
    is_date, is_derived : bool
        Date of the form; something worked out from it.
    leftover : tuple of str
        Words that nothing explains.
    """

    instruments: tuple[str, ...] = ()
    elsewhere: str = ""
    occasion: str = ""
    counter: str = ""
    number: int | None = None
    scale: str = ""
    item: int | None = None
    is_date: bool = False
    is_derived: bool = False
    says_total: bool = False
    leftover: tuple[str, ...] = ()

    @property
    def placed(self) -> bool:
        """The name says when the form was completed."""
        return bool(self.occasion or self.counter)


class FormWords:
    """Every name of every instrument."""

    def __init__(self, instruments: Mapping[str, Instrument]) -> None:
        self.instruments = instruments
        lists = word_list("form_words")
        names: dict[str, tuple[str, ...]] = {
            short: tuple(keys) for short, keys in lists["families"].items()
        }
        for key, each in instruments.items():
            for name in (key, *each.aliases, *lists["names"].get(key, ())):
                if len(plain(name)) >= 3:
                    names[plain(name)] = (key,)
        self.names = names

    def named(self, text: str) -> tuple[str, ...]:
        """Instruments that a text of its own stands for, such as a cell "PHQ-9 (total)"."""
        return self.parse(text).instruments

    @property
    def stems(self) -> frozenset[str]:
        """Names that are letters only."""
        return frozenset(n for n in self.names if n.isalpha() and len(n) <= 8)

    def parse(self, name: str) -> FormName:
        """What a name says."""
        return _parse(self, name)


def _parse(words: FormWords, name: str) -> FormName:
    found = _split_runs(pieces(name), words.stems)
    start, end, keys = _longest_name(words, found)
    rest = [*found[:start], *found[end:]]
    elsewhere = (
        next((p.text for p in rest if p.text in _words("elsewhere")), "") if not keys else ""
    )
    if not elsewhere and not keys and plain(name) in _words("elsewhere"):
        elsewhere = plain(name)
    return _read_rest(keys, elsewhere, [piece.text for piece in rest])


def _longest_name(words: FormWords, found: list[Piece]) -> tuple[int, int, tuple[str, ...]]:
    best: tuple[int, int, tuple[str, ...]] = (0, 0, ())
    longest = 0
    for start in range(len(found)):
        text = ""
        for end in range(start + 1, min(start + 6, len(found)) + 1):
            text += found[end - 1].text
            if text in words.names and len(text) > longest and not _counts_months(found, end):
                best, longest = (start, end, words.names[text]), len(text)
    return best


def _counts_months(found: list[Piece], end: int) -> bool:
    """The number before `end` belongs to what follows: `bdi.2m` is the BDI after two months, not the BDI-2."""
    last, following = found[end - 1], found[end] if end < len(found) else None
    joined = following is not None and following.start == last.end
    return last.text.isdigit() and joined and found[end].text in _words("month")


def _split_runs(found: list[Piece], stems: frozenset[str]) -> list[Piece]:
    """Runs of letters such as `corepre` taken apart at the name of an instrument."""
    out: list[Piece] = []
    for piece in found:
        if piece.text.isdigit() or piece.text in stems or _explained(piece.text):
            out.append(piece)
            continue
        parts = _split_run(piece.text, stems)
        at = piece.start
        for part in parts:
            out.append(Piece(part, at, at + len(part)))
            at += len(part)
    return out


@cache
def _split_run(text: str, stems: frozenset[str]) -> tuple[str, ...]:
    for size in range(len(text) - 1, 2, -1):
        head, tail = text[:size], text[size:]
        if head in stems and (_explained(tail) or tail in stems):
            return head, tail
        head, tail = text[: len(text) - size], text[len(text) - size :]
        if tail in stems and _explained(head):
            return head, tail
    return (text,)


_KINDS = ("session", "time", "item", "total", "date", "derived", "filler", "month")


@cache
def _explained(text: str) -> bool:
    return text in _occasions() or any(text in _words(kind) for kind in _KINDS)


def _read_rest(keys: tuple[str, ...], elsewhere: str, rest: list[str]) -> FormName:
    """What the words beside the name of the questionnaire say."""
    said: dict[str, Any] = {}
    scales = _scale_words(keys[0]) if keys else {}
    leftover: list[str] = []
    at = 0
    while at < len(rest):
        used = _read_with_number(rest[at:], said)
        if not used:
            _read_word(rest[at], scales, said, leftover)
        at += used or 1
    return FormName(keys, elsewhere, leftover=tuple(leftover), **said)


def _read_with_number(rest: list[str], said: dict[str, Any]) -> int:
    """A word and what follows it, such as `session 4` or `follow up 2`; how many pieces that took, 0 where it is none."""
    text, following = rest[0], rest[1] if len(rest) > 1 else ""
    if (pair := f"{text} {following}") in _occasions():
        said["occasion"] = _occasions()[pair]
        if len(rest) > 2 and rest[2].isdigit():
            said |= {"counter": "month", "number": int(rest[2])}
            return 3
        return 2
    if text.isdigit() and following in _words("month"):
        said |= {"counter": "month", "number": int(text), "occasion": "follow_up"}
        return 2
    if not following.isdigit():
        return 0
    number = int(following)
    if text in _words("item"):
        said["item"] = number
        return 2
    for counter in ("session", "time", "month"):
        if text in _words(counter):
            said |= {"counter": counter, "number": number}
            said |= {"occasion": "follow_up"} if counter == "month" else {}
            return 2
    return 0


def _read_word(
    text: str, scales: Mapping[str, str], said: dict[str, Any], leftover: list[str]
) -> None:
    """A word alone: an occasion, a scale, what kind of column it is, a bare number, or nothing known."""
    if text in _occasions():
        later = said.get("occasion") == "follow_up"
        said["occasion"] = "follow_up" if later else _occasions()[text]
    elif text in scales:
        if scales[text]:
            said.setdefault("scale", scales[text])
    elif kind := next((k for k in _SAYS if text in _words(k)), ""):
        said[_SAYS[kind]] = True
    elif text.isdigit() and "number" not in said:
        said |= {"counter": said.get("counter") or "plain", "number": int(text)}
    elif not any(text in _words(kind) for kind in ("filler", "item", "session")):
        leftover.append(text)


_SAYS = {"date": "is_date", "total": "says_total", "derived": "is_derived"}
