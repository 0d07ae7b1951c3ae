"""Coverage of the intervals of change: a committed table, and the command that makes it.

    python benchmarks/effect_size_coverage.py            # all cells, about an hour on one core
    python benchmarks/effect_size_coverage.py --replicates 500 --output /tmp/try.md
    python benchmarks/effect_size_coverage.py --rates-only   # the rates by therapist again, the other lines kept

Each cell draws its cohorts from a generator seeded by the cell's name, so that a cell does not depend
on which others run. 10,000 replicates give a coverage of 95 % a standard error of 0.22 %.
"""

from __future__ import annotations

import argparse
import math
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from naturalistic.stats.effect_size import (
    percentage_change,
    raw_mean_change,
    standardised_mean_change,
)
from naturalistic.stats.effect_size_bootstrap import bootstrap_change
from naturalistic.stats.effect_size_jackknife import jackknife_change
from naturalistic.stats.paired_scores import paired_moments
from naturalistic.stats.paired_tests import probability_of_improvement, wilcoxon_signed_rank
from naturalistic.stats.rates import clustered_rate, rate
from naturalistic.stats.result import Estimate
from naturalistic.stats.standardised_change import standardised_change_from_moments

FloatArray = npt.NDArray[np.float64]
MEAN_PRE, SD_PRE, CORRELATION, IMPROVEMENT, EXTERNAL_SD = 20.0, 6.0, 0.6, 5.4, 7.1
NOMINAL = (0.935, 0.965)
SIZES = (30, 100, 474)


@dataclass(frozen=True)
class Cohort:
    """One draw: scores, therapists, and the generator for resampling."""

    pre: FloatArray
    post: FloatArray
    therapist: npt.NDArray[np.int64]
    rng: np.random.Generator


Method = Callable[[Cohort], Estimate]
Draw = Callable[[np.random.Generator, int], tuple[FloatArray, FloatArray]]


def _normal(sd_ratio: float, rng: np.random.Generator, n: int) -> tuple[FloatArray, FloatArray]:
    a, b = rng.standard_normal(n), rng.standard_normal(n)
    mixed = CORRELATION * a + math.sqrt(1.0 - CORRELATION**2) * b
    post = MEAN_PRE - IMPROVEMENT + sd_ratio * SD_PRE * mixed
    return MEAN_PRE + SD_PRE * a, post


def _questionnaire(rng: np.random.Generator, n: int) -> tuple[FloatArray, FloatArray]:
    """Whole scores from 0 to 27 with a floor: many end near 0, so last scores are skewed."""
    first, last = (np.rint(np.clip(v - 5.0, 0.0, 27.0)) for v in _normal(1.2, rng, n))
    return first, last


SCENARIOS: dict[str, Draw] = {
    "normal, equal SDs": partial(_normal, 1.0),
    "normal, last SD 1.3 times the first": partial(_normal, 1.3),
    "questionnaire 0-27 with a floor": _questionnaire,
}


def truths(draw: Draw) -> dict[str, float]:
    """Estimands of a scenario, from 20 million patients (their error is below 0.0005 SD)."""
    rng = np.random.default_rng(20_240_601)
    sums, better, ranked = np.zeros(6), 0.0, []
    for _ in range(20):
        pre, post = draw(rng, 1_000_000)
        columns = (np.ones_like(pre), pre, post, pre * pre, post * post, pre * post)
        sums += [float(c.sum()) for c in columns]
        better += float(np.mean(pre > post) + 0.5 * np.mean(pre == post)) / 20
        ranked.append(
            wilcoxon_signed_rank(pre[:200_000], post[:200_000], better_is="lower").estimate
        )
    n, x, y, xx, yy, xy = sums
    v1, v2, c = xx / n - (x / n) ** 2, yy / n - (y / n) ** 2, xy / n - x * y / n**2
    change, spread = (x - y) / n, v1 + v2 - 2.0 * c
    r = c / math.sqrt(v1 * v2)
    return {
        "raw": change,
        "percentage": 100.0 * change / (x / n),
        "pre_sd": change / math.sqrt(v1),
        "difference_sd": change / math.sqrt(spread),
        "average_sd": change / math.sqrt(0.5 * (v1 + v2)),
        "repeated_measures": change * math.sqrt(2.0 * (1.0 - r) / spread),
        "external_sd": change / EXTERNAL_SD,
        "probability": better,
        "rank_biserial": float(np.mean(ranked)),
    }


def _standardised(
    standardiser: str, interval: str, cohort: Cohort, **arguments: object
) -> Estimate:
    return standardised_change_from_moments(
        paired_moments(cohort.pre, cohort.post, better_is="lower"),
        standardiser=standardiser,  # type: ignore[arg-type]  # names of the tables below
        interval=interval,  # type: ignore[arg-type]
        **arguments,  # type: ignore[arg-type]
    )


def _with_estimated_sd(cohort: Cohort) -> Estimate:
    """An SD from 200 people elsewhere: drawn anew each time, as the estimate it is."""
    sd = EXTERNAL_SD * math.sqrt(cohort.rng.chisquare(199) / 199)
    return standardised_mean_change(
        cohort.pre,
        cohort.post,
        better_is="lower",
        standardiser="external_sd",
        external_sd=sd,
        external_sd_n=200,
    )


def _bootstrap(measure: str, by_therapist: bool, cohort: Cohort) -> Estimate:
    return bootstrap_change(
        cohort.pre,
        cohort.post,
        measure=measure,  # type: ignore[arg-type]
        better_is="lower",
        rng=cohort.rng,
        draws=2000,
        cluster=cohort.therapist if by_therapist else None,
    )


def _jackknife(measure: str, cohort: Cohort) -> Estimate:
    return jackknife_change(
        cohort.pre,
        cohort.post,
        measure=measure,  # type: ignore[arg-type]
        better_is="lower",
        cluster=cohort.therapist,
    )


def _lower(function: Callable[..., Estimate], cohort: Cohort) -> Estimate:
    return function(cohort.pre, cohort.post, better_is="lower")


CLOSED_FORMS: dict[str, tuple[str, Method]] = {
    "mean change, paired t": ("raw", partial(_lower, raw_mean_change)),
    "percentage change, Fieller": ("percentage", partial(_lower, percentage_change)),
    "pre SD, heteroscedastic (Bonett), default": (
        "pre_sd",
        partial(_standardised, "pre_sd", "heteroscedastic"),
    ),
    "pre SD, homoscedastic (Becker)": ("pre_sd", partial(_standardised, "pre_sd", "homoscedastic")),
    "d_z, noncentral t": ("difference_sd", partial(_standardised, "difference_sd", "noncentral_t")),
    "d_z, large sample": ("difference_sd", partial(_standardised, "difference_sd", "large_sample")),
    "d_av, heteroscedastic (Bonett)": (
        "average_sd",
        partial(_standardised, "average_sd", "heteroscedastic"),
    ),
    "d_av, homoscedastic (Cousineau)": (
        "average_sd",
        partial(_standardised, "average_sd", "homoscedastic"),
    ),
    "d_rm, delta method": (
        "repeated_measures",
        partial(_standardised, "repeated_measures", "heteroscedastic"),
    ),
    "d_rm, noncentral t, r taken as known": (
        "repeated_measures",
        partial(_standardised, "repeated_measures", "noncentral_t"),
    ),
    "external SD, known": (
        "external_sd",
        partial(_standardised, "external_sd", "student_t", external_sd=EXTERNAL_SD),
    ),
    "external SD, from 200 people": ("external_sd", _with_estimated_sd),
    "probability of superiority, adjusted Wald": (
        "probability",
        partial(_lower, probability_of_improvement),
    ),
    "rank-biserial correlation, U statistic": (
        "rank_biserial",
        partial(_lower, wilcoxon_signed_rank),
    ),
    "rank-biserial correlation, as R's effectsize": (
        "rank_biserial",
        partial(_lower, partial(wilcoxon_signed_rank, interval="effectsize")),
    ),
}
BOOTSTRAPS: dict[str, tuple[str, Method]] = {
    "mean change, BCa": ("raw", partial(_bootstrap, "raw", False)),
    "pre SD, BCa": ("pre_sd", partial(_bootstrap, "pre_sd", False)),
}
CLUSTERED: dict[str, tuple[str, Method]] = {
    "mean change, paired t (ignores therapists)": ("raw", partial(_lower, raw_mean_change)),
    "mean change, BCa by therapist": ("raw", partial(_bootstrap, "raw", True)),
    "pre SD, heteroscedastic (ignores therapists)": (
        "pre_sd",
        partial(_standardised, "pre_sd", "heteroscedastic"),
    ),
    "pre SD, BCa by therapist": ("pre_sd", partial(_bootstrap, "pre_sd", True)),
    "mean change, jackknife by therapist": ("raw", partial(_jackknife, "raw")),
    "pre SD, jackknife by therapist": ("pre_sd", partial(_jackknife, "pre_sd")),
}


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    scenario: str
    n: str
    method: str
    coverage: float
    width: float
    without: int


def _generator(*names: object) -> np.random.Generator:
    return np.random.default_rng(zlib.crc32("|".join(map(str, names)).encode()))


def cover(
    scenario: str,
    n: str,
    cohorts: Callable[[np.random.Generator], Cohort],
    methods: dict[str, tuple[str, Method]],
    truth: dict[str, float],
    replicates: int,
) -> Iterator[Row]:
    """Coverage of several methods on the same cohorts."""
    rng = _generator(scenario, n, *methods)
    hits, widths = dict.fromkeys(methods, 0), dict.fromkeys(methods, 0.0)
    without = dict.fromkeys(methods, 0)
    for _ in range(replicates):
        cohort = cohorts(rng)
        for name, (estimand, method) in methods.items():
            result = method(cohort)
            if math.isnan(result.conf_low):
                without[name] += 1
                continue
            hits[name] += result.conf_low <= truth[estimand] <= result.conf_high
            widths[name] += result.conf_high - result.conf_low
    for name in methods:
        used = replicates - without[name]
        yield Row(scenario, n, name, hits[name] / used, widths[name] / used, without[name])


def _independent(draw: Draw, n: int, rng: np.random.Generator) -> Cohort:
    pre, post = draw(rng, n)
    return Cohort(pre, post, np.zeros(n, dtype=np.int64), rng)


def _by_therapist(n_therapists: int, icc: float, rng: np.random.Generator) -> Cohort:
    """474 patients; therapists differ in caseload (up to tenfold) and in the change they see."""
    load = rng.gamma(2.0, size=n_therapists)
    therapist = rng.choice(n_therapists, size=474, p=load / load.sum())
    pre, post = _normal(1.0, rng, 474)
    spread = SD_PRE * math.sqrt(2.0 * (1.0 - CORRELATION))
    own = rng.standard_normal(n_therapists)[therapist] * spread * math.sqrt(icc)
    centre = pre - post - IMPROVEMENT
    return Cohort(pre, pre - IMPROVEMENT - centre * math.sqrt(1.0 - icc) - own, therapist, rng)


def _rate_of_change(clustered: bool, cohort: Cohort) -> Estimate:
    better = cohort.pre - cohort.post >= 6.0
    if clustered:
        return clustered_rate(better, cohort.therapist)
    return rate(int(better.sum()), better.size)


def rows(replicates: int, *, rates_only: bool = False) -> Iterator[Row]:
    """All cells, the cheap ones first."""
    yield from _rates(replicates)
    if rates_only:
        return
    known = {name: truths(draw) for name, draw in SCENARIOS.items()}
    for methods in (CLOSED_FORMS, BOOTSTRAPS):
        for name, draw in SCENARIOS.items():
            for n in SIZES:
                cohorts = partial(_independent, draw, n)
                yield from cover(name, str(n), cohorts, methods, known[name], replicates)
    equal = known["normal, equal SDs"]
    for scenario, cohorts in _services():
        # The mixture keeps the variance of the change, so the estimands stay those above.
        yield from cover(scenario, "474", cohorts, CLUSTERED, equal, replicates)


def _services() -> Iterator[tuple[str, Callable[[np.random.Generator], Cohort]]]:
    for n_therapists in (12, 40):
        for icc in (0.0, 0.05):
            scenario = f"{n_therapists} therapists, ICC of change {icc:g}"
            yield scenario, partial(_by_therapist, n_therapists, icc)


def _rates(replicates: int) -> Iterator[Row]:
    """The share that improves by six points or more, with and without therapists."""
    spread = SD_PRE * math.sqrt(2.0 * (1.0 - CORRELATION))
    reliable = {"rate": float(ndtr((IMPROVEMENT - 6.0) / spread))}
    methods = {
        "rate, Wilson (ignores therapists)": ("rate", partial(_rate_of_change, False)),
        "rate, Wilson on effective patients": ("rate", partial(_rate_of_change, True)),
    }
    for scenario, cohorts in _services():
        yield from cover(scenario, "474", cohorts, methods, reliable, replicates)


def table(lines: list[Row], replicates: int) -> str:
    """The results as Markdown."""
    error = math.sqrt(0.95 * 0.05 / replicates)
    text = [
        "# Coverage of the intervals of change",
        "",
        f"Nominal 95 %; {replicates:,} replicates a cell (Monte-Carlo standard error {100 * error:.2f} "
        "points). Improvement 0.9 SD, correlation .6; 2,000 bootstrap draws. "
        "Outside 93.5 to 96.5 % is marked. Made by `python benchmarks/effect_size_coverage.py`.",
        "",
        "| scenario | n | interval | coverage, % | mean width | without interval | |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in sorted(lines, key=lambda r: (r.scenario, int(r.n))):
        within = NOMINAL[0] <= row.coverage <= NOMINAL[1]
        text.append(
            f"| {row.scenario} | {row.n} | {row.method} | {100 * row.coverage:.1f} | "
            f"{row.width:.3f} | {row.without} | {'' if within else 'outside'} |"
        )
    return "\n".join(text) + "\n"


def read(path: Path) -> list[Row]:
    """Lines of a table made before."""
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 7 and cells[1].isdigit():
            scenario, n, method, coverage, width, without = cells[:6]
            share = float(coverage) / 100
            if cells[6] and NOMINAL[0] <= share <= NOMINAL[1]:  # outside by less than was printed
                lower = share < 0.95
                share = math.nextafter(NOMINAL[0 if lower else 1], 0.0 if lower else 1.0)
            found.append(Row(scenario, n, method, share, float(width), int(without)))
    return found


def main() -> None:
    """Run the cells, rewriting the table after each; lines of cells that are not run stay."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--replicates", type=int, default=10_000)
    parser.add_argument("--output", type=Path, default=Path(__file__).with_suffix(".md"))
    parser.add_argument("--rates-only", action="store_true")
    chosen = parser.parse_args()
    done: dict[tuple[str, str, str], Row] = {}
    if chosen.rates_only:
        done = {(row.scenario, row.n, row.method): row for row in read(chosen.output)}
    for row in rows(chosen.replicates, rates_only=chosen.rates_only):
        done[row.scenario, row.n, row.method] = row
        chosen.output.write_text(table(list(done.values()), chosen.replicates), encoding="utf-8")


if __name__ == "__main__":
    main()
