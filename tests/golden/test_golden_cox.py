"""Cox regression against R's survival package (cox.R makes cox.json)."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from naturalistic.stats.cox import CoxFit, fit_cox
from naturalistic.stats.episode_rows import split_at
from naturalistic.stats.hazards.cox_diagnostics import dfbeta, martingale_residuals, schoenfeld
from naturalistic.stats.hazards.cox_prediction import baseline_hazard, predict_survival

HERE = Path(__file__).parent
GOLDEN = json.loads((HERE / "cox.json").read_text())
EIGHT = ("age", "female", "phq0", "unemp", "med", "prior", "cbt", "remote")
PERSON = [[40, 1, 18, 0, 1, 1, 1, 0]]


def read(name: str) -> dict[str, np.ndarray]:
    """Columns of a data set; numbers as float with NaN for missing, anything else as text."""
    with (HERE / "data" / f"{name}.csv").open(newline="") as lines:
        header, *rows = csv.reader(lines)
    table = {}
    for name_of_column, values in zip(header, zip(*rows, strict=True), strict=True):
        try:
            table[name_of_column] = np.array(
                [np.nan if v in ("", "NA") else float(v) for v in values]
            )
        except ValueError:
            table[name_of_column] = np.array(values)
    return table


def complete(table: dict[str, np.ndarray], *names: str) -> dict[str, np.ndarray]:
    kept = np.all([np.isfinite(table[name]) for name in names], axis=0)
    return {name: values[kept] for name, values in table.items()}


def columns(table: dict[str, np.ndarray], names: tuple[str, ...]) -> np.ndarray:
    return np.column_stack([table[name] for name in names])


PEOPLE = complete(read("sim_474"), "age")
DESIGN = columns(PEOPLE, EIGHT)
WEIGHT = 1 + PEOPLE["id"] % 3
LATE_ENTRY = np.minimum(PEOPLE["id"] % 5, PEOPLE["sessions"] - 1)
VARYING = ("cum_abs", "female", "phq0", "unemp", "cbt")


def sessions_fit(**options: object) -> CoxFit:
    return fit_cox(PEOPLE["sessions"], PEOPLE["dropout"], DESIGN, term_names=EIGHT, **options)


def lung_fit(ties: str) -> CoxFit:
    lung = complete(read("lung"), "age", "sex", "ph.ecog")
    design = columns(lung, ("age", "sex", "ph.ecog"))
    return fit_cox(lung["time"], lung["status"] == 2, design, ties=ties)


def colon_fit() -> CoxFit:
    colon = read("colon")
    treatment = [colon["rx"] == level for level in ("Lev+5FU", "Obs")]
    design = np.column_stack([*treatment, colon["age"], colon["sex"], colon["node4"]])
    return fit_cox(
        colon["time"], colon["status"], design, strata=colon["etype"], cluster=colon["id"]
    )


def heart_fit() -> CoxFit:
    heart = read("heart")
    design = columns(heart, ("age", "year", "surgery", "transplant"))
    return fit_cox(heart["stop"], heart["event"], design, entry=heart["start"])


def varying_fit(clustered: bool) -> CoxFit:
    rows = read("sim_474_pp")
    return fit_cox(
        rows["stop"],
        rows["event"],
        columns(rows, VARYING),
        entry=rows["start"],
        cluster=rows["therapist"] if clustered else None,
    )


def changing_fit() -> CoxFit:
    """R's tt(): the coefficient of phq0 may change with log time."""
    rows = split_at(PEOPLE["sessions"], PEOPLE["dropout"], np.arange(1, 41))
    phq = PEOPLE["phq0"][rows.row]
    design = np.column_stack([PEOPLE["female"][rows.row], phq, phq * np.log(rows.time)])
    return fit_cox(rows.time, rows.event, design, entry=rows.entry)


def by_period_fit() -> CoxFit:
    rows = split_at(PEOPLE["sessions"], PEOPLE["dropout"], [4, 10])
    periods = PEOPLE["cbt"][rows.row][:, None] * (rows.period[:, None] == np.arange(3))
    return fit_cox(
        rows.time,
        rows.event,
        np.column_stack([PEOPLE["female"][rows.row], periods]),
        entry=rows.entry,
        strata=rows.period,
        cluster=PEOPLE["therapist"][rows.row],
    )


FITS = {
    "by_period": by_period_fit,
    "lung_efron": lambda: lung_fit("efron"),
    "lung_breslow": lambda: lung_fit("breslow"),
    "sessions_efron": sessions_fit,
    "sessions_breslow": lambda: sessions_fit(ties="breslow"),
    "weeks": lambda: fit_cox(PEOPLE["weeks"], PEOPLE["dropout"], DESIGN),
    "cluster": lambda: sessions_fit(cluster=PEOPLE["therapist"]),
    "breslow_cluster": lambda: sessions_fit(cluster=PEOPLE["therapist"], ties="breslow"),
    "strata": lambda: sessions_fit(strata=PEOPLE["service"]),
    "strata_cluster": lambda: sessions_fit(strata=PEOPLE["service"], cluster=PEOPLE["therapist"]),
    "colon_cluster_id": colon_fit,
    "weights": lambda: sessions_fit(weights=WEIGHT),
    "weights_robust": lambda: sessions_fit(weights=WEIGHT, robust=True),
    "weights_cluster": lambda: sessions_fit(weights=WEIGHT, cluster=PEOPLE["therapist"]),
    "frequency": lambda: sessions_fit(weights=WEIGHT, frequency=True),
    "heart": heart_fit,
    "varying": lambda: varying_fit(False),
    "varying_cluster": lambda: varying_fit(True),
    "late_entry": lambda: sessions_fit(entry=LATE_ENTRY),
    "cause_1": lambda: fit_cox(PEOPLE["sessions"], PEOPLE["etype"] == 1, DESIGN),
    "cause_2": lambda: fit_cox(PEOPLE["sessions"], PEOPLE["etype"] == 2, DESIGN),
    "cause_3": lambda: fit_cox(PEOPLE["sessions"], PEOPLE["etype"] == 3, DESIGN),
}


@pytest.mark.parametrize("name", FITS)
def test_fit_equals_coxph(name: str) -> None:
    fit, expected = FITS[name](), GOLDEN[name]
    close = {"rtol": 1e-8, "atol": 1e-10}
    np.testing.assert_allclose(fit.coefficients, expected["coef"], **close)
    np.testing.assert_allclose(fit.covariance, expected["var"], rtol=1e-7, atol=1e-11)
    np.testing.assert_allclose(fit.std_errors, np.sqrt(np.diag(expected["var"])), **close)
    if "naive_var" in expected:
        np.testing.assert_allclose(
            fit.naive_covariance, expected["naive_var"], rtol=1e-7, atol=1e-11
        )
    np.testing.assert_allclose([fit.loglik_null, fit.loglik], expected["loglik"], rtol=1e-12)
    limits = np.column_stack([fit.conf_low, fit.conf_high])
    np.testing.assert_allclose(limits, expected["conf"], **close)
    assert (fit.n, fit.n_events) == (expected["n"], expected["n_event"])
    assert fit.converged
    for test, key in (
        (fit.likelihood_ratio, "lr"),
        (fit.score_test, "score"),
        (fit.wald, "wald"),
    ):
        statistic, df, p_value = expected[key]
        # R's summary rounds the Wald statistic to two decimals.
        assert test.statistic == pytest.approx(
            statistic, rel=1e-8, abs=0.00501 if key == "wald" else 1e-8
        )
        assert test.df == df
        assert test.p_value == pytest.approx(p_value, rel=1e-8, abs=1e-8)


def test_coefficient_that_changes_with_time_equals_tt() -> None:
    fit, expected = changing_fit(), GOLDEN["changing"]
    np.testing.assert_allclose(fit.coefficients, expected["coef"], rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(fit.covariance, expected["var"], rtol=1e-7, atol=1e-11)
    assert fit.loglik == pytest.approx(expected["loglik"][1], rel=1e-12)


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_baseline_hazard_equals_basehaz(ties: str) -> None:
    base, expected = baseline_hazard(sessions_fit(ties=ties)), GOLDEN[f"baseline_{ties}"]
    has_event = np.isin(expected["time"], base.time)
    np.testing.assert_allclose(
        base.cumulative_hazard, np.array(expected["hazard"])[has_event], rtol=1e-9
    )


def assert_predicted(fit: CoxFit, key: str, kind: str = "log", stratum: object = None) -> None:
    expected = GOLDEN[key]
    got = predict_survival(fit, PERSON, expected["time"], conf_type=kind, stratum=stratum)
    for ours, theirs in (
        (got.survival, "surv"),
        (got.std_error, "std_err"),
        (got.conf_low, "lower"),
        (got.conf_high, "upper"),
    ):
        np.testing.assert_allclose(ours[0], expected[theirs], rtol=1e-8, err_msg=theirs)


@pytest.mark.parametrize("kind", ["log", "log-log", "plain"])
@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_predicted_survival_equals_survfit(ties: str, kind: str) -> None:
    assert_predicted(sessions_fit(ties=ties), f"predict_{ties}_{kind}", kind)


def test_predicted_survival_with_clusters_strata_and_late_entry() -> None:
    assert_predicted(sessions_fit(cluster=PEOPLE["therapist"]), "predict_cluster")
    assert_predicted(sessions_fit(strata=PEOPLE["service"]), "predict_strata", stratum=3.0)
    assert_predicted(sessions_fit(entry=LATE_ENTRY), "predict_late_entry")


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_residuals_equal_r(ties: str) -> None:
    fit, expected = sessions_fit(ties=ties), GOLDEN[f"residuals_{ties}"]
    np.testing.assert_allclose(martingale_residuals(fit), expected["martingale"], atol=1e-9)
    np.testing.assert_allclose(dfbeta(fit), expected["dfbeta"], atol=1e-10)
    residuals = schoenfeld(fit)
    assert np.array_equal(np.sort(residuals.time), expected["schoenfeld_time"])
    assert np.array_equal(PEOPLE["sessions"][residuals.row], residuals.time)
    times = np.unique(residuals.time)
    for ours, theirs in (
        (residuals.residuals, "schoenfeld_by_time"),
        (residuals.scaled, "scaled_by_time"),
    ):
        summed = [ours[residuals.time == t].sum(axis=0) for t in times]
        np.testing.assert_allclose(summed, expected[theirs], atol=1e-8, err_msg=theirs)
    np.testing.assert_allclose(
        (residuals.residuals**2).sum(axis=0), expected["schoenfeld_squares"], rtol=1e-10
    )


def test_residuals_with_late_entry_equal_r() -> None:
    fit, expected = sessions_fit(entry=LATE_ENTRY), GOLDEN["residuals_late_entry"]
    np.testing.assert_allclose(martingale_residuals(fit), expected["martingale"], atol=1e-9)
    np.testing.assert_allclose(dfbeta(fit), expected["dfbeta"], atol=1e-10)
