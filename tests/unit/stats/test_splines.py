"""Restricted cubic splines: the properties that define them, and one value worked by hand."""

import numpy as np
import pytest

from naturalistic.stats.splines import restricted_cubic_spline, spline_knots

KNOTS = np.array([2.0, 5.0, 9.0, 20.0])


def test_first_column_is_the_value_and_a_worked_value() -> None:
    basis = restricted_cubic_spline([7.0], KNOTS)
    assert basis.shape == (1, 3)
    # (7-2)^3 / 18^2 and (7-5)^3 / 18^2; the other two terms are zero below 9.
    np.testing.assert_allclose(basis[0], [7.0, 125 / 324, 8 / 324], rtol=1e-15)


def test_linear_outside_the_knots() -> None:
    for ends in ([-10.0, -5.0, 0.0, 2.0], [20.0, 25.0, 40.0, 60.0]):
        x = np.array(ends)
        basis = restricted_cubic_spline(x, KNOTS)
        slopes = np.diff(basis, axis=0) / np.diff(x)[:, None]
        np.testing.assert_allclose(slopes, np.broadcast_to(slopes[0], slopes.shape), atol=1e-9)


def test_two_derivatives_are_continuous_at_the_knots() -> None:
    step = 1e-4
    for knot in KNOTS:
        left, right = (
            np.diff(restricted_cubic_spline(knot + sign * step * np.arange(4), KNOTS), 2, axis=0)[0]
            / step**2
            for sign in (-1, 1)
        )
        np.testing.assert_allclose(left, right, atol=1e-3)


def test_basis_spans_any_natural_cubic_spline() -> None:
    from scipy.interpolate import CubicSpline

    curve = CubicSpline(KNOTS, [1.0, 3.0, -2.0, 0.5], bc_type="natural")
    x = np.linspace(2, 20, 200)
    design = np.column_stack([np.ones(200), restricted_cubic_spline(x, KNOTS)])
    fitted = design @ np.linalg.lstsq(design, curve(x), rcond=None)[0]
    np.testing.assert_allclose(fitted, curve(x), atol=1e-10)


def test_knots_are_harrells_quantiles() -> None:
    np.testing.assert_allclose(spline_knots(np.arange(101.0), 5), [5, 27.5, 50, 72.5, 95])
    sessions = np.repeat([1, 2, 3, 30], [60, 20, 10, 5])
    assert np.array_equal(spline_knots(sessions, 4, whole=True), [1, 2, 3, 11])
    with pytest.raises(ValueError, match="coincide"):
        spline_knots(np.repeat([1, 2], [90, 10]), 4)


def test_misuse_is_refused() -> None:
    with pytest.raises(ValueError, match="between 3 and 7"):
        spline_knots([1.0, 2.0], 2)
    with pytest.raises(ValueError, match="none missing"):
        spline_knots([1.0, np.nan], 3)
    with pytest.raises(ValueError, match="increasing"):
        restricted_cubic_spline([1.0], [1.0, 1.0, 2.0])
