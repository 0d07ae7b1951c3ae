"""Loads the reference data: instruments, NICE, benchmarks and code lists, validated and cached."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

from naturalistic.errors import ConfigError, MappingError
from naturalistic.reference.adapter_models import AdapterFile
from naturalistic.reference.benchmark_models import Benchmark, BenchmarkFile, NationalFigures
from naturalistic.reference.catalogue_models import Problems, SnomedCodes, TherapyModels
from naturalistic.reference.checklist_models import Checklists
from naturalistic.reference.claims_models import Claim, Claims
from naturalistic.reference.codes_models import CodeBook
from naturalistic.reference.metric_models import ChartRules, MetricGroup
from naturalistic.reference.models import Instrument
from naturalistic.reference.nice_models import Guideline, NiceRule, NiceRules
from naturalistic.reference.published_models import PublishedStudy
from naturalistic.reference.reading import (
    InvalidReferenceError,
    Model,
    parse,
    read_yaml,
    shipped,
    shipped_file,
)


@cache
def load_sources() -> Mapping[str, str]:
    """Return key -> full citation of everything the shipped facts were read in."""
    return MappingProxyType(dict(read_yaml(shipped_file("sources.yaml"))))


def _load_folder(folder: str, model: type[Model]) -> list[Model]:
    """Every file of a shipped folder; a fault there is ours, so it is not a user's error."""
    problems: list[str] = []
    loaded: list[Model] = []
    for item in shipped(folder):
        try:
            loaded.append(parse(model, item, load_sources()))
        except InvalidReferenceError as error:
            problems += [f"{folder}/{each}" for each in error.problems]
    if problems:
        raise InvalidReferenceError(problems)
    return loaded


@cache
def _shipped_instruments() -> Mapping[str, Instrument]:
    return MappingProxyType({each.key: each for each in _load_folder("instruments", Instrument)})


def load_instruments(extra_dirs: Iterable[str | Path] = ()) -> Mapping[str, Instrument]:
    """Return key -> instrument, the shipped ones and those of a cohort's own folders.

    Parameters
    ----------
    extra_dirs : iterable of path
        Folders with further instrument files (``*.yaml``), validated by the same model; a folder
        that does not exist holds none.

    Raises
    ------
    MappingError
        With every fault of every file of the user's; a key that is already taken is one.
    """
    instruments = dict(_shipped_instruments())
    problems: list[str] = []
    for folder in map(Path, extra_dirs):
        for path in sorted(folder.glob("*.yaml")):
            try:
                added = parse(Instrument, path, load_sources())
            except InvalidReferenceError as error:
                problems += [f"{folder}/{each}" for each in error.problems]
                continue
            if added.key in instruments:
                problems.append(
                    f'{path}: key: "{added.key}" is the key of another instrument; choose a new one'
                )
                continue
            instruments[added.key] = added
    if problems:
        raise MappingError(problems)
    return MappingProxyType(instruments)


def instrument(key: str, extra_dirs: Iterable[str | Path] = ()) -> Instrument:
    """Return one instrument.

    Raises
    ------
    KeyError
        If there is none of that key; the message lists those there are.
    """
    known = load_instruments(extra_dirs)
    if key not in known:
        raise KeyError(f'no instrument "{key}" (there are: {", ".join(sorted(known))})')
    return known[key]


@cache
def _code_books() -> Mapping[str, CodeBook]:
    return MappingProxyType({each.key: each for each in _load_folder("codes", CodeBook)})


def load_codes(name: str) -> CodeBook:
    """Return the code lists of one subject, such as ``endings`` or ``attendance``.

    Raises
    ------
    KeyError
        If there is no such subject; the message lists those there are.
    """
    books = _code_books()
    if name not in books:
        raise KeyError(f'no code lists on "{name}" (there are: {", ".join(sorted(books))})')
    return books[name]


@cache
def load_adapters() -> Mapping[str, AdapterFile]:
    """Return key -> national data set: its tables and columns and what each canonical column is made from."""
    return MappingProxyType({each.key: each for each in _load_folder("adapters", AdapterFile)})


@cache
def load_nice() -> Mapping[str, Guideline]:
    """Return key -> guideline: current, superseded and historical, with their recommendations."""
    return MappingProxyType({each.key: each for each in _load_folder("nice", Guideline)})


@cache
def load_nice_rules() -> Mapping[str, NiceRule]:
    """Return key -> what NICE itself says its wording means and obliges to."""
    rules = parse(NiceRules, shipped_file("nice_rules.yaml"), load_sources()).rules
    return MappingProxyType({rule.key: rule for rule in rules})


@cache
def load_claims() -> tuple[Claim, ...]:
    """Return the claims that the report sets beside NICE's rules and its own findings."""
    return parse(Claims, shipped_file("claims.yaml"), load_sources()).claims


@cache
def load_checklists() -> Checklists:
    """Return the reporting checklists and the tables of NICE's real-world evidence framework."""
    return parse(Checklists, shipped_file("checklists.yaml"), load_sources())


@cache
def load_therapy_models() -> TherapyModels:
    """Return the closed list of therapies."""
    return parse(TherapyModels, shipped_file("therapy_models.yaml"), load_sources())


@cache
def load_problems() -> Problems:
    """Return the closed list of recorded problems and the guidelines' populations."""
    return parse(Problems, shipped_file("problems.yaml"), load_sources())


@cache
def load_snomed() -> SnomedCodes:
    """Return the SNOMED CT codes of therapies and outcome tools."""
    return parse(SnomedCodes, shipped_file("snomed.yaml"), load_sources())


@cache
def load_benchmarks() -> Mapping[str, Benchmark]:
    """Return key -> published figure to compare with."""
    read = [each for file in _load_folder("benchmarks", BenchmarkFile) for each in file.benchmarks]
    return MappingProxyType({each.key: each for each in read})


@cache
def load_national(key: str = "talking_therapies_england") -> NationalFigures:
    """Return national counts, published rates and targets.

    Raises
    ------
    KeyError
        If there is no such collection; the message lists those there are.
    """
    known = {each.key: each for each in _load_folder("national", NationalFigures)}
    if key not in known:
        raise KeyError(f'no national figures "{key}" (there are: {", ".join(sorted(known))})')
    return known[key]


@cache
def load_national_metrics() -> Mapping[str, MetricGroup]:
    """Return key -> national metrics of one programme, in the order in which they are shown."""
    found = sorted(_load_folder("national_metrics", MetricGroup), key=lambda each: each.order)
    return MappingProxyType({each.key: each for each in found})


@cache
def load_chart_rules() -> ChartRules:
    """Return how the NHS marks special-cause variation on charts over time."""
    return parse(ChartRules, shipped_file("chart_rules.yaml"), load_sources())


def load_published(path: Path) -> PublishedStudy:
    """Return the figures of a publication (`config/published/NAME.yaml`).

    Raises
    ------
    ConfigError
        With every fault of the file, each naming the key.
    """
    try:
        return parse(PublishedStudy, path, load_sources())
    except InvalidReferenceError as error:
        raise ConfigError(f"{path.parent.as_posix()}/{each}" for each in error.problems) from error
