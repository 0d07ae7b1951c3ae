"""What a fitted generalised mixed model says about variation: shares, ratios, tests."""

from __future__ import annotations

import numpy as np
from scipy.special import chdtrc, expit, logit, ndtri

from naturalistic.stats.glmm.result import (
    GeneralisedMixedModelFit,
    RandomIntercept,
    finite_exp,
    normal_quantile,
)
from naturalistic.stats.result import Estimate, not_estimable

_LOGISTIC_VARIANCE = np.pi**2 / 3.0


def latent_variance_share(fit: GeneralisedMixedModelFit, label: str) -> Estimate:
    r"""Share of one random effect in the variance on the latent scale (intraclass correlation).

    .. math:: \frac{\sigma_k^2}{\sum_j \sigma_j^2 + v}

    with v the variance of a single row on the scale of the linear predictor: ``pi^2 / 3`` for
    the logit link, ``log(1 + 1 / m)`` for Poisson and ``log(1 + 1 / m + 1 / theta)`` for NB2,
    m being the mean count. The interval is the delta method's on the logit scale, with m fixed;
    for a single random effect (binomial, Poisson) with profile limits it follows from those.

    Parameters
    ----------
    fit : GeneralisedMixedModelFit
    label : str
        Which random effect, for instance ``therapist``.

    Returns
    -------
    Estimate
        0 without an interval where the variance was estimated as zero and has no profile limits.

    References
    ----------
    Nakagawa S, Johnson PCD, Schielzeth H (2017). J R Soc Interface 14, 20170213, table 2.
    """
    effect = fit.random_effect(label)
    method = f"variance share on the latent scale; {fit.method}"
    if fit.status != "ok":
        return not_estimable("; ".join(fit.notes), method=method, conf_level=fit.conf_level)
    profiled = (
        len(fit.random_effects) == 1
        and fit.family != "nb2"
        and np.isfinite(effect.profile_conf_low)
    )
    if effect.singular and not profiled:
        return _boundary(fit, effect, 0.0, method)
    row = _row_variance(fit)
    total = sum(other.variance for other in fit.random_effects) + row
    share, error = effect.variance / total, _share_error(fit, effect, total)
    if profiled:
        low, high = (
            1.0 - row / (row + limit**2)
            for limit in (effect.profile_conf_low, effect.profile_conf_high)
        )
        method += ", profile limits"
    else:
        reach = normal_quantile(fit.conf_level) * error / (share * (1.0 - share))
        low, high = expit(logit(share) - reach), expit(logit(share) + reach)
    return Estimate(
        share,
        error,
        float(low),
        float(high),
        fit.conf_level,
        method=method,
        note="; ".join(fit.notes),
    )


def _share_error(fit: GeneralisedMixedModelFit, effect: RandomIntercept, total: float) -> float:
    """Delta-method standard error; NaN for a variance of zero."""
    if effect.singular:
        return float("nan")
    p = len(fit.term_names)
    deviations = np.array([other.standard_deviation for other in fit.random_effects])
    gradient = np.zeros(len(fit.joint_covariance))
    places = p + np.arange(len(deviations))
    gradient[places] = -2.0 * deviations * effect.variance / total**2
    gradient[p + fit.random_effects.index(effect)] += 2.0 * effect.standard_deviation / total
    if fit.family == "nb2" and np.isfinite(fit.theta):
        # the row variance falls with log theta
        inner = 1.0 + 1.0 / fit.mean_count + 1.0 / fit.theta
        gradient[-1] = effect.variance / total**2 / (inner * fit.theta)
    known = np.isfinite(np.diag(fit.joint_covariance))
    known[:p] = False
    covariance = fit.joint_covariance[np.ix_(known, known)]
    return float(np.sqrt(gradient[known] @ covariance @ gradient[known]))


def _row_variance(fit: GeneralisedMixedModelFit) -> float:
    if fit.family == "binomial":
        return float(_LOGISTIC_VARIANCE)
    extra = 1.0 / fit.theta if fit.family == "nb2" else 0.0
    return float(np.log(1.0 + 1.0 / fit.mean_count + extra))


def _boundary(
    fit: GeneralisedMixedModelFit, effect: RandomIntercept, value: float, method: str
) -> Estimate:
    return Estimate(
        value,
        conf_level=fit.conf_level,
        method=method,
        note=f"the variance of {effect.label} is estimated as 0: no Wald interval exists there",
    )


def median_odds_ratio(fit: GeneralisedMixedModelFit, label: str) -> Estimate:
    r"""Median odds ratio (logit link) or median rate ratio (log link) between two levels.

    For the same patient, two levels (therapists) drawn at random, the higher against the lower:
    the median of their ratio is

    .. math:: \exp(\sqrt{2}\, \sigma\, \Phi^{-1}(3/4)).

    Parameters
    ----------
    fit : GeneralisedMixedModelFit
    label : str
        Which random effect.

    Returns
    -------
    Estimate
        Limits from the profile likelihood of the standard deviation where the fit has them,
        otherwise from the Wald interval of its logarithm (none at a variance of zero).

    References
    ----------
    Larsen K, Merlo J (2005). Am J Epidemiol 161, 81-88, eq. 4.
    """
    effect = fit.random_effect(label)
    kind = "odds" if fit.link == "logit" else "rate"
    method = f"median {kind} ratio; {fit.method}"
    if fit.status != "ok":
        return not_estimable("; ".join(fit.notes), method=method, conf_level=fit.conf_level)
    profiled = np.isfinite(effect.profile_conf_low)
    if effect.singular and not profiled:
        return _boundary(fit, effect, 1.0, method)
    low, high = effect.standard_deviation_conf_low, effect.standard_deviation_conf_high
    if profiled:
        low, high = effect.profile_conf_low, effect.profile_conf_high
        method += ", profile limits"
    scale = np.sqrt(2.0) * float(ndtri(0.75))
    ratio = finite_exp(scale * effect.standard_deviation)
    return Estimate(
        ratio,
        ratio * scale * effect.standard_deviation_std_error,
        finite_exp(scale * low),
        finite_exp(scale * high),
        fit.conf_level,
        method=method,
        note="; ".join(fit.notes),
    )


def overdispersion_test(fit: GeneralisedMixedModelFit) -> Estimate:
    r"""Pearson test for more variation than the family allows, and what to do about it.

    .. math:: X^2 = \sum_i (y_i - \hat\mu_i)^2 / V(\hat\mu_i), \qquad X^2 \sim \chi^2_{d}

    at the conditional modes, with d the number of rows less the coefficients and the effective
    number of random effects, ``sum_k trace(I - (H^-1)_kk)``: shrunken effects cost less than a
    degree of freedom each. The estimate is the ratio ``X^2 / d``, 1 under the model.

    Returns
    -------
    Estimate
        Ratio, chi-square, degrees of freedom, upper-tail p. `not_estimable` for yes/no rows. The
        approximation is coarse where expected counts are mostly below 1. `note` names the answer
        to a small p: an effect for every row (`unit`), or NB2 instead of Poisson.

    References
    ----------
    McCullagh P, Nelder JA (1989). Generalized linear models, 2nd ed., sec. 4.5. Harrison XA
    (2014). PeerJ 2, e616, for the observation-level effect as the answer.
    """
    method = "Pearson chi-square at the conditional modes, effective degrees of freedom"
    if fit.status != "ok":
        return not_estimable("; ".join(fit.notes), method=method)
    if not fit.counts_can_be_overdispersed:
        return not_estimable(
            "rows with a single trial cannot be overdispersed; an effect of the patient is the "
            "question to ask",
            method=method,
        )
    if fit.residual_df <= 0.0:
        return not_estimable("no degrees of freedom are left for the rows", method=method)
    p_value = float(chdtrc(fit.residual_df, fit.pearson_chi_square))
    answer = {
        "binomial": "a random effect for every row (unit) allows for it",
        "poisson": "family nb2, or a random effect for every row (unit), allows for it",
        "nb2": "theta already allows for it: look for missing predictors or outlying rows",
    }[fit.family]
    return Estimate(
        fit.pearson_chi_square / fit.residual_df,
        statistic=fit.pearson_chi_square,
        df=fit.residual_df,
        p_value=p_value,
        method=method,
        note=f"if overdispersed: {answer}",
    )


def likelihood_ratio_test(
    larger: GeneralisedMixedModelFit, smaller: GeneralisedMixedModelFit
) -> Estimate:
    """Likelihood-ratio test of nested fits to the same rows.

    For coefficients the reference is chi-square with as many degrees of freedom as terms. For one
    variance more, or NB2 against Poisson, the null value lies on the edge of the parameter space
    and the reference is an equal mixture of a point mass at 0 and chi-square with 1 df.

    Parameters
    ----------
    larger, smaller : GeneralisedMixedModelFit
        `smaller` lacks some terms, or one random effect, or theta.

    Returns
    -------
    Estimate
        `statistic` is twice the difference of the log-likelihoods, also as `estimate`.

    Raises
    ------
    ValueError
        If the fits are not nested in one of these ways, or differ in rows or quadrature.

    References
    ----------
    Self SG, Liang KY (1987). J Am Stat Assoc 82, 605-610, case 5.
    """
    boundary, df = _nesting(larger, smaller)
    method = "likelihood-ratio test"
    if boundary:
        method += ", boundary mixture 0.5 chi2(0) + 0.5 chi2(1)"
    for fit in (larger, smaller):
        if fit.status != "ok" or not fit.converged:
            return not_estimable("; ".join(fit.notes), method=method)
    # rounding can leave the larger model a hair lower where the variance is zero
    statistic = max(2.0 * (larger.log_likelihood - smaller.log_likelihood), 0.0)
    tail = float(chdtrc(df, statistic))
    if boundary:
        tail = 0.5 * tail if statistic > 1e-6 else 1.0
    return Estimate(statistic, statistic=statistic, df=float(df), p_value=tail, method=method)


def _nesting(
    larger: GeneralisedMixedModelFit, smaller: GeneralisedMixedModelFit
) -> tuple[bool, int]:
    """Whether the null value is on the boundary, and the degrees of freedom."""
    if larger.n_rows != smaller.n_rows:
        raise ValueError("a likelihood-ratio test needs two fits to the same rows")
    labels, fewer = ({effect.label for effect in fit.random_effects} for fit in (larger, smaller))
    terms, kept = (set(fit.fitted_terms) for fit in (larger, smaller))
    df = larger.n_parameters - smaller.n_parameters
    both_families = (larger.family, smaller.family)
    points_differ = larger.quadrature_points != smaller.quadrature_points
    if fewer and points_differ:
        raise ValueError("a likelihood-ratio test needs the same quadrature in both fits")
    if kept < terms and labels == fewer and larger.family == smaller.family:
        return False, df
    one_variance = fewer < labels and larger.family == smaller.family
    only_theta = labels == fewer and both_families == ("nb2", "poisson")
    if kept == terms and df == 1 and (one_variance or only_theta):
        return True, 1
    raise ValueError("the fits are not nested by terms, by one variance or by theta alone")
