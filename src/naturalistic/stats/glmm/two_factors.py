"""Two random intercepts: many units (patients) below or across fewer groups (therapists).

With D the diagonal block of the units and C their coupling with the groups, the system matrix is

    H = [D  C ],      S = E - C' D^-1 C     (Schur complement),      |H| = |D| |S|,
        [C' E ]

so the units, however many, cost one division each. A unit seen by one group adds to the diagonal
of S only; a unit seen by several links these groups. S is therefore diagonal where units are
nested and falls into connected blocks of groups that share units where they are not; the blocks
are factorised densely, and systems in the Newton iterations are solved by conjugate gradients.
What the gradient needs of the inverse are only its entries for (unit, group) pairs that occur.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve, lapack
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import LinearOperator, cg

from naturalistic.stats.glmm.structure import Effects, Leverage, sum_by

Array = NDArray[np.float64]
Index = NDArray[np.int64]

# groups linked through shared units, directly or in a chain, form one dense block; 12,000 need
# 1.2 GB and about a minute a factorisation
LARGEST_BLOCK = 12_000


@dataclass(frozen=True, eq=False)
class TwoFactors:
    """Units (factor 0) and groups (factor 1), nested or crossed.

    Parameters
    ----------
    unit, group : ndarray of int, shape (n,)
        Level of every row.
    levels : tuple of int
        Number of units and of groups.
    """

    unit: Index
    group: Index
    levels: tuple[int, int]

    @property
    def n_levels(self) -> tuple[int, ...]:
        """Number of levels of each factor."""
        return self.levels

    @cached_property
    def cells(self) -> Cells:
        """The (unit, group) pairs that occur and the links between groups that they make."""
        return make_cells(self.unit, self.group, self.levels)

    def spread(self, standard_deviations: Array, effects: Effects) -> Array:
        """See `Structure.spread`."""
        cells = self.cells
        units, groups = (sd * u for sd, u in zip(standard_deviations, effects, strict=True))
        return (units[cells.unit] + groups[cells.group])[cells.of_row]

    def gather(self, rows: Array) -> Effects:
        """See `Structure.gather`."""
        cells = self.cells
        by_cell = sum_by(cells.of_row, rows, len(cells.unit))
        return (
            sum_by(cells.unit, by_cell, self.levels[0]),
            sum_by(cells.group, by_cell, self.levels[1]),
        )

    def rows_of(self, factor: int, effects: Array) -> Array:
        """See `Structure.rows_of`."""
        return effects[(self.unit, self.group)[factor]]

    def system(self, curvature: Array, standard_deviations: Array) -> TwoFactorSystem:
        """See `Structure.system`."""
        weight = sum_by(self.cells.of_row, curvature, len(self.cells.unit))
        unit_sd, group_sd = (float(sd) for sd in standard_deviations)
        return TwoFactorSystem(self.cells, self.levels, weight, unit_sd, group_sd)

    def shorten(self, steps: Effects, standard_deviations: Array, limit: float) -> Effects:
        """See `Structure.shorten`: all together, because the two factors move together."""
        longest = sum(
            abs(float(sd)) * float(np.max(np.abs(step)))
            for sd, step in zip(standard_deviations, steps, strict=True)
        )
        factor = min(1.0, limit / max(longest, 1e-300))
        return tuple(factor * step for step in steps)


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Occurring (unit, group) pairs, and the links between groups that share a unit.

    Attributes
    ----------
    of_row : ndarray of int, shape (n,)
    unit, group : ndarray of int, shape (c,)
    first, second : ndarray of int, shape (l,)
        Ordered pairs of different cells of the same unit.
    entry : ndarray of int, shape (l,)
        Off-diagonal entry of the Schur complement that the pair adds to.
    entry_row, entry_column : ndarray of int, shape (e,)
        Groups of every such entry.
    blocks : tuple of ndarray of int
        Groups of every connected block of two or more.
    block_entries : tuple of ndarray of int
        Entries inside each block.
    """

    of_row: Index
    unit: Index
    group: Index
    first: Index
    second: Index
    entry: Index
    entry_row: Index
    entry_column: Index
    blocks: tuple[Index, ...]
    block_entries: tuple[Index, ...]


def make_cells(unit: Index, group: Index, levels: tuple[int, int]) -> Cells:
    """Find the cells and links of a two-factor layout."""
    groups = levels[1]
    keys, of_row = np.unique(unit * groups + group, return_inverse=True)
    cell_unit, cell_group = keys // groups, keys % groups
    first, second = _pairs_within_units(cell_unit, levels[0])
    entries, entry = np.unique(cell_group[first] * groups + cell_group[second], return_inverse=True)
    row, column = entries // groups, entries % groups
    links = csr_array((np.ones(len(row)), (row, column)), shape=(groups, groups))
    count, component = connected_components(links, directed=False)
    sizes = np.bincount(component, minlength=count)
    linked = np.flatnonzero(sizes > 1)
    by_component, by_entry = np.argsort(component, kind="stable"), component[row]
    starts = np.concatenate([[0], np.cumsum(sizes)])
    entry_order = np.argsort(by_entry, kind="stable")
    entry_starts = np.searchsorted(by_entry[entry_order], np.arange(count + 1))
    return Cells(
        of_row,
        cell_unit,
        cell_group,
        first,
        second,
        entry,
        row,
        column,
        tuple(by_component[starts[c] : starts[c + 1]] for c in linked),
        tuple(entry_order[entry_starts[c] : entry_starts[c + 1]] for c in linked),
    )


def _pairs_within_units(cell_unit: Index, units: int) -> tuple[Index, Index]:
    """All ordered pairs of different cells of one unit; cells are sorted by unit."""
    per_unit = np.bincount(cell_unit, minlength=units)
    start = np.concatenate([[0], np.cumsum(per_unit)[:-1]])
    firsts, seconds = [], []
    for size in np.unique(per_unit[per_unit > 1]):
        base = start[per_unit == size]
        a, b = np.nonzero(~np.eye(size, dtype=bool))
        firsts.append((base[:, None] + a).ravel())
        seconds.append((base[:, None] + b).ravel())
    if not firsts:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    return np.concatenate(firsts), np.concatenate(seconds)


@dataclass(frozen=True, slots=True, eq=False)
class _SchurInverse:
    log_determinant: float
    diagonal: Array
    entries: Array


@dataclass(frozen=True, eq=False)
class TwoFactorSystem:
    """H for cell curvatures `weight` (c,) and the two standard deviations."""

    cells: Cells
    levels: tuple[int, int]
    weight: Array
    unit_sd: float
    group_sd: float

    @cached_property
    def _unit_diagonal(self) -> Array:
        weight = sum_by(self.cells.unit, self.weight, self.levels[0])
        return 1.0 + self.unit_sd**2 * weight

    @cached_property
    def _coupling(self) -> Array:
        return self.unit_sd * self.group_sd * self.weight

    @cached_property
    def _ratio(self) -> Array:
        """Coupling over the unit's diagonal, by cell: the entries of ``D^-1 C``."""
        return self._coupling / self._unit_diagonal[self.cells.unit]

    @cached_property
    def _schur_diagonal(self) -> Array:
        own = self.group_sd**2 * self.weight - self._coupling * self._ratio
        return 1.0 + sum_by(self.cells.group, own, self.levels[1])

    @cached_property
    def _schur_entries(self) -> Array:
        cells = self.cells
        products = self._coupling[cells.first] * self._ratio[cells.second]
        return -sum_by(cells.entry, products, len(cells.entry_row))

    def solve(self, right: Effects) -> Effects:
        """``H^-1 right``, by elimination of the units."""
        units, groups = right
        cells = self.cells
        carried = sum_by(cells.group, self._ratio * units[cells.unit], self.levels[1])
        solved = self._solve_schur(groups - carried)
        back = sum_by(cells.unit, self._ratio * solved[cells.group], self.levels[0])
        return units / self._unit_diagonal - back, solved

    def _solve_schur(self, right: Array) -> Array:
        diagonal = self._schur_diagonal
        if not self.cells.blocks:
            return right / diagonal
        cells, size = self.cells, (self.levels[1], self.levels[1])
        off = csr_array((self._schur_entries, (cells.entry_row, cells.entry_column)), shape=size)
        matrix = LinearOperator(size, matvec=lambda x: diagonal * x + off @ x, dtype=float)
        jacobi = LinearOperator(size, matvec=lambda x: x / diagonal, dtype=float)
        solution, failed = cg(matrix, right, rtol=1e-12, atol=1e-13, maxiter=1000, M=jacobi)
        return self._solve_blocks(right) if failed else np.asarray(solution, dtype=np.float64)

    def _solve_blocks(self, right: Array) -> Array:
        """Exact solution, where conjugate gradients take too long."""
        solution: Array = right / self._schur_diagonal
        for b, block in enumerate(self.cells.blocks):
            solution[block] = cho_solve(cho_factor(self._block(b)), right[block])
        return solution

    def _block(self, number: int) -> Array:
        cells = self.cells
        groups, entries = cells.blocks[number], cells.block_entries[number]
        place = np.zeros(self.levels[1], dtype=np.int64)
        place[groups] = np.arange(len(groups))
        dense = np.diag(self._schur_diagonal[groups])
        rows, columns = place[cells.entry_row[entries]], place[cells.entry_column[entries]]
        dense[rows, columns] = self._schur_entries[entries]
        return dense

    @cached_property
    def _schur_inverse(self) -> _SchurInverse:
        cells = self.cells
        diagonal = 1.0 / self._schur_diagonal
        entries = np.zeros(len(cells.entry_row))
        alone = np.ones(self.levels[1], dtype=bool)
        place = np.zeros(self.levels[1], dtype=np.int64)
        log_determinant = 0.0
        for b, (groups, inside) in enumerate(zip(cells.blocks, cells.block_entries, strict=True)):
            alone[groups] = False
            place[groups] = np.arange(len(groups))
            factor, _ = cho_factor(self._block(b), lower=True, overwrite_a=True)
            log_determinant += 2.0 * float(np.sum(np.log(np.diag(factor))))
            inverse, _ = lapack.dpotri(factor, lower=True, overwrite_c=True)
            diagonal[groups] = np.diag(inverse)
            rows, columns = place[cells.entry_row[inside]], place[cells.entry_column[inside]]
            # dpotri fills the lower triangle only
            entries[inside] = inverse[np.maximum(rows, columns), np.minimum(rows, columns)]
        log_determinant += float(np.sum(np.log(self._schur_diagonal[alone])))
        return _SchurInverse(log_determinant, diagonal, entries)

    def log_determinant(self) -> float:
        """``log |D| + log |S|``."""
        return float(np.sum(np.log(self._unit_diagonal))) + self._schur_inverse.log_determinant

    @cached_property
    def _cross(self) -> Array:
        """``H^-1`` at the (unit, group) of every cell."""
        cells, inverse = self.cells, self._schur_inverse
        linked = self._ratio[cells.second] * inverse.entries[cells.entry]
        other = sum_by(cells.first, linked, len(cells.unit))
        return -(self._ratio * inverse.diagonal[cells.group] + other)

    def inverse_diagonal(self) -> Effects:
        """Diagonal of ``H^-1``: units, groups."""
        drawn = sum_by(self.cells.unit, self._ratio * self._cross, self.levels[0])
        return 1.0 / self._unit_diagonal - drawn, self._schur_inverse.diagonal

    def leverage(self) -> Leverage:
        """See `Leverage`; constant within cells."""
        units, groups = self.inverse_diagonal()
        cells, cross = self.cells, self._cross
        by_unit = self.unit_sd * units[cells.unit] + self.group_sd * cross
        by_group = self.group_sd * groups[cells.group] + self.unit_sd * cross
        row = self.unit_sd * by_unit + self.group_sd * by_group
        of_row = cells.of_row
        return Leverage(row[of_row], (by_unit[of_row], by_group[of_row]))
