"""Speed of the survival regressions against R: a committed table, and the command that makes it.

    python benchmarks/cox.py                        # all sizes; R may take an hour
    python benchmarks/cox.py --sizes 474,10000 --output /tmp/try.md

Simulates episodes (whole session numbers up to 40, three ways of ending, eight covariates,
therapists), times each task in a process of its own in Python and in R (`cox.R`; needs R with
survival), one thread each, and stops where the two do not give the same number. R is given ten
minutes and 8 GB a task.
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
    "efron": "Cox, Efron ties, sessions (R: coxph)",
    "breslow": "Cox, Breslow ties, sessions (R: coxph)",
    "weeks": "Cox, Efron ties, weeks, few ties (R: coxph)",
    "cluster": "Cox, Efron, errors clustered by therapist (R: coxph(cluster=))",
    "causes": "Cause-specific Cox, 3 causes, clustered errors (R: coxph(cluster=))",
    "proportional": "Cox and test of proportional hazards (R: coxph, cox.zph)",
    "discrete_time": "Discrete-time hazard, 15 steps (R: glm on person-sessions)",
    "discrete_time_clustered": "the same, errors clustered by therapist (R: not tried)",
    "risk_difference": "Cause-specific Cox and risk differences at 3 sessions (R: none)",
    "frailty": "Gamma frailty of at most 300 therapists (R: coxph + frailty)",
}
NOT_IN_R = frozenset({"discrete_time_clustered", "risk_difference"})
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
MEMORY_LIMIT = 8 * 1024**3
# relative; coxph and glm stop their iterations earlier than we do, frailty() much earlier
SAME = {"frailty": 5e-3, "discrete_time": 1e-4}
SAME_ELSE = 1e-5
N_COLUMNS = 13
# A million episodes make ten million person-sessions: their model matrix alone is 2 GB, and glm
# keeps several copies.
LARGEST_IN_R = {"discrete_time": 100_000}


def simulate(n: int) -> np.ndarray:
    """Columns sessions, weeks, cause (0 open), therapist, team and 8 covariates; shape (n, 13)."""
    rng = np.random.default_rng(2025)
    x = np.column_stack([rng.integers(0, 2, (n, 5)), rng.normal(size=(n, 3)).round(2)])
    therapist = rng.integers(0, max(8, min(n // 20, 20_000)), n)
    risk = np.exp(0.3 * x[:, 0] - 0.2 * x[:, 1] + 0.2 * x[:, 5])
    team = therapist % 300
    lean = rng.gamma(5, 0.2, 300)[team]
    times = np.column_stack(
        [
            rng.exponential(22, n) / (risk * lean),
            rng.exponential(18, n) + 6,
            rng.exponential(150, n),
            rng.exponential(60, n),
        ]
    )
    first = times.min(axis=1)
    cause = np.where(first > 40, 0, np.array([1, 2, 3, 0])[times.argmin(axis=1)])
    sessions = np.clip(np.ceil(first), 1, 40)
    weeks = np.clip(np.ceil(first * 70), 1, 2800) / 10
    return np.column_stack([sessions, weeks, cause, therapist, team, x])


def python_task(name: str, data: np.ndarray) -> Callable[[], float]:
    """A call of one task that returns the number compared with R."""
    from naturalistic.stats.cause_specific import fit_cause_specific
    from naturalistic.stats.cox import fit_cox
    from naturalistic.stats.discrete_time import fit_discrete_time_hazard
    from naturalistic.stats.frailty import fit_frailty_cox
    from naturalistic.stats.proportional_hazards import check_proportional_hazards
    from naturalistic.stats.standardised_risk import standardised_risk_difference

    sessions, weeks, x = data[:, 0].copy(), data[:, 1].copy(), data[:, 5:].copy()
    cause, therapist, team = (data[:, k].astype(np.int64) for k in (2, 3, 4))
    dropout = cause == 1

    def hazards(**options: object) -> float:
        fit = fit_discrete_time_hazard(
            sessions, dropout, x, baseline="steps", step_starts=range(1, 16), **options
        )
        return float(fit.std_errors[fit.n_baseline])

    def differences() -> float:
        model = fit_cause_specific(sessions, cause, x)
        yes, no = x.copy(), x.copy()
        yes[:, 0], no[:, 0] = 1, 0
        risks = standardised_risk_difference(model, yes, no, [4, 10, 20], cluster=therapist)
        return risks[-1].std_error

    def proportional() -> float:
        return check_proportional_hazards(fit_cox(sessions, dropout, x)).overall.statistic

    return {
        "efron": lambda: float(fit_cox(sessions, dropout, x).std_errors[0]),
        "breslow": lambda: float(fit_cox(sessions, dropout, x, ties="breslow").std_errors[0]),
        "weeks": lambda: float(fit_cox(weeks, dropout, x).std_errors[0]),
        "cluster": lambda: float(fit_cox(sessions, dropout, x, cluster=therapist).std_errors[0]),
        "causes": lambda: sum(
            float(fit.std_errors[0])
            for fit in fit_cause_specific(sessions, cause, x, cluster=therapist).fits
        ),
        "proportional": proportional,
        "discrete_time": hazards,
        "discrete_time_clustered": lambda: hazards(cluster=therapist),
        "risk_difference": differences,
        "frailty": lambda: float(fit_frailty_cox(sessions, dropout, x, team).coefficients[0]),
    }[name]


def measure(task: str, file: Path, n: int, repeats: int) -> None:
    """Time one task in this process and print the answer as JSON (the parent reads it)."""
    run = python_task(task, np.fromfile(file).reshape(N_COLUMNS, n).T)
    seconds: list[float] = []
    for _ in range(repeats):
        begin = time.process_time()
        check = run()
        seconds.append(time.process_time() - begin)
        if sum(seconds) > 20:
            break
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": statistics.median(seconds), "check": check, "peak_mb": peak}))


def in_python(task: str, file: Path, n: int) -> dict[str, float]:
    command = [sys.executable, __file__, "--measure", task, str(file), str(n), str(REPEATS[n][0])]
    environment = os.environ | ONE_THREAD
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout))


def in_r(task: str, file: Path, n: int, limit: float) -> dict[str, float] | str:
    """Seconds and check value of R, or why there are none."""
    command = ["Rscript", str(HERE / "cox.R"), str(file), str(n), task, str(REPEATS[n][1])]

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))
        resource.setrlimit(resource.RLIMIT_CPU, (int(limit), int(limit)))

    done = subprocess.run(
        command,
        env=os.environ | ONE_THREAD,
        capture_output=True,
        text=True,
        preexec_fn=limited,
        check=False,
    )
    if done.returncode < 0:
        return f"> {limit:g} s"
    if done.returncode:
        return "> 8 GB" if "allocate" in done.stderr else f"failed: {done.stderr.strip()[-80:]}"
    words = dict(line.split() for line in done.stdout.strip().splitlines())
    return {name: float(value) for name, value in words.items()}


def compare(n: int, limit: float, unfinished: set[str], tasks: list[str]) -> list[str]:
    """Rows of the table for one size; tasks R does not finish are added to `unfinished`."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "data.bin"
        np.asfortranarray(simulate(n)).T.tofile(file)
        for task in tasks:
            ours = in_python(task, file, n)
            r: dict[str, float] | str = "" if task in NOT_IN_R else "not tried"
            tried = task not in unfinished and n <= LARGEST_IN_R.get(task, n)
            if task not in NOT_IN_R and tried:
                r = in_r(task, file, n, limit)
            if isinstance(r, str):
                if r:
                    unfinished.add(task)
                theirs, ratio = r, ""
            else:
                if abs(ours["check"] - r["check"]) > SAME.get(task, SAME_ELSE) * abs(r["check"]):
                    raise SystemExit(f"{task} at {n}: {ours['check']} here, {r['check']} in R")
                times = r["seconds"] / ours["seconds"]
                theirs = duration(r["seconds"])
                if r["seconds"] > limit / 10:
                    # No estimator is faster than linear: ten times the size would not finish.
                    unfinished.add(task)
                ratio = f"{times:,.0f}" if times >= 10 else f"{times:.1f}"
            row = (TASKS[task], duration(ours["seconds"]), theirs, ratio, f"{ours['peak_mb']:,.0f}")
            rows.append("| " + " | ".join(row) + " |")
            print(f"{n}: {rows[-1]}", flush=True)
    return rows


def duration(seconds: float) -> str:
    return f"{seconds * 1000:,.2f} ms" if seconds < 1 else f"{seconds:,.2f} s"


def document(tables: dict[int, list[str]], limit: float) -> str:
    lines = [
        "# Survival regressions against R",
        "",
        f"Made by `python benchmarks/cox.py` on {os.cpu_count()} cores ({platform.machine()}), "
        f"Python {platform.python_version()}, numpy {np.__version__}, one thread each, same data, "
        "same run; medians of processor time. Each row was first checked: Python and R give the "
        f"same number (relative {SAME_ELSE:g}; {SAME['discrete_time']:g} and {SAME['frailty']:g} "
        "for glm and frailty, which in R stop short of the maximum). R was given "
        f"{limit:g} s and 8 GB a task; `not tried`: at a smaller size it did not finish or took "
        "more than a tenth of the limit, or (glm) its model matrix alone would be 2 GB. "
        "R's clock counts milliseconds. Peak memory is that of the whole Python "
        "process with the data.",
    ]
    for n, rows in tables.items():
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
    parser.add_argument("--tasks", default=",".join(TASKS))
    parser.add_argument("--limit", type=float, default=600.0, help="seconds for one run in R")
    parser.add_argument("--output", type=Path, default=HERE / "cox.md")
    parser.add_argument("--measure", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        task, file, n, repeats = options.measure
        measure(task, Path(file), int(n), int(repeats))
        return
    unfinished: set[str] = set()
    tables: dict[int, list[str]] = {}
    for n in (int(size) for size in options.sizes.split(",")):
        tables[n] = compare(n, options.limit, unfinished, options.tasks.split(","))
        options.output.write_text(document(tables, options.limit), encoding="utf-8")


if __name__ == "__main__":
    main()
