"""From the files of an unknown extract to the draft of its mapping."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from naturalistic.cohort.guessing.code_words import meanings
from naturalistic.cohort.guessing.column_maps import (
    IDENTIFYING,
    DateQuestions,
    Entry,
    entry,
)
from naturalistic.cohort.guessing.columns import Guess
from naturalistic.cohort.guessing.draft import Draft
from naturalistic.cohort.guessing.form_maps import FormWriter
from naturalistic.cohort.guessing.form_names import FormWords
from naturalistic.cohort.guessing.profile import DEFAULT_MISSING, Column, FileProfile
from naturalistic.cohort.guessing.questions import LEAVE_OUT, Option, Question
from naturalistic.cohort.guessing.roles import FileRoles, read_roles, share_of_ids
from naturalistic.reference.models import Instrument
from naturalistic.tables.cohort import COHORT_TABLES

_CORE = {
    # what the report needs most: asked for where columns are left that it could be
    "referrals.received_date": "the day the referral was received",
    "referrals.discharge_date": "the day the referral was closed",
    "referrals.ending": "how therapy ended",
    "sessions.attendance": "whether the contact was attended",
}
# of questionnaires completed about equally often the broader one leads
_BROAD = ("core_om", "core_10", "phq_9", "bdi_ii", "bdi", "gad_7")
_MOST_CANDIDATES = 8
_MOST_CODES = 12
_LINKED = 0.5


@dataclass(frozen=True)
class Account:
    """What became of the columns, for the summary on screen.

    Attributes
    ----------
    shape : str
        How the extract lies, in words.
    recognised : dict of str to list of str
        Canonical columns found, by table.
    identifying, unknown, not_needed : list of str
        Columns left out: they may identify people; nobody knows what they are; they are known and not needed.
    """

    shape: str
    recognised: dict[str, list[str]]
    identifying: list[str]
    unknown: list[str]
    not_needed: list[str]


@dataclass
class _Builder:
    cohort: str
    found: list[FileRoles]
    words: FormWords
    default_instrument: str
    draft: Draft = field(default_factory=Draft)
    dates: DateQuestions = field(default_factory=DateQuestions)
    formats: dict[str, str | None] = field(default_factory=dict)
    used_instruments: dict[str, int] = field(default_factory=dict)
    fillers: dict[str, set[str]] = field(default_factory=dict)
    recognised: dict[str, list[str]] = field(default_factory=dict)


def draft_mapping(
    cohort: str,
    files: Iterable[FileProfile],
    instruments: Mapping[str, Instrument],
    default_instrument: str,
) -> tuple[Draft, Account]:
    """A draft of the mapping of an unknown extract.

    Parameters
    ----------
    cohort : str
        Name of the cohort.
    files : iterable of FileProfile
        Its files.
    instruments : mapping of str to Instrument
        Every known instrument.
    default_instrument : str
        The one the settings lead with.

    Returns
    -------
    Draft, Account
        The draft with its open questions, and what became of the columns.
    """
    words = FormWords(instruments)
    found = read_roles(files, words)
    builder = _Builder(cohort, found, words, default_instrument)
    for each in found:
        builder.formats[each.file.key] = _file_format(each)
    tables = _tables(builder)
    _write_top(builder)
    _write_files(builder)
    builder.draft.add(0, "tables")
    builder.draft.rows += tables.rows
    account = _account(builder)
    _write_choices(builder)
    _write_left_out(builder, account)
    return builder.draft, account


# -------------------------------------------------------------------------------------------------------------- tables


def _tables(builder: _Builder) -> Draft:
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
        writer = FormWriter(
            each, builder.words, body, builder.dates, builder.formats[each.file.key], links
        )
        writer.write()
        for key, n in writer.instruments_used.items():
            builder.used_instruments[key] = builder.used_instruments.get(key, 0) + n
        builder.fillers[each.file.key] = writer.fillers
    return body


def _write_table(builder: _Builder, body: Draft, table: str, each: FileRoles) -> None:
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
    if table == "sessions" and body.rows[-1].key != "attendance" and "attendance" not in picked:
        made_constant = _only_attended(each)
        body.add(3, "attendance", made_constant.value, made_constant.comment, made_constant.needs)
    builder.recognised[table] = names
    body.add(0)


def _id_entries(builder: _Builder, table: str, each: FileRoles) -> dict[str, Entry]:
    if table == "patients":
        return {"patient_id": _patient_id(each)}
    if table == "referrals":
        found = {}
        if each.referral is not None:
            found["referral_id"] = Entry(each.referral.name, _id_reason(each.referral))
        elif each.patient is not None and each.repeated and _one_referral_each(each):
            why = "likely: several rows a person and never two days of referral, so that a referral is a person"
            found["referral_id"] = Entry(each.patient.name, why)
        return {**found, "patient_id": _patient_id(each)}
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


def _patient_id(each: FileRoles) -> Entry:
    own = each.patient or each.referral
    if own is not None:
        return Entry(own.name, _id_reason(own))
    numbers = [c.name for c in each.file.columns.values() if "nhs_number" in c.rules]
    why = (
        f" {numbers[0]!r} holds NHS numbers, which must not be used: ask for a local pseudonym."
        if numbers
        else ""
    )
    candidates = [
        c
        for c in each.file.columns.values()
        if not c.rules and not c.dates and c.n_distinct > 0.3 * max(1, c.n_filled)
    ]
    options = tuple(Option(f"column {c.name!r}", c.name) for c in candidates[:_MOST_CANDIDATES])
    return Entry(
        Question(f"which column numbers the patients?{why}", options),
        "no row can be used without it",
    )


def _id_reason(column: Column) -> str:
    rows = "one row each" if not column.n_filled >= 1.2 * column.n_distinct else "several rows each"
    extra = (
        ""
        if not column.rules
        else f"; take care: it may hold {' and '.join(IDENTIFYING[r] for r in column.rules)}"
    )
    return f"sure: its name and its values, {rows}; replaced by a keyed hash on reading{extra}"


def _links(builder: _Builder, each: FileRoles) -> dict[str, str]:
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


def _ask_core(builder: _Builder, target: str, what: str, each: FileRoles) -> Entry | None:
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
        return column.dates is not None and column.dates.proven
    coded = 2 <= column.n_distinct <= _MOST_CODES and not (column.numeric and not column.whole)
    return column.dates is None and coded


def _nobody_knows(each: FileRoles, column: Column) -> bool:
    best = each.guesses.get(column.name, [])
    return not best or best[0].score < 0.6


# --------------------------------------------------------------------------------------------------------------- files


def _file_format(each: FileRoles) -> str | None:
    """The format that most of the used columns of dates prove."""
    targets = [g.column for g in (*each.picked.values(), *each.long.values())]
    targets += [column for column, _ in each.forms.dates]
    proven = Counter(c.dates.formats[0] for c in targets if c.dates is not None and c.dates.proven)
    if not proven:
        return None
    return min(proven, key=lambda f: (-proven[f], f))


def _write_top(builder: _Builder) -> None:
    draft = builder.draft
    files = ", ".join(e.file.source.path for e in builder.found)
    draft.head = [
        f"Draft of the mapping of the cohort {builder.cohort}, made by `init` from {files}.",
        'It is a guess: read every line. "sure" and "likely" say how well name and values agree; the reason follows.',
        "config/cohorts/TEMPLATE.yaml explains every key; docs/how_to/map_an_extract.md says what happens on reading.",
        f"A finished mapping of this shape: config/cohorts/templates/{_template(builder)}.yaml",
    ]
    draft.add(0, "title", f"Cohort {builder.cohort}", "title of the report: change it")
    draft.add(0, comment='service: ""                    who provided the therapy')
    draft.add(0, comment='contact: ""                    whom readers ask')
    draft.add(
        0,
        comment="data_cut: 2024-03-31           day the extract was made; without it the latest plausible date is taken",
    )
    draft.add(0)


def _write_files(builder: _Builder) -> None:
    draft = builder.draft
    used = {e.file.key for e in builder.found if e.roles}
    draft.add(0, "files")
    for each in builder.found:
        file = each.file
        if file.key not in used:
            draft.add(1, comment=f"{file.source.path}: no table is made from it")
            continue
        value: dict[str, object] = {"path": file.source.path}
        if file.source.sheet != 0:
            value["sheet"] = file.source.sheet
        if file.source.header_row != 1:
            value["header_row"] = file.source.header_row
        if builder.formats[file.key]:
            value["date_format"] = builder.formats[file.key]
        if fillers := builder.fillers.get(file.key):
            value["missing_codes"] = [*DEFAULT_MISSING, *sorted(fillers)]
        draft.add(1, file.key, value, f"{file.n_rows:,} rows, {file.raw.described}")
    draft.add(0)


def _write_choices(builder: _Builder) -> None:
    used = builder.used_instruments
    if not used or builder.default_instrument in used:
        return
    most = max(used.values())
    often = [key for key in used if used[key] >= 0.9 * most]
    chosen = min(
        often, key=lambda key: (key not in _BROAD, _BROAD.index(key) if key in _BROAD else 0, key)
    )
    scale = builder.words.instruments[chosen].primary_scale
    builder.draft.add(0)
    builder.draft.add(0, "choices")
    builder.draft.add(
        1,
        "primary",
        {"instrument": chosen, "scale": scale},
        "the questionnaire the report leads with: the most frequent here; decide before looking at results",
    )


# ------------------------------------------------------------------------------------------------------------- account


def _account(builder: _Builder) -> Account:
    identifying: list[str] = []
    unknown: list[str] = []
    not_needed: list[str] = []
    for each in builder.found:
        used, prefix = each.used(), f"{each.file.key}."
        dropped = {
            g.column.name
            for g in each.picked.values()
            if g.column.rules and g.field not in ("age", "area")
        }
        for name, column in each.file.columns.items():
            shown = prefix + name
            if column.rules and (name not in used or name in dropped):
                held = " and ".join(IDENTIFYING[r] for r in column.rules)
                identifying.append(f"{shown} ({held})")
            elif name in used:
                continue
            else:
                reason = _why_left_out(each, column)
                (not_needed if reason else unknown).append(
                    f"{shown} ({reason})" if reason else shown
                )
        unknown += [prefix + text for text in each.file.unusable]
    forms = [e for e in builder.found if "questionnaires" in e.roles]
    recognised = dict(builder.recognised)
    if forms:
        recognised["questionnaires"] = sorted(builder.used_instruments)
    return Account(_shape(builder), recognised, identifying, unknown, not_needed)


def _why_left_out(each: FileRoles, column: Column) -> str:
    forms = each.forms
    for reasons in (forms.derived, forms.elsewhere, forms.odd):
        if column.name in reasons:
            return reasons[column.name]
    if column.empty:
        return "empty"
    best = each.guesses.get(column.name, [])
    if best and best[0].score >= 0.6:
        target = best[0].target
        if target.startswith("ignored."):
            return f"{target.split('.')[1].replace('_', ' ')}, not needed"
        base = target.split(":")[0]
        other = next(
            (g.column.name for t, g in each.picked.items() if t.split(":")[0] == base), None
        )
        if other is not None:
            return f"{base} was taken from {other}"
        return f"looks like {base}, which is not read from this file"
    return ""


def _shape(builder: _Builder) -> str:
    return "; ".join(f"{each.file.key}: {_grain(each)}" for each in builder.found)


def _grain(each: FileRoles) -> str:
    if each.long:
        return "one row an answer" if "item" in each.long else "one row a score"
    if "sessions" in each.roles:
        return "one row a contact"
    if each.forms.any and each.repeated:
        return "one row a form"
    if each.forms.any and each.forms.placed:
        return "one row a person with forms in blocks of columns"
    return "several rows a person" if each.repeated else "one row a person or referral"


def _template(builder: _Builder) -> str:
    """The template whose shape the extract has, or the nearest."""
    owner = next((e for e in builder.found if "referrals" in e.roles), None)
    if owner is None:
        return "one_row_a_person"
    if "sessions" in owner.roles:
        return "one_row_a_session"
    if any("sessions" in each.roles for each in builder.found):
        return "separate_tables"
    if owner.repeated and owner.forms.any:
        return "event_rows"
    if any("item" in each.long for each in builder.found):
        return "one_row_an_answer"
    if any(each.long or each.forms.any for each in builder.found if each is not owner):
        return "one_row_a_form"
    return "one_row_a_person"


def _write_left_out(builder: _Builder, account: Account) -> None:
    draft = builder.draft
    for title, names in (
        (
            "Left out, because they may identify people (nothing of them is read past the header):",
            account.identifying,
        ),
        ("Left out, because nobody could say what they are:", account.unknown),
        ("Known and not needed:", account.not_needed),
    ):
        if names:
            draft.add(0)
            draft.add(0, comment=title)
            for name in names:
                draft.add(0, comment=f"  {name}")
