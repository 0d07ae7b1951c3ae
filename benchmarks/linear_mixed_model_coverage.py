"""Coverage of the linear mixed model's 95 % intervals with 10, 20 and 85 therapists.

    python benchmarks/linear_mixed_model_coverage.py [--draws 1000] [--therapists 10 20 85]

Every number of therapists is written as it is done; the others keep their earlier rows. The results
of every data set are kept (`--kept`): an interrupted run goes on where it stopped.

Pre/post data, 15 % without a last form, 14 patients a therapist, therapist intercepts of 6 % of the
variance, half of the therapists in each arm. Writes benchmarks/linear_mixed_model_coverage.md.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
from replicates import replicates
from scipy import stats

from naturalistic.stats.linear_mixed_model import LinearMixedModelFit, fit_linear_mixed_model
from naturalistic.stats.lmm.bootstrap import bootstrap_share
from naturalistic.stats.lmm.influence import jackknife_covariance
from naturalistic.stats.lmm.profile import profile_share
from naturalistic.stats.lmm.residuals import cluster_robust_covariance, row_residuals
from naturalistic.stats.lmm.shares import variance_share

BETA = np.array([20.0, -5.0, 1.0, 0.5, -1.0])
TERMS = ("(Intercept)", "time", "arm", "x", "time:x")
PATIENT, THERAPIST, RESIDUAL = 16.0, 1.6, 9.0
SHARE = THERAPIST / (PATIENT + THERAPIST + RESIDUAL)
PER_THERAPIST = 14
THERAPISTS = (10, 20, 85)


def simulate(random: np.random.Generator, therapists: int) -> dict[str, np.ndarray]:
    """One data set with the truth above."""
    patients = therapists * PER_THERAPIST
    patient = np.repeat(np.arange(patients), 2)
    time = np.tile([0.0, 1.0], patients)
    kept = (time == 0.0) | (random.random(2 * patients) > 0.15)
    patient, time = patient[kept], time[kept]
    therapist = patient // PER_THERAPIST
    x = random.normal(size=patients)[patient]
    design = np.column_stack([np.ones(len(time)), time, therapist % 2, x, time * x])
    outcome = design @ BETA + random.normal(0, np.sqrt(PATIENT), patients)[patient]
    outcome += random.normal(0, np.sqrt(THERAPIST), therapists)[therapist]
    outcome += random.normal(0, np.sqrt(RESIDUAL), len(time))
    return {"outcome": outcome, "design": design, "patient": patient, "therapist": therapist}


def fixed_effects(fit: LinearMixedModelFit, data: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Whether each kind of interval holds the truth, by term."""
    groups = fit.n_therapists
    residuals = row_residuals(fit, **data)
    robust = cluster_robust_covariance(fit, residuals, data["design"], data["therapist"])
    jackknife = jackknife_covariance(fit, "therapist")
    few = stats.t.ppf(0.975, groups - 1)
    widths = {
        "Satterthwaite t": fit.conf_high - fit.coefficients,
        "normal": stats.norm.ppf(0.975) * fit.std_errors,
        "cluster-robust by therapist (CR1), t(G - 1)": few * np.sqrt(np.diag(robust)),
        "jackknife by therapist (CR3), t(G - 1)": few * np.sqrt(np.diag(jackknife)),
    }
    return {name: np.abs(fit.coefficients - BETA) <= width for name, width in widths.items()}


def one_data_set(therapists: int, number: int, bootstrap_draws: int) -> dict[str, Any]:
    """Which intervals hold the truth in one data set, by kind of interval."""
    random = np.random.default_rng([therapists, number])
    data = simulate(random, therapists)
    fit = fit_linear_mixed_model(**data, term_names=TERMS)
    found = {
        "share: profile": profile_share(fit, "therapist"),
        "share: delta logit (where it exists)": variance_share(fit, "therapist"),
    }
    if bootstrap_draws:
        found["share: bootstrap percentile"] = bootstrap_share(
            fit, "therapist", bootstrap_draws, random
        )
    return {
        "terms": {name: inside.tolist() for name, inside in fixed_effects(fit, data).items()},
        "shares": {
            name: bool(interval.conf_low <= SHARE <= interval.conf_high)
            for name, interval in found.items()
            if np.isfinite(interval.conf_low)
        },
        "zero": bool(fit.singular),
    }


def all_data_sets(
    kept: Path, therapists: int, draws: int, bootstrap_draws: int
) -> list[dict[str, Any]]:
    """Every data set of a cell; those of an earlier, interrupted run are read back."""
    cell = f"{therapists} therapists, {bootstrap_draws} bootstrap draws"
    return replicates(
        kept, cell, draws, lambda number: one_data_set(therapists, number, bootstrap_draws)
    )


def study(therapists: int, sets: list[dict[str, Any]]) -> list[str]:
    """Table rows for one number of therapists."""
    held: dict[str, list[list[bool]]] = defaultdict(list)
    share: dict[str, list[bool]] = defaultdict(list)
    for data_set in sets:
        for name, inside in data_set["terms"].items():
            held[name].append(inside)
        for name, within in data_set["shares"].items():
            share[name].append(within)
    zero = np.mean([data_set["zero"] for data_set in sets])
    start = f"| {therapists} | {len(sets)} |"
    blank = " | " * (len(TERMS) - 1)
    print(therapists, "therapists done; variance estimated as zero in", zero, flush=True)
    return [
        *(
            f"{start} {name} | " + " | ".join(f"{x:.3f}" for x in np.mean(inside, axis=0)) + " | |"
            for name, inside in held.items()
        ),
        *(
            f"{start} {name} | {blank} | {np.mean(inside):.3f} ({len(inside)}) |"
            for name, inside in share.items()
        ),
        f"{start} variance estimated as zero | {blank} | {zero:.3f} |",
    ]


def other_rows(path: Path, done: tuple[int, ...]) -> list[str]:
    """Rows of an earlier table for numbers of therapists that were not run now."""
    if not path.exists():
        return []
    numbers = {str(n) for n in THERAPISTS if n not in done}
    lines = path.read_text().splitlines()
    return [
        line for line in lines if line.startswith("| ") and line.split("|")[1].strip() in numbers
    ]


def write_table(path: Path, rows: list[str], command: str) -> None:
    """Write the table, rows in the order of the number of therapists."""
    text = [
        "# Linear mixed model: coverage of 95 % intervals",
        "",
        f"Last rows made by `{command}`. Pre/post, {PER_THERAPIST} patients a therapist, therapist "
        f"share {SHARE:.3f}; `arm` varies between therapists. The Monte Carlo error of a coverage of "
        "0.95 is 1.5 points with 200 data sets, 0.7 with 1000. In brackets: data sets in which the "
        "interval of the share exists.",
        "",
        "| therapists | data sets | interval | "
        + " | ".join(f"`{term}`" for term in TERMS)
        + " | therapist share |",
        "|---:|---:|---|" + "---:|" * (len(TERMS) + 1),
        *sorted(rows, key=lambda row: int(row.split("|")[1])),
        "",
    ]
    path.write_text("\n".join(text))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--bootstrap", type=int, default=0, help="bootstrap draws per data set")
    parser.add_argument("--therapists", type=int, choices=THERAPISTS, nargs="*", default=THERAPISTS)
    parser.add_argument(
        "--kept", type=Path, default=Path(tempfile.gettempdir()) / "lmm_coverage.jsonl"
    )
    arguments = parser.parse_args()
    path = Path(__file__).with_suffix(".md")
    command = " ".join(["python benchmarks/linear_mixed_model_coverage.py", *sys.argv[1:]])
    for therapists in arguments.therapists:
        sets = all_data_sets(arguments.kept, therapists, arguments.draws, arguments.bootstrap)
        rows = study(therapists, sets)
        write_table(path, [*other_rows(path, (therapists,)), *rows], command)


if __name__ == "__main__":
    main()
