"""Secondary suppression: what is linked, what an audit finds, what is chosen."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.attack.cohorts import exact_estimates

from naturalistic.analyses.interface import EstimateRows
from naturalistic.release.disclosure import protect_cohort
from naturalistic.release.profiles import RULE_NAMES, load_profile
from naturalistic.release.suppression.audit import Audit, Wanted
from naturalistic.release.suppression.counts import Counts, collect, families
from naturalistic.release.suppression.links import find_links
from naturalistic.release.suppression.links_model import Links
from naturalistic.release.suppression.shown import interval, knowledge


def table(analysis: str, *rows: dict[str, Any]) -> pd.DataFrame:
    collector = EstimateRows("c", analysis)
    for row in rows:
        collector.add(**row)
    return collector.frame().reset_index(drop=True)


def level(name: str, n: int, **more: Any) -> dict[str, Any]:
    return {
        "estimand": "count",
        "value": n,
        "n_patients": n,
        "term": "people",
        "population": "started",
        "dimensions": {"gender": name},
        **more,
    }


def total(n: int) -> dict[str, Any]:
    return level("", n) | {"dimensions": {}}


def test_the_total_may_stand_in_another_analysis() -> None:
    parts = {
        "flow": table("flow", total(62)),
        "characteristics": table(
            "characteristics", level("female", 48), level("male", 12), level("other_gender", 2)
        ),
    }
    safe = protect_cohort(parts, "opensafely")
    assert safe.loss.withheld_secondary >= 1
    open_to_all = protect_cohort(parts, "opensafely", secondary=False)
    assert open_to_all.loss.withheld_secondary == 0


def test_the_same_people_are_withheld_everywhere() -> None:
    """A level withheld for another's sake is not seen in a second table of the same people."""
    rows = (level("female", 48), level("male", 12), level("other_gender", 2))
    again = [level("male", 12, term="means", estimand="mean", value=3.0)]
    protected = protect_cohort(
        {"one": table("one", total(62), *rows), "two": table("two", *again)}, "opensafely"
    )
    one = protected.estimates["one"].set_index("dimensions")["status"].astype(str)
    two = protected.estimates["two"]["status"].astype(str)
    assert (one["gender=male"] == "withheld") == (two.iloc[0] == "withheld")


def test_what_outsiders_are_told_does_not_say_which_are_small() -> None:
    rows = (level("female", 48), level("male", 12), level("other_gender", 2))
    protected = protect_cohort({"one": table("one", total(62), *rows)}, "opensafely")
    assert set(protected.log["rule"]) == {"few_people", "by_subtraction"}
    assert set(protected.told["one"]["rule"]) == {"small_or_linked"}
    notes = protected.estimates["one"].query("status == 'withheld'")["note"]
    assert notes.nunique() == 1


@pytest.mark.parametrize("profile", ["opensafely", "nhs_england", "strict10"])
def test_an_interval_holds_exactly_the_counts_that_look_alike(profile: str) -> None:
    rules = load_profile(profile)
    counts = np.arange(rules.threshold + 1, 200)
    low, high = interval(counts, rules.rounding_base, rules)
    shown = np.floor(counts / rules.rounding_base + 0.5)
    for count, a, b, look in zip(counts, low, high, shown, strict=True):
        alike = counts[shown == look]
        assert (a, b) == (alike.min(), alike.max()) or count > 190


def test_the_audit_finds_what_two_relations_give_away_together() -> None:
    frame = table("one", level("a", 3), level("b", 30), level("c", 43))
    rules = load_profile("opensafely")
    counts = collect(frame, families(frame), rules.threshold)
    secret, b, c = (int(counts.of["n_patients"][row]) for row in range(3))
    middle, whole = counts.number("hidden", 33), counts.number("whole", 76)
    links = Links(counts)
    links.sums_to((secret, b), middle)  # neither relation alone: the middle is not seen
    links.sums_to((middle, c), whole)
    audit = Audit(links, np.array([secret]))
    seen = np.ones(len(counts.names), dtype=bool)
    seen[[secret, middle]] = False
    shown = knowledge(seen, np.ones(len(seen), dtype=int), counts, rules)
    # 30, 45 and 75 are shown: at most 6 people are left
    wanted = Wanted(np.array([secret]), np.array([secret]), 0, 7)
    assert audit.exposed_by_one(shown, wanted) == []
    (found,) = audit.exposed_by_all(shown, wanted)
    assert (found.count, found.end) == (secret, 1)
    assert found.gap == pytest.approx(1.0)
    priced = np.flatnonzero((found.price_low > 0) | (found.price_high > 0))
    assert set(priced.tolist()) == {b, c, whole}


def test_relations_hold_for_the_true_counts() -> None:
    frame = table("one", total(55), level("a", 3), level("b", 12), level("c", 40))
    counts = collect(frame, families(frame), 7)
    links = find_links(frame, families(frame), counts)
    values = counts.values
    assert links.equal
    assert all(sum(c * values[n] for n, c in relation) == 0 for relation in links.equal)
    assert all(sum(c * values[n] for n, c in relation) <= 0 for relation in links.at_most)


@pytest.mark.parametrize("name", ["opensafely", "nhs_england", "strict10"])
def test_every_rule_of_a_profile_has_its_source(name: str) -> None:
    profile = load_profile(name)
    assert set(profile.rules) == set(RULE_NAMES)


def test_a_mean_of_few_and_a_small_model_are_withheld() -> None:
    few = {"estimand": "mean", "value": 3.0, "n_patients": 10, "term": "age"}
    model = [
        {"estimand": "coefficient", "value": 1.0, "n_patients": 15, "model": "m", "term": f"x{i}"}
        for i in range(6)
    ]
    protected = protect_cohort({"one": table("one", few, *model)}, "strict10")
    assert set(protected.log["rule"]) >= {"few_people", "few_for_a_model"}
    larger = [row | {"n_patients": 60} for row in model]
    assert protect_cohort({"one": table("one", *larger)}, "strict10").log.empty


SMALL_SERVICE = (
    "participant_flow",
    "characteristics",
    "outcome_change",
    "clinical_change",
    "access_and_waits",
    "equity",
)


@pytest.mark.parametrize("seed", [1010, 1013])
def test_a_small_service_keeps_the_figures_its_report_rests_on(seed: int) -> None:
    """Of 150 people referred: who started, who has both forms, their mean change and what became of them."""
    exact = exact_estimates(150, seed, SMALL_SERVICE)
    protected = protect_cohort(exact, "opensafely", primary=("core_om", "all"))
    assert protected.loss.audited
    assert protected.loss.withheld_secondary > 0
    change = protected.estimates["outcome_change"].query(
        "dimensions == '' and specification == '' and model == ''"
    )
    mean = change.query("estimand == 'mean_change' and population == 'paired'")
    assert mean["status"].astype(str).tolist() == ["ok"]
    assert mean["conf_low"].notna().all()
    flow = protected.estimates["participant_flow"]
    people = flow.query("estimand == 'count' and term == 'people' and dimensions == ''")
    shown = people.set_index("population")["status"].astype(str)
    assert shown[["referred", "started", "paired"]].tolist() == ["ok"] * 3


def test_the_same_people_are_shown_as_one_number() -> None:
    """Everybody who started, as a count and below the share of them who have both forms."""
    share = {
        "estimand": "proportion",
        "value": 78 / 87,
        "n_patients": 87,
        "numerator": 78,
        "denominator": 87,
        "term": "share_of_started",
        "population": "paired",
    }
    parts = {
        "flow": table("flow", total(87)),
        "change": table("change", share),
        "characteristics": table("characteristics", level("a", 49), level("b", 35), level("c", 3)),
    }
    counts = collect(pd.concat(parts.values(), ignore_index=True), [], 7)
    assert counts.of["n_patients"][0] == counts.of["denominator"][1]
    shown = protect_cohort(parts, "opensafely").estimates
    seen = {
        shown["flow"]["n_patients"].iloc[0],
        *shown["change"][["n_patients", "denominator"]].iloc[0],
    }
    assert len(seen) == 1
    assert shown["flow"]["estimate"].iloc[0] == shown["flow"]["n_patients"].iloc[0]


def test_counts_known_to_be_equal_are_one() -> None:
    counts = Counts(of={"n_patients": np.array([0, 1, -1]), "denominator": np.array([2, -1, -1])})
    first, second, third = (counts.number(name, 9) for name in "abc")
    other = counts.number("d", 4)
    links = Links(counts)
    links.sums_to((first,), third)
    links.sums_to((other, counts.number("e", 5)), third)
    links.within((second,), third)
    links.merge()
    assert counts.of["n_patients"].tolist() == [first, second, -1]
    assert counts.of["denominator"].tolist() == [first, -1, -1]
    assert counts.stands_for.tolist() == [0, 1, 0, 3, 4]
    assert list(links.equal) == [((first, -1), (other, 1), (4, 1))]
    assert list(links.at_most) == [((first, -1), (second, 1))]
