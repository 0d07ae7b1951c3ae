"""What a table is: typed, described columns and a key.

pandas is imported where it is used: the plan of a run needs the columns, not the data.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import pandas as pd

Kind = Literal["id", "category", "integer", "number", "date", "text"]

_DTYPES = {
    "integer": "Int32",
    "number": "float64",
    "date": "datetime64[ms]",
    "text": "string",
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table.

    Attributes
    ----------
    name, meaning : str
        Name in the table and what it says, in one sentence.
    kind : {"id", "category", "integer", "number", "date", "text"}
        ``id`` is a pseudonymous 64-bit integer; ``category`` a word of `levels`, or the service's own word when
        `levels` is empty.
    unit : str
        Unit of a number.
    levels : tuple of str
        Closed list of allowed words.
    minimum, maximum : float or None
        Allowed range of a number, both ends included.
    required : bool
        The table is useless without it: no missing value is allowed.
    unlocks : str
        Section of the report that needs it (shown in the data request).
    """

    name: str
    kind: Kind
    meaning: str
    unit: str = ""
    levels: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    required: bool = False
    unlocks: str = ""

    @property
    def dtype(self) -> Any:
        """The pandas dtype of the column."""
        import pandas as pd

        if self.kind == "id":
            return "int64" if self.required else "Int64"
        if self.kind == "category":
            return pd.CategoricalDtype(list(self.levels)) if self.levels else "category"
        return _DTYPES[self.kind]


@dataclass(frozen=True, slots=True)
class Table:
    """A named table: its grain, its key and its columns."""

    name: str
    grain: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Column names in order."""
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> Column:
        """The column of that name; `KeyError` if there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"table {self.name} has no column {name}")

    def empty(self) -> pd.DataFrame:
        """A frame with every column and no row."""
        import pandas as pd

        return self.conform(pd.DataFrame({name: [] for name in self.names}))

    def conform(self, frame: pd.DataFrame) -> pd.DataFrame:
        """`frame` with exactly the columns of the table, in order and typed; absent optional columns become missing.

        Raises
        ------
        ValueError
            A required column is absent, or a column is not part of the table.
        """
        import pandas as pd

        unknown = [name for name in frame.columns if name not in self.names]
        absent = [c.name for c in self.columns if c.required and c.name not in frame.columns]
        if unknown or absent:
            raise ValueError(f"table {self.name}: unknown columns {unknown}, absent {absent}")
        data = {c.name: _typed(frame, c) for c in self.columns}
        return pd.DataFrame(data, index=frame.index).reset_index(drop=True)

    def problems(self, frame: pd.DataFrame) -> list[str]:
        """Every way in which `frame` breaks the contract, in words without values."""
        found = [f"{self.name}: column {n} is absent" for n in self.names if n not in frame.columns]
        if found:
            return found
        for column in self.columns:
            found += [f"{self.name}.{column.name}: {text}" for text in _faults(frame, column)]
        if self.key and (twice := int(frame.duplicated(list(self.key)).sum())):
            found.append(f"{self.name}: {twice} rows repeat the key ({', '.join(self.key)})")
        return found


def _typed(frame: pd.DataFrame, column: Column) -> pd.Series:
    import pandas as pd

    if column.name not in frame.columns:
        missing = (
            float("nan") if column.kind == "number" else pd.NaT if column.kind == "date" else pd.NA
        )
        return pd.Series(missing, index=frame.index, dtype="object").astype(column.dtype)
    values = frame[column.name]
    if column.kind == "category" and column.levels:
        strange = values.notna() & ~values.astype("object").isin(column.levels)
        if strange.any():
            raise ValueError(
                f"{column.name}: {int(strange.sum())} values are not in the closed list"
            )
    if column.kind == "category" and not column.levels:
        words = values.astype("string")
        # sorted levels: the same data give the same bytes whatever the order of the rows
        levels = sorted(words.dropna().unique())
        return words.astype(pd.CategoricalDtype(levels))
    return values.astype(column.dtype)


def _faults(frame: pd.DataFrame, column: Column) -> Iterable[str]:
    import pandas as pd

    values = frame[column.name]
    if column.required and (missing := int(values.isna().sum())):
        yield f"{missing} rows lack a required value"
    if column.kind in ("integer", "number"):
        numbers = pd.to_numeric(values, errors="coerce")
        if column.minimum is not None and (low := int((numbers < column.minimum).sum())):
            yield f"{low} rows lie below {column.minimum:g}"
        if column.maximum is not None and (high := int((numbers > column.maximum).sum())):
            yield f"{high} rows lie above {column.maximum:g}"
