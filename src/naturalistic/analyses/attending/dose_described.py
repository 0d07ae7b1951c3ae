"""Change by sessions attended and by ending, and how those who attended more differ to begin with."""

from __future__ import annotations

from typing import Any

import numpy as np

from naturalistic.analyses.attending.bookings import BoolArray
from naturalistic.analyses.attending.definitions import FloatArray
from naturalistic.analyses.attending.described import mean_of
from naturalistic.analyses.attending.dose_people import Dose
from naturalistic.analyses.interface import EstimateRows
from naturalistic.stats.rates import rate
from naturalistic.stats.ratio import ratio_of_totals

ENDINGS = ("planned_ending", "unplanned_ending")
RELIABLE = ("recovered", "improved")
PER_SESSIONS = 10.0
ONE = "one person: no interval"
ENDED = "people whose therapy has ended"


def add_change_by_sessions(rows: EstimateRows, dose: Dose, conf_level: float) -> None:
    """Mean change, change per ten sessions and reliable improvement of people with both forms, by sessions attended."""
    groups = [({"sessions": dose.bins.name(b)}, dose.band == b) for b in range(dose.bins.count)]
    for dimensions, here in groups:
        if here.any():
            _change(rows, dose, here & dose.paired, dimensions, conf_level)


def add_change_by_ending(rows: EstimateRows, dose: Dose, conf_level: float) -> None:
    """Mean change and mean number of sessions after planned and after unplanned endings, and both by sessions."""
    ending = dose.frame["ending"].astype("object").to_numpy()
    for word in ENDINGS:
        here = ending == word
        if not here.any():
            note = "nobody's therapy ended this way, or endings are not held"
            columns: dict[str, Any] = {"status": "not_measured", "note": note}
            rows.add("mean_change", dimensions={"ending": word}, population="paired", **columns)
            continue
        _change(rows, dose, here & dose.paired, {"ending": word}, conf_level)
        _mean(rows, dose.sessions[here], "sessions_attended", {"ending": word}, conf_level)
        _share(rows, dose.paired, here, "paired", {"ending": word}, conf_level)
        for b in range(dose.bins.count):
            both = here & (dose.band == b) & dose.paired
            if both.any():
                name = {"ending": word, "sessions": dose.bins.name(b)}
                _mean_change(rows, dose.change[both], name, conf_level)


def add_endogeneity(rows: EstimateRows, dose: Dose, conf_level: float) -> None:
    """Who attended how many sessions: score before therapy, planned endings and forms by sessions attended."""
    first = dose.people.first
    planned = (dose.frame["ending"].astype("object") == "planned_ending").to_numpy(dtype=bool)
    for b in range(dose.bins.count):
        here = dose.band == b
        if not here.any():
            continue
        dimensions = {"sessions": dose.bins.name(b)}
        scored = first[here & np.isfinite(first)]
        _mean(rows, scored, "first_score", dimensions, conf_level)
        _share(rows, planned, here, "planned_ending", dimensions, conf_level)
        _share(rows, dose.paired, here, "paired", dimensions, conf_level)


def _change(
    rows: EstimateRows, dose: Dose, use: BoolArray, dimensions: dict[str, str], conf_level: float
) -> None:
    change, sessions = dose.change[use], dose.sessions[use]
    if not len(change):
        note = "nobody here has both forms"
        columns: dict[str, Any] = {"status": "not_estimable", "note": note}
        rows.add("mean_change", dimensions=dimensions, population="paired", **columns)
        return
    _mean_change(rows, change, dimensions, conf_level)
    pace = ratio_of_totals(PER_SESSIONS * change, sessions, conf_level=conf_level, share=False)
    shared: dict[str, Any] = {"dimensions": dimensions, "population": "paired"}
    note = "points per ten sessions attended; all change over all sessions of the group"
    rows.add(
        "mean_change", pace, term="per_ten_sessions", n_patients=len(change), note=note, **shared
    )
    category = dose.frame.loc[use, "change_category"].astype("object")
    if category.notna().any():
        top = int(category.isin(RELIABLE).sum())
        value = rate(top, len(change), conf_level=conf_level)
        rows.add_proportion(top, len(change), value, term="reliable_improvement", **shared)


def _mean_change(
    rows: EstimateRows, change: FloatArray, dimensions: dict[str, str], conf_level: float
) -> None:
    several = len(change) > 1
    rows.add(
        "mean_change",
        mean_of(change, conf_level) if several else float(change[0]),
        dimensions=dimensions,
        population="paired",
        n_patients=len(change),
        note=ENDED if several else f"{ENDED}; {ONE}",
    )


def _mean(
    rows: EstimateRows, values: FloatArray, term: str, dimensions: dict[str, str], conf_level: float
) -> None:
    key: dict[str, Any] = {"term": term, "dimensions": dimensions, "population": "started"}
    if not len(values):
        rows.add("mean", status="not_estimable", note="no value is held", **key)
        return
    several = len(values) > 1
    value = mean_of(values, conf_level) if several else float(values[0])
    note = ENDED if several else f"{ENDED}; {ONE}"
    rows.add("mean", value, n_patients=len(values), note=note, **key)


def _share(
    rows: EstimateRows,
    has: BoolArray,
    here: BoolArray,
    term: str,
    dimensions: dict[str, str],
    conf_level: float,
) -> None:
    top, bottom = int((has & here).sum()), int(here.sum())
    rows.add_proportion(
        top,
        bottom,
        rate(top, bottom, conf_level=conf_level),
        term=term,
        dimensions=dimensions,
        population="started",
        note=ENDED,
    )
