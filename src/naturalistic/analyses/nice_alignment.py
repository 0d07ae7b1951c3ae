"""What NICE recommends for the problems recorded, for whom it was delivered, and what the cohort shows for them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from naturalistic.analyses.guidelines.placement import placed
from naturalistic.analyses.interface import AnalysisInput, AnalysisResult, EstimateRows
from naturalistic.analyses.populations import episode_frame, in_population
from naturalistic.stats.effect_size import raw_mean_change
from naturalistic.stats.rates import rate

NAME = "nice_alignment"
NOT_RECORDED = "not_recorded"
RELIABLY_IMPROVED = ("recovered", "improved")
Mask = npt.NDArray[np.bool_]


def analyse(data: AnalysisInput) -> AnalysisResult:
    """Everyone who started, by recorded problem and by what NICE says of the therapy delivered for it.

    Severity is classified by the guideline's own measure alone. People without a recorded problem, without a recorded
    therapy, whose problem no guideline names, or whose severity cannot be told are lines of their own.

    Estimands
    ---------
    count
        People who started; also by problem, severity and therapy together.
    proportion (concordance, share_of_sessions)
        Share of people, and of sessions attended, by strength of the recommendation.
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
        _what_is_seen(rows, data, frame, (problem == word).to_numpy(), {"problem": word})
    if frame["problem"].notna().any():
        _concordance(rows, data, placed(frame, data.tables["outcomes"]))
    return AnalysisResult(rows.frame())


def _concordance(rows: EstimateRows, data: AnalysisInput, frame: pd.DataFrame) -> None:
    """Shares of people and sessions by strength, what is seen for them, and the cells behind it."""
    level, n = data.settings.conf_level, len(frame)
    sessions = frame["sessions_attended"].to_numpy(dtype=float, na_value=np.nan)
    for word in sorted(frame["concordance"].unique()):
        member = (frame["concordance"] == word).to_numpy()
        cell, people = {"concordance": word}, int(member.sum())
        rows.add_proportion(
            people,
            n,
            rate(people, n, conf_level=level),
            term="concordance",
            population="started",
            dimensions=cell,
        )
        held = float(np.nansum(sessions))
        rows.add(
            "proportion",
            float(np.nansum(sessions[member])) / held if held else None,
            term="share_of_sessions",
            population="started",
            dimensions=cell,
            n_patients=people,
            **({} if held else {"status": "not_measured", "note": "sessions are not held"}),
        )
        _what_is_seen(rows, data, frame, member, cell)
    _cells(rows, frame)


def _cells(rows: EstimateRows, frame: pd.DataFrame) -> None:
    """How many people each combination of problem, severity and therapy holds, and where it stands."""
    names = ["problem", "severity_class", "therapy_model", "concordance"]
    cells = frame[names].astype("object")
    cells = cells.where(cells.notna(), NOT_RECORDED)
    cells["severity_class"] = cells["severity_class"].replace("", "not_classifiable")
    for row in cells.groupby(names, sort=True).size().reset_index(name="people").to_dict("records"):
        people = int(row["people"])
        rows.add(
            "count",
            people,
            term="people",
            population="started",
            dimensions={name: row[name] for name in names},
            n_patients=people,
        )


def _what_is_seen(
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
