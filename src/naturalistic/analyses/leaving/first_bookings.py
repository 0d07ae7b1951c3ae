"""What becomes of people who miss the first sessions booked for them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from naturalistic.analyses.interface import EstimateRows
from naturalistic.stats.rate_difference import rate_difference
from naturalistic.stats.rates import rate
from naturalistic.vocabulary import ABSENCE_DEFINITIONS, SEEN, TREATMENT_CONTACTS

FIRST = 2
NAMES = {0: "none", 1: "one", 2: "both"}
MISSED = ABSENCE_DEFINITIONS["patient_side"][1]


def missed_of_first(sessions: pd.DataFrame) -> pd.Series:
    """How many of the first two treatment sessions offered each referral missed on the patient's side.

    Sessions the service cancelled are passed over; referrals with fewer than two are left out.

    Parameters
    ----------
    sessions : DataFrame
        Canonical table.

    Returns
    -------
    Series
        Indexed by ``referral_id``: 0, 1 or 2.
    """
    offered = sessions[
        sessions["contact_type"].isin(TREATMENT_CONTACTS)
        & sessions["attendance"].isin((*SEEN, *MISSED))
    ]
    offered = pd.DataFrame(
        {
            "referral_id": offered["referral_id"],
            "date": offered["date"],
            "missed": offered["attendance"].isin(MISSED).astype(int),
        }
    )
    offered = offered.dropna().sort_values(["referral_id", "date", "missed"])
    place = offered.groupby("referral_id").cumcount()
    first = offered[place < FIRST].groupby("referral_id")["missed"].agg(["size", "sum"])
    return first.loc[first["size"] == FIRST, "sum"]


def add_first_bookings(
    rows: EstimateRows,
    episodes: pd.DataFrame,
    sessions: pd.DataFrame,
    definition: str,
    conf_level: float,
) -> None:
    """Share that missed both, one or none of the first two, that never started, and that dropped out.

    Parameters
    ----------
    rows : EstimateRows
        Where they go.
    episodes : DataFrame
        Table ``episodes``.
    sessions : DataFrame
        Canonical table; may be empty.
    definition : str
        Definition of dropout.
    conf_level : float
        Coverage of Wilson's limits.
    """
    counted = episodes[episodes["counts"] == "yes"]
    missed = counted["referral_id"].map(missed_of_first(sessions))
    known = counted[missed.notna()].assign(missed=missed[missed.notna()].astype(int).map(NAMES))
    key: dict[str, Any] = {"term": "first_two_sessions_missed", "population": "referred"}
    if not len(known) or not (known["missed"] != "none").any():
        note = "sessions are not held one by one, or missed ones were not recorded"
        rows.add("proportion", status="not_measured", note=note, **key)
        return
    state = known[f"dropout_{definition}"].astype("object")
    started = known["started"] == "yes"
    judged = started & state.isin(("dropout", "other_end"))
    everyone = np.ones(len(known), dtype=bool)
    for name in NAMES.values():
        here = (known["missed"] == name).to_numpy()
        dimensions = {"missed_of_first_two": name}
        note = "of those with two treatment sessions offered"
        _share(rows, here, everyone, note, conf_level, dimensions=dimensions, **key)
        never = {**key, "term": "never_started"}
        _share(rows, here & ~started, here, note, conf_level, dimensions=dimensions, **never)
        left = {"term": "dropout", "population": "started", "definition": definition}
        note = "of those who started and have ended"
        dropped = here & judged & (state == "dropout")
        _share(rows, dropped, here & judged, note, conf_level, dimensions=dimensions, **left)
    _differences(
        rows,
        known["missed"].to_numpy(),
        judged & (state == "dropout"),
        judged,
        conf_level,
        definition,
    )


def _differences(
    rows: EstimateRows,
    missed: Any,
    dropped: Any,
    judged: Any,
    conf_level: float,
    definition: str,
) -> None:
    """Share that dropped out of those who missed one or both, less that of those who missed neither."""
    dropped, judged = dropped.to_numpy(dtype=bool), judged.to_numpy(dtype=bool)
    neither = judged & (missed == NAMES[0])
    for name in (NAMES[2], NAMES[1]):
        here = judged & (missed == name)
        value = rate_difference(
            int((here & dropped).sum()),
            int(here.sum()),
            int((neither & dropped).sum()),
            int(neither.sum()),
            conf_level=conf_level,
        )
        rows.add(
            "proportion_difference",
            value,
            term="dropout",
            contrast=f"{name} vs {NAMES[0]}",
            population="started",
            definition=definition,
            n_patients=int(here.sum()),
            n_events=int((here & dropped).sum()),
            denominator=int((here | neither).sum()),
            note="of the first two treatment sessions offered; of those who started and have ended",
        )


def _share(
    rows: EstimateRows, top: Any, bottom: Any, note: str, conf_level: float, **key: Any
) -> None:
    numerator, denominator = int(top.sum()), int(bottom.sum())
    value = rate(numerator, denominator, conf_level=conf_level) if denominator else None
    if value is None:
        note = "nobody is in the denominator"
    rows.add_proportion(numerator, denominator, value, note=note, **key)
