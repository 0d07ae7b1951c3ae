"""Sections on missing forms, other explanations, published figures and therapists' ratings."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from naturalistic.analyses.interface import AnalysisInput
from naturalistic.analyses.registry import REGISTRY
from naturalistic.reference.loader import load_instruments
from naturalistic.release.disclosure import protect
from naturalistic.release.evidence import run_record
from naturalistic.report.blocks import Figure, Section, Table
from naturalistic.report.released import Released
from naturalistic.report.sections.benchmarks import benchmarks
from naturalistic.report.sections.bias import bias
from naturalistic.report.sections.missing import missing
from naturalistic.report.sections.therapist_view import therapist_view
from naturalistic.settings.config import AnalysisSettings
from tests.unit.analyses.simulated_cohort import simulated_tables
from tests.unit.analyses.small_cohort import nobody, ten_people

SECTIONS = {
    "missing_outcomes": missing,
    "bias": bias,
    "benchmarks": benchmarks,
    "therapist_ratings": therapist_view,
}
BARE = re.compile(r"\b(nan|NaN|None|<NA>|NaT|inf)\b|_[a-z]+_")
COHORTS = {"three hundred": lambda: simulated_tables(300), "ten": ten_people, "nobody": nobody}


def released(tables: dict[str, pd.DataFrame]) -> Released:
    settings = AnalysisSettings.model_validate(
        {
            "resampling": {"imputations": 5},
            "missing_outcomes": {"iterations": 2},
            "specification_curve": {
                "imputations": 5,
                "first_days": [[-28, 14]],
                "last": ["last_available"],
            },
        }
    )
    instruments = load_instruments()
    estimates, disclosure = {}, {}
    for name in SECTIONS:
        entry = REGISTRY[name]
        chosen = {table: tables[table] for table in entry.tables}
        data = AnalysisInput("made", chosen, settings, instruments, rng=np.random.default_rng(3))
        estimates[name], disclosure[name] = protect(entry.load()(data).estimates, "opensafely")
    record = run_record(
        cohort="made",
        title="A simulated service",
        service="A service",
        contact="",
        synthetic=True,
        published=None,
        profile="opensafely",
        settings=settings.model_dump(mode="json"),
        provenance={"files": [], "data_cut": "2023-12-31", "calendar": "real"},
    )
    return Released(estimates, disclosure, record, instruments)


@pytest.fixture(scope="module", params=COHORTS)
def made(request: pytest.FixtureRequest) -> tuple[str, dict[str, Section]]:
    found = released(COHORTS[request.param]())
    sections = {name: section(found, None) for name, section in SECTIONS.items()}
    assert all(section is not None for section in sections.values())
    return request.param, sections  # type: ignore[return-value]  # none is None


def tables_of(section: Section) -> list[Table]:
    return [
        block.data if isinstance(block, Figure) else block
        for block in section.blocks
        if isinstance(block, Figure | Table)
    ]


def test_no_bare_missing_value_and_no_key_of_ours(made: tuple[str, dict[str, Section]]) -> None:
    for section in made[1].values():
        assert section.findings
        texts = [*section.findings]
        for table in tables_of(section):
            texts += [table.caption, table.note, *table.header]
            texts += [cell for cells in table.rows for cell in cells]
            for cells in table.rows:
                # one cell alone heads a group
                assert len(cells) in (1, len(table.header)), table.caption
        for block in section.blocks:
            if isinstance(block, Figure):
                texts += [block.caption, block.alternative]
                assert block.svg.lstrip().startswith("<?xml")
                assert block.caption.endswith(".")
                assert len(block.alternative) > 30
        for text in texts:
            assert not BARE.search(text), (section.key, text)


def test_a_full_cohort_has_the_figures_and_findings(made: tuple[str, dict[str, Section]]) -> None:
    name, sections = made
    figures = {b.name for s in sections.values() for b in s.blocks if isinstance(b, Figure)}
    if name != "three hundred":
        assert "tipping_point" not in figures
        return
    assert figures >= {
        "who_lacks_a_last_form",
        "transitions_of_ratings",
        "change_by_method_for_missing_forms",
        "tipping_point",
        "specification_curve",
        "therapist_ratings",
    }
    assert "points worse" in str(sections["missing_outcomes"].blocks)
    assert "half of them below" in " ".join(sections["bias"].findings)
    assert "largest improvement was in depression" in sections["therapist_ratings"].findings[0]
