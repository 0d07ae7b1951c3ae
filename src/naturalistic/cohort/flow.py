"""The account of rows: how many came from each file, how many left and why, checked at every step."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from naturalistic.errors import ExtractError

FLOW_COLUMNS = ("step", "table", "rows_in", "rows_out", "reason", "count")


@dataclass(slots=True)
class Chain:
    """The rows of one block of a table on their way from the file.

    Attributes
    ----------
    table, file : str
        Canonical table and path of the file.
    rows : int
        Rows that are left.
    steps : list of tuple
        Rows of the flow table.
    """

    table: str
    file: str
    rows: int = 0
    steps: list[tuple[str, str, int, int, str, int]] = field(default_factory=list)

    def read(self, n_records: int, wrong_length: int, kept: int) -> None:
        """Rows of the file, without those of the wrong length and blank ones."""
        self.rows = n_records
        self.steps.append(("read", self.table, n_records, n_records, f"rows of {self.file}", 0))
        self.drop(n_records - wrong_length, "row_wrong_length")
        self.drop(kept, "blank row")

    def begin(
        self, n_records: int, wrong_length: int, kept: int, left_out: tuple[tuple[str, int], ...]
    ) -> None:
        """Rows of the file, without those of the wrong length and blank ones, and those left out for a reason."""
        self.read(n_records, wrong_length, kept + sum(count for _, count in left_out))
        for reason, count in left_out:
            self.drop(self.rows - count, reason)

    def drop(self, rows_left: int, reason: str, step: str = "set_aside") -> None:
        """Rows that leave; nothing is written where none do."""
        count = self.rows - rows_left
        if count:
            self.steps.append((step, self.table, self.rows, rows_left, reason, count))
        self.rows = rows_left

    def reshape(self, rows_out: int, reason: str) -> None:
        """One row becomes none, one or many."""
        self.steps.append(("reshape", self.table, self.rows, rows_out, reason, 0))
        self.rows = rows_out


def flow_table(chains: list[Chain], tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Every step, and the proof that the rows add up.

    Parameters
    ----------
    chains : list of Chain
        The blocks of every table.
    tables : dict of str to DataFrame
        The finished tables.

    Returns
    -------
    DataFrame
        Columns `FLOW_COLUMNS`. Within a block the rows out of a step are the rows into the next; but for "read" and
        "reshape", rows in minus count is rows out; the last step "kept" holds the rows of the finished table.

    Raises
    ------
    ExtractError
        The rows do not add up: a fault of this program, so nothing may be made from them.
    """
    steps: list[tuple[str, str, int, int, str, int]] = []
    for name, frame in tables.items():
        own = [chain for chain in chains if chain.table == name]
        for chain in own:
            _check(chain)
            steps += chain.steps
        left = sum(chain.rows for chain in own)
        if left != len(frame):
            raise ExtractError(
                f"{name}: {left:,} rows should be left by the account of rows, but there are {len(frame):,}. This is a "
                "fault of naturalistic: please report it."
            )
        steps.append(("kept", name, left, left, "rows of the table", 0))
    return pd.DataFrame(steps, columns=list(FLOW_COLUMNS))


def _check(chain: Chain) -> None:
    before: int | None = None
    for step, table, rows_in, rows_out, reason, count in chain.steps:
        joined = before is None or rows_in == before
        if not joined or (step != "reshape" and rows_in - count != rows_out) or count < 0:
            raise ExtractError(
                f"{table}: the rows do not add up at {reason!r}. This is a fault of naturalistic: please report it."
            )
        before = rows_out
