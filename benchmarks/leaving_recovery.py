"""Do known hazards of leaving come back from synthetic cohorts? A committed table, and its command.

    python benchmarks/leaving_recovery.py                     # some minutes
    python benchmarks/leaving_recovery.py --draws 20 --output /tmp/try.md

Endings are drawn by the program that makes the synthetic cohorts, with the hazards of its preset `hirschfeld` (dropping
out by session, planned endings by the agreed number, referral on, the service, death) and its log hazard ratios of age,
gender, living with a partner, employment and the score before therapy; therapists do not differ and nobody's change acts
on leaving, so that the ratios are those of the model. Observation is cut at a random session. The marginal truth of the
incidences and of the standardised difference is summed exactly over 200,000 people's covariates. Fine-Gray has a mechanism
of its own (Fine and Gray 1999, section 4: proportional subdistribution hazards of the first cause), in weeks without ties.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from cox_coverage import Draw, summarise

from naturalistic.cohort.synthetic import PRESETS
from naturalistic.cohort.synthetic.hazards import (
    CAUSES,
    draw_endings,
    dropout_hazard,
    planned_hazard,
)
from naturalistic.stats.cause_specific import fit_cause_specific
from naturalistic.stats.competing_risks import aalen_johansen
from naturalistic.stats.discrete_time import fit_discrete_time_hazard
from naturalistic.stats.fine_gray import fine_gray
from naturalistic.stats.result import Estimate
from naturalistic.stats.standardised_risk import standardised_risk

HERE = Path(__file__).parent
ENDINGS = PRESETS["hirschfeld"].endings
NAMES = ("age, 10 years", "female", "with partner", "unemployed", "baseline, SD")
TIMES = np.array([4, 10, 20])
UNEMPLOYED = NAMES.index("unemployed")
SUBDISTRIBUTION = np.array([0.5, -0.3])
HIGHEST = 0.4  # share that ends by the first cause at covariates of zero
SHARES, AGREED = (
    np.array([p for _, p in ENDINGS.agreed_sessions]),
    [a for a, _ in ENDINGS.agreed_sessions],
)
EFFECTS = np.array(
    [
        ENDINGS.dropout_per_ten_years,
        ENDINGS.dropout_female,
        ENDINGS.dropout_with_partner,
        ENDINGS.dropout_unemployed,
        ENDINGS.dropout_per_baseline_sd,
    ]
)


def people(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Covariates in the order of `NAMES`, and agreed sessions."""
    yes = [(rng.random(n) < share).astype(float) for share in (0.67, 0.4, 0.2)]
    design = np.column_stack([rng.normal(0, 1.1, n), *yes, rng.normal(size=n)])
    return design, rng.choice(AGREED, n, p=SHARES / SHARES.sum())


def true_incidence(design: np.ndarray, agreed: np.ndarray) -> np.ndarray:
    """Mean probability of having dropped out by `TIMES`, exact for these people."""
    last = int(TIMES.max())
    own = np.exp(design @ EFFECTS)[:, None] * dropout_hazard(ENDINGS)[:last]
    planned = np.array([planned_hazard(ENDINGS, int(a))[:last] for a in AGREED])
    others = ENDINGS.referred_on + ENDINGS.service_ended + ENDINGS.died
    every = own + planned[np.searchsorted(AGREED, agreed)] + others
    before = np.exp(-(np.cumsum(every, axis=1) - every))
    incidence = np.cumsum(before * -np.expm1(-every) * own / every, axis=1)
    return incidence[:, TIMES - 1].mean(axis=0)


def truths() -> tuple[np.ndarray, np.ndarray]:
    """Marginal incidence, and its standardised difference unemployed less not, by `TIMES`."""
    design, agreed = people(np.random.default_rng(1), 200_000)
    with_and_without = []
    for level in (1.0, 0.0):
        scenario = design.copy()
        scenario[:, UNEMPLOYED] = level
        with_and_without.append(true_incidence(scenario, agreed))
    return true_incidence(design, agreed), with_and_without[0] - with_and_without[1]


MARGINAL, DIFFERENCE = truths()


def synthetic(rng: np.random.Generator, n: int) -> Draw:
    """One cohort: curves, cause-specific Cox, discrete time, standardised differences."""
    design, agreed = people(rng, n)
    cause, ended = draw_endings(ENDINGS, agreed, design @ EFFECTS, rng)
    cut = rng.integers(8, 61, n)
    time = np.minimum(ended, cut)
    how = np.select(
        [ended > cut, cause == CAUSES.index("unplanned_ending"), cause == 0], [0, 1, 2], default=3
    )
    out: Draw = {}
    curve = aalen_johansen(time, how, n_causes=3).cause(1)
    read = curve.at(TIMES.astype(float))
    model = fit_cause_specific(time, np.minimum(how, 2), design, term_names=NAMES)
    steps = fit_discrete_time_hazard(time, how == 1, design, term_names=NAMES)
    for t, session in enumerate(TIMES):
        value = Estimate(
            estimate=float(read.estimate[t]),
            std_error=float(read.std_error[t]),
            conf_low=float(read.conf_low[t]),
            conf_high=float(read.conf_high[t]),
        )
        out[f"Aalen-Johansen, dropped out by session {session}"] = (value, MARGINAL[t])
    for j, name in enumerate(NAMES):
        out[f"cause-specific Cox (Efron), {name}"] = (model.of(1).estimate(name), EFFECTS[j])
    for j, name in enumerate(NAMES):
        out[f"discrete time (spline), {name}"] = (steps.estimate(name), EFFECTS[j])
    scenarios = {str(x): np.where(np.arange(5) == UNEMPLOYED, float(x), design) for x in (0, 1)}
    gaps = standardised_risk(model, scenarios, TIMES).difference("1", "0")
    for t, session in enumerate(TIMES):
        out[f"standardised difference, unemployed, by session {session}"] = (gaps[t], DIFFERENCE[t])
    return out


def subdistribution(rng: np.random.Generator, n: int) -> Draw:
    """Proportional subdistribution hazards: F1(t | x) = 1 - {1 - q (1 - exp(-t))}^exp(x'b)."""
    design = np.column_stack([rng.integers(0, 2, n), rng.normal(size=n)])
    ratio = np.exp(design @ SUBDISTRIBUTION)
    ever = -np.expm1(ratio * np.log1p(-HIGHEST))
    first = rng.random(n) < ever
    share = rng.random(n) * ever
    time = -np.log1p(np.expm1(np.log1p(-share) / ratio) / HIGHEST)
    time = np.where(first, time, rng.exponential(size=n))
    cut = rng.uniform(0.3, 3.0, n)
    cause = np.select([time > cut, first], [0, 1], default=2)
    fit = fine_gray(design, np.minimum(time, cut), cause)
    return {
        f"Fine-Gray, {name}": (
            Estimate(
                estimate=float(fit.coefficients[j]),
                std_error=float(fit.std_error[j]),
                conf_low=float(fit.conf_low[j]),
                conf_high=float(fit.conf_high[j]),
                status=fit.status,
                note=fit.note,
            ),
            SUBDISTRIBUTION[j],
        )
        for j, name in enumerate(("binary covariate", "number"))
    }


STUDIES = {
    "synthetic cohort of 474": (synthetic, 474),
    "synthetic cohort of 2,000": (synthetic, 2000),
    "subdistribution hazards, 474": (subdistribution, 474),
    "subdistribution hazards, 2,000": (subdistribution, 2000),
}


def document(tables: dict[str, list[str]], draws: int, seed: int) -> str:
    lines = [
        "# Known hazards of leaving come back from synthetic cohorts",
        "",
        f"Made by `python benchmarks/leaving_recovery.py`, {draws:,} cohorts each, seed {seed}; see there for the "
        "cohorts. Nominal coverage 0.950. `SE ratio` is the root mean squared standard error over the standard deviation "
        "of the estimates; `refused` counts cohorts without a finite estimate.",
    ]
    for name, rows in tables.items():
        lines += ["", f"## {name[0].upper()}{name[1:]}", ""]
        lines += ["| Quantity | truth | bias | SE ratio | coverage (MC error) | refused |"]
        lines += ["|---|---:|---:|---:|---:|---:|", *rows]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=20251)
    parser.add_argument("--output", type=Path, default=HERE / "leaving_recovery.md")
    options = parser.parse_args()
    tables: dict[str, list[str]] = {}
    for k, (name, (study, n)) in enumerate(STUDIES.items()):
        rng = np.random.default_rng([options.seed, k])
        tables[name] = summarise([study(rng, n) for _ in range(options.draws)])
        options.output.write_text(document(tables, options.draws, options.seed), encoding="utf-8")
        print(name, flush=True)


if __name__ == "__main__":
    main()
