"""Which file is which table, how the files are linked, and which column becomes what."""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np

from naturalistic.cohort.gate import LEAST_YEARS_BEFORE
from naturalistic.cohort.guessing.columns import Guess, guesses
from naturalistic.cohort.guessing.file_roles import FileRoles, assign
from naturalistic.cohort.guessing.form_names import FormWords
from naturalistic.cohort.guessing.forms import find_forms
from naturalistic.cohort.guessing.header_words import concept_words, plain
from naturalistic.cohort.guessing.ids import find_ids, tell_owners
from naturalistic.cohort.guessing.long_columns import long_columns
from naturalistic.cohort.guessing.profile import FileProfile
from naturalistic.cohort.guessing.ratings import find_ratings
from naturalistic.cohort.guessing.redcap import field_of_box, redcap_reasons
from naturalistic.cohort.guessing.row_level import beside, same_on_every_row
from naturalistic.cohort.guessing.word_lists import word_list

_OF_THE_CONTACT = {"form.date": "sessions.date", "form.occasion": "sessions.contact_type"}
_OF_SCORES = frozenset(["score", "total", "value", "result", "answer"])
_TOPICS = ("session", "referral", "patient", "measure", "therapist", "discharge")


def read_roles(files: Iterable[FileProfile], words: FormWords) -> list[FileRoles]:
    """What every file of an extract is.

    Parameters
    ----------
    files : iterable of FileProfile
    words : FormWords
        Names of the instruments.
    """
    found = [_first_look(file, words) for file in files]
    latest = _latest_year(found)
    for each in found:
        _find_births(each, latest)
    find_ids(found)
    for each in found:
        tell_owners(each)
        each.ratings = find_ratings(each.file, each.guesses, words)
        each.long = {} if each.ratings.long else long_columns(each, words)
    _give_roles(found)
    for each in found:
        _second_look(each, latest)
    return found


def _latest_year(found: list[FileRoles]) -> float:
    years = [c.dates.median_year for e in found for c in e.file.columns.values() if c.dates]
    return max(years, default=np.nan)


def _find_births(each: FileRoles, latest: float) -> None:
    """Dates many years before the others are dates of birth, whatever their name; the gate refuses them as others."""
    for name, column in each.file.columns.items():
        if column.dates is not None and column.dates.median_year <= latest - LEAST_YEARS_BEFORE:
            reason = f"its dates lie {LEAST_YEARS_BEFORE} years or more before the others"
            known = [g for g in each.guesses.get(name, []) if g.target == "patients.age:birth"]
            each.guesses[name] = known or [Guess("patients.age:birth", column, 0.7, 0.0, reason)]


def _first_look(file: FileProfile, words: FormWords) -> FileRoles:
    for name, column in file.columns.items():
        if _OF_SCORES & set(column.words):
            file.columns[name] = column.without_words_behind()
    forms = find_forms(file, words)
    national = (
        sum(plain(name) in word_list("column_names")["national"] for name in file.columns) >= 3
    )
    each = FileRoles(file, forms, national=national, redcap=redcap_reasons(file.columns))
    if each.redcap:
        for name, column in file.columns.items():
            column.label = column.label or field_of_box(name)  # a box alone is its question
    _guess_columns(each, _context(file))
    return each


def _context(file: FileProfile) -> frozenset[str]:
    return frozenset(w for w in concept_words(file.stem) if w in _TOPICS) | {"patient"}


def _guess_columns(each: FileRoles, context: frozenset[str]) -> None:
    taken = each.forms.names() | set(each.redcap)
    each.guesses = {
        name: guesses(column, context, national=each.national)
        for name, column in each.file.columns.items()
        if name not in taken and not _one_of_several_dates(name, each.file)
    }


def _one_of_several_dates(name: str, file: FileProfile) -> bool:
    """Of two columns called "Date" neither says which it is: that is asked."""
    numbered = re.fullmatch(r"(.+) \(\d+\)", name)
    twin = numbered is not None and f"{numbered[1]} (2)" in file.columns
    return twin and (file.columns[name].dates is not None or file.columns[name].serial_dates)


def _second_look(each: FileRoles, latest: float) -> None:
    """With the role known, what goes without saying is known too."""
    context = _context(each.file)
    names = {"sessions": "session", "referrals": "referral"}
    # in a file with one row a contact a bare date is that of the contact
    own = "sessions" if "sessions" in each.roles else "referrals"
    if own in each.roles:
        context |= {names[own]}
    if "questionnaires" in each.roles and "sessions" not in each.roles:
        context |= {"measure", "completed"}
    _guess_columns(each, context)
    _find_births(each, latest)
    ids = {c.name for c in (each.patient, each.referral) if c is not None} | each.ratings.names()
    long = {g.column.name for g in each.long.values()}
    left = {n: g for n, g in each.guesses.items() if n not in ids | long}
    tables = set(each.roles) - {"questionnaires", "ratings"}
    if "questionnaires" in each.roles and (each.long or not each.forms.placed):
        tables.add("form")
    picked = assign({n: [g for g in gs if _allowed(g, each)] for n, gs in left.items()}, tables)
    each.picked = picked


def _allowed(guess: Guess, each: FileRoles) -> bool:
    """Whether a column may be taken for a target, now that the role of its file is known."""
    if guess.field in ("patient_id", "referral_id"):
        return False
    if guess.target in ("form.date", "sessions.date") and not _of_the_row(guess, each):
        return False
    if guess.target in _OF_THE_CONTACT and "sessions" in each.roles:
        # the date of a contact is the date of the forms filled in at it, and its type is not a time point
        rival = _OF_THE_CONTACT[guess.target]
        rivals = [g.score for g in each.guesses[guess.column.name] if g.target == rival]
        if rivals and rivals[0] >= guess.score - 0.1:
            return False
    if guess.target == "referrals.therapist_id" and "sessions" in each.roles:
        return False
    if guess.target in ("form.instrument", "form.scale", "form.item", "form.value"):
        return False
    if guess.target.startswith("referrals.sessions_") and "sessions" in each.roles:
        return False
    return not (guess.target == "form.session_number" and guess.column.n_distinct < 2)


def _of_the_row(guess: Guess, each: FileRoles) -> bool:
    """A date of a contact or form differs from row to row of a person, and stands where answers and scores stand."""
    owner = each.referral or each.patient
    if each.long:  # all answers of a form share its date
        return True
    if owner is not None and each.repeated and same_on_every_row(guess.column, owner):
        return False
    if guess.target == "sessions.date":
        return True
    columns = each.file.columns
    answers = [s.column for s in each.forms.scores]
    answers += [columns[n] for i in each.forms.items for n in i.series.columns.values()]
    return beside(guess.column, answers)


# -------------------------------------------------------------------------------------------------------------- roles


def _evidence(each: FileRoles, table: str) -> float:
    return sum(
        g.score
        for t, g in each.best(table).items()
        if not t.endswith(("patient_id", "referral_id"))
    )


def _give_roles(found: list[FileRoles]) -> None:
    """Which file feeds which table."""
    people = [e for e in found if e.patient is not None]
    owners = people or [e for e in found if e.referral is not None]
    if owners:
        _most(owners, "patients").roles.add("patients")
        _most(owners, "referrals").roles.add("referrals")
    elif found:
        best = max(found, key=lambda e: _evidence(e, "patients") + _evidence(e, "referrals"))
        best.roles |= {"patients", "referrals"}
    contacts = [e for e in found if _holds_sessions(e)]
    if contacts:
        max(contacts, key=lambda e: (_evidence(e, "sessions"), e.file.n_rows)).roles.add("sessions")
    for each in found:
        if each.forms.any or each.long:
            each.roles.add("questionnaires")
        if each.ratings.any:
            each.roles.add("ratings")


def _most(owners: list[FileRoles], table: str) -> FileRoles:
    """The file that most likely holds a table: by its columns, then by its name, then the shortest."""

    def weight(each: FileRoles) -> tuple[float, bool, int]:
        """How much speaks for this file, then what decides between files with as much."""
        evidence = _evidence(each, table)
        # the same columns in a file with one row a contact are copies
        return (
            evidence * (0.8 if each.repeated else 1.0),
            table in _topics(each),
            -each.file.n_rows,
        )

    return max(owners, key=weight)


def _topics(each: FileRoles) -> set[str]:
    return {f"{word}s" for word in concept_words(each.file.stem)}


def _holds_sessions(each: FileRoles) -> bool:
    """One row a contact: a date, and what happened on it."""
    best = each.best("sessions")
    if "sessions.date" not in best or each.long:
        return False
    if not each.repeated and "session" not in concept_words(each.file.stem):
        return False
    own = {"attendance", "contact_type", "mode", "duration"}
    strong = {t.split(".")[1] for t, g in best.items() if g.score >= 0.5} & own
    return (
        bool({"attendance", "duration", "mode"} & strong)
        or (bool(strong) and "session" in concept_words(each.file.stem))
        or ("session" in concept_words(each.file.stem) and not each.forms.any)
    )
