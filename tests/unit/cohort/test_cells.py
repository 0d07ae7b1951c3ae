import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from naturalistic.cohort.cells import (
    Cells,
    cell_text,
    code_key,
    lookup,
    missing_values,
    read_ids,
    read_numbers,
    read_words,
)

LEVELS = {"female": "Female", "male": "Male", "other_gender": "Other gender"}


def cells(*texts: str) -> Cells:
    return Cells(np.arange(len(texts), dtype=np.int32), np.array(texts, dtype=object))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0, "1"),
        (1.5, "1.5"),
        (-0.0, "0"),
        (1e20, "1e+20"),
        (float("nan"), ""),
        (None, ""),
        (pd.NaT, ""),
        (True, "TRUE"),
        (np.float64(7.0), "7"),
        (pd.Timestamp("2024-02-03"), "2024-02-03"),
        (pd.Timestamp("2024-02-03 10:30"), "2024-02-03T10:30:00"),
        ("  a b ", "a b"),
    ],
)
def test_typed_cells_become_the_text_a_user_would_write(value, text):
    assert cell_text(value) == text


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("01", "1"),
        ("1.0", "1"),
        ("1.", "1"),
        ("-09.00", "-9"),
        ("-0", "0"),
        ("000", "0"),
        ("1.5", "1.5"),
        ("Yes", "yes"),
    ],
)
def test_codes_are_compared_without_what_spreadsheets_do(text, key):
    assert code_key(text) == key


def test_an_exact_code_wins_over_a_loose_one():
    codes = {"01": "a", "1": "b", "M": "male", "m": "married"}
    assert list(lookup(np.array(["01", "1", "1.0", "M", "m", "x"], object), codes)) == [
        "a",
        "b",
        None,  # 01 or 1: not decided
        "male",
        "married",
        None,
    ]


def test_codes_come_before_missing_codes():
    words, unknown = read_words(cells("NA", "N/A", ""), {"NA": "female"}, LEVELS, ("NA", "N/A"))
    assert list(words) == ["female", None, None]
    assert not unknown.any()


def test_closed_words_and_labels_explain_themselves():
    words, unknown = read_words(
        cells("FEMALE", "Other gender", "F", "woman"), {"F": "female"}, LEVELS, ()
    )
    assert list(words) == ["female", "other_gender", "female", None]
    assert list(unknown) == [False, False, False, True]


def test_own_words_are_kept_unless_codes_are_given():
    assert list(read_words(cells("North", "South"), None, {}, ())[0]) == ["North", "South"]
    words, unknown = read_words(cells("North", "South"), {"North": "N"}, {}, ())
    assert list(words) == ["N", None]
    assert list(unknown) == [False, True]


@pytest.mark.parametrize(
    "text", ["12,5", "1,000", "0x1F", "inf", "nan", "1e999", "12 years", "--1", "1_000", "١٢"]
)
def test_what_is_no_plain_number_is_unreadable(text):
    numbers, unreadable = read_numbers(cells(text), None, ())
    assert np.isnan(numbers[0])
    assert unreadable[0]


def test_numbers_may_be_coded_and_missing():
    numbers, unreadable = read_numbers(
        cells("often", "3", "99.0", "", "-1"), {"often": 2}, ("99", "-1")
    )
    np.testing.assert_array_equal(numbers, [2, 3, np.nan, np.nan, np.nan])
    assert not unreadable.any()


@settings(deadline=None, max_examples=50)
@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e30, max_value=1e30))
def test_numbers_survive_writing_and_reading(number):
    numbers, unreadable = read_numbers(cells(repr(float(number))), None, ())
    assert numbers[0] == float(number)
    assert not unreadable[0]


def test_ids_keep_leading_zeros_and_lose_the_tail_of_spreadsheets():
    assert list(read_ids(cells("007", "12.0", "12.50", "A.0", "", "NULL"), ("NULL",))) == [
        "007",
        "12",
        "12.50",
        "A.0",
        None,
        None,
    ]


@settings(deadline=None, max_examples=50)
@given(
    st.dictionaries(
        st.text("ABCxyz019-", min_size=1, max_size=4), st.sampled_from(sorted(LEVELS)), max_size=6
    ),
    st.lists(st.text("ABCxyz019-. ", max_size=5), min_size=1, max_size=20),
)
def test_every_text_is_a_word_or_missing_or_unknown(codes, texts):
    column = cells(*[t.strip() for t in texts])
    words, unknown = read_words(column, codes, LEVELS, ("x",))
    missing = missing_values(column.values, ("x",))
    for text, word, strange, gone in zip(column.values, words, unknown, missing, strict=True):
        assert (word is None) or word in LEVELS
        assert strange == (word is None and not gone)
        if text in codes:
            assert word == codes[text]


@settings(deadline=None, max_examples=50)
@given(
    st.lists(
        st.one_of(st.none(), st.integers(-5, 5), st.floats(-3, 3), st.sampled_from(["a", "b"])),
        min_size=1,
    )
)
def test_cells_of_a_typed_column_hold_the_text_of_every_row(values):
    column = Cells.from_series(pd.Series(values, dtype=object))
    assert [column.values[c] for c in column.codes] == [cell_text(v) for v in values]
    assert column.counts().sum() == len(values)
