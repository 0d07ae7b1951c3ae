"""The linear mixed model: agreement with dense algebra, invariances, and failures that explain."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from naturalistic.stats.linear_mixed_model import LinearMixedModelFit, fit_linear_mixed_model
from naturalistic.stats.lmm.reduction import reduce_rows


@dataclass
class Rows:
    outcome: np.ndarray
    design: np.ndarray
    patient: np.ndarray
    time: np.ndarray
    therapist: np.ndarray
    service: np.ndarray

    def fit(self, **options) -> LinearMixedModelFit:
        return fit_linear_mixed_model(self.outcome, self.design, self.patient, **options)

    def take(self, index: np.ndarray) -> Rows:
        return Rows(*(getattr(self, name)[index] for name in self.__dataclass_fields__))


def make_rows(seed: int = 3, patients: int = 60, therapists: int = 8, crossing: int = 0) -> Rows:
    random = np.random.default_rng(seed)
    counts = random.integers(1, 6, patients)
    patient = np.repeat(np.arange(patients), counts)
    time = np.concatenate([np.sort(random.uniform(0, 10, k)) for k in counts])
    home = random.integers(0, therapists, patients)
    therapist = home[patient]
    therapist = np.where((patient < crossing) & (time > 5), (therapist + 1) % therapists, therapist)
    service = therapist % 3
    age = random.normal(40, 10, patients)[patient]
    outcome = 15 - 0.7 * time + 0.05 * age + random.normal(0, 3, patients)[patient]
    outcome += random.normal(0, 0.4, patients)[patient] * time
    outcome += (
        random.normal(0, 1.5, therapists) + 0.3 * time[:, None] * random.normal(0, 1, therapists)
    )[np.arange(len(time)), therapist]
    outcome += random.normal(0, 1.0, 3)[service] + random.normal(0, 2, len(time))
    design = np.column_stack([np.ones(len(time)), time, age])
    return Rows(outcome, design, patient, time, therapist, service)


def dense_deviance(rows: Rows, fit: LinearMixedModelFit, slopes: dict[str, bool]) -> float:
    """Minus twice the REML log-likelihood at the fitted components, by n x n algebra."""
    n, p = rows.design.shape
    covariance = np.eye(n) * fit.component("residual.all").value
    for level, slope in slopes.items():
        codes = getattr(rows, level)
        basis = np.column_stack([np.ones(n), rows.time])[:, : 2 if slope else 1]
        block = np.array([[fit.component(f"{level}.intercept").value]])
        if slope:
            off = fit.component(f"{level}.covariance").value
            block = np.array([[block[0, 0], off], [off, fit.component(f"{level}.slope").value]])
        covariance += (basis @ block @ basis.T) * (codes[:, None] == codes[None])
    inverse = np.linalg.inv(covariance)
    information = rows.design.T @ inverse @ rows.design
    beta = np.linalg.solve(information, rows.design.T @ inverse @ rows.outcome)
    residual = rows.outcome - rows.design @ beta
    np.testing.assert_allclose(fit.coefficients, beta, rtol=1e-8)
    np.testing.assert_allclose(fit.covariance, np.linalg.inv(information), rtol=1e-6)
    log_determinants = np.linalg.slogdet(covariance)[1] + np.linalg.slogdet(information)[1]
    return float(residual @ inverse @ residual + log_determinants + (n - p) * np.log(2 * np.pi))


@pytest.mark.parametrize("crossing", [0, 9])
@pytest.mark.parametrize("slopes", [(False, False), (True, False), (True, True), (False, True)])
@pytest.mark.parametrize("levels", ["patient", "patient therapist", "patient therapist service"])
def test_likelihood_and_fixed_effects_equal_dense_algebra(
    crossing: int, slopes: tuple[bool, bool], levels: str
) -> None:
    rows = make_rows(crossing=crossing)
    used = {"patient": slopes[0]}
    options: dict = {"time": rows.time, "random_slope": slopes[0]}
    if "therapist" in levels:
        options |= {"therapist": rows.therapist, "therapist_slope": slopes[1]}
        used["therapist"] = slopes[1]
    if "service" in levels:
        options |= {"service": rows.service, "service_slope": slopes[1]}
        used["service"] = slopes[1]
    fit = rows.fit(**options)
    assert -2 * fit.loglik == pytest.approx(dense_deviance(rows, fit, used), abs=1e-7)


def test_row_order_and_identifiers_do_not_matter() -> None:
    rows = make_rows(crossing=7)
    first = rows.fit(time=rows.time, random_slope=True, therapist=rows.therapist)
    random = np.random.default_rng(1)
    shuffled = rows.take(random.permutation(len(rows.outcome)))
    shuffled.patient = random.permutation(10_000_000)[: rows.patient.max() + 1][shuffled.patient]
    shuffled.therapist = np.array([91, 5, 17, 80_000, 2, 44, 3, 12])[shuffled.therapist]
    second = shuffled.fit(
        time=shuffled.time,
        random_slope=True,
        therapist=shuffled.therapist.astype(np.int32),
    )
    assert second.loglik == pytest.approx(first.loglik, abs=1e-9)
    np.testing.assert_allclose(second.coefficients, first.coefficients, rtol=1e-6)
    np.testing.assert_allclose(second.df, first.df, rtol=1e-4)


def test_origin_and_unit_of_time_and_outcome() -> None:
    rows = make_rows()
    options = {"random_slope": True, "therapist": rows.therapist, "therapist_slope": True}
    first = rows.fit(time=rows.time, **options)
    moved = Rows(
        rows.outcome * 10.0 + 1e6,
        np.column_stack([np.ones(len(rows.time)), rows.time * 7 + 2e4, rows.design[:, 2] - 1e5]),
        *(rows.patient, rows.time * 7 + 2e4, rows.therapist, rows.service),
    )
    second = moved.fit(time=moved.time, **options)
    np.testing.assert_allclose(second.coefficients[1] * 0.7, first.coefficients[1], rtol=1e-6)
    np.testing.assert_allclose(second.df[1:], first.df[1:], rtol=1e-4)
    slope = second.component("therapist.slope").value * 0.49
    assert slope == pytest.approx(first.component("therapist.slope").value, rel=1e-4)


def test_pre_post_patterns_collapse_without_changing_anything() -> None:
    rows = make_rows(patients=90)
    kept = rows.take(np.arange(len(rows.time)))
    kept.time = np.concatenate([np.arange(k) for k in np.bincount(rows.patient)]).astype(float)
    kept.design = np.column_stack([np.ones(len(kept.time)), kept.time, rows.design[:, 2]])
    options = {"time": kept.time, "random_slope": True, "therapist": kept.therapist}
    collapsed = kept.fit(**options)
    assert collapsed.state is not None
    assert collapsed.state.likelihood.rows.collapsed is not None
    jitter = kept.take(np.arange(len(rows.time)))
    jitter.time = kept.time + 1e-9 * np.random.default_rng(0).normal(size=len(kept.time))
    plain = jitter.fit(**(options | {"time": jitter.time}))
    assert plain.state is not None
    assert plain.state.likelihood.rows.collapsed is None
    assert plain.loglik == pytest.approx(collapsed.loglik, abs=1e-5)
    np.testing.assert_allclose(plain.df, collapsed.df, rtol=1e-3)


def test_slices_of_rows_add_up() -> None:
    from naturalistic.stats.lmm.columns import RandomColumns, centre_columns
    from naturalistic.stats.lmm.reduction import RowSource

    rows = make_rows(crossing=9)
    columns = RandomColumns("time", rows.time.mean(), rows.time.std())
    source = RowSource(rows.outcome, rows.design, rows.time, rows.patient, rows.therapist)
    transform = centre_columns(rows.outcome, rows.design)
    whole = reduce_rows(source, columns, transform, 8)
    sliced = reduce_rows(source, columns, transform, 8, chunk=7)
    np.testing.assert_allclose(sliced.gram, whole.gram, rtol=1e-10, atol=1e-9)
    np.testing.assert_allclose(sliced.nested.products, whole.nested.products, atol=1e-9)
    assert sliced.crossing is not None
    assert whole.crossing is not None
    np.testing.assert_allclose(
        sliced.crossing.segment_products, whole.crossing.segment_products, atol=1e-9
    )


def test_collinear_columns_are_left_out_and_named() -> None:
    rows = make_rows()
    plain = rows.fit(therapist=rows.therapist)
    women = (rows.patient % 2).astype(float)
    rows.design = np.column_stack([rows.design, women, 1 - women, np.zeros(len(women))])
    names = ["(Intercept)", "time", "age", "woman", "man", "empty"]
    fit = rows.fit(therapist=rows.therapist, term_names=names)
    assert fit.aliased == ("man", "empty")
    assert fit.terms == ("(Intercept)", "time", "age", "woman")
    assert "man was left out: it is a linear combination of (Intercept), woman" in fit.notes
    assert any(note.startswith("empty was left out") for note in fit.notes)
    assert "man" not in fit.formula.replace("woman", "")
    assert len(fit.coefficients) == len(plain.coefficients) + 1


def test_formula_names_the_model_fitted() -> None:
    rows = make_rows()
    fit = rows.fit(
        time=rows.time,
        random_slope=True,
        therapist=rows.therapist,
        therapist_slope=True,
        service=rows.service,
        term_names=["1", "week", "age"],
        outcome_name="phq9",
        time_name="week",
    )
    random = "(1 + week | patient) + (1 + week | therapist) + (1 | service)"
    assert fit.formula == f"phq9 ~ 1 + week + age + {random}"
    assert (fit.n_patients, fit.n_therapists, fit.n_services) == (60, 8, 3)


def test_no_constant_column() -> None:
    rows = make_rows()
    both = np.column_stack([rows.patient % 2, 1 - rows.patient % 2, rows.time]).astype(float)
    with_constant = np.column_stack([np.ones(len(both)), both[:, 0], both[:, 2]])
    first = fit_linear_mixed_model(rows.outcome, both, rows.patient)
    second = fit_linear_mixed_model(rows.outcome, with_constant, rows.patient)
    assert first.coefficients[1] == pytest.approx(second.coefficients[0], rel=1e-6)
    assert first.coefficients[2] == pytest.approx(second.coefficients[2], rel=1e-6)


def _not_estimable(fit: LinearMixedModelFit, words: str) -> None:
    assert fit.status == "not_estimable"
    assert words in fit.notes[0]
    assert np.isnan(fit.coefficients).all()
    assert fit.components == ()
    assert fit.state is None


def test_what_cannot_be_estimated_says_why() -> None:
    rows = make_rows()
    _not_estimable(rows.fit(therapist=rows.therapist % 2), "at least 3 therapists, found 2")
    _not_estimable(rows.fit(therapist=rows.patient), "cannot be told apart")
    _not_estimable(
        rows.fit(therapist=rows.therapist, service=rows.therapist), "cannot be told apart"
    )
    _not_estimable(rows.take(np.arange(3)).fit(), "cannot carry 3 fixed effects")
    once = rows.take(np.unique(rows.patient, return_index=True)[1])
    _not_estimable(once.fit(), "cannot tell an intercept per patient")
    constant = make_rows()
    constant.outcome = constant.design @ np.array([1.0, 2.0, 3.0])
    _not_estimable(constant.fit(), "determine the outcome exactly")
    rigid = make_rows()
    rigid.outcome = rigid.outcome[np.unique(rigid.patient, return_index=True)[1]][rigid.patient]
    _not_estimable(rigid.fit(), "residual variance is zero")


def test_many_therapists_with_one_patient_are_mentioned() -> None:
    rows = make_rows()
    alone = np.where(rows.patient < 6, 100 + rows.patient, rows.therapist)
    fit = rows.fit(therapist=alone)
    assert any(note.startswith("6 of 14 therapists have a single patient") for note in fit.notes)
    assert not any("single patient" in note for note in rows.fit(therapist=rows.therapist).notes)


def test_misuse_is_refused() -> None:
    rows = make_rows()
    with pytest.raises(ValueError, match="needs time"):
        rows.fit(random_slope=True)
    with pytest.raises(ValueError, match="two values of time"):
        rows.fit(time=rows.time, occasion_variance=True)
    with pytest.raises(ValueError, match="one row per patient and occasion"):
        rows.fit(time=(rows.time > 5).astype(float), occasion_variance=True)
    with pytest.raises(ValueError, match="integer codes"):
        fit_linear_mixed_model(rows.outcome, rows.design, rows.patient.astype(float))
    with pytest.raises(ValueError, match="negative codes"):
        fit_linear_mixed_model(rows.outcome, rows.design, rows.patient - 1)
    with pytest.raises(ValueError, match="missing or infinite"):
        fit_linear_mixed_model(rows.outcome * np.nan, rows.design, rows.patient)
    with pytest.raises(ValueError, match="expected"):
        fit_linear_mixed_model(rows.outcome[1:], rows.design, rows.patient)
    with pytest.raises(ValueError, match="different names"):
        rows.fit(term_names=["a", "a", "b"])
    with pytest.raises(ValueError, match="conf_level"):
        rows.fit(conf_level=95)
    with pytest.raises(ValueError, match="no variance component"):
        rows.fit().component("therapist.slope")
