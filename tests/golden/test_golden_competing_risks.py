"""Aalen-Johansen, its variances, time lost and Gray's test against R (survival.R)."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from naturalistic.stats.competing_risks import aalen_johansen
from naturalistic.stats.curves import confidence_limits
from naturalistic.stats.grays_test import grays_test, grays_tests
from naturalistic.stats.restricted_mean import restricted_mean_time_lost

HERE = Path(__file__).parent
GOLDEN = json.loads((HERE / "survival.json").read_text())["entries"]


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
SESSIONS, HOW = SIM["sessions"], SIM["etype"].astype(int)
ENTRY = np.minimum(SIM["id"] % 5, SESSIONS - 1)
SHARE = 0.5 + (SIM["id"] % 7) / 4
SEVERITY = np.searchsorted([9, 14, 19], SIM["phq0"], side="left")
PBC = read("pbc")
PBC["etype"] = np.array([0, 2, 1])[PBC["status"].astype(int)]
MGUS2 = read("mgus2")
MGUS2["et"] = np.where(MGUS2["pstat"] == 0, MGUS2["futime"], MGUS2["ptime"])
MGUS2["ev"] = np.where(MGUS2["pstat"] == 0, 2 * MGUS2["death"], 1).astype(int)


def values(name: str) -> dict:
    return GOLDEN[name]["values"]


def number(value: object) -> np.ndarray:
    return np.array(value, dtype=float)


def close(ours: object, r: object, atol: float = 1e-9) -> None:
    np.testing.assert_allclose(
        np.asarray(ours, float), number(r), rtol=1e-9, atol=atol, equal_nan=True
    )


@pytest.mark.parametrize(
    ("name", "data", "options"),
    [
        ("aj_sim", (SESSIONS, HOW), {}),
        ("aj_sim_weeks", (SIM["weeks"], HOW), {}),
        ("aj_pbc", (PBC["time"], PBC["etype"]), {}),
        ("aj_mgus2", (MGUS2["et"], MGUS2["ev"]), {}),
        ("aj_sim_probability", (SESSIONS, HOW), {"weights": SHARE, "weight_kind": "probability"}),
    ],
)
def test_incidence_is_multistate_survfit_at_every_time(
    name: str, data: tuple, options: dict
) -> None:
    r = values(name)
    curves = aalen_johansen(*data, conf_type="log", **options)
    close(curves.times, r["time"])
    if not options:  # R counts rows here, not weights
        close(curves.at_risk, r["n.risk"])
    close(np.column_stack([curves.survival, curves.estimate]), r["pstate"])
    close(curves.std_error, number(r["std.err"])[:, 1:])
    # R writes 0 or NaN for the limits of an incidence that is still 0
    there = curves.estimate > 0
    close(curves.conf_low[there], number(r["lower"])[:, 1:][there])
    close(curves.conf_high[there], number(r["upper"])[:, 1:][there])


def test_one_row_clusters_give_the_plain_variance() -> None:
    plain = aalen_johansen(SESSIONS, HOW)
    rows = aalen_johansen(SESSIONS, HOW, cluster=np.arange(len(HOW)))
    close(rows.std_error, plain.std_error, atol=1e-13)


def test_clustered_incidence_is_the_summed_influence_of_survfit() -> None:
    r = values("aj_sim_cluster")
    curves = aalen_johansen(SESSIONS, HOW, cluster=SIM["therapist"])
    close(curves.std_error, number(r["std.err"])[:, 1:])
    r = values("aj_sim_lefttrunc_cluster")
    curves = aalen_johansen(SESSIONS, HOW, entry=ENTRY, cluster=SIM["therapist"])
    at = np.searchsorted(r["time"], curves.times)
    close(np.column_stack([curves.survival, curves.estimate]), number(r["pstate"])[at])
    close(curves.std_error, number(r["std.err"])[at, 1:])


def test_variance_and_log_log_limits_are_those_of_etm() -> None:
    for name, entry in (("etm_sim", None), ("etm_sim_lefttrunc", ENTRY)):
        curves = aalen_johansen(SESSIONS, HOW, entry=entry)
        for j, r in enumerate(values(name), start=1):
            ours = curves.cause(j).at(number(r["time"]))
            close(ours.estimate, r["P"])
            close(ours.std_error**2, r["var"])
            low, high = confidence_limits(
                number(r["P"]), np.sqrt(number(r["var"])), "log-log", 0.95
            )
            close(ours.conf_low, low)
            close(ours.conf_high, high)


def test_time_lost_is_that_of_survfit() -> None:
    r = values("rmtl_sim_tau20")
    lost = restricted_mean_time_lost(SESSIONS, HOW, 20)
    close([x.estimate for x in lost], r["rmean"])
    close([x.std_error for x in lost], r["se"])
    lost = restricted_mean_time_lost(SESSIONS, HOW, 20, cluster=SIM["therapist"])
    close([x.std_error for x in lost], r["se_cluster"])


STAGED = np.isfinite(PBC["stage"])
GROUPED = {
    "cuminc_sim_cbt": (SESSIONS, HOW, SIM["cbt"]),
    "cuminc_sim_weeks_cbt": (SIM["weeks"], HOW, SIM["cbt"]),
    "cuminc_mgus2_sex": (MGUS2["et"], MGUS2["ev"], MGUS2["sex"]),
    "cuminc_pbc_stage": (PBC["time"][STAGED], PBC["etype"][STAGED], PBC["stage"][STAGED]),
}


def test_gray_variance_is_that_of_cuminc() -> None:
    r = values("cuminc_sim")
    curves = aalen_johansen(SESSIONS, HOW, variance="gray")
    for j in range(3):
        ours = curves.cause(j + 1).at(r["times"])
        close(ours.estimate, r["est"][j])
        close(ours.std_error**2, r["var"][j])


@pytest.mark.parametrize("name", GROUPED)
def test_cuminc_of_groups(name: str) -> None:
    time, cause, group = GROUPED[name]
    r = values(name)
    for row, label in enumerate(r["rows"]):
        level, j = label.rsplit(" ", 1)
        members = group == (level if group.dtype.kind == "U" else float(level))
        curves = aalen_johansen(time[members], cause[members], variance="gray", n_causes=3)
        ours = curves.cause(int(j)).at(r["times"])
        known = np.array([v is not None for v in r["est"][row]])
        close(ours.estimate[known], number(r["est"][row])[known])
        close(ours.std_error[known] ** 2, number(r["var"][row])[known])
    tests = grays_tests(time, cause, group)
    for j, (statistic, p, test) in enumerate(zip(r["stat"], r["p"], tests, strict=True), start=1):
        assert grays_test(time, cause, group, of_cause=j).statistic == test.statistic
        close([test.statistic, test.p_value], [statistic, p])
        assert test.df == len(test.groups) - 1


@pytest.mark.parametrize(
    ("name", "group", "options"),
    [
        ("gray_sim_cbt_rho1", SIM["cbt"], {"rho": 1.0}),
        ("gray_sim_cbt_rho-1", SIM["cbt"], {"rho": -1.0}),
        ("gray_sim_sev4", SEVERITY, {}),
        ("gray_sim_cbt_strata_service", SIM["cbt"], {"strata": SIM["service"]}),
        ("gray_sim_sev4_strata_cbt_rho1", SEVERITY, {"strata": SIM["cbt"], "rho": 1.0}),
    ],
)
def test_grays_test_is_that_of_cmprsk(name: str, group: np.ndarray, options: dict) -> None:
    r = values(name)
    for j, (statistic, p) in enumerate(zip(r["stat"], r["p"], strict=True), start=1):
        test = grays_test(SESSIONS, HOW, group, of_cause=j, **options)
        close([test.statistic, test.p_value], [statistic, p])
