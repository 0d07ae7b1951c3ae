"""The frozen plan: what it holds, and every departure from it."""

from __future__ import annotations

from naturalistic.settings.analysis_plan import (
    as_json,
    deviations,
    freeze,
    from_json,
    plan_record,
)
from naturalistic.settings.config import AnalysisSettings
from naturalistic.settings.primary import Primary


def test_a_plan_comes_back_from_disk_and_knows_itself():
    plan = freeze(AnalysisSettings(), "2024-03-01")
    assert from_json(as_json([plan])) == [plan]
    record = plan_record([plan], AnalysisSettings())
    assert record == {
        "frozen": {"date": "2024-03-01", "digest": plan.digest},
        "amendments": [],
        "deviations": [],
    }


def test_a_change_of_the_primary_outcome_is_a_deviation_and_of_the_seed_is_none():
    plan = freeze(AnalysisSettings(), "2024-03-01")
    used = AnalysisSettings(
        primary=Primary(population="planned_ending"), seed=1, predictors=("age",)
    )
    found = {each["setting"]: each for each in plan_record([plan], used)["deviations"]}
    assert set(found) == {"primary.population", "predictors"}
    assert found["primary.population"]["planned"] == "paired"
    assert found["primary.population"]["used"] == "planned_ending"
    assert freeze(used, "").digest != plan.digest


def test_an_amendment_is_what_counts_from_then_on():
    first = freeze(AnalysisSettings(), "2024-03-01")
    used = AnalysisSettings(episodes="last")
    second = freeze(used, "2025-01-02", "people come back")
    record = plan_record([first, second], used)
    assert record["frozen"]["date"] == "2024-03-01"
    assert record["amendments"] == [
        {"date": "2025-01-02", "digest": second.digest, "reason": "people come back"}
    ]
    assert record["deviations"] == []
    assert plan_record([], used)["frozen"] is None


def test_what_is_not_set_has_a_word():
    assert list(deviations({"a": None, "b": [1, 2]}, {"a": 3, "b": [1]})) == [
        ("a", "not set", "3"),
        ("b", "1, 2", "1"),
    ]
