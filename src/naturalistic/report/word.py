"""A document for Word, to be edited: headings, marked header rows, text alternatives and a language."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from naturalistic.report.blocks import Block, Figure, Heading, Section, Table
from naturalistic.report.front import LANGUAGE, Front
from naturalistic.report.office import EPOCH, allowed, without_clock
from naturalistic.report.typesetting import typeset

if TYPE_CHECKING:
    from docx.document import Document

WIDTH = 6.3  # inches between the margins
FONT = "Arial"


def make_word(front: Front, sections: list[Section]) -> bytes:
    """The document as DOCX; the same bytes every time.

    Parameters
    ----------
    front : Front
        Title, warnings, facts and headline numbers.
    sections : list of Section
        Body; figures become pictures, folded tables are shown open.

    Returns
    -------
    bytes
        The file.
    """
    from docx import Document as new_document

    document = new_document()
    _prepare(document, front)
    for mark, meaning in front.banners:
        paragraph = document.add_paragraph()
        paragraph.add_run(allowed(mark)).bold = True
        paragraph.add_run(" " + allowed(meaning))
    document.add_paragraph(allowed(front.kicker))
    document.add_paragraph(allowed(front.title), style="Title")
    document.add_paragraph(". ".join(f"{term}: {allowed(text)}" for term, text in front.facts))
    for tile in front.answer.tiles:
        paragraph = document.add_paragraph(style="List Bullet")
        paragraph.add_run(allowed(tile.value)).bold = True
        paragraph.add_run(" " + allowed(tile.label))
    for section in sections:
        document.add_heading(allowed(section.title), level=1)
        for sentence in section.findings:
            document.add_paragraph(allowed(sentence))
        for block in section.blocks:
            _add(document, block)
    document.add_paragraph(allowed(front.footer))
    buffer = io.BytesIO()
    document.save(buffer)
    return without_clock(buffer.getvalue())


def _prepare(document: Document, front: Front) -> None:
    """Properties, language, page and typeface."""
    from docx.oxml.ns import qn
    from docx.shared import Cm, Pt, RGBColor

    properties = document.core_properties
    properties.title, properties.author = allowed(front.document_title), "naturalistic"
    properties.language, properties.comments = LANGUAGE, ""
    properties.created = properties.modified = EPOCH
    section = document.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    section.left_margin = section.right_margin = Cm(2.5)
    section.top_margin = section.bottom_margin = Cm(2)
    for language in document.styles.element.iter(qn("w:lang")):
        language.set(qn("w:val"), LANGUAGE)
    for name in ("Normal", "Title", "Heading 1", "Heading 2"):
        font = document.styles[name].font
        font.name = FONT
        # the theme of Word's own template would win over the name of the font
        fonts = document.styles[name].element.rPr.rFonts
        for side in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
            fonts.attrib.pop(qn(f"w:{side}"), None)
        if name != "Normal":
            font.color.rgb = RGBColor(0x00, 0x3D, 0x78)
    document.styles["Normal"].font.size = Pt(10)
    document.styles["Title"].font.size = Pt(18)
    document.styles["Heading 1"].font.size = Pt(13)


def _add(document: Document, block: Block) -> None:
    if isinstance(block, Table):
        _add_table(document, block)
    elif isinstance(block, Figure):
        _add_figure(document, block)
    elif isinstance(block, Heading):
        document.add_heading(allowed(block.text), level=2)
    else:
        style = "List Bullet" if block.kind == "list" else "Normal"
        for paragraph in block.paragraphs:
            document.add_paragraph(allowed(paragraph), style=style)


def _add_table(document: Document, table: Table) -> None:
    _caption(document, table.caption)
    grid = document.add_table(rows=0, cols=len(table.header), style="Light Grid Accent 1")
    _mark(grid.add_row(), "w:tblHeader")
    for cell, text in zip(grid.rows[0].cells, table.header, strict=True):
        cell.text = allowed(text)
    for values in table.rows:
        row = grid.add_row()
        _mark(row, "w:cantSplit")
        # a line that heads a group has one text; its other cells stay empty, so that nothing is merged
        for cell, text in zip(row.cells, values, strict=False):
            cell.text = allowed(text)
    if table.note:
        document.add_paragraph(allowed(table.note))


def _add_figure(document: Document, figure: Figure) -> None:
    from docx.shared import Inches

    paragraph = document.add_paragraph()
    paragraph.paragraph_format.keep_with_next = True
    shape = paragraph.add_run().add_picture(io.BytesIO(picture(figure.svg)), width=Inches(WIDTH))
    about = shape._inline.docPr
    about.set("descr", allowed(figure.alternative))
    about.set("name", figure.name)
    document.add_paragraph(allowed(figure.caption))
    _add_table(document, figure.data)


def picture(svg: str) -> bytes:
    """A drawing as PNG, made with the same bytes on every machine (Word cannot be given SVG alone)."""
    page = b'#set page(width: auto, height: auto, margin: 0pt)\n#image("drawing.svg")\n'
    return typeset(page, {"drawing.svg": svg.encode()}, "png")


def _caption(document: Document, text: str) -> None:
    paragraph = document.add_paragraph()
    paragraph.add_run(allowed(text)).bold = True
    paragraph.paragraph_format.keep_with_next = True


def _mark(row: Any, name: str) -> None:
    """Set a property of a table row, such as being a header."""
    from docx.oxml import OxmlElement

    row._tr.get_or_add_trPr().append(OxmlElement(name))
