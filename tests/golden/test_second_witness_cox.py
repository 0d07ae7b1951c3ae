"""Cox fits on random data against a second, independent implementation (PyPI `survival`).

The golden files fix a few data sets; here ties, late entry, strata, weights and clusters are mixed
at random, in every combination.
"""

from itertools import product

import numpy as np
import pytest

from naturalistic.stats.cox import fit_cox
from naturalistic.stats.proportional_hazards import check_proportional_hazards

survival = pytest.importorskip("survival")


def random_rows(seed: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(60, 160))
    x1, x2 = rng.integers(0, 2, n).astype(float), rng.normal(size=n).round(1)
    time = np.ceil(rng.exponential(6, n) * np.exp(-0.5 * x1)) + 1
    return {
        "start": np.minimum(rng.integers(0, 4, n), time - 1).astype(float),
        "stop": time,
        "event": (rng.random(n) < 0.7).astype(float),
        "x1": x1,
        "x2": x2,
        "stratum": rng.integers(0, 3, n).astype(float),
        "weight": rng.integers(1, 5, n) / 2,
        "group": rng.integers(0, 9, n).astype(float),
    }


CASES = list(product([False, True], [False, True], [False, True], [False, True]))


@pytest.mark.parametrize(("late", "strata", "weighted", "clustered"), CASES)
def test_equals_the_other_implementation(
    late: bool, strata: bool, weighted: bool, clustered: bool
) -> None:
    rows = random_rows(sum(2**i * c for i, c in enumerate((late, strata, weighted, clustered))))
    left = "Surv(start, stop, event)" if late else "Surv(stop, event)"
    theirs = survival.coxph(
        f"{left} ~ x1 + x2" + (" + strata(stratum)" if strata else ""),
        data=rows,
        weights=rows["weight"] if weighted else None,
        cluster=rows["group"] if clustered else None,
        robust=clustered,
        eps=1e-13,
        toler_chol=1e-14,
        iter_max=50,
    )
    ours = fit_cox(
        rows["stop"],
        rows["event"],
        np.column_stack([rows["x1"], rows["x2"]]),
        entry=rows["start"] if late else None,
        strata=rows["stratum"] if strata else None,
        weights=rows["weight"] if weighted else None,
        cluster=rows["group"] if clustered else None,
    )
    np.testing.assert_allclose(ours.coefficients, theirs.coefficients, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(ours.covariance, theirs.var, rtol=1e-6, atol=1e-10)
    np.testing.assert_allclose([ours.loglik_null, ours.loglik], theirs.loglik, rtol=1e-11)
    if not weighted and not clustered:
        table = survival.cox_zph(theirs, transform="rank")
        overall = check_proportional_hazards(ours, transform="rank").overall
        assert overall.statistic == pytest.approx(table.table[-1]["chisq"], rel=1e-6)
