"""Linear mixed models with patient, therapist and service effects, exact and at national scale.

    y = X beta + Z b_patient + Z u_therapist + Z v_service + e

fitted by (restricted) maximum likelihood from sufficient statistics that one pass over the rows
makes (`naturalistic.stats.lmm.reduction`). Estimates, standard errors and Satterthwaite degrees of
freedom are those of R's lme4 and lmerTest; the two-occasion model with an unstructured covariance
is that of nlme (``corSymm`` with ``varIdent``).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from naturalistic.stats.lmm.checks import ModelInput, check_labels, fit_obstacle, prepare_input
from naturalistic.stats.lmm.columns import centre_columns, check_rank
from naturalistic.stats.lmm.describe import describe_fit, not_estimable_fit
from naturalistic.stats.lmm.likelihood import LinearMixedLikelihood
from naturalistic.stats.lmm.nearby import Nearby
from naturalistic.stats.lmm.notes import degenerate_fit
from naturalistic.stats.lmm.optimise import rough_minimum, sharpen
from naturalistic.stats.lmm.reduction import reduce_rows
from naturalistic.stats.lmm.result import FittedState, LinearMixedModelFit
from naturalistic.stats.lmm.statistics import finish_columns
from naturalistic.stats.lmm.structure import RandomRequest, random_structure

__all__ = ["FittedState", "LinearMixedModelFit", "fit_linear_mixed_model"]


def fit_linear_mixed_model(
    outcome: npt.ArrayLike,
    design: npt.ArrayLike,
    patient: npt.ArrayLike,
    *,
    time: npt.ArrayLike | None = None,
    random_slope: bool = False,
    occasion_variance: bool = False,
    therapist: npt.ArrayLike | None = None,
    therapist_slope: bool = False,
    service: npt.ArrayLike | None = None,
    service_slope: bool = False,
    patient_effect: bool = True,
    reml: bool = True,
    term_names: Sequence[str] | None = None,
    outcome_name: str = "outcome",
    time_name: str = "time",
    conf_level: float = 0.95,
    near: LinearMixedModelFit | None = None,
) -> LinearMixedModelFit:
    """Fit a linear mixed model by REML or ML.

    Estimand: the fixed effects beta (for patients with the same covariates, therapist and service
    effects of zero) and the variances between patients, therapists and services. The likelihood is
    that of Bates, Maechler, Bolker and Walker (2015), Journal of Statistical Software 67(1), eqs.
    34 and 41; degrees of freedom are Satterthwaite's (Kuznetsova, Brockhoff and Christensen 2017,
    ibid. 82(13), eqs. 6 to 8).

    Parameters
    ----------
    outcome : array_like, shape (n,)
        No missing values here or below.
    design : array_like, shape (n, p)
        Fixed-effect columns, the constant column among them. A column that earlier columns
        determine is left out and named in `aliased` and `notes`.
    patient : array_like of int, shape (n,)
        Patient identifiers, any non-negative integers in any order.
    time : array_like, shape (n,), optional
        Needed for slopes and for `occasion_variance`.
    random_slope : bool
        A patient slope on `time`, correlated with the intercept.
    occasion_variance : bool
        `time` takes two values: unstructured 2 x 2 covariance of a patient's two measurements
        (patient intercept plus residual variance by occasion; the covariance may be negative or
        exceed a variance). Patients with one of the two occasions count.
    therapist : array_like of int, shape (n,), optional
        Therapist intercept. Patients may have several therapists.
    therapist_slope : bool
        Therapist slope on `time`, correlated with the intercept: therapists differ in change.
    service : array_like of int, shape (n,), optional
        Service intercept. Therapists may work in several services.
    service_slope : bool
        Service slope on `time`, correlated with the intercept.
    patient_effect : bool
        False for one row per patient (final score given baseline): residuals are the patients.
    reml : bool
        Restricted maximum likelihood; False for maximum likelihood (to compare fixed effects).
    term_names : sequence of str, optional
        Names of the design columns; ``x1, x2, ...`` by default.
    outcome_name, time_name : str
        For the printed formula.
    conf_level : float
    near : LinearMixedModelFit, optional
        A fit of the same random effects with other fixed effects: in a large model the search for
        the maximum starts there and ends sooner, at the same maximum.

    Returns
    -------
    LinearMixedModelFit

    Raises
    ------
    ValueError
        Wrong shapes, missing values, contradictory options.
    """
    if not 0.0 < conf_level < 1.0:
        raise ValueError(f"conf_level must lie between 0 and 1, got {conf_level}")
    labels = check_labels(term_names, np.shape(design)[-1], outcome_name, time_name)
    request = RandomRequest(
        patient=patient_effect,
        patient_slope=random_slope,
        occasions=occasion_variance,
        therapist=therapist is not None,
        therapist_slope=therapist_slope,
        service=service is not None,
        service_slope=service_slope,
    )
    model = prepare_input(
        outcome,
        design,
        patient,
        time=time,
        therapist=therapist,
        service=service,
        request=request,
        labels=labels,
    )
    obstacle = fit_obstacle(model)
    if obstacle:
        return not_estimable_fit(model, labels.terms, (), obstacle, reml, conf_level)
    return _fit(model, reml, conf_level, near)


def _fit(
    model: ModelInput, reml: bool, conf_level: float, near: LinearMixedModelFit | None
) -> LinearMixedModelFit:
    """Reduce, check the rank, find the maximum."""
    names = model.labels.terms
    transform = centre_columns(model.source.outcome, model.source.design)
    reduced = reduce_rows(model.source, model.columns, transform, model.n_cells)
    rank = check_rank(reduced.total.sum(axis=0)[:-1, :-1])
    aliased = rank.describe(names, transform)
    terms = tuple(names[k] for k in rank.kept)
    left_out = tuple(names[k] for k in rank.aliased)
    rows = finish_columns(reduced, rank.kept)
    structure = random_structure(model.columns, model.request)
    likelihood = LinearMixedLikelihood(rows, structure, model.upper, reml)
    degenerate = degenerate_fit(likelihood)
    if not degenerate:
        evaluation = rough_minimum(likelihood, near=_nearby(near))
        degenerate = degenerate_fit(likelihood, evaluation)
    if degenerate:
        return not_estimable_fit(model, terms, left_out, degenerate, reml, conf_level, aliased)
    optimum = sharpen(likelihood, evaluation)
    return describe_fit(likelihood, optimum, model, terms, left_out, aliased, conf_level)


def _nearby(fit: LinearMixedModelFit | None) -> Nearby | None:
    """Where the search may start."""
    if fit is None or fit.state is None:
        return None
    return Nearby.of(fit.state.evaluation, fit.state.curvature)
