import datetime as dt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from naturalistic.cohort.calendar import (
    age_bands,
    completed_years,
    latest_plausible_date,
    years_between,
)

DAYS = st.dates(dt.date(1900, 1, 1), dt.date(2100, 1, 1))


def days(*texts):
    return np.array(texts, dtype="datetime64[D]")


@settings(deadline=None, max_examples=50)
@given(DAYS, DAYS)
def test_completed_years_are_birthdays_passed(born, on):
    expected = on.year - born.year - ((on.month, on.day) < (born.month, born.day))
    assert completed_years(days(born), days(on))[0] == expected


def test_a_leap_day_birthday_is_passed_on_1_march():
    found = completed_years(
        days("2000-02-29", "2000-02-29", "2000-02-29"), days("2023-02-28", "2023-03-01", "NaT")
    )
    np.testing.assert_array_equal(found, [22, 23, np.nan])


def test_years_from_a_year_of_birth():
    np.testing.assert_array_equal(
        years_between(np.array([1980, np.nan, 1980]), days("2023-05-01", "2023-05-01", "NaT")),
        [43, np.nan, np.nan],
    )


@pytest.mark.parametrize(
    ("age", "band"),
    [
        (0, "under_18"),
        (17.9, "under_18"),
        (18, "from_18_to_25"),
        (25.5, "from_18_to_25"),
        (26, "from_26_to_35"),
        (36, "from_36_to_45"),
        (46, "from_46_to_55"),
        (65.9, "from_56_to_65"),
        (66, "over_65"),
        (np.nan, None),
    ],
)
def test_bands(age, band):
    assert age_bands(np.array([age], dtype=float))[0] == band


def test_bands_are_those_of_the_vocabulary():
    from naturalistic.vocabulary import CHARACTERISTICS

    assert set(age_bands(np.arange(0.0, 100.0))) == set(CHARACTERISTICS["age_band"].levels)


def test_the_latest_date_leaves_out_fillers():
    real = np.arange("2020-01-01", "2023-01-01", dtype="datetime64[D]")
    assert latest_plausible_date(real) == dt.date(2022, 12, 31)
    assert latest_plausible_date(np.append(real, days("2099-12-31", "NaT"))) == dt.date(
        2022, 12, 31
    )
    assert latest_plausible_date(days("NaT")) is None
    # an open end is no end of the data, however many rows hold it
    for filler in ("2099-12-31", "2999-12-31", "9999-12-31"):
        many = np.append(real, np.repeat(days(filler), 3 * len(real)))
        assert latest_plausible_date(many) == dt.date(2022, 12, 31)
    assert latest_plausible_date(days("2023-01-01")) == dt.date(2023, 1, 1)
