"""The core set of the analysis of leaving on a million episodes, in one process: seconds and peak memory.

    OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 python benchmarks/leaving_core.py   # 1,000,000 episodes; some seconds
    python benchmarks/leaving_core.py --episodes 100000 --output /tmp/try.md

Kaplan-Meier, Aalen-Johansen with variance, Gray's test, a cause-specific Cox model with errors clustered by therapist, one
Fine-Gray model with its variance and a discrete-time model, eight covariates, on the episodes of `survival_curves.py`.
Promised: under 60 seconds of one core and 2 GB of memory, the data included.
"""

from __future__ import annotations

import argparse
import platform
import resource
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from survival_curves import simulate

from naturalistic.stats.competing_risks import aalen_johansen
from naturalistic.stats.cox import fit_cox
from naturalistic.stats.discrete_time import fit_discrete_time_hazard
from naturalistic.stats.fine_gray import fine_gray
from naturalistic.stats.grays_test import grays_test
from naturalistic.stats.survival import kaplan_meier

HERE = Path(__file__).parent
MOST_SECONDS, MOST_GIGABYTES = 60.0, 2.0


def tasks(n: int) -> dict[str, Callable[[], object]]:
    """The core set on n simulated episodes."""
    data = simulate(n)
    sessions, cause = data[:, 0], data[:, 1].astype(np.int64)
    group, therapist = data[:, 2].astype(np.int64), data[:, 3].astype(np.int64)
    covariates = np.ascontiguousarray(data[:, 4:])
    dropped = cause == 1
    del data
    return {
        "Kaplan-Meier": lambda: kaplan_meier(sessions, cause > 0),
        "Aalen-Johansen, 3 causes, with variance": lambda: aalen_johansen(sessions, cause),
        "Gray's test, 2 groups": lambda: grays_test(sessions, cause, group),
        "cause-specific Cox (Efron), clustered by therapist": lambda: fit_cox(
            sessions, dropped, covariates, cluster=therapist
        ),
        "Fine-Gray, with variance": lambda: fine_gray(covariates, sessions, cause),
        "discrete time (spline), clustered by therapist": lambda: fit_discrete_time_hazard(
            sessions, dropped, covariates, cluster=therapist
        ),
    }


def document(n: int, seconds: dict[str, float], peak: float) -> str:
    total = sum(seconds.values())
    kept = total <= MOST_SECONDS and peak <= MOST_GIGABYTES
    lines = [
        "# The core set of leaving in one process",
        "",
        f"Made by `OMP_NUM_THREADS=1 python benchmarks/leaving_core.py --episodes {n}`: {n:,} episodes, 8 covariates. "
        f"Python {platform.python_version()}, numpy {np.__version__}. Processor time, one run each.",
        "",
        "| Task | seconds |",
        "|---|---:|",
        *(f"| {name} | {value:.2f} |" for name, value in seconds.items()),
        f"| **together** | **{total:.2f}** |",
        "",
        f"Peak memory of the process, data included: {peak:.2f} GB. Promised at a million episodes: {MOST_SECONDS:.0f} "
        f"seconds and {MOST_GIGABYTES:.0f} GB; {'kept' if kept else 'not kept'} here.",
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--episodes", type=int, default=1_000_000)
    parser.add_argument("--output", type=Path, default=HERE / "leaving_core.md")
    options = parser.parse_args()
    seconds: dict[str, float] = {}
    for name, task in tasks(options.episodes).items():
        start = time.process_time()
        task()
        seconds[name] = time.process_time() - start
        print(f"{name}: {seconds[name]:.2f} s", flush=True)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    options.output.write_text(document(options.episodes, seconds, peak), encoding="utf-8")
    print(f"{sum(seconds.values()):.2f} s, {peak:.2f} GB")


if __name__ == "__main__":
    main()
