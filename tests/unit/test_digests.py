"""A digest changes with what it depends on, and with nothing else."""

from __future__ import annotations

from pathlib import Path

from naturalistic.digests import closure, code_digest, files_digest, imports_of


def test_imports_are_followed_also_inside_functions() -> None:
    assert "naturalistic.stats.result" in closure("naturalistic.analyses.outcome_change")
    assert "naturalistic.cohort.ingest" in imports_of("naturalistic.cli.stages")


def test_an_analysis_does_not_depend_on_another() -> None:
    assert "naturalistic.analyses.dropout" not in closure("naturalistic.analyses.outcome_change")


def test_digest_depends_on_data_files() -> None:
    plain = code_digest("naturalistic.errors")
    assert plain == code_digest("naturalistic.errors")
    assert plain != code_digest("naturalistic.errors", data=("reference/disclosure",))
    assert plain != code_digest("naturalistic.vocabulary")


def test_line_ends_do_not_count_and_content_does(tmp_path: Path) -> None:
    a, b = tmp_path / "a" / "x.yaml", tmp_path / "b" / "x.yaml"
    for path in (a, b):
        path.parent.mkdir()
    a.write_bytes(b"one\ntwo\n")
    b.write_bytes(b"one\r\ntwo\r\n")
    assert files_digest([a]) == files_digest([b])
    b.write_bytes(b"one\r\nthree\r\n")
    assert files_digest([a]) != files_digest([b])
    assert files_digest([tmp_path / "missing"]) != files_digest([])
