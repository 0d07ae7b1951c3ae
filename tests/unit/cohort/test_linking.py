import numpy as np
import pandas as pd

from naturalistic.cohort.linking import Referrals, link, place_in_time

ZERO = np.datetime64("2000-01-01")


def day(*texts):
    return np.array(texts, dtype="datetime64[ms]")


def referrals():
    frame = pd.DataFrame(
        {
            "referral_id": [11, 12, 13, 14],
            "patient_id": [1, 1, 2, 3],
            "received_date": day("2023-01-01", "2023-06-01", "2023-01-01", "NaT"),
            "discharge_date": day("2023-03-01", "NaT", "2023-03-01", "NaT"),
        }
    )
    return Referrals(frame, "r.csv", pd.Series([11, 12, 13, 14, 14], index=[2, 3, 4, 5, 6]))


def test_by_referral_id():
    found = link(pd.DataFrame({"referral_id": [13, 99, 0], "row": [2, 3, 4]}), referrals())
    assert list(found.position) == [2, -1, -1]
    assert list(found.why_not) == ["", "orphan", "orphan"]


def test_a_referral_of_another_person():
    frame = pd.DataFrame({"referral_id": [13, 13, 13], "patient_id": [2, 1, 0], "row": [2, 3, 4]})
    assert list(link(frame, referrals()).why_not) == ["", "referral_of_another_person", ""]


def test_by_person_and_date():
    frame = pd.DataFrame(
        {
            "patient_id": [1, 1, 1, 1, 2, 3, 9, 0],
            "date": day(
                "2023-02-01",
                "2023-07-01",
                "2023-04-01",
                "NaT",
                "2030-01-01",
                "NaT",
                "2023-01-01",
                "2023-01-01",
            ),
            "row": range(2, 10),
        }
    )
    found = link(frame, referrals())
    assert list(found.position) == [0, 1, -1, -1, 2, 3, -1, -1]
    assert list(found.why_not[2:4]) == ["referral_ambiguous"] * 2
    assert list(found.why_not[6:]) == ["orphan"] * 2


def test_a_missing_referral_id_falls_back_on_the_person():
    frame = pd.DataFrame(
        {
            "referral_id": [0, 12],
            "patient_id": [2, 1],
            "date": day("2023-02-01", "2023-02-01"),
            "row": [2, 3],
        }
    )
    assert list(link(frame, referrals()).position) == [2, 1]


def test_by_row_of_the_referrals_own_file():
    found = link(pd.DataFrame({"row": [6, 2, 7]}), referrals())
    assert list(found.position) == [3, 0, -1]


def test_days_are_placed_from_the_start_of_each_row():
    days = ZERO + np.array([0, 61, 5, -3]).astype("timedelta64[D]")
    start = day("2023-01-01", "2023-01-01", "NaT", "2023-01-10")
    placed = place_in_time(days.astype("datetime64[ms]"), start, ZERO)
    assert list(placed.astype("datetime64[D]").astype(str)) == [
        "2023-01-01",
        "2023-03-03",
        "NaT",
        "2023-01-07",
    ]
