"""Where no form after the first is held for anybody, change is not measured; it is not a number too small to show."""

from __future__ import annotations

import pandas as pd
import pytest

from naturalistic.analyses.interface import AnalysisInput
from naturalistic.analyses.registry import REGISTRY
from naturalistic.reference.loader import load_instruments
from naturalistic.settings.config import AnalysisSettings
from tests.unit.analyses.small_cohort import ten_people

WHY = "no form after the first is held for this scale"


def estimates(analysis: str) -> pd.DataFrame:
    tables = ten_people()
    outcomes = tables["outcomes"]
    first_only = outcomes.assign(last_score=float("nan"), last_date=pd.NaT, change_category=None)
    tables["outcomes"] = first_only.assign(pairing="no_last_form").astype(outcomes.dtypes)
    entry = REGISTRY[analysis]
    used = {name: tables[name] for name in entry.tables}
    data = AnalysisInput("hand", used, AnalysisSettings(), load_instruments())
    return entry.load()(data).estimates


@pytest.mark.parametrize("analysis", ["outcome_change", "missing_outcomes"])
def test_change_and_who_lacks_a_form_are_not_measured(analysis: str) -> None:
    frame = estimates(analysis)
    assert set(frame["status"]) == {"not_measured"}
    assert set(frame["note"]) == {WHY}


def test_people_with_both_forms_are_compared_with_nobody() -> None:
    frame = estimates("characteristics")
    paired = frame[frame["contrast"] == "paired vs not_paired"]
    assert len(paired) and set(paired["status"]) == {"not_measured"}
    assert set(paired["note"]) == {WHY}
    assert not (frame["population"] == "paired").any()
    planned = frame[frame["contrast"] == "planned_ending vs other_endings"]
    assert WHY not in set(planned["note"])
