"""The rating, on cases whose answer is known on paper: it starts low, only falls, and says why."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from naturalistic.report.certainty import (
    CHECKS,
    DESIGN,
    START,
    STEPS,
    Certainty,
    certainty,
    rate,
    rating_sentence,
)
from naturalistic.report.released import Released
from tests.unit.report import briefs
from tests.unit.report.handmade import CORE, change_rows, released, row

CHANGE = (5.5, 4.8, 6.1)


def flow(share: float | None) -> dict[str, Any]:
    status = {"status": "withheld", "note": "few"} if share is None else {}
    key = {"term": "share_of_started", "population": "paired", **status}
    return row("participant_flow", "proportion", share, **key)


def rated(
    *rows: dict[str, Any],
    change: tuple[float, float, float] = CHANGE,
    known: float | None = 0.8,
    **checks: float,
) -> Certainty:
    return certainty(released(flow(known), *change_rows(*change), *briefs.checks(**checks), *rows))


def lowered(found: Certainty) -> list[str]:
    return [each.check for each in found.limits]


def test_a_design_without_a_comparison_group_starts_at_low_and_never_rises() -> None:
    assert START == "low"
    assert [rate(n) for n in range(5)] == ["low", "very low", "very low", "very low", "very low"]
    assert STEPS.index(rate(0)) < STEPS.index("moderate")
    with pytest.raises(ValueError, match="negative"):
        rate(-1)


def test_no_limit_leaves_it_at_low() -> None:
    found = rated()
    assert found.step == "low"
    assert [each.check for each in found.findings] == list(CHECKS)
    assert lowered(found) == []
    assert (
        rating_sentence(found)
        == "Certainty: low. It starts at low, and no check found a further limit."
    )


def test_fewer_than_half_with_both_forms() -> None:
    found = rated(known=0.49)
    assert lowered(found) == ["missing_outcomes"]
    assert found.step == "very low"
    assert found.limits[0].text == "Only 49% of those who started have both forms."
    assert "1 of 4 checks" in rating_sentence(found)
    assert lowered(rated(known=0.50)) == []


def test_a_withheld_share_of_forms_is_no_good_news() -> None:
    found = rated(known=None)
    assert lowered(found) == ["missing_outcomes"]
    assert not found.limits[0].checked


def test_an_estimate_for_everyone_that_takes_in_no_change() -> None:
    found = rated(everyone=-0.2)
    assert lowered(found) == ["missing_outcomes"]
    assert "−0.2 to 1.8 points" in found.limits[0].text


def test_a_small_shift_of_those_without_forms_would_undo_it() -> None:
    key = {"term": "nothing", "contrast": "estimate", "dimensions": "shifted=everyone"}
    published = {"reliable_change": {"criterion": "published", "cutoff": "published"}}

    def with_shift(points: float) -> Certainty:
        tipping = row("missing_outcomes", "tipping_point", points, **key)
        rows = (flow(0.8), tipping, *change_rows(*CHANGE), *briefs.checks())
        return certainty(released(*rows, **published))

    assert lowered(with_shift(4.9)) == ["missing_outcomes"]  # a reliable change is 5 points
    assert "If the others were 4.9 points worse" in with_shift(4.9).limits[0].text
    assert lowered(with_shift(5.0)) == []


def test_an_interval_that_takes_in_no_change() -> None:
    found = rated(change=(0.4, -0.5, 1.3))
    assert "precision" in lowered(found)
    text = next(each.text for each in found.limits if each.check == "precision")
    assert text == "The likely range of the average change, −0.5 to 1.3 points, takes in no change."


def test_no_interval_is_a_limit() -> None:
    change = row("outcome_change", "mean_change", 5.0, population="paired", **CORE)
    found = certainty(released(flow(0.8), change, *briefs.checks()))
    assert "precision" in lowered(found)


def test_drift_that_could_be_all_there_is() -> None:
    found = rated(drift=-0.1)
    assert lowered(found) == ["bias"]
    assert (
        "as good as about 5.5 (at the start it was 22.7), drift could be all there is"
        in found.limits[0].text
    )


def test_no_clear_gap_to_a_waiting_list() -> None:
    found = rated(lists=-0.05)
    assert lowered(found) == ["bias"]
    assert "not clearly larger than a change seen on a waiting list" in found.limits[0].text


def test_drift_that_could_not_be_worked_out_is_a_limit() -> None:
    rows = [each for each in briefs.checks() if each.get("term") != "mee_chua_effect"]
    found = certainty(released(flow(0.8), *change_rows(*CHANGE), *rows))
    assert lowered(found) == ["bias"]
    assert not found.limits[0].checked
    assert "no usual score is held for this measure" in found.limits[0].text


def test_drift_cannot_explain_a_worsening() -> None:
    key = {"term": "nothing", "contrast": "estimate", "dimensions": "shifted=everyone"}
    tipping = row("missing_outcomes", "tipping_point", -8.0, **key)
    found = rated(tipping, change=(-3.1, -4.0, -2.2), everyone=-4.0, drift=-6.0, above=0.0)
    assert lowered(found) == []


def test_ways_of_reckoning_that_disagree() -> None:
    found = rated(above=0.999)
    assert lowered(found) == ["consistency"]
    assert "99% point the same way" in found.limits[0].text  # never rounded up to all


def test_a_measure_that_moved_the_other_way() -> None:
    key = {"instrument": "core_om", "scale": "risk", "population": "paired"}
    other = row("outcome_change", "mean_change", -1.0, conf_low=-1.5, conf_high=-0.5, **key)
    assert lowered(rated(other)) == ["consistency"]
    unclear = row("outcome_change", "mean_change", -0.1, conf_low=-1.5, conf_high=1.3, **key)
    assert lowered(rated(unclear)) == []
    rating = row("therapist_ratings", "mean_change", -0.4, conf_low=-0.6, conf_high=-0.2)
    assert lowered(rated(rating)) == ["consistency"]


def test_what_was_not_checked_is_a_limit_and_said_to_be() -> None:
    found = certainty(released(flow(0.8), *change_rows(*CHANGE)))
    assert lowered(found) == ["missing_outcomes", "bias", "consistency"]
    assert not any(each.checked for each in found.limits)


@pytest.mark.parametrize("data", [briefs.withheld(), briefs.nothing()], ids=["withheld", "nothing"])
def test_without_a_change_there_is_nothing_to_rate(data: Released) -> None:
    found = certainty(data)
    assert found.step == ""
    assert found.findings == ()
    assert found.why_none in rating_sentence(found)


def test_every_rule_is_in_the_methods() -> None:
    text = (Path(__file__).resolve().parents[3] / "docs" / "methods.md").read_text(encoding="utf-8")
    part = text.partition("## Certainty")[2].partition("\n## ")[0]
    for check in (DESIGN, *CHECKS.values()):
        assert f"**{check.label}**" in part


def test_a_share_with_both_forms_that_is_withheld_is_said_to_be() -> None:
    share = row(
        "participant_flow",
        "proportion",
        term="share_of_started",
        population="paired",
        status="withheld",
        note="few",
    )
    found = certainty(released(share, *change_rows(*CHANGE), *briefs.checks()))
    assert found.findings[0].text == "How many of those who started have both forms: withheld."
    assert not found.findings[0].checked
