"""Linear mixed models with patient, therapist and service effects, exact and at national scale.

    y = X beta + Z b_patient + Z u_therapist + Z v_service + e

fitted by (restricted) maximum likelihood from sufficient statistics that one pass over the rows
makes (`naturalistic.stats.lmm.reduction`). Estimates, standard errors and Satterthwaite degrees of
freedom are those of R's lme4 and lmerTest; the two-occasion model with an unstructured covariance
is that of nlme (``corSymm`` with ``varIdent``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy import stats

from naturalistic.stats.lmm.blocks import FloatArray
from naturalistic.stats.lmm.checks import ModelInput, check_labels, fit_obstacle, prepare_input
from naturalistic.stats.lmm.columns import centre_columns, check_rank
from naturalistic.stats.lmm.curvature import Curvature, fixed_covariance
from naturalistic.stats.lmm.inference import (
    VarianceComponent,
    satterthwaite_df,
    variance_components,
)
from naturalistic.stats.lmm.likelihood import Evaluation, LinearMixedLikelihood
from naturalistic.stats.lmm.notes import (
    degenerate_fit,
    model_formula,
    singular_notes,
    thin_level_notes,
)
from naturalistic.stats.lmm.optimise import Optimum, rough_minimum, sharpen
from naturalistic.stats.lmm.reduction import reduce_rows
from naturalistic.stats.lmm.statistics import finish_columns
from naturalistic.stats.lmm.structure import RandomRequest, random_structure


@dataclass(frozen=True, slots=True)
class FittedState:
    """What the follow-up analyses (predictions, profiles, bootstrap, deletion) start from."""

    likelihood: LinearMixedLikelihood
    evaluation: Evaluation
    curvature: Curvature
    model: ModelInput


@dataclass(frozen=True, eq=False)
class LinearMixedModelFit:
    """A fitted linear mixed model.

    Attributes
    ----------
    status : str
        ``ok`` or ``not_estimable``; then every number is NaN and `notes` says why.
    notes : tuple of str
        Everything a reader must know: columns left out, variances at zero, no convergence.
    formula : str
        The model actually fitted, in R's notation.
    terms : tuple of str
        Names of the p fixed effects.
    aliased : tuple of str
        Columns left out because earlier columns determine them.
    coefficients, std_errors, df, statistic, p_values, conf_low, conf_high : ndarray, shape (p,)
        Fixed effects with model-based standard errors, Satterthwaite degrees of freedom, t tests of
        zero and t intervals.
    covariance : ndarray, shape (p, p)
        Of the fixed effects.
    conf_level : float
    components : tuple of VarianceComponent
        Variances and covariances of the random part.
    sigma : float
        Residual standard deviation (of the first occasion in a two-occasion model, there the
        square root of variance minus covariance; NaN if the covariance exceeds the variance).
    loglik : float
        Restricted (`reml`) or full log-likelihood.
    reml : bool
    n_parameters : int
        Fixed effects plus variance parameters.
    aic, bic : float
        As lme4 defines them: ``-2 loglik + 2 k`` and ``-2 loglik + k log(n_rows)``.
    n_rows, n_patients, n_therapists, n_services : int
        Counts; 0 for a level that is not in the model.
    converged, singular : bool
        `singular`: some variance is zero or some correlation is plus or minus one.
    state : FittedState or None
        For the follow-up functions; None when not estimable.
    """

    status: str
    notes: tuple[str, ...]
    formula: str
    terms: tuple[str, ...]
    aliased: tuple[str, ...]
    coefficients: FloatArray
    std_errors: FloatArray
    covariance: FloatArray
    df: FloatArray
    statistic: FloatArray
    p_values: FloatArray
    conf_low: FloatArray
    conf_high: FloatArray
    conf_level: float
    components: tuple[VarianceComponent, ...]
    sigma: float
    loglik: float
    reml: bool
    n_parameters: int
    aic: float
    bic: float
    n_rows: int
    n_patients: int
    n_therapists: int
    n_services: int
    converged: bool
    singular: bool
    state: FittedState | None = field(default=None, repr=False)

    def component(self, key: str) -> VarianceComponent:
        """The component called ``group.name``, for instance ``therapist.intercept``.

        Raises
        ------
        ValueError
            When the model has no such component.
        """
        for component in self.components:
            if component.key == key:
                return component
        known = ", ".join(component.key for component in self.components)
        raise ValueError(f"no variance component {key!r}; the model has {known or 'none'}")

    def fitted(self) -> FittedState:
        """What the follow-up functions work on.

        Raises
        ------
        ValueError
            When the model could not be estimated.
        """
        if self.state is None:
            raise ValueError(f"the model was not fitted: {self.notes[0]}")
        return self.state


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
    return _fit(model, reml, conf_level)


def _fit(model: ModelInput, reml: bool, conf_level: float) -> LinearMixedModelFit:
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
        evaluation = rough_minimum(likelihood)
        degenerate = degenerate_fit(likelihood, evaluation)
    if degenerate:
        return not_estimable_fit(model, terms, left_out, degenerate, reml, conf_level, aliased)
    optimum = sharpen(likelihood, evaluation)
    return describe_fit(likelihood, optimum, model, terms, left_out, aliased, conf_level)


def describe_fit(
    likelihood: LinearMixedLikelihood,
    optimum: Optimum,
    model: ModelInput,
    terms: tuple[str, ...],
    left_out: tuple[str, ...],
    aliased: list[str],
    conf_level: float,
) -> LinearMixedModelFit:
    """Put a fitted optimum into words and numbers.

    Parameters
    ----------
    likelihood, optimum, model
        The model and where its likelihood is greatest.
    terms, left_out : tuple of str
        Fixed effects in the model and those left out.
    aliased : list of str
        Sentences about those left out.
    conf_level : float
    """
    evaluation, bend = optimum.evaluation, optimum.curvature
    structure = likelihood.structure
    sigma = float(np.sqrt(evaluation.residual_variance))
    coefficients = likelihood.rows.transform.coefficients(evaluation.inner)
    covariance = sigma**2 * fixed_covariance(likelihood, evaluation)
    std_errors = np.sqrt(np.diag(covariance))
    df = satterthwaite_df(covariance, bend)
    statistic = coefficients / std_errors
    margin = stats.t.ppf(0.5 + conf_level / 2.0, df) * std_errors
    components = variance_components(structure, evaluation.theta, sigma, bend)
    singular, notes = singular_notes(structure, evaluation.theta, components)
    if not optimum.converged:
        notes.insert(0, f"the fit did not converge: {optimum.message}")
    count = len(terms) + structure.size + 1
    if model.columns.strata == 2:
        first = next(c.value for c in components if c.group == "residual")
        sigma = float(np.sqrt(first)) if first >= 0.0 else float("nan")
    return LinearMixedModelFit(
        status="ok",
        notes=(*aliased, *notes, *thin_level_notes(likelihood)),
        formula=model_formula(model, terms),
        terms=terms,
        aliased=left_out,
        coefficients=coefficients,
        std_errors=std_errors,
        covariance=covariance,
        df=df,
        statistic=statistic,
        p_values=2.0 * stats.t.sf(np.abs(statistic), df),
        conf_low=coefficients - margin,
        conf_high=coefficients + margin,
        conf_level=conf_level,
        components=components,
        sigma=sigma,
        loglik=-0.5 * evaluation.deviance,
        reml=likelihood.reml,
        n_parameters=count,
        aic=evaluation.deviance + 2.0 * count,
        bic=evaluation.deviance + count * float(np.log(likelihood.rows.rows)),
        n_rows=likelihood.rows.rows,
        n_patients=model.n_patients,
        n_therapists=model.n_therapists,
        n_services=model.n_services,
        converged=optimum.converged,
        singular=singular,
        state=FittedState(likelihood, evaluation, bend, model.without_rows()),
    )


def not_estimable_fit(
    model: ModelInput,
    terms: tuple[str, ...],
    left_out: tuple[str, ...],
    reason: str,
    reml: bool,
    conf_level: float,
    aliased: Sequence[str] = (),
) -> LinearMixedModelFit:
    """A fit that says in `reason` why there is none."""
    empty = np.full(len(terms), np.nan)
    return LinearMixedModelFit(
        status="not_estimable",
        notes=(reason, *aliased),
        formula=model_formula(model, terms),
        terms=terms,
        aliased=left_out,
        coefficients=empty,
        std_errors=empty,
        covariance=np.full((len(terms), len(terms)), np.nan),
        df=empty,
        statistic=empty,
        p_values=empty,
        conf_low=empty,
        conf_high=empty,
        conf_level=conf_level,
        components=(),
        sigma=float("nan"),
        loglik=float("nan"),
        reml=reml,
        n_parameters=0,
        aic=float("nan"),
        bic=float("nan"),
        n_rows=len(model.source.outcome),
        n_patients=model.n_patients,
        n_therapists=model.n_therapists,
        n_services=model.n_services,
        converged=False,
        singular=False,
    )
