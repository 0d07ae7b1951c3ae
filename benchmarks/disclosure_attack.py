"""The attack on disclosure control over many synthetic cohorts, tiny ones included.

    python benchmarks/disclosure_attack.py --cohorts 200 --planted 100

writes `benchmarks/disclosure_attack.md`. What was done is kept in `--kept` (one line of JSON a cohort), so that a run
that was stopped goes on where it stopped.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.attack.canaries import fly  # noqa: E402
from tests.attack.cohorts import PLANTED, attack, exact_results, planted_case  # noqa: E402
from tests.attack.two_cuts import attack_both  # noqa: E402
from tests.unit.report import simulated  # noqa: E402

from naturalistic.analyses.registry import REGISTRY  # noqa: E402

SIZES = (
    8,
    12,
    16,
    20,
    25,
    30,
    40,
    50,
    70,
    100,
    150,
    220,
    300,
)  # people referred; every size in turn
MOST = (
    "participant_flow",
    "characteristics",
    "nice_alignment",
    "length_of_therapy",
    "clinical_change",
    "equity",
    "national_metrics",
    "dose_response",
    "attendance_over_time",
)
FEW = ("participant_flow", "characteristics", "nice_alignment", "clinical_change")
WHOLE = 2  # every so many cohorts all analyses, with the full report, its figures and the workbook
WHOLE = 1


def one(seed: int) -> dict[str, object]:
    """One cohort: nine analyses, bundle, brief and log; in every other one all analyses and the full report as well."""
    n, whole = SIZES[seed % len(SIZES)], seed % WHOLE == 0
    exact = exact_results(n, 1000 + seed, tuple(REGISTRY) if whole else MOST)
    with tempfile.TemporaryDirectory() as folder:
        start = time.process_time()
        found = attack(Path(folder), exact, pages=whole)
    return {
        "kind": "cohort",
        "seed": seed,
        "n": n,
        "whole": whole,
        "withheld": found.withheld,
        "recovered": len(found.recovered),
        "named": found.recovered[:20],
        "loss": asdict(found.loss),
        "read": found.read,
        "unexplained": found.unexplained,
        "seconds": time.process_time() - start,
    }


def planted(seed: int) -> dict[str, object]:
    """One small group planted beside one large one, without secondary suppression."""
    return {"kind": "planted", "seed": seed, "recovered": planted_case(seed)}


def cuts(seed: int) -> dict[str, object]:
    """Two data cuts of one cohort, one to nine months apart; the later one in knowledge of the earlier one, and not."""
    n, months = (40, 80, 120, 200)[seed % 4], 1 + seed % 9
    first = exact_results(n, 3000 + seed, FEW, cut=simulated.CUT - dt.timedelta(days=30 * months))
    second = exact_results(n, 3000 + seed, FEW)
    both, apart = attack_both(first, second), attack_both(first, second, compared=False)
    return {
        "kind": "cuts",
        "seed": seed,
        "withheld": both.withheld,
        "recovered": len(both.recovered),
        "recovered_apart": len(apart.recovered),
        "warned": both.warned,
    }


def canaries(seed: int) -> dict[str, object]:
    """Canaries in the extract of a whole run."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            flight = fly(Path(folder))
        finally:
            os.chdir(before)
    return {"kind": "canaries", "seed": seed, **asdict(flight)}


HEAD = (
    "People referred",
    "Cohorts",
    "Small counts withheld",
    "Recovered",
    "Numbers of people in words",
    "In no table",
    "Figures",
    "Withheld as small",
    "Withheld for others",
    "Share withheld for others",
    "With a coarser count",
    "Checked to the end",
)


def _line(n: object, mine: list[dict]) -> list[object]:
    """One line of the table."""
    lost = {name: sum(k["loss"][name] for k in mine) for name in mine[0]["loss"]}
    return [
        n,
        len(mine),
        *(sum(k[c] for k in mine) for c in ("withheld", "recovered", "read", "unexplained")),
        lost["given"],
        lost["withheld_primary"],
        lost["withheld_secondary"],
        f"{lost['withheld_secondary'] / max(lost['given'], 1):.1%}",
        lost["coarser"],
        f"{sum(bool(k['loss']['audited']) for k in mine)} of {len(mine)}",
    ]


def _lines(cohorts: list[dict]) -> list[str]:
    """A table by size of the cohort."""
    rows = [
        _line(n, mine)
        for n in (*SIZES, "all")
        if (mine := [k for k in cohorts if n in ("all", k["n"])])
    ]
    texts = ["| " + " | ".join(map(str, row)) + " |" for row in (HEAD, *rows)]
    return [texts[0], "|" + "---:|" * len(HEAD), *texts[1:], ""]


def table(kept: list[dict]) -> str:
    """The results as a page."""
    cohorts = [k for k in kept if k["kind"] == "cohort"]
    cases = [k for k in kept if k["kind"] == "planted"]
    won = sum(bool(k["recovered"]) for k in cases)
    lines = [
        "# Attack on disclosure control",
        "",
        "Made by `python benchmarks/disclosure_attack.py`. Profile `opensafely`; simulated cohorts. The attack",
        "(`tests/attack/attacker.py`) shares no code with the protector. It reads all that lies in the release folder:",
        "tables, bundle, log, brief, and, where all analyses were run, the full report with its figures and the",
        "workbook. It works numbers of people back from spreads, errors, limits and degrees of freedom, and solves integer",
        "programmes. A withheld count of 0 to 7 (of people without a value: 1 to 7) is *recovered* when its range leaves",
        "out any of those numbers. A number of people said in words that stands in no table counts as known exactly.",
        "",
        *_lines(cohorts),
        f"Of these, {sum(k['whole'] for k in cohorts)} with all analyses and the full report:",
        "",
        *_lines([k for k in cohorts if k["whole"]]),
        f"Without secondary suppression (a switch of the tests, not of the settings) the same attack recovers {won} of "
        f"{len(cases)} planted small counts.",
        "",
        *_two_cuts([k for k in kept if k["kind"] == "cuts"]),
        *_canaries([k for k in kept if k["kind"] == "canaries"]),
    ]
    return "\n".join(lines)


def _two_cuts(pairs: list[dict]) -> list[str]:
    """What two releases of one cohort give away together."""
    if not pairs:
        return []
    total = {c: sum(k[c] for k in pairs) for c in ("withheld", "recovered", "recovered_apart")}
    return [
        f"Two data cuts of one cohort, {len(pairs)} pairs, attacked together: of {total['withheld']} small counts withheld "
        f"in either, {total['recovered']} recovered. Were the later cut released without the ledger of the earlier one: "
        f"{total['recovered_apart']}.",
        "",
    ]


def _canaries(runs: list[dict]) -> list[str]:
    """What became of the canaries."""
    lines: list[str] = []
    for run in runs:
        found = [kind for kind, _ in run["found"]]
        lines += [
            "## Canaries",
            "",
            f"Planted in the extract of a whole run (`tests/attack/canaries.py`), looked for in {run['files']} released "
            f"files, logs and messages: {run['searched']:,} bytes, packed parts unpacked.",
            "",
            "| Canary | Planted | Found |",
            "|---|---:|---:|",
            *(f"| {kind} | {n} | {found.count(kind)} |" for kind, n in run["planted"].items()),
            "",
        ]
    return lines


def main() -> None:
    """Run what is not done yet and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cohorts", type=int, default=200)
    parser.add_argument("--planted", type=int, default=PLANTED)
    parser.add_argument("--cuts", type=int, default=24, help="pairs of data cuts")
    parser.add_argument("--canaries", type=int, default=1, help="whole runs with canaries")
    parser.add_argument(
        "--kept", type=Path, default=Path(tempfile.gettempdir()) / "disclosure_attack.jsonl"
    )
    parser.add_argument("--minutes", type=float, default=1e9)
    parser.add_argument("--part", type=int, default=0, help="one of --parts that run side by side")
    parser.add_argument("--parts", type=int, default=1)
    arguments = parser.parse_args()
    kept = (
        [json.loads(x) for x in arguments.kept.read_text().splitlines()]
        if arguments.kept.exists()
        else []
    )
    done = {(k["kind"], k["seed"]) for k in kept}
    end = time.monotonic() + 60 * arguments.minutes
    jobs = [("planted", planted, s) for s in range(arguments.planted)]
    jobs += [("cohort", one, s) for s in range(arguments.cohorts)]
    jobs += [("cuts", cuts, s) for s in range(arguments.cuts)]
    jobs += [("canaries", canaries, s) for s in range(arguments.canaries)]
    with arguments.kept.open("a", encoding="utf-8") as out:
        for kind, run, seed in jobs:
            mine = seed % arguments.parts == arguments.part
            if mine and (kind, seed) not in done and time.monotonic() < end:
                kept.append(run(seed))
                out.write(json.dumps(kept[-1]) + "\n")
                out.flush()
    (ROOT / "benchmarks" / "disclosure_attack.md").write_text(table(kept), encoding="utf-8")


if __name__ == "__main__":
    main()
