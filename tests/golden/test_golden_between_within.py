"""Between-within degrees of freedom against nlme (between_within.R makes the numbers)."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from naturalistic.stats.generalised_mixed_model import fit_generalised_mixed_model

GOLDEN = json.loads((Path(__file__).parent / "between_within.json").read_text())


@pytest.mark.parametrize("name", ["one", "two"])
def test_terms_between_therapists_have_the_degrees_of_freedom_of_nlme(name: str) -> None:
    data = {key: np.array([row[key] for row in GOLDEN["data"]]) for key in GOLDEN["data"][0]}
    terms = [term for term in GOLDEN[name] if term != "(Intercept)"]
    design = np.column_stack([np.ones(len(data["age"])), *(data[term] for term in terms)])
    fit = fit_generalised_mixed_model(
        np.round(np.exp(data["score"] / 8)),
        design,
        family="poisson",
        group=data["therapist"],
        term_names=["intercept", *terms],
    )
    between = {"experience", "trained"} & set(terms)
    for term in terms:
        expected = float(GOLDEN[name][term]) if term in between else np.inf
        assert fit.term(term).df == expected
    # nlme counts the intercept with the rows, here it is one of the terms between therapists
    assert fit.df[0] == GOLDEN[name]["experience"]
