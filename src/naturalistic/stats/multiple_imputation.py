"""Multiple imputation of incomplete scores by chained equations, all data sets at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from naturalistic.stats.imputation_model import draw_regression
from naturalistic.stats.imputation_products import Clusters, Predictors
from naturalistic.stats.paired_scores import FloatArray

Method = Literal["normal", "predictive_mean_matching"]
DONORS = 5


@dataclass(frozen=True, slots=True)
class Imputations:
    """Completed data sets and how the chains got there.

    Attributes
    ----------
    completed : ndarray, shape (m, n_rows, n_columns)
        The data with every gap filled, m times.
    missing : ndarray of bool, shape (n_rows, n_columns)
        What was filled.
    chain_means, chain_sds : ndarray, shape (n_iterations, m, n_columns)
        Mean and SD of the filled values after each iteration; NaN for complete columns.
    """

    completed: FloatArray
    missing: npt.NDArray[np.bool_]
    chain_means: FloatArray
    chain_sds: FloatArray

    def potential_scale_reduction(self, column: int) -> float:
        """Gelman and Rubin's (1992) factor for the chain means of a column over the later half.

        Near 1 the m chains, each begun at random, have forgotten where they began. NaN for a
        complete column or fewer than four iterations.
        """
        later = self.chain_means[self.chain_means.shape[0] // 2 :, :, column]
        steps = later.shape[0]
        if steps < 2 or np.isnan(later).any():
            return float("nan")
        within = float(later.var(axis=0, ddof=1).mean())
        between = float(later.mean(axis=0).var(ddof=1))
        if within == 0.0:
            return float("nan")
        return float(np.sqrt((steps - 1) / steps + between / within))


def impute_by_chained_equations(
    values: npt.ArrayLike,
    *,
    rng: np.random.Generator,
    methods: Method | Sequence[Method] = "predictive_mean_matching",
    cluster: npt.ArrayLike | None = None,
    imputations: int = 50,
    iterations: int = 10,
    donors: int = DONORS,
) -> Imputations:
    """Fill the gaps of a table m times, each column from all the others in turn.

    Fully conditional specification (van Buuren 2018, algorithm 4.3). Each column is regressed on
    the others among the rows that hold it, with a random intercept by `cluster` where given
    (`imputation_model.draw_regression`: the share of variance between therapists, residual
    variance, coefficients and therapists' intercepts are drawn from their joint posterior). Then

    - ``normal``: a draw from the predictive distribution (van Buuren 2018, algorithm 3.1);
    - ``predictive_mean_matching``: the observed value of one of the `donors` rows whose predicted
      mean is nearest, with drawn coefficients for the receiver and estimated ones for the donors
      ("type 1", algorithm 3.3). It fills only values that occur.

    All m data sets are computed together; nothing is looped over but columns and iterations.

    Parameters
    ----------
    values : array_like, shape (n_rows, n_columns)
        NaN where missing. Complete columns (dummy variables among them) only predict.
    rng : numpy.random.Generator
        Source of the draws.
    methods : str or sequence of str
        One for all columns or one each.
    cluster : array_like, shape (n_rows,), optional
        Therapist of each row.
    imputations, iterations, donors : int
        Data sets, rounds over the columns, and rows to choose from.

    Returns
    -------
    Imputations

    Raises
    ------
    ValueError
        If an argument is out of range, a column has fewer than three values or no spread among
        them although it has gaps, or values are infinite.
    """
    table = np.asarray(values, dtype=np.float64)
    if table.ndim != 2 or np.isinf(table).any():
        raise ValueError("values must be a table of finite numbers or NaN")
    if imputations < 2 or iterations < 1 or donors < 1:
        raise ValueError("imputations >= 2, iterations >= 1 and donors >= 1 are needed")
    chosen = _method_of_each(methods, table.shape[1])
    groups = None if cluster is None else Clusters.of(cluster, table.shape[0])
    order, groups = _content_order(table, groups)
    table = table[order]
    missing = np.isnan(table)
    # the column with fewest gaps first, as R's mice visits them in "monotone" order
    gaps = [int(j) for j in np.flatnonzero(missing.any(axis=0))]
    gaps.sort(key=lambda j: int(missing[:, j].sum()))
    _check_observed(table, gaps)
    filled = _start(table, missing, gaps, imputations, rng)
    complete = table[:, ~missing.any(axis=0)]
    shape = (iterations, imputations, table.shape[1])
    means, sds = np.full(shape, np.nan), np.full(shape, np.nan)
    for step in range(iterations):
        for j in gaps:
            drawn, gap = _others(filled, gaps, j), missing[:, j]
            new = _fill(complete, drawn, filled[j], gap, groups, chosen[j], donors, rng)
            filled[j][:, gap] = new
            means[step, :, j], sds[step, :, j] = new.mean(axis=1), new.std(axis=1)
    back = np.argsort(order)
    completed = np.repeat(table[np.newaxis], imputations, axis=0)
    for j in gaps:
        completed[:, :, j] = filled[j]
    return Imputations(completed[:, back], missing[back], means, sds)


def _method_of_each(methods: Method | Sequence[Method], n_columns: int) -> list[Method]:
    chosen = [methods] * n_columns if isinstance(methods, str) else list(methods)
    if len(chosen) != n_columns or not set(chosen) <= set(get_args(Method)):
        raise ValueError(f"methods must be one of {get_args(Method)}, for all columns or for each")
    return chosen


def _others(filled: dict[int, FloatArray], gaps: list[int], column: int) -> FloatArray:
    """The other incomplete columns as filled so far, shape (v, m, n)."""
    others = [filled[k] for k in gaps if k != column]
    return np.stack(others) if others else np.empty((0, *filled[column].shape))


def _content_order(
    table: FloatArray, groups: Clusters | None
) -> tuple[npt.NDArray[np.intp], Clusters | None]:
    """Rows and therapists in an order that depends on what they hold, not on labels or files.

    The draws go to rows in this order, so the answer does not depend on the order of rows or on the
    value of a pseudonym. Rows that are alike in everything are exchangeable.
    """
    keys = [np.where(np.isnan(column), np.inf, column) for column in table.T]
    if groups is None:
        return np.lexsort(keys), None
    # sums of a therapist in the order of what the rows hold: their last bit must not depend on a label
    rows = np.lexsort(keys)
    sums = groups.rows(rows).sums(
        np.column_stack([np.ones(len(table)), np.nan_to_num(table)])[rows]
    )
    rank = np.empty(groups.count, dtype=np.int64)
    rank[np.lexsort(sums.T)] = np.arange(groups.count)
    code = rank[groups.code]
    order = np.lexsort([*keys, code])
    return order, Clusters(code[order], groups.count)


def _check_observed(table: FloatArray, gaps: list[int]) -> None:
    for j in gaps:
        seen = table[~np.isnan(table[:, j]), j]
        if seen.size < 3 or np.ptp(seen) == 0.0:
            raise ValueError(f"column {j} has fewer than three values, or all the same")


def _start(
    table: FloatArray,
    missing: npt.NDArray[np.bool_],
    gaps: list[int],
    imputations: int,
    rng: np.random.Generator,
) -> dict[int, FloatArray]:
    """Each incomplete column m times, shape (m, n), its gaps filled with values drawn from it."""
    filled = {}
    for j in sorted(gaps):
        column = np.repeat(table[np.newaxis, :, j], imputations, axis=0)
        gap = missing[:, j]
        column[:, gap] = rng.choice(table[~gap, j], size=(imputations, int(gap.sum())))
        filled[j] = column
    return filled


def _fill(
    complete: FloatArray,
    drawn: FloatArray,
    column: FloatArray,
    gap: npt.NDArray[np.bool_],
    groups: Clusters | None,
    method: Method,
    donors: int,
    rng: np.random.Generator,
) -> FloatArray:
    """Draws for the gaps of one column, shape (m, n_missing), from complete columns and drawn ones (v, m, n)."""
    seen = ~gap
    # a column that does not vary among the rows to learn from has no coefficient
    varies = np.ptp(complete[seen], axis=0) > 0.0
    same = np.column_stack([np.ones(len(complete)), complete[:, varies]])
    columns = Predictors(same, drawn, len(column))
    learn, apply = columns.rows(seen), columns.rows(gap)
    observed = column[0, seen]
    draw = draw_regression(learn, observed, None if groups is None else groups.rows(seen), rng)
    receiver = apply.times(draw.drawn)
    if groups is not None:
        receiver += draw.drawn_intercepts[:, groups.code[gap]]
    if method == "normal":
        return receiver + draw.sigma[:, np.newaxis] * rng.standard_normal(receiver.shape)
    giver = learn.times(draw.estimated)
    if groups is not None:
        giver += draw.estimated_intercepts[:, groups.code[seen]]
    return _match(giver, receiver, observed, min(donors, observed.size), rng)


def _match(
    giver: FloatArray,
    receiver: FloatArray,
    observed: FloatArray,
    donors: int,
    rng: np.random.Generator,
) -> FloatArray:
    """Observed value of one of the nearest givers, for each data set and receiver.

    Sorted by prediction, the nearest `donors` are neighbours: the first of them is found by moving a window
    upwards for as long as its lowest giver is farther away than the one above its highest.
    """
    # ties in the prediction are broken by the value itself, not by the order of rows
    values = np.argsort(observed, kind="stable")
    giver, observed = giver[:, values], observed[values]
    order = np.argsort(giver, axis=1, kind="stable")
    ordered = np.take_along_axis(giver, order, axis=1)
    place = np.stack([np.searchsorted(a, b) for a, b in zip(ordered, receiver, strict=True)])
    size = observed.size
    first = np.clip(place - donors, 0, size - donors)
    for _ in range(donors):
        above = np.minimum(first + donors, size - 1)
        below_is_farther = (
            receiver - np.take_along_axis(ordered, first, axis=1)
            > np.take_along_axis(ordered, above, axis=1) - receiver
        )
        first += below_is_farther & (first + donors < size)
    pick = first + rng.integers(donors, size=receiver.shape)
    return observed[np.take_along_axis(order, pick, axis=1)]
