"""The gate for words: notes, names of levels and of files, what a trust wrote about itself, before they are written.

Numbers of people in notes are rounded like any count, and small ones are not said. Names of levels are the trust's own
words: a release is refused when one of them holds markup, a path, a formula, a date, what identifies a person, or a
person's name. The refusal says where and how many, never what. All other words of a release are the product's own; they
are made of released rows, the record of the run and reference facts only (`tests/attack/test_nothing_else.py`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

import numpy as np
import pandas as pd

from naturalistic.cohort.identifiers import GIVEN_NAMES, identifying_shapes
from naturalistic.errors import DisclosureError
from naturalistic.release.profiles import Profile
from naturalistic.release.rounding import round_counts
from naturalistic.release.row_keys import text
from naturalistic.release.suppression.shown import is_small

_PEOPLE = (
    r"people|persons?|patients?|clients?|men|women|episodes|events?|referrals|therapists|others|starters|cases|dropouts?|"
    r"leavers|endings|clusters|rows?|yes/no rows|pairs|forms|without an? \w+|with an? \w+|levels? of \w+|had|were|did|have|"
    r"who|dropped|left"
)
_NUMBER = r"\d{1,3}(?:,\d{3})+|\d+"
_COUNT = re.compile(
    rf"(?<![\w.,–-])({_NUMBER})(?: of ({_NUMBER}))?(?= (?:{_PEOPLE})\b)", re.IGNORECASE
)
_PER = re.compile(r" \([\d.,]+ per [\w ]+\)")  # with the other number it gives the count back
_SO_MANY_PER = re.compile(r"\b[\d.]+ (\w+) per parameter")
_WORDS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_IN_WORDS = re.compile(
    rf"(?<!of )\b(fewer than )?({'|'.join(_WORDS)}) (people|persons?|patients?|clients?|rows?|pairs?)\b"
    r"(?=$|[:;,]| (?:is|are|was|were|has|have|had|moved|with|without|only)\b)",
    re.IGNORECASE,
)
_FILE_NAME = re.compile(r"[a-z0-9][a-z0-9_]{0,79}(?:\.[a-z]{1,8})?")
# a word that says that a name is that of a place or of a team
_PLACE = re.compile(
    r"\b(?:road|street|lane|house|cent(?:re|er)|clinic|hospital|ward|park|hall|service|team|project|locality|practice|"
    r"surgery|school|university|college|borough|district|county|north|south|east|west|unit|site|hub|trust|place)\b",
    re.IGNORECASE,
)
_TITLE = re.compile(r"\b(?:Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Professor)\b\.?\s+[A-Z][\w'’-]+")
_DATE = re.compile(r"\b\d{1,2}[/.]\d{1,2}[/.]\d{2,4}\b|\b\d{4}-\d{2}-\d{2}\b")
KINDS: Mapping[str, tuple[str, Callable[[str], bool]]] = {
    "markup": ("markup", lambda t: bool(re.search(r"<[a-zA-Z/!]|&#?\w+;|javascript:|\{\{|\{%", t))),
    "control": (
        "a line break or a control character",
        lambda t: bool(re.search(r"[\x00-\x1f\x7f]", t)),
    ),
    "path": (
        "a path",
        lambda t: bool(re.search(r"\.\.[/\\]|^[A-Za-z]:[/\\]|^[/~]|\\|^file:|://", t)),
    ),
    "formula": ("a formula of a spreadsheet", lambda t: bool(re.match(r"[=@]|[+-][A-Za-z(]", t))),
    "date": ("a date", lambda t: bool(_DATE.search(t))),
    "long_number": (
        "a number of seven or more digits",
        lambda t: bool(re.search(r"(?:\d[ -]?){7,}", t)),
    ),
    "person": ("the name of a person", lambda t: is_person(t)),
}
SHAPES = {
    "nhs_number": "an NHS number",
    "email_address": "an e-mail address",
    "phone_number": "a telephone number",
    "full_postcode": "a full postcode",
    "person_name": "names of people",
}


def clean_note(note: str, profile: Profile) -> str:
    """A note in which numbers of people are rounded, and small ones are not said.

    Examples
    --------
    >>> from naturalistic.release.profiles import load_profile
    >>> clean_note("34 without a change dropped; three people moved", load_profile("opensafely"))
    '35 without a change dropped; 7 or fewer people moved'
    """
    few = f"{profile.threshold} or fewer"

    def one(number: str | None) -> str:
        exact = float((number or "0").replace(",", ""))
        rounded = int(round_counts(exact, profile.rounding_base))
        return few if is_small(exact, profile) else f"{rounded:,}"

    def said(match: re.Match[str]) -> str:
        return f"{one(match[1])} of {one(match[2])}" if match[2] else one(match[1])

    def in_words(match: re.Match[str]) -> str:
        number = _WORDS.index(match[2].lower()) + 1 - bool(match[1])
        things = match[3] if match[3].endswith("s") else f"{match[3]}s"
        counted = "people" if "pe" in things else things
        return f"{few} {counted}" if is_small(number, profile) else match[0]

    # what the rules themselves say stands: "7 or fewer people"
    parts = re.split(r"(\d+ or fewer|fewer than (?:about )?\d+|at least \d+)", _PER.sub("", note))
    for i in range(0, len(parts), 2):
        counted = _COUNT.sub(said, _SO_MANY_PER.sub(r"few \1 per parameter", parts[i]))
        parts[i] = _IN_WORDS.sub(in_words, counted)
    return "".join(parts)


def is_person(name: str) -> bool:
    """Whether a name looks like that of a person: a title, or a frequent given name before another word.

    Examples
    --------
    >>> is_person("Dr Smith"), is_person("Margaret Brown"), is_person("Margaret Street Clinic")
    (True, True, False)
    """
    if _TITLE.search(name):
        return True
    words = re.findall(r"[A-Za-z'’-]+", name)
    if _PLACE.search(name) or not 2 <= len(words) <= 3 or re.search(r"\d", name):
        return False
    turned = "," in name and words[-1].casefold() in GIVEN_NAMES
    return turned or words[0].casefold() in GIVEN_NAMES


def check_names(estimates: Mapping[str, pd.DataFrame]) -> None:
    """Refuse a release in which a name of a level could identify or do harm.

    Parameters
    ----------
    estimates : mapping of str to DataFrame
        Rows by analysis, as they are about to be written.

    Raises
    ------
    DisclosureError
        With the breakdown, what is wrong and in how many names; never the name.
    """
    by_breakdown: dict[str, set[str]] = {}
    for frame in estimates.values():
        for dimensions in set(text(frame, "dimensions")) - {""}:
            for part in dimensions.split(";"):
                breakdown, _, level = part.partition("=")
                by_breakdown.setdefault(breakdown, set()).add(level)
        for term, contrast in set(zip(text(frame, "term"), text(frame, "contrast"), strict=True)):
            if contrast:
                by_breakdown.setdefault(term, set()).update(contrast.split(" vs "))
    problems = [p for where, names in sorted(by_breakdown.items()) for p in _problems(where, names)]
    if problems:
        raise DisclosureError(problems)


def check_record(record: Mapping[str, str]) -> None:
    """Refuse what a trust wrote about itself (title, service, contact) where it would do harm in a page.

    Raises
    ------
    DisclosureError
        With the entry and what is wrong.
    """
    kinds = ("markup", "control", "path", "formula")
    problems = [p for where, said in record.items() for p in _problems(where, {said}, kinds)]
    if problems:
        raise DisclosureError(problems)


def check_file_name(name: str) -> str:
    """The name of a file of a release: small letters, digits and underscores, nothing of a trust's own words.

    Raises
    ------
    DisclosureError
        It is another name.
    """
    if not _FILE_NAME.fullmatch(name):
        raise DisclosureError(
            "A file of the release would have a name that is not one of the product's own."
        )
    return name


def _problems(where: str, names: Iterable[str], kinds: Iterable[str] = tuple(KINDS)) -> list[str]:
    listed = sorted(set(names))
    found = {
        said: number
        for said, holds in (KINDS[kind] for kind in kinds)
        if (number := sum(map(holds, listed)))
    }
    if "person" in kinds:
        shapes = identifying_shapes(np.array(listed, dtype=object), is_id=False)
        found |= {SHAPES[shape]: 1 for shape in shapes}
    return [
        f"{where}: {number} of {len(listed)} names hold {said}. Give another name in the mapping, under codes, "
        "and run again."
        for said, number in found.items()
    ]
