"""Recognising the tables of a national data set among files, and the draft of the mapping that reads them."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from naturalistic.cohort.adapters.codes import Snomed
from naturalistic.cohort.adapters.files import Part, files_of, parts_of
from naturalistic.cohort.adapters.source_tables import SourceTable, read_tables
from naturalistic.cohort.dates import parse_dates
from naturalistic.cohort.guessing.draft import Draft
from naturalistic.cohort.guessing.questions import Option, Question
from naturalistic.cohort.problems import ProblemLog
from naturalistic.cohort.reading import UnreadableFileError
from naturalistic.cohort.unreadable import ROWS_TO_SHOW_A_CODE
from naturalistic.reference.adapter_models import AdapterFile
from naturalistic.reference.loader import load_adapters
from naturalistic.reference.models import Instrument
from naturalistic.settings.mapping import Adapter

_FORMATS = ("iso", "dmy")
_LEADING = ("core_om", "core_10", "phq_9")
"""Of questionnaires completed about equally often the broader one leads."""
_MOST_TEAMS = 12
_TEAM_TYPES = {
    "A12": "psychotherapy service",
    "A13": "psychological therapy service",
    "A16": "personality disorder service",
}


@dataclass(frozen=True, slots=True)
class Recognised:
    """A data set whose tables lie in a folder or a workbook.

    Attributes
    ----------
    adapter : AdapterFile
    folder : str
        As the mapping writes it.
    parts : tuple of Part
    """

    adapter: AdapterFile
    folder: str
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """What was found, for the screen.

    Attributes
    ----------
    tables : dict of str to int
        Rows of each table.
    unknown : str
        Codes of questionnaires nobody knows, with how often they occur.
    """

    tables: dict[str, int]
    unknown: str


def recognise(paths: Iterable[Path], project: Path) -> Recognised | None:
    """The data set of which all needed tables lie at the paths; None where there is none.

    Parameters
    ----------
    paths : iterable of Path
        A folder, a workbook, or files of one folder.
    project : Path
        Folder that relative paths start from.
    """
    places = [path.resolve() for path in paths]
    inside = [place if place.is_dir() else place.parent for place in places]
    place = places[0] if len(places) == 1 else Path(os.path.commonpath(inside))
    root = project.resolve()
    folder = (place.relative_to(root) if place.is_relative_to(root) else place).as_posix()
    given = {each for at in places for each in (files_of(at, ".") if at.is_dir() else [at])}
    for adapter in load_adapters().values():
        try:
            parts = parts_of(project, folder, adapter, "auto")
        except UnreadableFileError:
            return None
        own = [part for part in parts if (project / part.path).resolve() in given]
        held = {code for part in own for code in part.tables}
        if {table.code for table in adapter.tables if table.needed} <= held:
            return Recognised(adapter, folder, tuple(parts))
    return None


def draft_adapter(
    cohort: str,
    found: Recognised,
    instruments: Mapping[str, Instrument],
    default_instrument: str,
    project: Path,
) -> tuple[Draft, Told]:
    """The draft of a mapping with what only the service can know as comments and questions."""
    choice = Adapter.model_validate({"data_set": found.adapter.key, "folder": found.folder})
    tables = read_tables(found.adapter, choice, list(found.parts), project, ProblemLog(""))
    used, unknown = _tools(found.adapter, tables, Snomed.of(choice, instruments, ""))
    draft = Draft()
    _write_top(draft, cohort, found)
    draft.add(0, "adapter")
    draft.add(1, "data_set", found.adapter.key, _many(tables))
    draft.add(1, "folder", found.folder)
    date_format = _date_format(found.adapter, tables)
    if date_format != "iso":
        draft.add(1, "date_format", date_format, "the received dates of the referrals prove it")
    if found.adapter.teams:
        _ask_teams(draft, found.adapter, tables)
    if unknown:
        example = "Name each ('718583008': core_10), or write none"
        draft.add(1, comment=f"tools: codes that no list holds: {unknown}. {example}")
    _write_choices(draft, used, instruments, default_instrument)
    return draft, Told({table.spec.name: len(table) for table in tables.values()}, unknown)


def _write_top(draft: Draft, cohort: str, found: Recognised) -> None:
    draft.head = [
        f"Draft of the mapping of the cohort {cohort}, made by `init` from the tables in {found.folder}.",
        f"They are those of the {found.adapter.name}: what each column means is known.",
        "docs/how_to/national_data_sets.md says how they are read and what they cannot hold.",
    ]
    draft.add(0, "title", f"Cohort {cohort}", "title of the report: change it")
    draft.add(0, comment='service: ""                    who provided the therapy')
    draft.add(0, comment='contact: ""                    whom readers ask')
    cut = "day the extract was made; without it the end of the last reporting period"
    draft.add(0, comment=f"data_cut: 2024-03-31           {cut}")
    draft.add(0)


def _write_choices(
    draft: Draft, used: Counter[str], instruments: Mapping[str, Instrument], default: str
) -> None:
    if not used or default in used:
        return
    often = [key for key in used if used[key] >= 0.9 * max(used.values())]
    chosen = next((key for key in _LEADING if key in often), min(often))
    why = "the questionnaire the report leads with: the most frequent here; decide before looking at results"
    draft.add(0)
    draft.add(0, "choices")
    primary = {"instrument": chosen, "scale": instruments[chosen].primary_scale}
    draft.add(1, "primary", primary, why)


def _many(tables: dict[str, SourceTable]) -> str:
    files = {part.named for table in tables.values() for part in table.parts}
    submissions = {part.submission for table in tables.values() for part in table.parts}
    return f"{len(tables)} tables in {len(files)} files, {len(submissions)} submissions"


def _date_format(adapter: AdapterFile, tables: dict[str, SourceTable]) -> str:
    """The first format that reads nearly all received dates."""
    table = tables[adapter.record_table("referral").code]
    view = next(view for view in adapter.views if view.canonical == "referrals")
    texts = table.filled(view.columns["received_date"][0].source).values
    texts = texts[[bool(text) for text in texts]]
    for each in _FORMATS:
        if len(texts) and np.isnat(parse_dates(texts, each)).mean() < 0.05:
            return each
    return "iso"


def _tools(
    adapter: AdapterFile, tables: dict[str, SourceTable], snomed: Snomed
) -> tuple[Counter[str], str]:
    """Instruments by number of scores, and frequent codes that no list holds."""
    used: Counter[str] = Counter()
    strange: Counter[str] = Counter()
    for view in adapter.views:
        if view.canonical != "questionnaires" or view.table not in tables:
            continue
        cells = tables[view.table].filled(view.columns["instrument"][0].source)
        for text, count in zip(cells.values, cells.counts(), strict=True):
            code = snomed.code_of(text)
            if code in snomed.tools:
                used[snomed.tools[code].instrument] += int(count)
            elif code and not snomed.known(text):
                strange[code] += int(count)
    often = [
        f"{code} ({n:,} rows)"
        for code, n in strange.most_common(_MOST_TEAMS)
        if n >= ROWS_TO_SHOW_A_CODE
    ]
    return used, ", ".join(often)


def _ask_teams(draft: Draft, adapter: AdapterFile, tables: dict[str, SourceTable]) -> None:
    """Which teams are meant, where there are several; what the contacts were for."""
    named, counts = _teams(adapter, tables)
    if len(counts) > 1:
        options = [
            Option(f"{_team(text)}, {count:,} rows", [text])
            for text, count in counts.most_common(_MOST_TEAMS)
        ]
        every = Option("every team of the extract", list(counts))
        question = Question(
            f"Which team is meant? The extract holds several ({named}); referrals to the others are left out.",
            (*sorted(options, key=lambda o: "service" not in o.label), every),
        )
        draft.add(1, "teams", question)
    else:
        draft.add(1, comment="teams: [A12]                 only referrals to these teams are read")
    question = Question(
        "The data set does not say what a contact was for. How do therapies begin?",
        (
            Option("the first attended contact of a referral is the assessment", 1),
            Option("every contact is treatment", 0),
            Option("the first two attended contacts are assessments", 2),
        ),
    )
    draft.add(1, "assessment_contacts", question)


def _teams(adapter: AdapterFile, tables: dict[str, SourceTable]) -> tuple[str, Counter[str]]:
    """The first column of teams that the files hold, and how often each frequent team stands in it."""
    for code, names in adapter.teams.items():
        for name in tables[code].held(names) if code in tables else ():
            cells = tables[code].columns[name]
            held = zip(cells.values, cells.counts(), strict=True)
            often = {t: int(n) for t, n in held if t and n >= ROWS_TO_SHOW_A_CODE}
            return name, Counter(often)
    return "", Counter()


def _team(text: str) -> str:
    return f"{text} ({_TEAM_TYPES[text]})" if text in _TEAM_TYPES else text


def ordinary_files(paths: Iterable[Path]) -> list[Path]:
    """The files themselves; every readable file in the place of a folder."""
    return [each for path in paths for each in (files_of(path, ".") if path.is_dir() else [path])]
