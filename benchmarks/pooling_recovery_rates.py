"""Pooled rates of services whose people share therapists: every person on their own, and by effective numbers.

    python benchmarks/pooling_recovery_rates.py          # writes pooling_recovery_rates.md beside it

In a service with true rate p each therapist has a rate drawn from a beta distribution with mean p and intraclass correlation
`alike`; logits of p vary between services with SD `spread` around the typical one. Each service gives its rate with Wilson's
limits and with the limits that leave one therapist out at a time, both pass disclosure control and a bundle's precision,
and are pooled as `pool` does: by counts, and by counts over the design effect of the bundle's own limits.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import expit, logit

from naturalistic.analyses.interface import EstimateRows
from naturalistic.release.bundle_model import Bundle, Row
from naturalistic.release.bundle_rows import poolable_rows
from naturalistic.release.disclosure import protect
from naturalistic.release.evidence import DIGITS
from naturalistic.release.pooling_rows import Group, make_group, pooled_row
from naturalistic.release.pooling_same import key_of
from naturalistic.release.pooling_therapists import (
    SPECIFICATION,
    ClusteredRows,
    clustered_group,
    effect_columns,
)
from naturalistic.stats.rates import clustered_rate, rate


@dataclass(frozen=True)
class Scenario:
    """Services as (therapists, people of each), and how alike people of one therapist and of one service are."""

    name: str
    services: tuple[tuple[int, int], ...]
    alike: float
    spread: float
    typical: float = 0.4


EQUAL, FEW = ((8, 20),) * 20, ((8, 20),) * 3
ONE_LARGE = ((5, 200), *((10, 6),) * 5)
UNLIKE = (*((4, 60),) * 5, *((40, 4),) * 5)
SCENARIOS = (
    Scenario("20 of 160 people, therapists do not differ", EQUAL, 0.0, 0.3),
    Scenario("20 of 160 people", EQUAL, 0.05, 0.3),
    Scenario("20 of 160 people", EQUAL, 0.1, 0.2),
    Scenario("20 of 600 people, rare", ((20, 30),) * 20, 0.05, 0.3, 0.06),
    Scenario("20 of 160 people, rare: small counts are withheld", EQUAL, 0.05, 0.3, 0.06),
    Scenario("one large of few therapists, 5 small", ONE_LARGE, 0.1, 0.0),
    Scenario("one large of few therapists, 5 small", ONE_LARGE, 0.1, 0.2),
    Scenario("5 of large, 5 of small caseloads", UNLIKE, 0.1, 0.2),
    Scenario("3 of 160 people", FEW, 0.1, 0.2),
)


def outcomes(
    rng: np.random.Generator, share: float, shape: tuple[int, int], alike: float
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Outcome and therapist of each person of one service."""
    therapists, caseload = shape
    rates = np.full(therapists, share)
    if alike > 0:
        rates = rng.beta(share * (1 / alike - 1), (1 - share) * (1 / alike - 1), therapists)
    therapist = np.repeat(np.arange(therapists), caseload)
    return (rng.random(len(therapist)) < rates[therapist]).astype(float), therapist


def add_service(
    rows: EstimateRows,
    name: str,
    outcome: npt.NDArray[np.float64],
    therapist: npt.NDArray[np.int64],
) -> None:
    """The two rows of a service's rate, as an analysis gives them; each service is a cohort of its own."""
    top, bottom = int(outcome.sum()), len(outcome)
    rows.add_proportion(top, bottom, rate(top, bottom), cohort=name)
    value = clustered_rate(outcome, therapist)
    rows.add_proportion(top, bottom, value, cohort=name, specification=SPECIFICATION)


def released(rows: EstimateRows) -> dict[str, Bundle]:
    """Services by name, with their rows as bundles hold them; who has nothing to release is not there."""
    told = protect(rows.frame(), "opensafely")[0]
    told = told[told["status"] == "ok"]
    found: dict[str, list[Row]] = {}
    sent = poolable_rows({"clinical_change": told}, DIGITS)
    for name, row in zip(told["cohort"], sent, strict=True):
        found.setdefault(str(name), []).append(Row.model_validate(row))
    return {
        name: Bundle.model_construct(cohort=name, estimates=rows) for name, rows in found.items()
    }


def groups_of(bundles: Sequence[Bundle]) -> tuple[Group, Group | None]:
    """The rate of some services by its counts, and its twin by effective numbers."""
    members = [(b, r) for b in bundles for r in b.estimates if not r.specification]
    group = make_group(key_of(members[0][1]), members)
    return group, clustered_group(group, ClusteredRows(bundles), "median")


def judged(row: dict[str, Any], scenario: Scenario, further: float, suffix: str) -> dict[str, Any]:
    """What a pooled row got right."""
    return {
        f"covered{suffix}": row["conf_low"] <= scenario.typical <= row["conf_high"],
        f"width{suffix}": float(logit(row["conf_high"]) - logit(row["conf_low"])),
        f"tau2{suffix}": row["tau2"],
        f"predicted{suffix}": row["prediction_low"] <= further <= row["prediction_high"],
    }


def study(replicates: int, scenarios: Sequence[Scenario] = SCENARIOS) -> pd.DataFrame:
    """Replicates of every scenario, one row each."""
    found = []
    for number, scenario in enumerate(scenarios):
        rng = np.random.default_rng([20261122, number, len(scenario.services)])
        rows = EstimateRows("", "clinical_change", population="paired", term="rate")
        further = []
        for i in range(replicates):
            middle = logit(scenario.typical)
            logits = middle + scenario.spread * rng.normal(size=len(scenario.services) + 1)
            further.append(float(expit(logits[-1])))
            for j, shape in enumerate(scenario.services):
                people = outcomes(rng, float(expit(logits[j])), shape, scenario.alike)
                add_service(rows, f"r{i}_{j}", *people)
        bundles = released(rows)
        for i in range(replicates):
            names = (f"r{i}_{j}" for j in range(len(scenario.services)))
            mine = [bundles[name] for name in names if name in bundles]
            found.append({"scenario": number, **_one(mine, scenario, further[i])})
    return pd.DataFrame(found)


def _one(bundles: Sequence[Bundle], scenario: Scenario, further: float) -> dict[str, Any]:
    group, twin = groups_of(bundles)
    if twin is None:
        raise RuntimeError("no service of the study gives a design effect")
    how: dict[str, Any] = {"between": "reml", "conf_level": 0.95, "limits": False}
    return {
        **judged(pooled_row(group, **how), scenario, further, ""),
        **judged(pooled_row(twin, **how), scenario, further, "_effective"),
        **effect_columns(twin),
        "services": len(group.members),
    }


def table(found: pd.DataFrame, scenarios: Sequence[Scenario] = SCENARIOS) -> str:
    """The committed table."""
    lines = [
        "| services | typical | alike | spread^2 | replicates | services that give it | median design effect "
        "| coverage | coverage, effective | width ratio | mean tau2 | mean tau2, effective "
        "| prediction | prediction, effective |",
        f"|{'---|' * 14}",
    ]
    for number, part in found.groupby("scenario"):
        given = scenarios[int(str(number))]
        mean = part.mean(numeric_only=True)
        share = {
            name: float(part[name].astype(float).mean()) for name in part if name != "scenario"
        }
        cells = (
            given.name, f"{given.typical:.0%}", f"{given.alike:g}", f"{given.spread**2:.2f}", f"{len(part)}",
            f"{mean['services']:.1f}", f"{mean['design_effect']:.2f}",
            f"{share['covered']:.3f}", f"{share['covered_effective']:.3f}",
            f"{mean['width_effective'] / mean['width']:.2f}", f"{mean['tau2']:.3f}", f"{mean['tau2_effective']:.3f}",
            f"{share['predicted']:.3f}", f"{share['predicted_effective']:.3f}",
        )  # fmt: skip
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Run the study and write its table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replicates", type=int, default=300)
    parser.add_argument("--output", type=Path, default=Path(__file__).with_suffix(".md"))
    arguments = parser.parse_args()
    text = f"""# Pooled rates of people who share therapists

Made by `python benchmarks/pooling_recovery_rates.py --replicates {arguments.replicates}`: services of 60 to 1,000 people,
profile opensafely, six significant digits, pooled as `pool` does.

{table(study(arguments.replicates))}

- *alike*: intraclass correlation of the outcome of two people of one therapist; *spread^2*: true variance of the services'
  logits, which *mean tau2* should be (maximum likelihood: with few services it is a little too small).
- *coverage*: of the typical service's rate by the 95 % interval, every person on their own and by effective numbers;
  *width ratio*: the latter's width over the former's; *prediction*: coverage of a further service's true rate.
"""
    arguments.output.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
