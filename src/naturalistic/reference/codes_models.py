"""What a list of codes looks like: national or form codes and the word of ours each stands for."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from naturalistic.reference.facts import Frozen, Key, Sourced, Status


def normal_code(raw: str) -> str:
    """A code without blanks, leading zeros or case: ``" 05"`` and ``"5"`` are one code."""
    squeezed = raw.strip().casefold()
    return squeezed.lstrip("0") or ("0" if squeezed else "")


class Code(Frozen):
    """One code, its meaning in our words, and the value of ours it stands for.

    ``to`` is a word of the vocabulary, or ``None`` where the code says that nothing was recorded.
    ``kind`` tells codes apart that share a value. ``status`` is given where this code is known
    less well than its list.
    """

    code: str
    label: str
    to: str | None = None
    kind: str = ""
    status: Status | None = None
    note: str = ""


class CodeList(Sourced):
    """One published list, such as the end codes of one version of a data set."""

    key: Key
    name: str
    codes: Annotated[tuple[Code, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _each_code_once(self) -> Self:
        seen = [normal_code(code.code) for code in self.codes]
        twice = sorted({code for code in seen if seen.count(code) > 1})
        if twice:
            raise ValueError(f"codes listed twice: {', '.join(twice)}")
        return self

    def meaning(self, raw: str) -> Code | None:
        """Return the entry of a code as it stands in an extract, or ``None`` if it is not listed."""
        wanted = normal_code(raw)
        for code in self.codes:
            if normal_code(code.code) == wanted:
                return code
        return None

    def translation(self) -> dict[str, str | None]:
        """Return normalised code -> value of ours, for use on a whole column."""
        return {normal_code(code.code): code.to for code in self.codes}


class CodeBook(Frozen):
    """All lists of one subject (endings, attendance, ethnicity ...)."""

    key: Key
    name: str
    about: str
    vocabulary: str
    lists: Annotated[tuple[CodeList, ...], Field(min_length=1)]

    def list_of(self, key: str) -> CodeList:
        """Return one list.

        Raises
        ------
        KeyError
            If there is no such list; the message says which there are.
        """
        for each in self.lists:
            if each.key == key:
                return each
        known = ", ".join(each.key for each in self.lists)
        raise KeyError(f'{self.key} has no code list "{key}" (it has: {known})')
