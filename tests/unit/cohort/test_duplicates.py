import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from naturalistic.cohort.duplicates import merge_rows


def people(**columns):
    n = len(next(iter(columns.values())))
    return pd.DataFrame({"row": range(2, 2 + n), **columns})


def test_nothing_happens_without_repeats():
    frame = people(person=[1, 2], gender=["female", None])
    merged = merge_rows(frame, "person")
    pd.testing.assert_frame_equal(merged.frame, frame)
    assert not merged.repeated.size


def test_the_most_frequent_value_counts_and_a_tie_decides_nothing():
    frame = people(
        person=[1, 1, 1, 2, 2, 3],
        gender=["female", "male", "female", "male", "female", "male"],
        area=[None, "LS1", None, None, None, None],
    )
    merged = merge_rows(frame, "person")
    assert list(merged.frame["person"]) == [1, 2, 3]
    assert merged.frame["gender"].iloc[0] == "female"
    assert pd.isna(merged.frame["gender"].iloc[1])
    assert merged.frame["gender"].iloc[2] == "male"
    assert merged.frame["area"].iloc[0] == "LS1"
    assert list(merged.repeated) == [3, 4, 6]
    assert {k: list(v) for k, v in merged.conflicts.items()} == {"gender": [5, 6]}


def test_the_earliest_row_that_says_something_counts():
    frame = people(person=[1, 1, 1], gender=["male", None, "female"])
    dates = np.array(["2023-03-01", "2023-01-01", "2023-02-01"], dtype="datetime64[ms]")
    assert list(merge_rows(frame, "person", dates).frame["gender"]) == ["female"]
    undated = np.array(["NaT", "2023-01-01", "NaT"], dtype="datetime64[ms]")
    assert merge_rows(frame, "person", undated).frame["gender"].isna().all()


def test_the_lowest_age_counts():
    frame = people(person=[1, 1, 1], age=[40.0, np.nan, 38.0])
    merged = merge_rows(frame, "person")
    assert list(merged.frame["age"]) == [38.0]
    assert merged.conflicts == {}


def test_missing_ids_are_0_and_words_keep_their_list():
    words = pd.Categorical(["a", "b", "a"], categories=["a", "b"])
    frame = people(person=[1, 1, 1], therapist=[0, 7, 0], word=words)
    merged = merge_rows(frame, "person").frame
    assert list(merged["therapist"]) == [7]
    assert merged["therapist"].dtype == np.int64
    assert list(merged["word"]) == ["a"]
    assert list(merged["word"].cat.categories) == ["a", "b"]
    differing = people(person=[1, 1], therapist=[5, 7])
    assert list(merge_rows(differing, "person").frame["therapist"]) == [0]


@settings(deadline=None, max_examples=20)
@given(
    st.lists(
        st.tuples(
            st.integers(1, 4),
            st.sampled_from(["a", "b", None]),
            st.sampled_from([1.0, 2.0, np.nan]),
            st.integers(0, 3),
        ),
        min_size=2,
        max_size=14,
    ),
    st.randoms(use_true_random=False),
)
def test_the_order_of_rows_does_not_matter(rows, random):
    def merged(rows):
        person, word, number, days = zip(*rows, strict=True)
        frame = people(person=list(person), word=list(word), number=list(number))
        dates = np.datetime64("2023-01-01", "ms") + np.array(days).astype("timedelta64[D]")
        out = merge_rows(frame, "person", dates).frame.sort_values("person")
        return out.drop(columns="row").reset_index(drop=True)

    mixed = list(rows)
    random.shuffle(mixed)
    pd.testing.assert_frame_equal(merged(rows), merged(mixed), check_dtype=False)


@pytest.mark.parametrize("n", [1, 3])
def test_identical_rows_become_one(n):
    frame = people(person=[5] * n, gender=["female"] * n)
    merged = merge_rows(frame, "person")
    assert list(merged.frame["gender"]) == ["female"]
    assert list(merged.repeated) == list(range(3, 2 + n))
