"""Synthetic cohorts for the attack: exact estimates, what is released of them, and the truth an attack is held against."""

from __future__ import annotations

import datetime as dt
import tempfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from naturalistic.analyses.interface import AnalysisInput
from naturalistic.analyses.registry import REGISTRY
from naturalistic.cohort.episodes import derive_episodes
from naturalistic.cohort.outcomes import derive_outcomes
from naturalistic.reference.loader import load_instruments
from naturalistic.release.disclosure import Loss, protect_cohort
from naturalistic.release.profiles import load_profile
from naturalistic.settings.config import AnalysisSettings
from tests.attack.attacker import Attacker
from tests.attack.reading import SLOTS, read_release
from tests.attack.releasing import Exact, write_release
from tests.attack.system import Slot
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
    """Estimates at full precision of a simulated cohort of `n` referred people (see `exact_results`)."""
    return dict(exact_results(n, seed, analyses, planted).estimates)


def exact_results(
    n: int,
    seed: int,
    analyses: tuple[str, ...] = ANALYSES,
    planted: tuple[str, int] | None = None,
    cut: dt.date = simulated.CUT,
) -> Exact:
    """What the analyses of a simulated cohort of `n` referred people come to, by what was known on the day of the cut.

    `planted` names a yes-or-no characteristic and how many have it (see `_plant`).
    """
    shape = simulated.Shape(n=n, seed=seed, scales=("all",), therapists=max(2, n // 25))
    tables = _known_by(cut, simulated._tables(shape, np.random.default_rng(seed)))
    settings = AnalysisSettings.model_validate(
        {
            "resampling": {"bootstrap_draws": 100, "imputations": 5},
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
        cut,
        settings,
        calendar="real",
    )
    tables["outcomes"] = derive_outcomes(
        tables["scores"], tables["episodes"], instruments, settings, tables["patients"]
    )
    estimates, covariances = {}, {}
    for name in analyses:
        entry = REGISTRY[name]
        found = entry.load()(
            AnalysisInput(
                cohort="simulated",
                tables={table: tables[table] for table in entry.tables},
                settings=settings,
                instruments=instruments,
                calendar="real",
                rng=np.random.default_rng([1, zlib.crc32(name.encode())]),
            )
        )
        estimates[name] = found.estimates.reset_index(drop=True)
        covariances[name] = found.covariances
    return Exact(estimates, covariances, settings)


def _known_by(cut: dt.date, tables: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """The tables as they stood on an earlier day: later referrals, contacts, forms and endings are not there yet."""
    if cut >= simulated.CUT:
        return tables
    day = pd.Timestamp(cut)
    referrals = tables["referrals"]
    referrals = referrals[pd.to_datetime(referrals["received_date"]) <= day].copy()
    open_still = pd.to_datetime(referrals["discharge_date"]) > day
    for column in ("discharge_date", "ending"):
        referrals[column] = referrals[column].mask(open_still)
    known = {**tables, "referrals": referrals.reset_index(drop=True)}
    ids = set(referrals["referral_id"])
    for name in ("sessions", "scores"):
        frame = tables[name]
        kept = frame["referral_id"].isin(ids) & (pd.to_datetime(frame["date"]) <= day)
        known[name] = frame[kept].reset_index(drop=True)
    people = tables["patients"]
    known["patients"] = people[people["patient_id"].isin(set(referrals["patient_id"]))].reset_index(
        drop=True
    )
    return known


def _plant(tables: dict[str, pd.DataFrame], name: str, number: int) -> None:
    """So many (or the next number) of those who started have a characteristic, some are not recorded, the rest have not.

    The number not recorded is such that what is shown, all of it rounded, leaves out some number of 0 to 7.
    """
    seen = tables["sessions"]["attendance"].astype(str).isin(["attended", "attended_late"])
    treatment = tables["sessions"]["contact_type"].astype(str).str.contains("treatment")
    ids = tables["referrals"].set_index("referral_id")["patient_id"]
    started = ids[ids.index.isin(tables["sessions"].loc[seen & treatment, "referral_id"])]
    people = started.drop_duplicates().to_numpy()

    def shown(count: int) -> int:
        return int(np.floor(count / 5 + 0.5) * 5)

    total = len(people)
    number, unknown = next(
        (k, m)
        for k in (*range(number, 8), *range(1, number))
        for m in range(8, 30)
        if shown(total) - shown(m) - shown(total - m - k) != 5 and total - m - k > 7
    )
    place = {person: i for i, person in enumerate(people)}
    order = tables["patients"]["patient_id"].map(place).fillna(total).to_numpy()
    flag = np.full(len(order), "no", dtype=object)
    flag[order < number + unknown] = None
    flag[order < number] = "yes"
    dtype = tables["patients"][name].dtype
    tables["patients"][name] = pd.Series(flag, dtype="object").astype(dtype).to_numpy()


@dataclass
class Outcome:
    """What an attack on one cohort came to."""

    withheld: int  # small counts withheld
    recovered: list[tuple[str, str]]  # key and column of those narrowed down
    loss: Loss
    read: int  # numbers of people read in pages, figures and texts
    unexplained: int  # of them, those that stand in no table


def attack(
    folder: Path,
    exact: Exact | Mapping[str, pd.DataFrame],
    profile_name: str = "opensafely",
    *,
    secondary: bool = True,
    pages: bool = False,
) -> Outcome:
    """Protect, release to `folder`, and attack what lies there."""
    results = exact if isinstance(exact, Exact) else Exact(exact)
    profile = load_profile(profile_name)
    lead = results.settings.primary
    protected = protect_cohort(
        results.estimates, profile_name, primary=(lead.instrument, lead.scale), secondary=secondary
    )
    write_release(folder, results, protected, profile_name, pages=pages)
    released = read_release(folder, profile.threshold, profile.rounding_base)
    truth = Truth.of(results.estimates)
    assert len(truth.values["n_patients"]) == len(released.rows)
    attacker = Attacker(released, truth.says)
    targets = small_and_withheld(released.rows, truth.values, profile.threshold)
    lost = attacker.recovered(targets, lambda slot: 1 if slot[1] == "n_missing" else 0)
    named = [
        (",".join(str(released.rows.at[row, c]) for c in NAMED), column) for row, column in lost
    ]
    return Outcome(len(targets), named, protected.loss, released.read, len(released.said))


@dataclass(frozen=True)
class Truth:
    """True counts of every row, in the order of the released tables."""

    values: dict[str, np.ndarray]

    @classmethod
    def of(cls, estimates: Mapping[str, pd.DataFrame]) -> Truth:
        """Of the estimates at full precision."""
        parts = [estimates[n] for n in sorted(estimates) if len(estimates[n])]
        joined = pd.concat(parts, ignore_index=True)
        return cls({c: joined[c].astype("float64").to_numpy() for c in SLOTS})

    def says(self, terms: list[tuple[Slot, int]], question: str) -> bool:
        """Whether something holds in truth (see `Attacker`)."""
        numbers = [self.values[column][row] * sign for (row, column), sign in terms]
        if question == "exists":
            return bool(np.isfinite(numbers[0]))
        if question == "any":
            return numbers[0] > 0
        if question.startswith("in"):
            low, high = map(float, question.split()[1:])
            return low <= numbers[0] <= high
        return sum(numbers) == 0 if question == "=" else sum(numbers) <= 0


def small_and_withheld(
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
NAMED = ("analysis", "population", "term", "dimensions")
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
