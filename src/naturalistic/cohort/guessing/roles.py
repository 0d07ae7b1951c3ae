"""Which file is which table, how the files are linked, and which column becomes what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from naturalistic.cohort.cells import read_ids
from naturalistic.cohort.gate import LEAST_YEARS_BEFORE
from naturalistic.cohort.guessing.columns import Guess, guesses
from naturalistic.cohort.guessing.form_names import FormWords
from naturalistic.cohort.guessing.forms import FormsFound, find_forms
from naturalistic.cohort.guessing.header_words import concept_words, plain
from naturalistic.cohort.guessing.profile import Column, FileProfile
from naturalistic.cohort.guessing.word_lists import word_list

LEAST_SCORE = 0.45
_LEAST_ID_SCORE = 0.4
_REPEATED = 1.2
_LINKED = 0.5
_OF_THE_CONTACT = {"form.date": "sessions.date", "form.occasion": "sessions.contact_type"}
_BARE_ID = frozenset(["id", "number", "record", "unique", "local", "row", "case", "key", "patient"])
_TOPICS = ("session", "referral", "patient", "measure", "therapist", "discharge")


@dataclass
class FileRoles:
    """What one file is and what its columns are.

    Attributes
    ----------
    file : FileProfile
    forms : FormsFound
        Questionnaires in its columns.
    guesses : dict of str to list of Guess
        Everything each other column may be, the best first.
    patient, referral : Column or None
        Columns that say whose row it is.
    roles : set of str
        Tables that the file feeds.
    picked : dict of str to Guess
        Target -> the column that was chosen.
    long : dict of str to Guess
        Columns of a file with one row an answer or a score.
    """

    file: FileProfile
    forms: FormsFound
    guesses: dict[str, list[Guess]] = field(default_factory=dict)
    patient: Column | None = None
    referral: Column | None = None
    roles: set[str] = field(default_factory=set)
    picked: dict[str, Guess] = field(default_factory=dict)
    long: dict[str, Guess] = field(default_factory=dict)
    national: bool = False

    @property
    def repeated(self) -> bool:
        """Several rows a person or referral."""
        own = [c for c in (self.patient, self.referral) if c is not None]
        return any(c.n_filled >= _REPEATED * max(1, c.n_distinct) for c in own)

    def used(self) -> set[str]:
        """Columns that something was made of."""
        own = {c.name for c in (self.patient, self.referral) if c is not None}
        taken = (
            own
            | {g.column.name for g in self.picked.values()}
            | {g.column.name for g in self.long.values()}
        )
        parts = {n for i in self.forms.items for n in i.series.columns.values()}
        return (
            taken
            | parts
            | {s.column.name for s in self.forms.scores}
            | {c.name for c, _ in self.forms.dates}
        )

    def best(self, table: str) -> dict[str, Guess]:
        """The best column for each canonical column of a table, no column twice."""
        return assign(self.guesses, {table})


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
    _find_ids(found)
    for each in found:
        _tell_owners(each)
        each.long = _long_columns(each, words)
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


def assign(candidates: Mapping[str, list[Guess]], tables: set[str]) -> dict[str, Guess]:
    """Give every target at most one column and every column at most one target, the best fits first."""
    wanted = [
        guess
        for name in sorted(candidates)
        for guess in candidates[name]
        if guess.score >= LEAST_SCORE and guess.target.split(".")[0] in tables
    ]
    wanted.sort(
        key=lambda g: (-g.score, -g.name_score, -g.column.n_filled, g.target, g.column.name)
    )
    picked: dict[str, Guess] = {}
    taken: set[str] = set()
    for guess in wanted:
        base = guess.target.split(":")[0]
        if guess.column.name in taken or base in {t.split(":")[0] for t in picked}:
            continue
        picked[guess.target] = guess
        taken.add(guess.column.name)
    return picked


def _first_look(file: FileProfile, words: FormWords) -> FileRoles:
    forms = find_forms(file, words)
    national = (
        sum(plain(name) in word_list("column_names")["national"] for name in file.columns) >= 3
    )
    each = FileRoles(file, forms, national=national)
    _guess_columns(each, _context(file))
    return each


def _context(file: FileProfile) -> frozenset[str]:
    return frozenset(w for w in concept_words(file.stem) if w in _TOPICS) | {"patient"}


def _guess_columns(each: FileRoles, context: frozenset[str]) -> None:
    taken = each.forms.names()
    each.guesses = {
        name: guesses(column, context, national=each.national)
        for name, column in each.file.columns.items()
        if name not in taken
    }


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
    ids = {c.name for c in (each.patient, each.referral) if c is not None}
    long = {g.column.name for g in each.long.values()}
    left = {n: g for n, g in each.guesses.items() if n not in ids | long}
    tables = set(each.roles) - {"questionnaires"}
    if "questionnaires" in each.roles and (each.long or not each.forms.placed):
        tables.add("form")
    picked = assign({n: [g for g in gs if _allowed(g, each)] for n, gs in left.items()}, tables)
    each.picked = picked


def _allowed(guess: Guess, each: FileRoles) -> bool:
    if guess.field in ("patient_id", "referral_id"):
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


# ---------------------------------------------------------------------------------------------------------------- ids


def _find_ids(found: list[FileRoles]) -> None:
    for each in found:
        each.patient = _named_id(each, "patients.patient_id")
        each.referral = _named_id(each, "referrals.referral_id")
        if each.patient is not None and each.referral is each.patient:
            each.referral = None
        if each.patient is not None and each.referral is None:
            each.referral = _case_number(each)
    for each in found:
        if each.patient is None and each.referral is None:
            each.patient = _bare_id(each, found)
    _turn_ids(found)


def _tell_owners(each: FileRoles) -> None:
    """Let every column of a file with several rows a person know whose row each is."""
    own = each.patient or each.referral
    if own is not None and each.repeated:
        for column in each.file.columns.values():
            column.owners = own.cells.codes


def _named_id(each: FileRoles, target: str) -> Column | None:
    own = [
        g
        for gs in each.guesses.values()
        for g in gs
        if g.target == target and g.score >= _LEAST_ID_SCORE
    ]
    own = [g for g in own if not _rather(each, g)]
    own.sort(
        key=lambda g: (
            target.endswith("patient_id") and "patient" not in g.column.words,
            -g.score,
            g.column.n_filled != each.file.n_rows,
            -g.column.n_distinct,
            g.column.name,
        )
    )
    return own[0].column if own else None


def _case_number(each: FileRoles) -> Column | None:
    """Beside a number of the patient, the number of a case is that of a referral."""
    for name, column in each.file.columns.items():
        is_case = "record" in column.words and {"id", "number"} & set(column.words)
        own = {g.target for g in each.guesses.get(name, [])}
        if is_case and column is not each.patient and "patients.patient_id" in own:
            finer = each.patient is not None and column.n_distinct >= each.patient.n_distinct
            if finer and column.n_filled == each.file.n_rows and not _is_row_number(column):
                return column
    return None


def _is_row_number(column: Column) -> bool:
    """Whole numbers without a gap, one a row: they count the rows of the file."""
    if not column.numeric or column.n_distinct < column.n_filled:
        return False
    low, high = column.spread()
    return column.whole and low in (0, 1) and high - low + 1 == column.n_distinct


def _rather(each: FileRoles, guess: Guess) -> bool:
    """The column is something else in the first place."""
    best = each.guesses[guess.column.name][0]
    return best.score > guess.score + 1e-9 and best.target != guess.target


def _bare_id(each: FileRoles, found: list[FileRoles]) -> Column | None:
    """A column called ID or the like: what links to another file, or is different in every row."""
    bare = [
        c
        for name, c in each.file.columns.items()
        if set(concept_words(name)) <= _BARE_ID | {""}
        and concept_words(name)
        and not c.dates
        and not c.empty
        and "nhs_number" not in c.rules
        and name not in each.forms.names()
    ]
    others = [o.patient for o in found if o is not each and o.patient is not None]
    linked = [c for c in bare if any(share_of_ids(c, o) >= _LINKED for o in others)]
    chosen = linked or [c for c in bare if c.n_distinct == c.n_filled == each.file.n_rows] or bare
    return chosen[0] if chosen else None


def _turn_ids(found: list[FileRoles]) -> None:
    """An id named like a person's that holds the ids of referrals, or the other way round."""
    people = [e.patient for e in found if e.patient is not None]
    referrals = [e.referral for e in found if e.referral is not None]
    for each in found:
        if each.patient is not None and each.referral is None:
            own = each.patient
            as_person = max((share_of_ids(own, o) for o in people if o is not own), default=-1.0)
            as_referral = max((share_of_ids(own, o) for o in referrals), default=-1.0)
            if as_person < _LINKED <= as_referral:
                each.patient, each.referral = None, own
        elif each.referral is not None and each.patient is None:
            own = each.referral
            as_person = max((share_of_ids(own, o) for o in people), default=-1.0)
            as_referral = max(
                (share_of_ids(own, o) for o in referrals if o is not own), default=-1.0
            )
            if as_referral < _LINKED <= as_person:
                each.patient, each.referral = own, None


def share_of_ids(column: Column, other: Column) -> float:
    """Share of the ids of one column that stand in another."""
    own = {i for i in read_ids(column.cells, ()) if i is not None}
    theirs = {i for i in read_ids(other.cells, ()) if i is not None}
    return len(own & theirs) / len(own) if own else 0.0


# -------------------------------------------------------------------------------------------------------------- roles


def _evidence(each: FileRoles, table: str) -> float:
    return sum(
        g.score
        for t, g in each.best(table).items()
        if not t.endswith(("patient_id", "referral_id"))
    )


def _give_roles(found: list[FileRoles]) -> None:
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


def _most(owners: list[FileRoles], table: str) -> FileRoles:
    def weight(each: FileRoles) -> tuple[float, bool, int]:
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


# --------------------------------------------------------------------------------------- one row an answer or a score


def _long_columns(each: FileRoles, words: FormWords) -> dict[str, Guess]:
    """Columns for the questionnaire, the item or scale, and the value, where each row is one answer or score."""
    if each.forms.any or not each.repeated:
        return {}
    left = {n: gs for n, gs in each.guesses.items()}
    picked = {t: g for t, g in assign(left, {"form"}).items()}
    value = picked.get("form.value")
    if value is None or not value.column.numeric:
        return {}
    measure = _measure_column(each, words)
    item = picked.get("form.item")
    found = {"value": value}
    if measure is not None:
        found["instrument"] = measure
    if item is not None and item.column is not value.column and item.column.n_distinct >= 3:
        found["item"] = item
    elif (
        measure is not None
        and (scale := picked.get("form.scale")) is not None
        and scale.column is not measure.column
    ):
        found["scale"] = scale
    named = words.parse(each.file.stem).instruments
    return found if measure is not None or ("item" in found) or named else {}


def _measure_column(each: FileRoles, words: FormWords) -> Guess | None:
    """The column whose texts are names of questionnaires."""
    best: tuple[float, Guess] | None = None
    for column in each.file.columns.values():
        if column.dates or column.n_distinct > 60 or column.empty or column.rules:
            continue
        known = np.array([bool(measure_named(str(t), words)[0]) for t in column.texts], dtype=bool)
        share = float(known.mean())
        if share >= 0.5 and (best is None or share > best[0]):
            reason = "its texts are names or codes of questionnaires"
            best = (share, Guess("form.instrument", column, 0.7 + 0.3 * share, 0.0, reason))
    return best[1] if best else None


def measure_named(text: str, words: FormWords) -> tuple[str, str]:
    """Instrument and scale that a cell names, by name or by SNOMED code; empty texts where it names none."""
    from naturalistic.reference.loader import load_snomed

    for tool in load_snomed().tools:
        if text == tool.code and tool.instrument and tool.metric == "same":
            return tool.instrument, tool.scale or ""
    parsed = words.parse(text)
    if len(parsed.instruments) != 1 or parsed.item is not None or len(parsed.leftover) > 2:
        return "", ""
    key = parsed.instruments[0]
    return key, parsed.scale or words.instruments[key].primary_scale
