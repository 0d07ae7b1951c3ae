"""The views of a data set as files and blocks of an ordinary mapping."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from naturalistic.cohort.adapters.codes import with_groups
from naturalistic.cohort.adapters.source_tables import SourceTable
from naturalistic.cohort.adapters.values import Values
from naturalistic.cohort.cells import Cells
from naturalistic.cohort.reading import RawFile
from naturalistic.reference.adapter_models import AdapterColumn, AdapterView
from naturalistic.settings.mapping import Mapping, SourceFile, Tables

_BY_GROUP = ("referral_source",)
_AS_ITEM = "answer to an item, read apart"
_AS_SCALE = "score of a scale, read apart"
_WORDS_READY = ("instrument", "scale", "item", "contact_type_by_order", "therapy", "problem")


@dataclass(frozen=True, slots=True)
class View:
    """One canonical table, or one block of it, as a file and its block.

    Attributes
    ----------
    key : str
        Name of the file in the mapping.
    canonical : str
    block : dict
        What the mapping would say of it.
    raw : RawFile
    """

    key: str
    canonical: str
    block: dict[str, Any]
    raw: RawFile


def views_of(values: Values, view: AdapterView) -> list[View]:
    """A view of the data set; two where it holds scores of scales and answers to items."""
    if view.canonical != "questionnaires":
        return [_whole(values, view, view.canonical)]
    whole = _whole(values, view, f"forms_{view.table}")
    (item,) = (whole.block["columns"]["item"]["from"],)
    cells = whole.raw.columns[item]
    is_item = np.array([bool(text) for text in cells.values], dtype=bool)[cells.codes]
    views = []
    if not is_item.all() or not is_item.size:
        views.append(_part(whole, ~is_item, "item", _AS_ITEM, ""))
    if is_item.any():
        views.append(_part(whole, is_item, "scale", _AS_SCALE, "_items"))
    return views


def _part(whole: View, rows: np.ndarray, without: str, reason: str, suffix: str) -> View:
    """Some rows of a view, without one of its columns."""
    columns = {k: v for k, v in whole.block["columns"].items() if k != without}
    others = int((~rows).sum())
    at = np.flatnonzero(rows)
    raw = replace(
        whole.raw,
        key=whole.key + suffix,
        columns={name: cells.take(at) for name, cells in whole.raw.columns.items()},
        rows=whole.raw.rows[at],
        left_out=(*whole.raw.left_out, *(((reason, others),) if others else ())),
    )
    return View(raw.key, whole.canonical, {"file": raw.key, "columns": columns}, raw)


def _whole(values: Values, view: AdapterView, key: str) -> View:
    """Every column of a view that the files allow."""
    table = values.links.tables[view.table]
    columns: dict[str, Any] = {}
    cells: dict[str, Cells] = {}
    for name in view.columns:
        way = values.way(view, name)
        if way is None:
            continue
        source = _named(values, view, name, way)
        cells[source] = values.cells(view, name, way)
        columns[name] = {"from": source, **_spec(values, view, name, way, cells[source])}
    raw = _raw(key, table, cells)
    return View(key, view.canonical, {"file": key, "columns": columns}, raw)


def mapping_of(mapping: Mapping, views: list[View], date_format: str) -> Mapping:
    """The mapping with the views in place of the adapter.

    Raises
    ------
    ValueError
        The parts do not make a mapping: a fault of the description of the data set.
    """
    tables: dict[str, Any] = {"questionnaires": []}
    files = dict(mapping.files)
    for view in views:
        files[view.key] = SourceFile(path=view.raw.path, date_format=date_format)
        if view.canonical == "questionnaires":
            tables["questionnaires"].append(view.block)
        else:
            tables[view.canonical] = view.block
    if mapping.service:
        tables["referrals"]["columns"]["service"] = {"constant": mapping.service}
    return mapping.model_copy(
        update={"files": files, "tables": Tables.model_validate(tables), "adapter": None}
    )


def _spec(
    values: Values, view: AdapterView, name: str, way: AdapterColumn, cells: Cells
) -> dict[str, Any]:
    """How the cells of a column are read."""
    spec: dict[str, Any] = {}
    if way.coarsen:
        spec["coarsen"] = way.coarsen
    if way.id or way.read in _WORDS_READY:
        return spec
    codes = values.codes(view, name, way)
    if name in _BY_GROUP:
        codes = with_groups(codes, cells.values)
    if codes.meanings:
        spec["codes"] = codes.meanings
    if codes.missing:
        spec["missing_codes"] = list(codes.missing)
    return spec


def _named(values: Values, view: AdapterView, name: str, way: AdapterColumn) -> str:
    """Name of the column in messages: as in the files, with the table where it is another one."""
    if way.id:
        return values.links.names.get(way.id, way.id)
    table = values.links.tables[way.table or view.table]
    held = table.held(way.source)
    plain = " or ".join(held) if held else name
    if way.read in ("instrument", "scale", "item"):
        plain = f"{plain} ({name})"
    return f"{table.spec.name}.{plain}" if way.table else plain


def _raw(key: str, table: SourceTable, cells: dict[str, Cells]) -> RawFile:
    return RawFile(
        key=key,
        path=table.label,
        header=tuple(cells),
        columns=cells,
        rows=table.number,
        n_records=table.n_records,
        wrong_length=np.zeros(table.n_wrong, dtype=np.int64),
        digest=table.digest,
        described=table.described,
        notes=(),
        typed=table.typed,
        left_out=table.left_out,
    )
