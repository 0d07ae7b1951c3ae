"""Calibration of the run-off forecast of a closing service.

    python benchmarks/run_off_calibration.py --seeds 1000

Each seed draws the synthetic Hirschfeld cohort of docs/synthetic.md anew and sets a day of notice three years before
its data end. The forecast sees only what was known on that day; what then became of those in therapy is counted in the
full data: the service of the cohort is not closed, so they are followed as under "closed to new referrals". Writes the
table beside this file. The results of every cohort are kept (`--kept`): an interrupted run goes on where it stopped.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from naturalistic.analyses.closing.caseload import WAYS, caseload_on
from naturalistic.analyses.closing.forecast import DAYS_A_MONTH, add_run_off
from naturalistic.analyses.interface import EstimateRows
from naturalistic.cohort.episodes import derive_episodes
from naturalistic.cohort.synthetic import canonical_tables, simulate
from naturalistic.cohort.synthetic.presets import HIRSCHFELD
from naturalistic.settings.closing import Closing
from naturalistic.settings.config import AnalysisSettings

FIRST_SEED = 9000
YEARS_BEFORE_THE_END = 3
MONTHS = (3, 6, 12, 18, 24)
DRAWS = 1000
LOST_CONTACT_WEEKS = 8


def one_seed(seed: int) -> pd.DataFrame:
    """Forecast, band and what happened, by way and month."""
    made = simulate(HIRSCHFELD, seed)
    tables = canonical_tables(made)
    cut = pd.Timestamp(made.model.pathway.data_cut)
    settings = AnalysisSettings(closing=Closing(months_to_closing=MONTHS))
    episodes = derive_episodes(
        tables["patients"], tables["referrals"], tables["sessions"], cut.date(), settings
    )
    day = cut - pd.DateOffset(years=YEARS_BEFORE_THE_END)
    load = caseload_on(episodes, day, LOST_CONTACT_WEEKS)
    rows = EstimateRows("synthetic", "decommissioning")
    add_run_off(rows, load, settings.closing, DRAWS, np.random.default_rng([seed, 1]))
    found = rows.frame()
    found = found[found["status"] == "ok"][["term", "time", "estimate", "conf_low", "conf_high"]]
    happened = _happened(episodes, load.in_therapy["referral_id"], cut, day)
    merged = found.merge(happened, on=["term", "time"])
    return merged.assign(seed=seed, people=len(load.in_therapy))


def _happened(
    episodes: pd.DataFrame, referrals: pd.Series, cut: pd.Timestamp, day: pd.Timestamp
) -> pd.DataFrame:
    """Shares of the caseload in each state later, from the full data."""
    later = caseload_on(episodes, cut, LOST_CONTACT_WEEKS)
    seen = later.seen.assign(weeks=later.weeks, way=later.way).set_index("referral_id")
    here = seen.loc[referrals.to_numpy()]
    since_start = (day - here["first_session_date"]).dt.days.to_numpy() / 7
    weeks_after = here["weeks"].to_numpy() - since_start
    way: npt.NDArray[np.int64] = here["way"].to_numpy()
    rows = []
    for months in MONTHS:
        gone = (way > 0) & (weeks_after <= round(months * DAYS_A_MONTH / 7))
        rows.append(("cut_short", months, float(np.mean(~gone))))
        rows += [
            (name, months, float(np.mean(gone & (way == j + 1)))) for j, name in enumerate(WAYS)
        ]
    return pd.DataFrame(rows, columns=["term", "time", "happened"])


def all_seeds(seeds: int, kept: Path) -> pd.DataFrame:
    """Every cohort; those of an earlier, interrupted run are read back."""
    done = pd.read_json(kept, lines=True) if kept.exists() else pd.DataFrame({"seed": []})
    wanted = range(FIRST_SEED, FIRST_SEED + seeds)
    parts = [done[done["seed"].isin(wanted)]]
    for seed in sorted(set(wanted) - set(done["seed"])):
        parts.append(one_seed(seed))
        with kept.open("a", encoding="utf-8") as file:
            parts[-1].to_json(file, orient="records", lines=True, double_precision=12)
    return pd.concat(parts[1:] if parts[0].empty else parts, ignore_index=True)


def table(rows: pd.DataFrame, seeds: int) -> str:
    """The committed table."""
    inside = (rows["happened"] >= rows["conf_low"] - 1e-9) & (
        rows["happened"] <= rows["conf_high"] + 1e-9
    )
    rows = rows.assign(
        inside=inside,
        error=rows["estimate"] - rows["happened"],
        width=rows["conf_high"] - rows["conf_low"],
    )
    cohorts = rows["seed"].nunique()
    error = 100 * np.sqrt(0.09 / cohorts)
    lines = [
        "# Run-off forecast: does the 90 % band hold?",
        "",
        f"Made by `python benchmarks/run_off_calibration.py --seeds {seeds}`: {cohorts} synthetic cohorts, notice "
        f"{YEARS_BEFORE_THE_END} years before the data end, {rows['people'].mean():.0f} people in therapy on average, "
        f"{DRAWS} simulated run-offs each. Monte-Carlo error of a coverage: {error:.1f} points. Numbers are whole people, "
        "so bands of small shares hold a little more than they promise.",
        "",
        "| of those in therapy | months after notice | mean forecast | happened | bias | band holds | mean width |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for (term, time), group in rows.groupby(["term", "time"], sort=True):
        means = 100 * group[["estimate", "happened", "error", "inside", "width"]].mean()
        lines.append(
            f"| {str(term).replace('_', ' ')} | {time:.0f} | {means['estimate']:.1f} % | {means['happened']:.1f} % | "
            f"{means['error']:+.1f} | {means['inside']:.1f} % | {means['width']:.0f} |"
        )
    return "\n".join(lines) + "\n"


def main() -> None:
    """Run the seeds and write the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=1000)
    parser.add_argument("--output", type=Path, default=Path(__file__).with_suffix(".md"))
    kept = Path(tempfile.gettempdir()) / "run_off_calibration.jsonl"
    parser.add_argument("--kept", type=Path, default=kept)
    asked = parser.parse_args()
    rows = all_seeds(asked.seeds, asked.kept)
    asked.output.write_text(table(rows, asked.seeds), encoding="utf-8")
    print(f"Wrote {asked.output}")


if __name__ == "__main__":
    main()
