"""Whole analyses on synthetic cohorts of up to a million people: processor time and memory above the loaded tables.

    python benchmarks/model_analyses.py                                  # 30,000, 100,000 and 1,000,000 people
    python benchmarks/model_analyses.py --people 30000 --output /tmp/try.md
    python benchmarks/model_analyses.py --people 100000 --every-session  # a form at every session: growth models

The three analyses of attendance and the outcome models, tables to estimates, on the preset `scale` with one service of 50
therapists for every 5,000 people; six characteristics as predictors. Each analysis has a process of its own and one thread.
Rows of other sizes already in the table stay.
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
import platform
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

ANALYSES = ("attendance", "attendance_over_time", "dose_response", "outcome_models")
PREDICTORS = (
    "age",
    "gender",
    "ethnicity",
    "relationship_status",
    "employment",
    "deprivation_decile",
)
SEED = 5
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
HEADER = "| people | forms | analysis | sessions booked | rows of estimates | seconds | GB above the tables |"


def make(people: int, every_session: bool, target: Path) -> None:
    """Tables of a synthetic cohort, as an analysis reads them."""
    from naturalistic.cohort.episodes import derive_episodes
    from naturalistic.cohort.outcomes import derive_outcomes
    from naturalistic.cohort.scoring import score_questionnaires
    from naturalistic.cohort.synthetic import canonical_tables, simulate
    from naturalistic.cohort.synthetic.presets import SCALE
    from naturalistic.reference.loader import load_instruments
    from naturalistic.settings.config import AnalysisSettings

    forms = replace(SCALE.forms, every_session=0.95) if every_session else SCALE.forms
    organisation = replace(SCALE.organisation, services=max(people // 5000, 1))
    model = replace(SCALE, n_people=people, organisation=organisation, forms=forms)
    tables = canonical_tables(simulate(model, SEED))
    settings, instruments = AnalysisSettings(), load_instruments()
    three = (tables[name] for name in ("patients", "referrals", "sessions"))
    tables["episodes"] = derive_episodes(*three, model.pathway.data_cut, settings)
    tables["scores"] = score_questionnaires(tables.pop("questionnaires"), instruments)
    tables["outcomes"] = derive_outcomes(
        tables["scores"], tables["episodes"], instruments, settings, tables["patients"]
    )
    with target.open("wb") as file:
        pickle.dump(tables, file)


def measure(name: str, source: Path) -> dict[str, Any]:
    """Processor time and memory of one analysis in this process."""
    from naturalistic.analyses.interface import AnalysisInput
    from naturalistic.analyses.registry import REGISTRY
    from naturalistic.reference.loader import load_instruments
    from naturalistic.settings.config import AnalysisSettings

    with source.open("rb") as file:
        tables = pickle.load(file)
    given = AnalysisInput(
        "synthetic",
        {table: tables[table] for table in REGISTRY[name].tables},
        AnalysisSettings(predictors=PREDICTORS),
        load_instruments(),
    )
    booked = len(tables["sessions"])
    del tables
    analyse = import_module(f"naturalistic.analyses.{name}").analyse
    loaded, start = _peak(), time.process_time()
    rows = len(analyse(given).estimates)
    return {
        "seconds": time.process_time() - start,
        "gigabytes": _peak() - loaded,
        "rows": rows,
        "booked": booked,
    }


def _peak() -> float:
    """Peak resident memory of this process so far, GB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2


def study(people: int, every_session: bool, analyses: tuple[str, ...], output: Path) -> None:
    """Measure the analyses at one size and put their rows into the table."""
    forms = "every session" if every_session else "start, reviews, end"
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "tables.pickle"
        _again(["--make", str(target), "--people", str(people)], every_session)
        for name in analyses:
            found = json.loads(_again(["--measure", name, "--source", str(target)], False))
            row = (
                f"| {people:,} | {forms} | {name} | {found['booked']:,} | {found['rows']:,} | "
                f"{found['seconds']:.1f} | {found['gigabytes']:.2f} |"
            )
            print(row, flush=True)
            write(output, row)


def _again(options: list[str], every_session: bool) -> str:
    command = [
        sys.executable,
        __file__,
        *options,
        *(["--every-session"] if every_session else []),
    ]
    done = subprocess.run(
        command, check=True, stdout=subprocess.PIPE, text=True, env={**os.environ, **ONE_THREAD}
    )
    return done.stdout


def write(output: Path, row: str) -> None:
    """Put a row in its place; a row of the same cohort and analysis gives way."""
    before = output.read_text().splitlines() if output.exists() else []
    rows = [line for line in before if line.startswith("| ") and line != HEADER]
    rows = [line for line in rows if line.split("|")[1:4] != row.split("|")[1:4]]
    rows.append(row)
    rows.sort(key=lambda line: (int(line.split("|")[1].replace(",", "")), line.split("|")[2:4]))
    lines = [
        "# Analyses of attendance and of outcomes, from the tables to the estimates",
        "",
        "Made by `python benchmarks/model_analyses.py` (and `--every-session` for a form at every session): "
        "preset `scale`, one service of 50 therapists for every 5,000 people, six predictors. Processor time "
        f"of one thread; memory above the loaded tables. Python {platform.python_version()}.",
        "",
        HEADER,
        "|---:|---|---|---:|---:|---:|---:|",
        *rows,
        "",
        "Every session: growth models of seven million forms in 42 columns; up to 300,000 people therapists are crossed "
        "with people, above that each form counts for the main therapist. At 100,000 people the crossed analysis took 244 "
        "seconds and 2.0 GB with 400 bootstrap draws, which by default are not run there (`full_inference_up_to`). The "
        "million with every session was measured before designs were made in slices; its peak has not been measured since.",
        "",
    ]
    output.write_text("\n".join(lines))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, nargs="*", default=[30_000, 100_000, 1_000_000])
    parser.add_argument("--every-session", action="store_true")
    parser.add_argument("--analyses", nargs="*", choices=ANALYSES, default=ANALYSES)
    parser.add_argument("--output", type=Path, default=Path(__file__).with_suffix(".md"))
    parser.add_argument("--make", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    parser.add_argument("--source", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.make:
        make(chosen.people[0], chosen.every_session, chosen.make)
    elif chosen.measure:
        print(json.dumps(measure(chosen.measure, chosen.source)))
    else:
        for people in chosen.people:
            study(people, chosen.every_session, tuple(chosen.analyses), chosen.output)


if __name__ == "__main__":
    main()
