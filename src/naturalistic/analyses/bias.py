"""What else than therapy could explain the change, and how much the answer depends on choices."""

from __future__ import annotations

import numpy as np

from naturalistic.analyses.change.other_explanations import (
    add_group_differences,
    add_misclassified_endings,
    add_natural_recovery,
)
from naturalistic.analyses.change.people import started_on
from naturalistic.analyses.change.regression_bias import add_regression_to_the_mean
from naturalistic.analyses.change.specifications import add_specification_curve
from naturalistic.analyses.interface import AnalysisInput, AnalysisResult, EstimateRows

NAME = "bias"


def analyse(data: AnalysisInput) -> AnalysisResult:
    """Other explanations of the primary change.

    Estimands
    ---------
    regression_to_the_mean, mean_change (`term` "mee_chua_effect")
        Expected from selection over a grid of population mean and reliability; the sweep of Mee and Chua over population
        means (`time`).
    standardised_change_difference (`specification` "minus_benchmark")
        This cohort minus each published change without this therapy.
    proportion, mean_change (`specification` "misclassification")
        Unplanned endings, and change by true ending, if the record of endings has errors.
    adjusted_difference, e_value
        Groups compared raw and between people who started at the same score; how strong something unmeasured would have
        to be.
    standardised_mean_change (`specification` "curve"), proportion (`specification` "curve_summary")
        The primary change under every combination of the choices declared in the configuration.
    """
    primary = data.settings.primary
    rows = EstimateRows(data.cohort, NAME, instrument=primary.instrument, scale=primary.scale)
    people = started_on(data)
    if not people.paired.any() or np.isnan(people.first).all():
        rows.add(
            "regression_to_the_mean",
            population="paired",
            status="not_measured",
            note="nobody who started has both forms",
        )
        return AnalysisResult(rows.frame())
    add_regression_to_the_mean(rows, data, people)
    add_natural_recovery(rows, data, people)
    add_misclassified_endings(rows, data, people)
    add_group_differences(rows, data, people)
    add_specification_curve(rows, data)
    return AnalysisResult(rows.frame())
