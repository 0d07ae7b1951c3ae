"""Who leaves more often, before any model: incidence at each level of each characteristic, and Gray's test."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from naturalistic.analyses.interface import EstimateRows
from naturalistic.analyses.leaving.clocks import CAUSES, TimeToEnding
from naturalistic.analyses.leaving.incidence import HORIZONS, TRUNCATED
from naturalistic.analyses.predictors import NOT_RECORDED, prepare_predictors
from naturalistic.stats.competing_risks import aalen_johansen
from naturalistic.stats.grays_test import grays_test
from naturalistic.stats.result import Estimate
from naturalistic.vocabulary import CHARACTERISTICS


def add_by_characteristic(
    rows: EstimateRows,
    frame: pd.DataFrame,
    ends: TimeToEnding,
    clock: str,
    conf_level: float,
    **key: Any,
) -> None:
    """Probability of having dropped out by session 20 (week 52) at each level of each characteristic (Aalen-Johansen).

    Levels of few people together; numbers below and from their median on; nothing else held equal.
    """
    horizon = HORIZONS[clock]
    if not (ends.time >= horizon).any():
        return
    people = frame.iloc[ends.rows].reset_index(drop=True)
    for name, groups in _groups(people).items():
        for level in sorted(groups.dropna().astype(str).unique()):
            here = (groups.astype("object") == level).to_numpy(dtype=bool)
            at_level = {"dimensions": {name: level}, "time": horizon, **key}
            _add_incidence(rows, ends, here, conf_level, at_level)


def _add_incidence(
    rows: EstimateRows,
    ends: TimeToEnding,
    here: npt.NDArray[np.bool_],
    conf_level: float,
    key: dict[str, Any],
) -> None:
    """Incidence of dropout among some people by `time` of the key."""
    curve = aalen_johansen(
        ends.time[here],
        ends.cause[here],
        entry=None if ends.entry is None else ends.entry[here],
        n_causes=len(CAUSES),
        conf_level=conf_level,
    ).cause(1)
    read = curve.at(np.array([key["time"]]))
    known = bool(np.isfinite(read.estimate[0]))
    rows.add(
        "cumulative_incidence",
        float(read.estimate[0]) if known else None,
        status="ok" if known else "not_estimable",
        note="" if known else "nobody at that level is under observation so late",
        term="dropout",
        std_error=float(read.std_error[0]),
        conf_low=float(read.conf_low[0]),
        conf_high=float(read.conf_high[0]),
        conf_level=conf_level,
        method=curve.method,
        n_patients=int(here.sum()),
        n_events=int(read.cumulative_events[0]),
        **key,
    )


def add_grays_tests(
    rows: EstimateRows, frame: pd.DataFrame, ends: TimeToEnding, **key: Any
) -> None:
    """Gray's test of the incidence of dropout by each characteristic held.

    Numbers are compared below and from their median on; levels of few people together; people whose level is not
    recorded are left out of that test. One test a characteristic, none adjusted for the others or for their number.
    """
    people = frame.iloc[ends.rows].reset_index(drop=True)
    for name, groups in _groups(people).items():
        known = groups.notna().to_numpy()
        levels = groups[known].astype(str).to_numpy()
        events = int((ends.cause[known] == 1).sum())
        counts: dict[str, Any] = {"n_patients": int(known.sum()), "n_missing": int((~known).sum())}
        if ends.entry is not None:
            rows.add("grays_test", term=name, status="not_run", note=TRUNCATED, **counts, **key)
            continue
        if events == 0 or len(np.unique(levels)) < 2:
            note = "nobody dropped out" if events == 0 else "everyone is at the same level"
            rows.add("grays_test", term=name, status="not_estimable", note=note, **counts, **key)
            continue
        rows.add(
            "grays_test",
            _gray(ends, known, levels),
            term=name,
            n_events=events,
            contrast=f"{len(np.unique(levels))} groups",
            **counts,
            **key,
        )


def _gray(
    ends: TimeToEnding, known: npt.NDArray[np.bool_], levels: npt.NDArray[np.object_]
) -> Estimate:
    test = grays_test(ends.time[known], ends.cause[known], levels)
    return Estimate(
        estimate=test.statistic,
        statistic=test.statistic,
        df=test.df,
        p_value=test.p_value,
        status=test.status,
        method=test.method,
        note=test.note,
    )


def _groups(people: pd.DataFrame) -> dict[str, pd.Series]:
    """Levels of each characteristic that is held; missing where not recorded."""
    levelled = [name for name, c in CHARACTERISTICS.items() if not c.numeric]
    prepared = prepare_predictors(people, levelled, {}).frame
    found = {
        name: prepared[name].astype("object").where(prepared[name] != NOT_RECORDED)
        for name in prepared.columns
    }
    numeric = [name for name, c in CHARACTERISTICS.items() if c.numeric]
    for name in (*numeric, "first_score"):
        values = (
            people[name].astype("float64") if name in people.columns else pd.Series(dtype=float)
        )
        if values.nunique() < 2:
            continue
        middle = float(values.median())
        halves = pd.Series(np.where(values < middle, "below", "from"), index=people.index)
        found[name] = halves.astype("object").where(values.notna())
    return found
