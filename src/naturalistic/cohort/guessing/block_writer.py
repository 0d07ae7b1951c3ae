"""What the writers of questionnaire blocks share."""

from __future__ import annotations

from dataclasses import dataclass

from naturalistic.cohort.guessing.column_maps import DateQuestions
from naturalistic.cohort.guessing.draft import Draft
from naturalistic.cohort.guessing.file_roles import FileRoles
from naturalistic.cohort.guessing.form_values import FormValues


@dataclass
class BlockWriter:
    """Writes blocks of one file into a draft.

    Attributes
    ----------
    values : FormValues
    draft : Draft
    dates : DateQuestions
    file_format : str or None
        Format of dates that the file declares.
    links : dict of str to str
        Columns that link a row to its referral.
    """

    values: FormValues
    draft: Draft
    dates: DateQuestions
    file_format: str | None
    links: dict[str, str]

    @property
    def each(self) -> FileRoles:
        """The file."""
        return self.values.each
