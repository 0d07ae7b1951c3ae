"""How long the analyses of change take: one service with everything on, and the closed forms on a million people.

    python benchmarks/change_speed.py                # writes change_speed.md, about two minutes

First part: the synthetic Hirschfeld cohort (seed of `config/cohorts`), 2,000 bootstrap draws and 50 imputations, every
analysis of change one after the other. Second part: a million rows made in memory, through `outcome_change` and
`clinical_change` (closed forms, intervals by therapist included; what is resampled is not run above 20,000 people and says
so) on the whole group: every size with every closed interval, rates, and all methods of judging change.
"""

from __future__ import annotations

import argparse
import os
import platform
import time
from pathlib import Path

import numpy as np
import pandas as pd

from naturalistic.analyses.change.effect_rows import Sizes, add_sizes
from naturalistic.analyses.change.groups import group_of
from naturalistic.analyses.change.method_rows import add_methods
from naturalistic.analyses.change.people import Started
from naturalistic.analyses.interface import AnalysisInput, EstimateRows
from naturalistic.analyses.registry import REGISTRY
from naturalistic.cohort.episodes import derive_episodes
from naturalistic.cohort.outcomes import derive_outcomes
from naturalistic.cohort.scoring import score_questionnaires
from naturalistic.cohort.synthetic import make_cohort
from naturalistic.reference.loader import load_instruments
from naturalistic.settings.config import AnalysisSettings
from naturalistic.stats.rates import clustered_rate, rate

ANALYSES = (
    "outcome_change",
    "clinical_change",
    "missing_outcomes",
    "bias",
    "benchmarks",
    "therapist_ratings",
    "session_scores",
    "talking_therapies_measures",
)
SEED = 20240214
Seconds = tuple[float, float]
MILLION = 1_000_000
THERAPISTS = 20_000
INSTRUMENTS = load_instruments()


def service() -> AnalysisInput:
    """The embedded synthetic cohort by the ordinary stages."""
    made, settings = make_cohort("hirschfeld", SEED), AnalysisSettings()
    tables = made.tables()
    cut = made.simulation.model.pathway.data_cut
    episodes = derive_episodes(
        tables["patients"], tables["referrals"], tables["sessions"], cut, settings
    )
    scores = score_questionnaires(tables["questionnaires"], INSTRUMENTS)
    outcomes = derive_outcomes(scores, episodes, INSTRUMENTS, settings, tables["patients"])
    tables = {**tables, "episodes": episodes, "outcomes": outcomes, "scores": scores}
    rng = np.random.default_rng(1)
    return AnalysisInput("hirschfeld", tables, settings, INSTRUMENTS, rng=rng)


def many() -> tuple[AnalysisInput, Started]:
    """A million people with both forms, twenty thousand therapists."""
    rng = np.random.default_rng(2)
    first = np.clip(rng.normal(20.0, 6.0, MILLION), 0, 40).round(1)
    last = np.clip(first - rng.normal(5.0, 6.0, MILLION), 0, 40).round(1)
    frame = pd.DataFrame(
        {
            "referral_id": np.arange(MILLION),
            "patient_id": np.arange(MILLION),
            "therapist_id": rng.integers(THERAPISTS, size=MILLION),
            "first_score": first,
            "last_score": last,
            "started": "yes",
            "pairing": "paired",
        }
    )
    patients = pd.DataFrame(
        {
            "patient_id": np.arange(MILLION),
            "gender": rng.choice(["female", "male"], MILLION),
            "age": rng.integers(18, 90, MILLION).astype(float),
        }
    )
    data = AnalysisInput("many", {"patients": patients}, AnalysisSettings(), INSTRUMENTS, rng=rng)
    return data, Started(frame, "lower")


def closed_forms(data: AnalysisInput, people: Started) -> dict[str, Seconds]:
    """Seconds of each kind of closed form."""
    seconds: dict[str, Seconds] = {}
    key = {"instrument": "core_om", "scale": "all"}
    scale, everybody = INSTRUMENTS["core_om"].scale("all"), np.ones(people.n, dtype=bool)
    rows = EstimateRows("many", "speed")
    sizes = Sizes(data.settings, data.rng, 7.1, "norm", True, not_run="above the limit")
    started = _now()
    add_sizes(rows, people, everybody, everybody, sizes, population="paired", **key)
    seconds["every size of change, closed intervals, by therapist, tests"] = _since(started)
    started = _now()
    group = group_of(data, people, scale)
    add_methods(rows, data, group, key)
    seconds["every method of reliable and clinical change, agreement"] = _since(started)
    started = _now()
    hit = people.improvement >= 5
    rate(int(hit.sum()), hit.size)
    clustered_rate(hit, people.frame["therapist_id"])
    seconds["rates, Wilson and by therapist"] = _since(started)
    rows.frame()
    return seconds


def _now() -> Seconds:
    return time.process_time(), time.perf_counter()


def _since(started: Seconds) -> Seconds:
    return time.process_time() - started[0], time.perf_counter() - started[1]


def table(parts: dict[str, dict[str, Seconds]], paired: int) -> str:
    """The measurements as Markdown."""
    lines = [
        "# Speed of the analyses of change",
        "",
        f"Made by `python benchmarks/change_speed.py` on {os.cpu_count()} cores ({platform.machine()}), Python "
        f"{platform.python_version()}, NumPy {np.__version__}; one process, one thread, imports included. CPU seconds are "
        "what it takes on a machine that does nothing else; wall seconds were taken with other work running.",
    ]
    titles = {
        "service": f"One service ({paired} people with both forms), 2,000 draws, 50 imputations (to stay under 60 s)",
        "many": "Closed forms, 1,000,000 people with both forms (to stay under 10 s)",
    }
    for name, seconds in parts.items():
        lines += ["", f"## {titles[name]}", "", "| | CPU seconds | wall seconds |", "|---|---|---|"]
        lines += [f"| {what} | {cpu:.1f} | {wall:.1f} |" for what, (cpu, wall) in seconds.items()]
        cpu, wall = (sum(part) for part in zip(*seconds.values(), strict=True))
        lines += [f"| **all** | **{cpu:.1f}** | **{wall:.1f}** |"]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure both parts and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    default = Path(__file__).with_suffix(".md")
    parser.add_argument("--output", type=Path, default=default)
    chosen = parser.parse_args()
    data = service()
    seconds: dict[str, Seconds] = {}
    for name in ANALYSES:
        started = _now()
        REGISTRY[name].load()(data)
        seconds[name] = _since(started)
    paired = int((data.tables["outcomes"].query("scale == 'all'")["pairing"] == "paired").sum())
    text = table({"service": seconds, "many": closed_forms(*many())}, paired)
    chosen.output.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
