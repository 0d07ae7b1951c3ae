"""Speed of the survival and competing-risks core against R: a committed table, and the command that makes it.

    python benchmarks/survival_curves.py                        # all sizes; R may take half an hour
    python benchmarks/survival_curves.py --sizes 474,10000      # these; the other sizes stay in the table

Simulates episodes (whole session numbers up to 40, three ways of ending, eight covariates, therapists), times each
task in a process of its own in Python and in R (`survival_curves.R`; needs R with survival and cmprsk), one
thread each, by processor time (so that a busy machine matters little), and stops where the two do not give the
same number. R is given ten minutes and 4 GB a task.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
REPEATS = {474: (15, 7), 10_000: (9, 5), 100_000: (5, 3), 1_000_000: (3, 1)}
TASKS = {
    "kaplan_meier": "Kaplan-Meier (R: survfit)",
    "kaplan_meier_clustered": "Kaplan-Meier, SE clustered by therapist (R: survfit)",
    "aalen_johansen": "Aalen-Johansen, 3 causes, with variance (R: cmprsk::cuminc)",
    "aalen_johansen_survfit": "the same (R: multi-state survfit)",
    "aalen_johansen_clustered": "Aalen-Johansen, SE clustered by therapist (R has none)",
    "log_rank": "Log-rank, 2 groups (R: survdiff)",
    "grays_test": "Incidence by group and Gray's test, 3 causes (R: cmprsk::cuminc)",
    "fine_gray": "Fine-Gray, 8 covariates, with variance (R: cmprsk::crr)",
    "fine_gray_clustered": "Fine-Gray, SE clustered by therapist (R: finegray + coxph)",
}
NOT_IN_R = frozenset({"aalen_johansen_clustered"})
# the statistics of cmprsk 2.2-11 leave their scale somewhere between 200,000 and 400,000 rows
WRONG_IN_R = frozenset({("grays_test", 1_000_000)})
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
MEMORY_LIMIT = 4 * 1024**3
# relative; crr and coxph stop their iterations earlier than we do
SAME = 1e-5


def simulate(n: int) -> np.ndarray:
    """Columns sessions, cause (0 open), group, therapist and 8 covariates; shape (n, 12)."""
    rng = np.random.default_rng(2024)
    x = np.column_stack([rng.integers(0, 2, (n, 5)), rng.normal(size=(n, 3)).round(2)])
    group, therapist = rng.integers(0, 2, n), rng.integers(0, max(8, min(n // 20, 2000)), n)
    risk = np.exp(0.3 * x[:, 0] - 0.2 * x[:, 1] + 0.2 * x[:, 5] + 0.15 * group)
    waiting = (22 / risk, 18.0, 150.0, 60.0)
    times = np.column_stack([rng.exponential(mean, n) for mean in waiting])
    times[:, 1] += 6
    first = times.min(axis=1)
    cause = np.where(first > 40, 0, np.array([1, 2, 3, 0])[times.argmin(axis=1)])
    return np.column_stack([np.clip(np.ceil(first), 1, 40), cause, group, therapist, x])


def python_task(name: str, data: np.ndarray) -> Callable[[], float]:
    """A call of one task that returns the number compared with R."""
    from naturalistic.stats.competing_risks import aalen_johansen
    from naturalistic.stats.fine_gray import fine_gray
    from naturalistic.stats.grays_test import grays_tests
    from naturalistic.stats.survival import kaplan_meier
    from naturalistic.stats.survival_tests import log_rank

    sessions, x = data[:, 0].copy(), data[:, 4:].copy()
    cause, group, therapist = (data[:, k].astype(np.int64) for k in (1, 2, 3))
    dropout = cause == 1

    def incidence() -> float:
        curves = aalen_johansen(sessions, cause, variance="gray")
        return float(curves.estimate[curves.times == 10].sum())

    def incidence_and_test() -> float:
        for level in (0, 1):
            rows = group == level
            aalen_johansen(sessions[rows], cause[rows], variance="gray")
        return sum(test.statistic for test in grays_tests(sessions, cause, group))

    def clustered_incidence() -> float:
        return float(aalen_johansen(sessions, cause, cluster=therapist).std_error[-1, 0])

    def clustered_survival() -> float:
        return float(np.nansum(kaplan_meier(sessions, dropout, cluster=therapist).std_error))

    def clustered_model() -> float:
        fit = fine_gray(x, sessions, cause, convention="finegray", cluster=therapist)
        return float(fit.std_error[0])

    return {
        "kaplan_meier": lambda: float(kaplan_meier(sessions, dropout).estimate.sum()),
        "kaplan_meier_clustered": clustered_survival,
        "aalen_johansen": incidence,
        "aalen_johansen_survfit": lambda: float(
            aalen_johansen(sessions, cause).estimate[:, 0].sum()
        ),
        "aalen_johansen_clustered": clustered_incidence,
        "log_rank": lambda: log_rank(sessions, dropout, group).statistic,
        "grays_test": incidence_and_test,
        "fine_gray": lambda: float(fine_gray(x, sessions, cause).std_error[0]),
        "fine_gray_clustered": clustered_model,
    }[name]


def measure(task: str, file: Path, n: int, repeats: int) -> None:
    """Time one task in this process and print the answer as JSON (the parent reads it)."""
    run = python_task(task, np.fromfile(file).reshape(12, n).T)
    seconds = []
    for _ in range(repeats):
        begin = time.process_time()
        check = run()
        seconds.append(time.process_time() - begin)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": statistics.median(seconds), "check": check, "peak_mb": peak}))


def in_python(task: str, file: Path, n: int) -> dict[str, float]:
    command = [sys.executable, __file__, "--measure", task, str(file), str(n), str(REPEATS[n][0])]
    environment = os.environ | ONE_THREAD
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout))


def in_r(task: str, file: Path, n: int, limit: float) -> dict[str, float] | str:
    """Seconds and check value of R, or why there are none."""
    command = ["Rscript", str(HERE / "survival_curves.R"), str(file), str(n), task]

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))

    try:
        done = subprocess.run(
            [*command, str(REPEATS[n][1])],
            env=os.environ | ONE_THREAD,
            capture_output=True,
            text=True,
            timeout=limit,
            preexec_fn=limited,
        )
    except subprocess.TimeoutExpired:
        return f"> {limit:g} s"
    if done.returncode:
        return "> 4 GB" if "allocate" in done.stderr else f"failed: {done.stderr.strip()[-80:]}"
    words = dict(line.split() for line in done.stdout.strip().splitlines())
    return {name: float(value) for name, value in words.items()}


def compare(n: int, limit: float, unfinished: set[str]) -> list[str]:
    """Rows of the table for one size; R did not finish the tasks in `unfinished` at a smaller one."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "data.bin"
        np.asfortranarray(simulate(n)).T.tofile(file)
        for task, label in TASKS.items():
            ours = in_python(task, file, n)
            if task in NOT_IN_R or task in unfinished:
                r: dict[str, float] | str = "" if task in NOT_IN_R else "not tried"
            else:
                r = in_r(task, file, n, limit)
            if isinstance(r, str):
                theirs, ratio = r, ""
            else:
                theirs, ratio = duration(r["seconds"]), f"{r['seconds'] / ours['seconds']:,.0f}"
                if abs(ours["check"] - r["check"]) > SAME * abs(r["check"]):
                    if (task, n) not in WRONG_IN_R:
                        raise SystemExit(f"{task} at {n}: {ours['check']} here, {r['check']} in R")
                    theirs += " (wrong, see above)"
            row = (label, duration(ours["seconds"]), theirs, ratio, f"{ours['peak_mb']:,.0f}")
            rows.append("| " + " | ".join(row) + " |")
            print(f"{n}: {rows[-1]}", flush=True)
    return rows


def duration(seconds: float) -> str:
    return f"{seconds * 1000:,.2f} ms" if seconds < 1 else f"{seconds:,.2f} s"


def tables_in(file: Path) -> dict[int, list[str]]:
    """The rows that earlier runs wrote, by size."""
    if not file.exists():
        return {}
    tables = {}
    for part in file.read_text(encoding="utf-8").split("\n## ")[1:]:
        title, *lines = part.splitlines()
        rows = [line for line in lines if line.startswith("|")][2:]
        tables[int(title.split()[0].replace(",", ""))] = rows
    return tables


def document(tables: dict[int, list[str]], limit: float) -> str:
    lines = [
        "# Survival curves, competing risks and Fine-Gray against R",
        "",
        f"Made by `python benchmarks/survival_curves.py` on {os.cpu_count()} cores ({platform.machine()}), Python "
        f"{platform.python_version()}, numpy {np.__version__}, one thread each, same data, each size in one run; medians of "
        "processor time. "
        f"Each row was first checked: Python and R give the same number (relative {SAME:g}). R was given "
        f"{limit:g} s (of the clock, on a machine with other work) and 4 GB a task; "
        "`not tried`: it did not finish at a smaller size. R's clock counts "
        "milliseconds. Peak memory is that of the whole Python process with the data.",
        "",
        "At 1,000,000 episodes the Gray statistics of `cmprsk::cuminc` (2.2-11) are a hundred times too large. At "
        "200,000 they agree with ours to ten digits, and ours of ten copies of 100,000 rows are ten times those "
        "of the rows once, as they must be.",
    ]
    for n, rows in sorted(tables.items()):
        lines += ["", f"## {n:,} episodes", ""]
        lines += [
            "| Task | naturalistic | R | times faster | peak MB |",
            "|---|---:|---:|---:|---:|",
        ]
        lines += rows
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", default=",".join(str(n) for n in REPEATS))
    parser.add_argument("--limit", type=float, default=600.0, help="seconds for one run in R")
    parser.add_argument("--output", type=Path, default=HERE / "survival_curves.md")
    parser.add_argument("--measure", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        task, file, n, repeats = options.measure
        measure(task, Path(file), int(n), int(repeats))
        return
    tables = tables_in(options.output)
    for n in (int(size) for size in options.sizes.split(",")):
        smaller = [row for size, rows in tables.items() if size < n for row in rows]
        unfinished = {
            task
            for task, label in TASKS.items()
            if any(row.startswith(f"| {label} |") and "| > " in row for row in smaller)
        }
        tables[n] = compare(n, options.limit, unfinished)
        options.output.write_text(document(tables, options.limit), encoding="utf-8")


if __name__ == "__main__":
    main()
