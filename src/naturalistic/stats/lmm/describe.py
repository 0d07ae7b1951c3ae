"""From the optimum of a linear mixed model to the result a caller sees."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

import numpy as np
from scipy import stats

from naturalistic.stats.lmm.blocks import FloatArray
from naturalistic.stats.lmm.checks import ModelInput
from naturalistic.stats.lmm.curvature import fixed_covariance
from naturalistic.stats.lmm.inference import satterthwaite_df, variance_components
from naturalistic.stats.lmm.likelihood import LinearMixedLikelihood
from naturalistic.stats.lmm.notes import model_formula, singular_notes, thin_level_notes
from naturalistic.stats.lmm.optimise import Optimum
from naturalistic.stats.lmm.result import FittedState, LinearMixedModelFit


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
    covariance = sigma**2 * fixed_covariance(likelihood, evaluation)
    coefficients = likelihood.rows.transform.coefficients(evaluation.inner)
    df = satterthwaite_df(covariance, bend)
    components = variance_components(structure, evaluation.theta, sigma, bend)
    singular, notes = singular_notes(structure, evaluation.theta, components)
    if not optimum.converged:
        notes.insert(0, f"the fit did not converge: {optimum.message}")
    if model.columns.strata == 2:
        first = next(c.value for c in components if c.group == "residual")
        sigma = float(np.sqrt(first)) if first >= 0.0 else float("nan")
    count = len(terms) + structure.size + 1
    return LinearMixedModelFit(
        **_asked(model, terms, left_out, conf_level),
        **_fixed_effects(coefficients, covariance, df, conf_level),
        status="ok",
        notes=(*aliased, *notes, *thin_level_notes(likelihood)),
        components=components,
        sigma=sigma,
        loglik=-0.5 * evaluation.deviance,
        reml=likelihood.reml,
        n_parameters=count,
        aic=evaluation.deviance + 2.0 * count,
        bic=evaluation.deviance + count * float(np.log(likelihood.rows.rows)),
        n_rows=likelihood.rows.rows,
        converged=optimum.converged,
        singular=singular,
        state=FittedState(likelihood, evaluation, bend, model.without_rows()),
    )


class _FixedEffects(TypedDict):
    """The fixed effects of a result."""

    coefficients: FloatArray
    std_errors: FloatArray
    covariance: FloatArray
    df: FloatArray
    statistic: FloatArray
    p_values: FloatArray
    conf_low: FloatArray
    conf_high: FloatArray


def _fixed_effects(
    coefficients: FloatArray, covariance: FloatArray, df: FloatArray, conf_level: float
) -> _FixedEffects:
    """Tests of zero and limits."""
    std_errors = np.sqrt(np.diag(covariance))
    statistic = coefficients / std_errors
    margin = stats.t.ppf(0.5 + conf_level / 2.0, df) * std_errors
    return {
        "coefficients": coefficients,
        "std_errors": std_errors,
        "covariance": covariance,
        "df": df,
        "statistic": statistic,
        "p_values": 2.0 * stats.t.sf(np.abs(statistic), df),
        "conf_low": coefficients - margin,
        "conf_high": coefficients + margin,
    }


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
        **_asked(model, terms, left_out, conf_level),
        **_fixed_effects(empty, np.full((len(terms), len(terms)), np.nan), empty, conf_level),
        status="not_estimable",
        notes=(reason, *aliased),
        components=(),
        sigma=float("nan"),
        loglik=float("nan"),
        reml=reml,
        n_parameters=0,
        aic=float("nan"),
        bic=float("nan"),
        n_rows=len(model.source.outcome),
        converged=False,
        singular=False,
    )


class _Asked(TypedDict):
    """What a result has from what was asked, whether there are numbers or not."""

    formula: str
    terms: tuple[str, ...]
    aliased: tuple[str, ...]
    conf_level: float
    n_patients: int
    n_therapists: int
    n_services: int


def _asked(
    model: ModelInput, terms: tuple[str, ...], left_out: tuple[str, ...], conf_level: float
) -> _Asked:
    return {
        "formula": model_formula(model, terms),
        "terms": terms,
        "aliased": left_out,
        "conf_level": conf_level,
        "n_patients": model.n_patients,
        "n_therapists": model.n_therapists,
        "n_services": model.n_services,
    }
