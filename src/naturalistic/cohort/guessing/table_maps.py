"""The canonical tables of a draft: from which file, by which columns, and what is asked."""

from __future__ import annotations

import numpy as np

from naturalistic.cohort.guessing.builder import Builder
from naturalistic.cohort.guessing.code_maps import Entry
from naturalistic.cohort.guessing.code_words import meanings
from naturalistic.cohort.guessing.column import Column
from naturalistic.cohort.guessing.column_maps import IDENTIFYING, entry
from naturalistic.cohort.guessing.columns import Guess
from naturalistic.cohort.guessing.draft import Draft
from naturalistic.cohort.guessing.file_roles import FileRoles
from naturalistic.cohort.guessing.form_maps import FormWriter
from naturalistic.cohort.guessing.form_values import FormValues
from naturalistic.cohort.guessing.ids import share_of_ids
from naturalistic.cohort.guessing.questions import LEAVE_OUT, Option, Question
from naturalistic.cohort.guessing.ratings import write_ratings
from naturalistic.tables.cohort import COHORT_TABLES

_CORE = {
    # what the report needs most: asked for where columns are left that it could be
    "referrals.received_date": "the day the referral was received",
    "referrals.discharge_date": "the day the referral was closed",
    "referrals.ending": "how therapy ended",
    "sessions.attendance": "whether the contact was attended",
}
_MOST_CANDIDATES = 8
_MOST_CODES = 12
_LINKED = 0.5


def write_tables(builder: Builder) -> Draft:
    """The blocks under `tables`; written first, because they tell what the files must declare."""
    body = Draft()
    for table in ("patients", "referrals", "sessions"):
        each = next((e for e in builder.found if table in e.roles), None)
        if each is not None:
            _write_table(builder, body, table, each)
    forms = [e for e in builder.found if "questionnaires" in e.roles]
    if forms:
        body.add(1, "questionnaires")
    for each in forms:
        links = _links(builder, each)
        values = FormValues(each, builder.words)
        file_format = builder.formats[each.file.key]
        FormWriter(values, body, builder.dates, file_format, links).write()
        for key, n in values.instruments_used.items():
            builder.used_instruments[key] = builder.used_instruments.get(key, 0) + n
        builder.fillers[each.file.key] = values.fillers
    rated = [e for e in builder.found if "ratings" in e.roles]
    if rated:
        body.add(0)
        body.add(1, "ratings")
    for each in rated:
        write_ratings(each.ratings, each.file, _links(builder, each), body)
    return body


def _write_table(builder: Builder, body: Draft, table: str, each: FileRoles) -> None:
    file = each.file
    body.add(1, table, None, f"from {file.source.path}")
    body.add(2, "file", file.key)
    body.add(2, "columns")
    names: list[str] = []
    for target, made in _id_entries(builder, table, each).items():
        body.add(3, target, made.value, made.comment, made.needs)
        names.append(target)
    order = COHORT_TABLES[table].names
    picked = {g.field: g for t, g in each.picked.items() if t.startswith(f"{table}.")}
    for name in order:
        if name in picked:
            made = entry(picked[name], file, builder.formats[file.key], builder.dates)
            body.add(3, name, made.value, made.comment, made.needs)
            names.append(name)
    for target, what in _CORE.items():
        if target.startswith(f"{table}.") and target.split(".")[1] not in picked:
            made_core = _ask_core(builder, target, what, each)
            if made_core is not None:
                body.add(
                    3, target.split(".")[1], made_core.value, made_core.comment, made_core.needs
                )
    if table == "referrals" and not builder.dated:
        day_zero = _day_zero()
        body.add(3, "first_session_date", day_zero.value, day_zero.comment, day_zero.needs)
    if table == "sessions" and body.rows[-1].key != "attendance" and "attendance" not in picked:
        made_constant = _only_attended(each)
        body.add(3, "attendance", made_constant.value, made_constant.comment, made_constant.needs)
    builder.recognised[table] = names
    body.add(0)


def _id_entries(builder: Builder, table: str, each: FileRoles) -> dict[str, Entry]:
    if table == "patients":
        return {"patient_id": _patient_id(builder, each)}
    if table == "referrals":
        found = {}
        if each.referral is not None:
            found["referral_id"] = Entry(each.referral.name, _id_reason(each.referral))
        elif each.patient is not None and each.repeated and _one_referral_each(each):
            why = "likely: several rows a person and never two days of referral, so that a referral is a person"
            found["referral_id"] = Entry(each.patient.name, why)
        return {**found, "patient_id": _patient_id(builder, each)}
    return {t: Entry(s, "links the row to its referral") for t, s in _links(builder, each).items()}


def _one_referral_each(each: FileRoles) -> bool:
    """Nobody has rows with two different days of referral; some rows may have none."""
    received = each.picked.get("referrals.received_date")
    if received is None or each.patient is None:
        return True
    held = ~received.column.missing[received.column.cells.codes]
    people, days = each.patient.cells.codes[held], received.column.cells.codes[held]
    pairs = np.unique(np.stack([people, days], axis=1), axis=0)
    return len(np.unique(pairs[:, 0])) == len(pairs)


def _patient_id(builder: Builder, each: FileRoles) -> Entry:
    own = each.patient or each.referral
    if own is not None:
        return Entry(own.name, _id_reason(own))
    if builder.patient_id is None:
        numbers = [c.name for c in each.file.columns.values() if "nhs_number" in c.rules]
        why = (
            f" {numbers[0]!r} holds NHS numbers, which must not be used: ask for a local pseudonym."
            if numbers
            else ""
        )
        candidates = [
            c
            for n, c in each.file.columns.items()
            if not c.rules
            and not c.dates
            and n not in each.forms.names()
            and c.n_distinct > 0.3 * max(1, c.n_filled)
        ]
        options = tuple(Option(f"column {c.name!r}", c.name) for c in candidates[:_MOST_CANDIDATES])
        builder.patient_id = Question(f"which column numbers the patients?{why}", options)
    return Entry(builder.patient_id, "no row can be used without it")


def _id_reason(column: Column) -> str:
    rows = "one row each" if not column.n_filled >= 1.2 * column.n_distinct else "several rows each"
    extra = (
        ""
        if not column.rules
        else f"; take care: it may hold {' and '.join(IDENTIFYING[r] for r in column.rules)}"
    )
    return f"sure: its name and its values, {rows}; replaced by a keyed hash on reading{extra}"


def _links(builder: Builder, each: FileRoles) -> dict[str, str]:
    """Columns that link the rows of a file to the referrals."""
    owner = next(e for e in builder.found if "referrals" in e.roles)
    found: dict[str, str] = {}
    own, theirs = each.referral, owner.referral
    if (
        own is not None
        and theirs is not None
        and (own is theirs or share_of_ids(own, theirs) >= _LINKED)
    ):
        found["referral_id"] = own.name
    if not found and each.patient is not None:
        found["patient_id"] = each.patient.name
    if not found and each.referral is not None:
        found["patient_id"] = each.referral.name
    return found


def _ask_core(builder: Builder, target: str, what: str, each: FileRoles) -> Entry | None:
    """A question for a core column that was not found, where columns are left that it could be."""
    candidates = [c for c in _left(each) if _could_be(target, c) and _nobody_knows(each, c)]
    if not candidates or len(candidates) > _MOST_CANDIDATES:
        return None
    options = []
    for column in candidates:
        name = target.split(".")[1]
        heard = (
            None
            if target.endswith("_date")
            else meanings(name, column.texts, national=each.national)
        )
        guess = Guess(target, column, 0.0, 0.0, "chosen by you", heard)
        made = entry(guess, each.file, builder.formats[each.file.key], builder.dates)
        options.append(Option(f"column {column.name!r}", made.value))
    question = Question(f"which column holds {what}?", (*options, LEAVE_OUT))
    return Entry(question, "not found by name", (question,))


def _day_zero() -> Entry:
    """Without any date nobody is known to have started, unless everyone did on day zero."""
    options = (Option("yes: it is day zero", {"constant": 0, "date_format": "days"}), LEAVE_OUT)
    text = "there is no column of dates: did everyone in the extract start therapy, on the day of the first form?"
    question = Question(text, options)
    return Entry(question, "nobody counts as started otherwise", (question,))


def _only_attended(each: FileRoles) -> Entry:
    """Contacts without a column on attendance: perhaps only attended ones are listed."""
    options = (Option("yes, all of them took place", {"constant": "attended"}), LEAVE_OUT)
    text = f"no column of {each.file.key} says whether a contact was attended: does it list attended contacts only?"
    question = Question(text, options)
    return Entry(question, "no column on attendance", (question,))


def _left(each: FileRoles) -> list[Column]:
    used = each.used() | each.forms.names()
    return [
        c for n, c in each.file.columns.items() if n not in used and not c.empty and not c.rules
    ]


def _could_be(target: str, column: Column) -> bool:
    if target.endswith("_date"):
        return column.dates is not None
    coded = 2 <= column.n_distinct <= _MOST_CODES and not (column.numeric and not column.whole)
    return column.dates is None and coded


def _nobody_knows(each: FileRoles, column: Column) -> bool:
    """Nothing fits the column that the file can feed: a date of contacts says nothing in a file without contacts."""
    fed = each.roles | {"ignored"} | ({"form"} if "questionnaires" in each.roles else set())
    return not any(
        g.score >= 0.6 and g.target.split(".")[0] in fed for g in each.guesses.get(column.name, [])
    )
