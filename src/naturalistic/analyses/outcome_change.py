"""How much scores changed between the first and the last form, for whom, out of how many who started."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from naturalistic.analyses.change.effect_rows import Sizes, add_sizes
from naturalistic.analyses.change.national_rules import national_start_sd
from naturalistic.analyses.change.people import Started, started_on
from naturalistic.analyses.interface import AnalysisInput, AnalysisResult, EstimateRows
from naturalistic.analyses.populations import in_population, not_measured
from naturalistic.vocabulary import CHARACTERISTICS

NAME = "outcome_change"
CHANGE_POPULATIONS = ("paired", "started_with_followup", "planned_ending", "case_at_start")
BINS = 8


def analyse(data: AnalysisInput) -> AnalysisResult:
    """Change on every scale of every instrument, by population, year and characteristic.

    Estimands
    ---------
    mean, standard_deviation
        First and last scores of those with both forms.
    mean_change, standardised_mean_change, standardised_change_d_z, ..._d_av, ..._d_rm, ..._external, percentage_change
        Improvement positive. The row without a `specification` has the interval that holds (t; Bonett's heteroscedastic;
        noncentral t); the others name theirs: homoscedastic, large_sample, jackknife_by_therapist, bca_by_person,
        bca_by_therapist.
    rank_biserial, probability_of_improvement
        Wilcoxon's test and the chance that a person's last score is the better one.
    proportion (share_of_started)
        What share of everyone who started, at that level, the numbers rest on.
    count (pre_post, change)
        People by binned first and last score, and by binned change, for the figures (primary scale).
    """
    rows = EstimateRows(data.cohort, NAME)
    primary = data.settings.primary
    outcomes = data.tables["outcomes"]
    measures = outcomes[["instrument", "scale"]].drop_duplicates().astype("object")
    for instrument, scale in sorted(measures.itertuples(index=False, name=None)):
        people = started_on(data, instrument, scale)
        facts = data.instruments[instrument].scale(scale)
        leading = (instrument, scale) == (primary.instrument, primary.scale)
        key: dict[str, Any] = {"instrument": instrument, "scale": scale}
        if note := not_measured(people.frame, "paired"):
            rows.add("mean_change", population="paired", status="not_measured", note=note, **key)
            continue
        sizes = _sizes(data, people, instrument, facts)
        everyone = np.ones(people.n, dtype=bool)
        for population in CHANGE_POPULATIONS:
            member = in_population(people.frame, population)
            add_sizes(rows, people, member, everyone, sizes, population=population, **key)
        detail: Literal["subgroup", "short"] = "subgroup" if leading else "short"
        _subgroups(rows, people, replace(sizes, detail=detail), "paired", key)
        if leading:
            for population in CHANGE_POPULATIONS[1:]:
                _subgroups(rows, people, replace(sizes, detail="short"), population, key)
            _binned(rows, people.frame, facts, people.better_is, key)
    if not len(rows):
        rows.add(
            "mean_change",
            population="paired",
            instrument=primary.instrument,
            scale=primary.scale,
            status="not_measured",
            note="the extract holds no questionnaire",
        )
    return AnalysisResult(rows.frame())


def _sizes(data: AnalysisInput, people: Started, instrument: str, facts: Any) -> Sizes:
    norms = [n for n in facts.norms if n.population == "clinical" and n.preferred and n.sd]
    limit = data.settings.resampling.full_inference_up_to
    note = f"the bootstrap is set to at most {limit} people; here are {people.n}"
    national_sd, national_note = national_start_sd(instrument)
    return Sizes(
        data.settings,
        data.rng,
        norms[0].sd if norms else None,
        norms[0].sample if norms else "",
        facts.minimum == 0 and people.better_is == "lower",
        not_run=note if people.n > limit else "",
        national_sd=national_sd,
        national_note=national_note,
    )


def _subgroups(
    rows: EstimateRows, people: Started, sizes: Sizes, population: str, key: dict[str, Any]
) -> None:
    """Every level of every characteristic, of the year and of the format and model of therapy."""
    frame = people.frame
    counted = in_population(frame, population)
    for name in ("year", *CHARACTERISTICS):
        if name not in frame.columns or not frame[name].notna().any():
            continue
        if name in CHARACTERISTICS and CHARACTERISTICS[name].numeric:
            continue
        words = frame[name].astype("object").where(frame[name].notna(), "not_recorded")
        for word in sorted(words.unique(), key=str):
            level = (words == word).to_numpy()
            dimensions = {name: word}
            where: dict[str, Any] = {"population": population, "dimensions": dimensions, **key}
            add_sizes(rows, people, level & counted, level, sizes, **where)


def _binned(
    rows: EstimateRows, frame: pd.DataFrame, scale: Any, better_is: str, common: dict[str, Any]
) -> None:
    paired = frame[in_population(frame, "paired")]
    edges = np.linspace(scale.minimum, scale.maximum, BINS + 1)
    first, last = (
        np.clip(np.digitize(paired[c].to_numpy(dtype=float), edges) - 1, 0, BINS - 1)
        for c in ("first_score", "last_score")
    )
    table = np.zeros((BINS, BINS), dtype=int)
    np.add.at(table, (first, last), 1)
    # empty cells are rows too: otherwise a withheld cell would show that somebody stands there
    for (i, j), n in np.ndenumerate(table):
        levels = {"first": _band(edges, i), "last": _band(edges, j)}
        _count(rows, "pre_post", int(n), levels, common)
    improvement = (paired["first_score"] - paired["last_score"]).to_numpy(dtype=float)
    improvement = improvement if better_is == "lower" else -improvement
    width = (edges[1] - edges[0]) / 2
    bins = np.clip(np.floor(improvement / width).astype(int), -2 * BINS, 2 * BINS - 1)
    for b in range(-2 * BINS, 2 * BINS):
        band = f"{b * width:g} to {(b + 1) * width:g}"
        _count(rows, "change", int((bins == b).sum()), {"change": band}, common)


def _band(edges: npt.NDArray[np.float64], i: int) -> str:
    return f"{edges[i]:g} to {edges[i + 1]:g}"


def _count(
    rows: EstimateRows, term: str, n: int, levels: dict[str, Any], common: dict[str, Any]
) -> None:
    rows.add("count", n, term=term, population="paired", dimensions=levels, n_patients=n, **common)
