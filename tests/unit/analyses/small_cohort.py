"""Ten people written by hand, and the same tables with nobody in them."""

from __future__ import annotations

import pandas as pd

from naturalistic.tables.cohort import PATIENTS, RATINGS, REFERRALS, SESSIONS
from naturalistic.tables.derived import EPISODES, INTAKE, OUTCOMES, SCORES

DAY = pd.Timestamp("2020-01-06")
# id, gender, employment, ending, attended, missed, first, last, therapist, problem
PEOPLE = (
    (1, "female", "employed", "planned_ending", 20, 4, 24.0, 12.0, 1, "depression"),
    (2, "male", "employed", "planned_ending", 16, 2, 18.0, 8.0, 1, "depression"),
    (3, "female", "unemployed", "unplanned_ending", 3, 3, 27.0, None, 2, "depression"),
    (4, "female", "unemployed", "planned_ending", 30, 9, 22.0, 21.0, 2, None),
    (5, "male", None, "unplanned_ending", 6, 5, 20.0, 19.0, 2, None),
    (6, "female", "student", "open", 12, 1, 25.0, 15.0, 1, "depression"),
    (7, "male", "employed", "referred_on", 5, 0, 9.0, 6.0, 1, "bereavement_or_loss"),
    (8, "female", "employed", "planned_ending", 24, 6, 15.0, 17.0, 2, None),
    (9, "male", "unemployed", "planned_ending", 10, 1, 12.0, 18.0, 1, "depression"),
    (10, "female", "employed", "unknown_ending", 0, 2, 21.0, None, None, None),
)
COLUMNS = ("id", "gender", "employment", "ending", "attended", "missed", "first", "last")


def _frame() -> pd.DataFrame:
    return pd.DataFrame(PEOPLE, columns=[*COLUMNS, "therapist_id", "problem"])


def _category(first: float, last: float | None) -> str | None:
    """Reliable change of 5 points and a cut-off of 10, worked out case by case from the paper rule."""
    if last is None:
        return None
    change = first - last
    if change >= 5:
        return "recovered" if last < 10 <= first else "improved"
    if change <= -5:
        return "deteriorated_across_cutoff" if first < 10 <= last else "deteriorated"
    return "non_reliably_recovered" if last < 10 <= first else "unchanged"


def _outcomes(f: pd.DataFrame) -> pd.DataFrame:
    paired = f["last"].notna() & (f["attended"] > 0)
    return OUTCOMES.conform(
        pd.DataFrame(
            {
                "referral_id": f["id"],
                "patient_id": f["id"] + 100,
                "instrument": "core_om",
                "scale": "all",
                "first_score": f["first"],
                "last_score": f["last"],
                "first_date": DAY,
                "last_date": [DAY + pd.Timedelta(weeks=int(a)) for a in f["attended"]],
                "n_scores": 1 + f["last"].notna().astype(int),
                "pairing": ["paired" if p else "no_last_form" for p in paired],
                "case_at_start": ["yes" if x >= 10 else "no" for x in f["first"]],
                "change_category": [
                    _category(a, None if pd.isna(b) else b)
                    for a, b in zip(f["first"], f["last"], strict=True)
                ],
            }
        )
    )


def _episodes(f: pd.DataFrame) -> pd.DataFrame:
    started = f["attended"] > 0
    state = f["ending"].map(
        {"unplanned_ending": "dropout", "open": "open", "unknown_ending": "unknown"}
    )
    last = [DAY + pd.Timedelta(weeks=int(a)) for a in f["attended"]]
    return EPISODES.conform(
        pd.DataFrame(
            {
                "referral_id": f["id"],
                "patient_id": f["id"] + 100,
                "episode_number": 1,
                "counts": "yes",
                "therapist_id": f["therapist_id"].astype("Int64"),
                "n_therapists": f["therapist_id"].notna().astype(int),
                "received_date": DAY - pd.Timedelta(weeks=8),
                "first_session_date": pd.Series(DAY, index=f.index).where(started),
                "last_session_date": last,
                "end_date": last,
                "year": 2019,
                "assessed": "yes",
                "started": ["yes" if s else "no" for s in started],
                "ending": f["ending"],
                "sessions_booked": f["attended"] + f["missed"],
                "sessions_attended": f["attended"],
                "did_not_attend": f["missed"],
                "cancelled_by_patient": 0,
                "cancelled_by_service": 0,
                "arrived_too_late": 0,
                "weeks_observed": f["attended"].astype(float),
                "dropout_unplanned_ending": state.fillna("other_end"),
                "problem": f["problem"],
            }
        )
    )


def ten_people() -> dict[str, pd.DataFrame]:
    """Every table an analysis may ask for."""
    f = _frame()
    patients = PATIENTS.conform(
        pd.DataFrame(
            {
                "patient_id": f["id"] + 100,
                "age": 30.0 + f["id"],
                "gender": f["gender"],
                "employment": f["employment"],
            }
        )
    )
    referrals = REFERRALS.conform(
        pd.DataFrame({"referral_id": f["id"], "patient_id": f["id"] + 100})
    )
    intake = pd.DataFrame(
        {
            "step": ["read", "duplicates"],
            "table": "patients",
            "rows_in": [12, 12],
            "rows_out": [12, 10],
            "reason": ["", "patient repeated"],
            "count": [0, 2],
        }
    )
    return {
        "patients": patients,
        "referrals": referrals,
        "episodes": _episodes(f),
        "outcomes": _outcomes(f),
        "scores": _scores(f),
        "intake": INTAKE.conform(intake),
        "ratings": _ratings(f),
        "sessions": _sessions(f),
    }


def _sessions(f: pd.DataFrame) -> pd.DataFrame:
    """The first two bookings of everyone: who missed more than half as many as they attended missed both."""
    rows = [
        {"referral_id": row["id"], "date": DAY + pd.Timedelta(weeks=week), "attendance": state}
        for _, row in f.iterrows()
        for week, state in enumerate(
            ["did_not_attend" if 2 * row["missed"] > row["attended"] else "attended"] * 2
        )
    ]
    return SESSIONS.conform(pd.DataFrame(rows).assign(contact_type="treatment"))


def _ratings(f: pd.DataFrame) -> pd.DataFrame:
    """Everyone's depression before, and after for those with a last score."""
    before = pd.DataFrame({"referral_id": f["id"], "occasion": "pre", "value": 3})
    after = pd.DataFrame({"referral_id": f["id"], "occasion": "end", "value": f["id"] % 4})
    both = pd.concat([before, after[f["last"].notna()]], ignore_index=True)
    return RATINGS.conform(both.assign(kind="problem", subject="depression"))


def _scores(f: pd.DataFrame) -> pd.DataFrame:
    first = pd.DataFrame({"referral_id": f["id"], "date": DAY, "score": f["first"]})
    last = pd.DataFrame(
        {"referral_id": f["id"], "date": DAY + pd.Timedelta(weeks=30), "score": f["last"]}
    )
    both = pd.concat([first, last], ignore_index=True).dropna(subset="score")
    both = both.assign(form_id=range(len(both)), instrument="core_om", scale="all")
    return SCORES.conform(both)


def nobody() -> dict[str, pd.DataFrame]:
    """The same tables without a row."""
    return {name: frame.iloc[0:0] for name, frame in ten_people().items()}
