"""`example`: a synthetic extract as the tables of a national data set, for trying `init`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from naturalistic.errors import EXIT_OK

_PEOPLE = 300
_SEED = 20240214


@dataclass(frozen=True)
class Tables:
    """A synthetic cohort and the data set whose tables are written."""

    data_set: str
    preset: str
    folder: str
    about: str


TABLES = MappingProxyType(
    {
        "talking-therapies-tables": Tables(
            "talking_therapies_v2_1",
            "talking_therapies",
            "extracts/talking_therapies_tables",
            "300 synthetic people as tables of the NHS Talking Therapies data set",
        ),
        "mhsds-tables": Tables(
            "mhsds_v6",
            "hirschfeld",
            "extracts/mhsds_tables",
            "300 synthetic people as tables of the Mental Health Services Data Set",
        ),
    }
)


def write_tables(key: str) -> int:
    """Write the tables of an example into its folder.

    Returns
    -------
    int
        0.
    """
    from naturalistic.cohort.synthetic import make_cohort, write_extract

    chosen = TABLES[key]
    folder = Path(chosen.folder)
    write_extract(make_cohort(chosen.preset, _SEED, n=_PEOPLE), folder, chosen.data_set)
    print(f"Wrote {chosen.folder}: {chosen.about}, in four submissions.")
    print(f"Next: python3 go.py init my_tables {chosen.folder}")
    return EXIT_OK
