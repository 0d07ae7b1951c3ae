"""The outcome rates of NHS Talking Therapies by the national rules, where PHQ-9 and GAD-7 are held."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from naturalistic.analyses.change.national_rules import DEPRESSION, national_outcome
from naturalistic.analyses.interface import AnalysisInput, AnalysisResult, EstimateRows
from naturalistic.analyses.populations import in_population, not_measured
from naturalistic.stats.rates import clustered_rate, rate
from naturalistic.stats.talking_therapies import (
    TalkingTherapiesCounts,
    TalkingTherapiesOutcome,
)

NAME = "talking_therapies_measures"
Mask = npt.NDArray[np.bool_]
DENOMINATORS = ("paired", "planned_ending", "started", "referred")


def analyse(data: AnalysisInput) -> AnalysisResult:
    """Caseness, reliable improvement and deterioration, recovery and reliable recovery on two measures.

    Estimands
    ---------
    proportion
        `definition` "talking_therapies", each on its own denominator: finished courses (ended, at least two attended
        treatment sessions); for both recoveries those minus the ones not at caseness. Beside it with an interval that
        allows for therapists, and the same numerators on four other denominators (`specification`
        "other_denominator").
    count
        Finished courses and what became of them.
    """
    key: dict[str, Any] = {
        "instrument": DEPRESSION,
        "scale": data.instruments[DEPRESSION].primary_scale,
        "definition": "talking_therapies",
    }
    rows = EstimateRows(data.cohort, NAME, **key)
    found = national_outcome(data)
    if isinstance(found, str):
        rows.add("proportion", term="recovery", status="not_measured", note=found)
        return AnalysisResult(rows.frame())
    frame, outcome, finished = found.frame, found.outcome, found.finished
    _national(rows, frame, outcome, finished, data.settings.conf_level)
    _by_group(rows, frame, outcome, finished, data.settings.conf_level)
    _other_denominators(rows, frame, outcome, finished, data.settings.conf_level)
    return AnalysisResult(rows.frame())


def _national(
    rows: EstimateRows,
    frame: pd.DataFrame,
    outcome: TalkingTherapiesOutcome,
    finished: Mask,
    level: float,
) -> None:
    counts = TalkingTherapiesCounts.of(outcome, finished)
    for term, (top, bottom) in counts.fractions().items():
        value = rate(top, bottom, conf_level=level) if bottom else None
        rows.add_proportion(top, bottom, value, term=term)
    among = {
        term: finished & ~outcome.not_at_caseness if "recovery" in term else finished
        for term in counts.fractions()
    }
    hits = _hits(outcome)
    therapist = frame["therapist_id"]
    for term, member in among.items():
        known = member & therapist.notna().to_numpy()
        if therapist[known].nunique() >= 2:
            codes = pd.factorize(therapist[known], sort=True)[0]
            rows.add_proportion(
                int(hits[term][known].sum()),
                int(known.sum()),
                clustered_rate(hits[term][known], codes, conf_level=level),
                term=term,
                specification="therapist_clustered",
                n_therapists=int(therapist[known].nunique()),
                n_missing=int(member.sum() - known.sum()),
            )
    for term, who in {
        "finished": finished,
        "at_caseness": finished & outcome.at_caseness,
        "not_at_caseness": finished & outcome.not_at_caseness,
        "paired": finished & outcome.paired,
    }.items():
        n = int(who.sum())
        rows.add("count", n, term=term, n_patients=n)


def _hits(outcome: TalkingTherapiesOutcome) -> dict[str, Mask]:
    return {
        "reliable_improvement": outcome.improved,
        "reliable_deterioration": outcome.deteriorated,
        "no_reliable_change": outcome.no_reliable_change,
        "recovery": outcome.recovered,
        "reliable_recovery": outcome.reliably_recovered,
    }


def _by_group(
    rows: EstimateRows,
    frame: pd.DataFrame,
    outcome: TalkingTherapiesOutcome,
    finished: Mask,
    level: float,
) -> None:
    """The same by year, problem, therapy model, step and ending."""
    for name in ("year", "problem", "therapy_model", "step", "ending"):
        if not frame[name].notna().any():
            continue
        words = frame[name].astype("object").where(frame[name].notna(), "not_recorded")
        for word in sorted(words[finished].unique(), key=str):
            counts = TalkingTherapiesCounts.of(outcome, finished & (words == word).to_numpy())
            for term, (top, bottom) in counts.fractions().items():
                value = rate(top, bottom, conf_level=level) if bottom else None
                rows.add_proportion(top, bottom, value, term=term, dimensions={name: word})


def _other_denominators(
    rows: EstimateRows,
    frame: pd.DataFrame,
    outcome: TalkingTherapiesOutcome,
    finished: Mask,
    level: float,
) -> None:
    """The same numerators among the paired, planned endings, everyone who started and everyone referred."""
    members = {name: in_population(frame, name) for name in DENOMINATORS}
    members["paired"] = in_population(frame, "started") & outcome.paired
    for population, member in members.items():
        reason = not_measured(frame, population)
        for term, hit in _hits(outcome).items():
            among = member & ~outcome.not_at_caseness if "recovery" in term else member
            columns: dict[str, Any] = {
                "term": term,
                "population": population,
                "specification": "other_denominator",
            }
            if reason:
                rows.add("proportion", status="not_measured", note=reason, **columns)
                continue
            top, bottom = int((hit & finished & among).sum()), int(among.sum())
            value = rate(top, bottom, conf_level=level) if bottom else None
            rows.add_proportion(top, bottom, value, **columns)
