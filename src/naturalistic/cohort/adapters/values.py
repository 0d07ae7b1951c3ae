"""The cells of a canonical column, taken from the table itself, from one above it, or gathered from one below it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from naturalistic.cohort.adapters.codes import (
    CodeMap,
    Snomed,
    Tool,
    code_map,
    code_meanings,
    leading_number,
    problem_named,
)
from naturalistic.cohort.adapters.links import Links
from naturalistic.cohort.adapters.source_tables import SourceTable, changed, distinct_texts
from naturalistic.cohort.adapters.versions import sortable
from naturalistic.cohort.cells import Cells, code_key
from naturalistic.reference.adapter_models import AdapterColumn, AdapterFile, AdapterView
from naturalistic.settings.mapping import Adapter
from naturalistic.vocabulary import SEEN

_ASSESSMENTS = ("assessment", "assessment_and_treatment")
_MISSING = ("", "NULL", "NA", "N/A")


@dataclass
class Values:
    """Reads the columns of the views.

    Attributes
    ----------
    adapter : AdapterFile
    choice : Adapter
        What the mapping says.
    links : Links
        Tables with one version of each record.
    snomed : Snomed
    """

    adapter: AdapterFile
    choice: Adapter
    links: Links
    snomed: Snomed

    def way(self, view: AdapterView, name: str) -> AdapterColumn | None:
        """The first way to fill a column that the files allow."""
        for way in view.columns[name]:
            code = way.table or view.table
            if code not in self.links.tables:
                continue
            table = self.links.tables[code]
            if way.id and self.links.linked(code, way.id):
                return way
            if way.read == "contact_type_by_order" or table.held(way.source):
                return way
        return None

    def codes(self, view: AdapterView, name: str, way: AdapterColumn) -> CodeMap:
        """What the codes of a column mean."""
        return code_map(view.canonical, name, way, self.choice)

    def cells(self, view: AdapterView, name: str, way: AdapterColumn) -> Cells:
        """The cells of a canonical column, one for each row of the view's table."""
        if way.id:
            return self.links.cells(view.table, way.id)
        if way.read == "contact_type_by_order":
            return self._contact_types(view)
        code = way.table or view.table
        cells = self._read(self.links.tables[code], way)
        if code == view.table:
            return cells
        own = self.adapter.table(code).id
        if own in self.links.above(view.table) and self.links.linked(view.table, own):
            return _taken(cells, self.links.rows(view.table, own))
        return self._gathered(view, name, way, code, cells)

    def _read(self, table: SourceTable, way: AdapterColumn) -> Cells:
        cells = table.filled(way.source)
        if way.read == "leading_number":
            return changed(cells, leading_number)
        if way.read == "problem":
            return distinct_texts(changed(cells, problem_named))
        if way.read == "therapy":
            return distinct_texts(changed(cells, self.snomed.therapy))
        if way.read == "instrument":
            return changed(cells, lambda text: getattr(self._tool(text), "instrument", ""))
        if way.read == "scale":
            return changed(cells, lambda text: getattr(self._tool(text), "scale", ""))
        if way.read == "item":
            return changed(cells, lambda text: str(getattr(self._tool(text), "item", None) or ""))
        if way.read == "score":
            return self._scores(table, cells)
        return cells

    def _tool(self, text: str) -> Tool | None:
        return self.snomed.tools.get(self.snomed.code_of(text))

    def _scores(self, table: SourceTable, cells: Cells) -> Cells:
        """Scores in the unit of our scales."""
        tools = table.columns.get("CodedAssToolType")
        if tools is None:
            return cells
        factors = np.array([getattr(self._tool(t), "factor", 1.0) for t in tools.values], float)
        factor = factors[tools.codes]
        rows = np.flatnonzero(factor != 1.0)
        if not rows.size:
            return cells
        texts = cells.values[cells.codes]
        for row in rows:
            texts[row] = _times(texts[row], factor[row])
        codes, values = pd.factorize(texts)
        return Cells(codes.astype(np.int32), values.astype(object))

    def _gathered(
        self, view: AdapterView, name: str, way: AdapterColumn, code: str, cells: Cells
    ) -> Cells:
        """One cell for each record of the view out of the rows below it."""
        kind = self.adapter.table(view.table).id
        n = len(self.links.tables[view.table])
        if kind is None or not self.links.linked(code, kind):
            return Cells.constant("", n)
        of_row = self.links.rows(code, kind)
        missing = {code_key(m) for m in (*_MISSING, *self.codes(view, name, way).missing)}
        says = np.array([code_key(text) not in missing for text in cells.values], dtype=bool)
        use = (of_row >= 0) & says[cells.codes] & self._only(code, way)
        rows = np.flatnonzero(use)
        chosen = _choose(of_row[rows], cells.codes[rows], self._rank(code, way, cells)[rows], way)
        at = np.full(n, -1, dtype=np.int64)
        at[of_row[rows[chosen]]] = rows[chosen]
        if way.take == "any":
            return Cells((at >= 0).astype(np.int32), np.array(["", "yes"], dtype=object))
        return _taken(cells, at)

    def _rank(self, code: str, way: AdapterColumn, cells: Cells) -> np.ndarray:
        """What orders the rows: the smallest comes first."""
        table = self.links.tables[code]
        if way.take == "lowest":
            found = sortable(cells)
        elif way.by and table.held(way.by):
            found = sortable(table.filled(way.by))
        else:
            return table.number.astype(float)
        return np.where(np.isfinite(found), found, np.inf)

    def _only(self, code: str, way: AdapterColumn) -> np.ndarray:
        """Rows that belong to a contact of the kind the column asks for."""
        n = len(self.links.tables[code])
        if way.only is None:
            return np.ones(n, dtype=bool)
        contacts = self.links.rows(code, "contact")
        mask = self.attended if way.only == "attended" else self.attended & self._assessed
        return (contacts >= 0) & mask[np.maximum(contacts, 0)] if len(mask) else contacts >= 0

    @cached_property
    def _sessions(self) -> AdapterView:
        return next(view for view in self.adapter.views if view.canonical == "sessions")

    @cached_property
    def attended(self) -> np.ndarray:
        """Contacts that took place."""
        return self._words("attendance", SEEN)

    @cached_property
    def _assessed(self) -> np.ndarray:
        return self._words("contact_type", _ASSESSMENTS)

    def _words(self, name: str, wanted: tuple[str, ...]) -> np.ndarray:
        """Contacts that hold one of some words in a column of the sessions."""
        view = self._sessions
        way = self.way(view, name)
        if way is None:
            return np.ones(len(self.links.tables[view.table]), dtype=bool)
        cells = self.cells(view, name, way)
        if way.read == "contact_type_by_order":
            means = cells.values
        else:
            means = code_meanings(cells.values, self.codes(view, name, way))
        return np.isin(means.astype(str), wanted)[cells.codes]

    def _contact_types(self, view: AdapterView) -> Cells:
        """Contacts up to and including so many attended ones of a referral are assessments, the others treatment."""
        n, most = len(self.links.tables[view.table]), self.choice.assessment_contacts
        if most == 0:
            return Cells.constant("treatment", n)
        date = next(way for way in view.columns["date"])
        frame = pd.DataFrame(
            {
                "referral": self.links.ids(view.table, "referral"),
                "date": sortable(self.links.tables[view.table].filled(date.source)),
                "at": np.arange(n),
                "seen": self.attended,
            }
        ).sort_values(["referral", "date", "at"])
        before = frame.groupby("referral")["seen"].cumsum() - frame["seen"]
        early = np.zeros(n, dtype=np.int32)
        early[frame["at"].to_numpy()] = (before < most).to_numpy()
        return Cells(early, np.array(["treatment", "assessment"], dtype=object))


def _choose(
    record: np.ndarray, code: np.ndarray, rank: np.ndarray, way: AdapterColumn
) -> np.ndarray:
    """Position of the row that counts for each record."""
    frame = pd.DataFrame({"record": record, "code": code, "rank": rank})
    frame["at"] = np.arange(len(frame))
    if way.take == "most_frequent":
        frame["n"] = frame.groupby(["record", "code"])["at"].transform("size")
        frame = frame.sort_values(
            ["record", "n", "rank", "at"], ascending=[True, False, True, True]
        )
    else:
        up = way.take != "last"
        frame = frame.sort_values(["record", "rank", "at"], ascending=[True, up, up])
    return frame.drop_duplicates("record")["at"].to_numpy()


def _taken(cells: Cells, at: np.ndarray) -> Cells:
    """Cells of rows; empty where the row is -1."""
    values = np.append(cells.values, "")
    if not len(cells.codes):
        return Cells.constant("", len(at))
    codes = np.where(at < 0, len(values) - 1, cells.codes[np.maximum(at, 0)])
    return Cells(codes.astype(np.int32), values)


def _times(text: str, factor: float) -> str:
    try:
        return repr(float(text) * float(factor))
    except ValueError:
        return text  # not a number: the reader lists it
