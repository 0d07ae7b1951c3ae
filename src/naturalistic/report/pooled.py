"""The report over several services: one self-contained HTML file and its figures, like a cohort's own."""

from __future__ import annotations

from importlib.resources import files as resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from naturalistic import __version__
from naturalistic.reference.loader import load_instruments
from naturalistic.release.pooling_rows import SOME
from naturalistic.report import pooled_words as words
from naturalistic.report.blocks import Figure, Section
from naturalistic.report.document import html_environment
from naturalistic.report.pooled_evidence import Evidence
from naturalistic.report.pooled_headline import headline_section
from naturalistic.report.pooled_sections import (
    curves_section,
    limits_section,
    models_section,
    who_section,
)
from naturalistic.report.wording import number

if TYPE_CHECKING:
    from naturalistic.release.pooling import Pooled

TILES = ("primary", "reliable_improvement", "dropout", "both_forms")
CAUTION = (
    "These are services that chose to take part, and people who were not assigned at random. The figures describe what was "
    "recorded before and after therapy; they cannot say what would have happened without it, or which service is better."
)


def write_pooled_report(folder: Path, pooled: Pooled) -> str:
    """Write `report.html`, `figures/*.svg` and `summary.txt` into `folder` and return the summary.

    Parameters
    ----------
    folder : Path
        Where the tables lie too.
    pooled : Pooled
        From `release.pooling.pool`.
    """
    evidence = Evidence(pooled.tables, pooled.primary, load_instruments([]), pooled.synthetic)
    sections = _sections(evidence)
    figures = folder / "figures"
    figures.mkdir(parents=True, exist_ok=True)
    for old in figures.glob("*.svg"):
        old.unlink()
    for section in sections:
        for block in section.blocks:
            if isinstance(block, Figure):
                _write(figures / f"{block.name}.svg", block.svg)
    summary = summary_text(evidence)
    _write(folder / "report.html", _html(evidence, sections, pooled))
    _write(folder / "summary.txt", summary)
    return summary


def _sections(evidence: Evidence) -> list[Section]:
    made: list[Section | None] = [who_section(evidence)]
    made += [headline_section(evidence, name) for name in evidence.headlines]
    made += [curves_section(evidence), models_section(evidence), limits_section(evidence)]
    return [section for section in made if section is not None]


def summary_text(evidence: Evidence) -> str:
    """The pooled result in a few lines for the terminal."""
    bundles = evidence.tables["bundles"]
    started = number(bundles["started"].sum(), 0)
    lines = [f"{words.services_counted(len(bundles))}, {started} people who started therapy."]
    for name in evidence.headlines:
        row = evidence.headline(name)
        title = words.headline_title(name, evidence.primary)
        lines.append(
            f"{title}: {words.quoted(row, name)}, {words.services_counted(int(row['k']))}."
        )
    reasons = evidence.tables["not_pooled"]["reason"].astype(str)
    refused = int((~reasons.str.startswith(SOME)).sum())
    lines.append(f"{refused} figures were not pooled; not_pooled.csv says why.")
    return "\n".join(lines) + "\n"


def _html(evidence: Evidence, sections: list[Section], pooled: Pooled) -> str:
    style = resources("naturalistic.report").joinpath("templates/style.css")
    return (
        html_environment()
        .get_template("pooled.html.j2")
        .render(
            synthetic=evidence.synthetic,
            tiles=_tiles(evidence),
            sentences=_answer(evidence, pooled),
            caution=CAUTION,
            sections=sections,
            services=words.services_counted(len(evidence.tables["bundles"])),
            version=__version__,
            style=style.read_text(encoding="utf-8"),
        )
    )


def _tiles(evidence: Evidence) -> list[dict[str, str]]:
    tiles = []
    for name in TILES:
        row = evidence.headline(name)
        if row is None:
            continue
        title = words.headline_title(name, evidence.primary).split(" (")[0]
        expected = words.limits(row, "prediction_low", "prediction_high", name)
        label = f"{title} in the typical service"
        if expected:
            label += f"; a further service: {expected}"
        tiles.append(
            {"value": words.shown(row["estimate"], name, str(row["estimand"])), "label": label}
        )
    return tiles


def _answer(evidence: Evidence, pooled: Pooled) -> list[str]:
    said: list[str] = []
    row: Any = evidence.headline("primary")
    if row is not None:
        title = words.headline_title("primary", evidence.primary).split(" (")[0]
        whom = words.of_whom("primary", evidence.primary, evidence.instruments)
        said.append(f"{title}, {whom}.")
        said.append(words.difference_sentence(row, evidence.services("primary"), "primary"))
        said.append(words.average_sentence(row, "primary"))
    else:
        said.append("No service gives the pre-declared primary figure.")
    return [*said, *(f"{note}." for note in pooled.notes)]


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
