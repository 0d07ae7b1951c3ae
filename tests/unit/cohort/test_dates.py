import datetime as dt

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from naturalistic.cohort.cells import Cells
from naturalistic.cohort.dates import date_shaped, parse_dates, read_dates
from naturalistic.settings.mapping import SourceFile

DAYS = st.dates(dt.date(1900, 3, 1), dt.date(2099, 12, 31))
WRITTEN = {
    "iso": "%Y-%m-%d",
    "dmy": "%d/%m/%Y",
    "%m/%d/%Y": "%m/%d/%Y",
    "%d %B %Y": "%d %B %Y",
    "%Y%m%d": "%Y%m%d",
}


def read(texts, date_format, **choices):
    values = np.array(texts, dtype=object)
    return read_dates(
        Cells(np.arange(len(texts), dtype=np.int32), values), date_format, (), **choices
    )


def one(text, date_format):
    day = parse_dates(np.array([text], dtype=object), date_format)[0]
    return None if np.isnat(day) else day.astype(object)


@settings(deadline=None, max_examples=50)
@given(DAYS, st.sampled_from(sorted(WRITTEN)))
def test_a_date_survives_writing_and_reading(day, date_format):
    assert one(day.strftime(WRITTEN[date_format]), date_format) == day


@settings(deadline=None, max_examples=50)
@given(DAYS)
def test_serial_numbers_of_spreadsheets(day):
    serial = (day - dt.date(1899, 12, 30)).days
    assert one(str(serial), "excel_serial") == day
    assert one(f"{serial}.75", "excel_serial") == day


@settings(deadline=None, max_examples=50)
@given(st.integers(-3000, 30000))
def test_days_are_counted_from_the_day_zero(days):
    assert one(str(days), "days") == dt.date(2000, 1, 1) + dt.timedelta(days)
    assert one(f"{days}.0", "days") == one(str(days), "days")
    assert one(f"{days}.5", "days") is None


@settings(deadline=None, max_examples=50)
@given(DAYS)
def test_day_first_never_reads_month_first(day):
    assume(day.day != day.month)
    text = day.strftime("%m/%d/%Y")
    if day.day > 12:
        assert one(text, "dmy") is None
    else:
        assert one(text, "dmy") == dt.date(day.year, day.day, day.month)


@settings(max_examples=25, deadline=None)
@given(st.lists(DAYS, min_size=12, max_size=40, unique=True))
def test_a_column_of_another_order_is_named(days):
    assume(any(d.day > 12 for d in days))
    assert read([d.strftime("%m/%d/%Y") for d in days], "dmy").only_fits == "%m/%d/%Y"
    assert read([d.strftime("%d/%m/%Y") for d in days], "%m/%d/%Y").only_fits == "dmy"
    assert read([d.strftime("%d/%m/%Y") for d in days], "dmy").only_fits == ""
    assert read([d.isoformat() for d in days], "dmy").only_fits == "iso"


@settings(max_examples=25, deadline=None)
@given(st.lists(DAYS, min_size=30, max_size=60, unique=True))
def test_a_typing_error_does_not_make_another_order(days):
    assume(sum(d.day > 12 for d in days) > 10)
    found = read([*(d.strftime("%d/%m/%Y") for d in days), "31/02/2020"], "dmy")
    assert found.only_fits == ""
    assert list(np.flatnonzero(found.unreadable)) == [len(days)]


@pytest.mark.parametrize(
    ("text", "date_format", "day"),
    [
        ("2024-02-01T23:59:59.999Z", "iso", dt.date(2024, 2, 1)),
        ("2024-02-01 00:00:00+01:00", "iso", dt.date(2024, 2, 1)),
        ("2024-2-1", "iso", dt.date(2024, 2, 1)),
        ("1/2/2024 9:05", "dmy", dt.date(2024, 2, 1)),
        ("01.02.2024", "dmy", dt.date(2024, 2, 1)),
        ("01-Feb-2024", "dmy", dt.date(2024, 2, 1)),
        ("1 SEPTEMBER 2024", "dmy", dt.date(2024, 9, 1)),
        ("1 sept 2024", "dmy", dt.date(2024, 9, 1)),
        ("31/12/9999", "dmy", dt.date(9999, 12, 31)),
        ("9999-12-31", "iso", dt.date(9999, 12, 31)),
        ("31.12.9999", "%d.%m.%Y", dt.date(9999, 12, 31)),
        ("01/02/24", "dmy", None),
        ("01/02-2024", "dmy", None),
        ("2024-02-30", "iso", None),
        ("29/02/2023", "dmy", None),
        ("2024/02/01", "iso", None),
        ("2024-02-01 tomorrow", "iso", None),
        ("0", "excel_serial", None),
        ("12/2024", "dmy", None),
    ],
)
def test_formats(text, date_format, day):
    assert one(text, date_format) == day


def test_typed_files_hold_real_dates_beside_the_declared_format():
    found = read(["2024-03-02", "03/02/2024", "x"], "dmy", typed=True)
    assert list(found.dates[:2]) == [np.datetime64("2024-03-02"), np.datetime64("2024-02-03")]
    assert list(found.unreadable) == [False, False, True]
    untyped = read(["2024-03-02", "03/02/2024", "x"], "dmy")
    assert list(untyped.unreadable) == [True, False, True]


def test_without_a_format_only_real_dates_are_read():
    assert list(read(["2024-03-02", "03/02/2024"], None, typed=True).unreadable) == [False, True]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(max_size=12), min_size=1, max_size=6))
def test_any_text_is_read_or_unreadable_or_missing(texts):
    stripped = [t.strip() for t in texts]
    for date_format in ("iso", "dmy", "excel_serial", "days", "%d/%m/%Y"):
        found = read(stripped, date_format)
        empty = np.array([t == "" for t in stripped])
        assert (np.isnat(found.dates) == (found.unreadable | empty)).all()


def test_date_shapes():
    shaped = date_shaped(np.array(["2024-03-02", "3/2/2024", "North", "45000"], dtype=object))
    assert list(np.isnat(shaped)) == [False, False, True, True]


@pytest.mark.parametrize(
    "wrong",
    [
        "dmy or %m/%d/%Y",
        "dmy or days",
        "iso or iso",
        "dmy or mdy",
        "iso or %Y-%d-%m",
        "%d%m%y or excel_serial",
    ],
)
def test_formats_that_could_be_mistaken_cannot_be_joined(wrong):
    with pytest.raises(ValidationError):
        SourceFile(path="a.csv", date_format=wrong)


def test_each_cell_is_read_by_the_first_format_it_fits():
    declared = SourceFile(path="a.csv", date_format="dmy or iso or excel_serial").date_format
    texts = np.array(["03/04/2024", "2024-04-03", "45385", "4/2024", "", "1"], dtype=object)
    found = parse_dates(texts, declared)
    assert found[:3].tolist() == [dt.date(2024, 4, 3)] * 3
    assert np.isnat(found[3:5]).all()


@settings(deadline=None, max_examples=60)
@given(
    st.dates(dt.date(1990, 1, 1), dt.date(2030, 12, 31)),
    st.sampled_from(["/", "-", "."]),
    st.booleans(),
)
def test_a_date_in_the_other_order_is_known_where_the_day_tells(day, sign, day_first):
    declared, other = ("%d", "%m") if day_first else ("%m", "%d")
    text = day.strftime(sign.join((other, declared, "%Y")))
    found = read([text], sign.join((declared, other, "%Y")))
    assert found.swapped[0] == (day.day > 12)
    assert found.unreadable[0] == (day.day > 12)


@pytest.mark.parametrize(
    "text", ["25.12.2020", "31/02/2020", "2020-13-01", "40/13/2020", "0/13/2020"]
)
def test_what_is_no_date_in_either_order_is_not_called_swapped(text):
    assert not read([text], "%d/%m/%Y").swapped[0]
