"""What the codes of a data set mean: published lists, the cohort's own additions, SNOMED CT codes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from naturalistic.cohort.cells import code_key
from naturalistic.errors import MappingError
from naturalistic.reference.adapter_models import AdapterColumn
from naturalistic.reference.codes_models import Code
from naturalistic.reference.loader import load_codes, load_problems, load_snomed
from naturalistic.reference.models import Instrument
from naturalistic.settings.mapping import Adapter
from naturalistic.settings.mapping_adapter import NO_TOOL
from naturalistic.tables.cohort import COHORT_TABLES

_CODE = re.compile(r"\s*(\d{6,18})\b")


@dataclass(frozen=True, slots=True)
class CodeMap:
    """Codes of one canonical column: what each means, and which stand for "not recorded"."""

    meanings: dict[str, str | int | float]
    missing: tuple[str, ...]

    @property
    def plain_missing(self) -> frozenset[str]:
        """Missing codes as they are compared."""
        return frozenset(code_key(code) for code in self.missing)


def code_map(table: str, name: str, way: AdapterColumn, choice: Adapter) -> CodeMap:
    """The codes of a canonical column: those of the cohort first, then those of the lists in order.

    A column of a closed list gets its words, any other the labels of the codes.
    """
    closed = bool(COHORT_TABLES[table].column(name).levels) if name != "patient_id" else False
    own = choice.codes.get(f"{table}.{name}", {})
    meanings: dict[str, str | int | float] = {code.strip(): word for code, word in own.items()}
    seen = {code_key(code) for code in meanings}
    missing: list[str] = []
    for each in _listed(way.codes):
        key = code_key(each.code)
        if key in seen:
            continue
        seen.add(key)
        if each.to is None:
            missing.append(each.code)
        else:
            meanings[each.code] = each.to if closed else each.label
    return CodeMap(meanings, tuple(missing))


def with_groups(codes: CodeMap, texts: Iterable[str]) -> CodeMap:
    """The codes, those of the texts among them that a listed single letter stands for (H1 by H)."""
    known = {code_key(code): word for code, word in codes.meanings.items()}
    more = {
        text: known[code_key(text[0])]
        for text in texts
        if text and code_key(text) not in known and code_key(text[0]) in known
    }
    return CodeMap({**codes.meanings, **more}, codes.missing)


def _listed(names: Iterable[str]) -> Iterable[Code]:
    for name in names:
        book, _, key = name.partition("/")
        yield from load_codes(book).list_of(key).codes


def problem_named(text: str) -> str:
    """The problem an ICD-10 code stands for, by its longest listed beginning; the code itself where none is listed."""
    plain = re.sub(r"[^A-Z0-9]", "", text.upper())
    labels = {problem.key: problem.label for problem in load_problems().problems}
    for length in range(len(plain), 2, -1):
        for each in _listed(("problem/icd_10",)):
            if each.code == plain[:length] and each.to:
                return labels[each.to]
    return text


def leading_number(text: str) -> str:
    """The number a text begins with ("02 - more deprived" is 2); the text itself where there is none."""
    found = re.match(r"\s*(\d+)", text)
    return str(int(found[1])) if found else text


@dataclass(frozen=True, slots=True)
class Tool:
    """The scale or the item of ours that a scored assessment holds, and the factor that brings it into our unit."""

    instrument: str
    scale: str
    factor: float = 1.0
    item: int | None = None


@dataclass(frozen=True, slots=True)
class Snomed:
    """SNOMED CT codes that are known in this cohort.

    Attributes
    ----------
    tools : mapping of str to Tool
    therapies : mapping of str to str
        Name of each therapy.
    not_used : frozenset of str
        Codes that are known and not to be read.
    refused : str
        Qualifier that says that the person refused the procedure.
    """

    tools: Mapping[str, Tool]
    therapies: Mapping[str, str]
    not_used: frozenset[str]
    refused: str

    @classmethod
    def of(
        cls, choice: Adapter, instruments: Mapping[str, Instrument], mapping_name: str
    ) -> Snomed:
        """The shipped codes with those of the mapping.

        Raises
        ------
        MappingError
            The mapping names an unknown instrument or scale; all of them at once.
        """
        shipped = load_snomed()
        tools: dict[str, Tool] = {}
        unused = {each.code for each in shipped.not_used}
        for each in shipped.tools:
            if each.instrument is None or each.scale is None or each.instrument not in instruments:
                unused.add(each.code)
                continue
            scale = instruments[each.instrument].scale(each.scale)
            if each.metric == "single_item" and tuple(scale.items or ()) != (each.item,):
                tools[each.code] = Tool(each.instrument, "", item=each.item)
            elif each.metric == "sum_of_items":
                factor = scale.maximum / each.maximum
                tools[each.code] = Tool(each.instrument, each.scale, factor)
            else:
                tools[each.code] = Tool(each.instrument, each.scale)
        wrong: list[str] = []
        for code, word in choice.tools.items():
            tools.pop(code, None)
            unused.discard(code)
            if word == NO_TOOL:
                unused.add(code)
            elif (tool := _tool(word, instruments)) is not None:
                tools[code] = tool
            else:
                ways = f"'instrument', 'instrument.scale', 'instrument.item_1' or '{NO_TOOL}'"
                wrong.append(
                    f"{mapping_name}, adapter.tools.{code}: {word!r} is no instrument and no scale of one; write "
                    f"{ways}. Instruments: {', '.join(sorted(instruments))}."
                )
        if wrong:
            raise MappingError(wrong)
        therapies = {each.code: each.label for each in shipped.therapies}
        return cls(
            tools, {**therapies, **choice.therapies}, frozenset(unused), shipped.refused_qualifier
        )

    def code_of(self, text: str) -> str:
        """The concept at the beginning of a cell, without the qualifiers that can follow it."""
        found = _CODE.match(text.removesuffix(".0"))
        return found[1] if found else ""

    def therapy(self, text: str) -> str:
        """The therapy a procedure names; empty for a refused, unused or unknown one."""
        if self.refused in text:
            return ""
        return self.therapies.get(self.code_of(text), "")

    def known(self, text: str) -> bool:
        """The procedure or tool is on some list."""
        code = self.code_of(text)
        return code in self.tools or code in self.therapies or code in self.not_used


def _tool(word: str, instruments: Mapping[str, Instrument]) -> Tool | None:
    key, _, scale = word.partition(".")
    if key not in instruments:
        return None
    item = re.fullmatch(r"item_(\d+)", scale)
    if item:
        return Tool(key, "", item=int(item[1]))
    known = [each.key for each in instruments[key].scales]
    scale = scale or instruments[key].primary_scale
    return Tool(key, scale) if scale in known else None


def code_meanings(values: np.ndarray, codes: CodeMap) -> np.ndarray:
    """Meaning of each text; empty where it has none."""
    known = {code_key(code): str(word) for code, word in codes.meanings.items()}
    return np.array([known.get(code_key(text), "") for text in values], dtype=object)
