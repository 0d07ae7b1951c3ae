"""Standardised risks against R (standardised_risk.R: coxph, multi-state survfit, jackknife)."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from naturalistic.stats.cause_specific import fit_cause_specific
from naturalistic.stats.standardised_risk import standardised_risk, standardised_risk_difference

HERE = Path(__file__).parent
GOLDEN = json.loads((HERE / "standardised_risk.json").read_text())
EIGHT = ("age", "female", "phq0", "unemp", "med", "prior", "cbt", "remote")

with (HERE / "data" / "sim_474.csv").open(newline="") as lines:
    ROWS = [row for row in csv.DictReader(lines) if row["age"]]
PEOPLE = {
    name: np.array([float(row[name]) for row in ROWS])
    for name in ("sessions", "etype", "therapist", *EIGHT)
}
DESIGN = np.column_stack([PEOPLE[name] for name in EIGHT])
WITH, WITHOUT = DESIGN.copy(), DESIGN.copy()
WITH[:, EIGHT.index("cbt")], WITHOUT[:, EIGHT.index("cbt")] = 1, 0


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_risks_equal_r(ties: str) -> None:
    model = fit_cause_specific(
        PEOPLE["sessions"], PEOPLE["etype"], DESIGN, ties=ties, term_names=EIGHT
    )
    got = standardised_risk(model, {"cbt": WITH, "other": WITHOUT}, GOLDEN["times"])
    if ties == "breslow":
        np.testing.assert_allclose(got.risks.T, GOLDEN["breslow"], rtol=1e-9)
        np.testing.assert_allclose(got.risks.T, GOLDEN["breslow_survfit"], rtol=1e-9)
        return
    np.testing.assert_allclose(got.risks.T, GOLDEN["risk"], rtol=1e-9)
    errors = [[e.std_error for e in got.risk(name)] for name in ("cbt", "other")]
    # R's derivative in the weights is numerical.
    np.testing.assert_allclose(np.transpose(errors), GOLDEN["se_risk"], rtol=1e-8)


def test_differences_and_clusters_equal_r() -> None:
    model = fit_cause_specific(PEOPLE["sessions"], PEOPLE["etype"], DESIGN)
    for cluster, key in ((None, "se_difference"), (PEOPLE["therapist"], "se_difference_cluster")):
        got = standardised_risk_difference(model, WITH, WITHOUT, GOLDEN["times"], cluster=cluster)
        expected = np.array(GOLDEN["risk"])
        np.testing.assert_allclose(
            [e.estimate for e in got], expected[:, 0] - expected[:, 1], rtol=1e-8
        )
        np.testing.assert_allclose([e.std_error for e in got], GOLDEN[key], rtol=1e-8)
