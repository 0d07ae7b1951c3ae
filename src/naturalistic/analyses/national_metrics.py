"""What the national metrics would say about these data, and what they do not see."""

from __future__ import annotations

from naturalistic.analyses.interface import AnalysisInput, AnalysisResult, EstimateRows
from naturalistic.analyses.national.adults import national_frame
from naturalistic.analyses.national.community_proms import add_community_proms
from naturalistic.analyses.national.four_week_wait import add_four_week_wait
from naturalistic.analyses.national.talking_therapies import add_talking_therapies
from naturalistic.analyses.national.therapy_access import add_therapy_access

NAME = "national_metrics"


def analyse(data: AnalysisInput) -> AnalysisResult:
    """A shadow of four national programmes; definitions and their sources stand in `reference/national_metrics`.

    Estimands
    ---------
    count, sessions, proportion, waiting_time
        `term` is the key of the metric. Talking Therapies also by complete `financial_year` of the referral, of the
        first session, or of the ending, where no year is small. Access to psychological therapies: people counted, and
        people and sessions the metric does not see by `coding` (not on its list, a word that is on no list, not recorded).
    """
    level = data.settings.conf_level
    rows = EstimateRows(data.cohort, NAME)
    frame = national_frame(data)
    scores = data.tables["scores"]
    add_talking_therapies(rows, data, frame, level)
    add_therapy_access(rows, frame, data.tables["sessions"])
    add_four_week_wait(rows, frame, scores, level)
    add_community_proms(rows, frame, scores, data.instruments, level)
    return AnalysisResult(rows.frame())
