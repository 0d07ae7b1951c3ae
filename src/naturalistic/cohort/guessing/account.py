"""What became of every column of an extract, and what shape the extract has."""

from __future__ import annotations

from dataclasses import dataclass

from naturalistic.cohort.guessing.builder import Builder
from naturalistic.cohort.guessing.column import Column
from naturalistic.cohort.guessing.column_maps import IDENTIFYING
from naturalistic.cohort.guessing.file_roles import FileRoles
from naturalistic.cohort.guessing.redcap import is_redcap


@dataclass(frozen=True)
class Account:
    """What became of the columns, for the summary on screen.

    Attributes
    ----------
    shape : str
        How the extract lies, in words.
    recognised : dict of str to list of str
        Canonical columns found, by table.
    identifying, unread, unknown, not_needed : list of str
        Columns left out: they may identify people; they are named like a questionnaire and cannot be read as one; nobody
        knows what they are; they are known and not needed.
    """

    shape: str
    recognised: dict[str, list[str]]
    identifying: list[str]
    unread: list[str]
    unknown: list[str]
    not_needed: list[str]


def account_of(builder: Builder) -> Account:
    """What became of every column, once the tables are written."""
    identifying: list[str] = []
    unread: list[str] = []
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
                text = f"{shown} ({reason or column.kind_in_words()})"
                listed = not_needed if reason else unknown
                (unread if name in each.forms.odd | each.forms.elsewhere else listed).append(text)
        unknown += [prefix + text for text in each.file.unusable]
    forms = [e for e in builder.found if "questionnaires" in e.roles]
    recognised = dict(builder.recognised)
    if any("ratings" in each.roles for each in builder.found):
        recognised["ratings"] = ["kind", "subject", "occasion", "value"]
    if forms:
        recognised["questionnaires"] = sorted(builder.used_instruments)
    return Account(_shape(builder), recognised, identifying, unread, unknown, not_needed)


def _why_left_out(each: FileRoles, column: Column) -> str:
    """Why a column is known and not used; empty where nobody knows it."""
    forms = each.forms
    for reasons in (forms.derived, forms.elsewhere, forms.odd, each.redcap):
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


def _shape(builder: Builder) -> str:
    """The grain of every file."""
    return "; ".join(f"{each.file.key}: {_grain(each)}" for each in builder.found)


def _grain(each: FileRoles) -> str:
    """The grain of one file in words."""
    if each.repeated and is_redcap(each.file.columns):
        return "REDCap export, one row an event or a repeated form"
    if each.long:
        return "one row an answer" if "item" in each.long else "one row a score"
    if each.ratings.long:
        return "one row a rating"
    if "sessions" in each.roles:
        return "one row a contact"
    if each.forms.any and each.repeated:
        return "one row a form"
    if each.forms.any and each.forms.placed:
        return "one row a person with forms in blocks of columns"
    return "several rows a person" if each.repeated else "one row a person or referral"


def template_of(builder: Builder) -> str:
    """The template whose shape the extract has, or the nearest."""
    owner = next((e for e in builder.found if "referrals" in e.roles), None)
    if owner is None:
        return "one_row_a_person"
    if owner.repeated and is_redcap(owner.file.columns):
        return "event_rows_repeated" if "sessions" in owner.roles else "event_rows"
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
