"""Covariances of model coefficients as they may leave: made of released errors and coarse correlations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from naturalistic.tables.estimates import COVARIANCES

COLUMNS = tuple(name for name in COVARIANCES.names if name != "cohort")
COARSEST_STEP = 0.05  # of a correlation, however many people stand behind the coefficients
_MODEL = ("analysis", "model", "specification")
_SAME_ERROR = 0.05  # share by which a released standard error may differ from the exact one
Told = tuple[float, float]  # standard error and people


def released_covariances(
    covariances: Mapping[str, pd.DataFrame],
    released: Mapping[str, pd.DataFrame],
    rounding_base: int,
) -> pd.DataFrame:
    """Covariances between coefficients that were both released.

    A covariance is the released standard errors times the correlation, and the correlation is rounded to steps of at
    least 0.05 and of the rounding base over the people behind the smaller of the two coefficients: the correlation of two
    levels of one characteristic is a function of how many people are in them, and so tells no more than their rounded
    counts. A coefficient that is withheld has no covariance here.

    Parameters
    ----------
    covariances : mapping of str to DataFrame
        At full precision, by analysis.
    released : mapping of str to DataFrame
        Released estimates, by analysis.
    rounding_base : int
        Of the disclosure profile.
    """
    rows: list[dict[str, Any]] = []
    for analysis, frame in covariances.items():
        errors = _errors(released[analysis]) if len(frame) else {}
        for (model, specification), block in frame.groupby(["model", "specification"], sort=False):
            head = (analysis, str(model), str(specification))
            rows += _block(head, block, errors, rounding_base)
    return pd.DataFrame(rows, columns=list(COLUMNS))


def coefficient_name(term: str, contrast: str) -> str:
    """The one spelling of a coefficient in the covariances."""
    return f"{term}|{contrast}" if contrast else term


def model_name(model: str, time_unit: str) -> str:
    """The one spelling of a model in the covariances: a model fitted on several clocks is one for each."""
    return f"{model}.{time_unit}" if time_unit else model


def _errors(frame: pd.DataFrame) -> dict[tuple[str, str, str], list[Told]]:
    """Released standard errors and people by model, specification and name of the coefficient.

    There can be several: a model gives an odds ratio and a difference in risk for one term.
    """
    text = frame[["model", "time_unit", "specification", "term", "contrast", "dimensions"]]
    text = text.astype("string").fillna("")
    usable = (
        (frame["status"] == "ok")
        & frame["std_error"].gt(0)
        & frame["n_patients"].notna()
        & (text["model"] != "")
        & (text["dimensions"] == "")
    )
    found: dict[tuple[str, str, str], list[Told]] = {}
    for i in np.flatnonzero(usable.to_numpy(dtype=bool)):
        model, unit, specification, term, contrast, _ = text.iloc[i]
        key = (model_name(model, unit), specification, coefficient_name(term, contrast))
        row = frame.iloc[i]
        found.setdefault(key, []).append((float(row["std_error"]), float(row["n_patients"])))
    return found


def _match(candidates: list[Told], exact: float) -> Told | None:
    """The released figure whose standard error is that of the coefficient."""
    near = [told for told in candidates if abs(told[0] / exact - 1) < _SAME_ERROR]
    return min(near, key=lambda told: abs(told[0] / exact - 1)) if near else None


def _block(
    head: tuple[str, str, str],
    block: pd.DataFrame,
    errors: Mapping[tuple[str, str, str], list[Told]],
    base: int,
) -> list[dict[str, Any]]:
    """One model: its lower triangle."""
    exact: dict[str, float] = {
        str(row["term_a"]): float(row["value"]) ** 0.5
        for row in block.to_dict("records")
        if row["term_a"] == row["term_b"] and row["value"] > 0
    }
    known = {
        name: match
        for name, error in exact.items()
        if (match := _match(errors.get((*head[1:], name), []), error)) is not None
    }
    rows = []
    for row in block.to_dict("records"):
        a, b = str(row["term_a"]), str(row["term_b"])
        if a not in known or b not in known:
            continue
        told = (known[a], known[b])
        step = max(COARSEST_STEP, base / max(min(told[0][1], told[1][1]), 1.0))
        correlation = 1.0
        if a != b:
            share = float(row["value"]) / (exact[a] * exact[b])
            correlation = float(np.clip(np.round(share / step) * step, -1 + step, 1 - step))
        value = correlation * told[0][0] * told[1][0]
        rows.append(
            {**dict(zip(_MODEL, head, strict=True)), "term_a": a, "term_b": b, "value": value}
        )
    return rows
