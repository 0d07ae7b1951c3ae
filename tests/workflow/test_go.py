"""`go.py`: set-up from a zip without a network, what makes it set up again, and the lock read for another system."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import types
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TINY = """\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "naturalistic"
version = "0.0.1"

[tool.hatch.build.targets.wheel]
packages = ["src/naturalistic"]
"""
SMALL = ("idna", "hatchling", "editables", "packaging", "pathspec", "pluggy", "trove-classifiers")
UNSHARE = shutil.which("unshare")


@pytest.fixture(scope="module")
def go() -> types.ModuleType:
    spec = importlib.util.spec_from_file_location("go", ROOT / "go.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """A project with the real go.py and a package small enough to install in seconds."""
    shutil.copy(ROOT / "go.py", tmp_path)
    (tmp_path / "pyproject.toml").write_text(TINY)
    for lock in ("requirements.lock", "requirements-dev.lock"):
        lines = [_locked(name, ROOT / "requirements-dev.lock") for name in SMALL]
        (tmp_path / lock).write_text("".join(lines))
    package = tmp_path / "src" / "naturalistic"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "__main__.py").write_text("import idna, sys; print('ran', *sys.argv[1:])")
    return tmp_path


def _locked(name: str, lock: Path) -> str:
    text = lock.read_text(encoding="utf-8").replace("\\\n", "\\\\n")
    lines = [line for line in text.splitlines() if line.startswith(f"{name}==")]
    assert lines, f"{name} is not locked"
    return lines[0].replace("\\\\n", "\\\n") + "\n"


def _go(folder: Path, *arguments: str, network: bool = True) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "go.py", *arguments]
    if not network:
        command = [str(UNSHARE), "--net", *command]
    hidden = {"PIP_FIND_LINKS", "PYTHONPATH"}
    environment = {k: v for k, v in os.environ.items() if k not in hidden}
    return subprocess.run(
        command,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.mark.slow
def test_set_up_from_the_zip_needs_no_network(tiny: Path) -> None:
    made = _go(tiny, "bundle-offline", "--output", "all.zip")
    if made.returncode:
        pytest.skip(f"no network to make the zip with: {made.stderr[-200:]}")
    names = zipfile.ZipFile(tiny / "all.zip").namelist()
    assert any(name.startswith("idna-") for name in names)
    shutil.rmtree(tiny / ".venv")
    alone = UNSHARE is not None and subprocess.call([UNSHARE, "--net", "true"]) == 0
    done = _go(tiny, "hello", "there", "--offline", "all.zip", network=not alone)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "ran hello there\n"
    again = _go(tiny, "hello", network=not alone)
    assert "Setting up" not in again.stderr
    assert again.stdout == "ran hello\n"


def test_a_missing_or_damaged_zip_says_what_to_do(tiny: Path) -> None:
    absent = _go(tiny, "run", "--offline", "nowhere.zip")
    assert absent.returncode == 2
    assert "bundle-offline" in absent.stderr
    (tiny / "broken.zip").write_bytes(b"not a zip")
    broken = _go(tiny, "run", "--offline", "broken.zip")
    assert broken.returncode == 2
    assert "not a zip file" in broken.stderr


def test_the_lock_is_part_of_the_stamp(go: types.ModuleType, tmp_path: Path) -> None:
    one, other = tmp_path / "a.lock", tmp_path / "b.lock"
    one.write_text("six==1\n")
    other.write_text("six==2\n")
    assert go.stamp_text(one) == go.stamp_text(one)
    assert go.stamp_text(one) != go.stamp_text(other)


@pytest.mark.parametrize(
    ("platform", "version", "wanted", "unwanted"),
    [
        ("windows", "3.12", "numpy==2.5", "numpy==2.4"),
        ("linux", "3.11", "numpy==2.4", "numpy==2.5"),
        ("macos-arm", "3.13", "numpy==2.5", "numpy==2.4"),
    ],
)
def test_lock_is_read_for_the_target_system(
    go: types.ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    platform: str,
    version: str,
    wanted: str,
    unwanted: str,
) -> None:
    monkeypatch.setattr(go, "PYTHON", Path(sys.executable))
    wheels, sources = go.split_lock(ROOT / "requirements.lock", platform, version, str(tmp_path))
    text = wheels.read_text()
    assert wanted in text
    assert unwanted not in text
    assert "connection-pool==" in sources.read_text()
    assert "--hash=sha256:" in text


def test_offline_is_taken_out_of_the_arguments(go: types.ModuleType) -> None:
    rest, bundle = go.take_offline(["run", "north", "--offline", "a.zip", "--cores", "2"])
    assert rest == ["run", "north", "--cores", "2"]
    assert bundle is not None and bundle.name == "a.zip"
    assert go.take_offline(["run"]) == (["run"], None)
