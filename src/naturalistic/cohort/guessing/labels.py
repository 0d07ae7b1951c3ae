"""The codebook that a statistical file carries: labels of its columns and of their values."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from naturalistic.cohort.cells import cell_text


@dataclass(frozen=True)
class Labels:
    """Labels by column name.

    Attributes
    ----------
    columns : dict of str to str
        What a column is, in words.
    values : dict of str to dict of str to str
        What each code of a column stands for, in words.
    """

    columns: dict[str, str] = field(default_factory=dict)
    values: dict[str, dict[str, str]] = field(default_factory=dict)


def read_labels(path: Path) -> Labels:
    """The codebook of an SPSS or Stata file; empty for every other file."""
    suffix = path.suffix.lower()
    if suffix not in (".sav", ".zsav", ".dta"):
        return Labels()
    import pyreadstat

    read = pyreadstat.read_dta if suffix == ".dta" else pyreadstat.read_sav
    meta = read(path, metadataonly=True)[1]
    columns = {n: str(t) for n, t in meta.column_names_to_labels.items() if t}
    values = {
        name: {cell_text(code): str(label) for code, label in labels.items()}
        for name, labels in meta.variable_value_labels.items()
    }
    return Labels(columns, values)
