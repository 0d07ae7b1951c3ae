import pandas as pd
import pytest

from naturalistic.cohort.flow import FLOW_COLUMNS, Chain, flow_table
from naturalistic.errors import ExtractError


def chain(*steps):
    made = Chain("sessions", "s.csv")
    made.read(10, 1, 8)
    for rows, reason in steps:
        made.drop(rows, reason)
    return made


def test_steps_are_counted_and_end_with_the_table():
    flow = flow_table(
        [chain((5, "session_orphan"), (5, "nothing lost"))],
        {"sessions": pd.DataFrame(index=range(5))},
    )
    assert tuple(flow.columns) == FLOW_COLUMNS
    assert list(flow["reason"]) == [
        "rows of s.csv",
        "row_wrong_length",
        "blank row",
        "session_orphan",
        "rows of the table",
    ]
    assert list(flow["count"]) == [0, 1, 1, 3, 0]
    assert list(flow["rows_out"]) == [10, 9, 8, 5, 5]


def test_two_files_of_one_table_are_added():
    parts = [chain((5, "x")), chain()]
    flow = flow_table(parts, {"sessions": pd.DataFrame(index=range(13))})
    assert flow["rows_out"].iloc[-1] == 13


def test_rows_that_do_not_add_up_stop_the_run():
    with pytest.raises(ExtractError, match="please report it"):
        flow_table([chain((5, "x"))], {"sessions": pd.DataFrame(index=range(6))})


def test_a_step_that_does_not_add_up_stops_the_run():
    broken = chain((5, "x"))
    broken.steps[-1] = ("set_aside", "sessions", 8, 5, "x", 2)
    with pytest.raises(ExtractError, match="do not add up at 'x'"):
        flow_table([broken], {"sessions": pd.DataFrame(index=range(5))})


def test_rows_cannot_come_back():
    with pytest.raises(ExtractError, match="do not add up"):
        flow_table([chain((5, "x"), (7, "y"))], {"sessions": pd.DataFrame(index=range(7))})
