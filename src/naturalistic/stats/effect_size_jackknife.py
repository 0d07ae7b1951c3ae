"""Intervals of pre/post effect sizes that hold with few therapists: leave one out, then t."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
import numpy.typing as npt

from naturalistic.stats.change_sums import (
    ChangeMeasure,
    ChangeOfSums,
    checked_change,
    sums_of_units,
)
from naturalistic.stats.paired_scores import BetterIs, FloatArray
from naturalistic.stats.result import Estimate, not_estimable
from naturalistic.stats.wald import wald_estimate

_METHOD = "{}, jackknife by {}, t interval"


def jackknife_change(
    pre: npt.ArrayLike,
    post: npt.ArrayLike,
    *,
    measure: ChangeMeasure,
    better_is: BetterIs,
    cluster: npt.ArrayLike | None = None,
    bias_corrected: bool = True,
    external_sd: float | None = None,
    conf_level: float = 0.95,
) -> Estimate:
    r"""Effect size with a jackknife interval, by patient or by therapist.

    .. math:: se^2 = \frac{G - 1}{G} \sum_g (\hat\theta_{(g)} - \bar\theta_{(\cdot)})^2, \qquad
              \hat\theta \pm t_{G^*-1}\, se, \qquad G^* = \frac{n^2}{\sum_g n_g^2}

    with one of G patients, or one of G therapists and all their patients, left out in turn (Tukey
    1958; for clusters the "CV3" of MacKinnon, Nielsen & Webb 2023). G* is the effective number of
    therapists, G where all have the same caseload (Carter, Schnepel & Steigerwald 2017 with the
    patients of one therapist fully alike): a few large caseloads leave less to compare. Nothing is drawn at random and a
    million patients take a second. With a few dozen therapists it covers where the bootstrap by
    therapist is too narrow (`benchmarks/effect_size_coverage.md`).

    Parameters
    ----------
    pre, post : array_like, shape (n_patients,)
        First and last scores of the same patients.
    measure : {'raw', 'percentage'} or a standardiser
        See `raw_mean_change`, `percentage_change`, `standardised_change_from_moments`.
    better_is : {'lower', 'higher'}
        Direction of the scale.
    cluster : array_like, shape (n_patients,), optional
        Therapist of each patient.
    bias_corrected : bool
        Multiply by Hedges' J (standardised measures).
    external_sd : float, optional
        For ``external_sd``, taken as known.
    conf_level : float
        Nominal coverage.

    Returns
    -------
    Estimate
        With a t test of no change on G* - 1 df. Not estimable with fewer than three units or two
        effective ones, or where the value, or one with a unit left out, does not exist.

    Raises
    ------
    ValueError
        If shapes differ, a score is missing, or an argument is out of range.
    """
    first, last = checked_change(
        pre,
        post,
        measure=measure,
        better_is=better_is,
        external_sd=external_sd,
        conf_level=conf_level,
    )
    word: Literal["patients", "therapists"] = "patients" if cluster is None else "therapists"
    method = _METHOD.format(measure, word)
    if first.size < 3:
        return not_estimable("fewer than three patients", method=method, conf_level=conf_level)
    return jackknife_of_sums(
        *sums_of_units(first, last, cluster),
        measure=measure,
        better_is=better_is,
        word=word,
        bias_corrected=bias_corrected,
        external_sd=external_sd,
        conf_level=conf_level,
    )


def jackknife_of_sums(
    units: FloatArray,
    centre: float,
    *,
    measure: ChangeMeasure,
    better_is: BetterIs,
    word: Literal["patients", "therapists"],
    bias_corrected: bool = True,
    external_sd: float | None = None,
    conf_level: float = 0.95,
) -> Estimate:
    """`jackknife_change` from the sums of each unit: several measures at the cost of one pass over the scores.

    Parameters
    ----------
    units, centre : ndarray of shape (n_units, 6), float
        As `change_sums.sums_of_units` gives them.
    measure, better_is, bias_corrected, external_sd, conf_level
        As in `jackknife_change`.
    word : {"patients", "therapists"}
        What a unit is.
    """
    method = _METHOD.format(measure, word)
    count = units.shape[0]
    if count < 3:
        return not_estimable(f"fewer than three {word}", method=method, conf_level=conf_level)
    df = float(units[:, 0].sum() ** 2 / np.sum(units[:, 0] ** 2)) - 1.0
    if df < 1.0:
        reason = "one therapist has nearly all patients: fewer than two effective therapists"
        return not_estimable(reason, method=method, conf_level=conf_level)
    change = ChangeOfSums(units, centre, measure, better_is, bias_corrected, external_sd)
    value, left_out = change.of_all(), change.of_all_but_one()
    if not (math.isfinite(value) and np.isfinite(left_out).all()):
        reason = f"no spread in the scores, or none with one of the {word} left out"
        return not_estimable(reason, method=method, conf_level=conf_level)
    std_error = math.sqrt((count - 1.0) * float(np.var(left_out)))
    if std_error <= 1e-12 * abs(value):
        note = "no variation: no interval"
        return Estimate(value, conf_level=conf_level, method=method, note=note)
    return wald_estimate(value, std_error, df, conf_level=conf_level, method=method)
