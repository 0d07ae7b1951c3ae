"""How much scores changed between the first and the last form, for whom, out of how many who started."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from naturalistic.analyses.interface import AnalysisInput, AnalysisResult, EstimateRows
from naturalistic.analyses.populations import episode_frame, in_population, not_measured
from naturalistic.stats.effect_size import raw_mean_change, standardised_mean_change
from naturalistic.stats.rates import rate
from naturalistic.vocabulary import CHARACTERISTICS

NAME = "outcome_change"
CHANGE_POPULATIONS = ("paired", "planned_ending", "case_at_start")
BINS = 8
Mask = npt.NDArray[np.bool_]


def analyse(data: AnalysisInput) -> AnalysisResult:
    """Change on every scale of every instrument, and by subgroup on the primary scale.

    Estimands
    ---------
    mean, standard_deviation
        First and last scores of those with both forms.
    mean_change, standardised_mean_change, standardised_change_d_z
        Improvement positive. Pre SD with the heteroscedastic interval (Bonett 2008); d_z with the noncentral t.
    proportion (share_of_started)
        What share of everyone who started the numbers rest on.
    count (pre_post, change)
        People by binned first and last score, and by binned change, for the figures.
    """
    rows = EstimateRows(data.cohort, NAME)
    outcomes = data.tables["outcomes"]
    measures = outcomes[["instrument", "scale"]].drop_duplicates().astype("object")
    for instrument, scale in sorted(measures.itertuples(index=False, name=None)):
        frame = episode_frame(
            data.tables["episodes"],
            outcomes,
            data.tables["patients"],
            instrument=instrument,
            scale=scale,
        )
        facts = data.instruments[instrument]
        common: dict[str, Any] = {"instrument": instrument, "scale": scale}
        if reason := not_measured(frame, "paired"):
            for estimand in ("mean_change", "standardised_mean_change"):
                rows.add(estimand, population="paired", status="not_measured", note=reason, **common)
            continue
        for population in CHANGE_POPULATIONS:
            member = in_population(frame, population) & in_population(frame, "paired")
            _change(rows, data, frame, member, facts, population=population, **common)
        primary = data.settings.primary
        if (instrument, scale) == (primary.instrument, primary.scale):
            _subgroups(rows, data, frame, facts, common)
            _binned(rows, frame, facts.scale(scale), facts.better_is, common)
    if not len(rows):
        rows.add(
            "mean_change",
            population="paired",
            instrument=data.settings.primary.instrument,
            scale=data.settings.primary.scale,
            status="not_measured",
            note="the extract holds no questionnaire",
        )
    return AnalysisResult(rows.frame())


def _change(
    rows: EstimateRows,
    data: AnalysisInput,
    frame: pd.DataFrame,
    member: Mask,
    facts: Any,
    **key: Any,
) -> None:
    level = data.settings.conf_level
    pre = frame.loc[member, "first_score"].to_numpy(dtype=float)
    post = frame.loc[member, "last_score"].to_numpy(dtype=float)
    n = len(pre)
    counts: dict[str, Any] = {"n_patients": n, "n_episodes": n}
    counts["n_therapists"] = int(frame.loc[member, "therapist_id"].nunique()) or None
    if key["population"] == "paired" and not key.get("dimensions"):
        started = int(in_population(frame, "started").sum())
        rows.add_proportion(
            n, started, rate(n, started, conf_level=level), term="share_of_started", **key
        )
    for term, scores in (("first", pre), ("last", post)):
        if n >= 2:
            spread = float(np.std(scores, ddof=1))
            error = spread / np.sqrt(n)
            rows.add("mean", float(scores.mean()), term=term, std_error=error, **counts, **key)
            rows.add("standard_deviation", spread, term=term, **counts, **key)
    if n >= 3 and np.ptp(pre) > 0 and np.ptp(post) > 0:
        rows.add("correlation", float(np.corrcoef(pre, post)[0, 1]), **counts, **key)
    same: dict[str, Any] = {"better_is": facts.better_is, "conf_level": level}
    rows.add("mean_change", raw_mean_change(pre, post, **same), **counts, **key)
    rows.add(
        "standardised_mean_change",
        standardised_mean_change(pre, post, **same),
        **counts,
        **key,
    )
    rows.add(
        "standardised_change_d_z",
        standardised_mean_change(pre, post, standardiser="difference_sd", **same),
        **counts,
        **key,
    )


def _subgroups(
    rows: EstimateRows, data: AnalysisInput, frame: pd.DataFrame, facts: Any, common: dict[str, Any]
) -> None:
    paired = in_population(frame, "paired")
    for name in ("year", *CHARACTERISTICS):
        if name not in frame.columns or not frame[name].notna().any():
            continue
        if name != "year" and CHARACTERISTICS[name].numeric:
            continue
        words = frame[name].astype("object").where(frame[name].notna(), "not_recorded")
        for word in sorted(words[paired].unique(), key=str):
            member = paired & (words == word).to_numpy()
            key = {"population": "paired", "dimensions": {name: word}, **common}
            _change(rows, data, frame, member, facts, **key)


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
