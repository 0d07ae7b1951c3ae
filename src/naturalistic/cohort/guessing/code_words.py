"""What the codes and words of a column probably stand for, by published code lists and by the field's usual words."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache

from naturalistic.cohort.cells import code_key
from naturalistic.cohort.guessing.word_lists import word_list
from naturalistic.reference.codes_models import normal_code
from naturalistic.reference.loader import load_codes, load_problems, load_therapy_models

MISSING = ""
"""Stands for "not recorded" among the meanings."""

_UNCLEAR = "?"
"""Says something, but not enough: a cancellation without who cancelled."""

_YES_NO = ("benefits", "long_term_condition", "disability", "prior_treatment")
_CODE_BOOKS = {
    # column: (lists of codes, words that a column name should hold before a number is read by the list)
    "attendance": (("attendance", "nhs"),),
    "contact_type": (("contact_type", "nhs_talking_therapies"),),
    "ending": (("endings", "nhs_talking_therapies_v2"), ("endings", "iapt_v1_5")),
    "gender": (("gender", "nhs_gender"), ("gender", "nhs_gender_identity")),
    "ethnicity": (("ethnicity", "nhs_2001"),),
    "employment": (("employment", "nhs"),),
    "mode": (("mode", "nhs"),),
    "referral_source": (("referral_source", "nhs"),),
}
_DISTINCTIVE = {
    # lists whose codes hardly occur otherwise: fewest different codes that prove them
    "attendance": 3,
    "ending": 3,
    "ethnicity": 3,
    "employment": 4,
    "referral_source": 4,
}
_CORE_STAGES = {
    "s": "assessment",
    "r": "assessment",
    "a": "assessment",
    "f": "pre",
    "p": "pre",
    "d": "session",
    "l": "end",
    "x": "follow_up",
    "y": "follow_up",
}


@dataclass(frozen=True, slots=True)
class Meanings:
    """What the texts of a column stand for.

    Attributes
    ----------
    known : dict of str to str
        Meaning of each explained text; `MISSING` where it says that nothing was recorded.
    unknown : tuple of str
        Texts that nothing explains.
    published : str
        Name of the published list that explains them, if one does.
    certain : bool
        The texts say it in words, or the codes hardly occur in another meaning.
    """

    known: dict[str, str] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()
    published: str = ""
    certain: bool = True


@cache
def _patterns(column: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    """Patterns of one column with the word each stands for."""
    lists = word_list("code_words")
    rules = lists["words"].get(column, ())
    if isinstance(rules, str):  # the same words as another column
        return _patterns(rules)
    return tuple(
        (_pattern(tuple(patterns)), meaning) for rule in rules for meaning, patterns in rule.items()
    )


@cache
def _pattern(patterns: tuple[str, ...]) -> re.Pattern[str]:
    text = "|".join(patterns)
    for who, names in word_list("code_words")["who"].items():
        text = text.replace(f"<{who}>", f"(?:{'|'.join(names)})")
    return re.compile(text)


@cache
def _unrecorded() -> re.Pattern[str]:
    return _pattern(tuple(word_list("code_words")["unrecorded"]))


def words_of(text: str) -> str:
    """A cell as plain small words: `Cancelled - by Pt.` gives `cancelled by pt`."""
    return " ".join(re.sub(r"[^a-z0-9<>+]+", " ", code_key(text)).split())


def meaning_of(column: str, text: str) -> str | None:
    """The word of a closed list that a text in words stands for; None where it is not clear."""
    plain = words_of(text)
    if _unrecorded().fullmatch(plain):
        return "unknown_ending" if column == "ending" else MISSING
    for pattern, meaning in _patterns(column):
        if pattern.fullmatch(plain):
            return None if meaning == _UNCLEAR else meaning
    return None


def meanings(column: str, texts: Iterable[str], *, national: bool) -> Meanings:
    """Meanings of the texts of a column for a canonical column with a closed list.

    Parameters
    ----------
    column : str
        Canonical column, such as "ending".
    texts : iterable of str
        Distinct texts, missing ones left out.
    national : bool
        The file has the column names of a national data set, so that numbers can be read by its lists.
    """
    held = list(texts)
    if not held:
        return Meanings()
    listed = _by_published_list(column, held, national)
    if listed is not None:
        return listed
    if column == "occasion" and (stages := _by_core_stages(held)) is not None:
        return stages
    known: dict[str, str] = {}
    unknown: list[str] = []
    for text in held:
        meaning = meaning_of(column, text)
        if meaning is None or _too_short(column, text, held):
            unknown.append(text)
        else:
            known[text] = meaning
    return Meanings(known, tuple(unknown))


def _too_short(column: str, text: str, held: list[str]) -> bool:
    """Single letters only speak together: F beside M is female, F alone can be anything."""
    if len(words_of(text)) > 1 or column in ("gender", "medication", *_YES_NO):
        return False
    letters = [t for t in held if len(words_of(t)) == 1]
    return column != "relationship_status" or len(letters) < 3


def _by_published_list(column: str, held: list[str], national: bool) -> Meanings | None:
    plain = {text: normal_code(code_key(text)) for text in held}
    for book, key in _CODE_BOOKS.get(column, ()):
        listed = load_codes(book).list_of(key)
        codes = listed.translation()
        found = [text for text in held if plain[text] in codes]
        if len(found) < max(2, 0.8 * len(held)):
            continue
        different = len({plain[text] for text in found})
        padded = any(t.startswith("0") and len(t) == 2 for t in found)
        proven = different >= _DISTINCTIVE.get(column, 99) or padded
        certain = national or proven or (column == "ending" and different >= 2)
        if column == "ethnicity" and not all(t.isalpha() or t == "99" for t in found):
            continue
        known = {t: codes[plain[t]] or MISSING for t in found}
        unknown = tuple(t for t in held if t not in known)
        return Meanings(known, unknown, listed.name, certain)
    return None


def _by_core_stages(held: list[str]) -> Meanings | None:
    """Stages printed on the CORE forms, where their letters cannot be those of another list."""
    letters = {text.casefold() for text in held}
    if letters <= set(_CORE_STAGES) and {"p", "d", "l"} & letters and len(letters) >= 3:
        return Meanings(
            {t: _CORE_STAGES[t.casefold()] for t in held}, (), "stages of the CORE forms"
        )
    return None


@cache
def _aliases(which: str) -> dict[str, str]:
    if which == "therapy_model":
        models = load_therapy_models().models
        return {words_of(n): m.key for m in models for n in (m.key, m.label, *m.aliases)}
    problems = load_problems().problems
    return {words_of(n): p.key for p in problems for n in (p.key, p.label, *p.aliases)}


def reference_share(which: str, texts: Iterable[str]) -> float:
    """Share of texts that are known therapies (`therapy_model`) or problems (`problem`)."""
    held = [words_of(text) for text in texts]
    known = _aliases(which)
    return sum(text in known for text in held) / len(held) if held else 0.0
