"""Disclosure control of one file of estimates."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from naturalistic.analyses.interface import EstimateRows
from naturalistic.release.disclosure import protect, protect_cohort
from naturalistic.release.profiles import load_profile
from naturalistic.release.rounding import coarsen, round_counts
from naturalistic.stats.rates import rate
from naturalistic.stats.result import Estimate


def released(
    *rows: dict[str, Any], profile: str = "opensafely"
) -> tuple[pd.DataFrame, pd.DataFrame]:
    collector = EstimateRows("c", "a")
    for i, row in enumerate(rows):
        collector.add(**{"term": f"t{i}", **row})
    return protect(collector.frame(), profile)


@pytest.mark.parametrize(
    ("profile", "n", "shown"),
    [
        ("opensafely", 7, None),
        ("opensafely", 8, 10),
        ("opensafely", 0, None),
        ("nhs_england", 4, None),
        ("nhs_england", 5, 5),
        ("nhs_england", 12, 10),
        ("strict10", 10, None),
        ("strict10", 11, 10),
        ("none", 3, 3),
        ("none", 0, 0),
    ],
)
def test_threshold_and_rounding(profile: str, n: int, shown: int | None) -> None:
    frame, log = released({"estimand": "count", "value": n, "n_patients": n}, profile=profile)
    row = frame.iloc[0]
    if shown is None:
        assert row["status"] == "withheld"
        assert pd.isna(row["estimate"])
        assert pd.isna(row["n_patients"])
        assert len(log) == 1
    else:
        assert (row["estimate"], row["n_patients"]) == (shown, shown)
        assert log.empty


def test_rate_is_computed_again_from_rounded_counts() -> None:
    row = {"estimand": "proportion", "value": rate(33, 101), "numerator": 33, "denominator": 101}
    frame, _ = released({**row, "n_patients": 101})
    shown = frame.iloc[0]
    expected = rate(35, 100)
    assert shown["estimate"] == 0.35
    assert shown["conf_low"] == pytest.approx(expected.conf_low, abs=1e-12)
    assert shown["conf_high"] == pytest.approx(expected.conf_high, abs=1e-12)


def test_few_people_without_the_property_are_protected_too() -> None:
    row = {"estimand": "proportion", "value": 97 / 100, "numerator": 97, "denominator": 100}
    frame, log = released({**row, "n_patients": 100})
    assert frame.iloc[0]["status"] == "withheld"
    assert log.iloc[0]["rule"] == "few_others"


def _frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    collector = EstimateRows("c", "a")
    for row in rows:
        collector.add(**row)
    return collector.frame()


def of_gender(**levels: int) -> list[dict[str, Any]]:
    """A breakdown of everybody by gender."""
    total = sum(levels.values())
    return [
        {
            "estimand": "proportion",
            "value": rate(n, total),
            "n_patients": total,
            "numerator": n,
            "denominator": total,
            "dimensions": {"gender": name},
            "term": "gender",
        }
        for name, n in levels.items()
    ]


def test_a_lone_withheld_level_takes_another_with_it_where_the_total_would_give_it_back() -> None:
    frame, log = released(*of_gender(female=28, male=12, other_gender=2))
    assert frame["status"].astype(str).tolist() == ["ok", "withheld", "withheld"]
    assert log["rule"].tolist() == ["by_subtraction", "few_people"]


def test_where_the_total_is_large_it_is_rounded_more_coarsely_instead() -> None:
    """62 of 48, 12 and 2: shown as 60 to the nearest 5, at most 6 are left; to the nearest 10, 7 may be."""
    frame, log = released(*of_gender(female=48, male=12, other_gender=2))
    assert frame["status"].astype(str).tolist() == ["ok", "ok", "withheld"]
    assert log["rule"].tolist() == ["few_people"]
    coarse = protect_cohort(
        {"a": _frame(of_gender(female=48, male=12, other_gender=2))}, "opensafely"
    )
    assert set(coarse.coarser["rounded_to"]) == {10}
    assert {"n_patients", "denominator"} >= set(coarse.coarser["column"])


def test_rounding_alone_is_enough_where_it_leaves_every_small_number_possible() -> None:
    # shown are 60, 35 and 100: between them lie 0 to 11 people
    frame, _ = released(*of_gender(female=60, male=37, other_gender=3))
    assert frame["status"].astype(str).tolist() == ["ok", "ok", "withheld"]


def test_a_number_without_people_beside_it_is_withheld() -> None:
    frame, log = released({"estimand": "mean", "value": 3.2})
    assert frame.iloc[0]["status"] == "withheld"
    assert log.iloc[0]["rule"] == "no_count"


@pytest.mark.parametrize("n", [12, 23, 57, 101, 474, 2003])
def test_an_error_does_not_give_back_the_number_of_people(n: int) -> None:
    """At least as many numbers of people as the rounding base lead to the same released standard error."""
    spread = 6.3
    near = range(max(8, n - 40), n + 41)
    frame, _ = released(
        *(
            {
                "estimand": "mean_change",
                "value": Estimate(4.9137, spread / np.sqrt(m), df=m - 1),
                "n_patients": m,
                "term": str(m),
            }
            for m in near
        )
    )
    shown = frame.set_index("term")
    row = shown.loc[str(n)]
    # the error stands as if it rested on the rounded number of people: all that are rounded to it agree
    alike = shown[shown["n_patients"] == row["n_patients"]]
    assert len(alike) >= 3
    assert alike["std_error"].nunique() == 1
    assert alike["df"].unique().tolist() == [row["n_patients"] - 1]


def test_profile_none_changes_nothing() -> None:
    collector = EstimateRows("c", "a")
    collector.add("mean", 3.14159, n_patients=4)
    frame, log = protect(collector.frame(), "none")
    pd.testing.assert_frame_equal(frame, collector.frame())
    assert log.empty


def test_log_holds_no_count() -> None:
    _, log = released({"estimand": "count", "value": 4, "n_patients": 4})
    assert not log.astype(str).apply(lambda c: c.str.contains(r"\b4\b")).any().any()


def test_rounding_halves_go_up_and_missing_stays() -> None:
    assert round_counts([2.5, 7.5, np.nan], 5)[:2].tolist() == [5.0, 10.0]
    assert np.isnan(round_counts([np.nan], 5)[0])


def test_coarsen_uses_steps_of_1_2_and_5() -> None:
    assert coarsen([17.8312], 0.03).tolist() == [17.85]
    assert coarsen([17.8312], 0.012).tolist() == [17.84]
    assert coarsen([17.8312], 0.0).tolist() == [17.8312]


@pytest.mark.parametrize("name", ["opensafely", "nhs_england", "strict10", "none"])
def test_profiles_carry_their_source(name: str) -> None:
    profile = load_profile(name)
    assert profile.name == name
    assert profile.source
    assert profile.may_leave == (name != "none")


def test_a_rate_with_therapist_limits_keeps_them() -> None:
    """Recomputed from the rounded counts, but with the effective number of people and the t quantile."""
    import numpy as np

    from naturalistic.analyses.interface import EstimateRows
    from naturalistic.stats.rates import clustered_rate, rate

    therapist = np.repeat(np.arange(20), 20)
    hit = np.isin(therapist % 4, [0, 1]) & (np.arange(400) % 7 != 0)
    top, bottom = int(hit.sum()), len(hit)
    rows = EstimateRows("made", "clinical_change", term="reliable_improvement")
    rows.add_proportion(top, bottom, rate(top, bottom))
    rows.add_proportion(
        top, bottom, clustered_rate(hit, therapist), specification="therapist_clustered"
    )
    before = rows.frame()
    released, _ = protect(before, "opensafely")
    width = (before["conf_high"] - before["conf_low"]).to_numpy(float)
    after = (released["conf_high"] - released["conf_low"]).to_numpy(float)
    np.testing.assert_allclose(after, width, rtol=0.05)
    assert after[1] > 1.5 * after[0]
