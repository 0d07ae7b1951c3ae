"""Pooled estimates from bundles of a cohort split into services, against the one-stage model on the undivided data.

    python benchmarks/pooling_recovery.py          # writes pooling_recovery.md beside it, a few minutes

People of several services with a true average change, a true spread between services and a residual spread within.
Three roads to the average:

- one stage: the mixed model of all people with a random intercept by service (nobody could run it in life);
- two stages: each service's mean and standard error, pooled by REML;
- bundles: the same after disclosure control and at the precision of a bundle, read back and pooled as `pool` does.

Theory: with the one-stage residual variance in every service's standard error, the two-stage REML result is the one-stage
result exactly, because the likelihood splits into a part within and a part between services (Mathew and Nordström 2010,
Biom J 52, 271-287, section 3); with each service's own variance they differ by terms of the order 1 / n.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from naturalistic.release.bundle_rows import poolable_rows
from naturalistic.release.disclosure import protect
from naturalistic.release.evidence import DIGITS
from naturalistic.release.pooling_rows import INTERVAL
from naturalistic.stats.linear_mixed_model import fit_linear_mixed_model
from naturalistic.stats.meta_analysis import random_effects
from naturalistic.tables.estimates import ESTIMATES

FloatArray = npt.NDArray[np.float64]
MEAN, WITHIN = 5.0, 6.0
SCENARIOS = ((5, 0.0), (5, 1.0), (10, 0.0), (10, 1.0), (20, 1.0), (20, 2.0))
SMALLEST, LARGEST = 30, 200  # people with both forms in a service


@dataclass(frozen=True)
class Split:
    """One undivided cohort and how it is divided."""

    change: FloatArray
    service: npt.NDArray[np.int64]

    def parts(self) -> list[FloatArray]:
        """Changes of each service."""
        return [self.change[self.service == i] for i in range(int(self.service.max()) + 1)]


def simulate(rng: np.random.Generator, services: int, between: float) -> Split:
    """Changes of people in services of unequal size."""
    sizes = rng.integers(SMALLEST, LARGEST, services)
    service = np.repeat(np.arange(services), sizes)
    level = MEAN + rng.normal(0.0, 1.0, services) * between
    return Split(level[service] + rng.normal(0.0, WITHIN, len(service)), service)


def one_stage(split: Split) -> tuple[float, float, float, float]:
    """Average, its standard error, variance between services, residual variance."""
    n = len(split.change)
    fit = fit_linear_mixed_model(
        split.change, np.ones((n, 1)), np.arange(n), service=split.service, patient_effect=False
    )
    return (
        float(fit.coefficients[0]),
        float(fit.std_errors[0]),
        fit.component("service.intercept").value,
        fit.sigma**2,
    )


def two_stage(split: Split, residual: float | None = None) -> Any:
    """REML of the services' means; with a common residual variance where one is given."""
    parts = split.parts()
    means = [part.mean() for part in parts]
    errors = [
        np.sqrt((part.var(ddof=1) if residual is None else residual) / len(part)) for part in parts
    ]
    return random_effects(means, errors)


def sent_figures(splits: list[Split]) -> list[tuple[FloatArray, FloatArray]]:
    """Values and standard errors of each cohort's services as their bundles hold them.

    All services are protected in one call, each as a cohort of its own: no figure of one is linked to another's.
    """
    rows = [
        _row(f"c{c}_{s}", part)
        for c, split in enumerate(splits)
        for s, part in enumerate(split.parts())
    ]
    frame = ESTIMATES.conform(pd.DataFrame(rows, columns=list(ESTIMATES.names)))
    released = protect(frame, "opensafely")[0]
    told = poolable_rows({"outcome_change": released}, DIGITS)
    if len(told) != len(rows):
        raise RuntimeError("a figure of the study was withheld: services must be large enough")
    found, start = [], 0
    for split in splits:
        part = told[start : start + int(split.service.max()) + 1]
        start += len(part)
        found.append(
            (np.array([r["value"] for r in part]), np.array([r["std_error"] for r in part]))
        )
    return found


def _row(name: str, part: FloatArray) -> dict[str, Any]:
    error = float(part.std(ddof=1) / np.sqrt(len(part)))
    mean, half = float(part.mean()), 1.98 * error
    return {
        "cohort": name,
        "analysis": "outcome_change",
        "estimand": "mean_change",
        "population": "paired",
        "status": "ok",
        "n_patients": len(part),
        "estimate": mean,
        "std_error": error,
        "conf_low": mean - half,
        "conf_high": mean + half,
        "conf_level": 0.95,
        "df": len(part) - 1.0,
    }


def roads(split: Split, figures: tuple[FloatArray, FloatArray], further: float) -> dict[str, float]:
    """The three roads on one cohort; `further` is the true change of a service that is not in it."""
    whole, whole_error, whole_tau2, residual = one_stage(split)
    same, own, sent = (
        two_stage(split, residual),
        two_stage(split),
        random_effects(*figures, interval=INTERVAL),
    )
    return {
        "identity": abs(float(same.coefficients[0]) - whole) / whole_error,
        "identity_tau2": abs(same.heterogeneity.tau2 - whole_tau2),
        "one_stage": whole,
        "two_stage": own.average.estimate,
        "bundles": sent.average.estimate,
        "apart": abs(own.average.estimate - whole) / whole_error,
        "rounding": abs(sent.average.estimate - own.average.estimate) / whole_error,
        "tau2_one_stage": whole_tau2,
        "tau2_bundles": sent.heterogeneity.tau2,
        "covered": float(sent.average.conf_low <= MEAN <= sent.average.conf_high),
        "predicted": float(sent.prediction.low <= further <= sent.prediction.high),
    }


def study(replicates: int, scenarios: tuple[tuple[int, float], ...] = SCENARIOS) -> pd.DataFrame:
    """Replicates of every scenario, one row each."""
    rows = []
    for services, between in scenarios:
        rng = np.random.default_rng([20261122, services, int(10 * between)])
        splits = [simulate(rng, services, between) for _ in range(replicates)]
        true = MEAN + rng.normal(size=replicates) * between
        rows += [
            {"services": services, "between": between, **roads(*given)}
            for given in zip(splits, sent_figures(splits), true, strict=True)
        ]
    return pd.DataFrame(rows)


def table(found: pd.DataFrame) -> str:
    """The committed table."""
    lines = [
        "| services | true spread | replicates | largest difference, common variance (SE) "
        "| mean difference, own variances (SE) | mean difference by rounding (SE) | bias (points) "
        "| SD of bundles / one stage | mean tau2, one stage | mean tau2, bundles | coverage | prediction |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for (services, between), part in found.groupby(["services", "between"]):
        ratio = part["bundles"].std() / part["one_stage"].std()
        cells = (
            f"{services}", f"{between:g}", f"{len(part)}", f"{part['identity'].max():.1e}",
            f"{part['apart'].mean():.3f}", f"{part['rounding'].mean():.3f}",
            f"{part['bundles'].mean() - MEAN:+.3f}", f"{ratio:.3f}",
            f"{part['tau2_one_stage'].mean():.3f}", f"{part['tau2_bundles'].mean():.3f}",
            f"{part['covered'].mean():.3f}", f"{part['predicted'].mean():.3f}",
        )  # fmt: skip
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Run the study and write its table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replicates", type=int, default=400)
    parser.add_argument("--output", type=Path, default=Path(__file__).with_suffix(".md"))
    arguments = parser.parse_args()
    found = study(arguments.replicates)
    text = f"""# Pooled bundles against the undivided data

Made by `python benchmarks/pooling_recovery.py --replicates {arguments.replicates}`: {MEAN:g} points of change on average, SD
{WITHIN:g} within services, {SMALLEST} to {LARGEST - 1} people a service, profile opensafely, six significant digits.

{table(found)}

- *largest difference, common variance*: the two-stage result with the one-stage residual variance in every standard error
  against the one-stage result, in its standard errors: an identity, up to where the two searches stop
  (where there is no spread between services the one-stage search may stop a little short of or beyond 0).
- *own variances*: what each service's own variance adds; *rounding*: what disclosure control and precision add to that.
- *coverage*: of the true average by the 95 % interval from bundles, as `pool` gives it; *prediction*: of the true
  change of a further service by the 95 % prediction interval (without any spread between services it covers more).

Rates of people who share therapists: `pooling_recovery_rates.md`.
"""
    arguments.output.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
