"""A mapping that names a national data set and a folder in place of files and tables."""

from __future__ import annotations

import difflib
from typing import Literal

from pydantic import Field, field_validator, model_validator

from naturalistic.settings.closed import Closed
from naturalistic.settings.mapping_blocks import column_faults
from naturalistic.settings.mapping_columns import Codes, ColumnMap, DateFormat
from naturalistic.tables.cohort import COHORT_TABLES

NO_TOOL = "none"
_NAMES_TEAMS = ("mhsds_v6",)
_CODED = tuple(
    f"{table}.{column.name}"
    for table, contract in COHORT_TABLES.items()
    for column in contract.columns
    if column.kind == "category" and table != "ratings"
)


class Adapter(Closed):
    """Where the tables of a national data set lie, and the few things they do not say.

    Attributes
    ----------
    data_set : str
        Which data set the tables belong to (`reference/adapters/`).
    folder : str
        Folder with the tables, one file a table and submission, in folders of their own or not; or one workbook.
    date_format, encoding : str
        Of all files.
    teams : tuple of str
        Team types (such as A12) or the trust's own identifiers of teams; only referrals to them are read.
    assessment_contacts : int
        Contacts up to and including so many attended ones are assessments, where the data set does not say it.
    tools : dict of str to str
        Further SNOMED CT codes of questionnaires: `instrument`, `instrument.scale`, or `none` for one not to be read.
    therapies : dict of str to str
        Further SNOMED CT codes of therapies, each with its name.
    codes : dict of str to dict
        Codes of a canonical column (`referrals.ending`) that mean something else here, or that no list holds.
    """

    data_set: Literal["talking_therapies_v2_1", "mhsds_v6"]
    folder: str
    date_format: DateFormat = "iso"
    encoding: str = "auto"
    teams: tuple[str, ...] = ()
    assessment_contacts: int = Field(default=0, ge=0, le=10)
    tools: dict[str, str] = Field(default_factory=dict)
    therapies: dict[str, str] = Field(default_factory=dict)
    codes: dict[str, Codes] = Field(default_factory=dict)

    @field_validator("tools", "therapies", mode="before")
    @classmethod
    def _codes_are_text(cls, value: object) -> object:
        """SNOMED CT codes without quotation marks are numbers to YAML."""
        return {str(k): v for k, v in value.items()} if isinstance(value, dict) else value

    @field_validator("tools", "therapies")
    @classmethod
    def _snomed(cls, value: dict[str, str]) -> dict[str, str]:
        wrong = [code for code in value if not (code.isdigit() and 6 <= len(code) <= 18)]
        if wrong:
            raise ValueError(f"{', '.join(wrong)}: a SNOMED CT code has 6 to 18 digits")
        return value

    @field_validator("codes")
    @classmethod
    def _known_columns(cls, value: dict[str, Codes]) -> dict[str, Codes]:
        wrong: list[str] = []
        for name, codes in value.items():
            if name not in _CODED:
                close = difflib.get_close_matches(name, _CODED, n=1)
                hint = f"did you mean {close[0]!r}?" if close else f"accepted: {', '.join(_CODED)}"
                wrong.append(f"{name!r} is no column with codes; {hint}")
                continue
            table, column = name.split(".")
            wrong += column_faults(
                table, column, ColumnMap.model_validate({"from": "codes", "codes": codes})
            )
        if wrong:
            raise ValueError("; ".join(wrong))
        return value

    @model_validator(mode="after")
    def _what_the_data_set_has(self) -> Adapter:
        if self.data_set not in _NAMES_TEAMS:
            for name in ("teams", "assessment_contacts"):
                if getattr(self, name):
                    raise ValueError(f"{name!r} is only for {', '.join(_NAMES_TEAMS)}")
        return self
