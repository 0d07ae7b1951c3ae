"""Therapists' ratings of problems and risk: one row a rating, or each rating in a column of its own."""

from __future__ import annotations

from dataclasses import dataclass, field

from naturalistic.cohort.guessing.code_words import meaning_of, words_of
from naturalistic.cohort.guessing.column import Column
from naturalistic.cohort.guessing.columns import Guess
from naturalistic.cohort.guessing.draft import Draft
from naturalistic.cohort.guessing.form_names import FormWords
from naturalistic.cohort.guessing.header_words import pieces
from naturalistic.cohort.guessing.profile import FileProfile

_HIGHEST = 4
_FEWEST_WIDE = 2
_MOST_SUBJECTS = 60
_KINDS = {
    "problem": "problem",
    "problems": "problem",
    "prob": "problem",
    "risk": "risk",
    "risks": "risk",
}
_SAYS_NOTHING = frozenset(
    {"rating", "ratings", "rated", "severity", "score", "level", "grade", "therapist", "at", "of"}
)


@dataclass(frozen=True)
class RatingsFound:
    """The ratings in the columns of one file.

    Attributes
    ----------
    long : dict of str to Column
        Columns of a file with one row a rating, by canonical name.
    wide : list of tuple
        Column, kind, subject and occasion of each rating in a column of its own.
    """

    long: dict[str, Column] = field(default_factory=dict)
    wide: list[tuple[Column, str, str, str]] = field(default_factory=list)

    @property
    def any(self) -> bool:
        """Any rating."""
        return bool(self.long or self.wide)

    def names(self) -> set[str]:
        """Every column of a rating."""
        return {c.name for c in self.long.values()} | {c.name for c, *_ in self.wide}


def find_ratings(
    file: FileProfile, guesses: dict[str, list[Guess]], words: FormWords
) -> RatingsFound:
    """The ratings in the columns of one file.

    Parameters
    ----------
    file : FileProfile
    guesses : dict of str to list of Guess
        What each column that belongs to no questionnaire may be.
    words : FormWords
    """
    long = _in_rows(file, guesses)
    return RatingsFound(long, [] if long else _in_columns(file, guesses, words))


def _rated(column: Column) -> bool:
    if not column.numeric or column.empty or not column.whole:
        return False
    low, high = column.spread()
    return low >= 0 and high <= _HIGHEST


def _in_rows(file: FileProfile, guesses: dict[str, list[Guess]]) -> dict[str, Column]:
    kind = next((c for n, c in file.columns.items() if n in guesses and _is_kind(c)), None)
    if kind is None:
        return {}
    targets = {n: {g.target: g for g in gs} for n, gs in guesses.items()}
    value = [
        file.columns[n] for n, t in targets.items() if "form.value" in t and _rated(file.columns[n])
    ]
    occasion = [
        t["form.occasion"].column
        for t in targets.values()
        if "form.occasion" in t
        and (heard := t["form.occasion"].meanings) is not None
        and {"pre", "end"} <= set(heard.known.values())
    ]
    ids = {
        n for n, t in targets.items() if {"patients.patient_id", "referrals.referral_id"} & set(t)
    }
    taken = ids | {c.name for c in (kind, *value, *occasion)}
    subject = [
        c
        for n, c in file.columns.items()
        if n in guesses
        and n not in taken
        and not c.numeric
        and not c.dates
        and not c.rules
        and 2 <= c.n_distinct <= min(_MOST_SUBJECTS, 0.2 * c.n_filled)
    ]
    if not (value and occasion and subject):
        return {}
    found = {"kind": kind, "subject": subject[0], "occasion": occasion[0], "value": value[0]}
    dated = [
        c for c in file.columns.values() if c.dates is not None and c.dates.proven and not c.rules
    ]
    return found | ({"date": dated[0]} if len(dated) == 1 else {})


def _is_kind(column: Column) -> bool:
    held = [words_of(str(text)) for text in column.texts]
    return 1 <= len(held) <= 6 and all(set(text.split()) & set(_KINDS) for text in held)


def _in_columns(
    file: FileProfile, guesses: dict[str, list[Guess]], words: FormWords
) -> list[tuple[Column, str, str, str]]:
    found = []
    for name in guesses:
        column, said = file.columns[name], words.parse(name)
        texts = [piece.text for piece in pieces(name)]
        kinds = {_KINDS[text] for text in texts if text in _KINDS}
        if (
            len(kinds) != 1
            or said.instruments
            or said.occasion not in ("pre", "end")
            or not _rated(column)
        ):
            continue
        subject = [t for t in said.leftover if t not in _KINDS and t not in _SAYS_NOTHING]
        if subject:
            found.append((column, kinds.pop(), " ".join(subject), said.occasion))
    return found if len(found) >= _FEWEST_WIDE else []


def write_ratings(
    found: RatingsFound, file: FileProfile, links: dict[str, str], draft: Draft
) -> None:
    """The block of the mapping."""
    if found.long:
        draft.add(2, comment="one row a rating")
        draft.add(2, "- file", file.key)
        draft.add(3, "columns")
        for target, source in links.items():
            draft.add(4, target, source)
        for target, column in found.long.items():
            draft.add(
                4, target, _entry(target, column), "likely: its words" if target == "kind" else ""
            )
        return
    draft.add(2, comment="one row a person, each rating in a column of its own")
    draft.add(2, "- file", file.key)
    draft.add(3, "columns", dict(links))
    draft.add(3, "ratings")
    for column, kind, subject, occasion in found.wide:
        value = {"kind": kind, "subject": subject, "occasion": occasion, "from": column.name}
        draft.add(4, "-", value)


def _entry(target: str, column: Column) -> object:
    if target == "kind":
        held = sorted(column.writable())
        codes = {t: next(_KINDS[w] for w in words_of(t).split() if w in _KINDS) for t in held}
        return {"from": column.name, "codes": codes}
    if target == "occasion":
        known = {t: meaning_of("occasion", t) for t in sorted(column.writable())}
        return {
            "from": column.name,
            "codes": {t: w for t, w in known.items() if w in ("pre", "end")},
        }
    if target == "date" and column.dates is not None:
        return {"from": column.name, "date_format": column.dates.formats[0]}
    return column.name
