"""Where the drift towards the usual score could be all of the change: between the scores worked out, on a straight line."""

from __future__ import annotations

import pytest

from naturalistic.report.drift import drift
from naturalistic.report.released import Released
from tests.unit.report.handmade import REQOL, change_rows, released, row


def left(*points: tuple[float, float], **more: object) -> Released:
    key = {"term": "mee_chua_effect", "population": "paired"}
    rows = [
        row("bias", "mean_change", low + 1, time=time, conf_low=low, conf_high=low + 2, **key)
        for time, low in points
    ]
    return released(*change_rows(5, 4, 6), *rows, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("points", "limit"),
    [
        (((5.0, -1.0), (10.0, 1.0), (20.0, 3.0)), 7.5),
        (((5.0, -1.0), (10.0, 0.0), (20.0, 3.0)), 10.0),
        (((5.0, 1.0), (20.0, 3.0)), None),
        (((5.0, -1.0), (20.0, -0.5)), 20.0),
    ],
)
def test_where_the_lower_limit_reaches_nothing(
    points: tuple[tuple[float, float], ...], limit: float | None
) -> None:
    found = drift(left(*points))
    assert found is not None
    assert found.limit == (None if limit is None else pytest.approx(limit))
    assert found.healthiest["time"] == 5.0


def test_on_a_scale_where_higher_is_better_the_healthiest_score_is_the_highest() -> None:
    found = drift(left((15.0, 3.0), (30.0, -1.0), measure=REQOL))
    assert found is not None
    assert found.limit == pytest.approx(26.25)
    assert found.healthiest["time"] == 30.0


def test_what_was_not_worked_out_has_no_limit() -> None:
    assert drift(released()) is None
