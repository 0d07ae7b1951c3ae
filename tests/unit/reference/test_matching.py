"""A service's own words find their place on the closed lists."""

import pytest

from naturalistic.reference.loader import load_chart_rules, load_national_metrics, load_snomed
from naturalistic.reference.matching import problem_key, therapies_of_access_list, therapy_key
from naturalistic.stats.process_control import RULES


@pytest.mark.parametrize(
    ("word", "key"),
    [
        ("CAT", "cognitive_analytic"),
        ("mentalisation-based  Treatment", "mentalisation_based"),
        ("Mentalisation based treatment", "mentalisation_based"),
        ("390773006", "cognitive_analytic"),
        ("psychodynamic_long_term", "psychodynamic_long_term"),
        ("tea and sympathy", None),
    ],
)
def test_therapies(word: str, key: str | None) -> None:
    assert therapy_key(word) == key


def test_a_problem() -> None:
    assert problem_key("Depression") == "depression"
    assert problem_key("something else entirely") is None


def test_generic_psychodynamic_work_is_not_on_the_access_list() -> None:
    listed = therapies_of_access_list()
    assert {"mentalisation_based", "transference_focused", "cognitive_analytic"} <= listed
    assert not {"psychodynamic", "psychodynamic_long_term", "psychodynamic_interpersonal"} & listed


def test_every_code_finds_its_therapy() -> None:
    for each in load_snomed().therapies:
        assert therapy_key(each.code) == each.therapy_model
        assert therapy_key(each.label) == each.therapy_model


def test_metrics_carry_their_source_and_status() -> None:
    groups = load_national_metrics()
    assert next(iter(groups)) == "talking_therapies"
    for group in groups.values():
        for metric in group.metrics:
            assert metric.definition
            assert metric.source
            assert metric.status in {"verified", "secondary", "unverified"}
    keys = [metric.key for group in groups.values() for metric in group.metrics]
    assert len(keys) == len(set(keys))


def test_rules_of_charts_are_those_of_the_code() -> None:
    assert set(RULES) <= {rule.key for rule in load_chart_rules().rules}
