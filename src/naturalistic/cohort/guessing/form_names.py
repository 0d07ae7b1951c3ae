"""Names of columns that belong to a questionnaire: which one, when it was completed, which item or scale."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

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
    said: dict[str, object] = {}
    scales = _scale_words(keys[0]) if keys else {}
    leftover: list[str] = []
    at = 0
    while at < len(rest):
        text, following = rest[at], rest[at + 1] if at + 1 < len(rest) else ""
        counted = following.isdigit()
        number = int(following) if counted else None
        pair = f"{text} {following}"
        if pair in _occasions():
            said["occasion"], at = _occasions()[pair], at + 1
            if at + 1 < len(rest) and rest[at + 1].isdigit():
                said |= {"counter": "month", "number": int(rest[at + 1])}
                at += 1
        elif counted and text in _words("item"):
            said["item"], at = number, at + 1
        elif counted and text in _words("session"):
            said |= {"counter": "session", "number": number}
            at += 1
        elif counted and text in _words("time"):
            said |= {"counter": "time", "number": number}
            at += 1
        elif counted and text in _words("month"):
            said |= {"counter": "month", "number": number, "occasion": "follow_up"}
            at += 1
        elif text.isdigit() and following in _words("month"):
            said |= {"counter": "month", "number": int(text), "occasion": "follow_up"}
            at += 1
        elif text in _occasions():
            said["occasion"] = (
                "follow_up" if said.get("occasion") == "follow_up" else _occasions()[text]
            )
        elif text in scales:
            if scales[text]:
                said.setdefault("scale", scales[text])
        elif text in _words("date"):
            said["is_date"] = True
        elif text in _words("total"):
            said["says_total"] = True
        elif text in _words("derived"):
            said["is_derived"] = True
        elif text.isdigit() and "number" not in said:
            said |= {"counter": said.get("counter") or "plain", "number": int(text)}
        elif (
            text not in _words("filler")
            and text not in _words("item")
            and text not in _words("session")
        ):
            leftover.append(text)
        at += 1
    return FormName(keys, elsewhere, leftover=tuple(leftover), **said)  # type: ignore[arg-type]  # words collected above
