"""Kaplan-Meier and Nelson-Aalen curves and their quantiles, exact on ties.

Weights, in every function of this family:

- ``weight_kind="frequency"`` (default): a row stands for that many identical, independent persons. Estimates and
  standard errors equal those of the rows written out.
- ``weight_kind="probability"``: a row is one person who stands for others (inverse probability weights). Standard
  errors are sandwich sums over rows of the squared weighted influence; the weights are taken as known.

With `cluster` the influence is summed within clusters before squaring, for either kind of weight.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import digamma, polygamma

from naturalistic.stats.curves import (
    ConfidenceType,
    Curve,
    confidence_limits,
    entries_by_time,
    first_time,
    normal_quantile,
)
from naturalistic.stats.event_table import EventTable, FloatArray, IntArray, event_table
from naturalistic.stats.influence import (
    WeightKind,
    cluster_codes,
    clustered_hazard_error,
    clustered_survival_error,
    n_rows,
)
from naturalistic.stats.result import Estimate, not_estimable


def kaplan_meier(
    time: ArrayLike,
    event: ArrayLike,
    *,
    entry: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    weight_kind: WeightKind = "frequency",
    cluster: ArrayLike | None = None,
    conf_level: float = 0.95,
    conf_type: ConfidenceType = "log-log",
) -> Curve:
    r"""Probability of no event up to and including each time, :math:`S(t)=\prod_{t_k\le t}(1-d_k/Y_k)`.

    With several ways of ending, 1 - S is not the share that ends in one of them; that is
    `naturalistic.stats.competing_risks.aalen_johansen`.

    Parameters
    ----------
    time : array_like of float, shape (n,)
        Event or censoring time, not negative.
    event : array_like of bool or int, shape (n,)
        1 event, 0 censored.
    entry : array_like of float, shape (n,), optional
        Start of observation; at risk for entry < t <= time.
    weights : array_like of float, shape (n,), optional
        See the module's text.
    weight_kind : {"frequency", "probability"}
        What a weight means.
    cluster : array_like, shape (n,), optional
        Rows with the same value may be dependent.
    conf_level : float
        Pointwise coverage.
    conf_type : {"log-log", "log", "plain"}
        Scale of the limits.

    Returns
    -------
    Curve
        `kind` ``survival``. Standard error: Greenwood, or the clustered influence sum. NaN where S = 0 (as R).

    Raises
    ------
    ValueError
        Wrong shapes, missing values, negative times or weights, entry not before time.

    References
    ----------
    Kaplan and Meier (1958), JASA 53:457, equation 2b. Greenwood (1926).
    """
    table = event_table(time, event, entry=entry, weights=weights, n_causes=1)
    clusters = cluster_codes(table, cluster, weight_kind, n_rows(time))
    alive = table.survivors
    survival: FloatArray = np.cumprod(alive / table.at_risk, dtype=np.float64)
    if clusters is None:
        with np.errstate(divide="ignore", invalid="ignore"):
            terms = np.where(table.all_events > 0, table.all_events / (table.at_risk * alive), 0.0)
            std_error = survival * np.sqrt(np.cumsum(terms))
    else:
        std_error = clustered_survival_error(table, survival, clusters)
    std_error = np.where(survival > 0, std_error, np.nan)
    low, high = confidence_limits(survival, std_error, conf_type, conf_level)
    return _curve(
        "survival",
        table,
        (survival, std_error, low, high),
        start=1.0,
        complete=bool((survival == 0.0).any()),
        conf_level=conf_level,
        method=f"Kaplan-Meier; {_error_name(clusters, 'Greenwood')}; {conf_type} limits",
        note=_note(table, survival),
    )


def nelson_aalen(
    time: ArrayLike,
    event: ArrayLike,
    *,
    entry: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    weight_kind: WeightKind = "frequency",
    cluster: ArrayLike | None = None,
    conf_level: float = 0.95,
    tie_correction: bool = False,
) -> Curve:
    r"""Cumulative hazard :math:`H(t)=\sum_{t_k\le t} d_k/Y_k`, expected events per person under observation.

    Parameters
    ----------
    time, event, entry, weights, weight_kind, cluster, conf_level
        As in `kaplan_meier`.
    tie_correction : bool
        Take the tied events one after the other, :math:`\sum_{l<d} 1/(Y-l)` (Fleming-Harrington), variance
        :math:`\sum_{l<d} 1/(Y-l)^2`. For time that is continuous but recorded in whole units; not for
        session numbers, and only without cluster and probability weights.

    Returns
    -------
    Curve
        `kind` ``cumulative_hazard``; variance :math:`\sum d_k/Y_k^2`; limits :math:`H e^{\pm z s/H}`.

    Raises
    ------
    ValueError
        As `kaplan_meier`; or `tie_correction` together with clusters or probability weights.

    References
    ----------
    Aalen (1978), Annals of Statistics 6:701; Fleming and Harrington (1984), Communications in Statistics 13:2469.
    """
    table = event_table(time, event, entry=entry, weights=weights, n_causes=1)
    clusters = cluster_codes(table, cluster, weight_kind, n_rows(time))
    z = normal_quantile(conf_level)
    hazard, std_error = _hazard(table, clusters, tie_correction)
    spread = np.exp(z * std_error / np.where(hazard > 0, hazard, 1.0))
    low = np.where(hazard > 0, hazard / spread, np.nan)
    high = np.where(hazard > 0, hazard * spread, np.nan)
    name = "Nelson-Aalen with tie correction" if tie_correction else "Nelson-Aalen"
    return _curve(
        "cumulative_hazard",
        table,
        (hazard, std_error, low, high),
        start=0.0,
        complete=False,
        conf_level=conf_level,
        method=f"{name}; {_error_name(clusters, 'Aalen')}; log limits",
        note=_note(table, np.ones(1)),
    )


def _hazard(
    table: EventTable, clusters: IntArray | None, tie_correction: bool
) -> tuple[FloatArray, FloatArray]:
    """Cumulative hazard at each time and its standard error."""
    events, at_risk = table.all_events, table.at_risk
    if not tie_correction:
        hazard = np.cumsum(events / at_risk)
        if clusters is not None:
            return hazard, clustered_hazard_error(table, clusters)
        return hazard, np.sqrt(np.cumsum(events / at_risk**2))
    if clusters is not None:
        raise ValueError("tie_correction has no clustered or probability-weighted variance")
    left = at_risk - events + 1.0
    variance = np.cumsum(polygamma(1, left) - polygamma(1, at_risk + 1.0))
    return np.cumsum(digamma(at_risk + 1.0) - digamma(left)), np.sqrt(variance)


def quantiles(
    curve: Curve, probabilities: Sequence[float] = (0.25, 0.5, 0.75)
) -> tuple[Estimate, ...]:
    """Times by which given shares have had the event.

    Parameters
    ----------
    curve : Curve
        Survival (the time at which S falls to 1 - p) or cumulative incidence (the time at which F reaches p).
    probabilities : sequence of float
        Shares p, strictly between 0 and 1; 0.5 is the median.

    Returns
    -------
    tuple of Estimate
        The first time at which the curve passes p; where it stays exactly at p, the middle of that step (R's
        rule). Limits invert the pointwise limits of the curve (Brookmeyer and Crowley 1982, Biometrics 38:29);
        NaN where they never reach p. ``not_estimable`` where the curve itself does not reach p.

    Raises
    ------
    ValueError
        A cumulative hazard, or a probability outside (0, 1).
    """
    if curve.kind == "cumulative_hazard":
        raise ValueError("quantiles need a survival or cumulative incidence curve")
    if any(not 0.0 < p < 1.0 for p in probabilities):
        raise ValueError("probabilities must lie strictly between 0 and 1")
    if curve.kind == "survival":
        reached, earliest, latest = 1 - curve.estimate, 1 - curve.conf_low, 1 - curve.conf_high
    else:
        reached, earliest, latest = curve.estimate, curve.conf_high, curve.conf_low
    method = "inverted curve, midpoint rule; limits from the curve's pointwise limits"
    found = []
    for p in probabilities:
        value = first_time(curve.times, reached, p)
        if np.isnan(value):
            reason = f"the curve does not reach {p:g} within follow-up"
            found.append(not_estimable(reason, method=method, conf_level=curve.conf_level))
            continue
        found.append(
            Estimate(
                estimate=value,
                conf_low=first_time(curve.times, earliest, p),
                conf_high=first_time(curve.times, latest, p),
                conf_level=curve.conf_level,
                method=method,
            )
        )
    return tuple(found)


def _curve(
    kind: str,
    table: EventTable,
    values: tuple[FloatArray, FloatArray, FloatArray, FloatArray],
    *,
    start: float,
    complete: bool,
    conf_level: float,
    method: str,
    note: str,
) -> Curve:
    entry_times, entered = entries_by_time(table)
    estimate, std_error, low, high = values
    return Curve(
        kind=kind,
        times=table.times,
        at_risk=table.at_risk,
        events=table.all_events,
        censored=table.censored,
        estimate=estimate,
        std_error=std_error,
        conf_low=low,
        conf_high=high,
        start=start,
        complete=complete,
        entry_times=entry_times,
        entered=entered,
        conf_level=conf_level,
        method=method,
        status="ok" if len(table.times) else "not_estimable",
        note=note,
    )


def _error_name(clusters: IntArray | None, plain: str) -> str:
    return f"{plain} standard error" if clusters is None else "clustered influence standard error"


def _note(table: EventTable, survival: FloatArray) -> str:
    if not len(table.times):
        return "no observations"
    if not table.all_events.any():
        return "no event: no limits"
    emptied = np.flatnonzero(survival == 0.0)
    if len(emptied) and emptied[0] < len(table.times) - 1:
        when = table.times[emptied[0]]
        return f"the risk set was emptied at {when:g} before later entries: the curve stays at 0"
    return ""
