"""The data dictionary is current, and the data request speaks to an information department."""

from __future__ import annotations

import re
from pathlib import Path

from naturalistic.cli.main import run_command
from naturalistic.cli.schema import REQUEST, data_dictionary, data_request
from naturalistic.tables.cohort import COHORT_TABLES
from naturalistic.tables.derived import DERIVED_TABLES
from naturalistic.tables.estimates import ESTIMATES

ROOT = Path(__file__).resolve().parents[3]


def test_the_data_dictionary_in_the_docs_is_current():
    written = (ROOT / "docs" / "data_dictionary.md").read_text(encoding="utf-8")
    assert written == data_dictionary(), (
        "run: python3 go.py schema --output docs/data_dictionary.md"
    )


def test_the_dictionary_holds_every_table_and_column():
    text = data_dictionary()
    for table in (*COHORT_TABLES.values(), *DERIVED_TABLES.values(), ESTIMATES):
        section = text.split(f"### {table.name}\n")[1].split("\n### ")[0]
        for column in table.columns:
            assert f"| `{column.name}` | {column.kind} |" in section


def test_the_request_asks_for_every_column_once():
    for table, (_, asked) in REQUEST.items():
        names = [name for each in asked for name in each.columns]
        assert sorted(names) == sorted(COHORT_TABLES[table].names)


def test_the_request_is_one_page_in_plain_words():
    text = data_request()
    assert len(text.splitlines()) <= 80
    assert not re.search(r"pseudonym|hash|canonical|`|_id\b|private/", text)
    assert "A local patient number, the same in every file; replaced on reading | required" in text
    for word in ("Did not attend, no notice", "Cancelled by the service", "Planned ending", "Died"):
        assert word in text


def test_what_is_required_is_marked():
    rows = [line for line in data_request().splitlines() if line.endswith("| everything |")]
    assert len(rows) == 4
    assert all("| required |" in row for row in rows)


def test_schema_prints_or_writes(tmp_path, capsys):
    assert run_command(["schema", "--request"]) == 0
    assert capsys.readouterr().out == data_request()
    target = tmp_path / "dictionary.md"
    assert run_command(["schema", "--output", str(target)]) == 0
    assert target.read_text(encoding="utf-8") == data_dictionary()
