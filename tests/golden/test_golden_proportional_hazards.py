"""Tests of proportional hazards against R's cox.zph (proportional_hazards.R makes the numbers)."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from naturalistic.stats.cox import CoxFit, fit_cox
from naturalistic.stats.proportional_hazards import check_proportional_hazards

HERE = Path(__file__).parent
GOLDEN = json.loads((HERE / "proportional_hazards.json").read_text())
EIGHT = ("age", "female", "phq0", "unemp", "med", "prior", "cbt", "remote")
VETERAN = ("trt", "karno", "diagtime", "age", "prior")
CELLTYPE = ("trt", "large", "smallcell", "squamous", "karno")
VARYING = ("cum_abs", "female", "phq0", "unemp", "cbt")


def read(name: str, *wanted: str) -> dict[str, np.ndarray]:
    """The rows in which every wanted (numeric) column has a value; other columns as text."""
    with (HERE / "data" / f"{name}.csv").open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    kept = [row for row in rows if all(row[column] not in ("", "NA") for column in wanted)]
    return {
        column: np.array([float(row[column]) if column in wanted else row[column] for row in kept])
        for column in rows[0]
    }


def sessions_fit(**options: object) -> CoxFit:
    people = read("sim_474", "id", "sessions", "dropout", "therapist", "service", *EIGHT)
    options = {
        k: people[v] if isinstance(v, str) and v in people else v for k, v in options.items()
    }
    if options.pop("late", False):
        options["entry"] = np.minimum(people["id"] % 5, people["sessions"] - 1)
    design = np.column_stack([people[name] for name in EIGHT])
    return fit_cox(people["sessions"], people["dropout"], design, term_names=EIGHT, **options)


def lung_fit() -> CoxFit:
    lung = read("lung", "time", "status", "age", "sex", "ph.ecog")
    design = np.column_stack([lung[name] for name in ("age", "sex", "ph.ecog")])
    return fit_cox(lung["time"], lung["status"] == 2, design, term_names=("age", "sex", "ph.ecog"))


def veteran_fit(names: tuple[str, ...]) -> CoxFit:
    veteran = read("veteran", "time", "status", *VETERAN)
    for kind in ("large", "smallcell", "squamous"):
        veteran[kind] = (veteran["celltype"] == kind).astype(float)
    design = np.column_stack([veteran[name] for name in names])
    return fit_cox(veteran["time"], veteran["status"], design, term_names=names)


def varying_fit() -> CoxFit:
    rows = read("sim_474_pp", "start", "stop", "event", *VARYING)
    design = np.column_stack([rows[name] for name in VARYING])
    return fit_cox(rows["stop"], rows["event"], design, entry=rows["start"], term_names=VARYING)


FITS = {
    "lung": lung_fit,
    "veteran": lambda: veteran_fit(VETERAN),
    "celltype": lambda: veteran_fit(CELLTYPE),
    "sessions": sessions_fit,
    "breslow": lambda: sessions_fit(ties="breslow"),
    "cluster": lambda: sessions_fit(cluster="therapist"),
    "strata": lambda: sessions_fit(strata="service"),
    "late_entry": lambda: sessions_fit(late=True),
    "varying": varying_fit,
}


@pytest.mark.parametrize("transform", ["km", "rank", "identity", "log"])
@pytest.mark.parametrize("name", FITS)
def test_equals_cox_zph(name: str, transform: str) -> None:
    expected = GOLDEN[f"{name}_{transform}"]
    groups = {"celltype": CELLTYPE[1:4]} if name == "celltype" else None
    got = check_proportional_hazards(FITS[name](), transform=transform, groups=groups)
    assert [*got.terms, "GLOBAL"] == expected["terms"]
    tests = [*got.tests, got.overall]
    np.testing.assert_allclose([t.statistic for t in tests], expected["chisq"], rtol=1e-8)
    assert [t.df for t in tests] == expected["df"]
    np.testing.assert_allclose([t.p_value for t in tests], expected["p"], rtol=1e-8)
