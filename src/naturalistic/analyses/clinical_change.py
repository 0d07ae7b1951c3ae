"""How many people changed reliably, recovered or deteriorated, and whether it depends on the method."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from naturalistic.analyses.change.groups import group_of
from naturalistic.analyses.change.method_rows import add_methods
from naturalistic.analyses.change.people import started_on
from naturalistic.analyses.interface import AnalysisInput, AnalysisResult, EstimateRows
from naturalistic.analyses.populations import episode_frame, in_population, not_measured
from naturalistic.stats.rates import clustered_rate, rate
from naturalistic.vocabulary import CHANGE_CATEGORIES

NAME = "clinical_change"
DEFINITION = "jacobson_truax"
RELIABLY_IMPROVED = ("recovered", "improved")
RELIABLY_DETERIORATED = ("deteriorated", "deteriorated_across_cutoff")
DENOMINATORS = ("paired", "planned_ending", "started", "referred")
Mask = npt.NDArray[np.bool_]


def analyse(data: AnalysisInput) -> AnalysisResult:
    """Categories of change among the paired, and each headline rate on four denominators.

    Estimands
    ---------
    proportion (category)
        Share of the paired in each category; those who started below the cut-off stand apart, since they cannot recover.
    proportion (reliable_improvement, reliable_deterioration, recovery)
        On four denominators: paired, planned ending, started, referred. Recovery counts only those above the cut-off at
        the start of each. People without both forms count in the denominators of the last three, never in a numerator.
        Wilson's interval, and beside it (`specification` "therapist_clustered") one that allows for therapists.
    proportion (`specification` "other_method", "cut_off_a" ...), threshold, kappa, count
        On the primary scale: every other method (`definition`), its thresholds, and who changes category.
    """
    primary = data.settings.primary
    rows = EstimateRows(data.cohort, NAME)
    outcomes = data.tables["outcomes"]
    measures = outcomes[["instrument", "scale"]].drop_duplicates().astype("object")
    found = False
    for instrument, scale in sorted(measures.itertuples(index=False, name=None)):
        frame = episode_frame(data.tables["episodes"], outcomes, instrument=instrument, scale=scale)
        if not frame["change_category"].notna().any():
            continue
        found = True
        key = {"instrument": instrument, "scale": scale, "definition": DEFINITION}
        _categories(rows, frame, data.settings.conf_level, key)
        _headline_rates(rows, frame, data.settings.conf_level, key)
        if (instrument, scale) == (primary.instrument, primary.scale):
            facts = data.instruments[instrument]
            group = group_of(data, started_on(data, instrument, scale), facts.scale(scale))
            add_methods(rows, data, group, {"instrument": instrument, "scale": scale})
    if not found:
        rows.add(
            "proportion",
            term="category",
            instrument=primary.instrument,
            scale=primary.scale,
            definition=DEFINITION,
            population="paired",
            status="not_measured",
            note="no scale with both forms and a known criterion of reliable change",
        )
    return AnalysisResult(rows.frame())


def _categories(rows: EstimateRows, frame: pd.DataFrame, level: float, key: dict[str, Any]) -> None:
    paired = in_population(frame, "paired")
    category = frame["change_category"].astype("object")
    groups = {"": paired}
    for case in ("yes", "no"):
        groups[case] = paired & (frame["case_at_start"] == case).fillna(False).to_numpy(dtype=bool)
    for case, group in groups.items():
        for word in CHANGE_CATEGORIES:
            hit = (category == word).to_numpy(dtype=bool)
            columns = {
                **key,
                "term": "category",
                "population": "paired",
                "dimensions": {"category": word, **({"case_at_start": case} if case else {})},
            }
            _rate(rows, frame, hit, group, level, columns)


def _rate(
    rows: EstimateRows,
    frame: pd.DataFrame,
    hit: Mask,
    among: Mask,
    level: float,
    columns: dict[str, Any],
) -> None:
    """A rate with Wilson's interval, and beside it with the one that allows for therapists."""
    top, bottom = int((hit & among).sum()), int(among.sum())
    value = rate(top, bottom, conf_level=level) if bottom else None
    rows.add_proportion(top, bottom, value, **columns)
    _clustered(rows, frame, hit, among, level, columns)


def _headline_rates(
    rows: EstimateRows, frame: pd.DataFrame, level: float, key: dict[str, Any]
) -> None:
    category = frame["change_category"].astype("object")
    case = (frame["case_at_start"] == "yes").fillna(False).to_numpy(dtype=bool)
    everyone = np.ones(len(frame), dtype=bool)
    terms: dict[str, tuple[Mask, Mask]] = {
        "reliable_improvement": (category.isin(RELIABLY_IMPROVED).to_numpy(), everyone),
        "reliable_deterioration": (category.isin(RELIABLY_DETERIORATED).to_numpy(), everyone),
        "recovery": ((category == "recovered").to_numpy(dtype=bool), case),
    }
    for population in DENOMINATORS:
        member = in_population(frame, population)
        reason = not_measured(frame, population)
        for term, (hit, among) in terms.items():
            if term == "recovery":
                reason = reason or not_measured(frame, "case_at_start")
            if reason:
                rows.add(
                    "proportion",
                    term=term,
                    population=population,
                    status="not_measured",
                    note=reason,
                    **key,
                )
                continue
            columns = {**key, "term": term, "population": population}
            _rate(rows, frame, hit, member & among, level, columns)


def _clustered(
    rows: EstimateRows,
    frame: pd.DataFrame,
    hit: Mask,
    among: Mask,
    level: float,
    key: dict[str, Any],
) -> None:
    """The same rate with an interval that allows for patients of one therapist being alike."""
    therapist = frame.loc[among, "therapist_id"]
    if therapist.nunique() < 2:
        return
    known = among & frame["therapist_id"].notna().to_numpy()
    top, bottom = int((hit & known).sum()), int(known.sum())
    value = clustered_rate(
        hit[known], pd.factorize(frame.loc[known, "therapist_id"], sort=True)[0], conf_level=level
    )
    rows.add_proportion(
        top,
        bottom,
        value,
        specification="therapist_clustered",
        n_therapists=int(therapist.nunique()),
        n_missing=int(among.sum()) - bottom,
        **key,
    )
