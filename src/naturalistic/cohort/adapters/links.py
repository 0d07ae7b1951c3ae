"""How the tables of a data set hang together: which contact an activity belongs to, which referral a contact."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from naturalistic.cohort.adapters.source_tables import SourceTable
from naturalistic.cohort.cells import Cells, read_ids
from naturalistic.reference.adapter_models import KINDS, AdapterFile, Kind

NONE = -1


@dataclass(slots=True)
class Links:
    """Identifiers of all tables as positions in one list for each kind.

    Attributes
    ----------
    adapter : AdapterFile
    tables : dict of str to SourceTable
    names : dict of str to str
        Column that holds the identifiers of a kind, the same in every table.
    texts : dict of str to ndarray of object (str)
        Distinct identifiers of each kind, sorted.
    """

    adapter: AdapterFile
    tables: dict[str, SourceTable]
    names: dict[Kind, str] = field(default_factory=dict)
    texts: dict[Kind, np.ndarray] = field(default_factory=dict)
    _own: dict[tuple[str, Kind], np.ndarray] = field(default_factory=dict)
    _rows: dict[Kind, np.ndarray] = field(default_factory=dict)

    @classmethod
    def of(cls, adapter: AdapterFile, tables: dict[str, SourceTable]) -> Links:
        """The links of the tables; rows may still be versions of one record."""
        links = cls(adapter, tables)
        for kind in KINDS:
            links._choose(kind)
        return links

    def _choose(self, kind: Kind) -> None:
        """Take the column that most tables hold which name this kind, and number its identifiers."""
        asked = [
            table
            for code, table in self.tables.items()
            if table.spec.id == kind or table.spec.parent == kind
        ]
        candidates = self.adapter.ids[kind]
        counts = [sum(name in table.columns for table in asked) for name in candidates]
        if not counts or max(counts) == 0:
            self.texts[kind] = np.empty(0, dtype=object)
            return
        name = candidates[counts.index(max(counts))]
        self.names[kind] = name
        held = {code: t.columns[name] for code, t in self.tables.items() if name in t.columns}
        read = {code: read_ids(cells, ("NULL",)) for code, cells in held.items()}
        every = np.concatenate(list(read.values()))
        self.texts[kind] = np.unique(every[[t is not None for t in every]].astype(str)).astype(
            object
        )
        place = {text: i for i, text in enumerate(self.texts[kind])}
        for code, ids in read.items():
            numbers = np.array([NONE if t is None else place[str(t)] for t in ids], dtype=np.int64)
            self._own[code, kind] = numbers[held[code].codes]

    def linked(self, code: str, kind: Kind) -> bool:
        """The rows of a table can be told their record of a kind."""
        if (code, kind) in self._own:
            return True
        parent = self.adapter.table(code).parent
        if parent is None or parent == kind or not self.linked(code, parent):
            return False
        above = self.adapter.record_table(parent).code
        return above in self.tables and above != code and self.linked(above, kind)

    def ids(self, code: str, kind: Kind) -> np.ndarray:
        """Position in `texts[kind]` of what each row of a table belongs to; -1 where there is none."""
        if (code, kind) in self._own:
            return self._own[code, kind]
        parent = self.adapter.table(code).parent
        if parent is None or parent == kind:
            return np.full(len(self.tables[code]), NONE, dtype=np.int64)
        above = self.adapter.record_table(parent).code
        return picked(self.ids(above, kind), self.rows(code, parent), NONE)

    def rows(self, code: str, kind: Kind) -> np.ndarray:
        """Row in the table of records of a kind that each row of a table belongs to; -1 where there is none."""
        return picked(self._row_of(kind), self.ids(code, kind), NONE)

    def above(self, code: str) -> tuple[Kind, ...]:
        """What each row of a table belongs to, from its parent upwards."""
        kinds: list[Kind] = []
        parent = self.adapter.table(code).parent
        while parent is not None:
            kinds.append(parent)
            parent = self.adapter.record_table(parent).parent
        return tuple(kinds)

    def cells(self, code: str, kind: Kind) -> Cells:
        """The identifiers as cells."""
        ids = self.ids(code, kind)
        values = np.append(self.texts[kind], "")
        return Cells(np.where(ids < 0, len(values) - 1, ids).astype(np.int32), values)

    def keep(self, code: str, table: SourceTable, kept: np.ndarray) -> None:
        """Take fewer rows of a table."""
        self.tables[code] = table
        self._rows.clear()
        for kind in KINDS:
            if (code, kind) in self._own:
                self._own[code, kind] = self._own[code, kind][kept]

    def _row_of(self, kind: Kind) -> np.ndarray:
        """Row of each identifier in its table of records."""
        if kind not in self._rows:
            code = self.adapter.record_table(kind).code
            rows = np.full(len(self.texts[kind]), NONE, dtype=np.int64)
            if (code, kind) in self._own:
                own = self._own[code, kind]
                known = own >= 0
                rows[own[known]] = np.flatnonzero(known)
            self._rows[kind] = rows
        return self._rows[kind]


def picked(values: np.ndarray, at: np.ndarray, missing: int) -> np.ndarray:
    """Values at positions; `missing` where the position is -1."""
    if not len(values):
        return np.full(len(at), missing, dtype=np.int64)
    return np.where(at < 0, missing, values[np.maximum(at, 0)])
