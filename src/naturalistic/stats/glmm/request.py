"""A checked request for a generalised mixed model, and what forbids or clouds it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from naturalistic.stats.glmm.design import thin_level_notes
from naturalistic.stats.glmm.families import Binomial, Family, make_family
from naturalistic.stats.glmm.result import normal_quantile
from naturalistic.stats.glmm.two_factors import LARGEST_BLOCK, make_cells

Array = NDArray[np.float64]

_FEW_LEVELS = 10
# fewer yes/no rows than this per level make the Laplace approximation coarse
_FEW_ROWS = 10


@dataclass(frozen=True, slots=True, eq=False)
class Grouping:
    """One grouping factor: what its levels are called, their identifiers, a code per row."""

    label: str
    levels: NDArray[np.generic]
    codes: NDArray[np.int64]

    def rows_per_level(self) -> NDArray[np.int64]:
        """Number of rows of each level."""
        return np.bincount(self.codes, minlength=len(self.levels))


@dataclass(frozen=True, slots=True, eq=False)
class Request:
    """The caller's arguments, checked."""

    family: Family
    design: Array
    offset: Array | float
    groupings: tuple[Grouping, ...]
    term_names: tuple[str, ...]
    quadrature_points: int
    conf_level: float

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.design)

    @property
    def single_trials(self) -> bool:
        """Yes/no rows: they carry no information about overdispersion."""
        return isinstance(self.family, Binomial) and bool(np.all(self.family.trials == 1))


def make_request(
    response: ArrayLike,
    design: ArrayLike,
    *,
    family: str,
    trials: ArrayLike | None,
    offset: ArrayLike | None,
    groups: Sequence[tuple[str, ArrayLike | None]],
    quadrature_points: int,
    term_names: Sequence[str] | None,
    conf_level: float,
) -> Request:
    """Check shapes and values; ValueError says what is wrong."""
    matrix = np.asarray(design, dtype=float)
    if matrix.ndim != 2 or not matrix.shape[1] or not len(matrix):
        raise ValueError("design must be a matrix with at least one row and one column")
    rows = len(matrix)
    if not np.all(np.isfinite(matrix)):
        raise ValueError("design holds missing or infinite values")
    names = tuple(f"x{j}" for j in range(matrix.shape[1])) if term_names is None else term_names
    if len(names) != matrix.shape[1] or len(set(names)) != len(names):
        raise ValueError("term_names must hold one distinct name per column of design")
    normal_quantile(conf_level)
    groupings = tuple(_grouping(label, ids, rows) for label, ids in groups if ids is not None)
    if quadrature_points < 1:
        raise ValueError("quadrature_points must be 1 or more")
    if quadrature_points > 1 and len(groupings) != 1:
        raise ValueError("adaptive quadrature is for models with exactly one random intercept")
    return Request(
        make_family(
            family,
            _vector(response, rows, "response"),
            None if trials is None else _vector(trials, rows, "trials"),
        ),
        matrix,
        0.0 if offset is None else _vector(offset, rows, "offset"),
        groupings,
        tuple(names),
        quadrature_points,
        conf_level,
    )


def _vector(values: ArrayLike, rows: int, what: str) -> Array:
    vector = np.asarray(values, dtype=float)
    if vector.shape != (rows,):
        raise ValueError(f"{what} must have one value per row of design")
    if not np.all(np.isfinite(vector)):
        raise ValueError(f"{what} holds missing or infinite values")
    return vector


def _grouping(label: str, ids: ArrayLike, rows: int) -> Grouping:
    identifiers = np.asarray(ids)
    if identifiers.shape != (rows,):
        raise ValueError(f"{label} must have one identifier per row of design")
    if identifiers.dtype.kind == "f" and not np.all(np.isfinite(identifiers)):
        raise ValueError(f"{label} holds missing identifiers")
    if identifiers.dtype.kind == "O" and any(one is None or one != one for one in identifiers):
        raise ValueError(f"{label} holds missing identifiers")
    levels, codes = np.unique(identifiers, return_inverse=True)
    return Grouping(label, levels, codes.astype(np.int64))


def obstacle(request: Request) -> str:
    """Why the model cannot be fitted at all, or an empty string."""
    lowest, highest = request.family.bounds()
    if lowest.all():
        return "no event in any row: there is nothing to model"
    if highest.all():
        return "every trial of every row is an event: there is nothing to model"
    for grouping in request.groupings:
        levels = len(grouping.levels)
        if levels < 2:
            return (
                f"only one {grouping.label}: its effect cannot be told from the intercept; "
                f"fit the model without {grouping.label}"
            )
        if request.single_trials and levels == request.rows:
            return (
                f"every {grouping.label} has a single yes/no row: a variance between levels "
                "leaves no trace in such data"
            )
        if request.family.has_theta and levels == request.rows:
            return (
                f"every {grouping.label} has a single row, which theta already allows to vary: "
                f"use the Poisson family with {grouping.label}, or nb2 without it"
            )
    if len(request.groupings) == 2:
        return _two_factor_obstacle(*request.groupings)
    return ""


def _two_factor_obstacle(unit: Grouping, group: Grouping) -> str:
    cells = make_cells(unit.codes, group.codes, (len(unit.levels), len(group.levels)))
    if len(cells.unit) == len(group.levels):
        return (
            f"every {group.label} has a single {unit.label}: the two variances cannot be told apart"
        )
    largest = max((len(block) for block in cells.blocks), default=0)
    if largest > LARGEST_BLOCK:
        return (
            f"{largest:,} levels of {group.label} are linked through shared levels of "
            f"{unit.label}; more than {LARGEST_BLOCK:,} are not attempted: give every "
            f"{unit.label} one {group.label}, or fit services apart"
        )
    return ""


def caution_notes(request: Request) -> tuple[str, ...]:
    """What clouds the estimates without forbidding them: few or thin levels."""
    notes = [note for grouping in request.groupings for note in _level_notes(request, grouping)]
    unit, label = np.arange(request.rows), "row"
    if len(request.groupings) > 1:
        patients, therapists = request.groupings
        unit, label = patients.codes, patients.label
        pairs = np.unique(therapists.codes * len(patients.levels) + patients.codes)
        per_level = np.bincount(pairs // len(patients.levels))
        notes += _single_note(int(np.sum(per_level == 1)), therapists, label)
    return (*notes, *thin_level_notes(request.design, request.term_names, unit, label))


def _level_notes(request: Request, grouping: Grouping) -> list[str]:
    levels, rows = len(grouping.levels), grouping.rows_per_level()
    notes = []
    if levels < _FEW_LEVELS:
        notes.append(
            f"only {levels} levels of {grouping.label}: the variance between them is poorly "
            "determined, its estimate too small on average, and intervals for predictors that "
            f"differ between levels of {grouping.label} too short"
        )
    typical = float(np.median(rows))
    if request.single_trials and request.quadrature_points == 1 and typical < _FEW_ROWS:
        note = (
            f"half the levels of {grouping.label} have {typical:g} yes/no rows or fewer: the "
            "Laplace approximation then tends to give too small a variance"
        )
        only_one = len(request.groupings) == 1
        notes.append(f"{note}; adaptive quadrature does not" if only_one else note)
    if levels < request.rows and len(request.groupings) == 1:
        notes += _single_note(int(np.sum(rows == 1)), grouping, "row")
    return notes


def _single_note(count: int, grouping: Grouping, what: str) -> list[str]:
    if not count:
        return []
    return [f"{count} of {len(grouping.levels)} levels of {grouping.label} have a single {what}"]


def formula(request: Request, fitted_terms: Sequence[str], singular: Sequence[str] = ()) -> str:
    """The model that was fitted, in the notation of R."""
    left = "events / trials" if isinstance(request.family, Binomial) else "count"
    right = list(fitted_terms)
    if isinstance(request.offset, np.ndarray):
        right.append("offset")
    right += [f"(1 | {grouping.label})" for grouping in request.groupings]
    text = f"{left} ~ {' + '.join(right)}; {request.family.name}, {request.family.link} link"
    if not request.groupings:
        return f"{text}; no random effect (plain generalised linear model)"
    for label in singular:
        text += f"; variance of {label} estimated as 0"
    return text


def method_name(request: Request) -> str:
    """Estimator in words."""
    if not request.groupings:
        return "maximum likelihood, Wald z"
    label = request.groupings[-1].label
    wald = f"joint Hessian, Wald z (t, between-within, for what differs between levels of {label})"
    if request.quadrature_points == 1:
        return f"maximum likelihood, Laplace approximation, {wald}"
    return (
        f"maximum likelihood, adaptive Gauss-Hermite quadrature with {request.quadrature_points} "
        f"points, {wald}"
    )
