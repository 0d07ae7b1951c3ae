"""Recovery and coverage of the generalised mixed models: a committed table and its command.

    python benchmarks/generalised_mixed_model_coverage.py                   # about half an hour on one core
    python benchmarks/generalised_mixed_model_coverage.py --replicates 200 --output /tmp/try.md

474 patients, as in the service the package grew from, with 10, 20 or 85 therapists. Every data set
has a generator of its own, seeded by the name of its cell and its number, and its results are kept
(`--kept`): an interrupted run goes on where it stopped. With 1,000 replicates a coverage of 95 %
has a standard error of 0.7 %.
"""

from __future__ import annotations

import argparse
import tempfile
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from replicates import replicates

from naturalistic.stats.generalised_mixed_model import (
    GeneralisedMixedModelFit,
    fit_generalised_mixed_model,
    likelihood_ratio_test,
    overdispersion_test,
)
from naturalistic.stats.glmm.result import normal_quantile
from naturalistic.stats.marginal_models import fit_cluster_robust_glm

PATIENTS = 474
THERAPISTS = (10, 20, 85)
PATIENT_SLOPE, THERAPIST_SLOPE, SPREAD, THETA, APPOINTMENTS = 0.4, 0.3, 0.5, 2.0, 12
# what _binomial, _yes_no, _poisson and _nb2 put there
INTERCEPT = {
    "binomial, 12 per patient": -1.3,
    "yes/no, Laplace": -0.5,
    "yes/no, 9-point quadrature": -0.5,
    "Poisson": 1.5,
    "NB2": 1.5,
}
Draw = Callable[[np.random.Generator, np.ndarray], dict[str, Any]]


def _binomial(rng: np.random.Generator, eta: np.ndarray) -> dict[str, Any]:
    trials = np.full(len(eta), APPOINTMENTS)
    events = rng.binomial(trials, 1 / (1 + np.exp(1.3 - eta)))
    return {"family": "binomial", "response": events, "trials": trials}


def _yes_no(rng: np.random.Generator, eta: np.ndarray) -> dict[str, Any]:
    return {"family": "binomial", "response": rng.binomial(1, 1 / (1 + np.exp(0.5 - eta)))}


def _poisson(rng: np.random.Generator, eta: np.ndarray) -> dict[str, Any]:
    return {"family": "poisson", "response": rng.poisson(np.exp(1.5 + eta))}


def _nb2(rng: np.random.Generator, eta: np.ndarray) -> dict[str, Any]:
    mean = np.exp(1.5 + eta)
    return {"family": "nb2", "response": rng.negative_binomial(THETA, THETA / (THETA + mean))}


FAMILIES: dict[str, tuple[Draw, int]] = {
    "binomial, 12 per patient": (_binomial, 1),
    "yes/no, Laplace": (_yes_no, 1),
    "yes/no, 9-point quadrature": (_yes_no, 9),
    "Poisson": (_poisson, 1),
    "NB2": (_nb2, 1),
}


def simulate(
    rng: np.random.Generator, draw: Draw, therapists: int, spread: float
) -> dict[str, Any]:
    """A cohort with one patient-level and one therapist-level predictor."""
    therapist = rng.permutation(np.arange(PATIENTS) % therapists)
    x, w = rng.normal(size=PATIENTS), rng.normal(size=therapists)[therapist]
    eta = PATIENT_SLOPE * x + THERAPIST_SLOPE * w + rng.normal(0, spread, therapists)[therapist]
    design = np.column_stack([np.ones(PATIENTS), x, w])
    names = ["intercept", "patient", "therapist"]
    return draw(rng, eta) | {"design": design, "group": therapist, "term_names": names}


def intervals(name: str, therapists: int, replicate: int) -> dict[str, Any]:
    """One data set of a cell: its estimates, and which intervals hold the truth."""
    draw, points = FAMILIES[name]
    rng = np.random.default_rng([zlib.crc32(f"{name} {therapists}".encode()), replicate])
    fit = fit_generalised_mixed_model(
        **simulate(rng, draw, therapists, SPREAD), quadrature_points=points, profile=True
    )
    if not fit.converged:
        return {"converged": False}
    effect = fit.random_effects[0]
    wald = effect.standard_deviation_conf_low, effect.standard_deviation_conf_high
    profile = effect.profile_conf_low, effect.profile_conf_high
    patient = fit.term("patient")
    return {
        "converged": True,
        "singular": bool(fit.singular),
        "slope": float(fit.coefficients[1]),
        "spread": float(effect.standard_deviation),
        "patient": _holds(patient.conf_low, patient.conf_high, PATIENT_SLOPE),
        "therapist": _holds_twice(fit, "therapist", THERAPIST_SLOPE),
        "intercept": _holds_twice(fit, "intercept", INTERCEPT[name]),
        "Wald": _holds(*wald, SPREAD),
        "profile": _holds(*profile, SPREAD),
    }


def _holds(low: float, high: float, truth: float) -> bool | None:
    """Whether an interval holds the truth; nothing where there is no interval."""
    return bool(low <= truth <= high) if np.isfinite(low) else None


def _holds_twice(fit: GeneralisedMixedModelFit, name: str, truth: float) -> list[bool | None]:
    """Whether the normal limits of a term hold the truth, and the fit's own (between-within t)."""
    term = fit.term(name)
    reach = normal_quantile(0.95) * term.std_error
    return [
        _holds(term.estimate - reach, term.estimate + reach, truth),
        _holds(term.conf_low, term.conf_high, truth),
    ]


def rejections(name: str, therapists: int, replicate: int) -> dict[str, Any]:
    """One data set of a cell whose null hypothesis is true, and one for the averaged twin."""
    draw, _ = FAMILIES[name]
    rng = np.random.default_rng([zlib.crc32(f"null {name} {therapists}".encode()), replicate])
    data = simulate(rng, draw, therapists, 0.0)
    mixed = fit_generalised_mixed_model(**data)
    plain = fit_generalised_mixed_model(**(data | {"group": None}))
    clustered = simulate(rng, draw, therapists, SPREAD)
    dispersion = overdispersion_test(fit_generalised_mixed_model(**clustered))
    twin = None
    if name == "Poisson":  # with a log link both estimands have the same slopes
        averaged = fit_cluster_robust_glm(cluster=clustered.pop("group"), **clustered)
        slope = averaged.term("patient")
        twin = _holds(slope.conf_low, slope.conf_high, PATIENT_SLOPE)
    return {
        "variance": bool(likelihood_ratio_test(mixed, plain).p_value < 0.05),
        "dispersion": bool(dispersion.p_value < 0.05),
        "twin": twin,
    }


def replicate_cell(
    kept: Path, one: Callable[[str, int, int], dict[str, Any]], name: str, therapists: int, n: int
) -> list[dict[str, Any]]:
    """All data sets of one cell; those of an earlier, interrupted run are read back."""
    cell = f"{one.__name__}, {name}, {therapists}"
    return replicates(kept, cell, n, partial(one, name, therapists))


def per_cent(rows: list[dict[str, Any]], name: str) -> str:
    """Share of the data sets in which something holds, of those where it exists."""
    known = [row[name] for row in rows if row.get(name) is not None]
    return f"{100 * np.mean(known):.1f}" if known else "–"


def coverage_line(name: str, therapists: int, rows: list[dict[str, Any]]) -> str:
    """One row of the table of coverage."""
    fitted = [row for row in rows if row["converged"]]
    means = {key: np.mean([row[key] for row in fitted]) for key in ("slope", "spread")}
    between = [
        per_cent([{"limits": row[term][which]} for row in fitted], "limits")
        for term in ("therapist", "intercept")
        for which in (0, 1)
    ]
    return (
        f"| {name} | {therapists} | {means['slope']:.3f} | {per_cent(fitted, 'patient')} | "
        f"{' | '.join(between)} | {means['spread']:.3f} | {per_cent(fitted, 'Wald')} | "
        f"{per_cent(fitted, 'profile')} | {per_cent(fitted, 'singular')} | "
        f"{len(rows) - len(fitted)} |"
    )


def null_line(name: str, therapists: int, rows: list[dict[str, Any]]) -> str:
    """One row of the table of tests whose null hypothesis is true."""
    found = (per_cent(rows, key) for key in ("variance", "dispersion", "twin"))
    return f"| {name} | {therapists} | " + " | ".join(found) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replicates", type=int, default=1000)
    parser.add_argument("--output", type=Path, default=Path(__file__).with_suffix(".md"))
    parser.add_argument(
        "--kept", type=Path, default=Path(tempfile.gettempdir()) / "glmm_coverage.jsonl"
    )
    arguments = parser.parse_args()
    lines = [
        "# Generalised mixed models: recovery and coverage",
        "",
        f"{arguments.replicates:,} replicates a row, {PATIENTS} patients; patient-level slope "
        f"{PATIENT_SLOPE}, therapist-level slope {THERAPIST_SLOPE}, therapist SD {SPREAD}. Nominal "
        "coverage 95 %, with a standard error of 0.7. What differs between therapists only, and the "
        "intercept, with normal limits and with those the fit gives: t with between-within degrees of "
        "freedom. Made by `python benchmarks/generalised_mixed_model_coverage.py`.",
        "",
        "| model | therapists | mean patient slope | coverage, patient slope | therapist slope, normal "
        "| therapist slope, t | intercept, normal | intercept, t | mean SD | coverage, SD, Wald | "
        "coverage, SD, profile | singular, % | not converged |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    run = partial(replicate_cell, arguments.kept)
    for name in FAMILIES:
        for therapists in THERAPISTS:
            rows = run(intervals, name, therapists, arguments.replicates)
            lines.append(coverage_line(name, therapists, rows))
            print(lines[-1], flush=True)
    lines += [
        "",
        "Rejections at 5 % where the null hypothesis holds: no therapist variance (likelihood ratio, "
        "boundary mixture); no overdispersion beyond the therapist effect (Pearson). And coverage of "
        "the population-averaged slope (cluster-robust GLM, t with G - 1 df) under therapist SD 0.5.",
        "",
        "| model | therapists | variance test, % | overdispersion test, % | coverage, averaged slope |",
        "|---|---|---|---|---|",
    ]
    for name in ("binomial, 12 per patient", "Poisson"):
        for therapists in THERAPISTS:
            rows = run(rejections, name, therapists, arguments.replicates)
            lines.append(null_line(name, therapists, rows))
            print(lines[-1], flush=True)
    arguments.output.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
