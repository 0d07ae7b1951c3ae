"""What a section of the report is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

SENTENCE = 40  # letters from which a cell is read as words and no longer compared down a column


@dataclass(frozen=True)
class Table:
    """A table as readers see it: every cell is text.

    Attributes
    ----------
    caption : str
        What the table shows, with the denominator.
    header : tuple of str
        Column headings; the first column holds row headings.
    rows : sequence of tuple of str
        Cells.
    folded : bool
        Shown only when opened.
    note : str
        Printed under the table.
    prose : bool
        The cells hold sentences and not numbers: they wrap, and nothing is aligned to the right.
    """

    caption: str
    header: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    folded: bool = False
    note: str = ""
    prose: bool = False

    @property
    def stacks(self) -> bool:
        """Whether its rows become cards with named parts on a narrow screen, where sentences in columns cannot be read."""
        worded = sum(any(len(cell) > SENTENCE for cell in row[1:]) for row in self.rows)
        return self.prose or 0 < len(self.rows) <= 2 * worded


@dataclass(frozen=True)
class Figure:
    """A figure with its finding in words and its numbers as a table.

    Attributes
    ----------
    name : str
        File name without ending.
    svg : str
        The drawing.
    caption : str
        What it shows.
    alternative : str
        The finding in words, for those who do not see it.
    data : Table
        The numbers it is drawn from.
    """

    name: str
    svg: str
    caption: str
    alternative: str
    data: Table


@dataclass(frozen=True)
class Text:
    """Paragraphs; `kind` is plain, note (a caution) or list."""

    paragraphs: tuple[str, ...]
    kind: str = "plain"


@dataclass(frozen=True)
class Heading:
    """A heading inside a section."""

    text: str


Block = Table | Figure | Text | Heading


@dataclass(frozen=True)
class Section:
    """One part of the report.

    Attributes
    ----------
    key : str
        Anchor.
    title : str
        Heading.
    findings : tuple of str
        The section in sentences, before any table.
    blocks : tuple of Block
        Figures first, then tables.
    """

    key: str
    title: str
    findings: tuple[str, ...]
    blocks: tuple[Block, ...] = field(default_factory=tuple)
