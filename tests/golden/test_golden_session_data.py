"""One battery on lung, colon, pbc, veteran, UIS and a cohort that leaves at whole session numbers (session_data.R)."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from naturalistic.stats.competing_risks import aalen_johansen
from naturalistic.stats.cox import CoxFit, fit_cox
from naturalistic.stats.episode_rows import split_at
from naturalistic.stats.fine_gray import fine_gray
from naturalistic.stats.grays_test import grays_tests
from naturalistic.stats.hazards.cox_diagnostics import dfbeta
from naturalistic.stats.proportional_hazards import check_proportional_hazards
from naturalistic.stats.restricted_mean import restricted_mean_time
from naturalistic.stats.survival import kaplan_meier
from naturalistic.stats.survival_tests import log_rank
from tests.golden.test_golden_competing_risks import read

GOLDEN = json.loads((Path(__file__).parent / "session_data.json").read_text())
SETS = ("lung", "colon", "pbc", "veteran", "uis", "sessions")
COMPETING = ("pbc", "sessions")


def tables() -> dict[str, dict[str, np.ndarray]]:
    lung, colon, pbc, veteran = (read(name) for name in ("lung", "colon", "pbc", "veteran"))
    uis, sim = read("uis_extract"), read("sim_474")
    colon = {name: column[colon["etype"] == 2] for name, column in colon.items()}
    pbc = {name: column[np.isfinite(pbc["trt"])] for name, column in pbc.items()}
    status = pbc["status"].astype(int)
    return {
        "lung": {**lung, "event": lung["status"] == 2},
        "colon": {**colon, "event": colon["status"]},
        "pbc": {
            **pbc,
            "event": status == 2,
            "cause": np.array([0, 2, 1])[status],
            "female": pbc["sex"] == "f",
        },
        "veteran": {**veteran, "event": veteran["status"]},
        "uis": {**uis, "time": uis["TIME"], "event": uis["CENSOR"]},
        "sessions": {
            **sim,
            "time": sim["sessions"],
            "event": sim["dropout"],
            "cause": sim["etype"].astype(int),
        },
    }


TABLES = tables()


class Case:
    """Complete rows of one data set as R used them."""

    def __init__(self, name: str) -> None:
        r = self.r = GOLDEN[name]
        table = TABLES[name]
        columns = ["time", "event", *r["terms"], r["cluster"], r["group"]]
        values = {c: np.asarray(table[c], dtype=float) for c in columns}
        use = np.isfinite(np.column_stack(list(values.values()))).all(axis=1)
        assert use.sum() == r["n"]
        self.time, self.event = values["time"][use], values["event"][use].astype(int)
        self.cause = table["cause"][use] if "cause" in table else self.event
        self.design = np.column_stack([values[c][use] for c in r["terms"]])
        self.cluster, self.group = values[r["cluster"]][use], values[r["group"]][use]
        self.horizon = float(r["horizon"])
        self.times = self.horizon / np.array([4.0, 2.0, 1.0])

    def cox(self, **options: Any) -> CoxFit:
        return fit_cox(self.time, self.event, self.design, **options)


def close(ours: Any, r: Any) -> None:
    np.testing.assert_allclose(np.asarray(ours, float), np.asarray(r, float), rtol=1e-8, atol=1e-8)


def same_model(fit: CoxFit, r: dict[str, Any]) -> None:
    close(fit.coefficients, r["coef"])
    close(fit.std_errors, r["se"])
    close([fit.loglik_null, fit.loglik], r["loglik"])
    close(fit.score_test.statistic, r["score"])


@pytest.mark.parametrize("name", SETS)
def test_curves_tests_and_means_of_one_ending(name: str) -> None:
    case = Case(name)
    r = case.r
    read_off = kaplan_meier(case.time, case.event).at(case.times)
    close(read_off.estimate, r["km"]["surv"])
    close(read_off.std_error, r["km"]["se"])
    close(read_off.conf_low, r["km"]["lower"])
    close(read_off.conf_high, r["km"]["upper"])
    close(read_off.at_risk, r["km"]["risk"])
    mean = restricted_mean_time(case.time, case.event, case.horizon)
    close([mean.estimate, mean.std_error], r["rmst"])
    test = log_rank(case.time, case.event, case.group)
    close([test.statistic, test.p_value], r["logrank"])


@pytest.mark.parametrize("name", SETS)
def test_cox_models_and_proportional_hazards(name: str) -> None:
    case = Case(name)
    r = case.r
    efron = case.cox()
    same_model(efron, r["efron"])
    same_model(case.cox(ties="breslow"), r["breslow"])
    same_model(case.cox(cluster=case.cluster), r["robust"])
    others = [i for i, term in enumerate(r["terms"]) if term != r["group"]]
    same_model(
        fit_cox(case.time, case.event, case.design[:, others], strata=case.group), r["strata"]
    )
    found = check_proportional_hazards(efron)
    close([*(t.statistic for t in found.tests), found.overall.statistic], r["zph"]["chisq"])
    close([*(t.p_value for t in found.tests), found.overall.p_value], r["zph"]["p"])


@pytest.mark.parametrize("name", SETS)
def test_a_coefficient_that_changes_with_log_time_is_tt(name: str) -> None:
    case = Case(name)
    at = np.unique(case.time[case.event == 1])
    rows = split_at(case.time, case.event, at)
    changing = case.design[rows.row, 0] * np.log(rows.time)
    fit = fit_cox(
        rows.time,
        rows.event,
        np.column_stack([case.design[rows.row], changing]),
        entry=rows.entry,
    )
    same_model(fit, case.r["changing"])


@pytest.mark.parametrize("name", COMPETING)
def test_competing_endings(name: str) -> None:
    case = Case(name)
    r = case.r
    n_causes = int(case.cause.max())
    incidence = aalen_johansen(case.time, case.cause)
    for j in range(n_causes):
        curve = incidence.cause(j + 1).at(case.times)
        close(curve.estimate, np.array(r["states"]["p"])[:, j])
        close(curve.std_error, np.array(r["states"]["se"])[:, j])
    levels = np.unique(case.group)
    names = r["cuminc"]["names"]
    for level in levels:
        here = case.group == level
        by_group = aalen_johansen(case.time[here], case.cause[here], variance="gray")
        for j in range(n_causes):
            place = names.index(f"{level:g} {j + 1}")
            curve = by_group.cause(j + 1).at(case.times[1:])
            close(curve.estimate, r["cuminc"]["est"][place])
            close(curve.std_error**2, r["cuminc"]["var"][place])
    tests = grays_tests(case.time, case.cause, case.group)
    close([t.statistic for t in tests], r["gray"]["stat"])
    close([t.p_value for t in tests], r["gray"]["p"])
    model = fine_gray(case.design, case.time, case.cause)
    close(model.coefficients, r["crr"]["coef"])
    close(model.std_error, r["crr"]["se"])


def test_influence_of_each_person_is_dfbeta() -> None:
    shifts = dfbeta(Case("sessions").cox())
    close((shifts**2).sum(axis=0), GOLDEN["dfbeta"])
