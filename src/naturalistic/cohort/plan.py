"""Which columns of which file a mapping asks for, and what each is to become."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from naturalistic.cohort.reading import tidy_name
from naturalistic.errors import MappingError
from naturalistic.reference.models import Instrument
from naturalistic.settings import mapping as settings
from naturalistic.settings.mapping import ColumnMap, QuestionnaireMap, RatingMap, WideForm
from naturalistic.tables.cohort import COHORT_TABLES
from naturalistic.tables.schema import Column

_MOST_ITEMS = 200
_PATIENT_ID = COHORT_TABLES["patients"].column("patient_id")


@dataclass(frozen=True, slots=True)
class MappedColumn:
    """A column of a file that the mapping gives a meaning.

    Attributes
    ----------
    table, name : str
        Canonical table and column; the cells of a questionnaire and the wide ratings are named as in the file.
    kind : str
        Kind of the canonical column.
    source : str
        Name in the file.
    spec : ColumnMap
        How its cells are read.
    """

    table: str
    name: str
    kind: str
    source: str
    spec: ColumnMap


@dataclass(frozen=True, slots=True)
class FormColumns:
    """The columns of one form in a file with one row a form or a person.

    Attributes
    ----------
    instrument : Instrument
    scales : dict of str to str
        Column of each scale that is given as a score.
    items : dict of int to str
        Column of each item; `absent_items` are those the pattern names but the file lacks.
    form : WideForm or QuestionnaireMap
        The mapping's words on it.
    """

    instrument: Instrument
    scales: dict[str, str]
    items: dict[int, str]
    form: WideForm | QuestionnaireMap
    absent_items: tuple[str, ...] = field(default=())

    @property
    def value_spec(self) -> ColumnMap:
        """How the cells of the form are read."""
        return ColumnMap.model_construct(codes=self.form.codes, missing_codes=())


def column_contract(table: str, name: str) -> Column:
    """The contract of a canonical column; tables that link by person may also name `patient_id`."""
    if name == "patient_id":
        return _PATIENT_ID
    return COHORT_TABLES[table].column(name)


def check_instruments(
    mapping: settings.Mapping, instruments: Mapping[str, Instrument], mapping_name: str
) -> None:
    """Refuse instruments and scales that no instrument file describes.

    Raises
    ------
    MappingError
        All of them at once, each with the nearest known word.
    """
    wrong: list[str] = []

    def known(word: str, accepted: list[str], where: str, what: str) -> bool:
        """Whether a word is accepted; if not, it is noted with the nearest one that is."""
        if word in accepted:
            return True
        close = difflib.get_close_matches(word, accepted, n=1)
        hint = (
            f"Did you mean {close[0]!r}?" if close else f"Accepted: {', '.join(sorted(accepted))}."
        )
        wrong.append(f"{mapping_name}, {where}: {word!r} is not {what}. {hint}")
        return False

    for block in mapping.tables.questionnaires:
        where = f"questionnaires from file {block.file}"
        forms: tuple[WideForm | QuestionnaireMap, ...] = (block, *block.forms)
        for form in forms:
            key = form.instrument
            if key is None or not known(key, list(instruments), where, "a known instrument"):
                continue
            scales = [scale.key for scale in instruments[key].scales]
            for scale in form.scales:
                known(scale, scales, where, f"a scale of {key}")
    if wrong:
        raise MappingError(wrong)


def form_columns(
    form: WideForm | QuestionnaireMap,
    instruments: Mapping[str, Instrument],
    header: tuple[str, ...],
) -> FormColumns:
    """The columns of a form in a file with this header."""
    instrument = instruments[str(form.instrument)]
    scales = {key: tidy_name(source) for key, source in form.scales.items()}
    if form.total:
        scales = {instrument.primary_scale: tidy_name(form.total), **scales}
    if not form.items:
        return FormColumns(instrument, scales, {}, form)
    n_items = instrument.structure.n_items
    named = {
        i: tidy_name(form.items.format(item=i)) for i in range(1, (n_items or _MOST_ITEMS) + 1)
    }
    present = {i: name for i, name in named.items() if name in header}
    if not present:  # the first is asked for, so that its absence is reported
        return FormColumns(instrument, scales, {1: named[1]}, form)
    absent = tuple(name for i, name in named.items() if i not in present) if n_items else ()
    return FormColumns(instrument, scales, present, form, absent)


def all_forms(block: QuestionnaireMap) -> tuple[WideForm | QuestionnaireMap, ...]:
    """The forms of a block that lie in columns: the wide ones, or the one of each row."""
    if block.forms:
        return block.forms
    return (block,) if block.total or block.scales or block.items else ()


def mapped_columns(
    mapping: settings.Mapping,
    instruments: Mapping[str, Instrument],
    file: str,
    header: tuple[str, ...],
) -> Iterator[MappedColumn]:
    """Every column of one file that the mapping reads, dropped ones left out."""
    for table, block in mapping.tables.blocks():
        if block.file != file:
            continue
        for name, spec in block.columns.items():
            if spec.source is not None and not spec.drop:
                kind = column_contract(table, name).kind
                yield MappedColumn(table, name, kind, tidy_name(spec.source), spec)
        if isinstance(block, QuestionnaireMap):
            for form in all_forms(block):
                yield from _columns_of_form(form_columns(form, instruments, header))
        if isinstance(block, RatingMap):
            for rating in block.ratings:
                source = tidy_name(rating.source)
                spec = ColumnMap.model_construct(
                    codes=rating.codes, missing_codes=rating.missing_codes
                )
                yield MappedColumn(table, source, "integer", source, spec)


def _columns_of_form(columns: FormColumns) -> Iterator[MappedColumn]:
    for source in (*columns.scales.values(), *columns.items.values()):
        yield MappedColumn("questionnaires", source, "number", source, columns.value_spec)
    date = columns.form.date if isinstance(columns.form, WideForm) else None
    if date and date.source is not None and not date.drop:
        source = tidy_name(date.source)
        yield MappedColumn("questionnaires", source, "date", source, date)
