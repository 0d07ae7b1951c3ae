"""The de-identification gate: nothing is written while a mapped column could identify people."""

from __future__ import annotations

import numpy as np

from naturalistic.cohort.cells import missing_values
from naturalistic.cohort.dates import date_shaped, read_dates
from naturalistic.cohort.identifiers import identifying_header, identifying_shapes
from naturalistic.cohort.plan import MappedColumn
from naturalistic.cohort.problems import IdentifiableColumnsError, ProblemLog
from naturalistic.cohort.reading import RawFile
from naturalistic.cohort.rules import RULES
from naturalistic.settings.mapping import Mapping

LEAST_YEARS_BEFORE = 10
_SAMPLE = 1000
_REMEDIES = {
    "full_postcode": "write 'coarsen: outward_postcode' for patients.area",
    "date_of_birth": "write 'coarsen: age_at_referral' for patients.age, or 'coarsen: age_band' for patients.age_band",
    "nhs_number": "ask for a local pseudonym in its place",
    "person_name": "ask for a code in its place",
}
_COARSENED_AWAY = {
    "outward_postcode": ("full_postcode",),
    "age_at_referral": ("date_of_birth",),
    "age_band": ("date_of_birth",),
    "year": ("date_of_birth",),
}


def hold_back_identifiers(
    mapping: Mapping,
    files: dict[str, RawFile],
    columns: dict[str, list[MappedColumn]],
    log: ProblemLog,
) -> None:
    """Refuse an extract whose mapped columns could identify people.

    Headers and distinct values of every mapped column are scanned for NHS numbers, names, full postcodes, dates of
    birth, telephone numbers and e-mail addresses. A column passes when the mapping drops it, coarsens it accordingly, or
    says why it identifies nobody.

    Raises
    ------
    IdentifiableColumnsError
        Naming every such column, without any of its values.
    """
    found: list[tuple[RawFile, MappedColumn, str]] = []
    for name, mapped in columns.items():
        raw = files[name]
        for column in mapped:
            found += [(raw, column, rule) for rule in _broken_by(raw, column)]
    if mapping.calendar == "real":
        found += _births(mapping, files, columns)
    if not found:
        return
    sentences: dict[tuple[str, str, str], str] = {}
    for raw, column, rule in found:
        key = (raw.path, column.source, rule)
        if key not in sentences:
            sentences[key] = _sentence(log.mapping_name, raw, column, rule)
            log.add(column.table, raw.path, column.name, rule, hint=f"column {column.source!r}")
    raise IdentifiableColumnsError(list(sentences.values()), log.frame())


def _broken_by(raw: RawFile, column: MappedColumn) -> list[str]:
    if column.spec.not_identifying_because:
        return []
    texts = raw.column(column.source).values
    texts = texts[texts != ""]
    rules = [identifying_header(column.source)]
    if column.kind != "date":
        rules += identifying_shapes(texts, is_id=column.kind == "id")
    passed = _COARSENED_AWAY.get(column.spec.coarsen or "", ())
    return [rule for rule in dict.fromkeys(rules) if rule and rule not in passed]


def _births(
    mapping: Mapping, files: dict[str, RawFile], columns: dict[str, list[MappedColumn]]
) -> list[tuple[RawFile, MappedColumn, str]]:
    """Columns whose dates lie many years before the others: dates of birth under another name."""
    middles: list[tuple[RawFile, MappedColumn, float]] = []
    for name, mapped in columns.items():
        source, raw = mapping.files[name], files[name]
        for column in mapped:
            spec = column.spec
            if spec.coarsen or spec.not_identifying_because:
                continue
            codes = (*source.missing_codes, *spec.missing_codes)
            year = _middle_year(raw, column, spec.date_format or source.date_format, codes)
            if not np.isnan(year):
                middles.append((raw, column, year))
    dates = [year for _, column, year in middles if column.kind == "date"]
    latest = max(dates, default=np.nan)
    return [
        (raw, column, "date_of_birth")
        for raw, column, year in middles
        if year <= latest - LEAST_YEARS_BEFORE
    ]


def _middle_year(
    raw: RawFile, column: MappedColumn, date_format: str | None, codes: tuple[str, ...]
) -> float:
    """Median year of a column of dates; NaN for a column of anything else, or of days counted from a start."""
    cells = raw.column(column.source)
    if column.kind == "date":
        if date_format == "days":
            return np.nan
        dates = read_dates(cells, date_format, codes, typed=raw.typed).dates
    else:
        held = cells.values[~missing_values(cells.values, codes)]
        # a part is enough to see whether most are dates, and there can be millions of ids
        dates = date_shaped(held[:: 1 + len(held) // _SAMPLE])
        if not len(held) or np.isnat(dates).mean() > 0.5:
            return np.nan
    dates = dates[~np.isnat(dates)]
    if not dates.size:
        return np.nan
    return float(np.median(dates.astype("datetime64[Y]").astype(np.int64)) + 1970)


def _sentence(mapping_name: str, raw: RawFile, column: MappedColumn, rule: str) -> str:
    remedy = _REMEDIES.get(rule, "")
    ways = [remedy] if remedy else []
    ways += [
        "take the column out of the mapping ('drop: true')",
        "or say under 'not_identifying_because' why it identifies nobody",
    ]
    return (
        f"{mapping_name}, {column.table}.{column.name}: column {column.source!r} of {raw.path} {RULES[rule].says}, by "
        f"its name or by its values. {'; '.join(ways).capitalize()}."
    )
