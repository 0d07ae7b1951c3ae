"""Synthetic cohorts for the attack: exact estimates, what is released of them, and the truth an attack is held against."""

from __future__ import annotations

import tempfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from naturalistic import files
from naturalistic.analyses.interface import AnalysisInput
from naturalistic.analyses.registry import REGISTRY
from naturalistic.cohort.episodes import derive_episodes
from naturalistic.cohort.outcomes import derive_outcomes
from naturalistic.reference.loader import load_instruments
from naturalistic.release.disclosure import Protected, protect_cohort
from naturalistic.release.profiles import load_profile
from naturalistic.settings.config import AnalysisSettings
from tests.attack.attacker import SLOTS, Attacker, Slot, read_release
from tests.unit.report import simulated

ANALYSES = (
    "participant_flow",
    "characteristics",
    "outcome_change",
    "clinical_change",
    "length_of_therapy",
    "nice_alignment",
)


def exact_estimates(
    n: int,
    seed: int,
    analyses: tuple[str, ...] = ANALYSES,
    planted: tuple[str, int] | None = None,
) -> dict[str, pd.DataFrame]:
    """Estimates at full precision of a simulated cohort of `n` referred people.

    `planted` names a yes-or-no characteristic and how many have it (see `_plant`).
    """
    shape = simulated.Shape(n=n, seed=seed, scales=("all",), therapists=max(2, n // 25))
    tables = simulated._tables(shape, np.random.default_rng(seed))
    settings = AnalysisSettings.model_validate(
        {
            "resampling": {"bootstrap_draws": 100},
            "primary": {"instrument": "core_om", "scale": "all"},
        }
    )
    instruments = load_instruments()
    if planted:
        _plant(tables, *planted)
    tables["episodes"] = derive_episodes(
        tables["patients"],
        tables["referrals"],
        tables["sessions"],
        simulated.CUT,
        settings,
        calendar="real",
    )
    tables["outcomes"] = derive_outcomes(
        tables["scores"], tables["episodes"], instruments, settings, tables["patients"]
    )
    found = {}
    for name in analyses:
        entry = REGISTRY[name]
        found[name] = entry.load()(
            AnalysisInput(
                cohort="simulated",
                tables={table: tables[table] for table in entry.tables},
                settings=settings,
                instruments=instruments,
                calendar="real",
                rng=np.random.default_rng([1, zlib.crc32(name.encode())]),
            )
        ).estimates.reset_index(drop=True)
    return found


def _plant(tables: dict[str, pd.DataFrame], name: str, number: int) -> None:
    """So many (or the next number) of those who started have a characteristic, some are not recorded, the rest have not.

    The number not recorded is such that what is shown, all of it rounded, leaves out some number of 0 to 7.
    """
    seen = tables["sessions"]["attendance"].astype(str).isin(["attended", "attended_late"])
    treatment = tables["sessions"]["contact_type"].astype(str).str.contains("treatment")
    ids = tables["referrals"].set_index("referral_id")["patient_id"]
    started = ids[ids.index.isin(tables["sessions"].loc[seen & treatment, "referral_id"])]
    started = started.drop_duplicates().to_numpy()

    def shown(count: int) -> int:
        return int(np.floor(count / 5 + 0.5) * 5)

    total = len(started)
    number, unknown = next(
        (k, m)
        for k in (*range(number, 8), *range(1, number))
        for m in range(8, 30)
        if shown(total) - shown(m) - shown(total - m - k) != 5 and total - m - k > 7
    )
    place = {person: i for i, person in enumerate(started)}
    order = tables["patients"]["patient_id"].map(place).fillna(total)
    flag = np.where(order < number, "yes", np.where(order < number + unknown, None, "no"))
    dtype = tables["patients"][name].dtype
    tables["patients"][name] = pd.Series(flag, dtype="object").astype(dtype).to_numpy()


@dataclass
class Outcome:
    """What an attack on one cohort came to."""

    withheld: int  # small counts withheld
    recovered: list[tuple[str, str]]  # key and column of those narrowed down
    loss: tuple[
        int, int, int, int
    ]  # figures given, withheld on their own, for others' sake, rounded more coarsely


def write_release(folder: Path, protected: Protected) -> None:
    """The release folder of a cohort, as the workflow writes it."""
    for name, frame in protected.estimates.items():
        files.write_csv(folder / "estimates" / f"{name}.csv", frame)
    files.write_csv(folder / "coarser_counts.csv", protected.coarser)


def attack(
    folder: Path,
    exact: Mapping[str, pd.DataFrame],
    profile_name: str = "opensafely",
    *,
    secondary: bool = True,
) -> Outcome:
    """Protect, release to `folder`, and attack what lies there."""
    profile = load_profile(profile_name)
    protected = protect_cohort(exact, profile_name, secondary=secondary)
    write_release(folder, protected)
    released = read_release(folder, profile.threshold, profile.rounding_base)
    truth = pd.concat([exact[n] for n in sorted(exact) if len(exact[n])], ignore_index=True)
    assert len(truth) == len(released.rows)
    values = {c: truth[c].astype("float64").to_numpy() for c in SLOTS}

    def oracle(terms: list[tuple[Slot, int]], question: str) -> bool:
        numbers = [values[column][row] * sign for (row, column), sign in terms]
        if question == "exists":
            return bool(np.isfinite(numbers[0]))
        if question == "any":
            return numbers[0] > 0
        if question.startswith("in"):
            low, high = map(float, question.split()[1:])
            return low <= numbers[0] <= high
        return sum(numbers) == 0 if question == "=" else sum(numbers) <= 0

    attacker = Attacker(released, oracle)
    targets = _small_and_withheld(released.rows, values, profile.threshold)
    lost = attacker.recovered(targets, lambda slot: 1 if slot[1] == "n_missing" else 0)
    named = [
        (",".join(released.rows.loc[row, ["analysis", "population", "term", "dimensions"]]), column)
        for row, column in lost
    ]
    loss = protected.loss
    return Outcome(
        len(targets),
        named,
        (loss.given, loss.withheld_primary, loss.withheld_secondary, loss.coarser),
    )


def _small_and_withheld(
    rows: pd.DataFrame, values: dict[str, np.ndarray], threshold: int
) -> list[Slot]:
    """Counts of 0 (of people without a value: 1) to the threshold that are not shown."""
    found = []
    for column in SLOTS:
        least = 1 if column == "n_missing" else 0
        small = (values[column] >= least) & (values[column] <= threshold)
        hidden = (rows[column] == "").to_numpy()
        assert hidden[small].all(), f"a small {column} is shown"
        found += [(int(row), column) for row in np.flatnonzero(small)]
    return found


PLANTED = 100
YES_OR_NO = ("benefits", "medication", "long_term_condition", "prior_treatment")


def planted_case(seed: int, *, secondary: bool = False) -> bool:
    """Whether a small group planted beside everybody else is narrowed down.

    Between 1 and 7 of those who started have a characteristic, all others have not, and no one's is unknown.
    """
    rng = np.random.default_rng([7, seed])
    name, number = YES_OR_NO[seed % len(YES_OR_NO)], int(rng.integers(1, 8))
    exact = exact_estimates(
        int(rng.integers(60, 200)),
        5000 + seed,
        ("participant_flow", "characteristics"),
        (name, number),
    )
    with tempfile.TemporaryDirectory() as folder:
        found = attack(Path(folder), exact, secondary=secondary)
    return any(f"{name}=yes" in key and "started" in key for key, _ in found.recovered)
