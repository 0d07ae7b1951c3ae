"""The attack on disclosure control over many synthetic cohorts, tiny ones included.

    python benchmarks/disclosure_attack.py --cohorts 200 --planted 100

writes `benchmarks/disclosure_attack.md`. What was done is kept in `--kept` (one line of JSON a cohort), so that a run
that was stopped goes on where it stopped.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.attack.cohorts import PLANTED, attack, exact_estimates, planted_case  # noqa: E402

SIZES = (8, 12, 16, 20, 25, 30, 40, 50, 70, 100)  # people referred; every size in turn
MOST = ("participant_flow", "characteristics", "nice_alignment")
SOME = (*MOST, "length_of_therapy", "clinical_change", "outcome_change")


def one(seed: int) -> dict[str, object]:
    """One cohort: every eleventh with curves, categories of change and change by every breakdown as well."""
    n = SIZES[seed % len(SIZES)]
    analyses = SOME if seed % 11 == 0 else MOST
    exact = exact_estimates(n, 1000 + seed, analyses)
    with tempfile.TemporaryDirectory() as folder:
        start = time.process_time()
        found = attack(Path(folder), exact)
    return {
        "kind": "cohort",
        "seed": seed,
        "n": n,
        "withheld": found.withheld,
        "recovered": len(found.recovered),
        "loss": found.loss,
        "seconds": time.process_time() - start,
    }


def planted(seed: int) -> dict[str, object]:
    """One small group planted beside one large one, without secondary suppression."""
    return {"kind": "planted", "seed": seed, "recovered": planted_case(seed)}


def table(kept: list[dict]) -> str:
    """The results as a page."""
    lines = [
        "# Attack on disclosure control",
        "",
        "Made by `python benchmarks/disclosure_attack.py`. Profile `opensafely`; simulated cohorts; the attack",
        "(`tests/attack/attacker.py`) reads the release folder, shares no code with the protector and solves",
        "integer programmes. A withheld count of 0 to 7 (of people without a value: 1 to 7) is *recovered* when its",
        "feasible range leaves out any of those numbers.",
        "",
        "| People referred | Cohorts | Small counts withheld | Recovered | Figures given | Withheld as small "
        "| Withheld for others | Share withheld for others | With a coarser count |",
        "|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    cohorts = [k for k in kept if k["kind"] == "cohort"]
    for n in (*SIZES, "all"):
        mine = [k for k in cohorts if n in ("all", k["n"])]
        if mine:
            given, small, others, coarse = (sum(k["loss"][i] for k in mine) for i in range(4))
            counts = [sum(k[c] for k in mine) for c in ("withheld", "recovered")]
            row = [
                n,
                len(mine),
                *counts,
                given,
                small,
                others,
                f"{others / max(given, 1):.1%}",
                coarse,
            ]
            lines.append("| " + " | ".join(map(str, row)) + " |")
    cases = [k for k in kept if k["kind"] == "planted"]
    won = sum(bool(k["recovered"]) for k in cases)
    lines += [
        "",
        f"Without secondary suppression (a switch of the tests, not of the settings) the same attack recovers {won} of "
        f"{len(cases)} planted small counts.",
        "",
    ]
    return "\n".join(lines)


def main() -> None:
    """Run what is not done yet and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cohorts", type=int, default=200)
    parser.add_argument("--planted", type=int, default=PLANTED)
    parser.add_argument(
        "--kept", type=Path, default=Path(tempfile.gettempdir()) / "disclosure_attack.jsonl"
    )
    parser.add_argument("--minutes", type=float, default=1e9)
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
    with arguments.kept.open("a", encoding="utf-8") as out:
        for kind, run, seed in jobs:
            if (kind, seed) not in done and time.monotonic() < end:
                kept.append(run(seed))
                out.write(json.dumps(kept[-1]) + "\n")
                out.flush()
    (ROOT / "benchmarks" / "disclosure_attack.md").write_text(table(kept), encoding="utf-8")


if __name__ == "__main__":
    main()
