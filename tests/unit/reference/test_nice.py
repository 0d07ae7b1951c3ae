from __future__ import annotations

import datetime

import pytest

from naturalistic.reference.loader import (
    instrument,
    load_instruments,
    load_nice,
    load_nice_rules,
    load_problems,
    load_snomed,
    load_sources,
    load_therapy_models,
)
from naturalistic.reference.nice_models import STRENGTHS, Guideline, Recommendation
from naturalistic.reference.reading import read_yaml, shipped, shipped_file

RECOMMENDATIONS = [each for guide in load_nice().values() for each in guide.recommendations]
PSYCHODYNAMIC = {
    model.key for model in load_therapy_models().models if model.family == "psychodynamic"
}


@pytest.mark.parametrize("rec", RECOMMENDATIONS, ids=lambda rec: rec.key)
def test_recommendations_use_the_closed_lists(rec):
    therapies = load_therapy_models().keys()
    populations = {population.key for population in load_problems().populations}
    assert set(rec.interventions) | set(rec.together_with) <= therapies
    assert set(rec.populations) <= populations
    assert rec.paraphrase.endswith(".")


def test_keys_are_unique_over_all_guidelines():
    keys = [each.key for each in RECOMMENDATIONS]
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize("item", shipped("nice"), ids=lambda item: item.name)
def test_every_entry_cites_a_known_source(item):
    data = read_yaml(item)
    for entry in [data, *data["recommendations"]]:
        assert entry["source"] in load_sources(), entry["key"]
        if entry["source"] == "memory":
            assert entry["status"] == "unverified", entry["key"]


def test_no_number_from_memory():
    for each in RECOMMENDATIONS:
        if each.number is not None:
            assert each.number_status in {"verified", "secondary"}


def test_psychodynamic_therapy_is_named_where_the_facts_say_and_nowhere_else():
    named = {
        (each.key, each.strength)
        for guide in load_nice().values()
        if guide.in_force == "current"
        for each in guide.recommendations
        if each.named_modality and set(each.interventions) & PSYCHODYNAMIC
    }
    assert named == {
        ("ng222_less_stpp", "consider"),
        ("ng222_more_stpp", "consider"),
        ("ng222_personality_stpp", "consider"),
        ("cg159_stpp", "consider"),
        ("ng69_focal_psychodynamic", "consider"),
        ("ng69_adolescent_focused", "consider"),
        ("ng134_psychodynamic", "consider"),
    }


def test_not_recommended_is_not_recommended_against():
    against = {each.key for each in RECOMMENDATIONS if each.strength == "do_not_offer"}
    without = {each.key for each in RECOMMENDATIONS if each.strength == "no_recommendation"}
    assert against == {"cg78_brief"}
    assert "ng222_long_term_psychodynamic" in without
    assert not any(
        set(each.interventions) & PSYCHODYNAMIC
        for each in RECOMMENDATIONS
        if each.strength in {"do_not_offer", "do_not_routinely_offer"}
    )
    assert STRENGTHS.index("no_recommendation") < STRENGTHS.index("do_not_routinely_offer")


@pytest.mark.parametrize(("severity", "length"), [("less_severe", 11), ("more_severe", 10)])
def test_listed_options_for_depression_are_complete_and_in_order(severity, length):
    listed = [
        each
        for each in load_nice()["ng222"].recommendations
        if each.severity == severity and each.position is not None
    ]
    assert [each.position for each in listed] == list(range(1, length + 1))
    assert {each.position_of for each in listed} == {length}
    assert {each.verb for each in listed} == {"listed option"}


def test_severity_of_depression_is_told_by_phq_9_and_nothing_else():
    rules = {each.key: each.severity_rule for each in load_problems().populations}
    assert {key for key, rule in rules.items() if rule} == {"depression"}
    rule = rules["depression"]
    assert (rule.instrument, rule.threshold) == ("phq_9", 16)
    assert (rule.below, rule.at_or_above) == ("less_severe", "more_severe")
    assert rule.scale == instrument("phq_9").primary_scale


def test_what_was_in_force_at_the_consultation_of_2018():
    october = datetime.date(2018, 10, 10)
    in_force = {key for key, guide in load_nice().items() if guide.in_force_on(october)}
    assert "cg90" in in_force
    assert "ng222" not in in_force
    assert "ng116" not in in_force  # 5 December 2018
    assert "matrix_2008" not in in_force  # history, never in force
    today = datetime.date(2026, 1, 1)
    assert not load_nice()["cg90"].in_force_on(today)


@pytest.mark.parametrize(
    ("published", "day", "expected"),
    [
        ("2009-10", "2009-10-31", False),
        ("2009-10", "2009-11-01", True),
        ("2019", "2019-12-31", False),
        ("2019", "2020-01-01", True),
        ("2018-12-05", "2018-12-05", True),
    ],
)
def test_partial_dates_are_taken_at_their_last_day(published, day, expected):
    guide = load_nice()["ng116"].model_copy(update={"published": published})
    assert guide.in_force_on(datetime.date.fromisoformat(day)) is expected


def test_the_matrix_of_2008_has_no_strength_and_no_psychodynamic_therapy():
    matrix = load_nice()["matrix_2008"]
    assert matrix.in_force == "historical"
    assert len(matrix.footnotes) == 3
    for each in matrix.recommendations:
        assert each.kind == "matrix"
        assert each.strength is None
        assert not set(each.interventions) & PSYCHODYNAMIC


def test_problems():
    problems = load_problems()
    assert problems.population_of("depression").key == "depression"
    assert problems.population_of("borderline_personality_disorder") is not None
    for broad in ("anxiety_or_stress", "trauma_or_abuse", "personality_problems", "no such word"):
        assert problems.population_of(broad) is None
    core = [each for each in problems.problems if each.recorded_as == "core_therapy_assessment"]
    assert len(core) == 15


def test_rules_that_the_claims_page_needs():
    rules = load_nice_rules()
    assert {"not_mandatory", "commissioners_enable", "claim_mandates"} <= set(rules)
    assert rules["not_mandatory"].status == "verified"
    assert rules["funding_direction"].status == "unverified"
    for rule in read_yaml(shipped_file("nice_rules.yaml"))["rules"]:
        assert rule["source"] in load_sources()


def test_snomed_codes_refer_to_what_exists():
    snomed = load_snomed()
    therapies = load_therapy_models().keys()
    assert {each.therapy_model for each in snomed.therapies} <= therapies
    codes = [each.code for each in (*snomed.therapies, *snomed.tools)]
    assert len(set(codes)) == len(codes)
    for tool in snomed.tools:
        if tool.instrument is not None:
            load_instruments()[tool.instrument].scale(tool.scale)


def test_generic_psychodynamic_work_is_invisible_to_the_access_metric():
    counted = {each.therapy_model: each.in_access_list for each in load_snomed().therapies}
    assert not counted["psychodynamic"]
    assert not counted["psychodynamic_long_term"]
    assert counted["mentalisation_based"]
    assert counted["cognitive_analytic"]


def sourced(**changes):
    entry = {
        "key": "x",
        "populations": ["depression"],
        "interventions": ["cbt"],
        "strength": "offer",
        "paraphrase": "Something.",
        "source": "s",
        "date": "2025-01-01",
        "status": "verified",
    }
    return {**entry, **changes}


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"kind": "service"}, "strength belongs to kind therapy"),
        ({"strength": None}, "strength belongs to kind therapy"),
        ({"conditional": True}, "go together"),
        ({"number": "1.1"}, "go together"),
        ({"number": "1.1", "number_status": "unverified"}, "not read is left out"),
        ({"interventions": []}, "name the intervention"),
        ({"strength": "mandate"}, "Input should be"),
    ],
)
def test_what_a_recommendation_cannot_be(changes, fault):
    with pytest.raises(ValueError, match=fault):
        Recommendation.model_validate(sourced(**changes))


def test_superseded_needs_a_date():
    guide = {
        "key": "g",
        "code": "G",
        "title": "t",
        "published": "2010",
        "in_force": "superseded",
        "address": "a",
        "source": "s",
        "date": "2025-01-01",
        "status": "verified",
        "recommendations": [sourced()],
    }
    with pytest.raises(ValueError, match="date of replacement"):
        Guideline.model_validate(guide)
