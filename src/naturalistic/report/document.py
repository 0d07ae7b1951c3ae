"""The report: released estimates in, one self-contained HTML file and its figures out."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from importlib.resources import files as resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from naturalistic.reference.loader import load_published
from naturalistic.reference.published_models import PublishedStudy
from naturalistic.report.blocks import Figure, Heading, Section, Table, Text
from naturalistic.report.brief import make_brief
from naturalistic.report.formats import write_formats
from naturalistic.report.front import Front, brief_front, front_matter, referral_years
from naturalistic.report.narrative import summary_text
from naturalistic.report.released import Released
from naturalistic.report.sections import SECTIONS
from naturalistic.report.sections.checklists import checklists
from naturalistic.report.wording import long_date

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

_LONG_NAME = re.compile(r"[^\s&]{22,}")  # an escaped character is never cut
_JOINT = re.compile(r"([._/\[=])(?=\w)")


def write_report(
    folder: Path,
    *,
    estimates: Mapping[str, pd.DataFrame],
    disclosure: Mapping[str, pd.DataFrame],
    record: Mapping[str, Any],
    published: Path | None,
    instruments: Mapping[str, Any],
) -> None:
    """Write brief and report as HTML and PDF, `tables.xlsx`, `figures/*.svg` and `summary.txt` into `folder`.

    Parameters
    ----------
    folder : Path
        Where the released tables lie; nothing outside it is read but the published figures.
    estimates, disclosure : mapping of str to DataFrame
        Released rows and what was withheld, by analysis.
    record : mapping
        Content of `run.json`.
    published : Path or None
        Figures of a publication to set beside the reproduced ones.
    instruments : mapping
        Reference facts.
    """
    released = Released(estimates, disclosure, record, instruments)
    study = load_published(published) if published else None
    sections, brief = make_sections(released, study), make_brief(released, study)
    pages = {
        "brief.html": render_brief(released, brief),
        "report.html": render(released, sections, brief),
    }
    figures = folder / "figures"
    figures.mkdir(parents=True, exist_ok=True)
    drawn = {block.name: block.svg for block in _figures(sections)}
    for old in figures.glob("*.svg"):
        if old.stem not in drawn:
            old.unlink()
    for name, svg in drawn.items():
        _write(figures / f"{name}.svg", svg)
    _write(folder / "summary.txt", summary_text(released))
    for name, html in pages.items():
        _write(folder / name, html)
    write_formats(folder, released, brief, sections)


def make_sections(released: Released, study: PublishedStudy | None) -> list[Section]:
    """The sections that the cohort has something to say in, in order."""
    made = [section for make in SECTIONS if (section := make(released, study)) is not None]
    place = next((i for i, each in enumerate(made) if each.key == "methods"), len(made))
    return [*made[:place], checklists(released, made), *made[place:]]


def render(released: Released, sections: list[Section], brief: list[Section]) -> str:
    """The report as one HTML text without any outside reference, the brief first."""
    front = front_matter(released)
    return _page("report.html.j2", released, front, sections=sections, brief=brief)


def render_brief(released: Released, brief: list[Section]) -> str:
    """The brief alone as one HTML text, to print on two pages."""
    return _page("brief.html.j2", released, brief_front(released), brief=brief)


def _page(template: str, released: Released, front: Front, **content: list[Section]) -> str:
    style = resources("naturalistic.report").joinpath("templates/style.css")
    return (
        html_environment()
        .get_template(template)
        .render(
            record=released.record,
            front=front,
            years=referral_years(released),
            style=style.read_text(encoding="utf-8"),
            **content,
        )
    )


def html_environment() -> Environment:
    """Where templates are found, and how blocks are told apart in them."""
    from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

    environment = Environment(
        loader=PackageLoader("naturalistic.report"),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    kinds = {"figure": Figure, "table": Table, "text": Text, "heading": Heading}
    environment.tests |= {
        name: lambda block, kind=kind: isinstance(block, kind) for name, kind in kinds.items()
    }
    environment.filters |= {
        "data_uri": _data_uri,
        "long_date": long_date,
        "breakable": _breakable,
    }
    return environment


def _figures(sections: list[Section]) -> list[Figure]:
    return [block for section in sections for block in section.blocks if isinstance(block, Figure)]


def _data_uri(svg: str) -> str:
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()


def _breakable(text: str) -> Markup:
    """The text with places where names of settings, terms of models and addresses may go on in the next line."""
    from markupsafe import Markup, escape

    whole = str(escape(text))
    return Markup(_LONG_NAME.sub(lambda name: _JOINT.sub(r"\1<wbr>", name[0]), whole))


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
