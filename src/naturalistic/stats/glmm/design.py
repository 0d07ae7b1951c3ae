"""What can be seen wrong with a design matrix before (or just after) a regression is fitted.

Linear dependence, separation, and levels that rest on a single patient: each is found, named by
column, and said in words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

from naturalistic.stats.glmm.families import Family

Array = NDArray[np.float64]

# share of a column's length that must be its own; R's lm and lme4 use 1e-7 as well
_DEPENDENCE_TOLERANCE = 1e-7
_ROWS_PER_CHUNK = 200_000
# a fitted logit or log mean beyond this starts the search for separation
_SUSPICIOUS_LINEAR_PREDICTOR = 12.0


@dataclass(frozen=True, slots=True)
class Basis:
    """Columns kept, and an orthogonal basis of their span.

    Attributes
    ----------
    kept : ndarray of int, shape (r,)
        Columns of the design that are not linear combinations of earlier ones.
    columns : ndarray, shape (n, r)
        ``Q = X[:, kept] @ to_terms`` with ``Q'Q = n I``.
    to_terms : ndarray, shape (r, r)
        Coefficients of the kept columns are ``to_terms @ basis coefficients``.
    notes : tuple of str
        One sentence per dropped column.
    dropped : tuple of int
        The other columns.
    """

    kept: NDArray[np.int64]
    columns: Array
    to_terms: Array
    notes: tuple[str, ...]
    dropped: tuple[int, ...]


def orthogonal_basis(design: Array, term_names: Sequence[str]) -> Basis:
    """Drop columns that depend on earlier ones, then make the rest orthogonal.

    Earlier columns win, as in R, so what is dropped follows from the order the caller chose and
    not from scaling. Rows are reduced by QR chunk by chunk; the search itself is a Gram-Schmidt
    orthogonalisation of the triangular factor.
    """
    triangle = _triangular_factor(design)
    length = np.linalg.norm(triangle, axis=0)
    kept: list[int] = []
    directions = np.zeros((triangle.shape[0], 0))
    for j in range(design.shape[1]):
        rest = triangle[:, j].copy()
        for _ in range(2):  # the second pass removes what rounding left of the first
            rest -= directions @ (directions.T @ rest)
        own = float(np.linalg.norm(rest))
        if own > _DEPENDENCE_TOLERANCE * length[j]:
            kept.append(j)
            directions = np.column_stack([directions, rest / own])
    dropped = tuple(j for j in range(design.shape[1]) if j not in kept)
    notes = tuple(_dependence_note(triangle, j, kept, term_names) for j in dropped)
    kept_triangle = directions.T @ triangle[:, kept]
    to_terms = np.linalg.inv(kept_triangle) * np.sqrt(len(design)) if kept else np.zeros((0, 0))
    columns = np.ascontiguousarray(design[:, kept] @ to_terms)
    return Basis(np.array(kept, dtype=np.int64), columns, to_terms, notes, dropped)


def _triangular_factor(design: Array) -> Array:
    triangle = np.zeros((0, design.shape[1]))
    for start in range(0, len(design), _ROWS_PER_CHUNK):
        stacked = np.vstack([triangle, design[start : start + _ROWS_PER_CHUNK]])
        triangle = np.asarray(np.linalg.qr(stacked, mode="r"))
    return triangle


def _dependence_note(
    triangle: Array, column: int, kept: Sequence[int], term_names: Sequence[str]
) -> str:
    earlier = [j for j in kept if j < column]
    scale = np.linalg.norm(triangle[:, column])
    if scale == 0.0 or not earlier:
        return f"'{term_names[column]}' is zero in every row and was left out"
    weights = np.linalg.lstsq(triangle[:, earlier], triangle[:, column], rcond=None)[0]
    sizes = np.abs(weights) * np.linalg.norm(triangle[:, earlier], axis=0)
    parts = [term_names[j] for j, size in zip(earlier, sizes, strict=True) if size > 1e-6 * scale]
    listed = ", ".join(f"'{name}'" for name in parts)
    return (
        f"'{term_names[column]}' is a linear combination of {listed} and was left out: "
        "the data cannot tell them apart"
    )


@dataclass(frozen=True, slots=True)
class Separation:
    """A direction in which the likelihood never stops rising.

    Attributes
    ----------
    infinite : ndarray of bool, shape (p,)
        Terms whose estimate has no finite value.
    rows : ndarray of bool, shape (n,)
        Rows that are fitted exactly in the limit; they carry no information on the other terms.
    notes : tuple of str
        One sentence per infinite term.
    """

    infinite: NDArray[np.bool_]
    rows: NDArray[np.bool_]
    notes: tuple[str, ...]


def find_separation(design: Array, family: Family, term_names: Sequence[str]) -> Separation | None:
    """Complete or quasi-complete separation, exactly, by linear programming.

    Seeks b with ``x'b <= 0`` where the response is at its lowest, ``x'b >= 0`` where it is at its
    highest, ``x'b = 0`` elsewhere, and ``x'b != 0`` somewhere (Konis 2007, DPhil thesis, Oxford,
    ch. 4; Correia, Guimaraes & Zylkin 2019 for counts). The design must have full rank. A normal
    random intercept does not remove the problem: the marginal likelihood rises as well.

    Returns
    -------
    Separation or None
        None where every estimate is finite.
    """
    lowest, highest = family.bounds()
    signs = np.where(highest, 1.0, -1.0)
    at_bound = lowest | highest
    scale = np.maximum(np.abs(design).max(axis=0), 1e-300)
    scaled = design / scale
    oriented = np.unique(scaled[at_bound] * signs[at_bound, None], axis=0)
    if not len(oriented):
        return None
    fixed = _triangular_factor(scaled[~at_bound]) if np.any(~at_bound) else None
    solution = linprog(
        -oriented.sum(axis=0) / len(oriented),
        A_ub=-oriented,
        b_ub=np.zeros(len(oriented)),
        A_eq=fixed,
        b_eq=None if fixed is None else np.zeros(len(fixed)),
        bounds=(-1.0, 1.0),
        method="highs",
    )
    if solution.x is None:
        raise ArithmeticError(f"the search for separation failed: {solution.message}")
    direction = np.where(np.abs(solution.x) > 1e-7, solution.x, 0.0)
    rows = at_bound & (np.abs(scaled @ direction) > 1e-6)
    if not rows.any():
        return None
    notes = tuple(
        _separation_note(term_names[j], direction[j], rows & (design[:, j] != 0.0))
        for j in np.flatnonzero(direction).tolist()
    )
    return Separation(direction != 0.0, rows, notes)


def _separation_note(name: str, slope: float, rows: NDArray[np.bool_]) -> str:
    count = int(rows.sum())
    return (
        f"'{name}' has no finite estimate: it runs to {'plus' if slope > 0 else 'minus'} infinity, "
        f"because with it the design predicts {count} {'row' if count == 1 else 'rows'} perfectly "
        "(separation)"
    )


def looks_separated(linear_predictor: Array, family: Family) -> bool:
    """Whether a weighted regression has gone so far out that separation must be looked for."""
    lowest, highest = family.bounds()
    low_end = np.min(linear_predictor[lowest], initial=0.0)
    high_end = np.max(linear_predictor[highest], initial=0.0)
    return bool(max(-low_end, high_end) > _SUSPICIOUS_LINEAR_PREDICTOR)


def thin_level_notes(
    design: Array,
    term_names: Sequence[str],
    unit: NDArray[np.int64],
    unit_label: str,
) -> tuple[str, ...]:
    """A sentence for every 0/1 column whose rarer side rests on a single unit (patient)."""
    notes = []
    for j, name in enumerate(term_names):
        column = design[:, j]
        ones = column == 1.0
        if not np.all(ones | (column == 0.0)) or ones.all() or not ones.any():
            continue
        for side, level in ((ones, "1"), (~ones, "0")):
            members = unit[side]
            if np.all(members == members[0]):
                notes.append(
                    f"'{name}' is {level} for one {unit_label} only: its estimate describes that "
                    f"{unit_label}"
                )
    return tuple(notes)
