"""Discrete-time hazards: known truths come back, and what cannot be fitted is said."""

import numpy as np
import pytest

from naturalistic.stats.cox import fit_cox
from naturalistic.stats.discrete_time import fit_discrete_time_hazard
from naturalistic.stats.hazards.discrete_time_prediction import predict_hazard, predict_left_by

BASELINE = np.array([0.2, 0.12, 0.1, 0.08, 0.07, 0.06, 0.06, 0.05, 0.05, 0.05])


def cohort(n: int = 400, seed: int = 1) -> dict[str, np.ndarray]:
    """Leaving follows a cloglog model with coefficients 0.6 and -0.4; session 10 ends follow-up."""
    rng = np.random.default_rng(seed)
    design = np.column_stack([rng.integers(0, 2, n), rng.integers(0, 3, n) - 1.0])
    linear = design @ [0.6, -0.4]
    session, event = np.full(n, 10), np.zeros(n, dtype=bool)
    at_risk = np.ones(n, dtype=bool)
    for k, h in enumerate(BASELINE, start=1):
        leaves = at_risk & (rng.random(n) < 1 - (1 - h) ** np.exp(linear))
        session[leaves], event[leaves] = k, True
        at_risk &= ~leaves
    return {"session": session, "event": event, "design": design, "group": rng.integers(0, 9, n)}


def fit(data: dict[str, np.ndarray], **options: object):
    return fit_discrete_time_hazard(data["session"], data["event"], data["design"], **options)


def test_recovers_the_truth() -> None:
    result = fit(cohort(60_000), baseline="steps", step_starts=range(1, 11))
    assert np.all(np.abs(result.coefficients[-2:] - [0.6, -0.4]) < 4 * result.std_errors[-2:])
    assert result.std_errors[-1] < 0.02
    truth = np.log(-np.log(1 - BASELINE))
    assert np.all(np.abs(result.coefficients[:10] - truth) < 4 * result.std_errors[:10])
    left = predict_left_by(result, [[0, 0], [1, 1]], [1, 4, 10])
    expected = 1 - np.cumprod(1 - BASELINE)[[0, 3, 9]]
    assert np.all(np.abs(left.estimate[0] - expected) < 4 * left.std_error[0])
    assert np.all(left.conf_low < left.estimate)
    assert np.all(left.estimate < left.conf_high)


def test_agrees_with_efron_cox() -> None:
    data = cohort(60_000)
    result = fit(data, baseline="steps", step_starts=range(1, 11))
    cox = fit_cox(data["session"], data["event"], data["design"])
    # Efron's approximation to the grouped likelihood: a percent off where a fifth leaves at once.
    np.testing.assert_allclose(result.coefficients[-2:], cox.coefficients, rtol=1e-2)
    np.testing.assert_allclose(result.std_errors[-2:], cox.std_errors, rtol=1e-2)


def test_rows_may_come_in_any_order_be_split_or_counted() -> None:
    data = cohort()
    n = len(data["session"])
    first = fit(data, cluster=data["group"])
    order = np.random.default_rng(2).permutation(n)
    moved = {name: values[order] for name, values in data.items()}
    second = fit(moved, cluster=moved["group"])
    assert first.coefficients.tobytes() == second.coefficients.tobytes()
    assert first.covariance.tobytes() == second.covariance.tobytes()

    patterns, which, counted = np.unique(
        np.column_stack([data["session"], data["event"], data["design"], data["group"]]),
        axis=0,
        return_index=True,
        return_counts=True,
    )
    weighted = fit_discrete_time_hazard(
        patterns[:, 0], patterns[:, 1], patterns[:, 2:4], weights=counted, cluster=patterns[:, 4]
    )
    assert len(which) < n
    np.testing.assert_allclose(weighted.coefficients, first.coefficients, rtol=1e-10)
    np.testing.assert_allclose(weighted.covariance, first.covariance, rtol=1e-9)

    cut = np.minimum(data["session"], 3)
    later = data["session"] > 3
    split = fit_discrete_time_hazard(
        np.concatenate([cut, data["session"][later]]),
        np.concatenate([data["event"] & ~later, data["event"][later]]),
        np.vstack([data["design"], data["design"][later]]),
        entry=np.concatenate([np.zeros(n), cut[later]]),
    )
    np.testing.assert_allclose(split.coefficients, first.coefficients, rtol=1e-9)
    assert split.n_person_sessions == data["session"].sum()


def test_unit_of_a_covariate_carries_over() -> None:
    data = cohort()
    first = fit(data)
    second = fit(data | {"design": data["design"] * [1, 100] + [3, -5]})
    np.testing.assert_allclose(
        second.coefficients[-2:] * [1, 100], first.coefficients[-2:], rtol=1e-9
    )
    one, other = predict_left_by(first, [[1, 0]], [4]), predict_left_by(second, [[4, -5]], [4])
    np.testing.assert_allclose(one.std_error, other.std_error, rtol=1e-9)


def test_late_entry_leaves_early_sessions_out() -> None:
    data = cohort(5_000)
    late = data["session"] > 2
    result = fit_discrete_time_hazard(
        data["session"][late],
        data["event"][late],
        data["design"][late],
        entry=np.full(late.sum(), 2),
        baseline="steps",
        step_starts=range(3, 11),
    )
    assert result.first_session == 3
    assert np.all(np.abs(result.coefficients[-2:] - [0.6, -0.4]) < 4 * result.std_errors[-2:])
    with pytest.raises(ValueError, match="whole numbers from 3 to 10"):
        predict_hazard(result, [[0, 0]], [2])


def test_default_steps_hold_five_events_each() -> None:
    data = cohort(120)
    result = fit(data, baseline="steps")
    starts = [*result.baseline.places, np.inf]
    counts = np.histogram(data["session"][data["event"]], bins=starts)[0]
    assert counts.min() >= 5
    assert counts.sum() == data["event"].sum()
    assert result.terms[: result.n_baseline][-1].endswith("+")


def test_separation_and_aliasing_are_named() -> None:
    data = cohort()
    quiet = ~data["event"] & (data["session"] == 10)
    quiet &= np.cumsum(quiet) <= 20
    design = np.column_stack([data["design"], quiet, data["design"].sum(axis=1)])
    result = fit(data | {"design": design}, term_names=("cbt", "age", "quiet", "mix"))
    assert result.coefficients[-2] == -np.inf
    assert np.isnan(result.coefficients[-1])
    assert not result.converged
    assert any(n.startswith("quiet: no finite estimate") for n in result.notes)
    assert "mix is a linear combination of cbt, age; left out" in result.notes
    rest = {name: values[~quiet] for name, values in data.items()}
    limit = fit(rest, knots=result.baseline.places)
    kept = slice(0, len(limit.coefficients))
    np.testing.assert_allclose(result.coefficients[kept], limit.coefficients, rtol=1e-6)
    np.testing.assert_allclose(result.std_errors[kept], limit.std_errors, rtol=1e-6)
    assert result.estimate("quiet").status == "not_estimable"
    assert predict_hazard(result, [[0, 0, 0, 0]], [1]).status == "not_estimable"


def test_hazard_limits_stay_inside_and_level_is_used() -> None:
    data = cohort()
    wide, narrow = fit(data, conf_level=0.99), fit(data, conf_level=0.5)
    a, b = predict_hazard(wide, [[1, -1]], [1, 10]), predict_hazard(narrow, [[1, -1]], [1, 10])
    assert np.all((a.conf_low > 0) & (a.conf_high < 1))
    assert np.all((a.conf_low < b.conf_low) & (b.conf_high < a.conf_high))


def test_no_events_is_not_estimable() -> None:
    result = fit(cohort() | {"event": np.zeros(400)})
    assert result.status == "not_estimable"
    assert result.estimate("x1").status == "not_estimable"
    assert "no events" in result.estimate("x1").note
    assert predict_left_by(result, [[0, 0]], [3]).status == "not_estimable"
    assert result.n_person_sessions == cohort()["session"].sum()


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        ({"session": np.full(400, 1.5)}, {}, "whole numbers"),
        ({}, {"entry": np.full(400, 10)}, "entry must be smaller"),
        ({}, {"link": "probit"}, "link must be one of"),
        ({}, {"baseline": "loess"}, "baseline must be one of"),
        ({}, {"baseline": "steps", "step_starts": [2, 3]}, "begin at the first session"),
        ({}, {"baseline": "steps", "step_starts": [1, 11]}, "no event in the step"),
        ({}, {"term_names": ("a",)}, "2 different names"),
        ({}, {"weights": np.full(400, 0.5)}, "whole numbers"),
    ],
)
def test_misuse_is_refused(
    change: dict[str, np.ndarray], options: dict[str, object], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        fit(cohort() | change, **options)
