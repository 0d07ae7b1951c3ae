"""Services of one population: each is moved by what is true of it alone, with the spread that was asked for."""

from __future__ import annotations

import numpy as np
import pytest

from naturalistic.cohort.synthetic import PRESETS, Spread, make_cohort
from naturalistic.cohort.synthetic.services import service_model

AVERAGE = PRESETS["talking_therapies"]
SPREAD = Spread(baseline=1.0, gain=1.5, log_hazard_dropout=0.3, log_odds_absent=0.2)


def test_services_differ_with_the_spread_that_was_asked_for():
    made = [service_model(AVERAGE, SPREAD, seed) for seed in range(4000)]
    found = {
        "baseline": [m.baseline.mean - AVERAGE.baseline.mean for m in made],
        "gain": [m.change.gain - AVERAGE.change.gain for m in made],
        "log_hazard_dropout": [
            np.log(m.endings.dropout[0][1] / AVERAGE.endings.dropout[0][1]) for m in made
        ],
        "log_odds_absent": [
            m.attendance.log_odds_absent - AVERAGE.attendance.log_odds_absent for m in made
        ],
    }
    for name, values in found.items():
        sd = getattr(SPREAD, name)
        # 4000 draws: Monte Carlo error of a mean sd / 63, of an SD sd / 89; four of them are allowed
        assert np.mean(values) == pytest.approx(0, abs=4 * sd / 63)
        assert np.std(values, ddof=1) == pytest.approx(sd, abs=4 * sd / 89)
    correlations = np.corrcoef(list(found.values()))
    assert np.abs(correlations[np.triu_indices(4, 1)]).max() < 4 / 63


def test_no_spread_is_the_average_service():
    assert service_model(AVERAGE, Spread(), 7) == AVERAGE


def test_what_is_true_of_a_service_stands_in_its_truth():
    made = make_cohort("talking_therapies", 7, n=60, spread=SPREAD)
    assert made.truth["model"]["change"]["gain"] == service_model(AVERAGE, SPREAD, 7).change.gain
    assert made.truth["model"]["change"]["gain"] != AVERAGE.change.gain
