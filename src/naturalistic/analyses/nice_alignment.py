"""What the cohort shows for each recorded problem, to be set beside what NICE recommends for it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from naturalistic.analyses.interface import AnalysisInput, AnalysisResult, EstimateRows
from naturalistic.analyses.populations import episode_frame, in_population
from naturalistic.stats.effect_size import raw_mean_change
from naturalistic.stats.rates import rate

NAME = "nice_alignment"
NOT_RECORDED = "not_recorded"
RELIABLY_IMPROVED = ("recovered", "improved")
Mask = npt.NDArray[np.bool_]


def analyse(data: AnalysisInput) -> AnalysisResult:
    """Everyone who started, by recorded problem; people without a recorded problem are their own line.

    Estimands
    ---------
    count
        People who started.
    mean_change
        On the primary scale, of those with both forms.
    proportion
        Reliably improved of those with both forms; dropped out (primary definition) of those whose ending is known.
    """
    primary = data.settings.primary
    rows = EstimateRows(data.cohort, NAME)
    frame = episode_frame(
        data.tables["episodes"],
        data.tables["outcomes"],
        data.tables["patients"],
        instrument=primary.instrument,
        scale=primary.scale,
    )
    frame = frame[in_population(frame, "started")].reset_index(drop=True)
    problem = frame["problem"].astype("object").where(frame["problem"].notna(), NOT_RECORDED)
    if not frame["problem"].notna().any():
        rows.add(
            "count",
            term="people",
            population="started",
            status="not_measured",
            note="the extract holds no problem or diagnosis",
        )
    for word in sorted(problem.unique()):
        _problem(rows, data, frame, (problem == word).to_numpy(), {"problem": word})
    return AnalysisResult(rows.frame())


def _problem(
    rows: EstimateRows,
    data: AnalysisInput,
    frame: pd.DataFrame,
    member: Mask,
    cell: dict[str, str],
) -> None:
    primary, level = data.settings.primary, data.settings.conf_level
    measure: dict[str, Any] = {"instrument": primary.instrument, "scale": primary.scale}
    n = int(member.sum())
    rows.add("count", n, term="people", population="started", dimensions=cell, n_patients=n)
    paired = frame[member & in_population(frame, "paired")]
    change = raw_mean_change(
        paired["first_score"].to_numpy(dtype=float),
        paired["last_score"].to_numpy(dtype=float),
        better_is=data.instruments[primary.instrument].better_is,
        conf_level=level,
    )
    shared = {"population": "paired", "dimensions": cell, **measure}
    rows.add("mean_change", change, n_patients=len(paired), **shared)
    improved = int(paired["change_category"].isin(RELIABLY_IMPROVED).sum())
    value = rate(improved, len(paired), conf_level=level) if len(paired) else None
    rows.add_proportion(
        improved,
        len(paired),
        value,
        term="reliable_improvement",
        definition="jacobson_truax",
        **shared,
    )
    state = frame.loc[member, f"dropout_{primary.dropout_definition}"]
    top = int((state == "dropout").sum())
    bottom = int(state.isin(("dropout", "other_end")).sum())
    rows.add_proportion(
        top,
        bottom,
        rate(top, bottom, conf_level=level) if bottom else None,
        term="dropout",
        definition=primary.dropout_definition,
        population="started",
        dimensions=cell,
    )
