"""How far outcomes differ between therapists and services: shares of variance, and a caterpillar without names."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from naturalistic.analyses.interface import AnalysisInput, EstimateRows
from naturalistic.analyses.outcome.fitting import Fitted, Rows, fit_rows
from naturalistic.analyses.outcome.people import Groups, OutcomePeople
from naturalistic.analyses.predictors import design_matrix
from naturalistic.stats.lmm.bootstrap import bootstrap_share
from naturalistic.stats.lmm.comparison import likelihood_ratio_test
from naturalistic.stats.lmm.predictions import random_effects
from naturalistic.stats.lmm.profile import profile_share
from naturalistic.stats.overlap_intervals import overlap_multiplier
from naturalistic.stats.result import Estimate

# the limits of a percentile interval rest on the outer draws; a draw is a refit
MOST_DRAWS = 400
FEWEST_SHOWN = 5
LEVELS = ("therapist", "service")
SHRUNK = (
    "predicted from the mixed model: pulled towards the average therapist the more, the fewer patients stand behind it; "
    "one number for each rank, no identifier"
)


def change_rows(people: OutcomePeople) -> Rows | None:
    """One row a person with both scores: the change on the predictors; None with fewer than three people."""
    person = np.flatnonzero(people.paired)
    if len(person) < 3:
        return None
    matrix, terms = design_matrix(people.predictors.formula, people.levels(person))
    return Rows((people.last - people.first)[person], matrix, terms, person)


def add_therapists(
    rows: EstimateRows,
    data: AnalysisInput,
    people: OutcomePeople,
    pre_post: Fitted | None,
    ancova: Fitted | None,
) -> None:
    """Shares of variance of therapists and services with intervals, and what is predicted for therapists.

    Estimand `intraclass_correlation`, by `specification`: share in the score ``before_therapy`` and
    ``after_therapy`` (mixed model of both), in the ``change``, and in the last score given the ``same_start``;
    predictors held equal in all. Profile-likelihood intervals; the share in the change also with a parametric
    bootstrap and the likelihood-ratio test of no variance.
    """
    chosen = change_rows(people)
    change = None if chosen is None else fit_rows(people, chosen, "one_row")
    for level in LEVELS:
        if not _absent(rows, people, level, change):
            _shares(rows, data, people, level, (pre_post, change, ancova))
    if people.therapist.codes is not None:
        _caterpillar(rows, data, people, pre_post)


def _groups(people: OutcomePeople, level: str) -> Groups:
    return people.therapist if level == "therapist" else people.service


def _in_model(fitted: Fitted | None, level: str) -> bool:
    if fitted is None or not fitted.ok:
        return False
    return fitted.therapists if level == "therapist" else fitted.services


def _absent(rows: EstimateRows, people: OutcomePeople, level: str, change: Fitted | None) -> bool:
    """Write why a level has no share; True where that is so."""
    groups = _groups(people, level)
    if groups.codes is not None and change is not None and _in_model(change, level):
        return False
    if groups.codes is None and not groups.obstacle:
        return True  # one service: nothing is missing
    if groups.obstacle:
        reason = groups.obstacle
    elif change is None:
        reason = "fewer than three people have both scores"
    else:
        reason = dict(change.dropped).get(level) or change.reason
    rows.add(
        "intraclass_correlation",
        model="change",
        specification="change",
        term=level,
        status="not_measured" if reason.startswith("no ") else "not_estimable",
        note=reason,
    )
    return True


def _shares(
    rows: EstimateRows,
    data: AnalysisInput,
    people: OutcomePeople,
    level: str,
    fits: tuple[Fitted | None, Fitted | None, Fitted | None],
) -> None:
    pre_post, change, ancova = fits
    wanted: list[tuple[str, str, Fitted | None, float]] = [
        ("before_therapy", "pre_post", pre_post, 0.0),
        ("after_therapy", "pre_post", pre_post, 1.0),
        ("change", "change", change, 0.0),
        ("same_start", "ancova", ancova, 0.0),
    ]
    for specification, model, fitted, time in wanted:
        key: dict[str, Any] = {"model": model, "specification": specification, "term": level}
        if fitted is None or not _in_model(fitted, level):
            note = "this model could not be fitted with them"
            rows.add("intraclass_correlation", status="not_estimable", note=note, **key)
            continue
        value = profile_share(fitted.fit, level, at_time=time, conf_level=people.conf_level)
        if specification == "change":
            value = _tested(people, fitted, level, value)
        rows.add(
            "intraclass_correlation",
            value,
            note="; ".join(fitted.fit.notes),
            **{**fitted.people_columns(people), **key},
        )
    if change is not None:
        _bootstrap(rows, data, people, change, level)


def _tested(people: OutcomePeople, fitted: Fitted, level: str, value: Estimate) -> Estimate:
    """The share with the likelihood-ratio test of no variance (boundary mixture)."""
    nobody = Groups(None, 0)
    smaller = (
        replace(people, therapist=nobody)
        if level == "therapist"
        else replace(people, service=nobody)
    )
    test = likelihood_ratio_test(fitted.fit, fit_rows(smaller, fitted.rows, "one_row").fit)
    return replace(
        value,
        statistic=test.statistic,
        p_value=test.p_value,
        method=f"{value.method}; likelihood-ratio test of no variance, {test.method}",
    )


def _bootstrap(
    rows: EstimateRows, data: AnalysisInput, people: OutcomePeople, change: Fitted, level: str
) -> None:
    limit = data.settings.resampling.full_inference_up_to
    key: dict[str, Any] = {
        **change.people_columns(people),
        "model": "change",
        "specification": "change_bootstrap",
        "term": level,
    }
    if len(people.frame) > limit:
        note = f"more than {limit} people: bootstrap not run; the profile interval stands beside it"
        rows.add("intraclass_correlation", status="not_run", note=note, **key)
        return
    draws = min(data.settings.resampling.bootstrap_draws, MOST_DRAWS)
    value = bootstrap_share(change.fit, level, draws, data.rng, conf_level=people.conf_level)
    rows.add("intraclass_correlation", value, **key)


def _caterpillar(
    rows: EstimateRows, data: AnalysisInput, people: OutcomePeople, pre_post: Fitted | None
) -> None:
    """Predicted differences in improvement of therapists with enough patients, by rank.

    Every row carries the smallest caseload among those shown, never the therapist's own: it would name somebody.
    """
    floor = data.settings.outcome_models.smallest_caseload
    # no coefficient of a model: what is predicted for one therapist rests on that therapist's patients
    key: dict[str, Any] = {"term": "therapist"}
    reason, status = "", "not_estimable"
    if pre_post is None or not pre_post.ok or not pre_post.therapists:
        reason = "the model has no therapist effects"
    elif pre_post.fit.component("therapist.slope").value <= 0.0:
        reason = "the variance between therapists in change was estimated as zero: all are predicted alike"
    else:
        effects = random_effects(pre_post.fit, "therapist")
        both = np.bincount(
            people.therapist.codes[people.paired],  # type: ignore[index]  # therapists are in the model
            minlength=int(effects.ids.max()) + 1,
        )[effects.ids]
        shown = (effects.ids < people.therapist.recorded) & (both >= floor)
        if shown.sum() < FEWEST_SHOWN:
            status = "not_run"
            reason = (
                f"fewer than {FEWEST_SHOWN} therapists have {floor} or more patients with both scores: "
                "fewer could be recognised"
            )
        else:
            _ranks(rows, people, effects, shown, int(both[shown].min()), pre_post, key)
    if reason:
        rows.add(
            "therapist_effect", specification="overlap_interval", status=status, note=reason, **key
        )


def _ranks(
    rows: EstimateRows,
    people: OutcomePeople,
    effects: Any,
    shown: np.ndarray,
    smallest: int,
    pre_post: Fitted,
    key: dict[str, Any],
) -> None:
    place = effects.names.index("slope")
    values = people.better * effects.effects[shown, place]
    errors = effects.std_errors[shown, place]
    variance = pre_post.fit.component("therapist.slope").value
    multiplier = overlap_multiplier(errors, conf_level=people.conf_level)
    method = (
        f"best linear unbiased prediction, model of first and last form; limits at {multiplier:.2f} conditional standard "
        "errors, so that two that do not overlap differ (Goldstein and Healy 1995)"
    )
    shared: dict[str, Any] = {"n_patients": smallest, "n_therapists": int(shown.sum()), **key}
    for rank, i in enumerate(np.argsort(values), start=1):
        rows.add(
            "therapist_effect",
            float(values[i]),
            specification="overlap_interval",
            dimensions={"rank": f"{rank:03d}"},
            std_error=float(errors[i]),
            conf_low=float(values[i] - multiplier * errors[i]),
            conf_high=float(values[i] + multiplier * errors[i]),
            conf_level=people.conf_level,
            method=method,
            note=SHRUNK,
            **shared,
        )
    weight = 1.0 - errors**2 / variance
    rows.add(
        "prediction_weight",
        float(np.median(weight)),
        specification="median",
        note="1 - conditional variance / variance between therapists, median of the therapists shown",
        **shared,
    )
