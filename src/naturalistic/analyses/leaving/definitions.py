"""How many dropped out under each definition, and how far unknown endings could move the rate."""

from __future__ import annotations

from typing import Any

import pandas as pd

from naturalistic.analyses.interface import EstimateRows
from naturalistic.stats.rates import rate
from naturalistic.vocabulary import DROPOUT_DEFINITIONS

NOTES = {
    "declared_dropout": "of everyone who has ended; unknown endings counted as no dropout: the lowest it can be",
    "estimated_dropout": "of everyone who has ended; unknown endings counted as dropout: the highest it can be",
    "unknown_ending": "of everyone who has ended; what the definition cannot judge",
}


def add_definitions(rows: EstimateRows, frame: pd.DataFrame, conf_level: float) -> None:
    """Proportions under every definition: of the judged, and with unknown endings counted either way.

    Parameters
    ----------
    rows : EstimateRows
        Where they go.
    frame : DataFrame
        People who started.
    conf_level : float
        Coverage of Wilson's limits.
    """
    for definition in DROPOUT_DEFINITIONS:
        state = frame[f"dropout_{definition}"].astype("object")
        dropped, unknown = int((state == "dropout").sum()), int((state == "unknown").sum())
        judged = dropped + int((state == "other_end").sum())
        key: dict[str, Any] = {"definition": definition}
        if not judged:
            note = "the extract does not hold what this definition needs"
            rows.add("proportion", term="dropout", status="not_measured", note=note, **key)
            continue
        rows.add_proportion(
            dropped,
            judged,
            rate(dropped, judged, conf_level=conf_level),
            n_missing=len(frame) - judged,
            note="of those who have ended; open episodes stand in the curves",
            term="dropout",
            **key,
        )
        counts = {
            "declared_dropout": dropped,
            "estimated_dropout": dropped + unknown,
            "unknown_ending": unknown,
        }
        ended = judged + unknown
        for term, top in counts.items():
            share = rate(top, ended, conf_level=conf_level)
            rows.add_proportion(top, ended, share, note=NOTES[term], term=term, **key)
