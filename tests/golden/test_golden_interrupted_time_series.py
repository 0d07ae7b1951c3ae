"""Segmented regression and XmR limits against R (interrupted_time_series.R makes the numbers)."""

import json
from pathlib import Path

import numpy as np
import pytest

from naturalistic.stats.interrupted_time_series import TERMS, segmented_regression
from naturalistic.stats.process_control import xmr_chart

GOLDEN = json.loads((Path(__file__).parent / "interrupted_time_series.json").read_text())
SERIES, LAW = np.array(GOLDEN["series"], dtype=float), np.array(GOLDEN["law"]) == 1


@pytest.mark.parametrize(("name", "lag"), [("lag4", 4), ("lag0", 0)])
def test_newey_west_agrees_with_sandwich(name: str, lag: int) -> None:
    found = segmented_regression(SERIES, LAW, lag=lag)
    _same(found, GOLDEN[name])


def test_the_period_of_the_change_may_be_left_out() -> None:
    kept = np.arange(SERIES.size) != 169
    time = np.arange(SERIES.size)[kept]
    _same(segmented_regression(SERIES[kept], LAW[kept], time=time, lag=4), GOLDEN["gap"])


def _same(found, golden) -> None:
    parts = [getattr(found, term) for term in TERMS]
    assert [p.estimate for p in parts] == pytest.approx(golden["coefficients"], rel=1e-8)
    assert [p.std_error for p in parts] == pytest.approx(golden["se"], rel=1e-8)
    assert [p.p_value for p in parts] == pytest.approx(golden["p"], rel=1e-6, abs=1e-14)
    assert found.durbin_watson == pytest.approx(golden["dw"], rel=1e-10)


def test_limits_of_an_xmr_chart() -> None:
    golden = GOLDEN["xmr"]
    chart = xmr_chart(golden["values"])
    assert (chart.mean, chart.lower, chart.upper) == pytest.approx(
        (golden["mean"], golden["lower"], golden["upper"]), rel=1e-12
    )
