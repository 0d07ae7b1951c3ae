"""Access, waits and national metrics on a million patients: seconds and peak memory.

    OMP_NUM_THREADS=1 python benchmarks/access_speed.py                       # some minutes, nearly all of it making people
    python benchmarks/access_speed.py --patients 100000 --output /tmp/try.md

The people are those of the synthetic preset `talking_therapies` (PHQ-9 and GAD-7 at every session), made 100,000 at a time,
each time in a process of its own, and kept in `--kept` (ids counted on from part to part). The analyses then run one after
the other in one process that only reads them. Promised: under 10 seconds each.
"""

from __future__ import annotations

import argparse
import platform
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from naturalistic.analyses.interface import AnalysisInput
from naturalistic.analyses.registry import REGISTRY
from naturalistic.cohort.episodes import derive_episodes
from naturalistic.cohort.outcomes import derive_outcomes
from naturalistic.cohort.scoring import score_questionnaires
from naturalistic.cohort.synthetic import PRESETS, make_cohort
from naturalistic.reference.loader import load_instruments
from naturalistic.settings.config import AnalysisSettings, Primary

HERE = Path(__file__).parent
ANALYSES = ("access_and_waits", "national_metrics")
PART = 100_000
FIRST_SEED = 20240214
MOST_SECONDS = 10.0
IDS = ("patient_id", "referral_id", "therapist_id", "form_id")
TABLES = ("patients", "sessions", "episodes", "outcomes", "scores")
SETTINGS = AnalysisSettings(primary=Primary(instrument="phq_9", scale="total"))


def make_part(folder: Path, number: int, people: int) -> None:
    """The tables of one part, ids counted on from the parts before it."""
    made, instruments = (
        make_cohort("talking_therapies", FIRST_SEED + number, n=people).tables(),
        load_instruments(),
    )
    cut = PRESETS["talking_therapies"].pathway.data_cut
    three = made["patients"], made["referrals"], made["sessions"]
    made["episodes"] = derive_episodes(*three, cut, SETTINGS)
    made["scores"] = score_questionnaires(made["questionnaires"], instruments)
    made["outcomes"] = derive_outcomes(
        made["scores"], made["episodes"], instruments, SETTINGS, made["patients"]
    )
    for name in TABLES:
        frame = made[name]
        for column in frame.columns.intersection(list(IDS)):
            frame[column] = frame[column] + number * 100 * PART  # far above any id of a part
        frame.to_parquet(folder / f"{name}_{number}.parquet", index=False)


def measure(folder: Path, parts: int) -> tuple[dict[str, float], dict[str, int], float]:
    """Processor seconds by analysis, rows by table, and peak memory in gigabytes."""
    tables = {
        name: pd.concat(
            [pd.read_parquet(folder / f"{name}_{i}.parquet") for i in range(parts)],
            ignore_index=True,
        )
        for name in TABLES
    }
    instruments, seconds = load_instruments(), {}
    for name in ANALYSES:
        entry = REGISTRY[name]
        data = AnalysisInput(
            cohort="benchmark",
            tables={table: tables[table] for table in entry.tables},
            settings=SETTINGS,
            instruments=instruments,
            calendar="real",
            rng=np.random.default_rng(1),
        )
        analyse = entry.load()
        start = time.process_time()
        estimates = analyse(data).estimates
        seconds[name] = time.process_time() - start
        print(f"{name}: {seconds[name]:.1f} s, {len(estimates)} rows", flush=True)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    return seconds, {name: len(frame) for name, frame in tables.items()}, peak


def document(patients: int, seconds: dict[str, float], rows: dict[str, int], peak: float) -> str:
    """The committed table."""
    kept = max(seconds.values()) <= MOST_SECONDS
    lines = [
        "# Access, waits and national metrics on many patients",
        "",
        f"Made by `OMP_NUM_THREADS=1 python benchmarks/access_speed.py --patients {patients}`: preset `talking_therapies`, "
        + ", ".join(f"{n:,} {name}" for name, n in rows.items())
        + f". Python {platform.python_version()}, pandas {pd.__version__}, numpy {np.__version__}. Processor time, one "
        "run each, one thread.",
        "",
        "| analysis | seconds |",
        "|---|---:|",
        *(f"| {name} | {value:.1f} |" for name, value in seconds.items()),
        "",
        f"Peak memory of the process, all tables included: {peak:.1f} GB. Promised at a million patients: under "
        f"{MOST_SECONDS:.0f} seconds each; {'kept' if kept else 'not kept'} here.",
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Make the parts that are not there, measure, write the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--patients", type=int, default=1_000_000)
    parser.add_argument("--kept", type=Path, default=Path(tempfile.gettempdir()) / "access_speed")
    parser.add_argument("--output", type=Path, default=HERE / "access_speed.md")
    parser.add_argument("--make", type=int, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    part = min(PART, asked.patients)
    if asked.make is not None:
        make_part(asked.kept, asked.make, part)
        return
    folder = asked.kept / str(part)
    folder.mkdir(parents=True, exist_ok=True)
    parts = max(1, asked.patients // part)
    for i in range(parts):
        if not (folder / f"{TABLES[-1]}_{i}.parquet").exists():
            again = [sys.executable, __file__, "--make", str(i), "--kept", str(folder)]
            subprocess.run([*again, "--patients", str(asked.patients)], check=True)
    seconds, rows, peak = measure(folder, parts)
    asked.output.write_text(document(parts * part, seconds, rows, peak), encoding="utf-8")


if __name__ == "__main__":
    main()
