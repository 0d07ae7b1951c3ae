"""Figures of a publication beside the reproduced ones: published, reproduced, difference, why."""

from __future__ import annotations

import pandas as pd

from naturalistic.reference.published_models import PublishedFigure, PublishedStudy
from naturalistic.report.blocks import Block, Section, Table, Text
from naturalistic.report.released import MAIN, Released, is_ok
from naturalistic.report.wording import MINUS, number, percent, reason

NOT_KNOWN = "not known"
STATUS = {
    "verified": "",
    "secondary": "Published figure taken second-hand.",
    "unverified": "Published figure not verified.",
}


def published(released: Released, study: PublishedStudy | None) -> Section | None:
    """One table with every figure of the publication, and its findings in words."""
    if study is None:
        return None
    lines = [_line(released, figure) for figure in study.figures]
    known = [figure for figure in study.figures if not figure.not_known]
    both = [f for f in known if is_ok(_reproduced(released, f)[0])]
    findings = (
        f"Of {len(known)} figures that the publication states, {len(both)} can be set beside a figure of this cohort.",
        f"{len(study.figures) - len(known)} figures of interest are not known from the texts at hand and are not "
        "filled in.",
    )
    blocks: list[Block] = [
        Text((f"{study.citation}. {study.about}. {study.design}.",)),
        Table(
            "Published beside reproduced",
            ("Figure", "Published", "Reproduced", "Difference", "Why"),
            lines,
            note="Difference: reproduced minus published.",
            prose=True,
        ),
    ]
    if study.directions:
        blocks.append(
            Table(
                "What the publication found in words",
                ("Finding", "Checked"),
                [
                    (each.text, STATUS[each.status] or "Read at the source.")
                    for each in study.directions
                ],
                folded=True,
                prose=True,
            )
        )
    if study.disagreements:
        blocks.append(Text(tuple(each.text for each in study.disagreements), "note"))
    return Section("published", "Published beside reproduced", findings, tuple(blocks))


def _reproduced(released: Released, figure: PublishedFigure) -> tuple[pd.Series | None, str]:
    """The one row that the figure names, or why there is none."""
    if not figure.match:
        return None, "Nothing here reproduces it."
    key = {"dimensions": "", **MAIN, **figure.match}
    analysis = key.pop("analysis", "")
    rows = released.rows(analysis, **key)
    if not len(rows):
        return None, "Not measured here."
    if len(rows) > 1:
        return None, "Several figures here fit the description; none is chosen."
    return rows.iloc[0], ""


def _line(released: Released, figure: PublishedFigure) -> tuple[str, ...]:
    row, why = _reproduced(released, figure)
    here = "–"
    if row is not None:
        here = _shown(float(row["estimate"]), figure) if is_ok(row) else reason(row)
    stated = NOT_KNOWN if figure.value is None else _shown(figure.value, figure)
    difference = "–"
    if figure.value is not None and row is not None and is_ok(row):
        difference = _shown(float(row["estimate"]) - figure.value, figure, points=True)
    reasons = [why, figure.note, STATUS[figure.status] if figure.status else ""]
    if released.synthetic and is_ok(row):
        reasons.insert(0, "Synthetic people, made to resemble the publication.")
    return figure.label, stated, here, difference, " ".join(text for text in reasons if text)


def _shown(value: float, figure: PublishedFigure, *, points: bool = False) -> str:
    if figure.unit == "share" and figure.match.get("estimand") != "correlation":
        digits = max(figure.digits - 2, 0)
        if not points:
            return percent(value, digits)
        shown = number(100 * value, digits)
        one = shown.lstrip(MINUS) == "1"
        return f"{shown} percentage {'point' if one else 'points'}"
    return number(value, figure.digits)
