"""How many dropped out under each definition, and how far unknown endings could move the rate."""

from __future__ import annotations

from typing import Any

import pandas as pd

from naturalistic.analyses.interface import EstimateRows
from naturalistic.stats.rates import clustered_rate, rate
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
        Coverage of Wilson's limits, and of those that allow for people sharing therapists (`specification`
        "therapist_clustered", where everybody has one).
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
        _by_therapist(rows, state, frame["therapist_id"], conf_level, key)
        counts = {
            "declared_dropout": dropped,
            "estimated_dropout": dropped + unknown,
            "unknown_ending": unknown,
        }
        ended = judged + unknown
        for term, top in counts.items():
            share = rate(top, ended, conf_level=conf_level)
            rows.add_proportion(top, ended, share, note=NOTES[term], term=term, **key)


def _by_therapist(
    rows: EstimateRows,
    state: pd.Series,
    therapist: pd.Series,
    conf_level: float,
    key: dict[str, Any],
) -> None:
    """The same rate, limits with one therapist left out at a time; only of the same people, so that no count is new."""
    judged = state.isin(["dropout", "other_end"]).to_numpy(dtype=bool)
    who, dropped = therapist[judged], (state[judged] == "dropout").to_numpy(dtype=bool)
    if who.isna().any() or who.nunique() < 2:
        return
    value = clustered_rate(dropped, pd.factorize(who, sort=True)[0], conf_level=conf_level)
    columns = {**key, "term": "dropout", "specification": "therapist_clustered"}
    rows.add_proportion(
        int(dropped.sum()), len(who), value, n_missing=len(state) - len(who), **columns
    )
