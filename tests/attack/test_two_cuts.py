"""A second data cut gives nothing away that the first one withheld, nor the first one what the second withholds."""

from __future__ import annotations

import datetime as dt

from tests.attack.cohorts import exact_results
from tests.attack.two_cuts import attack_both

FEW = ("participant_flow", "characteristics", "clinical_change")


def test_two_cuts_together_give_nothing_away_and_would_without_the_ledger() -> None:
    first = exact_results(120, 5, FEW, cut=dt.date(2023, 3, 31))
    second = exact_results(120, 5, FEW)
    alone = attack_both(first, second, compared=False)
    assert alone.recovered
    both = attack_both(first, second)
    assert both.withheld > 100
    assert both.recovered == []
    assert both.warned > 0
