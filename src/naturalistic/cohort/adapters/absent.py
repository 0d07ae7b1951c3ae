"""Tables and columns that are not there, named all at once with the names that would do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from naturalistic.cohort.adapters.files import Part, plain_name
from naturalistic.cohort.adapters.source_tables import SourceTable
from naturalistic.cohort.adapters.values import Values
from naturalistic.cohort.problems import ProblemLog
from naturalistic.reference.adapter_models import AdapterFile, AdapterView
from naturalistic.settings.mapping import Adapter

_NEEDED = {
    "patients": ("patient_id",),
    "referrals": ("referral_id", "patient_id"),
    "sessions": ("referral_id", "date"),
    "questionnaires": ("referral_id", "instrument", "scale", "value"),
}
_ALIKE = 0.8


@dataclass(frozen=True, slots=True)
class Absent:
    """A canonical column for which the files hold nothing.

    Attributes
    ----------
    column : str
        With its table, as in ``sessions.date``.
    label : str
        How messages name the table it is looked for in first.
    names : tuple of str
        Columns of that table that would do.
    alike : str
        A column of the file that none of the names meets but that is written much the same; empty for none.
    """

    column: str
    label: str
    names: tuple[str, ...]
    alike: str

    @property
    def hint(self) -> str:
        """What to look for."""
        near = f" (did you mean {self.alike!r}?)" if self.alike else ""
        return f"{' or '.join(map(repr, self.names))}{near}, for {self.column}"


def check_tables(
    adapter: AdapterFile,
    choice: Adapter,
    parts: list[Part],
    tables: dict[str, SourceTable],
    log: ProblemLog,
) -> None:
    """List the tables that are needed and absent, and stop if there are any."""
    seen = {code for part in parts for code in part.tables}
    found = ", ".join(sorted(seen)) or "none"
    for table in adapter.tables:
        if table.needed and table.code not in seen:
            hint = f"{table.name} of the {adapter.name}; found: {found}"
            log.add("", choice.folder, "", "table_absent", hint=hint)
        elif table.needed and table.code not in tables:
            log.add("", choice.folder, "", "file_without_rows", hint=table.name)
    log.stop_if_needed()
    scored = [view.table for view in adapter.views if view.canonical == "questionnaires"]
    if not set(scored) & set(tables):
        names = " or ".join(adapter.table(code).name for code in scored)
        log.add("", choice.folder, "", "assessments_absent", hint=names)


def check_columns(values: Values, log: ProblemLog) -> None:
    """List the columns that are absent: each that is needed, and in one sentence a table those that are not."""
    views = [v for v in values.adapter.views if v.table in values.links.tables]
    others: dict[str, list[str]] = {}
    for view in views:
        needed = _NEEDED[view.canonical]
        for absent in _absent(values, view, needed):
            log.add(
                view.canonical,
                absent.label,
                absent.names[0],
                "table_column_absent",
                hint=absent.hint,
            )
        for absent in _absent(values, view, [n for n in view.columns if n not in needed]):
            others.setdefault(absent.label, []).append(absent.hint)
    for label, hints in others.items():
        log.add("", label, "", "table_columns_unread", hint="; ".join(hints))


def _absent(values: Values, view: AdapterView, names: Iterable[str]) -> Iterator[Absent]:
    for name in names:
        ways = view.columns.get(name, ())
        if not ways or values.way(view, name) is not None:
            continue
        code = ways[0].table or view.table
        same = [way for way in ways if (way.table or view.table) == code]
        asked = [n for way in same for n in (values.adapter.ids[way.id] if way.id else way.source)]
        table = values.links.tables.get(code)
        whole = f"{values.choice.folder}: {values.adapter.table(code).name}"
        yield Absent(
            column=f"{view.canonical}.{name}",
            label=table.label if table else whole,
            names=tuple(dict.fromkeys(asked)),
            alike=_alike(asked, table.unread if table else ()),
        )


def _alike(names: Iterable[str], header: Iterable[str]) -> str:
    """A name of the header much like one of the names."""
    plain = {plain_name(name): name for name in header}
    for name in names:
        if close := difflib.get_close_matches(plain_name(name), plain, n=1, cutoff=_ALIKE):
            return plain[close[0]]
    return ""
