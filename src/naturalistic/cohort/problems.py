"""The list of everything in an extract that could not be used as it stands: where, how many, what was done."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from naturalistic.cohort.cells import categorical
from naturalistic.cohort.rules import ACTIONS, RULES
from naturalistic.errors import ExtractError, IdentifiableDataError

PROBLEM_COLUMNS = ("table", "file", "row", "column", "rule", "severity", "action", "reason")
ROWS_SHOWN = 5
ABOUT_LINKS = frozenset(
    {
        "referral_without_patient",
        "most_referrals_without_patient",
        "session_orphan",
        "most_sessions_orphan",
        "form_orphan",
        "most_forms_orphan",
        "rating_orphan",
        "most_ratings_orphan",
    }
)
"""Rules on rows whose id was found nowhere."""


class BrokenExtractError(ExtractError):
    """An extract that breaks rules which stop the run; `table` lists every problem found so far."""

    def __init__(self, problems: Iterable[str], table: pd.DataFrame) -> None:
        super().__init__(problems)
        self.table = table


class IdentifiableColumnsError(IdentifiableDataError):
    """Columns that could identify people; `table` lists them."""

    def __init__(self, problems: Iterable[str], table: pd.DataFrame) -> None:
        super().__init__(problems)
        self.table = table


@dataclass(frozen=True, slots=True)
class Places:
    """Where the rows of a table that was read from several files stand.

    Attributes
    ----------
    files : tuple of str
        Names of the files.
    part : ndarray of int32, shape (n_rows,)
        Position in `files` of each row; rows are counted from 1 over all files.
    row : ndarray of int64, shape (n_rows,)
        Number of each row in its file.
    """

    files: tuple[str, ...]
    part: np.ndarray
    row: np.ndarray

    def named(self, number: int) -> str:
        """A row as messages name it."""
        return f"{self.row[number - 1]} of {self.files[self.part[number - 1]]}"


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule broken in one column (or by whole rows) of one file.

    Attributes
    ----------
    table, file, column : str
        Canonical table and column, and the path of the file as the mapping writes it. The cells of a questionnaire are
        named by their column in the file.
    rule : str
        Name in the registry of rules.
    rows : ndarray of int64
        Row numbers as a spreadsheet shows them, the header counted; empty where a whole file or column is meant.
    of : int
        Rows looked at.
    hint : str
        More on what was found and what to do; never a value of a patient.
    places : Places or None
        Where the rows stand, for a table of several files.
    """

    table: str
    file: str
    column: str
    rule: str
    rows: np.ndarray
    of: int = 0
    hint: str = ""
    places: Places | None = None

    def sentence(self, mapping_name: str) -> str:
        """The finding in one sentence for the screen, with the mapping to be mended; without its name where it is empty."""
        rule = RULES[self.rule]
        where = ".".join(part for part in (self.table, self.column) if part)
        start = ", ".join(part for part in (mapping_name, where) if part)
        file = (f"({self.file})" if start else self.file) if self.file else ""
        place = " ".join(part for part in (start, file) if part)
        text = f"{place}: " if place else ""
        if self.rows.size:
            many = (
                f"{self.rows.size:,} of {self.of:,} rows" if self.of else f"{self.rows.size:,} rows"
            )
            text += f"{many} {rule.says}"
        else:
            text += rule.says
        text += f" ({self.hint})." if self.hint else "."
        if self.rows.size:
            first = np.sort(self.rows)[:ROWS_SHOWN]
            shown = ", ".join(self.places.named(r) if self.places else str(r) for r in first)
            more = " and more" if self.rows.size > ROWS_SHOWN else ""
            text += f" Row{'s' if self.rows.size > 1 else ''} {shown}{more}."
        return f"{text} {rule.advice}".rstrip()


@dataclass(slots=True)
class ProblemLog:
    """Collects findings while an extract is read.

    Attributes
    ----------
    mapping_name : str
        How messages name the mapping.
    findings : list of Finding
    places : dict of str to Places
        By the name of a table that was read from several files.
    id_hints : callable or None
        Given a table and a file, why its ids may have been found nowhere.
    """

    mapping_name: str
    findings: list[Finding] = field(default_factory=list)
    places: dict[str, Places] = field(default_factory=dict)
    id_hints: Callable[[str, str], str] | None = None

    def add(
        self,
        table: str,
        file: str,
        column: str,
        rule: str,
        rows: np.ndarray | None = None,
        *,
        of: int = 0,
        hint: str = "",
    ) -> None:
        """Note that `rows` break `rule`; without `rows` the whole file or column does, with empty `rows` nothing."""
        if rule not in RULES:
            raise KeyError(f"no rule is called {rule!r}")
        if rows is not None and rows.size == 0:
            return
        if self.id_hints is not None and rule in ABOUT_LINKS and not hint:
            hint = self.id_hints(table, file)
        numbers = np.empty(0, np.int64) if rows is None else np.asarray(rows, np.int64)
        places = self.places.get(file)
        self.findings.append(Finding(table, file, column, rule, numbers, of, hint, places))

    def frame(self) -> pd.DataFrame:
        """One line a cell or row affected."""
        found = [part for finding in self.findings for part in _by_file(finding)]
        lines = np.array([max(1, f.rows.size) for f in found], dtype=np.int64)
        data: dict[str, object] = {}
        for name in ("table", "file", "column", "rule"):
            data[name] = _repeated([getattr(f, name) for f in found], lines)
        for name in ("severity", "action", "reason"):
            data[name] = _repeated([getattr(RULES[f.rule], name) for f in found], lines)
        rows = [f.rows if f.rows.size else np.array([-1]) for f in found]
        row = np.concatenate(rows) if rows else np.empty(0, np.int64)
        data["row"] = pd.array(np.where(row < 0, 0, row), dtype="Int64")
        frame = pd.DataFrame(data)
        frame.loc[row < 0, "row"] = pd.NA
        return frame[list(PROBLEM_COLUMNS)]

    def summary(self) -> tuple[str, ...]:
        """One sentence a finding, what stops the run first."""
        order = ("stops", "row_set_aside", "cell_set_to_missing", "noted")
        ranked = sorted(self.findings, key=lambda f: order.index(RULES[f.rule].severity))
        return tuple(finding.sentence(self.mapping_name) for finding in ranked)

    def by_action(self) -> dict[str, tuple[str, ...]]:
        """One sentence a finding, by what was done: the most rows first."""
        found: dict[str, list[Finding]] = {}
        for finding in self.findings:
            found.setdefault(RULES[finding.rule].action, []).append(finding)
        return {
            action: tuple(f.sentence("") for f in sorted(found[action], key=lambda f: -f.rows.size))
            for action in ACTIONS.values()
            if action in found
        }

    def stop_if_needed(self) -> None:
        """Raise `BrokenExtractError` when a finding stops the run."""
        stops = [f for f in self.findings if RULES[f.rule].severity == "stops"]
        if stops:
            raise BrokenExtractError([f.sentence(self.mapping_name) for f in stops], self.frame())


def _by_file(finding: Finding) -> list[Finding]:
    """The finding, once for each file its rows stand in."""
    places = finding.places
    if places is None or not finding.rows.size:
        return [finding]
    at = finding.rows - 1
    part = places.part[at]
    return [
        replace(finding, file=places.files[p], rows=places.row[at[part == p]], places=None)
        for p in np.unique(part)
    ]


def _repeated(words: list[str], lines: np.ndarray) -> pd.Categorical:
    levels = sorted(set(words))
    codes = np.array([levels.index(word) for word in words], dtype=np.int32)
    return categorical(np.repeat(codes, lines), levels)
