"""Clock times become parts of the day; the service's own words stay for the codes of the mapping."""

import numpy as np
import pytest

from naturalistic.cohort.cells import Cells
from naturalistic.cohort.times_of_day import as_times_of_day


@pytest.mark.parametrize(
    ("text", "part"),
    (
        ("09:00", "morning"),
        ("11:59", "morning"),
        ("12:00", "afternoon"),
        ("16:59:30", "afternoon"),
        ("17:00", "evening"),
        ("9.30", "morning"),
        ("2:30 pm", "afternoon"),
        ("12 am", "morning"),
        ("12 PM", "afternoon"),
        ("6 p.m.", "evening"),
        ("2024-01-05T14:30:00", "afternoon"),
        ("05/01/2024 08:15", "morning"),
        ("slot B", "slot B"),
        ("25:00", "25:00"),
        ("", ""),
    ),
)
def test_clock_times(text: str, part: str) -> None:
    cells = as_times_of_day(Cells(np.zeros(2, np.int32), np.array([text], dtype=object)))
    assert cells.values.tolist() == [part]
    assert cells.codes.tolist() == [0, 0]
