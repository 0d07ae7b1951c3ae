"""Drafts of mappings for a corpus of unknown extracts, compared with what every core column really is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import yaml

from naturalistic.cohort.guessing.draft import Draft
from naturalistic.cohort.guessing.extract import Account, draft_mapping
from naturalistic.cohort.guessing.profile import profile_file
from naturalistic.cohort.guessing.questions import ASK, Special
from naturalistic.cohort.ingest import ingest
from naturalistic.reference.loader import load_instruments
from naturalistic.settings.load import load_mapping
from tests.unit.cohort.guess_corpus import CORPUS, Case

TODAY = np.datetime64("2026-01-01", "D")
LEAST_SHARE = 0.80


@dataclass
class Drafted:
    """One extract with its draft."""

    case: Case
    folder: Path
    draft: Draft
    account: Account

    @property
    def mapping(self) -> dict:
        return yaml.safe_load(self.draft.text())


def drafted(case: Case, folder: Path) -> Drafted:
    case.write(folder)
    profiles = []
    for name in case.files:
        key = name.rsplit(".", 1)[0].casefold()
        profiles.append(profile_file(key, name, folder, TODAY))
    draft, account = draft_mapping(case.name, profiles, load_instruments(), "core_om")
    return Drafted(case, folder, draft, account)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory) -> dict[str, Drafted]:
    found = {}
    for make in CORPUS:
        case = make()
        found[case.name] = drafted(case, tmp_path_factory.mktemp(case.name))
    return found


def source(value: object) -> str | None:
    """Column of the file that an entry of the mapping reads; None where it is dropped."""
    if isinstance(value, dict):
        return None if value.get("drop") else value.get("from")
    return str(value)


def said(mapping: dict) -> Iterator[tuple[str, str]]:
    """Pairs of "file.column" and what the mapping makes of it."""
    for table, block in mapping["tables"].items():
        for each in block if isinstance(block, list) else [block]:
            long = table in ("questionnaires", "ratings")
            for name, value in each.get("columns", {}).items():
                if (column := source(value)) is not None:
                    prefix = "form" if long and not name.endswith("_id") else table
                    yield f"{each['file']}.{column}", f"{prefix}.{name}"
            forms = each.get("forms", [each] if long and "instrument" in each else [])
            yield from _of_forms(each["file"], forms)


def _of_forms(file: str, forms: list[dict]) -> Iterator[tuple[str, str]]:
    scales = {k: i.primary_scale for k, i in load_instruments().items()}
    for form in forms:
        key, when = form["instrument"], form.get("occasion", "")
        if "total" in form:
            yield f"{file}.{form['total']}", f"form:{key}:{scales.get(key)}:{when}"
        for scale, column in form.get("scales", {}).items():
            yield f"{file}.{column}", f"form:{key}:{scale}:{when}"
        if "date" in form:
            yield f"{file}.{source(form['date'])}", "form.date"
        if "items" in form:
            for item in range(1, 60):
                yield f"{file}.{form['items'].format(item=item)}", f"form:{key}:items:{when}"


def right(case: Drafted) -> tuple[int, list[str]]:
    """How many core columns are right, and which are wrong."""
    found: dict[str, set[str]] = {}
    for column, target in said(case.mapping):
        found.setdefault(column, set()).add(target)
    wrong = []
    for column, target in case.case.truth.items():
        made = found.get(column, set())
        if (target and target not in made) or (not target and made):
            wrong.append(f"{case.case.name}: {column} is {target or 'nothing'}, not {sorted(made)}")
    return len(case.case.truth) - len(wrong), wrong


def test_the_corpus_is_large_enough(corpus):
    assert len(corpus) >= 12
    assert {len(each.case.files) for each in corpus.values()} >= {1, 2, 3, 4}


def test_core_columns_are_right(corpus, capsys):
    n_right, n_all, wrong = 0, 0, []
    for each in corpus.values():
        good, bad = right(each)
        n_right, n_all, wrong = n_right + good, n_all + len(each.case.truth), wrong + bad
    with capsys.disabled():
        print(
            f"\ninit: {n_right} of {n_all} core columns right ({n_right / n_all:.0%}) in {len(corpus)} extracts"
        )
        print("\n".join(wrong))
    assert n_right >= LEAST_SHARE * n_all


@pytest.mark.parametrize("make", CORPUS, ids=lambda make: make.__name__)
def test_no_wrong_date_order_is_accepted_silently(corpus, make):
    case = corpus[make.__name__]
    mapping = case.mapping
    declared = dict(_declared(mapping))
    checked = 0
    for column, true in case.case.orders.items():
        if column in declared:
            assert declared[column] in (true, ASK), column
            checked += declared[column] == true
    for column in case.case.undecidable:
        assert declared[column] == ASK
        checked += 1
    assert checked >= 0.6 * len(case.case.orders | dict.fromkeys(case.case.undecidable, ""))


def _declared(mapping: dict) -> Iterator[tuple[str, str]]:
    """The format that the mapping declares for every column of dates."""
    for block in mapping["tables"].values():
        for each in block if isinstance(block, list) else [block]:
            own = mapping["files"][each["file"]].get("date_format", "")
            entries = list(each.get("columns", {}).values())
            entries += [form["date"] for form in each.get("forms", []) if "date" in form]
            for value in entries:
                if (column := source(value)) is not None:
                    spec = value if isinstance(value, dict) else {}
                    yield f"{each['file']}.{column}", spec.get("date_format", own)


# ------------------------------------------------------------------------------------------------------------ ingest


def answer_all(draft: Draft) -> None:
    """The first choice, a number where one is wanted, and "leave it out" for columns that were not found."""
    while still_open := [q for q in draft.questions() if q.open]:
        for question in still_open:
            which = question.text.startswith("which column holds")
            question.answer = (
                90 if question.wants_number else question.options[-1 if which else 0].value
            )


@pytest.mark.parametrize("make", CORPUS, ids=lambda make: make.__name__)
def test_a_draft_with_its_questions_answered_is_read(corpus, make, tmp_path):
    case = corpus[make.__name__]
    answer_all(case.draft)
    path = tmp_path / "draft.yaml"
    path.write_text(case.draft.text(), encoding="utf-8")
    for question in case.draft.questions():
        question.answer = Special.UNANSWERED
    result = ingest(
        load_mapping(path),
        project=case.folder,
        key=b"k" * 32,
        mapping_name="draft.yaml",
        instruments=load_instruments(),
    )
    assert len(result.tables["patients"]) == len(result.tables["referrals"]) > 50
    if "questionnaires" in case.mapping["tables"]:
        assert len(result.tables["questionnaires"]) > 0
    stopped = result.problems[result.problems["severity"] == "stops the run"]
    assert stopped.empty
