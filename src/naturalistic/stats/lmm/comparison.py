"""Likelihood-ratio tests between nested linear mixed models."""

from __future__ import annotations

from dataclasses import dataclass

from scipy import stats

from naturalistic.stats.lmm.result import FittedState, LinearMixedModelFit

# Stands for the number of effects of a patient level with an unstructured pair of occasions.
OCCASIONS = 99


@dataclass(frozen=True, slots=True)
class LikelihoodRatio:
    """A likelihood-ratio test.

    Attributes
    ----------
    statistic : float
        Twice the difference of the log-likelihoods, at least 0.
    df : float
        Additional parameters of the larger model.
    p_value : float
    status, method, note : str
        As in `naturalistic.stats.result.Estimate`; `method` names the reference distribution.
    """

    statistic: float = float("nan")
    df: float = float("nan")
    p_value: float = float("nan")
    status: str = "ok"
    method: str = ""
    note: str = ""


def _effects(state: FittedState) -> dict[str, int]:
    """Random effects by level."""
    levels = state.likelihood.structure.levels
    return {level.name: OCCASIONS if level.occasions else level.effects for level in levels}


def _mixture(statistic: float, lower: int) -> float:
    """Tail of the even mixture of chi-squared with `lower` and `lower + 1` degrees of freedom."""
    below = float(stats.chi2.sf(statistic, lower)) if lower else float(statistic <= 0.0)
    return 0.5 * below + 0.5 * float(stats.chi2.sf(statistic, lower + 1))


def _check_nested(larger: LinearMixedModelFit, smaller: LinearMixedModelFit) -> None:
    if larger.n_rows != smaller.n_rows or larger.reml != smaller.reml:
        raise ValueError("the models must use the same rows and the same likelihood (REML or ML)")
    missing = [term for term in smaller.terms if term not in larger.terms]
    if missing:
        raise ValueError(f"the larger model lacks the terms {', '.join(missing)}")


def likelihood_ratio_test(
    larger: LinearMixedModelFit, smaller: LinearMixedModelFit
) -> LikelihoodRatio:
    """Compare two nested models on the same rows.

    Fixed effects (ML fits): chi-squared with as many degrees of freedom as terms. Random effects
    (REML or ML, same terms): a variance of zero lies on the boundary, so adding one effect to q at
    one level is referred to the even mixture of chi-squared with q and q + 1 degrees of freedom
    (Self and Liang 1987, J. Am. Stat. Assoc. 82, 605-610, case 5; Stram and Lee 1994, Biometrics
    50, 1171-1177, case 3). When several variances are added at once the weights depend on the
    information; then the even mixture of the two largest degrees of freedom is used, which never
    understates the p-value because odd and even degrees of freedom each weigh one half.

    Parameters
    ----------
    larger, smaller : LinearMixedModelFit

    Raises
    ------
    ValueError
        When the models are not nested, not on the same rows, differ in fixed and random effects at
        once, or differ in fixed effects under REML.
    """
    for fit in (larger, smaller):
        if fit.state is None:
            return LikelihoodRatio(status="not_estimable", note=fit.notes[0])
    _check_nested(larger, smaller)
    big, small = _effects(larger.fitted()), _effects(smaller.fitted())
    extra_terms = len(larger.terms) - len(smaller.terms)
    extra = larger.n_parameters - smaller.n_parameters
    statistic = max(0.0, 2.0 * (larger.loglik - smaller.loglik))
    note = "; ".join(dict.fromkeys((*larger.notes, *smaller.notes)))
    if big == small:
        if larger.reml:
            raise ValueError("models with different fixed effects are compared by ML, not REML")
        p_value = float(stats.chi2.sf(statistic, extra))
        return LikelihoodRatio(statistic, extra, p_value, method=f"chi-squared, {extra} df")
    if extra_terms:
        raise ValueError("change either the fixed or the random effects, not both at once")
    if set(small) - set(big):
        raise ValueError("the smaller model has random effects that the larger one lacks")
    changed = {n: (small.get(n, 0), count) for n, count in big.items() if small.get(n, 0) != count}
    if changed == {"patient": (1, OCCASIONS)}:
        # unequal residual variances: no boundary
        p_value = float(stats.chi2.sf(statistic, extra))
        method = f"chi-squared, {extra} df"
        return LikelihoodRatio(statistic, extra, p_value, method=method, note=note)
    if any(before > after or after == OCCASIONS for before, after in changed.values()):
        raise ValueError("the random effects of the models are not nested")
    lower = extra - 1
    if len(changed) == 1:
        before, after = next(iter(changed.values()))
        lower = before if after - before == 1 else extra - 1
    method = f"even mixture of chi-squared with {lower} and {lower + 1} df"
    return LikelihoodRatio(statistic, extra, _mixture(statistic, lower), method=method, note=note)
