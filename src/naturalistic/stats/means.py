"""The mean of independent values with its t interval."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from naturalistic.stats.paired_scores import check_conf_level
from naturalistic.stats.result import Estimate, not_estimable
from naturalistic.stats.wald import interval_estimate


def mean_with_interval(values: npt.ArrayLike, *, conf_level: float = 0.95) -> Estimate:
    r"""Mean with Student's interval, :math:`\bar x \pm t_{n-1} s / \sqrt{n}` (Student 1908).

    Parameters
    ----------
    values : array_like, shape (n,)
        Known values, any unit.
    conf_level : float
        Nominal coverage.

    Returns
    -------
    Estimate
        Not estimable with fewer than two values.

    Raises
    ------
    ValueError
        A value is missing or infinite.
    """
    check_conf_level(conf_level)
    x = np.asarray(values, dtype=np.float64)
    method = "mean, t interval"
    if not np.all(np.isfinite(x)):
        raise ValueError("every value must be a number")
    if x.size < 2:
        return not_estimable("fewer than two values", method=method, conf_level=conf_level)
    mean, error = float(x.mean()), float(x.std(ddof=1) / np.sqrt(x.size))
    return interval_estimate(
        mean, error, conf_level=conf_level, df=float(x.size - 1), method=method
    )
