"""Rates of events in a population, and how many more to expect."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import betaincinv
from scipy.stats import chi2

from naturalistic.stats.paired_scores import check_conf_level
from naturalistic.stats.result import Estimate, not_estimable

IntArray = npt.NDArray[np.int64]


def rate_per(
    events: int, population: float, *, per: float = 100_000.0, conf_level: float = 0.95
) -> Estimate:
    r"""Events per `per` people of a population, with the exact Poisson interval.

    .. math:: \tfrac{1}{2}\chi^2_{2x,\,\alpha/2} \quad\text{to}\quad \tfrac{1}{2}\chi^2_{2x+2,\,1-\alpha/2}

    for x events (Garwood 1936).

    Parameters
    ----------
    events : int
        Number of people with the event.
    population : float
        Number of people it could have happened to.
    per : float
        Unit of the rate.
    conf_level : float
        Nominal coverage.

    Raises
    ------
    ValueError
        A negative number of events.
    """
    check_conf_level(conf_level)
    if events < 0:
        raise ValueError("events must not be negative")
    method = f"rate per {per:,.0f}, exact Poisson interval"
    if not population > 0:
        return not_estimable("the population is not known", method=method, conf_level=conf_level)
    tail = 0.5 * (1.0 - conf_level)
    low = 0.5 * float(chi2.ppf(tail, 2 * events)) if events else 0.0
    high = 0.5 * float(chi2.ppf(1.0 - tail, 2 * events + 2))
    unit = per / population
    return Estimate(
        estimate=events * unit,
        std_error=float(np.sqrt(events)) * unit,
        conf_low=low * unit,
        conf_high=high * unit,
        conf_level=conf_level,
        method=method,
    )


def ratio_of_rates_per(
    events: int,
    population: float,
    reference_events: int,
    reference_population: float,
    *,
    conf_level: float = 0.95,
) -> Estimate:
    r"""Ratio of two Poisson rates with the exact interval.

    Given the sum of both counts, the first is binomial with

    .. math:: \pi = \frac{\rho N_1}{\rho N_1 + N_2},\qquad \rho = \frac{\pi N_2}{(1-\pi) N_1}

    and the limits of :math:`\rho` are those of Clopper and Pearson for :math:`\pi` (Przyborowski and Wilenski 1940,
    Biometrika 31:313; `poisson.test` of R). `std_error` stands on the logarithm, :math:`\sqrt{1/x_1 + 1/x_2}`.

    Parameters
    ----------
    events, reference_events : int
        Number of people with the event.
    population, reference_population : float
        Number of people it could have happened to.
    conf_level : float
        Nominal coverage.

    Raises
    ------
    ValueError
        A negative number of events.
    """
    check_conf_level(conf_level)
    if min(events, reference_events) < 0:
        raise ValueError("events must not be negative")
    method = "ratio of two rates, exact conditional interval"
    if not min(population, reference_population) > 0:
        return not_estimable("a population is not known", method=method, conf_level=conf_level)
    if not events or not reference_events:
        reason = "too few events: nobody in one of the two groups"
        return not_estimable(reason, method=method, conf_level=conf_level)
    tail = 0.5 * (1.0 - conf_level)
    low = float(betaincinv(events, reference_events + 1, tail))
    high = float(betaincinv(events + 1, reference_events, 1.0 - tail))
    unit = reference_population / population
    return Estimate(
        estimate=events / reference_events * unit,
        std_error=float(np.sqrt(1 / events + 1 / reference_events)),
        conf_low=low / (1.0 - low) * unit,
        conf_high=high / (1.0 - high) * unit,
        conf_level=conf_level,
        method=method,
    )


def expected_newcomers(
    monthly: npt.ArrayLike, months: float, *, draws: int, rng: np.random.Generator
) -> tuple[float, IntArray]:
    """How many newcomers to expect over some months, if they go on coming as they did.

    The mean of the months seen, with its own uncertainty (a gamma distribution of the rate) and chance (a Poisson number
    given the rate); both are widened by the variance of the monthly numbers over their mean where that exceeds one.

    Parameters
    ----------
    monthly : array_like of int, shape (n_months,)
        Newcomers of each month seen, months without any included.
    months : float
        Months ahead.
    draws : int
        Simulated numbers.
    rng : Generator
        Source of chance.

    Returns
    -------
    expected : float
        Mean number.
    drawn : ndarray of int, shape (draws,)
        Simulated numbers.

    Raises
    ------
    ValueError
        Fewer than two months.
    """
    seen = np.asarray(monthly, dtype=np.float64)
    if seen.ndim != 1 or len(seen) < 2:
        raise ValueError("at least two months are needed")
    total = float(seen.sum())
    if total == 0.0:
        return 0.0, np.zeros(draws, dtype=np.int64)
    spread = max(1.0, float(seen.var(ddof=1) / seen.mean()))
    rates = rng.gamma(total / spread, spread / len(seen), size=draws)
    return float(seen.mean() * months), _overdispersed(rates * months, spread, rng)


def _overdispersed(
    mean: npt.NDArray[np.float64], spread: float, rng: np.random.Generator
) -> IntArray:
    if spread <= 1.0:
        return rng.poisson(mean)
    # a negative binomial number with variance spread * mean
    size = mean / (spread - 1.0)
    return rng.negative_binomial(np.maximum(size, 1e-12), 1.0 / spread)
