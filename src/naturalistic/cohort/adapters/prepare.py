"""From a folder with the tables of a national data set to the files and the mapping of an ordinary extract."""

from __future__ import annotations

from collections.abc import Mapping as MappingType
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from naturalistic.cohort.adapters.absent import check_columns, check_tables
from naturalistic.cohort.adapters.assessments import keep_known_tools, note_unknown_therapies
from naturalistic.cohort.adapters.codes import Snomed
from naturalistic.cohort.adapters.files import Part, parts_of
from naturalistic.cohort.adapters.links import Links
from naturalistic.cohort.adapters.source_tables import SourceTable, read_tables
from naturalistic.cohort.adapters.teams import keep_teams
from naturalistic.cohort.adapters.values import Values
from naturalistic.cohort.adapters.versions import (
    EARLIER,
    REPEATED,
    REPLACED,
    Order,
    headers_of,
    last_day,
    latest_versions,
    orders_of,
    parts_named,
    replaced,
    said_by_names_only,
)
from naturalistic.cohort.adapters.views import View, mapping_of, views_of
from naturalistic.cohort.flow import Chain
from naturalistic.cohort.problems import ProblemLog
from naturalistic.cohort.reading import RawFile, UnreadableFileError
from naturalistic.reference.adapter_models import AdapterFile
from naturalistic.reference.loader import load_adapters
from naturalistic.reference.models import Instrument
from naturalistic.settings.mapping import Adapter, Mapping


@dataclass(frozen=True, slots=True)
class Prepared:
    """What the mapping machinery reads in place of files.

    Attributes
    ----------
    mapping : Mapping
        With files and tables in place of the adapter.
    files : dict of str to RawFile
    chains : list of Chain
        The account of rows of tables that were joined into others.
    """

    mapping: Mapping
    files: dict[str, RawFile]
    chains: list[Chain]


def prepare(
    mapping: Mapping,
    choice: Adapter,
    *,
    project: Path,
    instruments: MappingType[str, Instrument],
    log: ProblemLog,
) -> Prepared:
    """Find, read, merge and join the tables of a data set.

    Parameters
    ----------
    mapping : Mapping
    choice : Adapter
        Its adapter.
    project : Path
        Folder that relative paths start from.
    instruments : mapping of str to Instrument
        Every known instrument.
    log : ProblemLog
        Where problems are listed.

    Raises
    ------
    BrokenExtractError
        Tables or columns are absent, or a file cannot be read; everything at once.
    MappingError
        The mapping names an instrument that is not known.
    """
    adapter = load_adapters()[choice.data_set]
    snomed = Snomed.of(choice, instruments, log.mapping_name)
    parts = _parts(adapter, choice, project, log)
    tables = read_tables(adapter, choice, parts, project, log)
    check_tables(adapter, choice, parts, tables, log)
    if mapping.data_cut is None:
        mapping = mapping.model_copy(update={"data_cut": last_day(adapter, tables.values())})
    headers = headers_of(adapter, tables)
    orders = orders_of(adapter, tables, headers)
    tables.pop(adapter.header.code, None)
    links = Links.of(adapter, tables)
    _check_links(adapter, links, orders, log)
    values = Values(adapter, choice, links, snomed)
    check_columns(values, log)
    log.stop_if_needed()
    if said_by_names_only(orders.values()):
        log.add("", choice.folder, "", "submissions_by_name", hint=parts_named(parts))
    _merge_versions(links, orders, replaced(orders, headers.values()))
    keep_teams(values, log)
    keep_known_tools(values, log)
    note_unknown_therapies(values, log)
    log.stop_if_needed()
    return _handed_on(mapping, values)


def _parts(adapter: AdapterFile, choice: Adapter, project: Path, log: ProblemLog) -> list[Part]:
    try:
        return parts_of(project, choice.folder, adapter, choice.encoding)
    except UnreadableFileError as bad:
        log.add("", choice.folder, "", bad.rule, hint=bad.hint)
        log.stop_if_needed()
        raise  # unreachable: the rule stops the run


def _check_links(
    adapter: AdapterFile, links: Links, orders: dict[str, Order], log: ProblemLog
) -> None:
    """Identifiers that only one provider understands, in an extract of several."""
    several = len({int(p) for order in orders.values() for p in np.unique(order.provider) if p}) > 1
    local = {kind: name for kind, name in links.names.items() if name == adapter.ids[kind][-1]}
    if several and local:
        label = next(iter(links.tables.values())).label
        log.add("", label, "", "several_providers", hint=", ".join(local.values()))


def _merge_versions(links: Links, orders: dict[str, Order], gone: dict[str, np.ndarray]) -> None:
    """Keep the latest version of each record in every table, without replaced submissions."""
    for code in list(links.tables):
        _leave_out(links, orders, code, ~gone[code], REPLACED)
    for code in list(links.tables):
        table = links.tables[code]
        keep, repeated = latest_versions(_record(links, table), orders[code])
        _leave_out(links, orders, code, keep | repeated, EARLIER)
        _leave_out(links, orders, code, keep[keep | repeated], REPEATED)


def _leave_out(
    links: Links, orders: dict[str, Order], code: str, keep: np.ndarray, reason: str
) -> None:
    if not keep.all():
        links.keep(code, links.tables[code].take(keep, reason), keep)
        orders[code] = orders[code].take(keep)


def _record(links: Links, table: SourceTable) -> list[np.ndarray]:
    """What makes a record of a table, as numbers; its provider is part of every identifier."""
    spec = table.spec
    keys: list[np.ndarray] = []
    for name in spec.record or ((spec.id,) if spec.id else ()):
        if name in links.adapter.ids:
            keys.append(links.ids(spec.code, name))
        elif name in table.columns:
            keys.append(table.columns[name].codes.astype(np.int64))
    return keys


def _handed_on(mapping: Mapping, values: Values) -> Prepared:
    views: list[View] = []
    for view in values.adapter.views:
        if view.table in values.links.tables:
            views += views_of(values, view)
    own = {view.table for view in values.adapter.views}
    joined = [t for code, t in values.links.tables.items() if code not in own]
    return Prepared(
        mapping=mapping_of(mapping, views, values.choice.date_format),
        files={view.key: view.raw for view in views},
        chains=[_joined_chain(values, table) for table in joined],
    )


def _joined_chain(values: Values, table: SourceTable) -> Chain:
    """The rows of a table that only lends columns to others."""
    into = {
        view.canonical: values.adapter.table(view.table).name
        for view in values.adapter.views
        for ways in view.columns.values()
        for way in ways
        if way.table == table.spec.code
    }
    canonical, name = next(iter(into.items()))
    chain = Chain(canonical, table.label)
    chain.begin(table.n_records, table.n_wrong, len(table), table.left_out)
    chain.reshape(0, f"joined to the rows of {name}")
    return chain
