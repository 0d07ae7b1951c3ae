"""One linear programme solved again and again, each time from where the last one ended.

The audit asks thousands of questions of the same relations; only what is asked and the bounds change. `linprog` starts
afresh each time; the solver beneath it (HiGHS, shipped inside scipy) goes on from the last basis, some twenty times as
fast. `tests/unit/release/test_programme.py` holds the answers against `linprog`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize._highspy import _core as highs
from scipy.sparse import csc_array, csr_array, vstack

from naturalistic.release.suppression.shown import FloatArray

ENDS = (
    highs.HighsModelStatus.kOptimal,
    highs.HighsModelStatus.kUnbounded,
    highs.HighsModelStatus.kUnboundedOrInfeasible,
)


@dataclass(frozen=True)
class Answer:
    """What one programme came to.

    Attributes
    ----------
    value : float
        Smallest value of what was asked; minus infinity where it has no end.
    x : array of float, shape (columns,)
        Where it is reached; empty where it has no end.
    price_low, price_high : array of float, shape (columns,)
        How much the value falls when the lower (upper) bound of a column moves outwards by one.
    """

    value: float
    x: FloatArray
    price_low: FloatArray
    price_high: FloatArray


class Programme:
    """Columns x with bounds, rows ``equal @ x = 0`` and ``at_most @ x <= 0``.

    Parameters
    ----------
    equal, at_most : sparse array, shape (rows, columns)
        Relations.
    """

    def __init__(self, equal: csr_array, at_most: csr_array) -> None:
        self.columns = equal.shape[1]
        matrix = csc_array(vstack([equal, at_most]))
        rows = matrix.shape[0]
        self._every = np.arange(self.columns, dtype=np.int32)
        self._solver: Any = highs._Highs()
        self._solver.setOptionValue("output_flag", False)
        self._solver.setOptionValue(
            "simplex_strategy", 4
        )  # primal: a new question leaves the last point allowed
        self._solver.passModel(_model(matrix, equal.shape[0], rows, self.columns))

    def bound(self, low: FloatArray, high: FloatArray) -> None:
        """New bounds of every column."""
        self._solver.changeColsBounds(
            self.columns, self._every, np.ascontiguousarray(low), np.ascontiguousarray(high)
        )

    def smallest(self, cost: FloatArray) -> Answer:
        """The smallest value of ``cost @ x``.

        Raises
        ------
        ValueError
            No x meets the relations and the bounds, or the solver gave up.
        """
        self._solver.changeColsCost(self.columns, self._every, np.ascontiguousarray(cost))
        self._solver.run()
        status = self._solver.getModelStatus()
        if status not in ENDS:
            # rounding errors add up over many starts from the last basis: once more from the beginning
            self._solver.clearSolver()
            self._solver.run()
            status = self._solver.getModelStatus()
        if status in ENDS[1:]:
            none = np.zeros(0)
            return Answer(-np.inf, none, none, none)
        if status != highs.HighsModelStatus.kOptimal:
            raise ValueError(f"the counts shown contradict each other ({status})")
        solution = self._solver.getSolution()
        duals = np.array(solution.col_dual, dtype=np.float64)
        return Answer(
            float(self._solver.getInfo().objective_function_value),
            np.array(solution.col_value, dtype=np.float64),
            np.maximum(duals, 0.0),
            np.maximum(-duals, 0.0),
        )


def _model(matrix: csc_array, equal: int, rows: int, columns: int) -> Any:
    model = highs.HighsLp()
    model.num_col_, model.num_row_ = columns, rows
    model.col_cost_ = np.zeros(columns)
    model.col_lower_, model.col_upper_ = np.zeros(columns), np.full(columns, np.inf)
    model.row_lower_ = np.where(np.arange(rows) < equal, 0.0, -np.inf)
    model.row_upper_ = np.zeros(rows)
    model.a_matrix_.format_ = highs.MatrixFormat.kColwise
    model.a_matrix_.num_col_, model.a_matrix_.num_row_ = columns, rows
    model.a_matrix_.start_ = matrix.indptr.astype(np.int32)
    model.a_matrix_.index_ = matrix.indices.astype(np.int32)
    model.a_matrix_.value_ = matrix.data.astype(np.float64)
    return model
