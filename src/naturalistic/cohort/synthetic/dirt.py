"""Faults put into an extract on request, with a count of each: what a reader of extracts must find."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

Frames = dict[str, pd.DataFrame]

STRANGER = "E9999999"
"""An episode that is not among the clients."""


@dataclass(frozen=True, slots=True)
class _Fault:
    """One kind of fault: a cell overwritten with `text`, or with no column, rows added a second time.

    `share` is of the rows in which the cell is filled.
    """

    file: str
    share: float
    column: str = ""
    text: str = ""
    add_rows: bool = False


_FAULTS = {
    # each has the name of the rule of `naturalistic.cohort.rules` that must find it
    "code_unknown": _Fault("sessions", 0.002, "Outcome", "99"),
    "number_unreadable": _Fault("clients", 0.01, "AgeAtRef", "n/k"),
    "number_out_of_range": _Fault("clients", 0.01, "IMD", "12"),
    "date_unreadable": _Fault("sessions", 0.001, "ContactDate", "31/02/2019"),
    "discharge_before_referral": _Fault("clients", 0.005, "Closed", "01/02/1999"),
    "session_orphan": _Fault("sessions", 0.002, "EpisodeRef", STRANGER, add_rows=True),
    "session_repeated": _Fault("sessions", 0.003, add_rows=True),
    "referral_repeated": _Fault("clients", 0.01, add_rows=True),
}


def make_dirty(frames: Frames, rng: np.random.Generator) -> tuple[Frames, dict[str, int]]:
    """Copies with faults, and how many rows each fault spoilt; no row is spoilt twice."""
    spoilt = {name: frame.copy() for name, frame in frames.items()}
    untouched = {name: np.ones(len(frame), dtype=bool) for name, frame in frames.items()}
    counts = {}
    for name, fault in _FAULTS.items():
        frame = spoilt[fault.file]
        free = untouched[fault.file]
        filled = frame[fault.column or "EpisodeRef"].notna().to_numpy()[: len(free)]
        candidates = np.flatnonzero(free & filled)
        size = min(max(1, int(len(candidates) * fault.share)), len(candidates))
        rows = np.sort(rng.choice(candidates, size=size, replace=False))
        free[rows] = False
        spoilt[fault.file] = _spoil(frame, rows, fault)
        counts[name] = size
    return spoilt, counts


def _spoil(frame: pd.DataFrame, rows: np.ndarray, fault: _Fault) -> pd.DataFrame:
    changed = frame.iloc[rows] if fault.add_rows else frame
    if fault.column:
        where = np.ones(len(changed), dtype=bool) if fault.add_rows else _positions(rows, frame)
        values = changed[fault.column].astype("object")
        changed = changed.assign(**{fault.column: values.mask(where, fault.text)})
    return pd.concat([frame, changed], ignore_index=True) if fault.add_rows else changed


def _positions(rows: np.ndarray, frame: pd.DataFrame) -> np.ndarray:
    return np.isin(np.arange(len(frame)), rows)
