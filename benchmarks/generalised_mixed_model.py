"""Speed, memory and agreement of the generalised mixed models with glmmTMB and lme4, one command.

    python benchmarks/generalised_mixed_model.py                      # all sizes; a quiet machine, an hour
    python benchmarks/generalised_mixed_model.py --sizes 474 10000    # two minutes
    python benchmarks/generalised_mixed_model.py --without-r

Every fit runs in a process of its own, one after the other, on one thread. Memory is the peak above
what the loaded data take. R engines are run up to the sizes in `R_LIMITS`; beyond, they take hours.
Needs Linux (it reads /proc) and, unless --without-r, Rscript with glmmTMB, lme4 and jsonlite.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent
SIZES = (474, 10_000, 100_000, 1_000_000)
APPOINTMENTS = 20
MODELS = {
    "binomial": "events of trials, therapist",
    "nb2": "session counts (NB2), therapist",
    "overdispersed": "events of trials, patient + therapist",
    "appointments": f"yes/no, {APPOINTMENTS} per patient, patient + therapist",
}
# the largest number of patients at which each R engine is run
R_LIMITS = {
    "glmmTMB": {
        "binomial": 100_000,
        "nb2": 10_000,
        "overdispersed": 10_000,
        "appointments": 10_000,
    },
    "lme4": {"binomial": 100_000, "nb2": 474, "overdispersed": 10_000, "appointments": 10_000},
}
OURS_LIMITS = {
    "binomial": 1_000_000,
    "nb2": 1_000_000,
    "overdispersed": 1_000_000,
    "appointments": 100_000,
}


def simulate(model: str, patients: int) -> dict[str, np.ndarray]:
    """Columns of one data set; one row a patient, or `APPOINTMENTS` rows."""
    rng = np.random.default_rng([patients, list(MODELS).index(model)])
    therapists = {474: 20, 1_000_000: 10_000}.get(patients, patients // 25)
    home = rng.integers(0, therapists, patients)
    own = rng.normal(0, 0.9, patients) if model in ("overdispersed", "appointments") else 0.0
    x = np.column_stack([rng.normal(size=(patients, 3)), rng.random(patients) < 0.3])
    eta = -1.5 + x @ [0.3, -0.2, 0.1, 0.4] + rng.normal(0, 0.45, therapists)[home] + own
    patient, trials = np.arange(patients), np.ones(patients, dtype=int)
    if model == "appointments":
        patient = np.repeat(patient, APPOINTMENTS)
        x, eta, home, trials = x[patient], eta[patient], home[patient], trials[patient]
        x[:, 2] = np.tile(np.arange(APPOINTMENTS), patients) / APPOINTMENTS
    elif model != "nb2":
        trials = rng.integers(4, 21, patients)
    if model == "nb2":
        mean = np.exp(eta + 3.5)
        events = rng.negative_binomial(2.5, 2.5 / (2.5 + mean))
    else:
        events = rng.binomial(trials, 1 / (1 + np.exp(-eta)))
    columns = {f"x{j + 1}": x[:, j] for j in range(4)}
    return columns | {"events": events, "trials": trials, "therapist": home, "patient": patient}


def resident(field: str) -> float:
    """Megabytes from /proc/self/status."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) / 1024
    raise LookupError(field)


def fit_here(model: str, data: Path, output: Path) -> None:
    """One fit of ours, in this process."""
    from naturalistic.stats.generalised_mixed_model import fit_generalised_mixed_model

    with np.load(data) as columns:
        table = {name: columns[name] for name in columns.files}
    design = np.column_stack(
        [np.ones(len(table["events"])), *(table[f"x{j}"] for j in range(1, 5))]
    )
    extra: dict[str, Any] = {"family": "nb2"} if model == "nb2" else {"family": "binomial"}
    if model in ("binomial", "overdispersed"):
        extra["trials"] = table["trials"]
    if model in ("overdispersed", "appointments"):
        extra["unit"] = table["patient"]
    Path("/proc/self/clear_refs").write_text("5")
    before, start = resident("VmRSS"), time.perf_counter()
    fit = fit_generalised_mixed_model(table["events"], design, group=table["therapist"], **extra)
    seconds = time.perf_counter() - start
    result = {
        "seconds": seconds,
        "megabytes": resident("VmHWM") - before,
        "coefficients": fit.coefficients.tolist(),
        "std_errors": fit.standard_errors.tolist(),
        "log_likelihood": fit.log_likelihood,
        "converged": fit.converged,
        "rows": fit.n_rows,
    }
    output.write_text(json.dumps(result))


def run(command: list[str], output: Path) -> dict[str, Any]:
    """Run one fit in a process of its own, on one thread, and read what it wrote."""
    environment = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    subprocess.run([*command, str(output)], check=True, env=environment)
    return json.loads(output.read_text())


def benchmark(model: str, patients: int, folder: Path, with_r: bool) -> str:
    """One row of the table."""
    columns = simulate(model, patients)
    data, output = folder / "data.npz", folder / "out.json"
    np.savez(data, **columns)
    ours = run([sys.executable, __file__, "--fit", model, str(data)], output)
    cells = [f"{ours['seconds']:.2f} / {ours['megabytes']:.0f}"]
    agreement = ["–", "–"]
    table = folder / "data.csv"
    for engine in ("glmmTMB", "lme4"):
        if not with_r or patients > R_LIMITS[engine][model]:
            cells.append("–")
            continue
        if not table.exists():
            np.savetxt(
                table, np.column_stack(list(columns.values())), delimiter=",", comments="",
                header=",".join(columns), fmt="%.17g",
            )  # fmt: skip
        script = str(HERE / "generalised_mixed_model.R")
        theirs = run(["Rscript", script, str(table), model, engine], output)
        cells.append(f"{theirs['seconds']:.2f} / {theirs['megabytes']:.0f}")
        if engine == "glmmTMB":
            move = np.subtract(ours["coefficients"], theirs["coefficients"]) / ours["std_errors"]
            agreement = [
                f"{np.max(np.abs(move)):.1e}",
                f"{ours['log_likelihood'] - theirs['log_likelihood']:+.1e}",
            ]
    table.unlink(missing_ok=True)
    if not ours["converged"]:
        cells[0] += " (no convergence)"
    return (
        f"| {MODELS[model]} | {patients:,} | {ours['rows']:,} | {' | '.join(cells + agreement)} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--models", nargs="+", choices=list(MODELS), default=list(MODELS))
    parser.add_argument("--without-r", action="store_true")
    parser.add_argument("--output", type=Path, help="also write the table to this file")
    parser.add_argument("--fit", nargs=3, metavar=("MODEL", "DATA", "OUT"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.fit:
        model, data, output = arguments.fit
        fit_here(model, Path(data), Path(output))
        return
    lines = [
        "| model | patients | rows | ours, s / MB | glmmTMB, s / MB | lme4, s / MB | largest "
        "difference in coefficients, SE | log-likelihood, ours minus glmmTMB |",
        "|---|---|---|---|---|---|---|---|",
    ]
    print("\n".join(lines), flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for model in arguments.models:
            for patients in arguments.sizes:
                if patients > OURS_LIMITS[model]:
                    continue
                row = benchmark(model, patients, Path(folder), not arguments.without_r)
                lines.append(row)
                print(row, flush=True)
    if arguments.output:
        heading = "# Generalised mixed models: speed, memory, agreement\n\n"
        made = "Made by `python benchmarks/generalised_mixed_model.py`; one thread; peak memory above the data.\n\n"
        arguments.output.write_text(heading + made + "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
