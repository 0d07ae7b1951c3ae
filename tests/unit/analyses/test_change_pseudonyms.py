"""No number of the analyses of change depends, to the last bit, on the order of rows or the value of a pseudonym."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from naturalistic.analyses.change.people import started_on
from naturalistic.analyses.interface import AnalysisInput
from naturalistic.analyses.registry import REGISTRY
from naturalistic.reference.loader import load_instruments
from naturalistic.settings.config import AnalysisSettings
from tests.unit.analyses.simulated_cohort import simulated_tables

SETTINGS = AnalysisSettings.model_validate(
    {
        "resampling": {"bootstrap_draws": 100, "imputations": 5},
        "missing_outcomes": {"iterations": 2},
        "specification_curve": {"imputations": 5, "first_days": [(-28, 14)]},
        "bias": {"population_means": (4.8,)},
    }
)
NAMES = (
    "outcome_change",
    "clinical_change",
    "missing_outcomes",
    "bias",
    "benchmarks",
    "therapist_ratings",
    "session_scores",
)


def renamed(tables: dict[str, pd.DataFrame], seed: int) -> dict[str, pd.DataFrame]:
    """Other pseudonyms in another order, and rows in the order of the new pseudonyms."""
    rng = np.random.default_rng(seed)
    new = {}
    for column in ("referral_id", "patient_id", "therapist_id"):
        known = pd.concat([t[column].dropna() for t in tables.values() if column in t]).unique()
        new[column] = dict(zip(known, rng.permutation(len(known)) + 50_000, strict=True))
    out = {}
    for name, table in tables.items():
        ids = [c for c in new if c in table]
        other = table.assign(**{c: table[c].map(new[c]).astype(table[c].dtype) for c in ids})
        out[name] = other.sort_values(ids, kind="stable", ignore_index=True)
    return out


def given(tables: dict[str, pd.DataFrame]) -> AnalysisInput:
    rng = np.random.default_rng(9)
    return AnalysisInput("made", tables, SETTINGS, load_instruments(), rng=rng)


@pytest.mark.parametrize("name", NAMES)
def test_pseudonyms_do_not_reach_the_last_bit(name: str) -> None:
    tables = simulated_tables(140)
    analyse = REGISTRY[name].load()
    one, two = (analyse(given(t)).estimates for t in (tables, renamed(tables, 5)))
    pd.testing.assert_frame_equal(one, two, check_exact=True)


def test_people_stand_in_the_order_of_what_they_hold() -> None:
    tables = simulated_tables(140)
    one, two = (started_on(given(t)) for t in (tables, renamed(tables, 6)))
    np.testing.assert_array_equal(one.first, two.first)
    np.testing.assert_array_equal(one.last, two.last)
    ours, theirs = one.therapists(), two.therapists()
    assert ours is not None and theirs is not None
    np.testing.assert_array_equal(ours, theirs)
    # the check would see a difference: pseudonyms did change
    assert not one.frame["therapist_id"].equals(two.frame["therapist_id"])
