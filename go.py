#!/usr/bin/env python3
"""Set up a private environment, then run: `python3 go.py run`, `python3 go.py test`, `python3 go.py VERB ...`.

Needs nothing but Python 3.11, 3.12 or 3.13 with its standard library. On Windows write `py go.py run`.

    python3 go.py run                          everything, on the embedded synthetic cohort
    python3 go.py test                         every test of the project
    python3 go.py VERB ...                     any verb of naturalistic; `python3 go.py --help` lists them
    python3 go.py bundle-offline [--platform P ...] [--python 3.12 ...] [--output ZIP]
                                               one zip with everything to install where there is no network
    python3 go.py VERB ... --offline ZIP       install from that zip instead of the network
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import os
import subprocess
import sys
import tempfile
import venv
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ENVIRONMENT = HERE / ".venv"
SCRIPTS = ENVIRONMENT / ("Scripts" if os.name == "nt" else "bin")
PYTHON = SCRIPTS / ("python.exe" if os.name == "nt" else "python")
LOCKS = {"run": HERE / "requirements.lock", "test": HERE / "requirements-dev.lock"}
OLDEST, TOO_NEW = (3, 11), (3, 14)
BUILD_TOOLS = ("setuptools", "wheel")
PLATFORMS = {
    "linux": (
        "manylinux_2_28_x86_64",
        "manylinux_2_27_x86_64",
        "manylinux_2_17_x86_64",
        "manylinux2014_x86_64",
    ),
    "windows": ("win_amd64",),
    "macos-arm": ("macosx_14_0_arm64", "macosx_12_0_arm64", "macosx_11_0_arm64"),
    "macos-intel": (
        "macosx_14_0_x86_64",
        "macosx_12_0_x86_64",
        "macosx_10_13_x86_64",
        "macosx_10_9_x86_64",
    ),
}


def stop(message: str) -> None:
    """End with a message and the exit code for a wrong command or set-up."""
    print(message, file=sys.stderr)
    sys.exit(2)


def stamp_text(lock: Path) -> str:
    """What an environment was made from; another text means it must be made again."""
    parts = [lock.name.encode(), lock.read_bytes(), (HERE / "pyproject.toml").read_bytes()]
    parts += [sys.version.encode(), str(HERE).encode()]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def set_up(kind: str, offline: Path | None) -> None:
    """Make the environment for `kind` (run or test) unless the one that exists serves already."""
    if not OLDEST <= sys.version_info[:2] < TOO_NEW:
        stop(
            f"naturalistic needs Python 3.11, 3.12 or 3.13; this is {sys.version.split()[0]}. "
            "Start go.py with one of those, for example: python3.12 go.py run"
        )
    stamp = ENVIRONMENT / "stamp"
    made_from = stamp.read_text().split() if PYTHON.exists() and stamp.exists() else []
    # what the tests need includes what a run needs
    if any(stamp_text(LOCKS[k]) in made_from for k in {kind, "test"}):
        return
    print(
        f"Setting up {ENVIRONMENT.name} (once, one to three minutes) ...",
        file=sys.stderr,
        flush=True,
    )
    grows = stamp_text(LOCKS["run"]) in made_from
    stamp.unlink(missing_ok=True)
    try:
        if not grows:
            venv.EnvBuilder(with_pip=True, clear=True).create(ENVIRONMENT)
    except subprocess.CalledProcessError:
        stop(
            "Python could not make a virtual environment. On Debian or Ubuntu: apt install python3-venv"
        )
    with contextlib.ExitStack() as stack:
        source = wheels_of(offline, stack) if offline else []
        install(["--require-hashes", "-r", str(LOCKS[kind])], source)
        install(["--no-deps", "--no-build-isolation", "-e", str(HERE)], source)
    stamp.write_text(stamp_text(LOCKS[kind]))


def install(what: list[str], source: list[str]) -> None:
    """Install in the environment; a failure ends with what to try."""
    command = [
        str(PYTHON),
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        *source,
        *what,
    ]
    if subprocess.call(command):
        hint = (
            "The zip does not hold what this machine needs: make it with bundle-offline for this system and Python."
            if source
            else "No network? Make a zip elsewhere with `go.py bundle-offline` and add --offline ZIP here."
        )
        stop(f"Setting up failed. {hint}")


def wheels_of(bundle: Path, stack: contextlib.ExitStack) -> list[str]:
    """Options of pip to install from the zip and from nothing else."""
    if not bundle.is_file():
        stop(f"{bundle} does not exist. Make it with: python3 go.py bundle-offline")
    folder = stack.enter_context(tempfile.TemporaryDirectory())
    try:
        with zipfile.ZipFile(bundle) as archive:
            archive.extractall(folder)
    except zipfile.BadZipFile:
        stop(f"{bundle} is not a zip file. Copy it again.")
    return ["--no-index", "--find-links", folder]


def bundle_offline(arguments: list[str]) -> None:
    """Download every locked package for the platforms and Python versions asked for into one zip."""
    parser = argparse.ArgumentParser(
        prog="go.py bundle-offline", description=bundle_offline.__doc__
    )
    here = f"{sys.version_info[0]}.{sys.version_info[1]}"
    parser.add_argument(
        "--platform", action="append", choices=sorted(PLATFORMS), help="default: this system"
    )
    parser.add_argument("--python", action="append", metavar="3.12", help=f"default: {here}")
    parser.add_argument("--output", default="naturalistic-offline.zip", metavar="ZIP")
    parser.add_argument("--with-tests", action="store_true", help="also what `go.py test` needs")
    chosen = parser.parse_args(arguments)
    set_up("run", None)
    lock = LOCKS["test" if chosen.with_tests else "run"]
    with tempfile.TemporaryDirectory() as folder:
        for platform in chosen.platform or [None]:
            for version in chosen.python or [here]:
                print(
                    f"Downloading for {platform or 'this system'}, Python {version} ...", flush=True
                )
                download(lock, folder, platform, version)
        files = sorted(Path(folder).iterdir())
        output = HERE / chosen.output
        with zipfile.ZipFile(output, "w", zipfile.ZIP_STORED) as archive:
            for file in files:
                archive.write(file, file.name)
    size = output.stat().st_size / 1e6
    print(f"Wrote {output} ({len(files)} packages, {size:.0f} MB).")
    print(f"There: python3 go.py run --offline {output.name}")


def download(lock: Path, folder: str, platform: str | None, version: str) -> None:
    """Wheels for one platform and Python version; the few packages without wheels come as source."""
    pip = [
        str(PYTHON),
        "-m",
        "pip",
        "download",
        "--quiet",
        "--disable-pip-version-check",
        "-d",
        folder,
    ]
    same_python = version == f"{sys.version_info[0]}.{sys.version_info[1]}"
    # packages without wheels are built where they are installed, with these two
    commands = [[*pip, "--no-deps", *BUILD_TOOLS]]
    if platform is None and same_python:
        commands.append([*pip, "--require-hashes", "-r", str(lock)])
    else:
        target = [f"--platform={tag}" for tag in PLATFORMS[platform or this_platform()]]
        target += ["--python-version", version, "--implementation", "cp", "--no-deps"]
        wheels, sources = split_lock(lock, platform or this_platform(), version, folder)
        commands.append(
            [*pip, *target, "--only-binary=:all:", "--require-hashes", "-r", str(wheels)]
        )
        commands.append(
            [*pip, "--no-deps", "--no-binary=:all:", "--require-hashes", "-r", str(sources)]
        )
    for command in commands:
        if subprocess.call(command):
            stop("Downloading failed; the message above names the package.")
    for name in ("wheels.txt", "sources.txt"):
        (Path(folder) / name).unlink(missing_ok=True)


def this_platform() -> str:
    """Name in `PLATFORMS` of the system this runs on."""
    if sys.platform == "win32":
        return "windows"
    if sys.platform == "darwin":
        return "macos-arm" if os.uname().machine == "arm64" else "macos-intel"
    return "linux"


SOURCE_ONLY = ("connection-pool", "autograd-gamma")


def split_lock(lock: Path, platform: str, version: str, folder: str) -> tuple[Path, Path]:
    """The lines of the lock that hold on the target, as one file of wheels and one of source packages.

    pip evaluates environment markers for the machine it runs on, not for the target of a download.
    """
    code = (
        "import json, sys\n"
        "try:\n"
        "    from packaging.requirements import Requirement\n"
        "except ImportError:\n"
        "    from pip._vendor.packaging.requirements import Requirement\n"
        "environment, blocks = json.load(sys.stdin)\n"
        "keep = [b for b in blocks if (lambda m: m is None or m.evaluate(environment))"
        "(Requirement(b.split('--hash')[0].replace('\\\\', ' ').strip()).marker)]\n"
        "print(json.dumps(keep))\n"
    )
    import json

    text = lock.read_text(encoding="utf-8").replace("\\\n", "\\\\n")
    blocks = [
        b.replace("\\\\n", "\\\n") for b in text.splitlines() if b.strip() and not b.startswith("#")
    ]
    given = json.dumps([target_environment(platform, version), blocks])
    kept = subprocess.run(
        [str(PYTHON), "-c", code], input=given, capture_output=True, text=True, check=True
    )
    chosen: list[str] = json.loads(kept.stdout)
    paths = Path(folder) / "wheels.txt", Path(folder) / "sources.txt"
    for path, is_source in zip(paths, (False, True), strict=True):
        lines = [b for b in chosen if b.startswith(SOURCE_ONLY) == is_source]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return paths


def target_environment(platform: str, version: str) -> dict[str, str]:
    """Environment markers of a target machine."""
    system = {"linux": "Linux", "windows": "Windows"}.get(platform, "Darwin")
    names = {"Linux": ("linux", "posix"), "Windows": ("win32", "nt"), "Darwin": ("darwin", "posix")}
    arm = platform == "macos-arm"
    return {
        "implementation_name": "cpython",
        "os_name": names[system][1],
        "platform_machine": "arm64" if arm else ("AMD64" if system == "Windows" else "x86_64"),
        "platform_python_implementation": "CPython",
        "platform_system": system,
        "python_full_version": f"{version}.0",
        "python_version": version,
        "sys_platform": names[system][0],
        "extra": "",
    }


def take_offline(arguments: list[str]) -> tuple[list[str], Path | None]:
    """The arguments without `--offline ZIP`, and the zip."""
    if "--offline" not in arguments:
        return arguments, None
    at = arguments.index("--offline")
    if at + 1 >= len(arguments):
        stop("--offline needs the zip made by `go.py bundle-offline`.")
    return arguments[:at] + arguments[at + 2 :], Path(arguments[at + 1]).resolve()


def main() -> int:
    """Set up what the verb needs and hand over to it."""
    arguments, offline = take_offline(sys.argv[1:] or ["--help"])
    verb, rest = arguments[0], arguments[1:]
    if verb in ("-h", "--help", "help"):
        print(__doc__)
        verb, rest = "--help", []
    if verb == "bundle-offline":
        bundle_offline(rest)
        return 0
    set_up("test" if verb == "test" else "run", offline)
    environment = {**os.environ, "PATH": f"{SCRIPTS}{os.pathsep}{os.environ.get('PATH', '')}"}
    command = ["-m", "pytest"] if verb == "test" else ["-m", "naturalistic", verb]
    # the work is done in the project folder; a file named from elsewhere is still found
    rest = [str(Path(a).resolve()) if Path(a).is_file() and Path.cwd() != HERE else a for a in rest]
    try:
        return subprocess.call([str(PYTHON), *command, *rest], env=environment, cwd=HERE)
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
