"""The logistic model of reliable improvement, and the same model among those of whom it can speak in probabilities."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from naturalistic.analyses.outcome.people import FloatArray, IntArray, OutcomePeople
from naturalistic.analyses.outcome.side_by_side import BASELINE, BASELINE_UNIT
from naturalistic.analyses.predictors import Term, design_matrix
from naturalistic.stats.generalised_mixed_model import (
    GeneralisedMixedModelFit,
    fit_generalised_mixed_model,
)
from naturalistic.stats.lmm.checks import FEWEST_GROUPS

ALIKE = "everybody or nobody improved reliably"


@dataclass(frozen=True, eq=False)
class ImprovementModel:
    """Reliable improvement of everyone with both scores on the first score and the predictors.

    Attributes
    ----------
    fit : GeneralisedMixedModelFit
    yes : (n,) 1 where the change is a reliable improvement.
    person : (n,) positions in the people's frame.
    matrix : (n, p)
    terms : list of Term
        Its columns.
    levels : DataFrame
        Predictors of the rows.
    formula : str
        Of the full design.
    dropped : str
        Why therapists are not in the model; empty where they are, or none can be.
    set_aside : tuple of str
        Columns of levels at which everybody or nobody improved: they and their people are not in `matrix`.
    """

    fit: GeneralisedMixedModelFit
    yes: FloatArray
    person: IntArray
    matrix: FloatArray
    terms: list[Term]
    levels: pd.DataFrame
    formula: str
    dropped: str = ""
    set_aside: tuple[str, ...] = ()

    @property
    def names(self) -> list[str]:
        """Names of the columns."""
        return [term.column for term in self.terms]

    @property
    def therapists(self) -> bool:
        """Whether therapists are in the model that was fitted."""
        return bool(self.fit.random_effects)


def obstacle(people: OutcomePeople) -> str:
    """Why there can be no model; empty where nothing stands against it."""
    known = people.paired & np.isfinite(people.reliably_improved)
    yes = people.reliably_improved[known]
    if len(yes) < 3:
        return "no criterion of reliable change is known for this scale, or too few people have both scores"
    return ALIKE if yes.min() == yes.max() else ""


def improvement_model(people: OutcomePeople) -> ImprovementModel:
    """Fit with therapist effects where they are held, without them and with the reason where that fails."""
    person = np.flatnonzero(people.paired & np.isfinite(people.reliably_improved))
    first = people.first[person]
    levels = people.levels(person).assign(**{BASELINE: (first - first.mean()) / BASELINE_UNIT})
    formula = " + ".join(["1", BASELINE, *people.predictors.used])
    matrix, terms = design_matrix(formula, levels)
    yes = people.reliably_improved[person]
    group = _therapists(people, person)
    fit = _fit(people, yes, matrix, terms, group)
    dropped = ""
    if fit.status != "ok" and group is not None:
        dropped = fit.notes[0]
        fit = _fit(people, yes, matrix, terms, None)
    return ImprovementModel(fit, yes, person, matrix, terms, levels, formula, dropped)


def among_those_who_differ(people: OutcomePeople, model: ImprovementModel) -> ImprovementModel:
    """The model without the people at levels where everybody or nobody improved.

    Such people tell nothing about any other coefficient (its estimate stays the same), but no average over a cohort that
    holds them exists.
    """
    while model.fit.status == "ok" and model.fit.infinite_terms:
        columns = [model.names.index(name) for name in model.fit.infinite_terms]
        at_level = model.matrix[:, columns] == 1.0
        if not np.isin(model.matrix[:, columns], (0.0, 1.0)).all() or 0 in columns:
            return model  # a number, or the constant, without bound: nobody to set aside
        keep = ~at_level.any(axis=1)
        place = [i for i in range(len(model.terms)) if i not in columns]
        if keep.sum() <= len(place) or np.ptp(model.yes[keep]) == 0:
            return model
        smaller = replace(
            model,
            yes=model.yes[keep],
            person=model.person[keep],
            matrix=model.matrix[keep][:, place],
            terms=[model.terms[i] for i in place],
            levels=model.levels[keep].reset_index(drop=True),
            set_aside=(*model.set_aside, *model.fit.infinite_terms),
        )
        group = _therapists(people, smaller.person) if model.therapists else None
        model = replace(
            smaller, fit=_fit(people, smaller.yes, smaller.matrix, smaller.terms, group)
        )
    return model


def _therapists(people: OutcomePeople, person: IntArray) -> IntArray | None:
    codes = people.therapist.codes
    if codes is None or len(np.unique(codes[person])) < FEWEST_GROUPS:
        return None
    return codes[person]


def _fit(
    people: OutcomePeople,
    yes: FloatArray,
    matrix: FloatArray,
    terms: list[Term],
    group: IntArray | None,
) -> GeneralisedMixedModelFit:
    return fit_generalised_mixed_model(
        yes,
        matrix,
        family="binomial",
        group=group,
        group_label="therapist",
        term_names=[term.column for term in terms],
        conf_level=people.conf_level,
    )
