"""Where a therapy for a problem stands: each answer read off the registry by hand."""

from __future__ import annotations

import pytest

from naturalistic.reference.concordance import (
    CONCORDANCE,
    Finding,
    concordance,
    severity_rule,
)
from naturalistic.reference.loader import load_nice, load_problems, load_therapy_models


@pytest.mark.parametrize(
    ("problem", "therapy", "more", "expected"),
    [
        ("Depression", "STPP", {}, Finding("consider")),
        (
            "Depression",
            "CBT",
            {"severity": "more_severe", "format": "individual"},
            Finding("consider"),
        ),
        # the record says psychodynamic, the guideline names the short-term kind
        ("Depression", "psychodynamic psychotherapy", {}, Finding("same_family")),
        ("Social anxiety disorder", "STPP", {}, Finding("consider", conditional=True)),
        ("Social anxiety disorder", "CBT", {"format": "individual"}, Finding("offer")),
        (
            "Social anxiety disorder",
            "CBT",
            {"format": "group"},
            Finding("do_not_routinely_offer", conditional=True),
        ),
        ("Social anxiety disorder", "CBT", {}, Finding("format_not_recorded")),
        # neither for nor against
        ("PTSD", "psychodynamic", {}, Finding("no_recommendation")),
        ("OCD", "STPP", {}, Finding("no_recommendation")),
        # too broad for one guideline
        ("Anxiety", "CBT", {}, Finding("no_population")),
        ("work stress in general", "CBT", {}, Finding("no_population")),
        ("PTSD", None, {}, Finding("therapy_not_recorded")),
        ("PTSD", "a word of our own", {}, Finding("therapy_not_on_list")),
        (None, "CBT", {}, Finding("problem_not_recorded")),
        # what guidelines for adults say is not read for children
        (
            "Social anxiety disorder",
            "CBT",
            {"age": 12.0, "format": "individual"},
            Finding("no_recommendation"),
        ),
    ],
)
def test_answers(problem, therapy, more, expected):
    assert concordance(problem, therapy, **more) == expected


def test_severity_that_is_not_known_is_its_own_line_where_it_matters():
    # named for one severity of depression only
    only = {
        key
        for each in load_nice()["ng222"].recommendations
        if each.severity == "less_severe" and each.strength == "consider"
        for key in each.interventions
    } - {
        key
        for each in load_nice()["ng222"].recommendations
        if each.severity == "more_severe"
        for key in each.interventions
    }
    assert only, "the registry names some therapy for less severe depression alone"
    for key in only:
        assert concordance("depression", key).concordance == "severity_not_classifiable"
        assert (
            concordance("depression", key, severity="more_severe").concordance
            == "no_recommendation"
        )


def test_severity_is_told_by_the_guidelines_own_measure_alone():
    rule = severity_rule("Depression")
    assert rule is not None
    assert (rule.instrument, rule.threshold) == ("phq_9", 16)
    assert severity_rule("PTSD") is None
    assert severity_rule(None) is None


def test_every_problem_and_therapy_has_an_answer_of_the_list():
    for problem in load_problems().problems:
        for model in load_therapy_models().models:
            for format in ("", "individual", "group"):
                found = concordance(problem.label, model.label, format=format)
                assert found.concordance in CONCORDANCE
