"""`pool` and `submit` as a user calls them."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest
from tests.unit.release.bundles import bundle_of, signed, write

from naturalistic.cli.main import run_command

RAW = [
    bundle_of(name, seed=i + 1, people=240 + 30 * i, effect=e)
    for i, (name, e) in enumerate((("east", -1.0), ("north", 0.0), ("south", 0.5), ("west", 1.5)))
]


def further(folder: Path) -> list[str]:
    known = ["--services", str(folder / "services.csv"), "--trust", "trust"]
    return [*known, "--subgroup", "kind", "--moderator", "wait"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    made = tmp_path_factory.mktemp("pool")
    (made / "in").mkdir()
    for bundle in RAW:
        write(made / "in", bundle, f"{bundle['cohort']}.evidence")
    (made / "services.csv").write_text(
        "cohort,trust,kind,wait\neast,A,x,4\nnorth,A,y,9\nsouth,B,x,12\nwest,B,y,6\n"
    )
    return made


def test_pool_writes_tables_and_a_report_and_says_where(folder, capsys):
    out = folder / "out"
    code = run_command(["pool", str(folder / "in"), "--output", str(out), *further(folder)])
    said = capsys.readouterr().out
    assert code == 0
    assert f"Open {(out / 'report.html').as_posix()}" in said
    assert "Mean change (improvement positive)" in said
    estimates = pd.read_csv(out / "estimates.csv")
    assert set(estimates["k"]) == {4}
    html = (out / "report.html").read_text()
    assert "run from" in html.split("In the typical service")[0]  # differences before averages
    assert "SYNTHETIC" in html
    assert not re.search(r"https?://(?!www\.w3\.org)", re.sub(r"base64,[^\"]+", "", html))
    for picture in re.findall(r"<img [^>]*>", html):
        assert re.search(r'alt="[^"]{30,}"', picture)


def test_one_service_gives_a_report_that_says_so(folder, tmp_path):
    out = tmp_path / "one"
    assert (
        run_command(["pool", str(folder / "in" / "east.evidence.json"), "--output", str(out)]) == 0
    )
    html = (out / "report.html").read_text()
    assert "nothing was pooled" in html
    assert "Pooled evidence of 1 service<" in html


def test_what_is_refused(folder, tmp_path, capsys):
    out = str(tmp_path / "out")
    files = [str(p) for p in sorted((folder / "in").glob("*.json"))]
    bad = write(tmp_path, {**RAW[0], "title": "Another"}, "bad")
    assert run_command(["pool", *files, str(bad), "--output", out]) == 7
    assert "bad.json: it was altered" in capsys.readouterr().err
    assert run_command(["pool", files[0], files[0], "--output", out]) == 7
    assert run_command(["pool", str(tmp_path), "--output", out]) == 7
    other = write(tmp_path, signed(bundle_of("other", seed=8, episodes="last")), "other")
    assert run_command(["pool", *files, str(other), "--output", out]) == 7
    assert "which episode" in capsys.readouterr().err
    assert not Path(out).exists()
    assert run_command(["pool", *files, str(other), "--without", "other", "--output", out]) == 0
    assert "Left out as asked: other" in capsys.readouterr().out
    # the same services give the same bytes, in whatever order their files are named
    assert run_command(["pool", *reversed(files), "--output", f"{out}2"]) == 0
    for name in ("estimates.csv", "services.csv", "curves.csv", "report.html"):
        assert Path(out, name).read_bytes() == Path(f"{out}2", name).read_bytes()


def test_wrong_words_in_the_command(folder, tmp_path, capsys):
    files, out = str(folder / "in"), str(tmp_path / "out")
    services = str(folder / "services.csv")
    assert run_command(["pool", files, "--output", out, "--without", "nobody"]) == 2
    assert run_command(["pool", files, "--output", out, "--trust", "trust"]) == 2
    known = ["pool", files, "--output", out, "--services"]
    assert run_command([*known, str(tmp_path / "no.csv")]) == 2
    assert run_command([*known, services, "--trust", "hospital"]) == 2
    assert run_command([*known, services, "--moderator", "kind"]) == 2
    few = tmp_path / "few.csv"
    few.write_text("cohort\neast\n")
    assert run_command([*known, str(few)]) == 2
    assert "no row for north, south, west" in capsys.readouterr().err


def test_submit_makes_a_folder_with_a_statement(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run_command(["submit", "north"]) == 7
    assert "run north" in capsys.readouterr().err
    release = tmp_path / "results" / "north" / "release"
    release.mkdir(parents=True)
    write(release, RAW[1], "evidence")
    assert run_command(["submit", "north"]) == 0
    folder = tmp_path / "results" / "north" / "submission"
    assert sorted(p.name for p in folder.iterdir()) == ["north.evidence.json", "statement.txt"]
    statement = (folder / "statement.txt").read_text()
    assert "INFORMATION-GOVERNANCE LEAD" in statement
    assert len(statement.splitlines()) < 60
    assert (folder / "north.evidence.json").read_bytes() == (release / "evidence.json").read_bytes()


@pytest.mark.parametrize("verb", ["pool", "bundle", "submit"])
def test_help_shows_a_command_to_paste(verb, capsys):
    with pytest.raises(SystemExit):
        run_command([verb, "--help"])
    assert f"python3 go.py {verb}" in capsys.readouterr().out
