"""Kaplan-Meier, Nelson-Aalen, quantiles, log-rank and restricted means against R (survival.R)."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from naturalistic.stats.curves import Curve
from naturalistic.stats.restricted_mean import restricted_mean_time
from naturalistic.stats.restricted_mean_comparison import compare_restricted_means
from naturalistic.stats.survival import kaplan_meier, nelson_aalen, quantiles
from naturalistic.stats.survival_tests import log_rank

HERE = Path(__file__).parent
GOLDEN = json.loads((HERE / "survival.json").read_text())["entries"]
ATOL = 1e-9


def read(name: str) -> dict[str, np.ndarray]:
    """Columns of a data set; numbers as float with NaN for missing, anything else as text."""
    with (HERE / "data" / f"{name}.csv").open(newline="") as lines:
        header, *rows = csv.reader(lines)
    table = {}
    for column, values in zip(header, zip(*rows, strict=True), strict=True):
        try:
            table[column] = np.array([np.nan if v in ("", "NA") else float(v) for v in values])
        except ValueError:
            table[column] = np.array(values)
    return table


SIM = read("sim_474")
ENTRY = np.minimum(SIM["id"] % 5, SIM["sessions"] - 1)
WHOLE = 1 + SIM["id"] % 3
SHARE = 0.5 + (SIM["id"] % 7) / 4
LUNG = read("lung")
VETERAN = read("veteran")
COLON = read("colon")
DIED = LUNG["status"] == 2


def expected(name: str) -> dict[str, np.ndarray]:
    return {
        key: np.array([np.nan if v is None else v for v in np.ravel(value)], dtype=float)
        for key, value in GOLDEN[name]["values"].items()
    }


def close(ours: object, r: object, atol: float = ATOL) -> None:
    np.testing.assert_allclose(np.ravel(ours), np.ravel(r), rtol=1e-9, atol=atol, equal_nan=True)


def same_curve(curve: Curve, name: str) -> None:
    r = expected(name)
    close(curve.times, r["time"])
    close(curve.at_risk, r["n.risk"])
    close(curve.events, r["n.event"])
    close(curve.censored, r["n.censor"])
    close(curve.estimate, r["surv"])
    close(curve.std_error, r["std.err"])
    close(curve.conf_low, r["lower"])
    close(curve.conf_high, r["upper"])


@pytest.mark.parametrize("conf_type", ["log", "log-log", "plain"])
def test_kaplan_meier_is_survfit_at_every_time(conf_type: str) -> None:
    for sex in (1, 2):
        rows = LUNG["sex"] == sex
        curve = kaplan_meier(LUNG["time"][rows], DIED[rows], conf_type=conf_type)
        same_curve(curve, f"km_lung_sex{sex}_{conf_type}")
    curve = kaplan_meier(SIM["sessions"], SIM["dropout"], conf_type=conf_type)
    same_curve(curve, f"km_sim_{conf_type}")


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("km_sim_lefttrunc", {"entry": ENTRY}),
        ("km_sim_frequency", {"weights": WHOLE}),
        ("km_sim_probability", {"weights": SHARE, "weight_kind": "probability"}),
        (
            "km_sim_probability_cluster",
            {"weights": SHARE, "weight_kind": "probability", "cluster": SIM["therapist"]},
        ),
        ("km_sim_cluster", {"cluster": SIM["therapist"]}),
        ("km_sim_lefttrunc_cluster", {"entry": ENTRY, "cluster": SIM["therapist"]}),
    ],
)
def test_kaplan_meier_entries_weights_and_clusters(name: str, options: dict) -> None:
    same_curve(kaplan_meier(SIM["sessions"], SIM["dropout"], **options), name)


def test_kaplan_meier_clustered_by_patient_and_another_level() -> None:
    same_curve(
        kaplan_meier(COLON["time"], COLON["status"], cluster=COLON["id"]), "km_colon_cluster"
    )
    same_curve(kaplan_meier(VETERAN["time"], VETERAN["status"], conf_level=0.9), "km_veteran_90")


def test_curve_read_between_its_times_is_summary_survfit() -> None:
    r = expected("km_sim_grid")
    values = kaplan_meier(SIM["sessions"], SIM["dropout"]).at(r["grid"])
    close(values.at_risk, r["n.risk"])
    close(values.estimate, r["surv"])
    close(values.std_error, r["std.err"])
    close(values.conf_low, r["lower"])
    close(values.conf_high, r["upper"])


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("na_sim", {}),
        ("na_sim_ties", {"tie_correction": True}),
        ("na_sim_cluster", {"cluster": SIM["therapist"]}),
        ("na_sim_lefttrunc", {"entry": ENTRY}),
    ],
)
def test_nelson_aalen_is_survfit_cumhaz(name: str, options: dict) -> None:
    r = expected(name)
    curve = nelson_aalen(SIM["sessions"], SIM["dropout"], **options)
    close(curve.times, r["time"])
    close(curve.estimate, r["cumhaz"])
    close(curve.std_error, r["std.chaz"])


def test_quantiles_follow_the_midpoint_rule_of_r() -> None:
    flat = kaplan_meier(np.arange(1, 9), [1, 1, 0, 0, 1, 1, 0, 0])
    curves = {
        "quantile_sim": kaplan_meier(SIM["sessions"], SIM["dropout"]),
        "quantile_flat": flat,
    }
    for sex in (1, 2):
        rows = LUNG["sex"] == sex
        curves[f"quantile_lung_sex{sex}"] = kaplan_meier(
            LUNG["time"][rows], DIED[rows], conf_type="log"
        )
    for name, curve in curves.items():
        r = expected(name)
        found = quantiles(curve, r["p"])
        close([q.estimate for q in found], r["q"])
        # where R gives a limit without an estimate there is no estimate to quote
        reached = np.isfinite(r["q"])
        close(np.array([q.conf_low for q in found])[reached], r["lower"][reached])
        close(np.array([q.conf_high for q in found])[reached], r["upper"][reached])


ECOG = np.isfinite(LUNG["ph.ecog"])
DEATHS = COLON["etype"] == 2


@pytest.mark.parametrize(
    ("name", "data", "options"),
    [
        ("logrank_lung_sex", (LUNG["time"], DIED, LUNG["sex"]), {}),
        ("logrank_lung_sex_rho1", (LUNG["time"], DIED, LUNG["sex"]), {"rho": 1}),
        (
            "logrank_lung_sex_strata_ecog",
            (LUNG["time"][ECOG], DIED[ECOG], LUNG["sex"][ECOG]),
            {"strata": LUNG["ph.ecog"][ECOG]},
        ),
        (
            "logrank_veteran_celltype",
            (VETERAN["time"], VETERAN["status"], VETERAN["celltype"]),
            {},
        ),
        (
            "logrank_veteran_celltype_rho1",
            (VETERAN["time"], VETERAN["status"], VETERAN["celltype"]),
            {"rho": 1},
        ),
        (
            "logrank_colon_rx",
            (COLON["time"][DEATHS], COLON["status"][DEATHS], COLON["rx"][DEATHS]),
            {},
        ),
        ("logrank_sim_cbt", (SIM["sessions"], SIM["dropout"], SIM["cbt"]), {}),
        ("logrank_sim_service", (SIM["sessions"], SIM["dropout"], SIM["service"]), {}),
        (
            "logrank_sim_cbt_strata_service",
            (SIM["sessions"], SIM["dropout"], SIM["cbt"]),
            {"strata": SIM["service"]},
        ),
    ],
)
def test_log_rank_is_survdiff(name: str, data: tuple, options: dict) -> None:
    r = expected(name)
    test = log_rank(*data, **options)
    close(test.statistic, r["chisq"])
    close(test.p_value, r["p"], atol=1e-12)
    assert test.df == len(test.groups) - 1
    close(test.observed, r["obs"])
    close(test.expected, r["exp"])
    close(test.variance, r["var"])


def test_log_rank_trend_and_left_truncation() -> None:
    data = (LUNG["time"][ECOG], DIED[ECOG], LUNG["ph.ecog"][ECOG])
    for name, scores in (
        ("logrank_lung_ecog_trend", None),
        ("logrank_lung_ecog_trend_scores", [0, 1, 4, 9]),
    ):
        r = expected(name)
        test = log_rank(*data, trend=True, scores=scores)
        close([test.statistic, test.p_value], [r["chisq"][0], r["p"][0]])
        assert test.df == 1
    heart = read("heart")
    stop = heart["stop"] + np.arange(1, len(heart["stop"]) + 1) / 1e3
    test = log_rank(stop, heart["event"], heart["surgery"], entry=heart["start"])
    r = expected("logrank_heart_lefttrunc")
    close([test.statistic, test.p_value], [r["chisq"][0], r["p"][0]], atol=1e-8)


def test_restricted_means_are_those_of_survfit_and_survrm2() -> None:
    for name, comparison in (
        (
            "rmst_sim_cbt_tau20",
            compare_restricted_means(SIM["sessions"], SIM["dropout"], SIM["cbt"], 20),
        ),
        (
            "rmst_lung_sex_tau700",
            compare_restricted_means(LUNG["time"], DIED, LUNG["sex"], 700),
        ),
    ):
        r = expected(name)
        a, b = comparison.reference, comparison.comparison
        close([a.estimate, a.std_error], [r["rmst0"], r["se0"]])
        close([b.estimate, b.std_error], [r["rmst1"], r["se1"]])
        d, q = comparison.difference, comparison.ratio
        close([d.estimate, d.std_error, d.p_value], [r["diff"], r["diff_se"], r["diff_p"]])
        close([d.conf_low, d.conf_high], [r["diff_lower"], r["diff_upper"]])
        close([q.estimate, q.p_value], [r["ratio"], r["ratio_p"]])
        close([q.conf_low, q.conf_high], [r["ratio_lower"], r["ratio_upper"]])


def test_restricted_mean_with_entries_and_clusters() -> None:
    r = expected("rmst_sim_lefttrunc_tau20")
    mean = restricted_mean_time(SIM["sessions"], SIM["dropout"], 20, entry=ENTRY)
    close([mean.estimate, mean.std_error], [r["rmean"], r["se"]])
    mean = restricted_mean_time(SIM["sessions"], SIM["dropout"], 20, cluster=SIM["therapist"])
    close(mean.std_error, expected("rmst_sim_cluster_tau20")["se"])
