"""The report in every format but HTML, all made from the same sections and so from released rows only."""

from __future__ import annotations

from pathlib import Path

from naturalistic.report.blocks import Section
from naturalistic.report.front import brief_front, front_matter
from naturalistic.report.pdf import make_pdf
from naturalistic.report.released import Released
from naturalistic.report.word import make_word
from naturalistic.report.workbook import make_workbook


def write_formats(
    folder: Path, released: Released, brief: list[Section], sections: list[Section]
) -> None:
    """Write `report.pdf`, `brief.pdf` and `tables.xlsx` into `folder`.

    Parameters
    ----------
    folder : Path
        Where the released tables lie.
    released : Released
        The released estimates, for the first page.
    brief : list of Section
        Parts of the decision brief.
    sections : list of Section
        Body of the full report.
    """
    front = front_matter(released)
    (folder / "report.pdf").write_bytes(make_pdf(front, brief, sections))
    (folder / "brief.pdf").write_bytes(make_pdf(brief_front(released), brief, []))
    (folder / "tables.xlsx").write_bytes(make_workbook(front, [*brief, *sections]))


def write_word(folder: Path, released: Released, brief: list[Section]) -> Path:
    """Write `brief.docx` into `folder`; its path."""
    path = folder / "brief.docx"
    path.write_bytes(make_word(brief_front(released), brief))
    return path
