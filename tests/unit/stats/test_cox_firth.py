"""Firth-penalised Cox regression: its defining equation, separation, few events."""

import numpy as np
import pytest
from scipy import optimize

from naturalistic.stats.cox import fit_cox
from naturalistic.stats.cox_firth import fit_cox_firth
from naturalistic.stats.hazards.cox_data import prepare_cox_data
from naturalistic.stats.hazards.cox_penalty import PenalisedModel


def cohort(n: int = 60, seed: int = 4) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    design = np.column_stack([rng.integers(0, 2, n), rng.normal(size=n)]).astype(float)
    time = rng.integers(1, 15, n)
    event = rng.random(n) < 0.3
    return time, event, design


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_score_is_the_derivative_of_the_penalised_likelihood(ties: str) -> None:
    time, event, design = cohort()
    data = prepare_cox_data(time, event, design, entry=time - 1 - time // 2, ties=ties)
    model = PenalisedModel(data)
    at, step = np.array([0.4, -0.3]), 1e-5
    score = model.evaluate(at).score
    for j in range(2):
        ahead, behind = at.copy(), at.copy()
        ahead[j] += step
        behind[j] -= step
        rise = model.evaluate(ahead).loglik - model.evaluate(behind).loglik
        assert rise / (2 * step) == pytest.approx(score[j], rel=1e-7, abs=1e-8)


def test_seven_pairs_are_the_half_added_to_each_cell() -> None:
    # Two people at risk at every event make a logistic model, whose Firth estimate is known.
    time = np.repeat(np.arange(1, 8), 2)
    event, design, strata = np.zeros(14), np.zeros((14, 1)), np.repeat(np.arange(7), 2)
    event[::2], design[::2, 0] = 1, 1
    got = fit_cox_firth(time, event, design, strata=strata)
    # Firth's logistic intercept for 7 of 7 is log((7 + 1/2) / (0 + 1/2)).
    assert got.coefficients[0] == pytest.approx(np.log(7.5 / 0.5), rel=1e-8)
    assert got.conf_low[0] > 0
    assert np.isfinite(got.std_errors[0])


def test_separation_gives_a_finite_estimate_of_the_right_sign() -> None:
    time, event, design = cohort()
    quiet = ~event & (np.arange(60) % 3 == 0)
    plain = fit_cox(time, event, np.column_stack([design, quiet]), term_names=("a", "b", "quiet"))
    got = fit_cox_firth(
        time, event, np.column_stack([design, quiet]), term_names=("a", "b", "quiet")
    )
    assert plain.coefficients[2] == -np.inf
    assert -8 < got.coefficients[2] < -0.5
    assert got.conf_low[2] < got.coefficients[2] < got.conf_high[2]
    # Lopsided: no evidence how low the hazard is, good evidence that it is low.
    assert got.coefficients[2] - got.conf_low[2] > got.conf_high[2] - got.coefficients[2]
    assert any(note.startswith("quiet = 1: ") for note in got.notes)
    assert got.estimate("quiet").status == "ok"


def test_close_to_the_unpenalised_fit_with_many_events() -> None:
    rng = np.random.default_rng(1)
    design = rng.normal(size=(3000, 2))
    time = np.ceil(rng.exponential(8, 3000) * np.exp(-design @ [0.5, -0.2]))
    plain, got = fit_cox(time, np.ones(3000), design), fit_cox_firth(time, np.ones(3000), design)
    np.testing.assert_allclose(got.coefficients, plain.coefficients, atol=2e-3)
    np.testing.assert_allclose(got.conf_low, plain.conf_low, atol=2e-3)
    np.testing.assert_allclose(got.conf_high, plain.conf_high, atol=2e-3)


def test_units_row_order_and_aliases() -> None:
    time, event, design = cohort()
    first = fit_cox_firth(time, event, design)
    order = np.random.default_rng(0).permutation(60)
    moved = fit_cox_firth(time[order], event[order], design[order])
    assert moved.coefficients.tobytes() == first.coefficients.tobytes()
    assert moved.conf_low.tobytes() == first.conf_low.tobytes()
    scaled = fit_cox_firth(time, event, design * [10, 1] + 5)
    np.testing.assert_allclose(scaled.conf_high * [10, 1], first.conf_high, rtol=1e-8)
    doubled = fit_cox_firth(time, event, np.column_stack([design, design[:, 0]]))
    assert np.isnan(doubled.coefficients[2])
    assert np.isnan(doubled.p_values[2])
    np.testing.assert_allclose(doubled.coefficients[:2], first.coefficients, rtol=1e-9)
    assert doubled.estimate("x3").status == "not_estimable"


def test_level_decides_width_and_p_value_matches_limits() -> None:
    time, event, design = cohort()
    first = fit_cox_firth(time, event, design)
    at_p = fit_cox_firth(time, event, design, conf_level=1 - float(first.p_values[0]))
    # At the level one less p the interval touches zero.
    touching = min(abs(at_p.conf_low[0]), abs(at_p.conf_high[0]))
    assert touching == pytest.approx(0, abs=1e-7)


def test_nothing_to_estimate_is_said() -> None:
    time, _, design = cohort()
    got = fit_cox_firth(time, np.zeros(60), design)
    assert got.status == "not_estimable"
    assert "no events" in got.estimate("x1").note
    with pytest.raises(ValueError, match="no term"):
        got.estimate("age")
    with pytest.raises(ValueError, match="2 different names"):
        fit_cox_firth(time, np.zeros(60), design, term_names=("a",))


def test_limits_where_the_likelihood_is_nearly_flat() -> None:
    """Four events, five terms: looked at again from elsewhere, the maximum is not above what may be lost."""
    time = [5, 9, 10, 10, 11, 12, 15, 15, 17, 18, 23, 23, 26, 31, 32, 33, 33, 33, 33, 45, 56]
    event = np.isin(np.arange(21), [0, 1, 4, 10])
    first = "14 -16 8 -1 11 -13 -10 2 3.5 -8.5 -23.5 -11.5 5 -29.5 -8.5 50 15.5 -13 8 -5.5 23"
    last = "47 -13 -112 -78 -6 -76 75 23 37 35 -25 -13 -140 -21 -21 5 -98 -82 -12 -32 50"
    levels = ["110001000011000011100", "000011001001000100000", "110010000110010011110"]
    design = np.column_stack(
        [
            np.array(first.split(), dtype=float) / 15,
            *(np.array(list(level), dtype=float) for level in levels),
            np.array(last.split(), dtype=float) / 50,
        ]
    )
    got = fit_cox_firth(time, event, design)
    data = prepare_cox_data(np.array(time), event, design, entry=None, ties="efron")
    model = PenalisedModel(data)
    scale = data.scale
    top = model.evaluate(got.coefficients * scale).loglik
    assert top == pytest.approx(got.loglik, abs=1e-9)
    for limits in (got.conf_low, got.conf_high):
        assert np.isfinite(limits).all()
        for j, limit in enumerate(limits * scale):
            here = got.coefficients * scale
            for value in np.linspace(here[j], limit, 15)[1:]:  # step by step along the profile
                best = optimize.minimize(
                    lambda b, j=j, v=value: -model.evaluate(np.insert(b, j, v)).loglik,
                    np.delete(here, j),
                    jac=lambda b, j=j, v=value: (
                        -np.delete(model.evaluate(np.insert(b, j, v)).score, j)
                    ),
                    method="L-BFGS-B",
                    options={"ftol": 1e-15, "gtol": 1e-8, "maxiter": 5000},
                )
                here = np.insert(best.x, j, value)
            assert 2 * (top + best.fun) == pytest.approx(3.841459, abs=1e-3)
