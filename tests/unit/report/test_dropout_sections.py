"""Sections of staying and leaving: two sentences before any model, figures that add up, checks of the models."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pandas as pd
import pytest

from naturalistic.report.blocks import Figure, Section, Table
from naturalistic.report.released import Released
from naturalistic.report.sections.dropout import dropout
from naturalistic.report.sections.dropout_lead import share_and_when, who_more_often
from naturalistic.report.sections.dropout_models import dropout_models

SESSIONS = "attended_sessions"


@pytest.fixture(scope="module")
def full(cohort: Callable[[str], Released]) -> Released:
    return cohort("full")


def figures(section: Section | None) -> dict[str, Figure]:
    assert section is not None
    return {block.name: block for block in section.blocks if isinstance(block, Figure)}


def captions(section: Section | None) -> list[str]:
    assert section is not None
    return [block.caption for block in section.blocks if isinstance(block, Table)]


def changed(released: Released, analysis: str, rows: pd.Series, **values: object) -> Released:
    frame = released.estimates[analysis].copy()
    for column, value in values.items():
        frame.loc[rows.to_numpy(), column] = value
    return replace(released, estimates={**released.estimates, analysis: frame})


def test_two_sentences_come_before_any_model(full: Released) -> None:
    section = dropout(full, None)
    assert section is not None
    assert section.findings[0].startswith("Of everyone who started, ")
    assert "had dropped out by session" in section.findings[0]
    assert "characteristics" in section.findings[1]
    assert len(section.findings) == 2
    names = list(figures(section))
    assert names.index("where_everyone_is_by_attended_sessions") == 0
    assert names.index("dropout_hazard_ratios_attended_sessions") > names.index(
        "ways_of_ending_by_attended_sessions"
    )


def test_who_is_named_with_both_shares_where_grays_test_is_clear(full: Released) -> None:
    frame = full.estimates["dropout"]
    gray = (frame["estimand"] == "grays_test") & (frame["time_unit"] == SESSIONS)
    nobody = changed(full, "dropout", gray, p_value=0.6)
    assert who_more_often(nobody, SESSIONS).startswith("None of ")
    one = changed(nobody, "dropout", gray & (frame["term"] == "age"), p_value=0.001)
    text = who_more_often(one, SESSIONS)
    assert "age at referral: " in text
    assert "the median" in text
    assert text.count("%") == 2
    assert "1 of " in text


def test_stacked_shares_leave_room_for_those_still_in_therapy(full: Released) -> None:
    figure = figures(dropout(full, None))["where_everyone_is_by_attended_sessions"]
    for row in figure.data.rows:
        assert sum(int(cell.rstrip("%")) for cell in row[1:]) == pytest.approx(100, abs=3)
    assert "Still under observation" not in figure.data.header
    frame = full.estimates["dropout"]
    hidden = changed(
        full,
        "dropout",
        (frame["term"] == "dropout") & (frame["estimand"] == "cumulative_incidence"),
        status="withheld",
        note="few",
    )
    assert "where_everyone_is_by_attended_sessions" not in figures(dropout(hidden, None))
    assert share_and_when(hidden, SESSIONS) == ""


def test_models_are_shown_with_their_checks(full: Released) -> None:
    section = dropout_models(full, None)
    found = figures(section)
    assert {"dropout_absolute_differences", "hazard_by_session", "dropout_calibration"} <= set(
        found
    )
    assert len(found["dropout_calibration"].data.rows) >= 2
    assert "no figure is given for any one person" in found["dropout_calibration"].caption
    assert "Reference person: " in found["hazard_by_session"].caption
    tables = captions(section)
    for start in (
        "Leaving next",
        "Is the hazard ratio the same",
        "Is a straight line enough",
        "Does one person decide",
        "Missing the first two",
    ):
        assert any(caption.startswith(start) for caption in tables), start
