"""Which columns say whose row it is, and how the files are linked by them."""

from __future__ import annotations

from naturalistic.cohort.cells import read_ids
from naturalistic.cohort.guessing.column import DEFAULT_MISSING, Column
from naturalistic.cohort.guessing.columns import Guess
from naturalistic.cohort.guessing.file_roles import FileRoles
from naturalistic.cohort.guessing.header_words import concept_words
from naturalistic.cohort.written_ids import plain_id
from naturalistic.settings.mapping import IdDifference

WAYS: dict[IdDifference, str] = {
    "capitals": "with capitals ignored",
    "leading_zeros": "with leading zeros ignored",
}
_FEWEST_WON = 3
_LEAST_ID_SCORE = 0.4
_LINKED = 0.5
_BARE_ID = frozenset(["id", "number", "record", "unique", "local", "row", "case", "key", "patient"])


def find_ids(found: list[FileRoles]) -> None:
    """Set the columns of the patient and of the referral in every file, by name and by what links to other files."""
    for each in found:
        each.patient = _named_id(each, "patients.patient_id")
        each.referral = _named_id(each, "referrals.referral_id")
        if each.patient is not None and each.referral is each.patient:
            each.referral = None
        if each.patient is not None and each.referral is None:
            each.referral = _case_number(each)
    for each in found:
        if each.patient is None and each.referral is None:
            each.patient = _bare_id(each, found) or (_row_number(each) if len(found) == 1 else None)
    _turn_ids(found)


def tell_owners(each: FileRoles) -> None:
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


def _row_number(each: FileRoles) -> Column | None:
    """In the only file, with one row a person, the number of the row is as good as a number of the person."""
    holders = [
        c
        for c in each.file.columns.values()
        if _is_row_number(c) and {"row", "index"} & set(c.words)
    ]
    return holders[0] if holders else None


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
    """Share of the ids of one column that stand in another, capitals aside where few do."""
    own, theirs = _ids(column), _ids(other)
    share = len(own & theirs) / len(own) if own else 0.0
    if not own or share >= _LINKED:
        return share
    folded = {i.casefold() for i in theirs}
    return sum(i.casefold() in folded for i in own) / len(own)


def ids_written_differently(found: list[FileRoles]) -> dict[IdDifference, int]:
    """Whether capitals or leading zeros keep files apart, with the number of ids that are only found without them.

    Nothing is said where two ids of one file would become one.
    """
    won: dict[IdDifference, int] = {}
    columns = [
        [c for c in (getattr(each, kind) for each in found) if c is not None]
        for kind in ("patient", "referral")
    ]
    for held in columns:
        ids = [_ids(column) for column in held]
        if len(ids) < 2:
            continue
        whole = max(ids, key=len)
        for way in WAYS:
            plain = {plain_id(i, (way,)) for i in whole}
            lost = [i for each in ids if each is not whole for i in each - whole]
            n = sum(plain_id(i, (way,)) in plain for i in lost)
            apart = all(len({plain_id(i, (way,)) for i in each}) == len(each) for each in ids)
            if n >= _FEWEST_WON and apart:
                won[way] = won.get(way, 0) + n
    return won


def _ids(column: Column) -> set[str]:
    return {i for i in read_ids(column.cells, DEFAULT_MISSING) if i is not None}
