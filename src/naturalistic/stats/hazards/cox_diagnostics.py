"""Residuals of a Cox fit in the caller's rows and units."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from naturalistic.stats.cox import CoxFit
from naturalistic.stats.hazards.cox_input import FloatArray, IndexArray
from naturalistic.stats.hazards.cox_residuals import (
    expected_events,
    schoenfeld_residuals,
    score_residuals,
)


@dataclass(frozen=True, slots=True)
class SchoenfeldResiduals:
    """Schoenfeld residuals, one row per event.

    Attributes
    ----------
    row : (d,) index of the event's row in the caller's arrays.
    time : (d,) event time.
    stratum : (d,) stratum label.
    residuals : (d, p) covariates of the event less their mean among those at risk.
    scaled : (d, p) coefficient + d V residual: a rough estimate of the coefficient at that time
        (Grambsch and Therneau 1994, eq. 3.3).
    """

    row: IndexArray
    time: FloatArray
    stratum: NDArray[np.generic]
    residuals: FloatArray
    scaled: FloatArray


def martingale_residuals(fit: CoxFit) -> FloatArray:
    """Observed minus expected events of each row, shape (n,), caller's order.

    As R's ``residuals(fit, type = "martingale")``; sums to zero with weights one.
    """
    residuals = -expected_events(fit.data, fit.likelihood)
    residuals[fit.data.death_row] += 1.0
    return fit.data.in_callers_order(residuals)


def dfbeta(fit: CoxFit) -> FloatArray:
    """Approximate change of each coefficient if a row were left out, shape (n, p).

    Weighted score residuals times the naive covariance (R's ``type = "dfbeta"``); NaN for
    covariates without an estimate.
    """
    data, active = fit.data, fit.active
    residuals = score_residuals(data, fit.likelihood)
    if data.weight is not None:
        residuals *= data.weight
    naive = fit.naive_covariance[np.ix_(active, active)]
    out = np.full((len(active), data.n_rows), np.nan)
    out[active] = naive @ (residuals * data.scale[:, None])
    return data.in_callers_order(out).T


def schoenfeld(fit: CoxFit) -> SchoenfeldResiduals:
    """Schoenfeld residuals and their scaled form, events in order of stratum and time.

    As R's ``residuals(fit, "schoenfeld")`` and ``"scaledsch"`` (the latter with the naive
    covariance and d the number of events).
    """
    data, active = fit.data, fit.active
    raw = np.full((len(data.death_row), len(active)), np.nan)
    raw[:, active] = (schoenfeld_residuals(data, fit.likelihood) * data.scale[:, None]).T
    scaled = np.full_like(raw, np.nan)
    naive = fit.naive_covariance[np.ix_(active, active)]
    scaled[:, active] = fit.coefficients[active] + len(raw) * raw[:, active] @ naive
    return SchoenfeldResiduals(
        row=data.order[data.death_row],
        time=data.cell_time[data.death_cell],
        stratum=data.strata_labels[data.cell_stratum[data.death_cell]],
        residuals=raw,
        scaled=scaled,
    )
