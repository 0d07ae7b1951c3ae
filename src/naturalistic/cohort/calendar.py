"""The data cut, ages, and dates that cannot be right given the data cut."""

from __future__ import annotations

import datetime as dt

import numpy as np

LONGEST_LEAP = np.timedelta64(731, "D")
_BANDS = (
    (17, "under_18"),
    (25, "from_18_to_25"),
    (35, "from_26_to_35"),
    (45, "from_36_to_45"),
    (55, "from_46_to_55"),
    (65, "from_56_to_65"),
)
NOT_ENDED = np.datetime64("2099-12-31", "D")
"""From this day on dates stand for "open": 31/12/2099, 31/12/2999, 31/12/9999."""


def latest_plausible_date(dates: np.ndarray) -> dt.date | None:
    """The last of many dates, without those that lie years beyond nearly all others.

    A date more than two years after the 99th percentile is a filler or a typing error, not the end of the data; one from
    31 December 2099 on says "not ended", however many rows hold it.

    Parameters
    ----------
    dates : ndarray of datetime64, shape (n,)
        Dates of things that happened; NaT is left out.

    Returns
    -------
    date or None
        None where there is no date.
    """
    days = dates[~np.isnat(dates)].astype("datetime64[D]")
    days = np.sort(days[days < NOT_ENDED])
    if not days.size:
        return None
    # ASSUME A46: without a stated data cut, dates over two years after the 99th percentile do not end the data.
    near_the_end = days[int(0.99 * (days.size - 1))]
    return days[days <= near_the_end + LONGEST_LEAP][-1].astype(object)


def completed_years(born: np.ndarray, on: np.ndarray) -> np.ndarray:
    """Age in completed years.

    Parameters
    ----------
    born, on : ndarray of datetime64, shape (n,)

    Returns
    -------
    ndarray of float, shape (n,)
        NaN where either is missing, negative where born later.
    """
    birth, day = born.astype("datetime64[D]"), on.astype("datetime64[D]")
    years = _year(day) - _year(birth)
    before_birthday = _month_and_day(day) < _month_and_day(birth)
    age = (years - before_birthday).astype(float)
    return np.where(np.isnat(birth) | np.isnat(day), np.nan, age)


def years_between(year_of_birth: np.ndarray, on: np.ndarray) -> np.ndarray:
    """Calendar years from a year of birth to a date; NaN where either is missing."""
    return np.where(np.isnat(on), np.nan, _year(on.astype("datetime64[D]")) - year_of_birth)


def age_bands(ages: np.ndarray) -> np.ndarray:
    """The band of each age in completed years; None where missing.

    Returns
    -------
    ndarray of object (str or None), shape (n,)
    """
    bands = np.full(len(ages), "over_65", dtype=object)
    for upper, band in reversed(_BANDS):
        bands[np.floor(ages) <= upper] = band
    bands[np.isnan(ages)] = None
    return bands


def _year(days: np.ndarray) -> np.ndarray:
    return days.astype("datetime64[Y]").astype(np.int64) + 1970


def _month_and_day(days: np.ndarray) -> np.ndarray:
    month = days.astype("datetime64[M]")
    return (month - month.astype("datetime64[Y]")).astype(np.int64) * 32 + (days - month).astype(
        np.int64
    )
