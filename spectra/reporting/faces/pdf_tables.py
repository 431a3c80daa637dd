"""Tables of the PDF: widths by content, heads repeated on every page, tiles of headline figures."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import product
from typing import Any

from reportlab.lib.colors import white
from reportlab.lib.styles import ParagraphStyle
from reportlab.platypus import Paragraph

from spectra.reporting.faces.layout import shortened
from spectra.reporting.faces.pdf_style import (
    ACCENT,
    BOLD,
    INK,
    LINE,
    MUTED,
    PAPER,
    REGULAR,
    STYLES,
    grid_of,
    is_covered,
    paragraph,
    rich,
    text_width,
)
from spectra.reporting.faces.text import (
    NO_ROWS,
    clipped,
    figure_facts,
    heading,
    is_facts,
    is_numeric,
    row_texts,
)
from spectra.reporting.parts import Figure, Table
from spectra.reporting.words import figure_text

_SIZES = (7.8, 7.0, 6.2, 5.4)
_PADDING = 8.0  # of a cell, left and right together
_CELL = 320  # characters of a cell; the other faces show all
_GAP = 8.0
_MANY = 16  # more columns than this have no room for gaps
_WORDS = (110.0, 84.0, 64.0)  # a word wider than this is broken; the first that fits
_TEXT = (60.0, 280.0)  # least and most that a column of text asks for
_TILES = 3


def table_parts(table: Table, unit: str, width: float, rows: int = 0) -> list[Any]:
    """Caption, grid and notes of a table."""
    short, left_out = shortened(table, rows)
    parts = [paragraph(f"Table {table.number}. {clipped(table.title, 300)}", "caption")]
    notes = [clipped(note, 600) for note in table.notes]
    if left_out:
        notes.insert(0, f"{left_out:,} more rows are in the full report.")
    if short.rows:
        parts.append(grid(short, unit, width))
    else:
        notes.insert(0, NO_ROWS)
    return [*parts, *(paragraph(note, "note") for note in notes)]


def grid(table: Table, unit: str, width: float) -> Any:
    """The table itself; its rows break over pages, its head comes again on each."""
    heads = [heading(column, unit) for column in table.columns]
    rows = [row_texts(table, row, unit, _CELL) for row in table.rows]
    numeric = [is_numeric(column) for column in table.columns]
    size, widths = _widths(heads, rows, numeric, width)
    bold = [row.is_total for row in table.rows]
    body = [
        [
            _cell(text, wide - _gap(numeric, i), _cell_style(size, numeric[i], strong))
            for i, (text, wide) in enumerate(zip(row, widths, strict=True))
        ]
        for row, strong in zip(rows, bold, strict=True)
    ]
    head = [
        Paragraph(rich(text), _cell_style(size, right, True))
        for text, right in zip(heads, numeric, strict=True)
    ]
    style = _grid_style(size, numeric, bold)
    if is_facts(table):
        lines = [("LINEBELOW", (0, 0), (-1, -1), 0.4, LINE), ("VALIGN", (0, 0), (-1, -1), "TOP")]
        style = [*lines, *_body_style(size, numeric, [])]
        return grid_of(body, widths, style, splitInRow=1)
    return grid_of([head, *body], widths, style, repeatRows=1)


def _grid_style(size: float, numeric: Sequence[bool], bold: Sequence[bool]) -> list[Any]:
    """Lines and colours of a table with a head."""
    head = [
        ("VALIGN", (0, 0), (-1, 0), "BOTTOM"),
        ("BACKGROUND", (0, 0), (-1, 0), PAPER),
        ("LINEBELOW", (0, 0), (-1, 0), 0.8, ACCENT),
        ("VALIGN", (0, 1), (-1, -1), "TOP"),
        ("LINEBELOW", (0, 1), (-1, -1), 0.4, LINE),
    ]
    return [*head, *_body_style(size, numeric, bold)]


def _body_style(size: float, numeric: Sequence[bool], bold: Sequence[bool]) -> list[Any]:
    """Type and spaces of all cells; `bold` says which rows below the head are totals."""
    style: list[Any] = [
        ("FONT", (0, 0), (-1, -1), REGULAR, size, size + 2.2),
        ("TEXTCOLOR", (0, 0), (-1, -1), INK),
        ("LEFTPADDING", (0, 0), (-1, -1), _PADDING / 2),
        ("RIGHTPADDING", (0, 0), (-1, -1), _PADDING / 2),
        ("TOPPADDING", (0, 0), (-1, -1), 2.2),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 2.6),
    ]
    for i, right in enumerate(numeric):
        if not right:
            style.append(("LEFTPADDING", (i, 0), (i, -1), _PADDING / 2 + _gap(numeric, i)))
    if len(bold) > 3:  # a total is not left alone on the next page
        style.append(("NOSPLIT", (0, -3), (-1, -1)))
    style += [("ALIGN", (i, 0), (i, -1), "RIGHT") for i, right in enumerate(numeric) if right]
    for i, strong in enumerate(bold, 1):
        if strong:
            style += [
                ("FONT", (0, i), (-1, i), BOLD, size, size + 2.2),
                ("LINEABOVE", (0, i), (-1, i), 0.8, MUTED),
            ]
    return style


@cache
def _cell_style(size: float, right: bool, bold: bool) -> ParagraphStyle:
    return ParagraphStyle(
        f"cell-{size}-{right}-{bold}", fontName=BOLD if bold else REGULAR, fontSize=size,
        leading=size + 2.2, textColor=INK, alignment=2 if right else 0, splitLongWords=1,
    )  # fmt: skip


def _cell(text: str, width: float, style: ParagraphStyle) -> Any:
    """A cell as a bare text, which is fast, or as a paragraph if it must break."""
    fits = text_width(text, style.fontName, style.fontSize) <= width - _PADDING + 0.1
    is_bare = fits and is_covered(text) and text.isprintable() and "://" not in text
    return text if is_bare else Paragraph(rich(text), style)


def _gap(numeric: Sequence[bool], i: int) -> float:
    """What keeps a text off the number in the column before it."""
    has_room = len(numeric) <= _MANY
    return _GAP if has_room and i and numeric[i - 1] and not numeric[i] else 0.0


def _widths(
    heads: list[str], rows: list[list[str]], numeric: list[bool], width: float
) -> tuple[float, list[float]]:
    """The largest size of type in which all numbers fit, and the columns' widths."""
    for size, word in product(_SIZES, _WORDS):
        wanted, least = _wanted(heads, rows, numeric, (size, word))
        if sum(least) <= width:
            return size, _shared(wanted, least, width)
    return _SIZES[-1], [width / len(heads)] * len(heads)


def _wanted(
    heads: list[str], rows: list[list[str]], numeric: list[bool], look: tuple[float, float]
) -> tuple[list[float], list[float]]:
    """What every column would like to have and what it must have, by size and widest word."""
    size, widest = look
    wanted, least = [], []
    for i, head in enumerate(heads):
        cells = max((text_width(row[i], BOLD, size) for row in rows), default=0.0)
        word = max((text_width(part, BOLD, size) for part in head.split()), default=0.0)
        most = max(cells, word) + _PADDING
        if numeric[i]:
            wanted.append(max(most, min(text_width(head, BOLD, size) + _PADDING, 70.0)))
            least.append(most)
        else:
            wanted.append(min(most, _TEXT[1]))
            longest = max(
                (text_width(w, BOLD, size) for row in rows for w in row[i].split()), default=0.0
            )
            least.append(min(most, max(_TEXT[0], min(max(word, longest) + _PADDING, widest))))
            wanted[-1], least[-1] = (w + _gap(numeric, i) for w in (wanted[-1], least[-1]))
    return wanted, least


def _shared(wanted: list[float], least: list[float], width: float) -> list[float]:
    """Widths between `least` and `wanted` that fill the page."""
    room = width - sum(least)
    missing = sum(w - m for w, m in zip(wanted, least, strict=True))
    if missing > room:
        share = room / missing
        return [m + (w - m) * share for w, m in zip(wanted, least, strict=True)]
    spare = (width - sum(wanted)) / sum(wanted)
    return [w * (1 + spare) for w in wanted]


def tiles(figures: Sequence[Figure], width: float) -> Any:
    """Headline figures, three in a row, each with what is known about it."""
    cells: list[Any] = [_tile(figure) for figure in figures]
    cells += [""] * (-len(cells) % _TILES)
    rows = [cells[i : i + _TILES] for i in range(0, len(cells), _TILES)]
    style: list[Any] = [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LEFTPADDING", (0, 0), (-1, -1), 8),
        ("RIGHTPADDING", (0, 0), (-1, -1), 8),
        ("TOPPADDING", (0, 0), (-1, -1), 6),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 7),
    ]
    style += [("LINEBELOW", (0, 0), (-1, -2), 7, white), ("LINEAFTER", (0, 0), (-2, -1), 9, white)]
    for i in range(len(figures)):
        place = (i % _TILES, i // _TILES)
        style += [("LINEBEFORE", place, place, 2, ACCENT), ("BACKGROUND", place, place, PAPER)]
    return grid_of(rows, [width / _TILES] * _TILES, style, spaceBefore=4, spaceAfter=8)


def _tile(figure: Figure) -> list[Any]:
    interval, *others = figure_facts(figure)
    facts = [interval, " · ".join(fact for fact in others if fact), clipped(figure.note, 160)]
    lines = [
        Paragraph(rich(clipped(figure.label, 120)), STYLES["tile"]),
        Paragraph(rich(figure_text(figure)), STYLES["value"]),
    ]
    return [*lines, *(Paragraph(rich(fact), STYLES["tile"]) for fact in facts if fact)]
