"""What the parts of a draft share while it is written."""

from __future__ import annotations

from dataclasses import dataclass, field

from naturalistic.cohort.guessing.column import Column
from naturalistic.cohort.guessing.column_maps import DateQuestions
from naturalistic.cohort.guessing.draft import Draft
from naturalistic.cohort.guessing.file_roles import FileRoles
from naturalistic.cohort.guessing.form_names import FormWords
from naturalistic.cohort.guessing.questions import Question


@dataclass
class Builder:
    """What is known and collected while a draft is written.

    Attributes
    ----------
    cohort : str
        Name of the cohort.
    found : list of FileRoles
        What every file is.
    words : FormWords
        Names of the instruments.
    default_instrument : str
        The one the settings lead with.
    draft : Draft
        What is written so far.
    dates : DateQuestions
        What is to be asked on dates.
    formats : dict of str to str or None
        Format of dates that each file declares.
    used_instruments : dict of str to int
        Filled forms by instrument.
    fillers : dict of str to set of str
        Codes for "missing" that the forms of each file need.
    recognised : dict of str to list of str
        Canonical columns found, by table.
    patient_id : Question or None
        Asked once where no column numbers the patients.
    """

    cohort: str
    found: list[FileRoles]
    words: FormWords
    default_instrument: str
    draft: Draft = field(default_factory=Draft)
    dates: DateQuestions = field(default_factory=DateQuestions)
    formats: dict[str, str | None] = field(default_factory=dict)
    used_instruments: dict[str, int] = field(default_factory=dict)
    fillers: dict[str, set[str]] = field(default_factory=dict)
    recognised: dict[str, list[str]] = field(default_factory=dict)
    patient_id: Question | None = None

    @property
    def dated(self) -> bool:
        """Any file that is used has a column of dates, those of birth left aside."""
        return any(
            (column.dates is not None or column.serial_dates) and not _birth(each, column)
            for each in self.found
            if each.roles
            for column in each.file.columns.values()
        )


def _birth(each: FileRoles, column: Column) -> bool:
    return any(g.target == "patients.age:birth" for g in each.guesses.get(column.name, []))
