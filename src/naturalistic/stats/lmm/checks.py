"""Check and code the input of a linear mixed model; say what makes it impossible to fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from naturalistic.stats.lmm.blocks import FloatArray, IntArray
from naturalistic.stats.lmm.columns import RandomColumns
from naturalistic.stats.lmm.crossed import UpperUnits
from naturalistic.stats.lmm.reduction import RowSource
from naturalistic.stats.lmm.structure import RandomRequest

# A variance between groups rests on the groups: with two it has one degree of freedom at most.
FEWEST_GROUPS = 3

# Patients in a block of a model without therapists and services.
_BLOCK = 500


@dataclass(frozen=True, slots=True)
class Labels:
    """Names for the printed formula."""

    terms: tuple[str, ...]
    outcome: str
    time: str


@dataclass(frozen=True, slots=True)
class ModelInput:
    """Checked input with dense codes.

    Attributes
    ----------
    source : RowSource
    columns : RandomColumns
    request : RandomRequest
    upper : UpperUnits
    n_cells, n_patients, n_therapists, n_services : int
    patient_ids, therapist_ids, service_ids : ndarray
        The caller's identifier of every code; empty for a level that is not in the model.
    labels : Labels
    """

    source: RowSource
    columns: RandomColumns
    request: RandomRequest
    upper: UpperUnits
    n_cells: int
    n_patients: int
    n_therapists: int
    n_services: int
    patient_ids: IntArray
    therapist_ids: IntArray
    service_ids: IntArray
    labels: Labels

    def without_rows(self) -> ModelInput:
        """The same without the rows, so that a fit does not keep the data alive."""
        nothing, codes = np.empty(0), np.empty(0, dtype=np.int64)
        return replace(self, source=RowSource(nothing, np.empty((0, 0)), None, codes, codes))


def dense_codes(identifiers: npt.ArrayLike, name: str, rows: int) -> tuple[IntArray, IntArray]:
    """Codes 0, 1, ... in rising order of the identifiers, and the identifier of every code.

    Raises
    ------
    ValueError
        When the identifiers are not one-dimensional non-negative integers.
    """
    values = np.asarray(identifiers)
    if values.shape != (rows,):
        raise ValueError(f"{name} must have shape ({rows},), got {values.shape}")
    if values.dtype.kind not in "iu":
        raise ValueError(f"{name} must be integer codes, got dtype {values.dtype}")
    if rows and values.min() < 0:
        raise ValueError(f"{name} holds negative codes (a missing value?): drop those rows first")
    values = values.astype(np.int64, copy=False)
    if rows and values.max() < 4 * rows + 1000:  # counting is cheaper than sorting
        present = np.bincount(values) > 0
        return (np.cumsum(present) - 1)[values], np.flatnonzero(present)
    found, inverse = np.unique(values, return_inverse=True)
    return inverse.ravel().astype(np.int64), found


def _float_array(values: npt.ArrayLike, name: str, shape: tuple[int | None, ...]) -> FloatArray:
    array = np.asarray(values, dtype=np.float64)
    fits = array.ndim == len(shape) and all(
        want in (None, size) for want, size in zip(shape, array.shape, strict=True)
    )
    if not fits:
        wanted = tuple("any" if want is None else want for want in shape)
        raise ValueError(f"{name} has shape {array.shape}, expected {wanted}")
    if not np.isfinite(array.sum()) and not np.isfinite(array).all():
        raise ValueError(
            f"{name} holds missing or infinite values: drop or impute those rows first"
        )
    return array


def _random_columns(time: FloatArray | None, request: RandomRequest) -> RandomColumns:
    if not request.occasions and not request.any_slope:
        return RandomColumns("intercept")
    if time is None:
        raise ValueError("a slope or occasion_variance needs time")
    mean, scale = float(time.mean()), float(time.std())
    if scale <= 1e-12 * abs(mean):
        raise ValueError("time is the same in every row: no slope and no second occasion")
    if not request.occasions:
        return RandomColumns("time", mean, scale)
    values = (float(time.min()), float(time.max()))
    if not np.all((time == values[0]) | (time == values[1])):
        raise ValueError("occasion_variance needs exactly two values of time")
    return RandomColumns("occasions", mean, scale, values)


def check_labels(
    names: Sequence[str] | None, columns: int, outcome_name: str, time_name: str
) -> Labels:
    """Names of the terms, made up where none are given.

    Raises
    ------
    ValueError
        When the names do not fit the columns or repeat.
    """
    terms = tuple(names or (f"x{k + 1}" for k in range(columns)))
    if len(terms) != columns or len(set(terms)) != columns:
        raise ValueError(f"term_names must be {columns} different names, got {terms}")
    return Labels(terms, outcome_name, time_name)


def prepare_input(
    outcome: npt.ArrayLike,
    design: npt.ArrayLike,
    patient: npt.ArrayLike,
    *,
    time: npt.ArrayLike | None,
    therapist: npt.ArrayLike | None,
    service: npt.ArrayLike | None,
    request: RandomRequest,
    labels: Labels,
) -> ModelInput:
    """Check the arrays of `fit_linear_mixed_model` and code the groups.

    Raises
    ------
    ValueError
        Wrong shapes, missing values, identifiers that are no integers.
    """
    y = _float_array(outcome, "outcome", (None,))
    rows = len(y)
    x = _float_array(design, "design", (rows, len(labels.terms)))
    if not rows or not x.shape[1]:
        raise ValueError("a model needs rows and at least one design column")
    t = None if time is None else _float_array(time, "time", (rows,))
    columns = _random_columns(t, request)
    patient_codes, patient_ids = dense_codes(patient, "patient", rows)
    nobody = (np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64))
    therapists = nobody if therapist is None else dense_codes(therapist, "therapist", rows)
    services = nobody if service is None else dense_codes(service, "service", rows)
    groups = [group for group in (therapists, services) if len(group[1])]
    cell, n_cells, codes = _cells([code for code, _ in groups], patient_codes, len(patient_ids))
    unit = patient_codes if request.patient else cell
    if request.occasions and t is not None:
        _check_occasions(unit, np.equal(t, columns.occasions[1]))
    home = np.zeros(int(unit.max()) + 1, dtype=np.int64)
    home[unit] = cell
    crossing = bool(np.any(home[unit] != cell))
    return ModelInput(
        source=RowSource(y, x, t, unit, cell),
        columns=columns,
        request=request,
        upper=UpperUnits(tuple(codes), tuple(len(ids) for _, ids in groups), crossing),
        n_cells=n_cells,
        n_patients=len(patient_ids),
        n_therapists=len(therapists[1]),
        n_services=len(services[1]),
        patient_ids=patient_ids,
        therapist_ids=therapists[1],
        service_ids=services[1],
        labels=labels,
    )


def _cells(
    groups: list[IntArray], patient: IntArray, patients: int
) -> tuple[IntArray, int, list[IntArray]]:
    """Combination of therapist and service of every row, and the groups of every combination.

    Without either, large data are cut into blocks of patients, from which starting values come.
    """
    if not groups:
        blocks = max(1, patients // _BLOCK)
        return patient * blocks // patients, blocks, []
    if len(groups) == 1:
        count = int(groups[0].max()) + 1
        return groups[0], count, [np.arange(count)]
    width = int(groups[1].max()) + 1
    found, cell = np.unique(groups[0] * width + groups[1], return_inverse=True)
    return cell.ravel().astype(np.int64), len(found), [found // width, found % width]


def _check_occasions(unit: IntArray, last: npt.NDArray[np.bool_]) -> None:
    counts = np.bincount(unit * 2 + last)
    if counts.max() > 1:
        several = int((counts > 1).sum())
        raise ValueError(
            f"occasion_variance takes one row per patient and occasion; {several} have more"
        )


def fit_obstacle(model: ModelInput) -> str:
    """Why the model cannot be estimated from these data; empty when nothing stands against it."""
    rows, terms = model.source.design.shape
    if rows <= terms:
        return f"{rows} rows cannot carry {terms} fixed effects and a residual variance"
    if model.columns.kind == "occasions":
        pairs = int((np.bincount(model.source.unit) == 2).sum())
        if pairs < FEWEST_GROUPS:
            return f"only {pairs} patients have both occasions: their covariance is unknown"
    elif model.request.patient:
        effects = 2 if model.request.patient_slope else 1
        if rows <= effects * model.n_patients:
            what = "an intercept and a slope" if effects == 2 else "an intercept"
            return (
                f"{rows} rows of {model.n_patients} patients cannot tell {what} per patient "
                "from the residual"
            )
    lower, lower_name = model.n_patients if model.request.patient else rows, "patients"
    for name, count, ids in (
        ("therapist", model.n_therapists, model.therapist_ids),
        ("service", model.n_services, model.service_ids),
    ):
        if not len(ids):
            continue
        if count < FEWEST_GROUPS:
            return (
                f"a variance between {name}s needs at least {FEWEST_GROUPS} {name}s, found {count}"
            )
        if count >= lower:
            return f"{count} {name}s for {lower} {lower_name}: their effects cannot be told apart"
        lower, lower_name = count, f"{name}s"
    return ""
