"""The equity section on rows whose outcome is known: what is clear, what is not, and nothing measured."""

from __future__ import annotations

from typing import Any

import pytest

from naturalistic.report.blocks import Figure, Table
from naturalistic.report.sections.equity import equity
from tests.unit.report.handmade import released, row

NAME = "equity"


def access(low: float, high: float) -> list[dict[str, Any]]:
    levels = [
        row(
            NAME,
            "proportion",
            rate,
            term="access",
            dimensions=f"gender={level}",
            conf_low=rate - 0.05,
            conf_high=rate + 0.05,
            n_patients=200,
            n_missing=15,
        )
        for level, rate in {"female": 0.7, "male": 0.6}.items()
    ]
    gap = row(
        NAME,
        "difference_from_reference",
        -0.1,
        term="access",
        dimensions="gender=male",
        contrast="male vs female",
        conf_low=low,
        conf_high=high,
        n_patients=200,
    )
    lacking = row(
        NAME,
        "proportion",
        term="access",
        dimensions="religion=not_recorded",
        status="not_measured",
        note="the extract does not hold it for anybody",
    )
    return [*levels, gap, lacking]


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (-0.19, -0.01, "by gender, male against female: −10 percentage points (−19 to −1)"),
        (-0.25, 0.05, "No difference between groups in starting therapy, of people referred is clear"),
    ],
)  # fmt: skip
def test_a_gap_is_named_only_when_it_is_clear_of_chance(low: float, high: float, said: str) -> None:
    section = equity(released(*access(low, high)), None)
    assert section is not None
    assert said in section.findings[0]
    assert "religion" in section.findings[-1]
    figure = next(block for block in section.blocks if isinstance(block, Figure))
    assert "from 60%" in figure.alternative
    gaps = next(b for b in section.blocks if isinstance(b, Table) and b.caption.startswith("Gaps"))
    assert gaps.note == "Not recorded for up to 15 people."


def test_a_funnel_names_units_outside_and_ranks_nobody() -> None:
    units = [
        row(
            NAME,
            "proportion",
            rate,
            term="dropout",
            dimensions=f"team={name}",
            numerator=round(100 * rate),
            denominator=100,
            n_patients=100,
            statistic=z,
        )
        for name, rate, z in (("North", 0.5, 2.6), ("South", 0.3, -0.8), ("West", 0.32, -0.5))
    ]
    spread = [
        row(NAME, estimand, 2.0 if estimand == "overdispersion" else 0.002, term="dropout", contrast="team", n_patients=300)
        for estimand in ("overdispersion", "variance")
    ]  # fmt: skip
    section = equity(released(*access(-0.19, -0.01), *units, *spread), None)
    assert section is not None
    figure = next(
        b for b in section.blocks if isinstance(b, Figure) and b.name == "funnel_dropout_team"
    )
    assert "outside the 95% limits: North" in figure.alternative
    assert "not a ranking" in figure.caption


def test_without_characteristics_it_says_not_measured_here() -> None:
    lacking = access(-0.1, 0.1)[-1]
    section = equity(released(lacking), None)
    assert section is not None
    assert "not measured here" in section.findings[0]
    assert equity(released(row("attendance", "mean", 3.0)), None) is None
