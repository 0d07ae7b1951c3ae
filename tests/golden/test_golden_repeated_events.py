"""What follows a missed session, against every order of each person's bookings enumerated in R."""

import json
from pathlib import Path

import numpy as np
import pytest

from naturalistic.stats.repeated_events import repeated_events

GOLDEN = json.loads((Path(__file__).parent / "repeated_events.json").read_text())


@pytest.mark.parametrize(
    "name",
    (
        "after_event",
        "after_none",
        "expected_after_event",
        "expected_after_none",
        "total",
        "between",
        "within",
    ),
)
def test_estimates_and_errors_equal_the_enumeration(name: str) -> None:
    found = getattr(repeated_events(GOLDEN["event"], GOLDEN["person"]), name)
    np.testing.assert_allclose([found.estimate, found.std_error], GOLDEN[name], rtol=1e-10)


def test_permutation_p_value_and_counts() -> None:
    found = repeated_events(GOLDEN["event"], GOLDEN["person"])
    assert found.within.p_value == pytest.approx(GOLDEN["p_value"], rel=1e-10)
    assert (found.n_people, found.n_pairs) == (GOLDEN["n_people"], GOLDEN["n_pairs"])
