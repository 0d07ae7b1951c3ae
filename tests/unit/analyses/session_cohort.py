"""Simulated people with a form at every session: improvement slows down, who improves less leaves sooner."""

from __future__ import annotations

import numpy as np
import pandas as pd

from naturalistic.tables.derived import SCORES
from tests.unit.analyses.simulated_cohort import DAY, simulated_tables

GAIN = 2.0  # points for every doubling of the session number
SPREAD = 0.8  # SD of the gain between people


def session_tables(n: int = 160, *, seed: int = 11) -> dict[str, pd.DataFrame]:
    """Tables of `simulated_tables` whose scores follow the logarithm of the session number."""
    rng = np.random.default_rng(seed)
    tables = simulated_tables(n, missing=False, seed=seed)
    gain = rng.normal(GAIN, SPREAD, n)
    start = tables["outcomes"]["first_score"].to_numpy(dtype=float)
    leaves = rng.random(n) < 1 / (1 + np.exp(2.0 * (gain - GAIN + 0.4)))
    attended = np.where(leaves, rng.integers(4, 9, n), rng.integers(10, 18, n))
    person = np.repeat(np.arange(n), attended)
    session = np.concatenate([np.arange(1, k + 1) for k in attended])
    score = start[person] - gain[person] * np.log2(session) + rng.normal(0, 2.0, len(person))
    days = [DAY + pd.Timedelta(weeks=int(s - 1)) for s in session]
    ids = tables["episodes"]["referral_id"].to_numpy()
    tables["scores"] = SCORES.conform(
        pd.DataFrame(
            {
                "referral_id": ids[person],
                "date": days,
                "score": score,
                "session_number": session,
                "form_id": np.arange(len(person)),
                "instrument": "core_om",
                "scale": "all",
            }
        )
    )
    last = pd.Series(score).groupby(person).last().to_numpy()
    tables["outcomes"] = tables["outcomes"].assign(last_score=last)
    tables["episodes"] = tables["episodes"].assign(
        sessions_attended=pd.array(attended, dtype="Int32"),
        ending=np.where(leaves, "unplanned_ending", "planned_ending"),
        dropout_unplanned_ending=np.where(leaves, "dropout", "other_end"),
    )
    return tables
