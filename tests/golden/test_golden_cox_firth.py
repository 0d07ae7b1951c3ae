"""Firth-penalised Cox regression against R (firth.R maximises coxph's likelihood by hand)."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from naturalistic.stats.cox_firth import CoxFirthFit, fit_cox_firth

HERE = Path(__file__).parent
GOLDEN = json.loads((HERE / "firth.json").read_text())


def fit(name: str) -> CoxFirthFit:
    with (HERE / "data" / "sim_474.csv").open(newline="") as lines:
        rows = [r for r in csv.DictReader(lines) if r["age"] and int(r["id"]) < 200]
    people = {key: np.array([float(r[key] or "nan") for r in rows]) for key in rows[0]}
    people["age10"] = people["age"] / 10
    transferred = people["etype"] == 3
    people["quiet"] = (people["id"] % 4 == 0) & ~transferred
    terms = GOLDEN[name]["terms"]
    return fit_cox_firth(
        people["sessions"],
        transferred,
        np.column_stack([people[term] for term in terms]),
        ties=GOLDEN[name]["ties"],
        term_names=terms,
    )


@pytest.mark.parametrize("name", ["few", "separated", "breslow"])
def test_equals_the_maximum_found_by_generic_methods(name: str) -> None:
    got, expected = fit(name), GOLDEN[name]
    assert got.converged
    # Derivatives in R are numerical: its maximum is good to some 1e-9.
    np.testing.assert_allclose(got.coefficients, expected["coef"], rtol=1e-7, atol=1e-8)
    np.testing.assert_allclose(got.std_errors, expected["se"], rtol=1e-7)
    np.testing.assert_allclose(got.conf_low, expected["lower"], rtol=1e-6)
    np.testing.assert_allclose(got.conf_high, expected["upper"], rtol=1e-6)
    np.testing.assert_allclose(got.statistics, expected["statistic"], rtol=1e-7, atol=1e-8)
