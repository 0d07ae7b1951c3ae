"""How the numbers of a file are written: which sign stands before the decimals, and words behind a number."""

from __future__ import annotations

import re
from dataclasses import dataclass

from naturalistic.settings.mapping import SourceFile

_POINT = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d{1,3})?", re.IGNORECASE | re.ASCII)
_COMMA = re.compile(
    r"[+-]?(?:\d{1,3}(?:\.\d{3})+,\d+|\d+,?\d*|,\d+)(?:e[+-]?\d{1,3})?", re.IGNORECASE | re.ASCII
)
_WITH_DECIMALS = {
    ".": re.compile(r"[+-]?\d*\.\d+", re.ASCII),
    ",": re.compile(r"[+-]?\d*,\d+", re.ASCII),
}
# "1,250" is more likely a thousand than a fraction
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(?:[.,]\d{3})+", re.ASCII)
_WORDS_BEHIND = re.compile(r"([+-]?[\d.,]+)\s*(?:[-–:]\s*)?[(\[]?[^\W\d_][^\d]*", re.ASCII)
_OUT_OF = re.compile(r"(\d+)\s*(?:/|of|out of)\s*(\d+)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Numerals:
    """How the numbers of a file are written.

    Attributes
    ----------
    signs : str
        Signs that stand before the decimals: ".", "," or both.
    words_behind : bool
        "12 (moderate)" is 12: words behind a number are passed over, where they hold no figure; "12/27" is 12 (of 27).
    """

    signs: str = "."
    words_behind: bool = False

    @classmethod
    def of(cls, source: SourceFile, *, typed: bool) -> Numerals:
        """As the mapping says; the numbers of a workbook arrive with a point, whatever its texts are written with."""
        signs = "".join(sign for sign in ".," if sign in source.decimal)
        return cls(".," if typed and signs == "," else signs, source.text_after_numbers)

    def number(self, text: str) -> float | None:
        """The number a text stands for, None where it is none.

        With a comma before the decimals a point may only part thousands, and only where decimals follow: "1.234,5". "1.234"
        alone could be either and is no number.
        """
        if self.words_behind:
            if (whole := _OUT_OF.fullmatch(text)) and int(whole[1]) <= int(whole[2]):
                return float(whole[1])
            if found := _WORDS_BEHIND.fullmatch(text):
                text = found[1]
        if "." in self.signs and _POINT.fullmatch(text):
            return float(text)
        if "," in self.signs and _COMMA.fullmatch(text):
            return float(text.replace(".", "").replace(",", "."))
        return None

    def has_words_behind(self, text: str) -> bool:
        """The text is a number with words behind it, and not a number alone."""
        read = Numerals(self.signs, words_behind=True)
        return self.number(text) is None and read.number(text) is not None

    def written_otherwise(self, text: str) -> bool:
        """The text is a number with decimals behind the sign that is not declared, and cannot be a whole thousand."""
        other = next((sign for sign in ".," if sign not in self.signs), None)
        return (
            other is not None
            and bool(_WITH_DECIMALS[other].fullmatch(text))
            and not _THOUSANDS.fullmatch(text)
        )


POINT = Numerals()
"""Numbers as programs write them."""
EITHER = Numerals(".,")
"""Any number, whichever sign stands before its decimals."""
