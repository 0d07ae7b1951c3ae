"""Change by the person's own slope in a hierarchical linear model, where there are enough forms."""

from __future__ import annotations

import numpy as np
import pandas as pd

from naturalistic.analyses.change.groups import BoolPair, Group, Judged, guarded
from naturalistic.analyses.interface import AnalysisInput
from naturalistic.stats.linear_mixed_model import fit_linear_mixed_model
from naturalistic.stats.lmm.predictions import random_effects
from naturalistic.stats.reliable_change_methods import reliably_changed, slope_index

FORMS_FOR_A_SLOPE = 3
DAYS_A_MONTH = 30.4375
METHOD = "hierarchical_linear_model"


def judge_by_slope(data: AnalysisInput, group: Group) -> Judged:
    """The person's own total slope, mean plus deviation, over its standard error."""
    long = _long_scores(data, group)
    if long is None:
        return Judged(METHOD, None, status="not_run", note="the scores have no dates")
    forms = long.groupby("person").size()
    median = float(forms.median()) if len(forms) else 0.0
    if median < FORMS_FOR_A_SLOPE:
        note = f"needs at least {FORMS_FOR_A_SLOPE} forms a person (median); here the median is {median:g}"
        return Judged(METHOD, None, status="not_run", note=note)
    if group.people.n > data.settings.resampling.full_inference_up_to:
        return Judged(
            METHOD, None, status="not_run", note="more people than full inference is set to"
        )
    fit = fit_linear_mixed_model(
        long["score"].to_numpy(),
        np.column_stack([np.ones(len(long)), long["time"].to_numpy()]),
        long["person"].to_numpy(),
        time=long["time"].to_numpy(),
        random_slope=True,
        term_names=["intercept", "time"],
    )
    if fit.status != "ok" or fit.component("patient.slope").value <= 0:
        return Judged(METHOD, None, status="not_estimable", note="people's slopes do not differ")
    effects = random_effects(fit, "patient")
    slope = np.full(len(group.first), np.nan)
    error = np.full(len(group.first), np.nan)
    slope[effects.ids] = fit.coefficients[1] + effects.effects[:, 1]
    error[effects.ids] = np.sqrt(fit.covariance[1, 1] + effects.covariances[:, 1, 1])
    if not np.isfinite(slope).all() or not (error > 0).all():
        return Judged(METHOD, None, status="not_estimable", note="some people have no dated score")

    def who() -> BoolPair:
        """Who improved and who deteriorated by a slope beyond 1.96 of its errors."""
        index = slope_index(slope, error, better_is=group.people.better_is)
        return reliably_changed(index, 1.96, strict=group.strict)

    return guarded(group, METHOD, who)


def _long_scores(data: AnalysisInput, group: Group) -> pd.DataFrame | None:
    """Dated scores of the group, months since the first form, up to the last form."""
    scores = data.tables.get("scores")
    if scores is None:
        return None
    frame = group.people.frame[group.member].reset_index(drop=True)
    frame = frame.assign(person=np.arange(len(frame)))[
        ["referral_id", "person", "first_date", "last_date"]
    ]
    primary = data.settings.primary
    chosen = scores[
        (scores["instrument"] == primary.instrument)
        & (scores["scale"] == primary.scale)
        & scores["score"].notna()
        & scores["date"].notna()
    ].merge(frame, on="referral_id")
    inside = (chosen["date"] >= chosen["first_date"]) & (chosen["date"] <= chosen["last_date"])
    chosen = chosen[inside.fillna(False)]
    if not len(chosen):
        return None
    chosen = chosen.sort_values(["person", "date", "score"], kind="stable")
    elapsed = chosen["date"].to_numpy() - chosen["first_date"].to_numpy()
    return pd.DataFrame(
        {
            "person": chosen["person"].to_numpy(),
            "time": elapsed / np.timedelta64(1, "D") / DAYS_A_MONTH,
            "score": chosen["score"].to_numpy(dtype=float),
        }
    )
