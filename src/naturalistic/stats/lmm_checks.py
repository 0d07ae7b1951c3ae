"""Check and code the input of a linear mixed model; say what makes it impossible to fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from naturalistic.stats.lmm_blocks import FloatArray, IntArray
from naturalistic.stats.lmm_columns import RandomColumns
from naturalistic.stats.lmm_crossed import UpperUnits
from naturalistic.stats.lmm_reduction import RowSource

# A variance between groups rests on the groups: with two it has one degree of freedom at most.
FEWEST_GROUPS = 3

# Patients in a block of a model without therapists and services.
_BLOCK = 500


@dataclass(frozen=True, slots=True)
class ModelInput:
    """Checked input with dense codes.

    Attributes
    ----------
    source : RowSource
    columns : RandomColumns
    upper : UpperUnits
    n_cells, n_patients, n_therapists, n_services : int
    random_slope, therapist_slope, service_slope, patient_effect : bool
    patient_ids, therapist_ids, service_ids : ndarray
        The caller's identifier of every code.
    term_names : tuple of str
    outcome_name, time_name : str
    """

    source: RowSource
    columns: RandomColumns
    upper: UpperUnits
    n_cells: int
    n_patients: int
    n_therapists: int
    n_services: int
    random_slope: bool
    therapist_slope: bool
    service_slope: bool
    patient_effect: bool
    patient_ids: IntArray
    therapist_ids: IntArray
    service_ids: IntArray
    term_names: tuple[str, ...]
    outcome_name: str
    time_name: str

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


def _random_columns(time: FloatArray | None, *, occasions: bool, slope: bool) -> RandomColumns:
    if time is None:
        if occasions or slope:
            raise ValueError("a slope or occasion_variance needs time")
        return RandomColumns("intercept")
    if not occasions and not slope:
        return RandomColumns("intercept")
    mean, scale = float(time.mean()), float(time.std())
    if scale <= 1e-12 * max(abs(mean), 1e-300) or scale == 0.0:
        raise ValueError("time is the same in every row: no slope and no second occasion")
    if not occasions:
        return RandomColumns("time", mean, scale)
    values = (float(time.min()), float(time.max()))
    if not np.all((time == values[0]) | (time == values[1])):
        raise ValueError("occasion_variance needs exactly two values of time")
    return RandomColumns("occasions", mean, scale, values)


def prepare_input(
    outcome: npt.ArrayLike,
    design: npt.ArrayLike,
    patient: npt.ArrayLike,
    *,
    time: npt.ArrayLike | None,
    random_slope: bool,
    occasion_variance: bool,
    therapist: npt.ArrayLike | None,
    therapist_slope: bool,
    service: npt.ArrayLike | None,
    service_slope: bool,
    patient_effect: bool,
    term_names: Sequence[str] | None,
    outcome_name: str,
    time_name: str,
) -> ModelInput:
    """Check the arguments of `fit_linear_mixed_model` and code the groups.

    Raises
    ------
    ValueError
        Wrong shapes, missing values, contradictory options.
    """
    y = _float_array(outcome, "outcome", (None,))
    rows = len(y)
    x = _float_array(design, "design", (rows, None))
    names = tuple(term_names or (f"x{k + 1}" for k in range(x.shape[1])))
    if len(names) != x.shape[1] or len(set(names)) != len(names):
        raise ValueError(f"term_names must be {x.shape[1]} different names, got {names}")
    if not rows or not x.shape[1]:
        raise ValueError("a model needs rows and at least one design column")
    if random_slope and occasion_variance:
        raise ValueError("two occasions carry an unstructured covariance or a slope, not both")
    if not patient_effect and (random_slope or occasion_variance):
        raise ValueError("random_slope and occasion_variance are patient effects")
    if (therapist_slope and therapist is None) or (service_slope and service is None):
        raise ValueError("a therapist or service slope needs the therapist or service codes")
    t = None if time is None else _float_array(time, "time", (rows,))
    columns = _random_columns(
        t, occasions=occasion_variance, slope=random_slope or therapist_slope or service_slope
    )
    patient_codes, patient_ids = dense_codes(patient, "patient", rows)
    groups = [
        dense_codes(values, name, rows)
        for values, name in ((therapist, "therapist"), (service, "service"))
        if values is not None
    ]
    cell, n_cells, codes = _cells([code for code, _ in groups], patient_codes, len(patient_ids))
    unit = patient_codes if patient_effect else cell
    if occasion_variance and t is not None:
        _check_occasions(unit, np.equal(t, columns.occasions[1]))
    home = np.zeros(int(unit.max()) + 1, dtype=np.int64)
    home[unit] = cell
    upper = UpperUnits(
        tuple(codes), tuple(len(ids) for _, ids in groups), bool(np.any(home[unit] != cell))
    )
    ids = [ids for _, ids in groups]
    none = np.empty(0, dtype=np.int64)
    therapist_ids = ids[0] if therapist is not None else none
    service_ids = ids[-1] if service is not None else none
    return ModelInput(
        source=RowSource(y, x, t, unit, cell),
        columns=columns,
        upper=upper,
        n_cells=n_cells,
        n_patients=len(patient_ids),
        n_therapists=len(therapist_ids),
        n_services=len(service_ids),
        random_slope=random_slope,
        therapist_slope=therapist_slope,
        service_slope=service_slope,
        patient_effect=patient_effect,
        patient_ids=patient_ids,
        therapist_ids=therapist_ids,
        service_ids=service_ids,
        term_names=names,
        outcome_name=outcome_name,
        time_name=time_name,
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
    elif model.patient_effect:
        effects = 2 if model.random_slope else 1
        if rows <= effects * model.n_patients:
            what = "an intercept and a slope" if effects == 2 else "an intercept"
            return (
                f"{rows} rows of {model.n_patients} patients cannot tell {what} per patient "
                "from the residual"
            )
    lower, lower_name = model.n_patients if model.patient_effect else rows, "patients"
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
