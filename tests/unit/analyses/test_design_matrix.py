"""A design made in slices of rows is the design made at once."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from naturalistic.analyses import predictors
from naturalistic.analyses.predictors import design_matrix

FORMULA = "1 + time * (age + employment)"


def people(n: int = 1000) -> pd.DataFrame:
    """One level occurs among the last people only."""
    rng = np.random.default_rng(4)
    levels = np.where(np.arange(n) < 900, rng.choice(["employed", "student"], n), "retired")
    return pd.DataFrame(
        {
            "age": rng.normal(size=n),
            "employment": pd.Categorical(levels, categories=["employed", "retired", "student"]),
            "time": rng.uniform(size=n),
        }
    )


def test_slices_change_neither_values_nor_terms(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = people()
    whole, terms = design_matrix(FORMULA, frame)
    monkeypatch.setattr(predictors, "_SLICE", 130)
    sliced, again = design_matrix(FORMULA, frame)
    assert np.array_equal(whole, sliced)
    assert again == terms
    retired = next(term for term in terms if term.column == "employment[T.retired]")
    assert retired.contrast == "retired vs employed"


def test_a_missing_value_is_found_in_every_slice(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = people()
    frame.loc[950, "age"] = np.nan
    monkeypatch.setattr(predictors, "_SLICE", 130)
    with pytest.raises(ValueError, match="null"):
        design_matrix(FORMULA, frame)
