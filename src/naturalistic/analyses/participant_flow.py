"""Participant flow: who was referred, assessed and started, how it ended, who has both forms, and who was lost and why."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from naturalistic.analyses.interface import AnalysisInput, AnalysisResult, EstimateRows
from naturalistic.analyses.populations import episode_frame, in_population, not_measured
from naturalistic.stats.rates import rate
from naturalistic.vocabulary import POPULATIONS

NAME = "participant_flow"


def analyse(data: AnalysisInput) -> AnalysisResult:
    """Counts of people at every step, with the reason for each loss.

    Estimands
    ---------
    count
        People in each population; people lost between two steps, by reason; rows of the extract set aside.
    proportion
        Each population as a share of everyone who started.
    """
    primary = data.settings.primary
    frame = episode_frame(
        data.tables["episodes"],
        data.tables["outcomes"],
        instrument=primary.instrument,
        scale=primary.scale,
    )
    rows = EstimateRows(data.cohort, NAME)
    _referrals(rows, data, frame)
    _populations(rows, frame, primary.instrument, primary.scale, data.settings.conf_level)
    _breakdown(
        rows, frame, "lost_before_start", ~in_population(frame, "started"), "ending", "referred"
    )
    _breakdown(
        rows, frame, "ending_of_therapy", in_population(frame, "started"), "ending", "started"
    )
    pairing = frame.assign(pairing=frame["pairing"].astype("object").fillna("no_form"))
    _breakdown(rows, pairing, "forms", in_population(frame, "started"), "pairing", "started")
    _intake(rows, data.tables["intake"])
    return AnalysisResult(rows.frame())


def _referrals(rows: EstimateRows, data: AnalysisInput, frame: pd.DataFrame) -> None:
    referrals = data.tables["referrals"]
    rows.add(
        "count",
        len(referrals),
        term="referrals",
        population="referred",
        n_patients=referrals["patient_id"].nunique(),
        n_episodes=len(referrals),
        note="every referral in the extract",
    )
    others = len(referrals) - len(frame)
    rows.add(
        "count",
        others,
        term="referrals_not_counted",
        population="referred",
        n_patients=others,
        n_episodes=others,
        note=f"the settings count the {data.settings.episodes} referral of a person"
        if data.settings.episodes != "all"
        else "the settings count every referral",
    )


def _populations(
    rows: EstimateRows, frame: pd.DataFrame, instrument: str, scale: str, level: float
) -> None:
    started = in_population(frame, "started")
    on_forms = {"started_with_followup", "paired", "case_at_start"}
    for name in POPULATIONS:
        if reason := not_measured(frame, name):
            rows.add("count", term="people", population=name, status="not_measured", note=reason)
            continue
        member = in_population(frame, name)
        people = _people(frame, member)
        measure: dict[str, Any] = (
            {"instrument": instrument, "scale": scale} if name in on_forms else {}
        )
        rows.add(
            "count",
            people,
            term="people",
            population=name,
            n_patients=people,
            n_episodes=int(member.sum()),
            **measure,
        )
        if name not in ("referred", "assessed", "started"):
            top, bottom = int((member & started).sum()), int(started.sum())
            rows.add_proportion(
                top,
                bottom,
                rate(top, bottom, conf_level=level),
                term="share_of_started",
                population=name,
                **measure,
            )


def _breakdown(
    rows: EstimateRows,
    frame: pd.DataFrame,
    term: str,
    member: np.ndarray,
    column: str,
    population: str,
) -> None:
    chosen = frame[member]
    total = len(chosen)
    for level, count in chosen[column].astype("object").value_counts().sort_index().items():
        rows.add(
            "count",
            int(count),
            term=term,
            population=population,
            dimensions={column: level},
            n_patients=chosen.loc[chosen[column] == level, "patient_id"].nunique(),
            n_episodes=int(count),
            numerator=int(count),
            denominator=total,
        )


def _intake(rows: EstimateRows, intake: pd.DataFrame) -> None:
    lost = intake[intake["count"].fillna(0) > 0]
    totals = lost.groupby(["table", "reason"], sort=True)["count"].sum().reset_index()
    for table, reason, count in totals.itertuples(index=False):
        rows.add(
            "count",
            int(count),
            term="rows_set_aside",
            dimensions={"table": table, "reason": reason},
            n_patients=int(count),
            note="rows of the extract, not people",
        )


def _people(frame: pd.DataFrame, member: np.ndarray) -> int:
    return int(frame.loc[member, "patient_id"].nunique())
