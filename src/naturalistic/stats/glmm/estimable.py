"""The part of a regression that has finite estimates."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from naturalistic.stats.glmm.design import (
    Basis,
    find_separation,
    looks_separated,
    orthogonal_basis,
)
from naturalistic.stats.glmm.families import NegativeBinomial, Poisson
from naturalistic.stats.glmm.request import Request
from naturalistic.stats.glmm.start import weighted_regression


@dataclass(frozen=True, slots=True, eq=False)
class Estimable:
    """The part of a request that has finite estimates.

    `request` holds the rows that are not fitted exactly in the limit, `basis` their design;
    `infinite` marks the terms that run away and `rank` counts all terms the data can tell apart.
    """

    request: Request
    basis: Basis
    coefficients: NDArray[np.float64]
    linear_predictor: NDArray[np.float64]
    infinite: NDArray[np.bool_]
    rank: int
    notes: tuple[str, ...]


def estimable_part(request: Request) -> Estimable:
    """Drop dependent columns, then, while there is separation, its rows and terms."""
    names = request.term_names
    infinite = np.zeros(len(names), dtype=bool)
    basis = orthogonal_basis(request.design, names)
    rank, notes, part = len(basis.kept), basis.notes, request
    while True:
        coefficients, eta = _plain_regression(part, basis.columns)
        separation = None
        if looks_separated(eta, part.family):
            kept_names = [names[j] for j in basis.kept.tolist()]
            separation = find_separation(part.design[:, basis.kept], part.family, kept_names)
        if separation is None:
            return Estimable(part, basis, coefficients, eta, infinite, rank, notes)
        infinite[basis.kept[separation.infinite]] = True
        notes += separation.notes
        if separation.rows.all() or infinite[basis.kept].all():
            return Estimable(part, basis, coefficients, eta, infinite, rank, notes)
        part = _some_rows(part, ~separation.rows)
        dropped_before = set(basis.dropped)
        basis = orthogonal_basis(part.design, names)
        notes += tuple(
            note
            for j, note in zip(basis.dropped, basis.notes, strict=True)
            if j not in dropped_before and not infinite[j]
        )


def _plain_regression(
    request: Request, basis: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    family = request.family
    # the Poisson regression is consistent for the negative binomial's coefficients too
    start = Poisson(family.counts) if isinstance(family, NegativeBinomial) else family
    return weighted_regression(basis, request.offset, start, 1.0)


def _some_rows(request: Request, rows: NDArray[np.bool_]) -> Request:
    offset = request.offset[rows] if isinstance(request.offset, np.ndarray) else request.offset
    return replace(
        request,
        family=request.family.subset(rows),
        design=request.design[rows],
        offset=offset,
        groupings=tuple(
            replace(grouping, codes=grouping.codes[rows]) for grouping in request.groupings
        ),
    )
