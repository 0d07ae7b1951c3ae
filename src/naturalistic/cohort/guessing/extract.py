"""From the files of an unknown extract to the draft of its mapping."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from naturalistic.cohort.guessing.account import Account, account_of, template_of
from naturalistic.cohort.guessing.builder import Builder
from naturalistic.cohort.guessing.column import DEFAULT_MISSING
from naturalistic.cohort.guessing.draft import Draft
from naturalistic.cohort.guessing.file_roles import FileRoles
from naturalistic.cohort.guessing.form_names import FormWords
from naturalistic.cohort.guessing.ids import WAYS, ids_written_differently
from naturalistic.cohort.guessing.profile import FileProfile
from naturalistic.cohort.guessing.roles import read_roles
from naturalistic.cohort.guessing.table_maps import write_tables
from naturalistic.reference.models import Instrument

# of questionnaires completed about equally often the broader one leads
_BROAD = ("core_om", "core_10", "phq_9", "bdi_ii", "bdi", "gad_7")

_MOST_LISTED = 60


def draft_mapping(
    cohort: str,
    files: Iterable[FileProfile],
    instruments: Mapping[str, Instrument],
    default_instrument: str,
) -> tuple[Draft, Account]:
    """A draft of the mapping of an unknown extract.

    Parameters
    ----------
    cohort : str
        Name of the cohort.
    files : iterable of FileProfile
        Its files.
    instruments : mapping of str to Instrument
        Every known instrument.
    default_instrument : str
        The one the settings lead with.

    Returns
    -------
    Draft, Account
        The draft with its open questions, and what became of the columns.
    """
    words = FormWords(instruments)
    found = read_roles(files, words)
    builder = Builder(cohort, found, words, default_instrument)
    for each in found:
        builder.formats[each.file.key] = _file_format(each)
    tables = write_tables(builder)
    _write_top(builder)
    _write_files(builder)
    builder.draft.add(0, "tables")
    builder.draft.rows += tables.rows
    account = account_of(builder)
    _write_choices(builder)
    _write_left_out(builder, account)
    return builder.draft, account


def _file_format(each: FileRoles) -> str | None:
    """The format that most of the used columns of dates prove."""
    targets = [g.column for g in (*each.picked.values(), *each.long.values())]
    targets += [column for column, _ in each.forms.dates]
    proven = Counter(c.dates.formats[0] for c in targets if c.dates is not None and c.dates.proven)
    if not proven:
        return None
    return min(proven, key=lambda f: (-proven[f], f))


def _write_top(builder: Builder) -> None:
    draft = builder.draft
    files = ", ".join(e.file.source.path for e in builder.found)
    draft.head = [
        f"Draft of the mapping of the cohort {builder.cohort}, made by `init` from {files}.",
        'It is a guess: read every line. "sure" and "likely" say how well name and values agree; the reason follows.',
        "config/cohorts/TEMPLATE.yaml explains every key; docs/how_to/map_an_extract.md says what happens on reading.",
        f"A finished mapping of this shape: config/cohorts/templates/{template_of(builder)}.yaml",
    ]
    draft.add(0, "title", f"Cohort {builder.cohort}", "title of the report: change it")
    draft.add(0, comment='service: ""                    who provided the therapy')
    draft.add(0, comment='contact: ""                    whom readers ask')
    if not builder.dated:
        why = "no column of dates was found: days are counted from a day zero"
        draft.add(0, "calendar", "relative", why)
    if ignored := ids_written_differently(builder.found):
        words = " and ".join(
            f"{count:,} ids are only found {WAYS[way]}" for way, count in ignored.items()
        )
        draft.add(
            0, "ids_ignore", list(ignored), f"{words}; delete the line if they are other people"
        )
    draft.add(
        0,
        comment="data_cut: 2024-03-31           day the extract was made; without it the latest plausible date is taken",
    )
    draft.add(0)


def _write_files(builder: Builder) -> None:
    draft = builder.draft
    used = {e.file.key for e in builder.found if e.roles}
    draft.add(0, "files")
    for each in builder.found:
        file = each.file
        if file.key not in used:
            draft.add(1, comment=f"{file.source.path}: no table is made from it")
            continue
        value: dict[str, object] = {"path": file.source.path}
        if file.source.sheet != 0:
            value["sheet"] = file.source.sheet
        if file.source.header_row != 1:
            value["header_row"] = file.source.header_row
        if file.source.header_rows != 1:
            value["header_rows"] = file.source.header_rows
        if builder.formats[file.key]:
            value["date_format"] = builder.formats[file.key]
        if file.source.decimal != ".":
            value["decimal"] = file.source.decimal
        if each.words_behind:
            value["text_after_numbers"] = True
        if fillers := builder.fillers.get(file.key):
            value["missing_codes"] = [*DEFAULT_MISSING, *sorted(fillers)]
        draft.add(1, file.key, value, f"{file.n_rows:,} rows, {file.raw.described}")
    draft.add(0)


def _write_choices(builder: Builder) -> None:
    used = builder.used_instruments
    if not used or builder.default_instrument in used:
        return
    most = max(used.values())
    often = [key for key in used if used[key] >= 0.9 * most]
    chosen = min(
        often, key=lambda key: (key not in _BROAD, _BROAD.index(key) if key in _BROAD else 0, key)
    )
    scale = builder.words.instruments[chosen].primary_scale
    builder.draft.add(0)
    builder.draft.add(0, "choices")
    builder.draft.add(
        1,
        "primary",
        {"instrument": chosen, "scale": scale},
        "the questionnaire the report leads with: the most frequent here; decide before looking at results",
    )


def _write_left_out(builder: Builder, account: Account) -> None:
    draft = builder.draft
    for title, names in (
        (
            "Left out, because they may identify people (nothing of them is read past the header):",
            account.identifying,
        ),
        ("Named like a questionnaire, but not read:", account.unread),
        ("Left out, because nobody could say what they are:", account.unknown),
        ("Known and not needed:", account.not_needed),
    ):
        if names:
            draft.add(0)
            draft.add(0, comment=title)
            for name in names[:_MOST_LISTED]:
                draft.add(0, comment=f"  {name}")
            if len(names) > _MOST_LISTED:
                draft.add(0, comment=f"  and {len(names) - _MOST_LISTED:,} more")
