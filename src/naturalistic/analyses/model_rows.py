"""Coefficients of any model as rows of the estimates table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from naturalistic.analyses.interface import EstimateRows
from naturalistic.analyses.predictors import Term
from naturalistic.stats.result import Estimate, not_estimable
from naturalistic.tables.estimates import COVARIANCES

FloatArray = npt.NDArray[np.float64]


class Coefficients(Protocol):
    """What a fitted model must offer to be reported."""

    @property
    def status(self) -> str:
        """`ok`, or `not_estimable`."""

    @property
    def coefficients(self) -> FloatArray:
        """Estimates, shape (p,)."""

    @property
    def covariance(self) -> FloatArray:
        """Their covariance, shape (p, p)."""

    @property
    def conf_low(self) -> FloatArray:
        """Lower limits, shape (p,)."""

    @property
    def conf_high(self) -> FloatArray:
        """Upper limits, shape (p,)."""

    @property
    def conf_level(self) -> float:
        """Nominal coverage of the limits."""

    @property
    def p_values(self) -> FloatArray:
        """Tests of each coefficient being zero, shape (p,)."""


def _term_names(fit: Coefficients) -> list[str]:
    """Names of the fixed effects; the engines call them `terms` or `term_names`."""
    names = getattr(fit, "terms", None) or getattr(fit, "term_names", None)
    return [str(name) for name in names or ()]


def people_at(people: pd.DataFrame, terms: Sequence[Term]) -> dict[str, int]:
    """How many people stand behind each column of a design: those at the level, or all of them for a number.

    Parameters
    ----------
    people : DataFrame
        One row a person, one column a predictor as prepared for the design.
    terms : sequence of Term
        Columns of the design.
    """
    counts = {}
    for term in terms:
        n = len(people)
        contrasts = dict(zip(_named(term.term, people), term.contrast.split(":"), strict=False))
        for name, contrast in contrasts.items():
            level = contrast.split(" vs ")[0]
            n = min(n, int((people[name] == level).sum()))
        counts[term.column] = n
    return counts


def _named(term: str, people: pd.DataFrame) -> list[str]:
    levelled = set(people.select_dtypes("category").columns)
    return [name for name in term.split(":") if name in levelled]


def add_coefficients(
    rows: EstimateRows,
    estimand: str,
    fit: Coefficients,
    terms: Sequence[Term],
    *,
    counts: Mapping[str, int],
    ratio: bool = False,
    **columns: Any,
) -> None:
    """One row a coefficient; a term the model left out is a row with the reason.

    Parameters
    ----------
    rows : EstimateRows
        Where they go.
    estimand : str
        Word of the vocabulary.
    fit : fitted model
        With arrays in the order of its terms.
    terms : sequence of Term
        Columns of the design that was given to the model.
    counts : mapping of str to int
        People behind each column.
    ratio : bool
        The coefficients are logarithms: estimate and limits are quoted as ratios, the error stays on the logarithm.
    **columns
        Further columns of every row.
    """
    names = _term_names(fit)
    errors = np.asarray(getattr(fit, "std_errors", getattr(fit, "standard_errors", np.nan)))
    for term in terms:
        value = _estimate(fit, names, errors, term.column, ratio)
        shared = {"n_patients": counts[term.column], **columns}
        rows.add(estimand, value, term=term.term, contrast=term.contrast, **shared)


def _estimate(
    fit: Coefficients, names: list[str], errors: FloatArray, column: str, ratio: bool
) -> Estimate:
    if fit.status != "ok" or column not in names:
        return not_estimable("left out of the model, see the note of the model")
    i = names.index(column)
    value, low, high = (float(v[i]) for v in (fit.coefficients, fit.conf_low, fit.conf_high))
    if not np.isfinite(value):
        return not_estimable("no finite estimate: the data do not bound it")
    if np.isnan(low):
        return not_estimable("no degrees of freedom are left to judge it by")
    if ratio:
        value, low, high = (float(np.exp(v)) for v in (value, low, high))
    df = float(np.broadcast_to(getattr(fit, "df", np.nan), len(names))[i])
    return Estimate(
        estimate=value,
        std_error=float(errors[i]),
        conf_low=low,
        conf_high=high,
        conf_level=fit.conf_level,
        df=df if np.isfinite(df) else float("nan"),  # none where the reference is the normal
        p_value=float(fit.p_values[i]),
    )


def covariance_frame(
    cohort: str,
    analysis: str,
    model: str,
    specification: str,
    terms: Sequence[Term],
    fit: Coefficients,
) -> pd.DataFrame:
    """The covariance matrix of the coefficients as rows, lower triangle with the diagonal."""
    names = _term_names(fit)
    if fit.status != "ok" or not names:
        return COVARIANCES.empty()
    readable = {t.column: f"{t.term}|{t.contrast}" if t.contrast else t.term for t in terms}
    i, j = np.tril_indices(len(names))
    values = np.asarray(fit.covariance)[i, j]
    frame = pd.DataFrame(
        {
            "cohort": cohort,
            "analysis": analysis,
            "model": model,
            "specification": specification,
            "term_a": [readable[names[k]] for k in i],
            "term_b": [readable[names[k]] for k in j],
            "value": values,
        }
    )
    return COVARIANCES.conform(frame[np.isfinite(values)])
