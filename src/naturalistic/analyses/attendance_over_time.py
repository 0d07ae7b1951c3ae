"""When sessions are missed, and whether a missed session foretells another, or leaving."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from naturalistic.analyses.attending.bookings import bookings_of
from naturalistic.analyses.attending.course import add_course, add_returns
from naturalistic.analyses.attending.definitions import people_who_started
from naturalistic.analyses.attending.foretelling import add_lag_models, add_repeats
from naturalistic.analyses.attending.leaving_after import add_leaving
from naturalistic.analyses.attending.people import FEWEST_THERAPISTS
from naturalistic.analyses.attending.steps import steps_of
from naturalistic.analyses.interface import AnalysisInput, AnalysisResult, EstimateRows

NAME = "attendance_over_time"
NOT_HELD = "sessions are not held one by one, or missed ones were not recorded"


def analyse(data: AnalysisInput) -> AnalysisResult:
    """Sessions offered to everyone who started, in order. Associations, not effects.

    Estimands
    ---------
    proportion (absence_by_booking)
        Share missed by number of the booking, for all and by ending.
    proportion (attended_again)
        How often somebody attended again after one, two or three sessions missed in a row.
    proportion, risk_difference (missed_after_missed ...; total, between, within)
        Share missed after a missed and after a kept session; the part that differences between people alone give
        (expectation over all orders of each person's own bookings, exact in short series), and the rest.
    odds_ratio (model ``previous_booking``)
        The same question as models, side by side with what biases each.
    proportion, odds_ratio, risk_difference (models ``leaving_*``)
        Dropping out after a session attended, by what was missed just before it and earlier.
    """
    primary, level = data.settings.primary, data.settings.conf_level
    frame = people_who_started(data)
    definition = primary.absence_definition
    bookings = bookings_of(data.tables["sessions"], frame, definition)
    rows = EstimateRows(data.cohort, NAME, population="started", definition=definition)
    if not bookings.missed.any():
        rows.add("proportion", term="absence_by_booking", status="not_measured", note=NOT_HELD)
        return AnalysisResult(rows.frame())
    therapist = _therapists(frame)
    add_course(rows, bookings, frame, level)
    add_returns(rows, bookings, frame, level)
    add_repeats(rows, bookings, level)
    add_lag_models(rows, bookings, therapist, level)
    state = frame[f"dropout_{primary.dropout_definition}"].astype("object").to_numpy()
    steps = steps_of(bookings, state)
    add_leaving(rows, steps, therapist, len(frame), level)
    return AnalysisResult(rows.frame())


def _therapists(frame: pd.DataFrame) -> npt.NDArray[np.int64] | None:
    """Codes where everyone has a recorded therapist and there are enough of them."""
    codes, names = pd.factorize(frame["therapist_id"], sort=True)
    if (codes < 0).any() or len(names) < FEWEST_THERAPISTS:
        return None
    return codes.astype(np.int64)
