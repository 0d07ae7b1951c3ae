from __future__ import annotations

from naturalistic.reference.published_models import PublishedStudy
from naturalistic.report.blocks import Table
from naturalistic.report.sections.published import published
from tests.unit.report.handmade import CORE, change_rows, released, row

WHERE = {"source": "A paper", "status": "verified", "date": "2026-01-01"}


def study(*figures: dict[str, object]) -> PublishedStudy:
    return PublishedStudy.model_validate(
        {
            "key": "a_study",
            "title": "A study",
            "citation": "Author 2024",
            "design": "Before and after",
            "about": "A service",
            "figures": figures,
        }
    )


def cells(data: object, *figures: dict[str, object]) -> list[tuple[str, ...]]:
    section = published(data, study(*figures))  # type: ignore[arg-type]
    assert section is not None
    table = next(b for b in section.blocks if isinstance(b, Table))
    return list(table.rows)


def test_the_difference_is_reproduced_minus_published() -> None:
    match = {
        "analysis": "outcome_change",
        "estimand": "mean_change",
        "population": "paired",
        **CORE,
    }
    figure = {"key": "change", "label": "Mean change", "unit": "points", "value": 4.9}
    (line,) = cells(released(*change_rows(4.6, 3.9, 5.3)), {**figure, **WHERE, "match": match})
    assert line == ("Mean change", "4.9", "4.6", "−0.3", "")


def test_shares_differ_in_percentage_points() -> None:
    data = released(row("attendance", "proportion", 0.21, term="absence"))
    match = {"analysis": "attendance", "estimand": "proportion", "term": "absence"}
    figure = {"key": "absence", "label": "Absence", "unit": "share", "value": 0.26, "digits": 2}
    (line,) = cells(data, {**figure, **WHERE, "match": match})
    assert line[1:4] == ("26%", "21%", "−5 percentage points")


def test_what_is_not_known_is_never_filled_in() -> None:
    figure = {"key": "sd", "label": "SD", "unit": "points", "not_known": True}
    match = {"analysis": "outcome_change", "estimand": "mean_change", "population": "paired"}
    (line,) = cells(released(*change_rows(4.6, 3.9, 5.3)), {**figure, "match": match})
    assert line[1:4] == ("not known", "4.6", "–")


def test_a_description_that_fits_several_figures_chooses_none() -> None:
    match = {"analysis": "outcome_change", "estimand": "mean", "population": "paired"}
    figure = {"key": "mean", "label": "Mean", "unit": "points", "value": 22.7, **WHERE}
    (line,) = cells(released(*change_rows(4.6, 3.9, 5.3)), {**figure, "match": match})
    assert line[2:4] == ("–", "–")
    assert "Several figures" in line[4]


def test_a_withheld_figure_is_withheld_here_too() -> None:
    data = released(row("outcome_change", "mean_change", status="withheld", population="paired"))
    match = {"analysis": "outcome_change", "estimand": "mean_change"}
    figure = {"key": "c", "label": "Change", "unit": "points", "value": 4.9, **WHERE}
    (line,) = cells(data, {**figure, "match": match})
    assert line[2:4] == ("withheld", "–")


def test_no_publication_no_section() -> None:
    assert published(released(), None) is None
