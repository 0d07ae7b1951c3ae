"""Seconds and memory from a service's extract to the outcomes table, at any size.

    python benchmarks/ingest_to_outcomes.py [--people 100000] [--seed 20240214] [--write]

Makes a synthetic extract in a temporary folder (a process of its own, not counted), then runs ingest, score, episodes
and outcomes in one process. ``--write`` replaces the table in ``benchmarks/ingest_to_outcomes.md``.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
TARGET_SECONDS, TARGET_GIGABYTES = 60, 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=20240214)
    parser.add_argument("--write", action="store_true", help="replace the committed table")
    parser.add_argument("--make", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.make:
        make(chosen.make, chosen.people, chosen.seed)
        return
    with tempfile.TemporaryDirectory() as folder:
        again = [sys.executable, __file__, "--make", folder]
        size = ["--people", str(chosen.people), "--seed", str(chosen.seed)]
        subprocess.run([*again, *size], check=True)
        table = measure(Path(folder), chosen.people, chosen.seed)
    print(table)
    if chosen.write:
        (HERE / "ingest_to_outcomes.md").write_text(table, encoding="utf-8", newline="\n")


def make(folder: Path, people: int, seed: int) -> None:
    from naturalistic.cohort.synthetic import make_cohort, write_extract

    write_extract(make_cohort("scale", seed, n=people), folder / "extract")


def measure(folder: Path, people: int, seed: int) -> str:
    rows: list[tuple[str, float, float, str]] = []

    @contextmanager
    def stage(name: str, told: Callable[[], str]) -> Iterator[None]:
        start = time.perf_counter()
        yield
        rows.append((name, time.perf_counter() - start, peak(), told()))

    made: dict[str, Any] = {}

    def told(*names: str) -> Callable[[], str]:
        return lambda: ", ".join(f"{len(made[name]):,} {name}" for name in names)

    with stage("import", lambda: ""):
        from naturalistic.cohort.episodes import derive_episodes
        from naturalistic.cohort.ingest import ingest
        from naturalistic.cohort.outcomes import derive_outcomes
        from naturalistic.cohort.scoring import score_questionnaires
        from naturalistic.reference.loader import load_instruments
        from naturalistic.settings.config import AnalysisSettings
        from naturalistic.settings.load import load_mapping

        instruments, settings = load_instruments(), AnalysisSettings()
    with stage("ingest", told("referrals", "sessions", "questionnaires")):
        result = ingest(
            load_mapping(HERE / "ingest_to_outcomes.yaml"),
            project=folder,
            key=b"benchmark" * 4,
            mapping_name="benchmarks/ingest_to_outcomes.yaml",
            instruments=instruments,
        )
        made |= result.tables
    with stage("score", told("scores")):
        made["scores"] = score_questionnaires(made["questionnaires"], instruments)
    with stage("episodes", told("episodes")):
        three = (made[name] for name in ("patients", "referrals", "sessions"))
        made["episodes"] = derive_episodes(*three, result.data_cut, settings)
    with stage("outcomes", told("outcomes")):
        made["outcomes"] = derive_outcomes(
            made["scores"], made["episodes"], instruments, settings, made["patients"]
        )
    return as_markdown(rows, people, seed)


def peak() -> float:
    """Peak resident memory of this process so far, gigabytes."""
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return kilobytes * (1 if platform.system() != "Darwin" else 1 / 1024) / 1e6


def as_markdown(rows: list[tuple[str, float, float, str]], people: int, seed: int) -> str:
    import numpy as np
    import pandas as pd

    seconds = sum(row[1] for row in rows)
    lines = [
        "# From an extract to the outcomes table",
        "",
        f"`python benchmarks/ingest_to_outcomes.py --people {people} --seed {seed} --write`",
        "",
        f"{people:,} people of the synthetic preset `scale`, read from CSV through a mapping; one process, "
        f"{os.cpu_count()} cores, Python {platform.python_version()}, pandas {pd.__version__}, numpy {np.__version__}. "
        "Memory is the peak of the process up to the end of the stage.",
        "",
        "| stage | seconds | peak GB | made |",
        "|---|---:|---:|---|",
        *(f"| {name} | {took:.1f} | {memory:.2f} | {text} |" for name, took, memory, text in rows),
        f"| all | {seconds:.1f} | {rows[-1][2]:.2f} | target: under {TARGET_SECONDS} s and {TARGET_GIGABYTES} GB |",
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
