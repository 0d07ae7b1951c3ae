"""Bundles that are altered, foreign, doubled, empty or hostile are refused with a reason; good ones are told in words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.unit.release.bundles import bundle_of, signed, write

from naturalistic.cli.main import run_command
from naturalistic.errors import BundleError
from naturalistic.release.bundle_digest import file_text
from naturalistic.release.bundle_model import json_schema
from naturalistic.release.bundle_reading import read_bundle, read_bundles
from naturalistic.release.bundle_words import bundle_lines

GOOD = bundle_of("north")
SCHEMA = Path(__file__).resolve().parents[3] / "docs" / "evidence.schema.json"


def refused(path: Path, *words: str) -> None:
    with pytest.raises(BundleError) as caught:
        read_bundle(path)
    assert caught.value.exit_code == 7
    for word in words:
        assert word in str(caught.value)


def changed(tmp_path: Path, **content) -> Path:
    return write(tmp_path, signed({**GOOD, **content}), "changed")


def first_row(**cells) -> list:
    return [{**GOOD["estimates"][0], **cells}, *GOOD["estimates"][1:]]


def test_a_good_bundle_is_read_and_told_in_words(tmp_path):
    bundle = read_bundle(write(tmp_path, GOOD))
    lines = " ".join(bundle_lines(bundle))
    assert "Not altered" in lines
    assert "0 are too small" in lines
    assert "No row is about a person" in lines
    assert "everyone referred: 480" in lines
    assert bundle.endings


def test_the_published_schema_is_that_of_the_code():
    assert json.loads(SCHEMA.read_text()) == json_schema()


@pytest.mark.parametrize("place", range(0, 100, 7))
def test_every_byte_counts(tmp_path, place):
    raw = bytearray(file_text(GOOD).encode())
    at = place * (len(raw) - 1) // 99
    raw[at] = raw[at] ^ 1
    path = tmp_path / "altered.json"
    path.write_bytes(bytes(raw))
    refused(path, "altered.json")


def test_altered_figures_and_altered_spaces_are_told_apart(tmp_path):
    figures = {**GOOD, "estimates": first_row(n_patients=125)}
    refused(write(tmp_path, figures), "altered after it was made")
    path = tmp_path / "lines.json"
    path.write_bytes(file_text(GOOD).replace("\n", "\r\n").encode())
    refused(path, "no figure was")


def test_another_schema_version(tmp_path):
    refused(changed(tmp_path, schema_version=1), "schema version 1", "reads version 2")
    refused(changed(tmp_path, schema_version=True), "schema version")
    refused(changed(tmp_path, format="other"), "not an evidence bundle")


def test_empty(tmp_path):
    refused(changed(tmp_path, estimates=[]), "empty")
    (tmp_path / "nothing.json").write_text("")
    refused(tmp_path / "nothing.json", "not a JSON file")
    (tmp_path / "list.json").write_text("[]")
    refused(tmp_path / "list.json", "not an evidence bundle")
    refused(tmp_path / "absent.json", "no such file")


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "1" + "0" * 5000])
def test_numbers_that_are_none(tmp_path, number):
    text = file_text(GOOD).replace('"n_patients": 120', f'"n_patients": {number}', 1)
    assert number in text
    path = tmp_path / "numbers.json"
    path.write_text(text)
    refused(path, "numbers.json")


@pytest.mark.parametrize(
    ("cells", "word"),
    [
        ({"estimate": 1e12}, "larger than any service has"),
        ({"std_error": -1.0}, "std_error"),
        ({"n_patients": -5}, "n_patients"),
        ({"n_patients": 5}, "at or below the threshold"),
        ({"n_patients": 120.5}, "n_patients"),
        ({"conf_level": 95}, "conf_level"),
        ({"term": "<script>alert(1)</script>"}, "markup"),
        ({"term": "<img src=x onerror=alert(1)>"}, "markup"),
        ({"term": "../../etc/passwd"}, "like a path"),
        ({"term": "=cmd|calc!A1"}, "like a formula"),
        ({"note": "-2+3+cmd|' /C calc'!A0"}, "like a formula"),
        ({"conf_low": 3.0, "conf_high": 1.0}, "1 rows cannot be"),
        ({"estimand": "proportion", "numerator": 90, "denominator": 80}, "1 rows cannot be"),
        ({"note": "a\u202eb"}, "cannot be printed"),
        ({"term": "x" * 5000}, "longer than"),
        ({"surname": "Smith"}, "surname"),
    ],
)
def test_hostile_rows(tmp_path, cells, word):
    refused(changed(tmp_path, estimates=first_row(**cells)), word)


@pytest.mark.parametrize(
    ("cohort", "word"),
    [
        ("../north", "like a path"),
        ("/etc/north", "like a path"),
        ("C:\\north", "like a path"),
        ("<b>north</b>", "markup"),
        ("North Trust", "cohort"),
        ("", "cohort"),
    ],
)
def test_hostile_names(tmp_path, cohort, word):
    refused(changed(tmp_path, cohort=cohort), word)


def test_hostile_shapes(tmp_path):
    deep: object = 1
    for _ in range(40):
        deep = [deep]
    refused(changed(tmp_path, provenance={"x": deep}), "nested too deeply")
    path = tmp_path / "deeper.json"
    path.write_text("[" * 100_000)
    refused(path, "not a JSON file")
    path.write_text('{"estimates": 1, "estimates": 2}')
    refused(path, "same thing twice")
    refused(changed(tmp_path, estimates="none"), "estimates")
    refused(changed(tmp_path, provenance={"<script>": 1}), "markup")


def test_a_bundle_without_disclosure_control_is_refused(tmp_path):
    rules = {**GOOD["disclosure"], "may_leave": False}
    refused(changed(tmp_path, disclosure=rules), "without disclosure control")


def test_doubles_are_refused(tmp_path):
    one, two = write(tmp_path, GOOD), write(tmp_path, GOOD, "again")
    with pytest.raises(BundleError, match="is in north"):
        read_bundles([one, two])
    other = write(tmp_path, bundle_of("south"))
    with pytest.raises(BundleError, match="same extract as"):
        read_bundles([one, other])
    third = write(tmp_path, bundle_of("south", seed=2))
    assert [b.cohort for b in read_bundles([third, one])] == ["north", "south"]


def test_the_command_says_what_is_in_it_or_why_not(tmp_path, capsys):
    good = write(tmp_path, GOOD)
    assert run_command(["bundle", "verify", str(good)]) == 0
    assert "Not altered" in capsys.readouterr().out
    bad = tmp_path / "bad.json"
    bad.write_bytes(good.read_bytes().replace(b'"n_patients": 120', b'"n_patients": 125', 1))
    assert run_command(["bundle", "verify", str(bad)]) == 7
    assert "altered" in capsys.readouterr().err
    assert run_command(["bundle", "verify", str(good), str(bad)]) == 7
