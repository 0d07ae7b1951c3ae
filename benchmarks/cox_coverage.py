"""Do the intervals of the survival regressions cover? A committed table, and its command.

    python benchmarks/cox_coverage.py                       # about half an hour
    python benchmarks/cox_coverage.py --draws 50 --output /tmp/try.md

Cohorts with known hazards: dropping out and planned endings happen in continuous time with constant
cause-specific hazards, are seen at whole sessions (1 to 30, heavily tied) and cut off at a random
session. Two covariates act on them; therapists may differ by a gamma frailty. Standardised risk
differences have a closed form. The share of intervals that hold the truth is given with its Monte
Carlo standard error, beside bias and the ratio of mean standard error to the spread of estimates.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np

from naturalistic.stats.cause_specific import fit_cause_specific
from naturalistic.stats.cox import fit_cox
from naturalistic.stats.cox_firth import fit_cox_firth
from naturalistic.stats.discrete_time import fit_discrete_time_hazard
from naturalistic.stats.frailty import fit_frailty_cox
from naturalistic.stats.result import Estimate
from naturalistic.stats.standardised_risk import standardised_risk

HERE = Path(__file__).parent
DROPOUT, PLANNED = np.array([0.5, -0.3]), np.array([-0.4, 0.0])
RATES = (0.06, 0.04)
TIMES = np.array([4, 10, 20])
Draw = dict[str, tuple[Estimate, float]]


def simulate(
    rng: np.random.Generator, n: int, frailty: np.ndarray | float = 1.0, rate: float = RATES[0]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sessions, cause (1 dropout, 2 planned, 0 open), and two covariates."""
    design = np.column_stack([rng.integers(0, 2, n), rng.normal(size=n)])
    first = rng.exponential(1, n) / (rate * frailty * np.exp(design @ DROPOUT))
    second = rng.exponential(1, n) / (RATES[1] * np.exp(design @ PLANNED))
    cut = rng.integers(8, 31, n)
    ended = np.ceil(np.minimum(first, second))
    cause = np.where(ended > cut, 0, np.where(first < second, 1, 2))
    return np.minimum(ended, cut), cause, design


def true_risk(x: float) -> np.ndarray:
    """Risk of dropping out by `TIMES` with the first covariate at x, over the second, exactly."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)
    design = np.column_stack([np.full(80, x), nodes])
    one, two = RATES[0] * np.exp(design @ DROPOUT), RATES[1] * np.exp(design @ PLANNED)
    ended = -np.expm1(-np.outer(one + two, TIMES))
    return (weights @ (ended * (one / (one + two))[:, None])) / weights.sum()


def competing(rng: np.random.Generator, n: int) -> Draw:
    """Independent people: cause-specific Cox, discrete time, standardised risks."""
    time, cause, design = simulate(rng, n)
    model = fit_cause_specific(time, cause, design, term_names=("binary", "number"))
    dropout = model.of(1)
    steps = fit_discrete_time_hazard(
        time, cause == 1, design, baseline="spline", n_knots=3, term_names=("binary", "number")
    )
    out: Draw = {
        "Cox (Efron), binary covariate": (dropout.estimate("binary"), DROPOUT[0]),
        "Cox (Efron), number": (dropout.estimate("number"), DROPOUT[1]),
        "discrete time (spline), binary covariate": (steps.estimate("binary"), DROPOUT[0]),
        "discrete time (spline), number": (steps.estimate("number"), DROPOUT[1]),
    }
    scenarios = {str(x): np.column_stack([np.full(n, float(x)), design[:, 1]]) for x in (0, 1)}
    risks = standardised_risk(model, scenarios, TIMES)
    truth = true_risk(1.0), true_risk(0.0)
    for t, (difference, risk) in enumerate(
        zip(risks.difference("1", "0"), risks.risk("1"), strict=True)
    ):
        out[f"risk by session {TIMES[t]}"] = (risk, truth[0][t])
        out[f"risk difference by session {TIMES[t]}"] = (difference, truth[0][t] - truth[1][t])
    return out


def therapists(rng: np.random.Generator, n: int, n_therapists: int) -> Draw:
    """Therapists differ (gamma, variance 0.4); a covariate of the therapist has no effect."""
    theta = 0.4
    therapist = rng.integers(0, n_therapists, n)
    frailty = rng.gamma(1 / theta, theta, n_therapists)[therapist]
    time, cause, design = simulate(rng, n, frailty)
    event = cause == 1
    trained = (np.arange(n_therapists) % 2)[therapist].astype(float)[:, None]
    out: Draw = {}
    for label, options in {
        "naive": {},
        "clustered": {"cluster": therapist},
        "clustered, G/(G-1) and t(G-1)": {"cluster": therapist, "cluster_correction": True},
    }.items():
        fit = fit_cox(time, event, trained, **options)
        out[f"therapist covariate, {label}"] = (fit.estimate("x1"), 0.0)
    shared = fit_frailty_cox(time, event, design, therapist)
    out["frailty model, binary covariate"] = (shared.estimate("x1"), DROPOUT[0])
    out["frailty variance (profile limits)"] = (shared.variance, theta)
    return out


def few_events(rng: np.random.Generator, n: int) -> Draw:
    """About one event to twenty people."""
    time, cause, design = simulate(rng, n, rate=0.004)
    event = cause == 1
    if event.sum() < 2:
        return {}
    plain, firth = fit_cox(time, event, design), fit_cox_firth(time, event, design)
    return {
        "plain Cox, binary covariate": (plain.estimate("x1"), DROPOUT[0]),
        "Firth, binary covariate (profile limits)": (firth.estimate("x1"), DROPOUT[0]),
        "Firth, number (profile limits)": (firth.estimate("x2"), DROPOUT[1]),
    }


STUDIES: dict[str, tuple[Callable[[np.random.Generator], Draw], float]] = {
    "474 episodes": (lambda rng: competing(rng, 474), 1.0),
    "150 episodes": (lambda rng: competing(rng, 150), 1.0),
    "474 episodes, 24 therapists": (lambda rng: therapists(rng, 474, 24), 0.5),
    "2,000 episodes, 100 therapists": (lambda rng: therapists(rng, 2000, 100), 0.2),
    "200 episodes, about 10 events": (lambda rng: few_events(rng, 200), 0.5),
}


def summarise(draws: list[Draw]) -> list[str]:
    rows = []
    for name in dict.fromkeys(key for draw in draws for key in draw):
        pairs = [draw[name] for draw in draws if name in draw]
        usable = [(e, truth) for e, truth in pairs if e.status == "ok"]
        value = np.array([e.estimate for e, _ in usable])
        truth = usable[0][1]
        hit = np.array([e.conf_low <= t <= e.conf_high for e, t in usable])
        error = np.array([e.std_error for e, _ in usable])
        ratio = "" if np.isnan(error).any() else f"{np.sqrt((error**2).mean()) / value.std():.3f}"
        share = f"{hit.mean():.3f} ({np.sqrt(hit.mean() * (1 - hit.mean()) / len(hit)):.3f})"
        refused = len(pairs) - len(usable)
        rows.append(
            f"| {name} | {truth:.3f} | {value.mean() - truth:+.4f} | {ratio} | {share} | {refused} |"
        )
    return rows


def document(tables: dict[str, tuple[int, list[str]]], seed: int) -> str:
    lines = [
        "# Coverage of the survival regressions",
        "",
        f"Made by `python benchmarks/cox_coverage.py`, seed {seed}; see there for the cohorts. "
        "Nominal coverage 0.950. `SE ratio` is the root mean squared standard error over the "
        "standard deviation of the estimates; `refused` counts cohorts without a finite estimate.",
    ]
    for name, (draws, rows) in tables.items():
        lines += ["", f"## {name} ({draws:,} cohorts)", ""]
        lines += ["| Quantity | truth | bias | SE ratio | coverage (MC error) | refused |"]
        lines += ["|---|---:|---:|---:|---:|---:|", *rows]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=20250)
    parser.add_argument("--output", type=Path, default=HERE / "cox_coverage.md")
    options = parser.parse_args()
    tables: dict[str, tuple[int, list[str]]] = {}
    for k, (name, (study, share)) in enumerate(STUDIES.items()):
        rng = np.random.default_rng([options.seed, k])
        draws = max(int(options.draws * share), 2)
        tables[name] = (draws, summarise([study(rng) for _ in range(draws)]))
        options.output.write_text(document(tables, options.seed), encoding="utf-8")
        print(name, flush=True)


if __name__ == "__main__":
    main()
