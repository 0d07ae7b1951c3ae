"""From a trust's extract to the canonical cohort tables: read, gate, map, link, check, count."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping as MappingType
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from naturalistic.cohort.adapters import prepare
from naturalistic.cohort.answers import Catalogue
from naturalistic.cohort.build_tables import Extract, TableBuilder
from naturalistic.cohort.cells import read_ids
from naturalistic.cohort.drift.extract import profile_extract
from naturalistic.cohort.drift.models import ExtractProfile
from naturalistic.cohort.flow import Chain, flow_table
from naturalistic.cohort.footers import FOOTER_RULE, without_footer
from naturalistic.cohort.gate import hold_back_identifiers
from naturalistic.cohort.plan import check_instruments, mapped_columns
from naturalistic.cohort.problems import ProblemLog
from naturalistic.cohort.pseudonyms import MISSING, Pseudonyms
from naturalistic.cohort.readers import read_file
from naturalistic.cohort.reading import RawFile, UnreadableFileError, tidy_name
from naturalistic.cohort.repeated_headers import HEADER_RULE, without_repeated_headers
from naturalistic.cohort.written_ids import (
    IdHints,
    id_columns,
    note_ids_alike,
    with_plain_ids,
)
from naturalistic.reference.models import Instrument
from naturalistic.settings.mapping import Mapping


@dataclass(frozen=True, slots=True)
class IngestResult:
    """What ingest makes of an extract.

    Attributes
    ----------
    tables : dict of str to DataFrame
        All five canonical tables, conformed; empty where the mapping has none. Rows in the order of the files.
    problems : DataFrame
        One line a cell or row affected: table, file, row, column, rule, severity, action, reason. Never a value.
    flow : DataFrame
        One line a step: step, table, rows_in, rows_out, reason, count.
    data_cut : date
        Of the mapping, or else the latest plausible date of the extract.
    files : dict of str to str
        SHA-256 of each file, by its name in the mapping.
    described : dict of str to str
        How each file was read (encoding, delimiter, sheet).
    summary : tuple of str
        One sentence for each rule broken in a column.
    by_action : dict of str to tuple of str
        The same by what was done ("row set aside", "cell set to missing", "kept as it is"), without the mapping's name.
    profile : ExtractProfile
        What the mapped columns hold, to be compared with the next extract.
    """

    tables: dict[str, pd.DataFrame]
    problems: pd.DataFrame
    flow: pd.DataFrame
    data_cut: dt.date
    files: dict[str, str]
    described: dict[str, str]
    summary: tuple[str, ...]
    by_action: dict[str, tuple[str, ...]]
    profile: ExtractProfile


def ingest(
    mapping: Mapping,
    *,
    project: Path,
    key: bytes,
    mapping_name: str,
    instruments: MappingType[str, Instrument],
) -> IngestResult:
    """Read an extract through its mapping.

    Parameters
    ----------
    mapping : Mapping
        What each column means.
    project : Path
        Folder that the paths of the mapping start from.
    key : bytes
        Pseudonym key of the cohort (`pseudonyms.project_key`).
    mapping_name : str
        How messages name the mapping, such as "config/cohorts/north.yaml".
    instruments : mapping of str to Instrument
        Every known instrument.

    Returns
    -------
    IngestResult

    Raises
    ------
    MappingError
        The mapping names an unknown instrument or scale.
    BrokenExtractError
        An `ExtractError`: a file cannot be read or a rule stops the run. All that was found is listed at once, and
        `table` holds the problems.
    IdentifiableColumnsError
        An `IdentifiableDataError`: a mapped column could identify people.
    """
    check_instruments(mapping, instruments, mapping_name)
    log = ProblemLog(mapping_name)
    mapping, files, joined = _adapted(mapping, instruments, project, log)
    files |= _read_files(mapping, instruments, project, log, known=files)
    columns = {
        name: list(mapped_columns(mapping, instruments, name, raw.header))
        for name, raw in files.items()
    }
    hold_back_identifiers(mapping, files, columns, log)
    files = {
        name: with_plain_ids(raw, id_columns(mapping, name), mapping.ids_ignore)
        for name, raw in files.items()
    }
    log.id_hints = IdHints(mapping, files)
    note_ids_alike(mapping, files, log)
    extract = Extract(mapping, files, log, Pseudonyms(key), Catalogue(instruments))
    opted_out = _opted_out(extract)
    built = TableBuilder(extract, opted_out).build()
    log.stop_if_needed()
    cut = built.data_cut.isoformat()
    return IngestResult(
        tables=built.tables,
        problems=log.frame(),
        flow=flow_table([*joined, *built.chains], built.tables),
        data_cut=built.data_cut,
        files={name: raw.digest for name, raw in files.items()},
        described={name: raw.described for name, raw in files.items()},
        summary=log.summary(),
        by_action=log.by_action(),
        profile=profile_extract(extract, columns, built.tables, opted_out, cut),
    )


def _adapted(
    mapping: Mapping, instruments: MappingType[str, Instrument], project: Path, log: ProblemLog
) -> tuple[Mapping, dict[str, RawFile], list[Chain]]:
    """What an adapter makes of a mapping: the mapping with tables, its files, and the rows joined to others."""
    if mapping.adapter is None:
        return mapping, {}, []
    made = prepare(mapping, mapping.adapter, project=project, instruments=instruments, log=log)
    return made.mapping, made.files, made.chains


def _read_files(
    mapping: Mapping,
    instruments: MappingType[str, Instrument],
    project: Path,
    log: ProblemLog,
    *,
    known: MappingType[str, RawFile],
) -> dict[str, RawFile]:
    """The files of the mapping that an adapter has not read."""
    files: dict[str, RawFile] = {}
    used = {block.file for _, block in mapping.tables.blocks()}
    used |= {mapping.opt_out.file} if mapping.opt_out else set()
    for name, source in mapping.files.items():
        if name not in used or name in known:
            continue

        def wanted(header: tuple[str, ...], name: str = name) -> list[str]:
            names = [c.source for c in mapped_columns(mapping, instruments, name, header)]
            if mapping.opt_out and mapping.opt_out.file == name:
                names.append(tidy_name(mapping.opt_out.column))
            return names

        try:
            raw = read_file(name, source, project, wanted)
        except UnreadableFileError as bad:
            if bad.rule == "file_without_rows" and _only_opt_out(mapping, name):
                continue
            for column in bad.columns or ("",):
                rows = bad.rows if bad.rows.size else None
                log.add("", source.path, column, bad.rule, rows, of=bad.of, hint=bad.hint)
            continue
        for rule in raw.notes:
            log.add("", source.path, "", rule)
        log.add("", source.path, "", "row_wrong_length", raw.wrong_length, of=raw.n_records)
        raw, again = without_repeated_headers(raw)
        log.add("", source.path, "", HEADER_RULE, again, of=raw.n_records)
        files[name], below = without_footer(raw, _ids(mapping, name))
        log.add("", source.path, "", FOOTER_RULE, below, of=raw.n_records)
    log.stop_if_needed()
    return files


def _ids(mapping: Mapping, file: str) -> list[str]:
    """Columns of a file that number people or referrals."""
    specs = [
        block.columns[name]
        for _, block in mapping.tables.blocks()
        for name in ("patient_id", "referral_id")
        if block.file == file and name in block.columns
    ]
    return [tidy_name(spec.source) for spec in specs if spec.source is not None]


def _only_opt_out(mapping: Mapping, name: str) -> bool:
    """An opt-out list may be empty."""
    return bool(mapping.opt_out and mapping.opt_out.file == name) and all(
        block.file != name for _, block in mapping.tables.blocks()
    )


def _opted_out(extract: Extract) -> np.ndarray:
    """Pseudonyms of the people who opted out."""
    opt_out = extract.mapping.opt_out
    if opt_out is None or opt_out.file not in extract.files:
        return np.empty(0, np.int64)
    cells = extract.files[opt_out.file].column(opt_out.column)
    codes = extract.mapping.files[opt_out.file].missing_codes
    ids = extract.pseudonyms.of("patient", read_ids(cells, codes))
    return ids[ids != MISSING]
