"""Who is referred, how long they wait, what becomes of referrals, and how this changed over time."""

from __future__ import annotations

from naturalistic.analyses.access.charts import add_charts
from naturalistic.analyses.access.flow import (
    add_completeness,
    add_outcomes_of_referrals,
    add_rereferral,
    add_sources,
)
from naturalistic.analyses.access.referrals import referral_frame
from naturalistic.analyses.access.waits import add_waits
from naturalistic.analyses.interface import AnalysisInput, AnalysisResult, EstimateRows
from naturalistic.analyses.populations import episode_frame

NAME = "access_and_waits"


def analyse(data: AnalysisInput) -> AnalysisResult:
    """Waits, referrals and forms of every referral; process charts over time.

    Estimands
    ---------
    waiting_time (median, 90th_percentile) and probability_by
        Days between two steps of care, by Kaplan-Meier: whoever still waits, or whose referral was closed first, is
        observed so long. `proportion` with `specification` "seen_only": the same among those who were seen.
    count (still_waiting, over_52_weeks)
        People with an open referral who had not reached the step at the data cut.
    proportion
        Referrals by source and by what became of them; forms held.
    probability_by (rereferral)
        Finished courses after which the person was referred again.
    process_mean, process_limit; count and proportion by month, quarter, half_year or year
        XmR charts; the special causes a point shows stand in its `note`.
    level_change, slope_change
        Interrupted time series at `service_change`.
    """
    primary, level = data.settings.primary, data.settings.conf_level
    measure = {"instrument": primary.instrument, "scale": primary.scale}
    rows = EstimateRows(data.cohort, NAME)
    referrals = referral_frame(data.tables["episodes"], data.tables["sessions"])
    counted = episode_frame(
        data.tables["episodes"],
        data.tables["outcomes"],
        instrument=primary.instrument,
        scale=primary.scale,
    )
    add_waits(rows, referrals, level)
    add_sources(rows, referrals, level)
    add_outcomes_of_referrals(rows, referrals, level)
    add_rereferral(rows, referrals, level)
    add_completeness(rows, counted, level, **measure)
    add_charts(rows, data, referrals, counted)
    return AnalysisResult(rows.frame())
