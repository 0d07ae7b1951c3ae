import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from naturalistic.cohort.cells import Cells, read_numbers
from naturalistic.cohort.guessing.decimals import decimal_signs
from naturalistic.cohort.numerals import EITHER, POINT, Numerals
from naturalistic.cohort.unreadable import unreadable_numbers
from naturalistic.errors import ExtractError
from naturalistic.settings.mapping import SourceFile
from tests.workflow.broken_inputs.extract import Extract

COMMA = Numerals(",")
WORDS = Numerals(".", words_behind=True)


def cells(*texts: str) -> Cells:
    return Cells(np.arange(len(texts), dtype=np.int32), np.array(texts, dtype=object))


@pytest.mark.parametrize(
    ("numerals", "text", "number"),
    [
        (POINT, "13.5", 13.5),
        (POINT, "13,5", None),
        (POINT, "1,234", None),
        (COMMA, "13,5", 13.5),
        (COMMA, "-0,25", -0.25),
        (COMMA, ",5", 0.5),
        (COMMA, "13", 13.0),
        (COMMA, "1.234,5", 1234.5),
        (COMMA, "1,5E+01", 15.0),
        (COMMA, "13.5", None),
        (COMMA, "1.234", None),
        (COMMA, "1,2,3", None),
        (COMMA, "1,234.5", None),
        (EITHER, "13.5", 13.5),
        (EITHER, "13,5", 13.5),
        (EITHER, "12 (moderate)", None),
        (WORDS, "12 (moderate)", 12.0),
        (WORDS, "12 - moderate", 12.0),
        (WORDS, "7.5 severe", 7.5),
        (WORDS, "50 mins", 50.0),
        (WORDS, "12", 12.0),
        (WORDS, "12/27", 12.0),
        (WORDS, "12 out of 27", 12.0),
        (WORDS, "27/12", None),
        (WORDS, "12/05/2020", None),
        (POINT, "12/27", None),
        (WORDS, "1 hour 30", None),
        (WORDS, "moderate (12)", None),
        (Numerals(",", words_behind=True), "13,5 (mild)", 13.5),
    ],
)
def test_numbers_are_read_as_the_file_writes_them(numerals, text, number):
    assert numerals.number(text) == number


@settings(deadline=None, max_examples=100)
@given(st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-1e6, max_value=1e6))
def test_a_decimal_comma_gives_the_number_that_a_point_gives(number):
    written = f"{number:f}"
    assert COMMA.number(written.replace(".", ",")) == POINT.number(written) == float(number)


@settings(deadline=None, max_examples=100)
@given(st.text(max_size=12))
def test_no_text_is_read_otherwise_with_one_sign_than_with_both(text):
    for numerals in (POINT, COMMA):
        read = numerals.number(text)
        assert read is None or EITHER.number(text) == read


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.decimals(places=1, min_value=0, max_value=99), min_size=1, max_size=30),
    st.sampled_from([".", ","]),
)
def test_the_sign_of_a_file_is_the_one_its_decimals_have(numbers, sign):
    texts = [f"{number:f}".replace(".", sign) for number in numbers]
    assert decimal_signs([cells("a", "b"), cells(*texts)]) == sign


def test_thousands_and_lists_of_words_tell_no_sign():
    assert decimal_signs([cells("1,250", "12,000", "900")]) == "."
    assert decimal_signs([cells("a,b", "4,5 or so", "9")]) == "."
    assert decimal_signs([]) == "."
    assert decimal_signs([cells("1,5"), cells("2.5")]) == ", or ."


@pytest.mark.parametrize(
    ("given_as", "kept"),
    [(",", ","), ("comma", ","), (".", "."), ("point", "."), ("comma or point", ", or .")],
)
def test_the_mapping_names_the_sign_or_writes_it(given_as, kept):
    source = SourceFile(path="a.csv", decimal=given_as)
    assert source.decimal == kept
    assert Numerals.of(source, typed=False).signs == "".join(s for s in ".," if s in kept)


@pytest.mark.parametrize("wrong", [";", "", ", or ,", ", or ;", "auto"])
def test_another_sign_is_refused_with_those_accepted(wrong):
    with pytest.raises(ValidationError, match=r"accepted: '\.'"):
        SourceFile(path="a.csv", decimal=wrong)


def test_numbers_of_a_workbook_have_a_point_whatever_its_texts_have():
    source = SourceFile(path="a.xlsx", decimal=",")
    numbers, unreadable = read_numbers(
        cells("0.917", "13,5"), None, (), Numerals.of(source, typed=True)
    )
    np.testing.assert_array_equal(numbers, [0.917, 13.5])
    assert not unreadable.any()


def test_scores_with_a_comma_are_those_with_a_point(tmp_path):
    with_point, with_comma = Extract(), Extract()
    for extract, sign in ((with_point, "."), (with_comma, ",")):
        halves = [f"{8 + i % 25}{sign}5" for i in range(60)]
        extract.files["scores"]["total"] = halves
    with_comma.mapping["files"]["scores"]["decimal"] = ","
    expected = with_point.ingest(tmp_path).tables["questionnaires"]
    found = with_comma.ingest(tmp_path).tables["questionnaires"]
    assert found["value"].to_list() == expected["value"].to_list()
    assert (expected["value"] % 1 == 0.5).sum() == 60


def test_scores_with_words_behind_are_read_where_the_mapping_says_so(tmp_path):
    extract = Extract()
    plain = extract.ingest(tmp_path).tables["questionnaires"]["value"].to_list()
    scores = extract.files["scores"]["total"]
    extract.files["scores"]["total"] = [f"{score} (moderate)" for score in scores]
    with pytest.raises(ExtractError, match="text_after_numbers: true"):
        extract.ingest(tmp_path)
    extract.mapping["files"]["scores"]["text_after_numbers"] = True
    assert extract.ingest(tmp_path).tables["questionnaires"]["value"].to_list() == plain


def test_the_sign_is_said_and_a_single_slip_does_not_stop():
    texts = cells(*[str(i) for i in range(99)], "3,5")
    numbers, unreadable = read_numbers(texts, None, ())
    rule, hint = unreadable_numbers(texts, numbers, unreadable, POINT)
    assert rule == "number_unreadable"
    assert "decimal: ','" in hint
    texts = cells("3.5", "4")
    numbers, unreadable = read_numbers(texts, None, (), COMMA)
    assert unreadable_numbers(texts, numbers, unreadable, COMMA)[0] == "decimal_sign"
