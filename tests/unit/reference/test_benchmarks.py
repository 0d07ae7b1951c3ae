from __future__ import annotations

import pytest

from naturalistic.reference.benchmark_models import Benchmark
from naturalistic.reference.loader import (
    instrument,
    load_benchmarks,
    load_national,
    load_sources,
    load_therapy_models,
)
from naturalistic.reference.reading import read_yaml, shipped

BENCHMARKS = load_benchmarks()
RATES = ("improvement", "deterioration", "no_reliable_change", "recovery", "reliable_recovery")


@pytest.mark.parametrize("item", shipped("benchmarks"), ids=lambda item: item.name)
def test_every_figure_cites_a_known_source(item):
    for entry in read_yaml(item)["benchmarks"]:
        assert entry["source"] in load_sources(), entry["key"]
        assert entry["status"] in {"verified", "secondary", "unverified"}


def test_keys_are_unique_over_all_files():
    total = sum(len(read_yaml(item)["benchmarks"]) for item in shipped("benchmarks"))
    assert len(BENCHMARKS) == total


@pytest.mark.parametrize("key", sorted(BENCHMARKS))
def test_instruments_and_scales_exist(key):
    each = BENCHMARKS[key]
    if each.instrument is not None:
        form = instrument(each.instrument)
        if each.scale is not None:
            form.scale(each.scale)


@pytest.mark.parametrize(
    ("key", "value", "low", "high"),
    [
        ("gaskell_depression", 0.96, 0.88, 1.04),
        ("gaskell_anxiety", 0.80, 0.71, 0.90),
        ("gaskell_other", 1.01, 0.93, 1.09),
        ("gaskell_core_om", 1.04, 0.90, 1.18),
        ("gaskell_psychodynamic_general", 0.93, 0.79, 1.07),
        ("metapsy_waiting_list", 0.38, 0.31, 0.46),
        ("metapsy_usual_care", 0.60, 0.49, 0.71),
        ("steinert_waiting_list", 0.128, 0.057, 0.199),
        ("gibbard_waiting_list", 0.24, None, None),
        ("swift_2012", 0.197, 0.187, 0.207),
    ],
)
def test_figures_others_rest_on(key, value, low, high):
    each = BENCHMARKS[key]
    assert (each.value, each.low, each.high) == (value, low, high)


def test_prediction_interval_of_the_waiting_lists():
    each = BENCHMARKS["metapsy_waiting_list"]
    assert (each.prediction_low, each.prediction_high) == (-0.49, 1.25)
    assert each.assumed_correlation == 0.6


def test_planned_endings_only_carry_their_warning():
    for each in BENCHMARKS.values():
        if each.population == "planned_ending":
            assert each.warning.startswith("Planned endings only"), each.key


def test_care_as_usual_is_not_called_untreated():
    usual = [each for each in BENCHMARKS.values() if "care as usual" in each.label]
    assert usual
    assert {each.design for each in usual} == {"usual_care"}


def test_what_is_computed_says_so():
    for each in BENCHMARKS.values():
        if "Metapsy" in each.source and each.quantity != "points":
            assert (each.status, each.basis) == ("secondary", "computed"), each.key


def test_national_years_give_back_the_published_percentages():
    for year in load_national().years:
        finished = year.finished_course_treatment
        of_cases = finished - year.not_at_caseness
        for rate in RATES:
            whole = of_cases if "recovery" in rate else finished
            percent = 100 * getattr(year, rate) / whole
            assert round(percent, 1) == year.published_percent[rate], (year.year, rate)
    assert [year.year for year in load_national().years] == [
        f"20{y}-{y + 1}" for y in range(17, 25)
    ]


def test_national_denominators_are_the_rule_used():
    denominators = load_national().denominators
    assert set(denominators) == set(RATES)
    assert denominators["recovery"] == "finished_course_treatment - not_at_caseness"


def test_published_effect_sizes_follow_from_the_means():
    # divided by the SD of the row: the published one uses England's SD, and both are rounded
    for row in load_national().therapies:
        for start, sd, end, _, published in row.scores.values():
            assert (start - end) / sd == pytest.approx(published, abs=0.11)


def test_therapies_of_the_national_table_are_on_the_closed_list():
    rows = load_national().therapies
    assert {row.therapy_model for row in rows} <= load_therapy_models().keys()
    for row in rows:
        for key in row.scores:
            instrument(key)


def test_unknown_collection():
    with pytest.raises(KeyError, match="talking_therapies_england"):
        load_national("wales")


def figure(**changes):
    entry = {
        "key": "x",
        "label": "l",
        "topic": "change",
        "quantity": "standardised_mean_change",
        "definition": "pre_sd",
        "value": 0.5,
        "measure": "m",
        "population": "paired",
        "design": "naturalistic",
        "source": "s",
        "date": "2025-01-01",
        "status": "verified",
    }
    return {**entry, **changes}


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"value": None}, "give a value, or a range"),
        ({"low": 0.4}, "low and high go together"),
        ({"low": 0.6, "high": 0.7}, "outside its limits"),
        ({"prediction_low": 0.1}, "prediction_high go together"),
        ({"quantity": "proportion", "value": 47.5}, "between 0 and 1"),
        ({"scale": "total"}, "needs its instrument"),
        ({"status": "secondary"}, "needs a basis"),
    ],
)
def test_what_a_benchmark_cannot_be(changes, fault):
    with pytest.raises(ValueError, match=fault):
        Benchmark.model_validate(figure(**changes))
