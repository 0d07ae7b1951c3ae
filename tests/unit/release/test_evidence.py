"""The bundle holds what may be pooled, and its digest notices any change."""

from __future__ import annotations

import copy
import math

import pytest

from naturalistic.analyses.interface import EstimateRows
from naturalistic.errors import DisclosureError
from naturalistic.release.evidence import digest, make_bundle, run_record
from naturalistic.stats.result import Estimate


def record(profile: str = "opensafely") -> dict:
    return run_record(
        cohort="c",
        title="A service",
        service="",
        contact="",
        synthetic=True,
        published=None,
        profile=profile,
        settings={"seed": 1},
        provenance={"data_cut": "2024-01-01"},
    )


def rows() -> dict:
    collector = EstimateRows("c", "outcome_change")
    collector.add("mean_change", Estimate(4.9, 0.3, 4.3, 5.5), n_patients=470)
    collector.add("median", 3.0, n_patients=470)
    collector.add("mean_change", None, status="withheld", note="few", term="x")
    return {"outcome_change": collector.frame()}


def test_only_poolable_given_numbers_are_bundled() -> None:
    bundle = make_bundle(record(), rows())
    assert [row["estimand"] for row in bundle["estimates"]] == ["mean_change"]
    assert bundle["estimates"][0]["std_error"] == 0.3
    assert "conf_level" in bundle["estimates"][0]
    assert "p_value" not in bundle["estimates"][0]
    assert bundle["estimates"][0]["analysis_scale"] == "identity"


def test_a_limit_without_bound_is_left_out_and_the_row_stays() -> None:
    collector = EstimateRows("c", "dropout")
    collector.add("hazard_ratio", Estimate(2.0, 0.9, 0.5, float("inf")), n_patients=60)
    (row,) = make_bundle(record(), {"dropout": collector.frame()})["estimates"]
    assert row["conf_low"] == 0.5
    assert "conf_high" not in row


def test_digest_covers_everything_else() -> None:
    bundle = make_bundle(record(), rows())
    content = {key: value for key, value in bundle.items() if key != "digest"}
    assert digest(content) == bundle["digest"]
    changed = copy.deepcopy(content)
    changed["estimates"][0]["estimate"] = 5.0
    assert digest(changed) != bundle["digest"]


def test_nothing_is_bundled_without_disclosure_control() -> None:
    assert make_bundle(record("none"), rows())["estimates"] == []


def test_a_number_that_is_not_finite_is_refused() -> None:
    with pytest.raises(DisclosureError):
        digest({"x": float("nan")})


def test_ratios_stand_on_their_logarithm_too() -> None:
    collector = EstimateRows("c", "dropout")
    collector.add("hazard_ratio", Estimate(2.0, 0.25, 1.2, 3.3), n_patients=60)
    collector.add("hazard_ratio", Estimate(0.0, 9.0, 0.0, 3.3), n_patients=60, term="none")
    (row,) = make_bundle(record(), {"dropout": collector.frame()})["estimates"]
    assert row["value"] == pytest.approx(math.log(2), rel=1e-5)
    assert row["estimate"] == 2.0


def test_precision_is_a_setting() -> None:
    coarse = {**record(), "settings": {"evidence": {"significant_digits": 2}}}
    collector = EstimateRows("c", "outcome_change")
    collector.add("mean_change", Estimate(4.9372, 0.31234, 4.3, 5.5), n_patients=470)
    (row,) = make_bundle(coarse, {"outcome_change": collector.frame()})["estimates"]
    assert (row["estimate"], row["std_error"]) == (4.9, 0.31)


def test_what_closing_costs_stays_in_the_trust() -> None:
    bundle = make_bundle({**record(), "settings": {"seed": 1, "closing": {"cost": 5}}}, rows())
    assert bundle["settings"] == {"seed": 1}


def test_bands_are_joined_until_they_are_large_enough() -> None:
    collector = EstimateRows("c", "dropout", population="started")
    key = {"term": "dropout", "definition": "unplanned_ending", "time_unit": "attended_sessions"}
    people, ended = 200, {1: 4, 2: 10, 3: 14, 4: 30}
    for time, events in ended.items():
        share = events / people
        given = Estimate(share, math.sqrt(share * (1 - share) / people))
        collector.add(
            "cumulative_incidence",
            given,
            time=float(time),
            n_patients=people - events,
            n_events=events,
            denominator=people,
            **key,
        )
    bands = make_bundle(record(), {"dropout": collector.frame()})["endings"]
    # 4 by the first session and 4 in the third are too few: they stand in wider bands
    assert [(b["after"], b["until"], b["at_risk"], b["events"]) for b in bands] == [
        (0.0, 2.0, 200, 10),
        (2.0, 4.0, 190, 20),
    ]
