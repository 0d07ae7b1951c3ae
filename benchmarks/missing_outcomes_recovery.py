"""Bias and coverage of every way to deal with missing last forms, the truth known.

    python benchmarks/missing_outcomes_recovery.py --work /tmp/recovery     # the committed table, about an hour and a half
    python benchmarks/missing_outcomes_recovery.py --work /tmp/recovery --table-only

Replicates are kept in blocks in the work folder, so a run can be stopped and taken up again; replicate k of a
mechanism is the same cohort for every method. The mixed model takes five times as long as all others together and is
run last.

Cohorts of 474 people with 30 therapists, who hold a tenth of the variance of last scores. Last scores depend on the
first, on dropping out and on the therapist. The target is the mean improvement of everybody who started, over
people and therapists. A last form is missing

- MCAR: for 30 % at random;
- MAR: more often after dropping out and with a low first score, both of whom improve less (about 30 %);
- MNAR: as MAR, and those without a form are 3 points worse than others with the same first score and ending.

Only last scores have gaps here, so the chain of equations has one link: a first round draws from the posterior already
and further ones would draw again (`--iterations`).
"""

from __future__ import annotations

import argparse
import math
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.special import expit, stdtrit

from naturalistic.stats.clustered_means import Grouping, change_of_completed
from naturalistic.stats.effect_size_jackknife import jackknife_change
from naturalistic.stats.linear_mixed_model import fit_linear_mixed_model
from naturalistic.stats.multiple_imputation import impute_by_chained_equations
from naturalistic.stats.response_weighting import inverse_probability_means
from naturalistic.stats.rubin import pool
from naturalistic.stats.tipping_point import tipping_curve

FloatArray = npt.NDArray[np.float64]
N, THERAPISTS, SHIFT = 474, 30, 3.0
MECHANISMS = ("MCAR", "MAR", "MNAR")
SLOW, SHIFTED = "mixed model", "imputation, shifted by the truth"
BLOCK, NOMINAL = 500, (0.935, 0.965)
Interval = tuple[float, float, float]


@dataclass(frozen=True)
class Cohort:
    """One simulated cohort."""

    first: FloatArray
    last: FloatArray
    complete_last: FloatArray
    dropped: FloatArray
    therapist: npt.NDArray[np.int64]
    rng: np.random.Generator

    @property
    def away(self) -> npt.NDArray[np.bool_]:
        """Without a last form."""
        return np.isnan(self.last)


@dataclass(frozen=True)
class Cell:
    """What one method did over the replicates."""

    bias: float
    bias_error: float
    empirical_error: float
    mean_error: float
    coverage: float
    replicates: int


def draw(mechanism: str, rng: np.random.Generator, n: int = N) -> Cohort:
    """One cohort; the number of therapists grows with n."""
    therapist = rng.integers(THERAPISTS * n // N, size=n)
    first = rng.normal(22, 6, n)
    dropped = (rng.random(n) < expit(-0.6 + 0.02 * (first - 22))).astype(float)
    effect = rng.normal(0, math.sqrt(0.1) * 6.5, therapist.max() + 1)
    last = 5 + 0.55 * first + 2.5 * dropped + effect[therapist] + rng.normal(0, 6, n)
    chance = {"MCAR": np.full(n, 0.3)}.get(
        mechanism, expit(-1.8 + 2.0 * dropped - 0.08 * (first - 22))
    )
    away = rng.random(n) < chance
    if mechanism == "MNAR":
        last = last + SHIFT * away
    return Cohort(first, np.where(away, np.nan, last), last, dropped, therapist, rng)


def truth(mechanism: str) -> float:
    """Mean improvement of everybody, from two million people."""
    cohort = draw(mechanism, np.random.default_rng(1), 2_000_000)
    return float(np.mean(cohort.first - cohort.complete_last))


def _student(mean: float, error: float, df: float) -> Interval:
    return mean, error, float(stdtrit(max(df, 1.0), 0.975)) * error


def _pairs(cohort: Cohort) -> Interval:
    here = ~cohort.away
    found = jackknife_change(
        cohort.first[here],
        cohort.last[here],
        measure="raw",
        better_is="lower",
        cluster=cohort.therapist[here],
    )
    return _student(found.estimate, found.std_error, found.df)


def _carried(cohort: Cohort) -> Interval:
    last = np.where(cohort.away, cohort.first, cohort.last)
    found = jackknife_change(
        cohort.first, last, measure="raw", better_is="lower", cluster=cohort.therapist
    )
    return _student(found.estimate, found.std_error, found.df)


def _weights(cohort: Cohort) -> Interval:
    design = np.column_stack([np.ones(N), cohort.first, cohort.dropped])
    found = inverse_probability_means(
        cohort.first - cohort.last, ~cohort.away, design, cluster=cohort.therapist
    )
    return _student(float(found.means[0]), math.sqrt(found.covariance[0, 0]), found.df)


def _mixed(cohort: Cohort) -> Interval:
    here = np.r_[np.ones(N, dtype=bool), ~cohort.away]
    time = np.repeat([0.0, 1.0], N)
    # the ending as an auxiliary of the change, centred, so that the coefficient of time is everybody's
    ending = np.tile(cohort.dropped - cohort.dropped.mean(), 2)
    design = np.column_stack([np.ones(2 * N), time, ending, ending * time])
    fit = fit_linear_mixed_model(
        np.r_[cohort.first, cohort.last][here],
        design[here],
        np.tile(np.arange(N), 2)[here],
        time=time[here],
        occasion_variance=True,
        therapist=np.tile(cohort.therapist, 2)[here],
        therapist_slope=True,
    )
    return _student(-float(fit.coefficients[1]), float(fit.std_errors[1]), float(fit.df[1]))


def _imputed(
    cohort: Cohort, imputations: int, iterations: int, *, carried: bool, method: str
) -> tuple[FloatArray, FloatArray]:
    filled = impute_by_chained_equations(
        np.column_stack([cohort.first, cohort.dropped, cohort.last]),
        rng=cohort.rng,
        methods=method,  # type: ignore[arg-type]  # one of two words
        cluster=cohort.therapist if carried else None,
        imputations=imputations,
        iterations=iterations,
    )
    first = filled.completed[:, :, 0]
    return first, first - filled.completed[:, :, 2]


def _pooled(first: FloatArray, change: FloatArray, grouping: Grouping) -> Interval:
    each = change_of_completed(first, change, grouping)
    found = pool(each.mean, each.mean_variance, df_complete=grouping.df)
    return _student(float(found.estimate), float(found.std_error), float(found.df))


def _methods(imputations: int, iterations: int) -> dict[str, Callable[[Cohort], Interval]]:
    def carried(method: str) -> Callable[[Cohort], Interval]:
        def answer(cohort: Cohort) -> Interval:
            imputed = _imputed(cohort, imputations, iterations, carried=True, method=method)
            return _pooled(*imputed, Grouping.of(N, cohort.therapist))

        return answer

    def ignored(cohort: Cohort) -> Interval:
        imputed = _imputed(cohort, imputations, iterations, carried=False, method="normal")
        return _pooled(*imputed, Grouping.of(N, None))

    def shifted(cohort: Cohort) -> Interval:
        _, change = _imputed(cohort, imputations, iterations, carried=True, method="normal")
        found = tipping_curve(change, cohort.away, cluster=cohort.therapist).at(SHIFT)
        return _student(float(found.estimate[0]), float(found.std_error[0]), float(found.df[0]))

    return {
        "complete pairs": _pairs,
        "last observation carried forward": _carried,
        "inverse probability weights": _weights,
        SLOW: _mixed,
        "imputation, therapists ignored": ignored,
        "imputation, therapists carried": carried("normal"),
        "imputation, matched values": carried("predictive_mean_matching"),
        SHIFTED: shifted,
    }


def replicate(
    mechanism: str, methods: dict[str, Callable[[Cohort], Interval]], which: range
) -> FloatArray:
    """Estimate, error and half width of every method, shape (replicates, methods, 3)."""
    found = np.empty((len(which), len(methods), 3))
    for row, k in enumerate(which):
        for j, method in enumerate(methods.values()):
            # each method draws from the same state, whichever others are run
            cohort = draw(mechanism, np.random.default_rng([zlib.crc32(mechanism.encode()), k]))
            found[row, j] = method(cohort)
    return found


def cells_of(found: FloatArray, names: list[str], target: float) -> dict[str, Cell]:
    """Bias, errors and coverage of each method."""
    cells = {}
    for j, name in enumerate(names):
        mean, error, half = found[:, j].T
        spread = float(mean.std(ddof=1))
        cells[name] = Cell(
            float(mean.mean()) - target,
            spread / math.sqrt(len(mean)),
            spread,
            float(error.mean()),
            float(np.mean(np.abs(mean - target) <= half)),
            len(mean),
        )
    return cells


def _chosen(
    mechanism: str, imputations: int, iterations: int, leave_out: tuple[str, ...] = ()
) -> dict[str, Callable[[Cohort], Interval]]:
    left_out = (*leave_out, *(() if mechanism == "MNAR" else (SHIFTED,)))
    methods = _methods(imputations, iterations)
    return {name: method for name, method in methods.items() if name not in left_out}


def run(
    mechanism: str,
    *,
    replicates: int,
    imputations: int = 20,
    iterations: int = 1,
    leave_out: tuple[str, ...] = (),
) -> dict[str, Cell]:
    """Every method on the same cohorts."""
    methods = _chosen(mechanism, imputations, iterations, leave_out)
    found = replicate(mechanism, methods, range(replicates))
    return cells_of(found, list(methods), truth(mechanism))


def work_through(work: Path, replicates: int, imputations: int, iterations: int) -> None:
    """Run the blocks that are not there yet, the mixed model last."""
    work.mkdir(parents=True, exist_ok=True)
    for slow in (False, True):
        for start in range(0, replicates, BLOCK):
            for mechanism in MECHANISMS:
                methods = _chosen(mechanism, imputations, iterations)
                names = [name for name in methods if (name == SLOW) == slow]
                path = work / f"{mechanism}-{'slow' if slow else 'fast'}-{start}.npy"
                if path.exists():
                    continue
                block = range(start, min(start + BLOCK, replicates))
                found = replicate(mechanism, {name: methods[name] for name in names}, block)
                part = path.with_suffix(".part.npy")
                np.save(part, found)
                part.rename(path)


def read(work: Path, mechanism: str, target: float) -> dict[str, Cell]:
    """Cells from the blocks that are there."""
    methods = _chosen(mechanism, 20, 1)
    cells = {}
    for speed, names in (("fast", [n for n in methods if n != SLOW]), ("slow", [SLOW])):
        blocks = sorted(work.glob(f"{mechanism}-{speed}-*[0-9].npy"))
        if blocks:
            cells |= cells_of(np.concatenate([np.load(b) for b in blocks]), names, target)
    return {name: cells[name] for name in methods if name in cells}


def table(work: Path, imputations: int, iterations: int) -> str:
    """The study as Markdown."""
    lines = [
        "# Missing last forms: bias and coverage",
        "",
        f"Made by `python benchmarks/missing_outcomes_recovery.py`: {imputations} imputations, iterations {iterations}; see "
        "the head of that file for the cohorts. Nominal 95 %; a coverage of 95 % from 10,000 replicates has a Monte-Carlo "
        "error of 0.2 points. Error ratio: mean standard error over the spread of the estimates (1 is right). Outside 93.5 "
        "to 96.5 % is marked; where the bias is the reason, no interval can hold.",
    ]
    for mechanism in MECHANISMS:
        target = truth(mechanism)
        lines += [
            "",
            f"## {mechanism} (true mean improvement {target:.2f} points)",
            "",
            "| method | replicates | bias, points | Monte-Carlo error | error ratio | coverage | |",
            "|---|---|---|---|---|---|---|",
        ]
        for name, c in read(work, mechanism, target).items():
            biased = abs(c.bias) > 0.1 * c.empirical_error
            outside = "biased" if biased else "too narrow" if c.coverage < 0.95 else "too wide"
            lines.append(
                f"| {name} | {c.replicates:,} | {c.bias:+.3f} | {c.bias_error:.3f} | "
                f"{c.mean_error / c.empirical_error:.2f} | {100 * c.coverage:.1f} % | "
                f"{'' if NOMINAL[0] <= c.coverage <= NOMINAL[1] else f'outside: {outside}'} |"
            )
    return "\n".join(lines) + "\n"


def main() -> None:
    """Run what is missing, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replicates", type=int, default=10_000)
    parser.add_argument("--imputations", type=int, default=20)
    parser.add_argument("--iterations", type=int, default=1)
    parser.add_argument("--work", type=Path, required=True, help="folder for blocks of replicates")
    parser.add_argument("--table-only", action="store_true", help="from the blocks that are there")
    default = Path(__file__).with_suffix(".md")
    parser.add_argument("--output", type=Path, default=default)
    chosen = parser.parse_args()
    if not chosen.table_only:
        work_through(chosen.work, chosen.replicates, chosen.imputations, chosen.iterations)
    text = table(chosen.work, chosen.imputations, chosen.iterations)
    chosen.output.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
