"""Whether people who improve more slowly leave sooner: predicted slopes as predictors of dropout."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from naturalistic.analyses.interface import AnalysisInput, EstimateRows
from naturalistic.analyses.leaving.clocks import TimeToEnding, time_to_ending
from naturalistic.analyses.outcome.growth import Growth
from naturalistic.analyses.outcome.people import OutcomePeople
from naturalistic.stats.cox import CoxFit, fit_cox
from naturalistic.stats.lmm.predictions import random_effects
from naturalistic.stats.result import Estimate

SHARED = "shared_parameter"
CLOCKS = ("attended_sessions", "weeks_since_first_session")
FEWEST_EVENTS = 10
TWO_STEP = (
    "two-step check, not a joint model: the slopes are predicted from the forms completed before leaving, shrunken, and "
    "taken as known"
)
TERMS = (("patient_slope", "per SD faster improvement"), ("patient_level", "per SD more distress"))


def add_slopes(
    rows: EstimateRows, data: AnalysisInput, people: OutcomePeople, growth: Growth | None
) -> None:
    """Hazard ratio of dropping out per SD of the predicted slope (improvement positive) and level of a person.

    Sessions are the clock; weeks where sessions are not held.
    """
    key: dict[str, Any] = {
        "model": SHARED,
        "specification": "patient_slope",
        "definition": data.settings.primary.dropout_definition,
    }
    if growth is None or not growth.fitted.ok:
        note = "needs patient slopes, and with them three or more forms a person (median)"
        rows.add("hazard_ratio", term="patient_slope", status="not_run", note=note, **key)
        return
    effects = _predicted(people, growth)
    clock, ends = _endings(data, people)
    use = np.isin(ends.rows, effects.index)
    event = (ends.cause[use] == 1).astype(float)
    spread = effects.std(ddof=1)
    if event.sum() < FEWEST_EVENTS or not (spread > 0).all():
        note = f"fewer than {FEWEST_EVENTS} dropouts on record, or slopes do not differ"
        rows.add("hazard_ratio", term="patient_slope", status="not_estimable", note=note, **key)
        return
    fit = fit_cox(
        ends.time[use],
        event,
        (effects / spread).loc[ends.rows[use], ["slope", "level"]].to_numpy(),
        robust=True,
        term_names=["slope", "level"],
        conf_level=people.conf_level,
    )
    counts: dict[str, Any] = {"n_patients": int(use.sum()), "n_events": int(event.sum())}
    for i, (term, contrast) in enumerate(TERMS):
        value = _ratio(fit, i, people.conf_level)
        named: dict[str, Any] = {"term": term, "contrast": contrast, "time_unit": clock}
        rows.add("hazard_ratio", value, **named, **counts, **key)


def _predicted(people: OutcomePeople, growth: Growth) -> pd.DataFrame:
    """Level and slope of each person beyond what the predictors say, by position of the person."""
    found = random_effects(growth.fitted.fit, "patient")
    return pd.DataFrame(
        {
            "level": -people.better * found.effects[:, 0],
            "slope": people.better * found.effects[:, 1],
        },
        index=found.ids,
    )


def _endings(data: AnalysisInput, people: OutcomePeople) -> tuple[str, TimeToEnding]:
    """When and how therapy ended, on the first clock that is held."""
    settings = data.settings
    definition, weeks = settings.primary.dropout_definition, settings.dropout.lost_contact_weeks
    clock, other = CLOCKS
    ends = time_to_ending(people.frame, definition, clock, weeks)
    if len(ends.rows):
        return clock, ends
    return other, time_to_ending(people.frame, definition, other, weeks)


def _ratio(fit: CoxFit, i: int, conf_level: float) -> Estimate:
    return Estimate(
        float(np.exp(fit.coefficients[i])),
        float(fit.std_errors[i]),
        float(np.exp(fit.conf_low[i])),
        float(np.exp(fit.conf_high[i])),
        conf_level,
        p_value=float(fit.p_values[i]),
        method=f"{fit.method}; slopes and levels predicted by the growth model",
        note="; ".join((TWO_STEP, *fit.notes)),
    )
