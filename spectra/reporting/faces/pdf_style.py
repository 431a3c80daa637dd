"""The look of the PDF: its fonts, colours and paragraph styles, and text made safe for it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from reportlab.lib.colors import HexColor
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import Paragraph
from reportlab.platypus import Table as Grid

from spectra.reporting.faces.right_to_left import as_seen
from spectra.reporting.faces.text import plain

FONTS = Path(__file__).resolve().parents[3] / "data" / "fonts"

REGULAR, BOLD, OTHER = "SpectraReport-Regular", "SpectraReport-Bold", "DejaVuSansCondensed"
INK, MUTED, ACCENT = HexColor("#17211e"), HexColor("#5d6863"), HexColor("#0b6e4f")
LINE, PAPER, WARNING = HexColor("#d9e2de"), HexColor("#f2f6f4"), HexColor("#a34410")

_ADDRESS = re.compile(r"https?://[\w./~%#?=&+:-]{1,300}", re.ASCII)


@cache
def load_fonts() -> None:
    """Make the shipped fonts known to the library, once a process."""
    for name in (REGULAR, BOLD, OTHER):
        pdfmetrics.registerFont(TTFont(name, FONTS / f"{name}.ttf"))
    for name in (REGULAR, BOLD, OTHER):  # no family: markup names the bold font itself
        pdfmetrics.registerFontFamily(name, name, name, name, name)


@cache
def _known(*fonts: str) -> frozenset[int]:
    load_fonts()
    return frozenset(c for font in fonts for c in pdfmetrics.getFont(font).face.charToGlyph)


def safe(text: str) -> str:
    """A text of characters that the PDF's fonts hold, as it is read from left to right."""
    return as_seen(_written(text))


def has_glyph(character: str) -> bool:
    """Whether one of the fonts can draw a character; none draws what is beyond the basic plane."""
    return character < "\U00010000" and ord(character) in _known(REGULAR, OTHER)


def _written(text: str) -> str:
    """A text in the order it is typed; what no font has as its numbers: ``[U+96F2 30C1]``."""
    text = " ".join(plain(text).split())
    if text.isascii():
        return text
    runs = ((is_drawn, list(run)) for is_drawn, run in groupby(text, has_glyph))
    return "".join(
        "".join(run) if is_drawn else f"[U+{' '.join(f'{ord(c):04X}' for c in run)}]"
        for is_drawn, run in runs
    )


def is_covered(text: str) -> bool:
    """Whether the main font has all characters."""
    return text.isascii() or all(ord(c) in _known(REGULAR) for c in text)


def font_for(text: str, font: str = REGULAR) -> str:
    """The font that one short text can be drawn with."""
    return font if is_covered(text) else OTHER


def rich(text: str) -> str:
    """A text as markup: escaped, and in the second font where the first has no glyph.

    A text that is an address as a whole becomes a link to it.
    """
    markup = "".join(_parts(safe(text)))
    if _ADDRESS.fullmatch(text):
        return f'<a href="{escape(text)}" color="#0b6e4f">{markup}</a>'
    return markup


def _parts(text: str) -> Iterator[str]:
    for covered, characters in groupby(text, is_covered):
        part = escape("".join(characters))
        yield part if covered else f'<font name="{OTHER}">{part}</font>'


def _style(name: str, size: float, leading: float, **more: Any) -> ParagraphStyle:
    common = {"fontName": REGULAR, "textColor": INK, "splitLongWords": 1, "fontSize": size}
    return ParagraphStyle(name, **(common | {"leading": leading} | more))


STYLES = {
    "title": _style("title", 27, 31, fontName=BOLD, spaceAfter=6),
    "owner": _style("owner", 12, 15, fontName=BOLD, textColor=ACCENT),
    "subtitle": _style("subtitle", 12, 16, textColor=MUTED),
    "section": _style(
        "section", 15.5, 19, fontName=BOLD, spaceBefore=16, spaceAfter=5, keepWithNext=1
    ),
    "strip": _style("strip", 18, 21, fontName=BOLD),
    "caption": _style("caption", 9.2, 12, fontName=BOLD, spaceBefore=10, spaceAfter=3),
    "text": _style("text", 9.6, 13.6, spaceAfter=5),
    "note": _style("note", 7.8, 10.2, textColor=MUTED, spaceBefore=3),
    "tile": _style("tile", 8, 10, textColor=MUTED),
    "value": _style("value", 15, 19, fontName=BOLD),
    "warning": _style("warning", 9.4, 12.6, textColor=WARNING),
    "contents": _style("contents", 9.8, 15),
    "number": _style("number", 9.8, 15, alignment=2),
    "hash": _style("hash", 8.4, 11),
}  # fmt: skip


def paragraph(text: str, style: str, *, markup: bool = False) -> Any:
    """A paragraph of one of `STYLES`; `markup` if the text is made safe already."""
    return Paragraph(text if markup else rich(text), STYLES[style])


def grid_of(rows: list[Any], widths: list[float], style: list[Any], **more: Any) -> Any:
    """A grid at the left edge; its own font is named, so that the library's is not referred to."""
    font = ("FONTNAME", (0, 0), (-1, -1), REGULAR)
    return Grid(rows, widths, style=[font, *style], hAlign="LEFT", **more)


def text_width(text: str, font: str, size: float) -> float:
    """How wide a text is set, in points."""
    return float(pdfmetrics.stringWidth(text, font_for(text, font), size))


def fitted(text: str, width: float, font: str, size: float) -> str:
    """A text as it is seen, its end cut off to fit a width; the cut is shown."""
    text = _written(text)
    if text_width(as_seen(text), font, size) <= width:
        return as_seen(text)
    while text and text_width(as_seen(text) + "…", font, size) > width:
        text = text[: max(0, min(len(text) - 1, int(len(text) * 0.95)))]
    return as_seen(text.rstrip()) + "…"
