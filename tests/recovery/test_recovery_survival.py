"""Known cause-specific hazards come back, with intervals that cover as they say (small studies).

Limits are four Monte Carlo standard errors around the nominal value, the seeds fixed.
"""

import numpy as np
import pytest

from naturalistic.stats.competing_risks import aalen_johansen
from naturalistic.stats.fine_gray import fine_gray
from naturalistic.stats.grays_test import grays_test
from naturalistic.stats.hazards.fine_gray_prediction import (
    incidence_difference,
    standardised_incidence,
)
from naturalistic.stats.restricted_mean import restricted_mean_time, restricted_mean_time_lost
from naturalistic.stats.restricted_mean_comparison import compare_restricted_means
from naturalistic.stats.survival import kaplan_meier
from naturalistic.stats.survival_tests import log_rank

# hazards at each session: dropout falls, planned endings start at session 6; 20 sessions at most
SESSION = np.arange(1, 21)
DROPOUT = 0.12 * 0.93**SESSION
PLANNED = np.where(SESSION >= 6, 0.11, 0.0)
CENSORED = 0.03
STILL_HERE = np.concatenate([[1.0], np.cumprod(1 - DROPOUT - PLANNED)])
TRUE_DROPOUT = np.cumsum(STILL_HERE[:-1] * DROPOUT)
TRUE_PLANNED = np.cumsum(STILL_HERE[:-1] * PLANNED)


def simulate(rng: np.random.Generator, n: int, frailty: np.ndarray | float = 1.0):
    """Sessions and endings (1 dropout, 2 planned, 0 open); `frailty` multiplies the dropout hazard."""
    dropout = np.minimum(np.multiply.outer(np.broadcast_to(frailty, n), DROPOUT), 0.8)
    draw = rng.random((n, len(SESSION)))
    how = np.where(draw < dropout, 1, np.where(draw < dropout + PLANNED, 2, 0))
    how = np.where((how == 0) & (rng.random(how.shape) < CENSORED), 3, how)
    how[:, -1] = np.where(how[:, -1] == 0, 3, how[:, -1])
    first = (how > 0).argmax(axis=1)
    ending = how[np.arange(n), first]
    return first + 1, np.where(ending == 3, 0, ending)


def near(share: float, nominal: float, draws: int) -> bool:
    return abs(share - nominal) < 4 * np.sqrt(nominal * (1 - nominal) / draws)


def test_incidence_time_lost_and_their_intervals() -> None:
    rng, draws = np.random.default_rng(101), 600
    grid = np.array([4, 10, 18])
    truth = np.column_stack([TRUE_DROPOUT, TRUE_PLANNED])[grid - 1]
    lost_truth = (TRUE_DROPOUT * np.clip(16 - SESSION, 0, 1)).sum()
    estimates, covered, lost, lost_covered = [], [], [], []
    for _ in range(draws):
        curves = aalen_johansen(*simulate(rng, 250), n_causes=2)
        values = [curves.cause(j).at(grid) for j in (1, 2)]
        estimates.append(np.column_stack([v.estimate for v in values]))
        low = np.column_stack([v.conf_low for v in values])
        high = np.column_stack([v.conf_high for v in values])
        covered.append((low <= truth) & (truth <= high))
    for _ in range(draws):
        mean = restricted_mean_time_lost(*simulate(rng, 250), 16, n_causes=2)[0]
        lost.append(mean.estimate)
        lost_covered.append(mean.conf_low <= lost_truth <= mean.conf_high)
    spread = np.std(estimates, axis=0) / np.sqrt(draws)
    assert np.all(np.abs(np.mean(estimates, axis=0) - truth) < 4 * spread + 1e-12)
    shares = np.mean(covered, axis=0)
    # nobody ends as planned before session 6: there is no interval at session 4
    assert all(near(s, 0.95, draws) for s in shares.ravel()[[0, 2, 3, 4, 5]])
    assert abs(np.mean(lost) - lost_truth) < 4 * np.std(lost) / np.sqrt(draws)
    assert near(np.mean(lost_covered), 0.95, draws)


def test_left_truncation_is_not_a_bias() -> None:
    rng = np.random.default_rng(7)
    time, cause = simulate(rng, 60_000)
    entry = rng.integers(0, 12, len(time))
    seen = entry < time
    curves = aalen_johansen(time[seen], cause[seen], entry=entry[seen], n_causes=2)
    grid = [5, 10, 18]
    truth = TRUE_DROPOUT[np.array(grid) - 1]
    values = curves.cause(1).at(grid)
    assert np.all(np.abs(values.estimate - truth) < 4 * values.std_error)
    # leaving the entry out pretends that who dropped out early was never there
    naive = aalen_johansen(time[seen], cause[seen], n_causes=2).cause(1).at(grid)
    assert np.all(truth - naive.estimate > 10 * naive.std_error)


def test_one_minus_kaplan_meier_overstates_dropout() -> None:
    time, cause = simulate(np.random.default_rng(1), 20_000)
    km = kaplan_meier(time, cause == 1).at([18])
    aj = aalen_johansen(time, cause).cause(1).at([18])
    assert 1 - km.estimate[0] > aj.estimate[0] + 10 * aj.std_error[0]


def test_clustered_intervals_cover_when_therapists_differ() -> None:
    rng, draws = np.random.default_rng(33), 300
    therapist = np.repeat(np.arange(60), 10)
    big = rng.gamma(1.5, 1 / 1.5, 200_000)
    time, cause = simulate(rng, len(big), big)
    truth = float(np.mean((time <= 10) & (cause == 1)))
    # the large sample has censoring too: its own consistent estimate is the truth
    truth = aalen_johansen(time, cause).cause(1).at([10]).estimate[0]
    hits = {"rows": 0, "therapists": 0}
    for _ in range(draws):
        frailty = rng.gamma(1.5, 1 / 1.5, 60)[therapist]
        time, cause = simulate(rng, 600, frailty)
        for name, cluster in (("rows", None), ("therapists", therapist)):
            values = aalen_johansen(time, cause, n_causes=2, cluster=cluster).cause(1).at([10])
            hits[name] += bool(values.conf_low[0] <= truth <= values.conf_high[0])
    # 60 clusters: the sandwich is a little short, the naive interval far too short
    assert 0.91 < hits["therapists"] / draws < 0.98
    assert hits["rows"] / draws < 0.85


def test_tests_of_no_difference_hold_their_level_and_find_one() -> None:
    rng, draws = np.random.default_rng(12), 400
    rejected = {"gray": 0, "log-rank": 0, "mean": 0}
    for _ in range(draws):
        time, cause = simulate(rng, 200)
        group = rng.integers(0, 2, 200)
        rejected["gray"] += grays_test(time, cause, group).p_value < 0.05
        rejected["log-rank"] += log_rank(time, cause == 1, group).p_value < 0.05
        comparison = compare_restricted_means(time, cause > 0, group, 15)
        rejected["mean"] += comparison.difference.p_value < 0.05
    for count in rejected.values():
        assert near(count / draws, 0.05, draws)
    group = np.repeat([0, 1], 400)
    time, cause = simulate(rng, 800, np.where(group == 1, 2.0, 1.0))
    assert grays_test(time, cause, group).p_value < 0.001


def test_restricted_mean_with_probability_weights_restores_the_population() -> None:
    # half the group with double dropout was not sampled; inverse probability weights put it back
    rng, draws = np.random.default_rng(5), 300
    truth_kept = []
    for hazard in (DROPOUT + PLANNED, 2 * DROPOUT + PLANNED):
        survival = np.concatenate([[1.0], np.cumprod(1 - hazard)])
        truth_kept.append(survival[:12].sum())
    truth, estimates, covered = np.mean(truth_kept), [], []
    for _ in range(draws):
        fragile = rng.integers(0, 2, 500)
        time, cause = simulate(rng, 500, np.where(fragile == 1, 2.0, 1.0))
        seen = (fragile == 0) | (rng.random(500) < 0.5)
        weights = np.where(fragile == 1, 2.0, 1.0)[seen]
        mean = restricted_mean_time(
            time[seen], cause[seen] > 0, 12, weights=weights, weight_kind="probability"
        )
        estimates.append(mean.estimate)
        covered.append(mean.conf_low <= truth <= mean.conf_high)
    assert abs(np.mean(estimates) - truth) < 4 * np.std(estimates) / np.sqrt(draws)
    assert near(np.mean(covered), 0.95, draws)


@pytest.mark.parametrize("convention", ["crr", "finegray"])
def test_subdistribution_hazard_ratios_come_back(convention: str) -> None:
    """Simulated as Fine and Gray (1999), section 4: F1(t|x) = 1 - {1 - p(1 - e^-t)}^exp(x'b)."""
    rng, draws, n = np.random.default_rng(77), 150, 300
    truth, p = np.array([0.6, -0.5]), 0.5
    # F1(1 | x) of two described persons: recorded time 10 is a time up to 1
    risks = 1 - (1 - p * (1 - np.exp(-1))) ** np.exp([truth[0], 0.0])
    estimates, covered, gap_covered, risk_covered = [], [], [], []
    for _ in range(draws):
        x = np.column_stack([rng.integers(0, 2, n), rng.normal(size=n)])
        power = np.exp(x @ truth)
        share = 1 - (1 - p) ** power
        first = rng.random(n) < share
        inner = (1 - (1 - rng.random(n) * share) ** (1 / power)) / p
        time = np.where(first, -np.log1p(-inner), rng.exponential(1 / np.exp(x[:, 0]), n))
        limit = rng.uniform(0.5, 3, n)
        cause = np.where(time <= limit, np.where(first, 1, 2), 0)
        # recorded in tenths: ties, with events before censorings
        fit = fine_gray(x, np.ceil(np.minimum(time, limit) * 10), cause, convention=convention)
        estimates.append(fit.coefficients)
        covered.append((fit.conf_low <= truth) & (truth <= fit.conf_high))
        risk = standardised_incidence(fit, [[1, 0]], [10])[0]
        risk_covered.append(risk.conf_low <= risks[0] <= risk.conf_high)
        gap = incidence_difference(fit, [[1, 0]], [[0, 0]], [10])[0]
        gap_covered.append(gap.conf_low <= risks[0] - risks[1] <= gap.conf_high)
    assert near(np.mean(risk_covered), 0.95, draws)
    assert near(np.mean(gap_covered), 0.95, draws)
    spread = np.std(estimates, axis=0)
    # Breslow ties and 300 rows: a bias of less than a tenth of the spread of the estimates
    assert np.all(
        np.abs(np.mean(estimates, axis=0) - truth) < 0.1 * spread + 4 * spread / np.sqrt(draws)
    )
    assert all(near(share, 0.95, draws) for share in np.mean(covered, axis=0))
