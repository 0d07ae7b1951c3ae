"""The result every scalar estimator of this package returns."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

NAN = math.nan


@dataclass(frozen=True, slots=True)
class Estimate:
    """One number with what is needed to quote it.

    Attributes
    ----------
    estimate : float
        The point estimate, in the unit named by the function that made it.
    std_error : float
        Standard error on the scale of `estimate`; NaN where the method has none.
    conf_low, conf_high : float
        Limits of the `conf_level` interval.
    conf_level : float
        Nominal coverage of the interval.
    statistic, df, p_value : float
        Test of the null value where the function names one; otherwise NaN.
    status : str
        ``ok`` or ``not_estimable``.
    method : str
        Estimator and interval in words.
    note : str
        Why there is no number, or a caution that belongs to it.
    """

    estimate: float = NAN
    std_error: float = NAN
    conf_low: float = NAN
    conf_high: float = NAN
    conf_level: float = 0.95
    statistic: float = NAN
    df: float = NAN
    p_value: float = NAN
    status: str = "ok"
    method: str = ""
    note: str = ""

    def negated(self) -> Estimate:
        """The same quantity with its sign turned; the limits change places."""
        return replace(
            self,
            estimate=-self.estimate,
            conf_low=-self.conf_high,
            conf_high=-self.conf_low,
            statistic=-self.statistic,
        )


def not_estimable(reason: str, *, method: str = "", conf_level: float = 0.95) -> Estimate:
    """An `Estimate` that says why there is no number."""
    return Estimate(status="not_estimable", note=reason, method=method, conf_level=conf_level)
