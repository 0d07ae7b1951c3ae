"""Which files of a folder, and which sheets of its workbooks, hold which table of a data set."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from naturalistic.cohort.readers import TEXT_SUFFIXES, read_header
from naturalistic.cohort.reading import UnreadableFileError
from naturalistic.reference.adapter_models import AdapterFile
from naturalistic.settings.mapping import SourceFile

WORKBOOKS = (".xlsx", ".xlsm", ".xls", ".xlsb", ".ods")
SUFFIXES = (*TEXT_SUFFIXES, *WORKBOOKS, ".parquet")


@dataclass(frozen=True, slots=True)
class Part:
    """A file or a sheet that holds rows of one table, or of several joined into one (a flattened extract).

    Attributes
    ----------
    path : str
        From the project, where the file lies in it.
    sheet : str or int
        Sheet of a workbook.
    submission : str
        What the place and the name say apart from the table: files alike in this belong to one submission.
    tables : tuple of str
        Codes of the tables it holds.
    """

    path: str
    sheet: str | int
    submission: str
    tables: tuple[str, ...]

    @property
    def named(self) -> str:
        """How messages name it."""
        return self.path if isinstance(self.sheet, int) else f"{self.path}, sheet {self.sheet}"


def plain_name(name: str) -> str:
    """A name without case, spaces and signs."""
    return re.sub(r"[^a-z0-9]", "", name.casefold())


def natural_order(text: str) -> list[tuple[int, int, str]]:
    """Sorts 2 before 10."""
    pieces = re.findall(r"\d+|\D+", text)
    return [(0, int(p), "") if p.isdigit() else (1, 0, p.casefold()) for p in pieces]


def table_named(name: str, codes: Iterable[str]) -> str:
    """Code of the table that the name of a file or sheet holds; empty where it holds none."""
    spread = {code: f"{code[:3]}[-_ ]?{code[3:]}" for code in codes}
    found = [c for c, seen in spread.items() if re.search(rf"(?i)(?<![A-Z]){seen}(?!\d)", name)]
    return found[0] if len(found) == 1 else ""


def tables_of_header(header: Iterable[str], adapter: AdapterFile) -> tuple[str, ...]:
    """Codes of the tables whose telling columns a header holds."""
    held = {plain_name(name) for name in header}
    held |= {
        plain_name(local)
        for names in adapter.ids.values()
        if held & {plain_name(name) for name in names}
        for local in names
    }
    return tuple(
        table.code
        for table in adapter.tables
        if table.signature and {plain_name(name) for name in table.signature} <= held
    )


def files_of(project: Path, folder: str) -> list[Path]:
    """Every readable file in the folder and below it; the workbook itself where `folder` is one."""
    place = project / folder
    if place.is_file():
        return [place]
    found = [p for p in place.rglob("*") if p.is_file() and p.suffix.lower() in SUFFIXES]
    return sorted(found, key=lambda p: natural_order(p.relative_to(place).as_posix()))


def input_files(project: Path, folder: str) -> list[str]:
    """Paths of what an adapter reads, for the workflow; the folder itself while it holds nothing."""
    found = [_shown(path, project) for path in files_of(project, folder)]
    return found or [folder]


def parts_of(project: Path, folder: str, adapter: AdapterFile, encoding: str) -> list[Part]:
    """Every file and sheet that holds a table of the data set, in the order of their names.

    The name decides; a file whose name holds no code of a table is recognised by its columns.

    Raises
    ------
    UnreadableFileError
        A workbook cannot be opened.
    """
    codes = [adapter.header.code, *(table.code for table in adapter.tables)]
    place = project / folder
    parts: list[Part] = []
    for path in files_of(project, folder):
        inside = "" if path == place else path.parent.relative_to(place).as_posix()
        shown = _shown(path, project)
        for sheet in _sheets(path):
            name = path.stem if isinstance(sheet, int) else sheet
            code = table_named(name, codes)
            rest = path.stem if not isinstance(sheet, int) else _without(path.stem, code)
            if code:
                parts.append(Part(shown, sheet, f"{inside}/{rest}", (code,)))
            elif held := _by_header(shown, sheet, project, adapter, encoding):
                parts.append(Part(shown, sheet, f"{inside}/{rest}", held))
    return parts


def _by_header(
    path: str, sheet: str | int, project: Path, adapter: AdapterFile, encoding: str
) -> tuple[str, ...]:
    source = SourceFile(path=path, sheet=sheet, encoding=encoding)
    try:
        header = read_header(source, project)
    except UnreadableFileError:
        return ()  # a note beside the tables, or a list of something else
    return tables_of_header(header, adapter)


def _sheets(path: Path) -> list[str | int]:
    if path.suffix.lower() not in WORKBOOKS:
        return [0]
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        names = CalamineWorkbook.from_path(str(path)).sheet_names
    except CalamineError as bad:
        raise UnreadableFileError(
            "file_unreadable", f"{path.name} is not a workbook, or it is locked"
        ) from bad
    return list(names)


def _without(stem: str, code: str) -> str:
    """The name of a file without the name of its table: what is left tells submissions apart."""
    if not code:
        return stem
    spaced = "[-_ ]?".join((code[:3], code[3:]))
    return re.sub(rf"(?i){spaced}[A-Za-z]*", "", stem).strip("-_ .")


def _shown(path: Path, project: Path) -> str:
    whole, root = path.resolve(), project.resolve()
    return (whole.relative_to(root) if whole.is_relative_to(root) else whole).as_posix()
