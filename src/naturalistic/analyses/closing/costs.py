"""Cost per person from the user's own unit costs. It is not cost-effectiveness: there is nothing to compare it with."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from naturalistic.analyses.interface import EstimateRows
from naturalistic.settings.closing import Closing
from naturalistic.stats.result import Estimate, not_estimable

FloatArray = npt.NDArray[np.float64]
IMPROVED = ("recovered", "improved")
NOT_COST_EFFECTIVENESS = (
    "cost of this service only; nothing is compared, so it does not show cost-effectiveness"
)
WITHOUT_MISSED = "; missed sessions cost nothing in it, since no cost of them is stated"
PER = ("treated", "planned_ending", "reliable_improvement", "recovery")


def add_costs(
    rows: EstimateRows,
    ended: pd.DataFrame,
    asked: Closing,
    *,
    draws: int,
    level: float,
    rng: np.random.Generator,
) -> None:
    """Cost of everyone whose therapy has ended, per person treated, completed, reliably improved and recovered.

    Parameters
    ----------
    rows : EstimateRows
        Takes the rows.
    ended : DataFrame
        Everyone who started and whose therapy has ended, with sessions, ending and category of change.
    asked : Closing
        Unit costs as the user states them.
    draws : int
        Bootstrap draws; 0 above the limit set in the settings.
    level : float
        Nominal coverage.
    rng : Generator
        Source of chance.
    """
    units = asked.unit_costs
    if not units.given:
        rows.add(
            "cost",
            term="treated",
            status="not_measured",
            note="state closing.unit_costs.attended_session; no unit cost is shipped",
        )
        return
    attended = ended["sessions_attended"].to_numpy(dtype=float, na_value=np.nan)
    missed = _missed(ended)
    counted = np.isfinite(attended) & (np.isfinite(missed) | (units.missed_session is None))
    cost = attended[counted] * float(units.attended_session or 0.0)
    if units.missed_session is not None:
        cost = cost + missed[counted] * units.missed_session
    hits = _per(ended[counted])
    year = f", {units.year}" if units.year else ""
    note = NOT_COST_EFFECTIVENESS + ("" if units.missed_session is not None else WITHOUT_MISSED)
    for term in PER:
        rows.add(
            "cost",
            ratio_with_bootstrap(cost, hits[term], draws=draws, level=level, rng=rng),
            term=term,
            dimensions={"currency": units.currency + year},
            n_patients=int(counted.sum()),
            n_events=int(hits[term].sum()),
            n_missing=int((~counted).sum()),
            note=note,
        )


def _per(people: pd.DataFrame) -> dict[str, FloatArray]:
    """1 for each person who counts in the denominator of each ratio, otherwise 0."""
    category = people["change_category"].astype("object")
    return {
        "treated": np.ones(len(people)),
        "planned_ending": np.asarray(people["ending"] == "planned_ending", dtype=float),
        "reliable_improvement": np.asarray(category.isin(IMPROVED), dtype=float),
        "recovery": np.asarray(category == "recovered", dtype=float),
    }


def _missed(ended: pd.DataFrame) -> FloatArray:
    columns = ["did_not_attend", "cancelled_by_patient", "arrived_too_late"]
    return ended[columns].to_numpy(dtype=float, na_value=np.nan).sum(axis=1)


def ratio_with_bootstrap(
    cost: FloatArray, hit: FloatArray, *, draws: int, level: float, rng: np.random.Generator
) -> Estimate:
    """Total cost over the number with the outcome, with a percentile bootstrap over people.

    People are drawn anew; those without the outcome cost as well, and those without a last form count as not having it.
    """
    method = "total cost over number of people; percentile bootstrap over people"
    if len(cost) < 2 or hit.sum() == 0:
        return not_estimable("nobody has the outcome", method=method, conf_level=level)
    ratio = float(cost.sum() / hit.sum())
    if draws == 0:
        return Estimate(
            ratio,
            conf_level=level,
            method=method,
            note="no interval: more people than are resampled",
        )
    drawn = np.empty(draws)
    for i in range(draws):  # one draw at a time: memory stays that of the people
        weight = rng.multinomial(len(cost), np.full(len(cost), 1.0 / len(cost)))
        top, bottom = weight @ cost, weight @ hit
        drawn[i] = top / bottom if bottom > 0 else np.inf
    tail = 0.5 * (1.0 - level)
    low, high = np.quantile(drawn, [tail, 1.0 - tail], method="inverted_cdf")
    spread = float(np.std(drawn)) if np.isfinite(drawn).all() else float("nan")
    return Estimate(ratio, spread, float(low), float(high), level, method=method)
