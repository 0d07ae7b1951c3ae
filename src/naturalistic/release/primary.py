"""What must not leave on its own account: figures that rest on few people."""

from __future__ import annotations

import numpy as np
import pandas as pd

from naturalistic.release.profiles import Profile
from naturalistic.release.row_keys import keys_without, text
from naturalistic.release.suppression.counts import PEOPLE_COUNTS
from naturalistic.release.suppression.shown import BoolArray, FloatArray, is_small
from naturalistic.vocabulary import ESTIMANDS

NUMBERS = ("estimate", "std_error", "conf_low", "conf_high", "statistic", "df", "p_value")
OF_SCORES = (
    # estimands of scores and of other measurements of people: they need the profile's minimum for means
    "mean",
    "standard_deviation",
    "median",
    "correlation",
    "mean_change",
    "standardised_mean_change",
    "standardised_change_d_z",
    "standardised_change_d_av",
    "standardised_change_d_rm",
    "standardised_change_external",
    "percentage_change",
    "rank_biserial",
    "limit_of_agreement",
)
RULES = {
    "few_people": "rests on {threshold} or fewer people",
    "few_others": "all but {threshold} or fewer people have it",
    "all_or_nobody": "a share of 0 or 100 per cent",
    "few_for_a_mean": "a mean or spread of fewer than {mean_minimum} people",
    "few_for_a_model": "a model of fewer than {model_residual_df} people more than it has terms",
    "one_person_dominates": "one person carries more than {dominance:.0%} of the weight",
    "no_count": "no number of people stands beside it",
    "by_subtraction": "withheld so that another withheld figure cannot be worked out",
}


def primary_rule(frame: pd.DataFrame, profile: Profile) -> np.ndarray:
    """Rule by which each row is withheld on its own, shape (rows,); empty where it is not.

    Parameters
    ----------
    frame : DataFrame
        Rows of the estimates table at full precision.
    profile : Profile
        Rules.
    """
    number = frame[list(NUMBERS)].notna().any(axis=1).to_numpy()
    counted = frame[list(PEOPLE_COUNTS)].notna().any(axis=1).to_numpy()
    rule = np.full(len(frame), "", dtype=object)
    rule[number & ~counted] = "no_count"
    rule[_dominated(frame, profile)] = "one_person_dominates"
    rule[number & _small_model(frame, profile)] = "few_for_a_model"
    people = _floats(frame, "n_patients")
    of_scores = np.isin(text(frame, "estimand"), OF_SCORES)
    rule[of_scores & (people < profile.mean_minimum)] = "few_for_a_mean"
    # a rate of 98 of 100 tells as much about two people as a rate of 2 of 100
    rest = _floats(frame, "denominator") - _floats(frame, "numerator")
    others = people - _floats(frame, "n_events")
    rule[is_small(rest, profile) | is_small(others, profile)] = "few_others"
    if profile.withhold_full:
        rule[(rest == 0) | (_floats(frame, "numerator") == 0)] = "all_or_nobody"
    for name in PEOPLE_COUNTS:
        rule[is_small(_floats(frame, name), profile)] = "few_people"
    counts = np.array([ESTIMANDS[e].unit == "people" for e in text(frame, "estimand")], dtype=bool)
    rule[counts & is_small(_floats(frame, "estimate"), profile)] = "few_people"
    return rule


def _floats(frame: pd.DataFrame, column: str) -> FloatArray:
    return np.asarray(frame[column].astype("float64"), dtype=np.float64)


def _small_model(frame: pd.DataFrame, profile: Profile) -> BoolArray:
    """Rows of a model whose people hardly outnumber its terms."""
    fitted = text(frame, "model") != ""
    small = np.zeros(len(frame), dtype=bool)
    if not fitted.any():
        return small
    model = keys_without(frame, "estimand", "term", "contrast", "dimensions", "time", "time_unit")
    people = _floats(frame, "n_patients")
    table = pd.DataFrame(
        {
            "model": model,
            "people": people,
            "parameter": text(frame, "term") + "\x1f" + text(frame, "contrast"),
        }
    )[fitted]
    table = table[np.isfinite(table["people"])]
    grouped = table.groupby("model", sort=False)
    residual = grouped["people"].max() - grouped["parameter"].nunique()
    few = residual.index[residual < profile.model_residual_df]
    return fitted & np.isin(model, few.to_numpy())


def _dominated(frame: pd.DataFrame, profile: Profile) -> BoolArray:
    """Weighted figures in which the largest weight is more than the allowed share of all weight."""
    largest = text(frame, "estimand") == "largest_weight"
    if not largest.any():
        return np.zeros(len(frame), dtype=bool)
    same = keys_without(frame, "estimand", "term", "contrast", "dimensions", "time", "time_unit")
    # weights have mean 1: their sum is the number of people
    over = np.unique(
        same[
            largest
            & (_floats(frame, "estimate") > profile.dominance * _floats(frame, "n_patients"))
        ]
    )
    return np.isin(same, over)
