"""Every registered analysis keeps the contract of the estimates table: ten people, nobody, and the order of rows."""

from __future__ import annotations

import pandas as pd
import pytest

from naturalistic.analyses.interface import AnalysisInput, AnalysisResult
from naturalistic.analyses.registry import REGISTRY
from naturalistic.reference.loader import load_instruments
from naturalistic.release.disclosure import protect
from naturalistic.settings.config import AnalysisSettings
from naturalistic.tables.estimates import COVARIANCES, ESTIMATES
from naturalistic.vocabulary import (
    ABSENCE_DEFINITIONS,
    CHANGE_METHODS,
    DROPOUT_DEFINITIONS,
    POPULATIONS,
)
from tests.unit.analyses.small_cohort import nobody, ten_people

COHORTS = {"ten people": ten_people, "nobody": nobody}


def run(name: str, tables: dict[str, pd.DataFrame]) -> AnalysisResult:
    entry = REGISTRY[name]
    return entry.load()(
        AnalysisInput(
            cohort="hand",
            tables={table: tables[table] for table in entry.tables},
            settings=AnalysisSettings(),
            instruments=load_instruments(),
        )
    )


@pytest.mark.parametrize("cohort", COHORTS)
@pytest.mark.parametrize("name", REGISTRY)
def test_rows_keep_the_contract(name: str, cohort: str) -> None:
    result = run(name, COHORTS[cohort]())
    frame = result.estimates
    assert ESTIMATES.problems(frame) == []
    assert COVARIANCES.problems(result.covariances) == []
    assert len(frame) > 0, "an analysis that has nothing to say says so in a row"
    assert set(frame["population"]) <= {*POPULATIONS, ""}
    assert set(frame["definition"]) <= {
        *ABSENCE_DEFINITIONS,
        *DROPOUT_DEFINITIONS,
        *CHANGE_METHODS,
        "",
    }
    given = frame["status"] == "ok"
    assert frame.loc[given, "estimate"].notna().all()
    assert (frame.loc[~given, "note"] != "").all()
    assert frame.loc[given, ["n_patients", "denominator"]].notna().any(axis=1).all()


@pytest.mark.parametrize("name", REGISTRY)
def test_estimates_do_not_depend_on_the_order_of_rows(name: str) -> None:
    tables = ten_people()
    reversed_tables = {
        key: frame.iloc[::-1].reset_index(drop=True) for key, frame in tables.items()
    }
    first, second = run(name, tables).estimates, run(name, reversed_tables).estimates
    keys = list(ESTIMATES.key)
    first, second = (f.sort_values(keys, ignore_index=True) for f in (first, second))
    pd.testing.assert_frame_equal(first[keys], second[keys])
    for column in ("estimate", "std_error", "conf_low", "conf_high", "n_patients"):
        pd.testing.assert_series_equal(first[column], second[column], rtol=1e-6)


@pytest.mark.parametrize("name", REGISTRY)
def test_nothing_small_is_released(name: str) -> None:
    released, _ = protect(run(name, ten_people()).estimates, "opensafely")
    for column in ("n_patients", "n_events", "numerator", "denominator", "n_missing"):
        shown = released[column].dropna()
        assert (shown > 7).all(), column
        assert (shown % 5 == 0).all(), column
    withheld = released["status"] == "withheld"
    assert released.loc[withheld, ["estimate", "conf_low", "conf_high"]].isna().all().all()
