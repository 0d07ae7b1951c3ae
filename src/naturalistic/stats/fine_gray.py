"""Fine-Gray regression: how covariates move the cumulative incidence of one way of ending."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr

from naturalistic.stats.curves import normal_quantile
from naturalistic.stats.event_table import FloatArray, IntArray, event_table, group_codes
from naturalistic.stats.hazards.fine_gray_fit import FineGrayFit, Internals
from naturalistic.stats.hazards.fine_gray_influence import influence_products
from naturalistic.stats.hazards.fine_gray_terms import (
    CENSORED,
    COMPETING,
    OWN,
    CensoringConvention,
    Design,
    RiskSets,
    build_design,
    risk_sets,
    score_and_information,
)

_MAX_ITERATIONS = 50
# on standardised covariates; Newton squares the error, so the next step would be below rounding
_STEP_TOLERANCE = 1e-9
# a standardised log hazard ratio of this size means that the likelihood has no maximum
_DIVERGED = 30.0


def fine_gray(
    covariates: ArrayLike,
    time: ArrayLike,
    cause: ArrayLike,
    *,
    of_cause: int = 1,
    cluster: ArrayLike | None = None,
    strata: ArrayLike | None = None,
    censoring_group: ArrayLike | None = None,
    convention: CensoringConvention = "crr",
    conf_level: float = 0.95,
) -> FineGrayFit:
    r"""Proportional subdistribution hazards of one cause, weighted partial likelihood, Breslow ties.

    A hazard ratio above 1 means a higher cumulative incidence; it is not a rate among those still in therapy.

    Parameters
    ----------
    covariates : array_like of float, shape (n, p)
        Complete; without a constant.
    time, cause : array_like, shape (n,)
        End of observation; 0 censored, 1..K how it ended.
    of_cause : int
        The cause modelled.
    cluster : array_like, shape (n,), optional
        Rows with the same value may be dependent (therapist).
    strata : array_like, shape (n,), optional
        Own baseline hazard in each level, and own censoring distribution unless `censoring_group` is given.
    censoring_group : array_like, shape (n,), optional
        Censoring distribution estimated in each level.
    convention : {"crr", "finegray"}
        At a time with events and censorings, ``crr`` (R's cmprsk) leaves the events at risk of censoring and the
        variance includes the estimation of the censoring distribution; ``finegray`` (R's survival) removes
        them and does not include it. The coefficients differ by far less than a standard error.
    conf_level : float
        Coverage of the limits.

    Returns
    -------
    FineGrayFit
        ``not_estimable`` without events, with covariates that do not vary or are collinear, or where the
        likelihood has no maximum (a level without events); `note` says which.

    Raises
    ------
    ValueError
        Wrong shapes, missing values, or an unknown convention.

    Notes
    -----
    Covariance :math:`I^{-1}\{\sum_c(\sum_{i\in c}\eta_i+\psi_i)^{\otimes 2}\}I^{-1}` over clusters, or rows.
    Left truncation and weights are not offered.

    References
    ----------
    Fine and Gray (1999), JASA 94:496, weighted score and its variance. Strata: Zhou et al. (2011), Biometrics 67:661.
    Clusters: Zhou et al. (2012), Biostatistics 13:371. R: ``cmprsk::crr``; ``survival::finegray``.
    """
    if convention not in ("crr", "finegray"):
        raise ValueError(f"convention must be 'crr' or 'finegray', not {convention!r}")
    normal_quantile(conf_level)
    table = event_table(time, cause)
    x = _checked_covariates(covariates, len(table.position))
    groups = _groups(len(x), cluster, strata, censoring_group)
    own = table.cause == of_cause
    frame = _Frame(x, table.times, int(own.sum()), conf_level, convention)
    kind = np.where(table.cause == 0, CENSORED, np.where(own, OWN, COMPETING))
    return _fit(frame, table.position, kind, groups, of_cause)


def _fit(
    frame: _Frame, position: IntArray, kind: IntArray, groups: _Groups, of_cause: int
) -> FineGrayFit:
    """Estimates on standardised covariates, brought back to the units given."""
    centre = frame.covariates.mean(axis=0)
    centred = frame.covariates - centre
    moments = centred.T @ centred / len(centred)
    refusal = _obstacle(frame.n_events, of_cause, centre, moments)
    if refusal:
        return frame.refused(refusal)
    scale = np.sqrt(np.diag(moments))
    centred /= scale
    design, order = build_design(
        centred, position, kind, groups.stratum, groups.censoring, frame.convention
    )
    found = _maximise(design)
    if isinstance(found, str):
        return frame.refused(found)
    coefficients, sets, information, null = found
    inverse: FloatArray = np.linalg.inv(information).astype(np.float64)
    owners = None if groups.cluster is None else groups.cluster[order]
    middle = influence_products(design, sets, owners, censoring=frame.convention == "crr")
    beta = coefficients / scale
    return frame.fitted(
        beta,
        inverse @ middle @ inverse / np.outer(scale, scale),
        inverse / np.outer(scale, scale),
        (sets.log_likelihood, null),
        np.cumsum(sets.hazard, axis=1) * np.exp(-sets.shift - centre @ beta),
        Internals(design, sets, owners, centre, scale, coefficients, inverse),
    )


@dataclass(frozen=True, slots=True)
class _Groups:
    """Code of each row's stratum, censoring distribution and cluster, each (n,)."""

    stratum: IntArray
    censoring: IntArray
    cluster: IntArray | None


def _groups(
    n: int,
    cluster: ArrayLike | None,
    strata: ArrayLike | None,
    censoring_group: ArrayLike | None,
) -> _Groups:
    stratum = np.zeros(n, dtype=np.int64)
    if strata is not None:
        stratum = group_codes(strata, n, "strata")[1]
    censoring = stratum
    if censoring_group is not None:
        censoring = group_codes(censoring_group, n, "censoring_group")[1]
    return _Groups(
        stratum, censoring, None if cluster is None else group_codes(cluster, n, "cluster")[1]
    )


def _checked_covariates(covariates: ArrayLike, n: int) -> FloatArray:
    x = np.asarray(covariates, dtype=np.float64)
    if x.ndim != 2 or len(x) != n or not np.isfinite(x).all():
        raise ValueError(f"covariates must be finite with {n} rows, and have two dimensions")
    if not x.shape[1]:
        raise ValueError("covariates must have at least one column")
    return x


@dataclass(frozen=True, slots=True)
class _Frame:
    """What every answer carries, estimable or not."""

    covariates: FloatArray
    times: FloatArray
    n_events: int
    conf_level: float
    convention: CensoringConvention

    @property
    def method(self) -> str:
        """What was done, in words."""
        return f"Fine-Gray, Breslow ties, {self.convention} censoring weights"

    def refused(self, reason: str) -> FineGrayFit:
        """A result without numbers that says why."""
        n, p = self.covariates.shape
        missing, square = np.full(p, np.nan), np.full((p, p), np.nan)
        return FineGrayFit(
            *(missing,) * 6,
            covariance=square,
            model_covariance=square,
            log_likelihood=np.nan,
            null_log_likelihood=np.nan,
            baseline_times=self.times,
            baseline_hazard=np.full((1, len(self.times)), np.nan),
            n=n,
            n_events=self.n_events,
            n_clusters=n,
            conf_level=self.conf_level,
            convention=self.convention,
            method=self.method,
            status="not_estimable",
            note=reason,
        )

    def fitted(
        self,
        beta: FloatArray,
        covariance: FloatArray,
        model_covariance: FloatArray,
        likelihoods: tuple[float, float],
        hazard: FloatArray,
        internals: Internals,
    ) -> FineGrayFit:
        """The result at the maximum of the likelihood."""
        error, clusters = np.sqrt(np.diag(covariance)), internals.cluster
        z = normal_quantile(self.conf_level)
        n = len(self.covariates)
        return FineGrayFit(
            coefficients=beta,
            std_error=error,
            statistic=beta / error,
            p_value=2.0 * ndtr(-np.abs(beta / error)),
            conf_low=beta - z * error,
            conf_high=beta + z * error,
            covariance=covariance,
            model_covariance=model_covariance,
            log_likelihood=likelihoods[0],
            null_log_likelihood=likelihoods[1],
            baseline_times=self.times,
            baseline_hazard=hazard,
            n=n,
            n_events=self.n_events,
            n_clusters=n if clusters is None else len(np.unique(clusters)),
            conf_level=self.conf_level,
            convention=self.convention,
            method=self.method + ("" if clusters is None else ", clustered sandwich"),
            internals=internals,
        )


def _obstacle(n_events: int, of_cause: int, centre: FloatArray, moments: FloatArray) -> str:
    """Why the model cannot be fitted, or nothing; `moments` is the covariance of the covariates."""
    if not n_events:
        return f"no event of cause {of_cause}"
    variance = np.diag(moments)
    constant = np.flatnonzero(variance <= (1e-12 * centre) ** 2)
    if len(constant):
        return f"covariates in columns {', '.join(str(c) for c in constant)} do not vary"
    eigenvalues = np.linalg.eigvalsh(moments / np.sqrt(np.outer(variance, variance)))
    if eigenvalues[0] < 1e-10 * eigenvalues[-1]:
        return "covariates are collinear"
    return ""


def _maximise(design: Design) -> tuple[FloatArray, RiskSets, FloatArray, float] | str:
    """Newton steps, halved while the likelihood falls: estimate, risk sets, information, null likelihood."""
    beta = np.zeros(design.covariates.shape[1])
    sets = risk_sets(design, beta)
    null = sets.log_likelihood
    for _ in range(_MAX_ITERATIONS):
        score, information = score_and_information(design, sets)
        if np.linalg.cond(information) > 1e12:
            break
        step = np.linalg.solve(information, score)
        if np.abs(step).max() < _STEP_TOLERANCE:
            return beta, sets, information, null
        trial = risk_sets(design, beta + step)
        # rounding of the likelihood, not a fall, close to the maximum
        floor = sets.log_likelihood - 1e-10 * abs(sets.log_likelihood)
        while trial.log_likelihood < floor and np.abs(step).max() > _STEP_TOLERANCE:
            step = step / 2.0
            trial = risk_sets(design, beta + step)
        beta, sets = beta + step, trial
        if np.abs(beta).max() > _DIVERGED:
            break
    if not beta.any():
        return "the information is singular: a covariate has no variation among those at risk"
    column = int(np.abs(beta).argmax())
    return (
        f"the likelihood has no maximum: no event, or only events, on one side of column {column}"
    )
