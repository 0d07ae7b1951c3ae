"""The order of day and month is taken from values that prove it, and from nothing else."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from naturalistic.cohort.dates import parse_dates
from naturalistic.cohort.guessing.dates import guess_dates, looks_like_serials

TODAY = np.datetime64("2026-01-01", "D")
WRITTEN = {
    # how strftime writes it: the format of the mapping
    "%Y-%m-%d": "iso",
    "%Y-%m-%dT%H:%M:%S": "iso",
    "%Y-%m-%d %H:%M:%S.000": "iso",
    "%d/%m/%Y": "dmy",
    "%d.%m.%Y": "dmy",
    "%d-%m-%Y %H:%M": "dmy",
    "%d-%b-%Y": "dmy",
    "%d %B %Y": "dmy",
    "%m/%d/%Y": "%m/%d/%Y",
    "%m-%d-%Y": "%m-%d-%Y",
    "%m/%d/%Y %H:%M:%S": "%m/%d/%Y %H:%M:%S",
    "%m/%d/%Y %I:%M %p": "%m/%d/%Y %I:%M %p",
    "%d/%m/%y": "%d/%m/%y",
    "%m/%d/%y": "%m/%d/%y",
    "%Y%m%d": "%Y%m%d",
    "%Y/%m/%d": "%Y/%m/%d",
    "%b %d, %Y": "%b %d, %Y",
    "%d-%b-%y": "%d-%b-%y",
}


def days(n: int, seed: int, *, last_day: int = 28) -> list[dt.date]:
    rng = np.random.default_rng(seed)
    return [
        dt.date(int(y), int(m), int(d))
        for y, m, d in zip(
            rng.integers(2015, 2025, n),
            rng.integers(1, 13, n),
            rng.integers(1, last_day + 1, n),
            strict=True,
        )
    ]


def texts(held: list[dt.date], pattern: str) -> np.ndarray:
    return np.array(list(dict.fromkeys(d.strftime(pattern) for d in held)), dtype=object)


@pytest.mark.parametrize("pattern", WRITTEN)
def test_every_way_of_writing_is_found_where_days_prove_it(pattern):
    held = [*days(200, 1), dt.date(2020, 1, 31), dt.date(2019, 12, 31)]
    guess = guess_dates(texts(held, pattern), TODAY, typed=False)
    assert guess is not None
    assert guess.formats[0] == WRITTEN[pattern]
    assert guess.proven
    read = parse_dates(
        np.array([d.strftime(pattern) for d in held], dtype=object), guess.formats[0]
    )
    assert [d.astype(object) for d in read] == held


@pytest.mark.parametrize("seed", range(60))
def test_a_proven_order_is_never_the_wrong_one(seed):
    """Few dates, many of them with days below 13: right, or not proven."""
    rng = np.random.default_rng(seed)
    pattern = list(WRITTEN)[seed % len(WRITTEN)]
    held = days(int(rng.integers(2, 12)), seed, last_day=int(rng.choice([12, 14, 28])))
    guess = guess_dates(texts(held, pattern), TODAY, typed=False)
    assert guess is not None
    assert not guess.proven or guess.formats[0] == WRITTEN[pattern]
    assert WRITTEN[pattern] in guess.formats


@pytest.mark.parametrize("pattern", ["%d/%m/%Y", "%m/%d/%Y", "%d-%m-%y", "%m.%d.%y"])
def test_days_up_to_twelve_prove_nothing(pattern):
    guess = guess_dates(texts(days(300, 3, last_day=12), pattern), TODAY, typed=False)
    assert guess is not None
    assert not guess.proven
    assert "above 12" in guess.proof


def test_one_slip_proves_nothing():
    """A single day above 12 among many below is a slip of the pen, not the order."""
    held = texts(days(300, 3, last_day=12), "%m/%d/%Y")
    slip = np.append(held, "14/02/2020")
    guess = guess_dates(slip, TODAY, typed=False)
    assert guess is not None
    assert not guess.proven


def test_both_orders_in_one_column_are_asked():
    mixed = [*texts(days(60, 5), "%d/%m/%Y"), *texts(days(60, 6), "%m/%d/%Y")]
    guess = guess_dates(np.array(mixed, dtype=object), TODAY, typed=False)
    assert guess is not None
    assert not guess.proven


def test_a_workbook_that_turned_some_dates_is_asked():
    """Excel in American settings turns 05/01/2023 into 1 May and leaves 25/01/2023 as text."""
    turned = [f"2023-{d:02d}-{m:02d}" for d in range(1, 13) for m in range(1, 13)]
    left = [f"{d}/{m:02d}/2023" for d in range(13, 29) for m in range(1, 13)]
    guess = guess_dates(np.array(turned + left, dtype=object), TODAY, typed=True)
    assert guess is not None
    assert not guess.proven
    assert "turned" in guess.proof


def test_fillers_do_not_count():
    held = [*texts(days(100, 8), "%d/%m/%Y"), "1900-01-01", "9999-12-31"]
    guess = guess_dates(np.array(held, dtype=object), TODAY, typed=False)
    assert guess is not None
    assert guess.formats == ("dmy",)


@pytest.mark.parametrize(
    "held", [["12", "13"], ["A12/03/20"], ["1/2"], ["F32.1", "F41.0"], ["10.2.1"], ["2021"]]
)
def test_what_is_no_date(held):
    assert guess_dates(np.array(held, dtype=object), TODAY, typed=False) is None


def test_day_numbers_of_excel():
    assert looks_like_serials(44000, 45300)
    assert not looks_like_serials(1, 45300)


@pytest.mark.parametrize(
    ("patterns", "found"),
    [
        (("%d/%m/%Y", "%Y-%m-%d"), "dmy or iso"),
        (("%m/%d/%Y", "%Y-%m-%d"), "%m/%d/%Y or iso"),
        (("%d/%m/%Y", "serial"), "dmy or excel_serial"),
        (("%d/%m/%Y", "%Y-%m-%d", "serial"), "dmy or iso or excel_serial"),
    ],
)
def test_cells_written_in_two_ways_that_cannot_be_mistaken(patterns, found):
    held = [*days(200, 1), dt.date(2020, 1, 31), dt.date(2019, 12, 31)]
    mixed = [_written(day, patterns[i % len(patterns)]) for i, day in enumerate(held)]
    guess = guess_dates(np.array(list(dict.fromkeys(mixed)), object), TODAY, typed=False)
    assert guess is not None
    assert guess.formats == (found,)
    assert "two ways" in guess.proof
    assert parse_dates(np.array(mixed, object), found).tolist() == held


def _written(day: dt.date, pattern: str) -> str:
    return str((day - dt.date(1899, 12, 30)).days) if pattern == "serial" else day.strftime(pattern)


def test_serials_among_dates_of_an_unproven_order_are_asked_about():
    held = days(100, 3, last_day=12)
    mixed = [_written(d, ("%d/%m/%Y", "serial")[i % 2]) for i, d in enumerate(held)]
    guess = guess_dates(np.array(list(dict.fromkeys(mixed)), object), TODAY, typed=False)
    assert guess is not None
    assert set(guess.formats) == {"dmy or excel_serial", "%m/%d/%Y or excel_serial"}


def test_a_workbook_with_texts_among_real_dates_is_still_asked_about():
    held = days(100, 4)
    mixed = [_written(d, ("%d/%m/%Y", "%Y-%m-%d")[d.day < 13]) for d in held]
    guess = guess_dates(np.array(list(dict.fromkeys(mixed)), object), TODAY, typed=True)
    assert guess is not None
    assert not guess.proven


def test_months_before_and_after_days_in_one_column_are_never_joined():
    held = days(300, 5)
    mixed = [_written(d, ("%d/%m/%Y", "%m/%d/%Y")[i % 2]) for i, d in enumerate(held)]
    guess = guess_dates(np.array(list(dict.fromkeys(mixed)), object), TODAY, typed=False)
    assert guess is None or not guess.proven


@pytest.mark.parametrize("patterns", [("%Y/%m/%d", "%Y-%m-%d"), ("%Y%m%d", "serial")])
def test_ways_of_writing_that_a_mapping_cannot_join_are_not_guessed(patterns):
    held = days(200, 6)
    mixed = [_written(d, patterns[i % 2]) for i, d in enumerate(held)]
    guess = guess_dates(np.array(list(dict.fromkeys(mixed)), object), TODAY, typed=False)
    assert guess is None or not any(" or " in name for name in guess.formats)
