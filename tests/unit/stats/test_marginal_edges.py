"""Population-averaged fits that leave nothing to judge an error by say so."""

import numpy as np

from naturalistic.stats.marginal_models import fit_cluster_robust_glm


def test_as_many_coefficients_as_rows() -> None:
    design = np.column_stack([np.ones(3), [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    fit = fit_cluster_robust_glm(
        [1.0, 2.0, 3.0], design, family="binomial", trials=[5.0, 6.0, 7.0], cluster=[1, 2, 3]
    )
    assert fit.status == "not_estimable"
    assert any("no more rows (3) than coefficients (3)" in note for note in fit.notes)


def test_clusters_that_fit_exactly_give_no_standard_error() -> None:
    group = np.repeat([0.0, 1.0], 6)
    design = np.column_stack([np.ones(12), group])
    events = np.where(group == 1.0, 2.0, 1.0)
    fit = fit_cluster_robust_glm(
        events, design, family="binomial", trials=np.full(12, 4.0), cluster=np.arange(12)
    )
    assert fit.status == "ok"
    known = np.isfinite(fit.standard_errors)
    assert not known.any() or (fit.standard_errors[known] > 0).all()
    assert known.all() or any("no standard error" in note for note in fit.notes)
