"""Coverage of the released intervals of change over many seeds of the synthetic Hirschfeld cohort.

    python benchmarks/synthetic_change_coverage.py --seeds 500 --work /tmp/change_coverage

Each seed draws the cohort of `docs/synthetic.md` anew: people, therapists and all. Its tables are made in memory and
go through the ordinary stages (episodes, scores, outcomes, settings as shipped) and the ordinary functions of the
analyses. A seed leaves one file in the work folder, so a run can be stopped and taken up again, and the table is made
from the seeds that are there.

What is true: of the paired and of the other groups, what the seeds show together without the one that is judged
(numbers added up over about 250,000 people; its error adds 0.1 % to the spread). Of everyone who started, complete data:
for everybody without a form one is drawn from the same model at their true score.

Tipping point: the true shift of those without a last form is how much less they improve than people with one who
look the same in what is on record, by least squares on the complete data of all seeds together. Imputed improvements
lowered by that shift must cover the true change of everybody, and the delta at which the estimate reaches that truth
must be the shift. In the cohort as shipped a fifth have no first form either, and the last form depends on the score only
weakly; so the same is done for a second cohort, where every first form is completed and the odds of a last form fall by
e for each SD worse.
"""

from __future__ import annotations

import argparse
import math
import pickle
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from naturalistic.analyses import clinical_change, therapist_ratings
from naturalistic.analyses.change.effect_rows import Sizes, add_sizes
from naturalistic.analyses.change.imputation import Completed, complete_data
from naturalistic.analyses.change.missing_methods import (
    add_complete_pairs,
    add_imputed,
    add_mixed_model,
    add_weighted,
)
from naturalistic.analyses.change.other_explanations import add_group_differences
from naturalistic.analyses.change.people import Started, started_on
from naturalistic.analyses.interface import AnalysisInput, EstimateRows
from naturalistic.analyses.outcome_change import CHANGE_POPULATIONS
from naturalistic.analyses.populations import in_population
from naturalistic.cohort.episodes import derive_episodes
from naturalistic.cohort.outcomes import derive_outcomes
from naturalistic.cohort.scoring import score_questionnaires
from naturalistic.cohort.synthetic import canonical_tables, simulate
from naturalistic.cohort.synthetic.answers import REVERSED, core_om_items, observed_points
from naturalistic.cohort.synthetic.courses import true_score
from naturalistic.cohort.synthetic.presets import HIRSCHFELD
from naturalistic.cohort.synthetic.simulation import Simulation
from naturalistic.reference.loader import load_instruments
from naturalistic.settings.config import AnalysisSettings
from naturalistic.stats.tipping_point import TippingCurve, tipping_curve

FloatArray = npt.NDArray[np.float64]
FIRST_SEED = 7000
NOMINAL = (0.93, 0.97)
RELIABLE = 5.0  # points of CORE-OM, "5 or more"
KEY = ["estimand", "term", "contrast", "population", "definition", "dimensions", "specification"]
SCALE = {"instrument": "core_om", "scale": "all"}
STANDARDISERS = {
    "standardised_mean_change": "pre",
    "standardised_change_d_z": "difference",
    "standardised_change_d_av": "average",
    "standardised_change_d_rm": "repeated",
    "percentage_change": "percentage",
}


@dataclass(frozen=True)
class Tipping:
    """What the tipping point of one draw is judged by.

    Attributes
    ----------
    improvement : ndarray, shape (n,)
        Complete data of everyone who started.
    seen : ndarray of bool, shape (n,)
        Who has a last form.
    design : ndarray, shape (n, q)
        What is on record: first score where known, whether it is, sessions, ending.
    reliably_improved : float
        Share, complete data.
    curve : TippingCurve
        Imputed improvements as a function of the shift.
    """

    improvement: FloatArray
    seen: npt.NDArray[np.bool_]
    design: FloatArray
    reliably_improved: float
    curve: TippingCurve


@dataclass(frozen=True)
class Seed:
    """What one seed leaves behind.

    Attributes
    ----------
    rows : DataFrame
        Intervals, with their key and counts.
    sums : DataFrame
        Sums (n, x, y, xx, yy, xy) of first and last scores by population.
    complete : ndarray, shape (6,)
        The same sums of everyone who started, complete data.
    tipping : Tipping
        Of the cohort as shipped.
    harder : Tipping
        Of the second cohort; of every fifth seed only, to save time.
    """

    rows: pd.DataFrame
    sums: pd.DataFrame
    complete: FloatArray
    tipping: Tipping
    harder: Tipping | None


def cohort(made: Simulation, settings: AnalysisSettings, seed: int) -> AnalysisInput:
    """Tables of one draw, by the ordinary stages."""
    instruments, tables = load_instruments(), canonical_tables(made)
    episodes = derive_episodes(
        tables["patients"],
        tables["referrals"],
        tables["sessions"],
        made.model.pathway.data_cut,
        settings,
    )
    scores = score_questionnaires(tables["questionnaires"], instruments)
    scores = scores[(scores["instrument"] == "core_om") & (scores["scale"] == "all")]
    outcomes = derive_outcomes(scores, episodes, instruments, settings, tables["patients"])
    kept = {name: tables[name] for name in ("patients", "ratings")}
    return AnalysisInput(
        "hirschfeld",
        {**kept, "episodes": episodes, "outcomes": outcomes, "scores": scores},
        settings,
        instruments,
        rng=np.random.default_rng([seed, 1]),
    )


def complete_scores(
    made: Simulation, people: Started, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """First and last score of everyone who started: those on record, and for the others a form drawn at their true score."""
    course = people.frame["referral_id"].astype(int).to_numpy() - 1
    own = made.courses.iloc[course]
    found = []
    for attended, seen in (
        (np.zeros(len(own)), people.first),
        (own["attended_by_cut"].to_numpy(), people.last),
    ):
        true = true_score(own, attended, made.model.change.sessions_scale)
        points = observed_points(true, made.model, rng)
        items = core_om_items(points, np.arange(len(own)), len(own), made.model.forms, rng)
        turned = np.array(REVERSED) - 1
        items[:, turned] = 4 - items[:, turned]
        drawn = 10.0 * np.nanmean(items, axis=1)
        found.append(np.where(np.isfinite(seen), seen, drawn))
    return found[0], found[1]


def six_sums(first: FloatArray, last: FloatArray) -> FloatArray:
    """n, x, y, xx, yy, xy."""
    columns = (np.ones_like(first), first, last, first * first, last * last, first * last)
    return np.array([float(c.sum()) for c in columns])


def run_seed(seed: int) -> Seed:
    """All intervals of one draw."""
    settings = AnalysisSettings()
    made = simulate(HIRSCHFELD, seed)
    data = cohort(made, settings, seed)
    people = started_on(data)
    rows = EstimateRows("hirschfeld", "study", **SCALE)
    scale = data.instruments["core_om"].scale("all")
    norm = next(n for n in scale.norms if n.population == "clinical" and n.preferred and n.sd)
    sizes = Sizes(settings, data.rng, norm.sd, norm.sample, True, not_run="not part of the study")
    everybody = np.ones(people.n, dtype=bool)
    sums = {}
    for population in CHANGE_POPULATIONS:
        member = in_population(people.frame, population)
        add_sizes(rows, people, member, everybody, sizes, population=population)
        used = member & people.paired
        sums[population] = six_sums(people.first[used], people.last[used])
    add_complete_pairs(rows, data, people)
    add_mixed_model(rows, data, people)
    add_weighted(rows, data, people)
    completed = complete_data(data, people, data.rng)
    if isinstance(completed, str):
        raise RuntimeError(completed)
    add_imputed(rows, data, people, completed)
    add_group_differences(rows, data, people)
    frames = [rows.frame(), clinical_change.analyse(data).estimates]
    frames.append(therapist_ratings.analyse(data).estimates)
    first, last = complete_scores(made, people, np.random.default_rng([seed, 2]))
    return Seed(
        _intervals(pd.concat(frames)),
        pd.DataFrame.from_dict(sums, orient="index"),
        six_sums(first, last),
        _tipping(people, completed, first, last),
        harder_cohort(seed, settings) if seed % 5 == 0 else None,
    )


def harder_cohort(seed: int, settings: AnalysisSettings) -> Tipping:
    """The second cohort: first forms complete, last forms missing not at random more strongly."""
    forms = replace(HIRSCHFELD.forms, at_assessment=1.0, at_start=1.0, per_sd_worse=-1.0)
    made = simulate(replace(HIRSCHFELD, forms=forms), seed)
    data = cohort(made, settings, seed)
    people = started_on(data)
    completed = complete_data(data, people, data.rng)
    if isinstance(completed, str):
        raise RuntimeError(completed)
    first, last = complete_scores(made, people, np.random.default_rng([seed, 2]))
    return _tipping(people, completed, first, last)


def _intervals(rows: pd.DataFrame) -> pd.DataFrame:
    known = rows["conf_low"].notna() & rows["conf_high"].notna() & (rows["status"] == "ok")
    columns = [*KEY, "estimate", "conf_low", "conf_high", "n_patients", "denominator"]
    return rows.loc[known, columns].reset_index(drop=True)


def _tipping(people: Started, completed: Completed, first: FloatArray, last: FloatArray) -> Tipping:
    ending = people.frame["ending"].astype("object")
    words = ("planned_ending", "unplanned_ending", "referred_on", "service_ended", "open")
    sessions = np.log1p(people.frame["sessions_attended"].to_numpy(dtype=float))
    known = np.isfinite(people.first)
    columns = [np.ones(people.n), known.astype(float), np.where(known, people.first, 0.0), sessions]
    columns += [(ending == word).to_numpy(dtype=float) for word in words]
    return Tipping(
        first - last,
        np.isfinite(people.last),
        np.column_stack(columns),
        float(np.mean(first - last >= RELIABLE)),
        tipping_curve(completed.improvement, completed.away, cluster=completed.grouping.code),
    )


def values_of(sums: FloatArray) -> dict[str, float]:
    """Sizes of change from six sums of many people."""
    n, x, y, xx, yy, xy = sums
    v1, v2, c = xx / n - (x / n) ** 2, yy / n - (y / n) ** 2, xy / n - x * y / n**2
    change, spread = (x - y) / n, v1 + v2 - 2.0 * c
    r = c / math.sqrt(v1 * v2)
    return {
        "change": change,
        "pre": change / math.sqrt(v1),
        "difference": change / math.sqrt(spread),
        "average": change / math.sqrt(0.5 * (v1 + v2)),
        "repeated": change * math.sqrt(2.0 * (1.0 - r) / spread),
        "percentage": 100.0 * change / (x / n),
    }


def true_shift(draws: list[Tipping]) -> tuple[float, float]:
    """How much less those without a last form improve than others who look the same, and its error over seeds."""
    seen = np.concatenate([d.seen for d in draws])
    design = np.concatenate([d.design for d in draws])
    change = np.concatenate([d.improvement for d in draws])
    coefficients = np.linalg.lstsq(design[seen], change[seen], rcond=None)[0]
    less = [(d.design @ coefficients - d.improvement)[~d.seen] for d in draws]
    each = [float(v.mean()) for v in less]
    return float(np.concatenate(less).mean()), float(np.std(each, ddof=1)) / math.sqrt(len(each))


def coverage(seeds: list[Seed]) -> pd.DataFrame:
    """One line for each released interval: truth, bias and how often it covers."""
    rows = pd.concat([s.rows.assign(seed=k) for k, s in enumerate(seeds)], ignore_index=True)
    rows[KEY] = rows[KEY].astype(str)
    rows["truth"] = _left_out_means(rows)
    sums = {
        population: np.stack([s.sums.loc[population].to_numpy() for s in seeds])
        for population in CHANGE_POPULATIONS
    }
    everyone = np.stack([s.complete for s in seeds])
    total = values_of(everyone.sum(axis=0))
    for (estimand, population), group in rows.groupby(["estimand", "population"]):
        if population == "started" and estimand in ("mean_change", "standardised_mean_change"):
            name = "change" if estimand == "mean_change" else "pre"
            rows.loc[group.index[group["dimensions"] == ""], "truth"] = total[name]
        elif population in sums and estimand in STANDARDISERS:
            plain = group[(group["dimensions"] == "") & (group["term"] == "")]
            others = sums[population].sum(axis=0) - sums[population]
            each = [values_of(o)[STANDARDISERS[estimand]] for o in others]
            rows.loc[plain.index, "truth"] = np.array(each)[plain["seed"]]
    imputed = (rows["specification"] == "multiple_imputation") & (rows["estimand"] == "proportion")
    share = float(np.mean([s.tipping.reliably_improved for s in seeds]))
    rows.loc[imputed & (rows["term"] == "reliable_improvement"), "truth"] = share
    # of deterioration the complete data are not kept: no truth, no line
    rows = rows[~(imputed & (rows["term"] == "reliable_deterioration"))]
    covered = (rows["conf_low"] <= rows["truth"]) & (rows["truth"] <= rows["conf_high"])
    rows = rows.assign(covered=covered, bias=rows["estimate"] - rows["truth"])
    found = rows.groupby(KEY, sort=False).agg(
        truth=("truth", "mean"),
        bias=("bias", "mean"),
        spread=("estimate", "std"),
        people=("n_patients", "mean"),
        coverage=("covered", "mean"),
        seeds=("covered", "size"),
    )
    return found[found["seeds"] >= 0.1 * len(seeds)].reset_index()


def _left_out_means(rows: pd.DataFrame) -> pd.Series:
    """Mean over the other seeds, weighted by people."""
    weight = rows["denominator"].fillna(rows["n_patients"]).astype(float)
    top = rows["estimate"] * weight
    keys = [rows[name] for name in KEY]
    return (top.groupby(keys).transform("sum") - top) / (
        weight.groupby(keys).transform("sum") - weight
    )


def tipping_column(draws: list[Tipping]) -> list[str]:
    """The true shift, where the estimates meet the truth, and what the shifted intervals cover."""
    shift, error = true_shift(draws)
    target = float(np.concatenate([d.improvement for d in draws]).mean())
    met = np.array([d.curve.where_estimate_reaches(target) for d in draws])
    pooled = [d.curve.at([0.0, shift]) for d in draws]
    estimate = np.stack([p.estimate for p in pooled])
    limits = [p.limits() for p in pooled]
    held = np.stack([(low <= target) & (target <= high) for low, high in limits]).mean(axis=0)
    bias = estimate.mean(axis=0) - target
    away = float(np.mean([d.curve.removed for d in draws]))
    return [
        str(len(draws)),
        f"{100 * away:.0f} %",
        f"{target:.2f}",
        f"{shift:.2f} ({error:.2f})",
        f"{met.mean():.2f} ({met.std(ddof=1) / math.sqrt(len(met)):.2f})",
        f"{estimate[:, 0].std(ddof=1):.3f}",
        f"{bias[0]:+.3f}, {100 * held[0]:.1f} %",
        f"{bias[1]:+.3f}, {100 * held[1]:.1f} %",
    ]


TIPPING_LINES = (
    "seeds",
    "without a last form",
    "true mean improvement of everyone, points",
    "true shift of those without a last form, points (error)",
    "delta at which the estimate reaches the truth, mean over seeds (error)",
    "spread of the estimate over seeds",
    "no shift: bias, coverage",
    "true shift: bias, coverage",
)


def table(seeds: list[Seed]) -> str:
    """The study as Markdown."""
    found, n = coverage(seeds), len(seeds)
    error = 100 * math.sqrt(0.0475 / n)
    shipped = tipping_column([seed.tipping for seed in seeds])
    harder = tipping_column([seed.harder for seed in seeds if seed.harder is not None])
    lines = [
        "# Intervals of change over seeds of the synthetic Hirschfeld cohort",
        "",
        f"Made by `python benchmarks/synthetic_change_coverage.py --seeds {n}` (the head of that file says what is true and "
        f"how). {n} cohorts of 1,610 people, seeds {FIRST_SEED} to {FIRST_SEED + n - 1}, settings as shipped; a coverage of "
        f"95 % has a Monte-Carlo error of {error:.1f} points. Outside {100 * NOMINAL[0]:.0f} to {100 * NOMINAL[1]:.0f} % is "
        "marked. Therapists are drawn anew in each cohort: an interval that ignores them is for these therapists only.",
        "",
        "## Tipping point and the truth of those without a form",
        "",
        "| | cohort as shipped | first forms complete, stronger |",
        "|---|---|---|",
        *(f"| {a} | {b} | {c} |" for a, b, c in zip(TIPPING_LINES, shipped, harder, strict=True)),
        "",
        "## Intervals",
        "",
        "| number | of whom | interval | truth | bias | spread | people | seeds | coverage, % | |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row in found.itertuples():
        words = [row.estimand, row.term, row.contrast, row.definition, row.dimensions]
        outside = not NOMINAL[0] <= row.coverage <= NOMINAL[1]
        lines.append(
            f"| {', '.join(w for w in words if w)} | {row.population} | {row.specification or 'main'} | {row.truth:.3f} | "
            f"{row.bias:+.4f} | {row.spread:.3f} | {row.people:.0f} | {row.seeds} | {100 * row.coverage:.1f} | "
            f"{'outside' if outside else ''} |"
        )
    return "\n".join(lines) + "\n"


def read(work: Path, wanted: range) -> list[Seed]:
    """Seeds that are there, in order."""
    paths = [work / f"{seed}.pickle" for seed in wanted]
    return [pickle.loads(path.read_bytes()) for path in paths if path.exists()]


def main() -> None:
    """Run the seeds that are not there yet, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=500)
    parser.add_argument("--work", type=Path, required=True, help="folder for one file a seed")
    parser.add_argument("--table-only", action="store_true", help="from the seeds that are there")
    default = Path(__file__).with_suffix(".md")
    parser.add_argument("--output", type=Path, default=default)
    chosen = parser.parse_args()
    chosen.work.mkdir(parents=True, exist_ok=True)
    wanted = range(FIRST_SEED, FIRST_SEED + chosen.seeds)
    for seed in wanted if not chosen.table_only else ():
        path = chosen.work / f"{seed}.pickle"
        if not path.exists():
            part = path.with_suffix(".part")
            part.write_bytes(pickle.dumps(run_seed(seed)))
            part.rename(path)
    chosen.output.write_text(table(read(chosen.work, wanted)), encoding="utf-8")


if __name__ == "__main__":
    main()
