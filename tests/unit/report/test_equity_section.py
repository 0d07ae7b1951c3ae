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
        (-0.19, -0.004, "male against female (gender), −10.0 percentage points (−19.0 to −0.4)"),
        (-0.19, -0.01, "stands clear of chance: male against female (gender), −10 percentage points (−19 to −1)"),
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


def uptake(ratio: tuple[float, float, float]) -> list[dict[str, Any]]:
    rows = []
    for term in ("referred", "started"):
        rows += [
            row(
                NAME,
                "rate_per_100000",
                rate,
                term=term,
                dimensions=f"gender={level}",
                conf_low=rate - 10,
                conf_high=rate + 10,
                n_patients=200,
            )
            for level, rate in {"female": 90.0, "male": 60.0}.items()
        ]
        estimate, low, high = ratio
        rows.append(
            row(
                NAME,
                "ratio_to_reference",
                estimate,
                term=term,
                dimensions="gender=male",
                contrast="male vs female",
                conf_low=low,
                conf_high=high,
                n_patients=200,
            )
        )
    return rows


def test_uptake_by_group_with_its_ratio() -> None:
    section = equity(released(*access(-0.19, -0.01), *uptake((0.67, 0.55, 0.81))), None)
    assert section is not None
    said = next(text for text in section.findings if "per 100,000" in text)
    assert said == (
        "Differences clear of chance in people referred per 100,000: by gender, male against female: 0.67 (95% interval "
        "0.55 to 0.81) times the rate."
    )
    figure = next(b for b in section.blocks if isinstance(b, Figure) and b.name == "equity_uptake")
    assert "from 60.0 (50.0 to 70.0) (male) to 90.0" in figure.alternative
    table = next(b for b in section.blocks if isinstance(b, Table) and "started, per" in b.caption)
    assert table.rows[1] == (
        "Gender: male",
        "60.0 (50.0 to 70.0)",
        "0.67 (0.55 to 0.81) of female",
        "60.0 (50.0 to 70.0)",
        "0.67 (0.55 to 0.81) of female",
    )
    unclear = equity(released(*access(-0.19, -0.01), *uptake((0.9, 0.7, 1.2))), None)
    assert unclear is not None
    assert any(
        text.startswith("No difference between groups in people referred")
        for text in unclear.findings
    )


@pytest.mark.parametrize(
    ("note", "said"),
    [
        ("state equity.populations (people by group) to have uptake", "no numbers of people by group"),
        ("the dates that a rate a year needs are not held", "the dates that a rate a year needs"),
    ],
)  # fmt: skip
def test_uptake_that_is_not_measured_says_so_and_heads_nothing(note: str, said: str) -> None:
    lacking = row(NAME, "rate_per_100000", term="referred", status="not_measured", note=note)
    section = equity(released(*access(-0.19, -0.01), lacking), None)
    assert section is not None
    text = next(text for text in section.findings if "per 100,000" in text)
    assert "not measured here" in text and said in text
    assert not any(getattr(b, "text", "").startswith("Uptake") for b in section.blocks)


def test_a_ratio_the_data_cannot_give_says_why() -> None:
    ratio = row(
        NAME,
        "ratio_to_reference",
        term="access",
        dimensions="gender=male",
        contrast="male vs female",
        status="not_estimable",
        note="too few people or events: one of the two figures is not clear of 0",
    )
    section = equity(released(*access(-0.19, -0.01), ratio), None)
    assert section is not None
    gaps = next(b for b in section.blocks if isinstance(b, Table) and b.caption.startswith("Gaps"))
    assert gaps.rows[0][2] == "cannot be estimated"
    assert "cannot be estimated: too few people or events" in gaps.note
