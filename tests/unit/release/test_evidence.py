"""The bundle holds what may be pooled, and its digest notices any change."""

from __future__ import annotations

import copy

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
