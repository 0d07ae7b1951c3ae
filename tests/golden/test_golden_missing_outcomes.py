"""Rubin's rules, chained equations, response weights and the tipping point against R (missing_outcomes.R)."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from naturalistic.stats.clustered_means import Grouping, change_of_completed
from naturalistic.stats.clustered_regression import clustered_least_squares
from naturalistic.stats.multiple_imputation import Imputations, impute_by_chained_equations
from naturalistic.stats.response_weighting import inverse_probability_means
from naturalistic.stats.rubin import Pooled, pool
from naturalistic.stats.tipping_point import tipping_curve

HERE = Path(__file__).parent
GOLDEN = json.loads((HERE / "missing_outcomes.json").read_text())


def read(name: str) -> dict[str, np.ndarray]:
    with (HERE / "data" / f"{name}.csv").open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    return {key: np.array([float(row[key] or "nan") for row in rows]) for key in rows[0]}


SIM = read("sim_474")
AWAY = np.isnan(SIM["phq_post"])


@pytest.mark.parametrize(("name", "size"), [("finite", 98.0), ("infinite", np.inf)])
def test_rubin_on_five_answers(name: str, size: float) -> None:
    pooled = pool([1.1, 1.3, 0.9, 1.25, 1.05], [0.04, 0.05, 0.045, 0.042, 0.048], df_complete=size)
    same_as_mice(
        pooled, GOLDEN[f"pool_scalar_{name}"], {"qbar": "estimate", "r": "relative_increase"}
    )


def same_as_mice(pooled: Pooled, golden: dict[str, object], extra: dict[str, str]) -> None:
    names = {"ubar": "within", "b": "between", "t": "total", "df": "df", "fmi": "fraction_missing"}
    for theirs, ours in {**names, **extra}.items():
        np.testing.assert_allclose(getattr(pooled, ours), golden[theirs], rtol=1e-9, err_msg=theirs)


def test_rubin_on_a_regression() -> None:
    data = read("mi20")
    names = ("phq0", "age", "female", "unemp", "dropped", "sessions")
    data["dropped"] = (data["etype"] == 1).astype(float)
    estimates, variances = [], []
    for k in range(1, 21):
        rows = data["imp"] == k
        x = np.column_stack([np.ones(rows.sum()), *(data[name][rows] for name in names)])
        y = data["phq_post"][rows]
        inverse = np.linalg.inv(x.T @ x)
        beta = inverse @ x.T @ y
        residual = y - x @ beta
        estimates.append(beta)
        variances.append(np.diag(inverse) * (residual @ residual) / (len(y) - x.shape[1]))
    golden = GOLDEN["pool_regression"]
    pooled = pool(estimates, variances, df_complete=golden["dfcom"][0])
    extra = {"estimate": "estimate", "riv": "relative_increase", "lambda": "share_missing"}
    same_as_mice(pooled, golden, extra)


def test_tipping_table() -> None:
    data = read("mi20")
    change = (data["phq0"] - data["phq_post"]).reshape(20, -1)
    golden = np.array(GOLDEN["tipping"])
    pooled = tipping_curve(change, AWAY[~np.isnan(SIM["age"])]).at(golden[:, 0])
    np.testing.assert_allclose(pooled.estimate, golden[:, 1], rtol=1e-10)
    np.testing.assert_allclose(pooled.std_error, golden[:, 2], rtol=1e-9)
    np.testing.assert_allclose(pooled.df, golden[:, 3], rtol=1e-8)


def test_response_weights() -> None:
    endings = [(SIM["etype"] == k).astype(float) for k in (1, 2, 3)]
    design = np.column_stack(
        [
            np.ones(AWAY.size),
            SIM["phq0"],
            SIM["female"],
            SIM["unemp"],
            *endings,
            np.log(SIM["sessions"]),
        ]
    )
    golden = GOLDEN["weights"]
    change = SIM["phq0"] - SIM["phq_post"]
    plain = inverse_probability_means(change, ~AWAY, design)
    np.testing.assert_allclose(plain.coefficients, golden["coefficients"], rtol=1e-8)
    np.testing.assert_allclose(plain.means[0], golden["mean"], rtol=1e-10)
    # R differentiates the estimating equations numerically
    np.testing.assert_allclose(np.sqrt(plain.covariance[0, 0]), golden["std_error"], rtol=1e-7)
    clustered = inverse_probability_means(change, ~AWAY, design, cluster=SIM["therapist"])
    error = float(np.sqrt(clustered.covariance[0, 0]))
    assert error == pytest.approx(golden["std_error_clustered"], rel=1e-7)


def ours(method: str, imputations: int, *, clustered: bool) -> tuple[Imputations, Pooled]:
    table = np.column_stack(
        [SIM[name] for name in ("phq_post", "phq0", "female", "unemp", "sessions")]
        + [(SIM["etype"] == 1).astype(float)]
    )
    filled = impute_by_chained_equations(
        table,
        rng=np.random.default_rng(1),
        methods=method,
        cluster=SIM["therapist"] if clustered else None,
        imputations=imputations,
        iterations=1,
    )
    first = filled.completed[:, :, 1]
    plain = Grouping.of(AWAY.size, None)
    change = change_of_completed(first, first - filled.completed[:, :, 0], plain)
    return filled, pool(change.mean, change.mean_variance, df_complete=plain.df)


@pytest.mark.parametrize(
    ("method", "golden", "clustered"),
    [
        ("normal", "mice_norm", False),
        ("predictive_mean_matching", "mice_pmm", False),
        ("normal", "mice_2l_pan", True),
    ],
)
def test_chained_equations_agree_within_simulation_error(
    method: str, golden: str, clustered: bool
) -> None:
    """One incomplete column: one round is enough, and both sides differ by their simulation error only."""
    filled, pooled = ours(method, 400, clustered=clustered)
    theirs = GOLDEN[golden]
    error = float(np.hypot(pooled.simulation_error, theirs["simulation_error"]))
    assert abs(float(pooled.estimate) - theirs["mean"]) < 4 * error
    # var(B) is 2 B^2 / (m - 1): the standard error of sqrt(T) by the delta method on both sides
    spread = sum(
        (b * np.sqrt(2 / (m - 1)) / (2 * error_of_mean)) ** 2
        for b, m, error_of_mean in (
            (float(pooled.between), 400, float(pooled.std_error)),
            (theirs["b"], theirs["m"], theirs["std_error"]),
        )
    )
    assert abs(float(pooled.std_error) - theirs["std_error"]) < 4 * np.sqrt(spread) + 2e-3
    gaps = filled.completed[:, AWAY, 0]
    assert gaps.mean() == pytest.approx(theirs["imputed_mean"], abs=0.1)
    assert gaps.std(axis=1, ddof=1).mean() == pytest.approx(theirs["imputed_sd"], rel=0.02)


def test_least_squares_with_errors_by_therapist() -> None:
    here = ~AWAY
    design = np.column_stack(
        [np.ones(here.sum()), *(SIM[name][here] for name in ("female", "unemp", "phq0"))]
    )
    change = (SIM["phq0"] - SIM["phq_post"])[here]
    golden = GOLDEN["regression"]
    clustered = clustered_least_squares(change, design, cluster=SIM["therapist"][here])
    robust = clustered_least_squares(change, design)
    np.testing.assert_allclose(clustered.coefficients, golden["coefficients"], rtol=1e-10)
    for fit, name in ((clustered, "clustered"), (robust, "robust")):
        errors = np.sqrt(np.diag(fit.covariance))
        np.testing.assert_allclose(errors, golden[name], rtol=1e-9, err_msg=name)
    one = clustered.coefficient(3)
    assert one.conf_low < one.estimate < one.conf_high
