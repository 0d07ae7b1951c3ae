"""Where the names of the columns stand."""

from __future__ import annotations

import pytest

from naturalistic.cohort.guessing.header_rows import find_header

DATA = ["0001", "34", "12/03/2021", "Completed", "14", "9"]


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        # the plain case
        ([["Id", "Age", "Referred", "Ending", "Pre", "Post"], DATA], (1, 1)),
        # titles, a date of the report, a blank row
        (
            [
                ["Outcomes", "", "", "", "", ""],
                ["Run on 12/04/2024"],
                [],
                ["Id", "Age", "Referred", "Ending", "Pre", "Post"],
                DATA,
            ],
            (4, 1),
        ),
        # groups above names that stand twice
        (
            [
                ["Client", "", "Referral", "", "PHQ-9", "", "GAD-7", ""],
                ["Id", "Age", "Referred", "Ending", "Pre", "Post", "Pre", "Post"],
                [*DATA, "3", "2"],
            ],
            (1, 2),
        ),
        # groups above names that all differ: not needed
        (
            [
                ["Client", "", "Referral", "", "PHQ-9", ""],
                ["Id", "Age", "Referred", "Ending", "Pre", "Post"],
                DATA,
            ],
            (2, 1),
        ),
        # some names merged downwards, the others in the line below
        (
            [
                ["Id", "Age", "Referred", "Ending", "PHQ-9", ""],
                ["", "", "", "", "Pre", "Post"],
                DATA,
            ],
            (1, 2),
        ),
        # a row of data with an empty cell is not a second line of the header
        (
            [
                ["Id", "Age", "Referred", "Ending", "", "Note"],
                ["P1", "", "", "", "x", ""],
            ],
            (1, 1),
        ),
        # a blank column between tables does not spoil the header
        (
            [["Id", "Age", "Referred", "Ending", "", "Pre", "Post"], [*DATA[:4], "", "1", "2"]],
            (1, 1),
        ),
        # no header at all
        ([DATA, DATA], None),
        ([["P1", "12/03/2021", "07700 900123"]], None),
        ([], None),
        ([[], []], None),
    ],
)
def test_the_header_is_found(lines, found):
    assert find_header(lines) == found
