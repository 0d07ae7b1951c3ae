"""The test of proportional hazards finds what was put in, and says when it cannot look."""

import numpy as np
import pytest

from naturalistic.stats.cox import fit_cox
from naturalistic.stats.proportional_hazards import check_proportional_hazards


def crossing_hazards(seed: int = 1, n: int = 600) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """x1 acts only in the first five sessions; x2 acts the same throughout."""
    rng = np.random.default_rng(seed)
    design = rng.integers(0, 2, (n, 2)).astype(float)
    time, alive = np.full(n, 30.0), np.ones(n, dtype=bool)
    for session in range(1, 31):
        early = session <= 5
        hazard = 0.06 * np.exp(1.2 * early * design[:, 0] + 0.5 * design[:, 1])
        leaves = alive & (rng.random(n) < hazard)
        time[leaves], alive = session, alive & ~leaves
    return time, ~alive, design


def test_finds_the_covariate_whose_effect_fades() -> None:
    time, event, design = crossing_hazards()
    fit = fit_cox(time, event, design, term_names=("fades", "lasts"))
    result = check_proportional_hazards(fit)
    assert result.tests[0].p_value < 1e-4
    assert result.tests[1].p_value > 0.01
    assert result.overall.p_value < 1e-3
    assert result.overall.df == 2


def test_covariates_unit_and_row_order_do_not_matter() -> None:
    time, event, design = crossing_hazards()
    first = check_proportional_hazards(fit_cox(time, event, design), transform="rank")
    order = np.random.default_rng(0).permutation(len(time))
    moved = check_proportional_hazards(
        fit_cox(time[order], event[order], design[order]), transform="rank"
    )
    assert moved == first
    scaled = check_proportional_hazards(
        fit_cox(time, event, design * [10, 1] - 3), transform="rank"
    )
    assert scaled.tests[0].statistic == pytest.approx(first.tests[0].statistic, rel=1e-8)


@pytest.mark.parametrize("transform", ["km", "rank"])
def test_frequency_weights_are_repeated_rows(transform: str) -> None:
    time, event, design = crossing_hazards(n=150)
    times = np.random.default_rng(2).integers(1, 4, 150)
    rows = np.repeat(np.arange(150), times)
    weighted = fit_cox(time, event, design, weights=times, frequency=True)
    repeated = fit_cox(time[rows], event[rows], design[rows])
    first = check_proportional_hazards(weighted, transform=transform)
    second = check_proportional_hazards(repeated, transform=transform)
    assert first.overall.statistic == pytest.approx(second.overall.statistic, rel=1e-9)


def test_groups_are_tested_together_and_aliased_columns_do_not_count() -> None:
    time, event, design = crossing_hazards()
    design = np.column_stack([design, design.sum(axis=1)])
    fit = fit_cox(time, event, design, term_names=("a", "b", "a_plus_b"))
    result = check_proportional_hazards(fit, groups={"both": ("a", "b")})
    assert result.terms == ("both", "a_plus_b")
    assert result.tests[0] == result.overall
    assert np.isnan(result.tests[1].statistic)
    assert result.tests[1].df == 0


def test_without_estimates_there_is_no_test() -> None:
    time, _, design = crossing_hazards()
    fit = fit_cox(time, np.zeros(len(time)), design)
    result = check_proportional_hazards(fit)
    assert result.status == "not_estimable"
    assert "no events" in result.note


def test_misuse_is_refused() -> None:
    time, event, design = crossing_hazards()
    fit = fit_cox(time, event, design)
    with pytest.raises(ValueError, match="transform must be one of"):
        check_proportional_hazards(fit, transform="sqrt")
    with pytest.raises(ValueError, match="no term"):
        check_proportional_hazards(fit, groups={"g": ("age",)})
    with pytest.raises(ValueError, match="needs event times above zero"):
        check_proportional_hazards(fit_cox(time - 1, event, design), transform="log")
