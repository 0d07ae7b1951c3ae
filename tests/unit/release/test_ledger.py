"""Two releases of one cohort side by side: small differences are named."""

from __future__ import annotations

import pandas as pd

from naturalistic.analyses.interface import EstimateRows
from naturalistic.release.disclosure import protect_cohort
from naturalistic.release.ledger import NOW_SHOWN, SMALL_STEP, differences, ledger_entry


def release(**people: int) -> tuple[dict[str, pd.DataFrame], dict[str, pd.DataFrame]]:
    rows = EstimateRows("c", "flow")
    for term, n in people.items():
        rows.add("count", n, n_patients=n, term=term)
    exact = {"flow": rows.frame()}
    return exact, dict(protect_cohort(exact, "opensafely").estimates)


def test_a_small_step_that_can_be_seen_is_named() -> None:
    before, now = (
        release(assessed=52, started=41, ended=6),
        release(assessed=53, started=90, ended=9),
    )
    found = differences(
        ledger_entry(*now), {"earlier": ledger_entry(*before)}, "opensafely"
    ).set_index(["term", "column"])
    # 52 is shown as 50 and 53 as 55: one person more; 41 and 90 tell of a crowd
    assert found.loc[("assessed", "n_patients"), "why"] == SMALL_STEP
    assert found.loc[("ended", "n_patients"), "why"] == NOW_SHOWN
    assert "started" not in found.index.get_level_values("term")
    assert (found["release"] == "earlier").all()


def test_the_same_release_again_differs_in_nothing() -> None:
    entry = ledger_entry(*release(assessed=52, started=6))
    assert differences(entry, {"earlier": entry}, "opensafely").empty
