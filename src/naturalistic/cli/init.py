"""`init`: guess what each column of an extract is, write a commented mapping, ask what could not be guessed."""

from __future__ import annotations

import datetime as dt
import re
import sys
from collections.abc import Callable
from pathlib import Path, PurePath

import numpy as np

from naturalistic import files as artefacts
from naturalistic.cli.plan import Plan
from naturalistic.cohort.adapters.draft import (
    Recognised,
    Told,
    draft_adapter,
    ordinary_files,
    recognise,
)
from naturalistic.cohort.footers import FOOTER_RULE
from naturalistic.cohort.guessing.draft import Draft
from naturalistic.cohort.guessing.extract import Account, draft_mapping
from naturalistic.cohort.guessing.profile import FileProfile, profile_file, sheets_of
from naturalistic.cohort.guessing.questions import ASK, Question
from naturalistic.cohort.repeated_headers import HEADER_RULE
from naturalistic.errors import EXIT_INTERRUPTED, EXIT_OK, ConfigError
from naturalistic.reference.loader import load_instruments
from naturalistic.settings.load import load_mapping

_NAME = re.compile(r"[a-z][a-z0-9_]{0,59}")
_SHOWN = 12
_LEFT_OUT = {
    FOOTER_RULE: "below the table (a total, a note)",
    HEADER_RULE: "that repeat the header",
}


def init(
    config_file: Path,
    cohort: str,
    files: list[Path],
    *,
    ask: bool,
    force: bool,
    read_line: Callable[[str], str] | None = None,
) -> int:
    """Write a draft of the mapping of a new cohort.

    Parameters
    ----------
    config_file : Path
        Settings of the run; the mapping goes to `cohorts/NAME.yaml` beside it.
    cohort : str
        Name of the cohort.
    files : list of Path
        Files of the extract, or a folder with them.
    ask : bool
        Ask the open questions in the terminal, one at a time.
    force : bool
        Replace an existing mapping.
    read_line : callable, optional
        Reads an answer; without it the terminal does.

    Returns
    -------
    int
        0; or 130 where the questions were interrupted, and then nothing is written.

    Raises
    ------
    ConfigError
        The name cannot be used, a mapping of that name exists, or a file is named twice or absent.
    ExtractError
        A file cannot be read.
    """
    plan = Plan(config_file)
    target = plan.mapping_file(cohort)
    _check(cohort, files, target, force=force)
    instruments = load_instruments([plan.instrument_folder(cohort)])
    default = plan.config.primary.instrument
    tables = recognise(files, plan.project)
    if tables:
        draft, told = draft_adapter(cohort, tables, instruments, default, plan.project)
    else:
        profiles = _profiles(ordinary_files(files), plan.project)
        draft, account = draft_mapping(cohort, profiles, instruments, default)
    if ask:
        try:
            _ask_all(draft, read_line or input)
        except KeyboardInterrupt:
            print("\nInterrupted: nothing was written.", file=sys.stderr)
            return EXIT_INTERRUPTED
    artefacts.write_text(target, draft.text())
    still_open = sum(question.open for question in draft.questions())
    if not still_open:
        load_mapping(target)
    if tables:
        _say_tables(tables, told)
    else:
        _say_columns(profiles, account)
    _say_next(target, still_open, cohort)
    return EXIT_OK


def _check(cohort: str, files: list[Path], target: Path, *, force: bool) -> None:
    wrong: list[str] = []
    if not _NAME.fullmatch(cohort) or cohort == "templates":
        wrong.append(
            f"{cohort!r} cannot name a cohort: use small letters, digits and underscores, a letter first."
        )
    elif target.exists() and not force:
        wrong.append(
            f"{target.as_posix()} exists. Choose another name, or replace it with --force."
        )
    wrong += [f"{path.as_posix()} does not exist." for path in files if not path.exists()]
    wrong += [
        f"{path.as_posix()} holds no file that can be read (.csv, .tsv, .txt, .xlsx, .sav, .dta, .parquet)."
        for path in files
        if path.is_dir() and not ordinary_files([path])
    ]
    if len({path.resolve() for path in files}) < len(files):
        wrong.append("A file is named twice.")
    if wrong:
        raise ConfigError(wrong)


def _profiles(files: list[Path], project: Path) -> list[FileProfile]:
    today = np.datetime64(dt.date.today(), "D")
    keys: list[str] = []
    found: list[FileProfile] = []
    for path in files:
        sheets = sheets_of(path)
        for sheet in sheets:
            key = _key(path.stem if len(sheets) == 1 else f"{path.stem}_{sheet}", keys)
            keys.append(key)
            found.append(profile_file(key, _as_written(path, project), project, today, sheet))
    return found


def _key(stem: str, taken: list[str]) -> str:
    key = re.sub(r"[^a-z0-9]+", "_", stem.casefold()).strip("_") or "file"
    key = f"file_{key}" if key[0].isdigit() else key
    number, plain = 2, key
    while key in taken:
        key, number = f"{plain}_{number}", number + 1
    return key


def _as_written(path: Path, project: Path) -> str:
    """The path as the mapping writes it: from the project where the file lies in it."""
    whole = path.resolve()
    root = project.resolve()
    return (whole.relative_to(root) if whole.is_relative_to(root) else PurePath(whole)).as_posix()


# ----------------------------------------------------------------------------------------------------------- questions


def _ask_all(draft: Draft, read_line: Callable[[str], str]) -> None:
    """Ask every open question; a blank answer leaves it open."""
    asked: list[Question] = []
    print(
        "Answer with the number of a choice; an empty line leaves the question open in the mapping."
    )
    while left := [q for q in draft.questions() if q.open and q not in asked]:
        question = left[0]
        asked.append(question)
        print(f"\nQuestion {len(asked)} ({len(left) - 1} more): {question.text}")
        for number, option in enumerate(question.options, start=1):
            print(f"  {number}  {option.label}")
        if not _answered(question, read_line):
            return


def _answered(question: Question, read_line: Callable[[str], str]) -> bool:
    """Read until the answer can be used; False where there is nothing more to read."""
    while True:
        try:
            said = read_line("> ").strip()
        except EOFError:
            print("\nNo more answers: the rest stays open.")
            return False
        if not said:
            return True
        if question.wants_number and re.fullmatch(r"\d{2,5}", said):
            question.answer = int(said)
            return True
        if said.isdigit() and 1 <= int(said) <= len(question.options):
            question.answer = question.options[int(said) - 1].value
            return True
        hint = ", or a number of days of two digits or more" if question.wants_number else ""
        print(f"Please type a number from 1 to {len(question.options)}{hint}, or nothing.")


# ------------------------------------------------------------------------------------------------------------- summary


def _say_tables(tables: Recognised, told: Told) -> None:
    print(f"Recognised: {tables.adapter.name}, in {tables.folder}.")
    for name, n_rows in told.tables.items():
        print(f"  {name:<34}{n_rows:>10,} rows")
    if told.unknown:
        print(f"Codes of questionnaires that no list holds: {told.unknown}.")


def _say_columns(profiles: list[FileProfile], account: Account) -> None:
    for file in profiles:
        left_out = [f"; left out {n} {_LEFT_OUT[rule]}" for rule, n in file.raw.left_out]
        print(
            f"Read {file.source.path}: {file.n_rows:,} rows, {len(file.raw.header)} columns ({file.raw.described})"
            f"{''.join(left_out)}."
        )
    print(f"Shape: {account.shape}.")
    print("Recognised:")
    for table, names in account.recognised.items():
        print(f"  {table:<15}{', '.join(names)}")
    _list("Left out, because they may identify people", account.identifying)
    _list("Named like a questionnaire, but NOT read", account.unread)
    _list("Not recognised and left out", account.unknown)
    if "questionnaires" not in account.recognised:
        print(
            "No questionnaire was recognised. Without one the report can say who came and how therapy ended, but nothing "
            "about change: map its columns by hand (config/cohorts/TEMPLATE.yaml, under questionnaires)."
        )


def _say_next(target: Path, still_open: int, cohort: str) -> None:
    print(f"Wrote {target.as_posix()}")
    if still_open:
        print(
            f"{still_open} question{'s are' if still_open > 1 else ' is'} open, marked {ASK} and listed at its top. Answer "
            f"{'them' if still_open > 1 else 'it'} in the file, or start again with --ask --force."
        )
    print(f"Next: read the draft, then: python3 go.py check {cohort}")


def _list(title: str, names: list[str]) -> None:
    if names:
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        print(f"{title}: {', '.join(names[:_SHOWN])}{more}.")
