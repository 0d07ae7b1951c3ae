"""Speed, memory and agreement of the linear mixed model engine with lme4 and statsmodels.

    python benchmarks/linear_mixed_model.py            # sizes that take a few minutes
    python benchmarks/linear_mixed_model.py --all      # up to a million patients; needs about 12 GB

Simulates each data set once, fits it with every engine in a process of its own (one thread), and
writes benchmarks/linear_mixed_model.md. Peak memory is what the fit needs above the loaded data.
R with lme4 is found as `Rscript`; statsmodels fits the small pre/post sets only.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
THREADS = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}


@dataclass(frozen=True)
class Size:
    """One data set of the benchmark."""

    name: str
    patients: int
    sessions: int
    therapists: int
    engines: tuple[str, ...]
    repeats: int
    large: bool

    @property
    def slope(self) -> bool:
        """Whether the patients have slopes."""
        return self.sessions > 2


SIZES = (
    Size("pre/post, 474", 474, 2, 20, ("naturalistic", "lme4", "statsmodels"), 3, False),
    Size("pre/post, 10 k", 10_000, 2, 400, ("naturalistic", "lme4", "statsmodels"), 3, False),
    Size("pre/post, 100 k", 100_000, 2, 4_000, ("naturalistic", "lme4"), 3, False),
    Size("pre/post, 1 M", 1_000_000, 2, 10_000, ("naturalistic", "lme4"), 1, True),
    Size("sessions, 474 x 33", 474, 33, 20, ("naturalistic", "lme4"), 3, False),
    Size("sessions, 10 k x 20", 10_000, 20, 400, ("naturalistic", "lme4"), 3, False),
    Size("sessions, 100 k x 20", 100_000, 20, 4_000, ("naturalistic", "lme4"), 1, True),
    Size("sessions, 1 M x 10", 1_000_000, 10, 10_000, ("naturalistic",), 1, True),
)


def simulate(size: Size, folder: Path) -> None:
    """Write the columns of one data set as raw doubles, patients in order."""
    random = np.random.default_rng(20240611)
    patients, sessions = size.patients, size.sessions
    patient = np.repeat(np.arange(patients), sessions)
    time_ = np.tile(np.arange(sessions, dtype=float), patients)
    if size.slope:  # irregular weekly forms
        time_ += np.where(time_ > 0, random.uniform(-0.3, 0.3, len(time_)), 0.0)
        keep = np.ones(len(time_), dtype=bool)
    else:  # 15 % have no last form
        keep = (time_ == 0) | (random.random(len(time_)) > 0.15)
    therapist = random.integers(0, size.therapists, patients)
    covariates = random.normal(size=(patients, 6))
    level = random.normal(0, 4.0, patients) + random.normal(0, 1.5, size.therapists)[therapist]
    change = -0.8 + 0.2 * covariates[:, 0]
    if size.slope:
        change = change + random.normal(0, 0.3, patients)
    outcome = 15 + level[patient] + 0.3 * covariates.sum(axis=1)[patient]
    outcome += change[patient] * time_ + random.normal(0, 3.0, len(time_))
    columns = {
        "outcome": outcome[keep],
        "time": time_[keep],
        "patient": patient[keep].astype(float),
        "therapist": therapist[patient][keep].astype(float),
    }
    for k in range(6):
        columns[f"x{k + 1}"] = covariates[patient, k][keep]
    for name, values in columns.items():
        values.tofile(folder / f"{name}.bin")
    (folder / "meta.json").write_text(
        json.dumps({"rows": int(keep.sum()), "slope": size.slope, "columns": list(columns)})
    )


def load(folder: Path) -> tuple[dict[str, np.ndarray], np.ndarray, bool]:
    meta = json.loads((folder / "meta.json").read_text())
    data = {name: np.fromfile(folder / f"{name}.bin") for name in meta["columns"]}
    names = [f"x{k + 1}" for k in range(6)]
    design = np.empty((meta["rows"], 9))
    design[:, 0], design[:, 1] = 1.0, data["time"]
    for k, name in enumerate(names):
        design[:, 2 + k] = data.pop(name)
    design[:, 8] = design[:, 1] * design[:, 2]
    return data, design, meta["slope"]


def memory(kind: str) -> int:
    """A memory figure of this process in kB (VmRSS now, VmHWM at most)."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(kind):
            return int(line.split()[1])
    raise RuntimeError(f"no {kind} in /proc/self/status")


def reset_peak() -> int:
    Path("/proc/self/clear_refs").write_text("5")
    return memory("VmRSS")


def fit_naturalistic(folder: Path) -> dict:
    from naturalistic.stats.linear_mixed_model import fit_linear_mixed_model

    data, design, slope = load(folder)
    patient, therapist = data["patient"].astype(np.int64), data["therapist"].astype(np.int64)
    before, start = reset_peak(), time.perf_counter()
    fit = fit_linear_mixed_model(
        data["outcome"],
        design,
        patient,
        time=data["time"] if slope else None,
        random_slope=slope,
        therapist=therapist,
    )
    return {
        "seconds": time.perf_counter() - start,
        "megabytes": (memory("VmHWM") - before) / 1024,
        "loglik": fit.loglik,
        "coefficients": fit.coefficients.tolist(),
        "std_errors": fit.std_errors.tolist(),
        "converged": fit.converged,
    }


def fit_statsmodels(folder: Path) -> dict:
    """MixedLM with therapists as groups and patients as variance components within them."""
    from statsmodels.regression.mixed_linear_model import MixedLM, VCSpec

    data, design, _ = load(folder)
    order = np.argsort(data["therapist"], kind="stable")
    therapist = data["therapist"][order].astype(int)
    outcome, design, patient = data["outcome"][order], design[order], data["patient"][order]
    before, start = reset_peak(), time.perf_counter()
    blocks, names = [], []
    for group in np.unique(therapist):
        ids, code = np.unique(patient[therapist == group], return_inverse=True)
        blocks.append((code[:, None] == np.arange(len(ids))).astype(float))
        names.append([str(k) for k in range(len(ids))])
    model = MixedLM(
        outcome,
        design,
        therapist,
        exog_re=np.ones((len(outcome), 1)),
        exog_vc=VCSpec(["patient"], [names], [blocks]),
    )
    fit = model.fit(reml=True)
    return {
        "seconds": time.perf_counter() - start,
        "megabytes": (memory("VmHWM") - before) / 1024,
        "loglik": float(fit.llf),
        "coefficients": fit.fe_params.tolist(),
        "std_errors": fit.bse_fe.tolist(),
        "converged": bool(fit.converged),
    }


def run(engine: str, folder: Path) -> dict:
    """Fit in a process of its own."""
    if engine == "lme4":
        command = ["Rscript", str(HERE / "linear_mixed_model.R"), str(folder)]
    else:
        command = [sys.executable, __file__, "--engine", engine, str(folder)]
    done = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, **THREADS}, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{engine} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def benchmark(sizes: list[Size]) -> list[str]:
    lines = [
        "| data | rows | engine | seconds | peak MB | times slower | log-likelihood - ours "
        "| largest coefficient difference / SE |",
        "|---|---:|---|---:|---:|---:|---:|---:|",
    ]
    for size in sizes:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            simulate(size, folder)
            rows = json.loads((folder / "meta.json").read_text())["rows"]
            found = {}
            for engine in size.engines:
                tries = [run(engine, folder) for _ in range(size.repeats)]
                found[engine] = min(tries, key=lambda one: one["seconds"])
                print(size.name, engine, f"{found[engine]['seconds']:.2f} s", flush=True)
        ours = found["naturalistic"]
        for engine, result in found.items():
            difference = np.array(result["coefficients"]) - ours["coefficients"]
            worst = np.max(np.abs(difference) / np.array(ours["std_errors"]))
            agreement = (
                ("", "")
                if result is ours
                else (f"{result['loglik'] - ours['loglik']:.1e}", f"{worst:.1e}")
            )
            lines.append(
                f"| {size.name} | {rows:,} | {engine} | {result['seconds']:.2f} | "
                f"{result['megabytes']:.0f} | {result['seconds'] / ours['seconds']:.1f} | "
                f"{agreement[0]} | {agreement[1]} |"
            )
    return lines


def describe_machine() -> str:
    cpu = next(
        (
            line.split(":")[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    load_average = os.getloadavg()[0]
    return f"{cpu}, {os.cpu_count()} cores, one thread used, load at the end {load_average:.1f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--all", action="store_true", help="the large sizes too")
    parser.add_argument("--only", help="a part of the name of the sizes to run")
    parser.add_argument("--engine", choices=("naturalistic", "statsmodels"))
    parser.add_argument("folder", nargs="?", type=Path)
    arguments = parser.parse_args()
    if arguments.engine:
        fit = {"naturalistic": fit_naturalistic, "statsmodels": fit_statsmodels}[arguments.engine]
        print(json.dumps(fit(arguments.folder)))
        return
    sizes = [size for size in SIZES if arguments.all or not size.large]
    sizes = [size for size in sizes if not arguments.only or arguments.only in size.name]
    table = benchmark(sizes)
    text = [
        "# Linear mixed models: speed, memory and agreement",
        "",
        f"Made by `{' '.join(['python benchmarks/linear_mixed_model.py', *sys.argv[1:]])}`. "
        "Model: six covariates, time and "
        "time x covariate; pre/post `(1 | patient) + (1 | therapist)`, sessions "
        "`(1 + time | patient) + (1 | therapist)`; REML. Ours includes Satterthwaite degrees of "
        "freedom, lme4 does not (`calc.derivs = FALSE`, default tolerance). Best of 1 to 3 runs.",
        "",
        f"Machine: {describe_machine()}. Python {platform.python_version()}, numpy "
        f"{np.__version__}.",
        "",
        *table,
        "",
    ]
    (HERE / "linear_mixed_model.md").write_text("\n".join(text))


if __name__ == "__main__":
    main()
