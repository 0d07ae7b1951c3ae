"""The draft of a mapping as commented YAML, with its open questions."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from naturalistic.cohort.guessing.questions import ASK, Question, Special

_WIDTH = 118
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*( [A-Za-z0-9_./-]+)*")
_WORDS_OF_YAML = frozenset(["yes", "no", "on", "off", "true", "false", "null", "y", "n", "~"])


@dataclass
class Row:
    """One key of the draft.

    Attributes
    ----------
    indent : int
        Depth, in steps of two spaces.
    key : str
        The key; "-" for an item of a list; empty for a comment or a blank line.
    value : object
        Texts, numbers, dicts, lists and questions; None for a key whose value follows in deeper rows.
    comment : str
        Why.
    needs : tuple of Question
        Where one of them is answered with "leave it out", the row goes.
    """

    indent: int
    key: str = ""
    value: object = None
    comment: str = ""
    needs: tuple[Question, ...] = ()

    @property
    def kept(self) -> bool:
        """No question took the row out."""
        return not any(question.left_out for question in self.needs)


@dataclass
class Draft:
    """A draft of a mapping.

    Attributes
    ----------
    head : list of str
        Comment lines at the top.
    rows : list of Row
        Everything below.
    """

    head: list[str] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)

    def add(
        self,
        indent: int,
        key: str = "",
        value: object = None,
        comment: str = "",
        needs: Iterable[Question] = (),
    ) -> None:
        """One more row."""
        self.rows.append(Row(indent, key, value, comment, tuple(needs)))

    def questions(self) -> list[Question]:
        """Every question of the rows that are kept, in order, each once."""
        found: dict[int, Question] = {}
        for row in self.rows:
            if row.kept:
                for question in _questions_in(row.value):
                    found.setdefault(id(question), question)
        return list(found.values())

    def text(self) -> str:
        """The draft as YAML; where nothing is open any more it is a mapping."""
        still_open = [q for q in self.questions() if q.open]
        numbers = {id(q): i + 1 for i, q in enumerate(still_open)}
        body: list[str] = []
        asked: dict[int, int] = {}
        for row in self.rows:
            if row.kept:
                _write(row, numbers, asked, body)
        head = [f"# {line}".rstrip() for line in self.head]
        if not still_open:
            return "\n".join([*head, "# OPEN QUESTIONS: 0.", "", *body]) + "\n"
        top = _open_questions(len(still_open))
        start = len(head) + len(top) + len(still_open) + 1
        index = [
            f"#   line {start + asked[id(q)] + 1}: question {numbers[id(q)]}" for q in still_open
        ]
        return "\n".join([*head, *top, *index, "", *body]) + "\n"


def _open_questions(n: int) -> list[str]:
    return [
        f"# OPEN QUESTIONS: {n}. Each stands above a line with {ASK}. Replace every {ASK}, or delete what it stands",
        "# for; until then the mapping is refused. `init ... --ask --force` asks them one at a time.",
    ]


def _questions_in(value: object) -> Iterator[Question]:
    if isinstance(value, Question):
        yield value
        yield from _questions_in(value.answer)  # an answer can raise the next question
    elif isinstance(value, dict):
        for each in value.values():
            yield from _questions_in(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _questions_in(each)


def _write(row: Row, numbers: dict[int, int], asked: dict[int, int], body: list[str]) -> None:
    pad = "  " * row.indent
    new = [q for q in _questions_in(row.value) if q.open and id(q) not in asked]
    for place, question in enumerate(new):
        asked[id(question)] = -1
        body += _wrapped(pad, f"QUESTION {numbers[id(question)]}: {question.text}")
        following = new[place + 1] if place + 1 < len(new) else None
        if following is None or following.options != question.options:
            body += _choices(pad, question)
    again = [q for q in _questions_in(row.value) if q.open and q not in new]
    for number in dict.fromkeys(numbers[id(q)] for q in again):
        body.append(f"{pad}# the answer to question {number} again")
    if not row.key:
        body += _wrapped(pad, row.comment) if row.comment else [""]
        return
    start = f"{pad}- " if row.key == "-" else f"{pad}{_key_text(row.key)}:"
    value = "" if row.value is None else flow(row.value)
    joint = "" if row.key == "-" or not value else " "
    line = start + joint + value
    if row.comment and len(line) + len(row.comment) + 4 <= _WIDTH:
        line += f"  # {row.comment}"
    elif row.comment:
        body += _wrapped(pad, row.comment)
    first = len(body)
    if len(line) <= _WIDTH or row.value is None:
        body.append(line)
    else:
        body += _folded(start + joint, row.value, pad + "    ")
    for question in _questions_in(row.value):
        if question.open and asked[id(question)] < 0:
            asked[id(question)] = next(i for i in range(first, len(body)) if ASK in body[i])


def _choices(pad: str, question: Question) -> list[str]:
    lines: list[str] = []
    for option in question.options:
        shown = "delete it" if isinstance(option.value, Special) else flow(option.value)
        lines += _wrapped(pad, f"  {shown} = {option.label}")
    return [*lines, f"{pad}#   or a whole number"] if question.wants_number else lines


def _key_text(key: str) -> str:
    """A key; one that begins with a hyphen opens an item of a list."""
    return f"- {scalar(key[2:])}" if key.startswith("- ") else scalar(key)


def _wrapped(pad: str, text: str) -> list[str]:
    """A comment over as many lines as it needs."""
    lines, line = [], ""
    for word in text.split(" "):
        if line and len(pad) + len(line) + len(word) + 3 > _WIDTH:
            lines.append(f"{pad}# {line}")
            line = "  "
        line += ("" if not line or (line.endswith(" ") and not line.strip()) else " ") + word
    return [*lines, f"{pad}# {line}"]


def _folded(start: str, value: object, pad: str) -> list[str]:
    """A long value in braces over several lines."""
    pieces = re.split(r"(?<=,) ", flow(value))
    lines, line = [], start
    for piece in _whole_pieces(pieces):
        if len(line) + len(piece) + 1 > _WIDTH and line.strip():
            lines.append(line.rstrip())
            line = pad
        line += piece + " "
    return [*lines, line.rstrip()]


def _whole_pieces(pieces: list[str]) -> Iterator[str]:
    """Pieces joined again where a comma stood inside quotation marks."""
    held = ""
    for piece in pieces:
        held = f"{held} {piece}" if held else piece
        if len(re.findall(r'(?<!\\)"', held)) % 2 == 0:
            yield held
            held = ""
    if held:
        yield held


def flow(value: object) -> str:
    """A value on one line of YAML."""
    if isinstance(value, Question):
        return ASK if value.open else flow(value.answer)
    if isinstance(value, dict):
        kept = {k: v for k, v in value.items() if not (isinstance(v, Question) and v.left_out)}
        return "{" + ", ".join(f"{scalar(k)}: {flow(v)}" for k, v in kept.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(flow(each) for each in value) + "]"
    return scalar(value)


def scalar(value: object) -> str:
    """A text or number that YAML reads as itself."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    text = str(value)
    if _PLAIN.fullmatch(text) and text.casefold() not in _WORDS_OF_YAML and ": " not in text:
        return text
    return json.dumps(text, ensure_ascii=False)
