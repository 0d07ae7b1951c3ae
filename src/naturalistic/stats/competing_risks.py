"""Cumulative incidence of each way of ending (Aalen-Johansen), exact on ties."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from naturalistic.stats.curves import ConfidenceType, Curve, confidence_limits, entries_by_time
from naturalistic.stats.event_table import EventTable, FloatArray, IntArray, event_table
from naturalistic.stats.incidence_variance import (
    clustered_variance,
    gray_variance,
    greenwood_variance,
)
from naturalistic.stats.influence import WeightKind, cluster_codes, n_rows

VarianceType = Literal["aalen", "gray"]


@dataclass(frozen=True, slots=True)
class CumulativeIncidence:
    """Incidence of K competing causes over time.

    Attributes
    ----------
    times, at_risk, censored : ndarray of float, shape (m,)
        Distinct ends of observation; under observation just before; censored at.
    events : ndarray of float, shape (m, K)
        Events of each cause.
    survival : ndarray of float, shape (m,)
        Probability of no event of any cause so far.
    estimate, std_error, conf_low, conf_high : ndarray of float, shape (m, K)
        Cumulative incidence of cause j in column j - 1. Limits are NaN while it is 0.
    entry_times, entered : ndarray of float
        Distinct entry times and how many enter there; empty without left truncation.
    conf_level : float
        Pointwise coverage.
    method, status, note : str
        As in `naturalistic.stats.curves.Curve`.
    """

    times: FloatArray
    at_risk: FloatArray
    censored: FloatArray
    events: FloatArray
    survival: FloatArray
    estimate: FloatArray
    std_error: FloatArray
    conf_low: FloatArray
    conf_high: FloatArray
    entry_times: FloatArray = field(default_factory=lambda: np.empty(0))
    entered: FloatArray = field(default_factory=lambda: np.empty(0))
    conf_level: float = 0.95
    method: str = ""
    status: str = "ok"
    note: str = ""

    @property
    def n_causes(self) -> int:
        """Number of causes K."""
        return int(self.events.shape[1])

    def cause(self, number: int) -> Curve:
        """The curve of one cause, to be read with ``.at(grid)``.

        Parameters
        ----------
        number : int
            1..K.

        Raises
        ------
        ValueError
            There is no such cause.
        """
        if not 1 <= number <= self.n_causes:
            raise ValueError(f"cause must be one of 1 to {self.n_causes}, not {number}")
        j = number - 1
        return Curve(
            kind="cumulative_incidence",
            times=self.times,
            at_risk=self.at_risk,
            events=self.events[:, j],
            censored=self.censored,
            estimate=self.estimate[:, j],
            std_error=self.std_error[:, j],
            conf_low=self.conf_low[:, j],
            conf_high=self.conf_high[:, j],
            start=0.0,
            complete=bool(len(self.times) and self.survival[-1] == 0.0),
            entry_times=self.entry_times,
            entered=self.entered,
            conf_level=self.conf_level,
            method=self.method,
            status=self.status,
            note=self.note,
        )

    def state_occupation(self, grid: ArrayLike, *, carry_forward: bool = False) -> FloatArray:
        """Share in each state at given times, for a stacked plot; each row sums to 1.

        Parameters
        ----------
        grid : array_like of float, shape (g,)
            Times.
        carry_forward : bool
            As in `Curve.at`.

        Returns
        -------
        ndarray of float, shape (g, K + 1)
            Column 0 no event so far, column j ended by cause j; NaN after the end of follow-up.
        """
        ended = [
            self.cause(j + 1).at(grid, carry_forward=carry_forward).estimate
            for j in range(self.n_causes)
        ]
        shares = np.column_stack(ended)
        return np.column_stack([1.0 - shares.sum(axis=1), shares])


def aalen_johansen(
    time: ArrayLike,
    cause: ArrayLike,
    *,
    entry: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    weight_kind: WeightKind = "frequency",
    cluster: ArrayLike | None = None,
    n_causes: int | None = None,
    conf_level: float = 0.95,
    conf_type: ConfidenceType = "log-log",
    variance: VarianceType = "aalen",
) -> CumulativeIncidence:
    r"""Probability of having ended by each cause, :math:`F_j(t)=\sum_{t_k\le t} S(t_k^-)\,d_{jk}/Y_k`.

    Parameters
    ----------
    time : array_like of float, shape (n,)
        End of observation, not negative; ties are exact.
    cause : array_like of int, shape (n,)
        0 censored, 1..K how it ended.
    entry : array_like of float, shape (n,), optional
        Start of observation; at risk for entry < t <= time.
    weights, weight_kind, cluster
        As in `naturalistic.stats.survival.kaplan_meier`.
    n_causes : int, optional
        K, where some causes may not occur.
    conf_level : float
        Pointwise coverage.
    conf_type : {"log-log", "log", "plain"}
        Scale of the limits.
    variance : {"aalen", "gray"}
        ``aalen``: the Greenwood-type variance of etm, SAS and R's survfit, or its clustered form. ``gray``: the one
        cmprsk::cuminc prints, for comparison; not with clusters or probability weights.

    Returns
    -------
    CumulativeIncidence

    Raises
    ------
    ValueError
        As `kaplan_meier`; or ``variance="gray"`` with clusters or probability weights.

    Notes
    -----
    With :math:`D=\sum_j d_j`, the variance of :math:`F_j(t)` is

    .. math:: \sum_{t_k\le t}\Big[\{F_j(t)-F_{jk}\}^2\frac{D}{Y(Y-D)} + S_-^2\frac{d_j(Y-d_j)}{Y^3}
              - 2\{F_j(t)-F_{jk}\}S_-\frac{d_j}{Y^2}\Big].

    References
    ----------
    Aalen and Johansen (1978), Scandinavian Journal of Statistics 5:141. Variance: Allignol, Schumacher and
    Beyersmann (2010), Biometrical Journal 52:126.
    """
    table = event_table(time, cause, entry=entry, weights=weights, n_causes=n_causes)
    clusters = cluster_codes(table, cluster, weight_kind, n_rows(time))
    survival, before, incidence = incidence_of(table)
    std_error = np.sqrt(_spread(table, survival, before, clusters, variance))
    low, high = confidence_limits(incidence, std_error, conf_type, conf_level)
    entry_times, entered = entries_by_time(table)
    kind = f"{variance} variance" if clusters is None else "clustered influence standard error"
    return CumulativeIncidence(
        times=table.times,
        at_risk=table.at_risk,
        censored=table.censored,
        events=table.events,
        survival=survival,
        estimate=incidence,
        std_error=std_error,
        conf_low=low,
        conf_high=high,
        entry_times=entry_times,
        entered=entered,
        conf_level=conf_level,
        method=f"Aalen-Johansen; {kind}; {conf_type} limits",
        status="ok" if len(table.times) else "not_estimable",
        note=_note(table, survival),
    )


def _spread(
    table: EventTable,
    survival: FloatArray,
    before: FloatArray,
    clusters: IntArray | None,
    variance: VarianceType,
) -> FloatArray:
    """Variance of each incidence at each time, by the kind asked for."""
    if variance not in ("aalen", "gray"):
        raise ValueError(f"variance must be 'aalen' or 'gray', not {variance!r}")
    if variance == "gray" and clusters is not None:
        raise ValueError("variance 'gray' exists only for independent rows")
    if clusters is not None:
        return clustered_variance(table, before, clusters)
    if variance == "aalen":
        return greenwood_variance(table, before)
    return gray_variance(table, survival, before)


def incidence_of(table: EventTable) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Survival of any event, the same just before each time (m,), and cumulative incidence (m, K)."""
    survival: FloatArray = np.cumprod(table.survivors / table.at_risk, dtype=np.float64)
    before = np.concatenate([[1.0], survival])[: len(survival)]
    incidence = np.cumsum((before / table.at_risk)[:, None] * table.events, axis=0)
    return survival, before, incidence


def _note(table: EventTable, survival: FloatArray) -> str:
    if not len(table.times):
        return "no observations"
    silent = [str(j + 1) for j in range(table.n_causes) if not table.events[:, j].any()]
    notes = [f"no event of cause {', '.join(silent)}"] if silent else []
    emptied = np.flatnonzero(survival == 0.0)
    if len(emptied) and emptied[0] < len(table.times) - 1:
        notes.append(
            f"the risk set was emptied at {table.times[emptied[0]]:g} before later entries: "
            "the curves stay where they are"
        )
    return "; ".join(notes)
