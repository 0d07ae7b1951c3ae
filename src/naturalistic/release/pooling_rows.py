"""One figure over several services: which model it needs, and the row it gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import expit, ndtri

from naturalistic.release.bundle_model import Bundle, Row
from naturalistic.release.pooling_same import KEY
from naturalistic.stats.meta_analysis import PooledFit, pool_proportions, random_effects
from naturalistic.vocabulary import ESTIMANDS

# Rounded figures of two services can agree exactly; the plain interval would then have no width. The factor of Hartung and
# Knapp is therefore never taken below 1 (Röver, Knapp and Friede 2015); the plain interval stands among the variants.
INTERVAL = "hksj_not_below"
LEAST_ERROR = 1e-9  # no figure of people is more exact; a smaller error would have all the weight
SOME = "in some services only: "  # the figure is pooled of the others
RESULTS = (
    "k",
    "n_patients",
    "estimate",
    "conf_low",
    "conf_high",
    "conf_level",
    "value",
    "std_error",
    "df",
    "p_value",
    "prediction_low",
    "prediction_high",
    "tau2",
    "tau2_low",
    "tau2_high",
    "i2",
    "i2_low",
    "i2_high",
    "q",
    "q_p",
    "average",
    "k_design_effect",
    "design_effect",
    "design_effect_low",
    "design_effect_high",
    "design_effect_assumed",
    "analysis_scale",
    "status",
    "method",
    "note",
)
COLUMNS = ("headline", *KEY, *RESULTS)


@dataclass(frozen=True, slots=True)
class Member:
    """One service's figure, on the scale on which it is pooled."""

    cohort: str
    row: Row
    value: float
    error: float
    scale: str
    design_effect: float = np.nan  # NaN: every person counts on their own
    design_effect_from: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """All services that give one figure."""

    key: tuple[Any, ...]
    members: tuple[Member, ...]
    left_out: tuple[tuple[str, str], ...]  # cohort and reason

    @property
    def named(self) -> dict[str, Any]:
        """The key by column."""
        return dict(zip(KEY, self.key, strict=True))

    @property
    def scale(self) -> str:
        """Scale of the values."""
        return self.members[0].scale

    @property
    def values(self) -> np.ndarray:
        """Values, shape (k,)."""
        return np.array([member.value for member in self.members])

    @property
    def errors(self) -> np.ndarray:
        """Standard errors, shape (k,)."""
        return np.array([member.error for member in self.members])

    @property
    def design_effects(self) -> np.ndarray | None:
        """Design effects, shape (k,), where people's therapists are taken account of."""
        found = np.array([member.design_effect for member in self.members])
        return None if np.isnan(found).any() else found

    @property
    def counted(self) -> bool:
        """Whether it is a proportion with its counts in every service."""
        return self.named["estimand"] == "proportion" and all(
            m.row.numerator is not None and m.row.denominator for m in self.members
        )


def make_group(key: tuple[Any, ...], rows: Sequence[tuple[Bundle, Row]]) -> Group:
    """The services of one key, each on its pooling scale; those without a usable error are named."""
    members, left_out = [], []
    for bundle, row in rows:
        found = _on_scale(row)
        if found is None:
            left_out.append((bundle.cohort, "no usable standard error or counts"))
        else:
            members.append(Member(bundle.cohort, row, *found))
    return Group(key, tuple(members), tuple(left_out))


def _on_scale(row: Row) -> tuple[float, float, str] | None:
    """Value, standard error and scale; a proportion is told on the logit."""
    if row.estimand == "proportion":
        return _logit(row)
    if row.std_error is None or row.std_error < LEAST_ERROR:
        return None
    return row.value, row.std_error, row.analysis_scale


def _logit(row: Row) -> tuple[float, float, str] | None:
    if row.numerator is not None and row.denominator:
        x, n = float(row.numerator), float(row.denominator)
        return None if x > n else (*logit_of_counts(x, n), "logit")
    share = row.estimate
    if not 0 < share < 1:
        return None
    slope = share * (1 - share)
    error = None if row.std_error is None else row.std_error / slope
    if error is None and row.conf_low and row.conf_high and 0 < row.conf_low < row.conf_high < 1:
        low, high = (np.log(p / (1 - p)) for p in (row.conf_low, row.conf_high))
        error = float((high - low) / (2 * ndtri(0.5 + (row.conf_level or 0.95) / 2)))
    if not error or error < LEAST_ERROR:
        return None
    return float(np.log(share / (1 - share))), float(error), "logit"


def logit_of_counts(x: float, n: float) -> tuple[float, float]:
    """Logit and its error; of nobody or everybody with half a person, for pictures and diagnostics only.

    The model itself takes the counts as they are.
    """
    x, n = (x + 0.5, n + 1.0) if x in (0.0, n) else (x, n)
    return float(np.log(x / (n - x))), float(np.sqrt(1 / x + 1 / (n - x)))


def pooled_row(group: Group, *, between: str, conf_level: float, limits: bool) -> dict[str, Any]:
    """The pooled figure with its interval, prediction interval and heterogeneity.

    Parameters
    ----------
    group : Group
        Its services, at least one.
    between : str
        Estimator of the variance between services.
    conf_level : float
        Coverage.
    limits : bool
        Whether the limits of the variance of a proportion are found too (profile likelihood).
    """
    people = [m.row.n_patients for m in group.members if m.row.n_patients is not None]
    fit = random_effects(
        group.values, group.errors, between=between, interval=INTERVAL, conf_level=conf_level
    )
    made = _from_fit(fit, group)
    if group.design_effects is not None:
        made["method"] += "; errors allow for therapists"
    if group.counted and fit.k > 1:
        made |= _from_counts(group, conf_level, limits)
    return {
        **group.named,
        "k": fit.k,
        "n_patients": sum(people) if people else None,
        "conf_level": conf_level,
        "analysis_scale": group.scale,
        "status": "ok",
        **made,
    }


def back(value: float, scale: str) -> float:
    """From the pooling scale to the one a reader quotes."""
    if scale == "log":
        return float(np.exp(min(value, 700.0)))
    if scale == "logit":
        return float(expit(value))
    return float(np.tanh(value)) if scale == "fisher_z" else float(value)


def _from_fit(fit: PooledFit, group: Group) -> dict[str, Any]:
    average, found = fit.average, fit.heterogeneity
    quoted = {
        name: back(value, group.scale)
        for name, value in (
            ("estimate", average.estimate),
            ("conf_low", average.conf_low),
            ("conf_high", average.conf_high),
            ("prediction_low", fit.prediction.low),
            ("prediction_high", fit.prediction.high),
        )
    }
    null = ESTIMANDS[group.named["estimand"]].null
    return {
        **quoted,
        "value": average.estimate,
        "std_error": average.std_error,
        "df": average.df,
        "p_value": average.p_value if null is not None else np.nan,
        "tau2": found.tau2,
        "tau2_low": found.tau2_low,
        "tau2_high": found.tau2_high,
        "i2": found.i2,
        "i2_low": found.i2_low,
        "i2_high": found.i2_high,
        "q": found.q,
        "q_p": found.q_p,
        "average": np.nan,
        "method": fit.method,
        "note": "; ".join(n for n in (*fit.notes, fit.prediction.note) if n),
    }


def _from_counts(group: Group, conf_level: float, limits: bool) -> dict[str, Any]:
    """The same by the binomial model; I2 and Q stay those of the logits."""
    rows = [m.row for m in group.members]
    fit = pool_proportions(
        [float(row.numerator or 0) for row in rows],
        [float(row.denominator or 0) for row in rows],
        design_effects=group.design_effects,
        conf_level=conf_level,
        profile=limits,
    )
    if fit.typical.status != "ok":
        return {"note": f"by the normal approximation on the logit: {fit.typical.note}"}
    return {
        "estimate": fit.typical.estimate,
        "conf_low": fit.typical.conf_low,
        "conf_high": fit.typical.conf_high,
        "value": float(np.log(fit.typical.estimate / (1 - fit.typical.estimate))),
        "std_error": fit.typical.std_error,
        "df": fit.typical.df,
        "prediction_low": fit.prediction.low,
        "prediction_high": fit.prediction.high,
        "tau2": fit.tau2,
        "tau2_low": fit.tau2_low,
        "tau2_high": fit.tau2_high,
        "average": fit.average,
        "method": fit.typical.method,
        "note": "; ".join(n for n in (fit.typical.note, fit.prediction.note) if n),
    }
