"""One guessed column as an entry of the mapping: its codes, its dates, what stands for missing, what may not pass."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from naturalistic.cohort.dates import parse_dates
from naturalistic.cohort.guessing.code_maps import Entry, coded_entry
from naturalistic.cohort.guessing.column import FILLER_NUMBERS, Column
from naturalistic.cohort.guessing.columns import Guess
from naturalistic.cohort.guessing.dates import FILLERS
from naturalistic.cohort.guessing.profile import FileProfile
from naturalistic.cohort.guessing.questions import LEAVE_OUT, Option, Question
from naturalistic.settings.mapping_columns import FORMATS_JOINED_BY
from naturalistic.tables.cohort import COHORT_TABLES

_FORMAT_WORDS = {
    "iso": "year-month-day (2024-12-31)",
    "dmy": "day before month (31/12/2024)",
    "excel_serial": "day numbers of Excel (45657)",
}
_PARTS = {
    "%d": "31",
    "%m": "12",
    "%Y": "2024",
    "%y": "24",
    "%b": "Dec",
    "%B": "December",
    "%H": "14",
    "%I": "02",
    "%M": "30",
    "%S": "00",
    "%p": "PM",
    "%f": "000",
    "%z": "+0000",
}
IDENTIFYING = {
    "nhs_number": "NHS numbers",
    "person_name": "names of people",
    "full_postcode": "addresses or full postcodes",
    "date_of_birth": "dates of birth",
    "phone_number": "telephone numbers",
    "email_address": "e-mail addresses",
}


@dataclass
class DateQuestions:
    """Asks once for all columns of a file whose dates can be read in the same ways."""

    asked: dict[tuple[object, ...], tuple[Question, list[str]]] = field(default_factory=dict)

    def about(self, column: Column) -> Question:
        """The question on the order of a column's dates."""
        guess = column.dates
        if guess is None:
            raise ValueError(f"{column.name} holds no dates")
        key = (column.file, guess.formats, guess.proof)
        if key not in self.asked:
            options = tuple(Option(format_words(f), f) for f in guess.formats)
            self.asked[key] = (Question("", (*options, LEAVE_OUT)), [])
        question, names = self.asked[key]
        if column.name not in names:
            names.append(column.name)
        question.text = f"how are the dates of {', '.join(map(repr, names))} written? {guess.proof.capitalize()}."
        return question


def format_words(date_format: str) -> str:
    """A date format in words, with 31 December 2024 as the example."""
    if FORMATS_JOINED_BY in date_format:
        return ", or ".join(format_words(part) for part in date_format.split(FORMATS_JOINED_BY))
    if date_format in _FORMAT_WORDS:
        return _FORMAT_WORDS[date_format]
    shown = date_format
    for sign, text in _PARTS.items():
        shown = shown.replace(sign, text)
    order = {"d": "day", "m": "month", "b": "month", "B": "month", "Y": "year", "y": "year"}
    words = [order[s] for s in date_format.replace("%", "") if s in order]
    return f"{', '.join(dict.fromkeys(words))} ({shown})"


def entry(guess: Guess, file: FileProfile, file_format: str | None, dates: DateQuestions) -> Entry:
    """A guessed column as an entry of the mapping.

    Parameters
    ----------
    guess : Guess
    file : FileProfile
        Its file.
    file_format : str or None
        Format of dates that the file declares.
    dates : DateQuestions
        Collects what is to be asked on dates.
    """
    column, said = guess.column, f"{guess.confidence}: {guess.reason}"
    if ":birth" in guess.target:
        return _birth(guess, file_format, dates)
    if column.rules and guess.field != "area":
        held = " and ".join(IDENTIFYING[r] for r in column.rules)
        why = f"{said}; left out: it may hold {held}. Ask for a code in its place, or say why it identifies nobody"
        return Entry({"from": column.name, "drop": True}, why)
    if guess.field == "area":
        return _area(column, said)
    if guess.meanings is not None:
        return coded_entry(guess, said)
    kind = _kind(guess)
    if kind == "date":
        return _dated(column, said, file_format, dates)
    if kind in ("number", "integer"):
        return _numbered(guess, said)
    missing = list(column.missing_here_only())
    value: object = {"from": column.name, "missing_codes": missing} if missing else column.name
    return Entry(value, said)


def _kind(guess: Guess) -> str:
    table, name = guess.target.split(".")
    table = "questionnaires" if table == "form" else table
    return "id" if name == "patient_id" else COHORT_TABLES[table].column(name).kind


def _birth(guess: Guess, file_format: str | None, dates: DateQuestions) -> Entry:
    column = guess.column
    if guess.target.endswith("birth_year"):
        return Entry(
            {"from": column.name, "coarsen": "year"},
            f"{guess.confidence}: {guess.reason}; only the age is kept",
        )
    made = _dated(
        column,
        f"{guess.confidence}: {guess.reason}; only the age at the first referral is kept",
        file_format,
        dates,
    )
    value = made.value if isinstance(made.value, dict) else {"from": column.name}
    return Entry({**value, "coarsen": "age_at_referral"}, made.comment, made.needs)


def _area(column: Column, said: str) -> Entry:
    if "full_postcode" in column.rules:
        why = f"{said}; full postcodes: only the first half is kept"
        return Entry({"from": column.name, "coarsen": "outward_postcode"}, why)
    if column.rules:
        return Entry(
            {"from": column.name, "drop": True}, f"{said}; left out: it may identify people"
        )
    return Entry(column.name, said)


def _dated(column: Column, said: str, file_format: str | None, dates: DateQuestions) -> Entry:
    fillers = [*_date_fillers(column), *column.missing_here_only()]
    extra: dict[str, object] = {"missing_codes": fillers} if fillers else {}
    if column.dates is None:
        how = "excel_serial" if column.serial_dates else "days"
        also = (
            "numbers of days as Excel counts them"
            if how == "excel_serial"
            else "days after the referral"
        )
        return Entry({"from": column.name, "date_format": how, **extra}, f"{said}; {also}")
    if not column.dates.proven:
        question = dates.about(column)
        value = {"from": column.name, "date_format": question, **extra}
        return Entry(value, f"{said}; the order of day and month is asked", (question,))
    own = column.dates.formats[0]
    if own == file_format and not extra:
        return Entry(column.name, f"{said}; {column.dates.proof}")
    value = {"from": column.name, **({} if own == file_format else {"date_format": own}), **extra}
    return Entry(value, f"{said}; {column.dates.proof}")


def _date_fillers(column: Column) -> list[str]:
    held = column.cells.values[column.often()]
    written = column.dates.formats[0] if column.dates is not None else "iso"
    fillers = np.isin(parse_dates(held, written), np.array(FILLERS, dtype="datetime64[D]"))
    return sorted(str(text) for text in held[fillers])


def _numbered(guess: Guess, said: str) -> Entry:
    column = guess.column
    fillers = [*filler_codes(column, _range(guess)), *column.missing_here_only()]
    value: dict[str, object] = {"from": column.name}
    if fillers:
        value["missing_codes"] = fillers
    if guess.field == "duration" and column.spread()[1] <= 8:
        value["multiply_by"] = 60
        said += "; numbers so small are taken as hours"
    return Entry(value if len(value) > 1 else column.name, said)


def _range(guess: Guess) -> tuple[float, float]:
    table, name = guess.target.split(".")
    contract = COHORT_TABLES["questionnaires" if table == "form" else table].column(name)
    low = -np.inf if contract.minimum is None else contract.minimum
    high = np.inf if contract.maximum is None else contract.maximum
    return low, min(high, 110.0) if name == "age" else high


def filler_codes(column: Column, accepted: tuple[float, float]) -> list[str]:
    """Numbers such as -9 and 999 that lie outside the range and stand for "missing" in at least ten rows."""
    low, high = accepted
    outside = np.isin(column.numbers, FILLER_NUMBERS) & (
        (column.numbers < low) | (column.numbers > high)
    )
    return sorted(str(text) for text in column.cells.values[outside & column.often()])
