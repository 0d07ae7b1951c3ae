"""A few hundred simulated people with therapists, endings, missing last forms and demographics."""

from __future__ import annotations

import numpy as np
import pandas as pd

from naturalistic.tables.cohort import PATIENTS, RATINGS, SESSIONS
from naturalistic.tables.derived import EPISODES, OUTCOMES, SCORES

DAY = pd.Timestamp("2019-01-07")


def simulated_tables(
    n: int = 300, *, missing: bool = True, seed: int = 4
) -> dict[str, pd.DataFrame]:
    """Tables of n people who started; dropping out means less change and, mostly, no last form."""
    rng = np.random.default_rng(seed)
    ids = np.arange(1, n + 1)
    therapist = rng.integers(1, 16, n)
    ending = rng.choice(
        ["planned_ending", "unplanned_ending", "unknown_ending"], n, p=[0.6, 0.3, 0.1]
    )
    dropped = ending == "unplanned_ending"
    first = np.clip(np.round(rng.normal(21, 6, n), 1), 0, 40)
    effect = rng.normal(0, 1.5, 16)[therapist - 1]
    change = 0.35 * (first - 10) + 4.0 - 6.0 * dropped + effect + rng.normal(0, 5, n)
    last = np.clip(np.round(first - change, 1), 0, 40)
    away = (rng.random(n) < np.where(dropped, 0.75, 0.12)) & missing
    last = np.where(away, np.nan, last)
    attended = np.where(dropped, rng.integers(1, 9, n), rng.integers(10, 40, n))
    end = [DAY + pd.Timedelta(weeks=int(a)) for a in attended]
    improved = first - last
    case = first >= 10
    category = np.select(
        [away, (improved >= 5) & case & (last < 10), improved >= 5, improved <= -5],
        ["", "recovered", "improved", "deteriorated"],
        "unchanged",
    )
    tables = {
        "patients": PATIENTS.conform(
            pd.DataFrame(
                {
                    "patient_id": ids + 1000,
                    "age": np.round(rng.normal(38, 11, n)),
                    "gender": rng.choice(["female", "male"], n, p=[0.68, 0.32]),
                    "employment": rng.choice(["employed", "unemployed"], n),
                }
            )
        ),
        "episodes": EPISODES.conform(
            pd.DataFrame(
                {
                    "referral_id": ids,
                    "patient_id": ids + 1000,
                    "episode_number": 1,
                    "counts": "yes",
                    "therapist_id": therapist,
                    "n_therapists": 1,
                    "received_date": DAY - pd.Timedelta(weeks=6),
                    "first_session_date": DAY,
                    "last_session_date": end,
                    "end_date": end,
                    "year": rng.integers(2017, 2020, n),
                    "assessed": "yes",
                    "started": "yes",
                    "ending": ending,
                    "sessions_booked": attended + 2,
                    "sessions_attended": attended,
                    "did_not_attend": 2,
                    "cancelled_by_patient": 0,
                    "cancelled_by_service": 0,
                    "arrived_too_late": 0,
                    "weeks_observed": attended.astype(float),
                    "dropout_unplanned_ending": np.where(dropped, "dropout", "other_end"),
                }
            )
        ),
        "outcomes": OUTCOMES.conform(
            pd.DataFrame(
                {
                    "referral_id": ids,
                    "patient_id": ids + 1000,
                    "instrument": "core_om",
                    "scale": "all",
                    "first_score": first,
                    "last_score": last,
                    "first_date": DAY,
                    "last_date": end,
                    "n_scores": 2 - away.astype(int),
                    "pairing": np.where(away, "no_last_form", "paired"),
                    "case_at_start": np.where(case, "yes", "no"),
                    "change_category": pd.Series(category).where(~away),
                }
            )
        ),
    }
    return {
        **tables,
        "sessions": SESSIONS.empty(),
        "scores": _scores(ids, first, last, end),
        "ratings": _ratings(ids, rng),
    }


def _scores(
    ids: np.ndarray, first: np.ndarray, last: np.ndarray, end: list[pd.Timestamp]
) -> pd.DataFrame:
    both = pd.concat(
        [
            pd.DataFrame({"referral_id": ids, "date": DAY, "score": first}),
            pd.DataFrame({"referral_id": ids, "date": end, "score": last}),
        ],
        ignore_index=True,
    ).dropna(subset="score")
    return SCORES.conform(both.assign(form_id=range(len(both)), instrument="core_om", scale="all"))


def _ratings(ids: np.ndarray, rng: np.random.Generator) -> pd.DataFrame:
    """Depression improves, trauma does not; suicide risk is mostly absent."""
    parts = []
    for kind, subject, level, fall in (
        ("problem", "depression", 2.6, 1.0),
        ("problem", "trauma", 2.2, 0.0),
        ("risk", "suicide", 0.5, 0.2),
    ):
        before = np.clip(np.round(rng.normal(level, 1.0, len(ids))), 0, 4)
        after = np.clip(np.round(before - fall + rng.normal(0, 0.9, len(ids))), 0, 4)
        for occasion, value in (("pre", before), ("end", after)):
            parts.append(
                pd.DataFrame(
                    {
                        "referral_id": ids,
                        "kind": kind,
                        "subject": subject,
                        "occasion": occasion,
                        "date": DAY,
                        "value": value.astype(int),
                    }
                )
            )
    return RATINGS.conform(pd.concat(parts, ignore_index=True))
