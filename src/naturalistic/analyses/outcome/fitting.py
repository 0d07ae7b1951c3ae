"""Fits a linear mixed model and, where a level cannot be had, the same model without it, in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np

from naturalistic.analyses.outcome.people import (
    FloatArray,
    Groups,
    IntArray,
    Mask,
    OutcomePeople,
    people_behind,
)
from naturalistic.analyses.predictors import Term
from naturalistic.stats.linear_mixed_model import LinearMixedModelFit, fit_linear_mixed_model

Kind = Literal["occasions", "slope", "one_row"]
_PATIENT: dict[str, dict[str, bool]] = {
    "occasions": {"occasion_variance": True},
    "slope": {"random_slope": True},
    "one_row": {"patient_effect": False},
}


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows of a model.

    Attributes
    ----------
    outcome : (n,)
    matrix : (n, p)
    terms : list of Term
        Its columns.
    person : (n,) positions in the people's frame.
    time : (n,) or None
        What slopes are on.
    therapists : Groups or None
        Therapist of each row; None where it is the person's main therapist in all of them.
    note : str
        What was taken and left.
    """

    outcome: FloatArray
    matrix: FloatArray
    terms: list[Term]
    person: IntArray
    time: FloatArray | None = None
    therapists: Groups | None = None
    note: str = ""

    @property
    def names(self) -> list[str]:
        """Names of the columns."""
        return [term.column for term in self.terms]

    @cached_property
    def people(self) -> IntArray:
        """Positions of the people who have a row, rising."""
        return np.unique(self.person)

    def therapist_codes(self, people: OutcomePeople) -> IntArray | None:
        """Therapist of each row, (n,); None where therapists cannot be a level."""
        if self.therapists is not None:
            return self.therapists.codes
        codes = people.therapist.codes
        return None if codes is None else codes[self.person]

    @cached_property
    def changes(self) -> Mask:
        """Which of `people` have more than one row."""
        several = np.bincount(self.person)[self.people] > 1
        return several if self.time is not None else np.ones(len(self.people), dtype=bool)


@dataclass(frozen=True, eq=False)
class Fitted:
    """A fit with what is needed to report it.

    Attributes
    ----------
    fit : LinearMixedModelFit
    rows : Rows
    therapists : bool
        Whether therapists are in the model that was fitted.
    services : bool
    dropped : tuple of (str, str)
        Level left out of the model, and why.
    """

    fit: LinearMixedModelFit
    rows: Rows
    therapists: bool
    services: bool
    dropped: tuple[tuple[str, str], ...]

    def without_design(self) -> Fitted:
        """The same without outcome and design of its rows: what is reported about a fit does not need them."""
        nothing = np.empty((0, self.rows.matrix.shape[1]))
        return replace(self, rows=replace(self.rows, outcome=nothing[:, 0], matrix=nothing))

    @property
    def ok(self) -> bool:
        """Whether there is a fit that may be quoted."""
        return self.fit.status == "ok"

    @property
    def reason(self) -> str:
        """Why there is none."""
        return "; ".join(self.fit.notes)

    def notes(self, people: OutcomePeople) -> str:
        """Everything a reader must know about this fit."""
        refitted = [f"refitted without {level} effects: {why}" for level, why in self.dropped]
        several = self.rows.therapists if self.therapists else None
        crossed = () if several is None else (several.note,)
        taken = filter(None, (self.rows.note,))
        return "; ".join((*refitted, *self.fit.notes, *crossed, *taken, *people.notes))

    def counts(self, people: OutcomePeople) -> dict[str, int]:
        """People behind each column."""
        return people_behind(people.levels(self.rows.people), self.rows.terms, self.rows.changes)

    def people_columns(self, people: OutcomePeople) -> dict[str, Any]:
        """Count columns of a row about the model as a whole."""
        n = len(self.rows.people)
        therapists = self.rows.therapists or people.therapist
        return {
            "n_patients": n,
            "denominator": n,
            "n_therapists": therapists.recorded if self.therapists else None,
        }

    def vector(self, weights: dict[str, float]) -> FloatArray:
        """A combination of the fixed effects by the names of the columns; a column left out weighs nothing."""
        return np.array([weights.get(name, 0.0) for name in self.fit.terms])

    def has(self, columns: Sequence[str]) -> bool:
        """Whether none of the columns was left out."""
        return set(columns) <= set(self.fit.terms)


def fit_rows(
    people: OutcomePeople,
    rows: Rows,
    kind: Kind,
    *,
    reml: bool = True,
    groups: bool = True,
    near: Fitted | None = None,
) -> Fitted:
    """Fit with therapists and services where they are held; a level that cannot be fitted is left out, with the reason.

    Parameters
    ----------
    people : OutcomePeople
    rows : Rows
    kind : {"occasions", "slope", "one_row"}
        Two occasions with an unstructured covariance, many times with intercept and correlated slope, or one row a
        person. Therapists and services have a slope on time too where there is time.
    reml : bool
    groups : bool
        False: no therapists and services (for comparison).
    near : Fitted, optional
        A fit to the same rows with other terms: of very many people the search then starts there.
    """
    dropped: list[tuple[str, str]] = []
    for therapists, services in _attempts(people, groups):
        fit = _fit(people, rows, kind, therapists, services, reml, near)
        if fit.status == "ok" and not fit.converged:
            # numbers of a search that did not end are never shown
            fit = _refused(fit)
        if fit.status == "ok" or not (therapists or services):
            return Fitted(fit, rows, therapists, services, tuple(dropped))
        dropped.append(("service" if services else "therapist", _obstacle(fit)))
    raise AssertionError("the last attempt has neither therapists nor services")


def _attempts(people: OutcomePeople, groups: bool) -> Iterator[tuple[bool, bool]]:
    therapists = groups and people.therapist.codes is not None
    services = groups and people.service.codes is not None
    if services:
        yield therapists, True
    if therapists:
        yield True, False
    yield False, False


def _fit(
    people: OutcomePeople,
    rows: Rows,
    kind: Kind,
    therapists: bool,
    services: bool,
    reml: bool,
    near: Fitted | None,
) -> LinearMixedModelFit:
    options: dict[str, Any] = dict(_PATIENT[kind])
    slopes = kind != "one_row"
    if therapists:
        options |= {"therapist": rows.therapist_codes(people), "therapist_slope": slopes}
    if services and people.service.codes is not None:
        options |= {"service": people.service.codes[rows.person], "service_slope": slopes}
    return fit_linear_mixed_model(
        rows.outcome,
        rows.matrix,
        rows.person,
        time=rows.time,
        reml=reml,
        term_names=rows.names,
        outcome_name="score",
        conf_level=people.conf_level,
        near=near.fit if near is not None else None,
        **options,
    )


def _obstacle(fit: LinearMixedModelFit) -> str:
    return next((note for note in fit.notes if "converge" in note), fit.notes[0])


def _refused(fit: LinearMixedModelFit) -> LinearMixedModelFit:
    return replace(fit, status="not_estimable", state=None)
