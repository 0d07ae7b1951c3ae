"""Fitted models of leaving on their way to the table of covariances."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from naturalistic.analyses.model_rows import Coefficients, covariance_frame
from naturalistic.analyses.predictors import Term
from naturalistic.stats.result import Estimate
from naturalistic.tables.estimates import COVARIANCES


@dataclass(frozen=True)
class Fitted:
    """One model whose coefficients stand in the estimates, with the covariances that pooling needs.

    Attributes
    ----------
    model, specification : str
        As in the rows.
    terms : sequence of Term
        What each coefficient means.
    fit : Coefficients
        The engine's answer.
    """

    model: str
    specification: str
    terms: Sequence[Term]
    fit: Coefficients


def covariances_of(
    cohort: str, analysis: str, clock: str, fitted: Sequence[Fitted]
) -> pd.DataFrame:
    """Covariances of all coefficients of models on one clock; the name of the model carries the clock."""
    frames = []
    for each in fitted:
        named = {term.column for term in each.terms}
        # the baseline of a discrete-time model has columns of its own
        own = [
            Term(name, f"hazard: {name}", "", 0) for name in _columns(each.fit) if name not in named
        ]
        model, terms = f"{each.model}.{clock}", [*each.terms, *own]
        frame = covariance_frame(cohort, analysis, model, each.specification, terms, each.fit)
        frames += [frame] if len(frame) else []
    return pd.concat(frames, ignore_index=True) if frames else COVARIANCES.empty()


def _columns(fit: Coefficients) -> list[str]:
    return [str(name) for name in getattr(fit, "terms", ())]


def as_ratio(log_ratio: Estimate) -> Estimate:
    """A log ratio as the rows quote it: estimate and limits as ratios, the error on the logarithm."""
    if log_ratio.status != "ok":
        return log_ratio
    return Estimate(
        estimate=float(np.exp(log_ratio.estimate)),
        std_error=log_ratio.std_error,
        conf_low=float(np.exp(log_ratio.conf_low)),
        conf_high=float(np.exp(log_ratio.conf_high)),
        conf_level=log_ratio.conf_level,
        p_value=log_ratio.p_value,
        method=log_ratio.method,
    )
