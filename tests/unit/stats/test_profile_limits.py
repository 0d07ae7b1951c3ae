"""Profile limits of a therapist variance of zero exist when few people carry many terms."""

import numpy as np
import pytest

from naturalistic.stats.generalised_mixed_model import fit_generalised_mixed_model


@pytest.mark.parametrize("seed", range(3))
def test_upper_limit_where_the_variance_is_estimated_as_zero(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = 22
    design = np.column_stack([np.ones(n), rng.normal(size=(n, 4)), rng.random((n, 2)) < 0.3])
    counts = 1 + rng.negative_binomial(1.7, 1.7 / 21.7, n)
    group = rng.integers(0, 12, n)
    limits = []
    for level in (0.8, 0.95):
        fit = fit_generalised_mixed_model(
            counts, design, family="nb2", group=group, profile=True, conf_level=level
        )
        effect = fit.random_effects[0]
        assert effect.profile_conf_low <= effect.standard_deviation < effect.profile_conf_high
        limits.append(effect.profile_conf_high)
    assert limits[0] < limits[1]
