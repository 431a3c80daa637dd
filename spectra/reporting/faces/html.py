"""The HTML face: one interactive page in one file; it asks nothing of any network."""

from __future__ import annotations

import base64
import hashlib
import math
from collections.abc import Iterable
from datetime import datetime
from html import escape
from pathlib import Path

from plotly.offline import get_plotlyjs

from spectra.reporting.codec import dumps
from spectra.reporting.faces.axes import COLOURS, DARK_COLOURS
from spectra.reporting.faces.html_charts import chart_data
from spectra.reporting.faces.layout import Template, arranged, shortened, template_of
from spectra.reporting.faces.logo import logo_of
from spectra.reporting.faces.text import (
    CLOSING,
    NO_ROWS,
    cell_text,
    clipped,
    cover_facts,
    figure_facts,
    heading,
    is_numeric,
    owner,
    plain,
    seal_facts,
)
from spectra.reporting.model import Report
from spectra.reporting.parts import Chart, Figure, Row, Section, Table, cell_id
from spectra.reporting.words import figure_text, mass_unit

_FILTER = "Filter the tables"
_ASSETS = Path(__file__).parent / "assets"


def html(report: Report) -> bytes:
    """A page with contents, charts to point at, tables to sort and a filter; UTF-8.

    Its content security policy forbids every request and every script but the three that are
    written in it.

    Raises
    ------
    InputError
        If the report's template or logo cannot be used.
    """
    template = template_of(report)
    sections = arranged(report, template)
    charts = [chart for section in sections for chart in section.charts]
    style = (_ASSETS / "report.css").read_text(encoding="utf-8")
    dark = dict(zip(COLOURS, DARK_COLOURS, strict=True))
    data = dumps({"charts": [chart_data(chart) for chart in charts], "dark": dark})
    data = data.replace("<", "\\u003c")  # so that no text of it ends the script
    scripts = [get_plotlyjs().replace("</script", "<\\/script"), _script("report.js")]
    body = [*_top(report, template), *_body(report, template, sections), *_end(report)]
    page = [
        "<!doctype html>", '<html lang="en"><head><meta charset="utf-8">', _policy(scripts, style),
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{_text(_title(report))}</title><style>{style}</style></head><body>",
        '<a class="skip" href="#content">To the content</a><div class="page">',
        _contents(sections), '<main id="content">', *body, "</main></div>",
        f'<script type="application/json" id="charts">{data}</script>',
        *(f"<script>{script}</script>" for script in scripts), "</body></html>",
    ]  # fmt: skip
    return "\n".join(page).encode()


def _script(name: str) -> str:
    return (_ASSETS / name).read_text(encoding="utf-8")


def _policy(scripts: Iterable[str], style: str) -> str:
    """Only the scripts of this page run, and nothing is asked of a server."""
    hashes = " ".join(_hash(script) for script in scripts)
    # The chart library writes styles of its own into the page.
    policy = (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )
    return f'<meta http-equiv="Content-Security-Policy" content="{policy}">'


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _text(text: str) -> str:
    return escape(plain(text))


def _bdi(text: str, length: int = 0) -> str:
    """A text of people's, kept from turning round what stands beside it; cut at `length`."""
    return f"<bdi>{_text(clipped(text, length) if length else text)}</bdi>"


def _title(report: Report) -> str:
    return " · ".join(t for t in (owner(report), report.cover.title, report.cover.period) if t)


def _contents(sections: Iterable[Section]) -> str:
    items = "".join(
        f'<li><a href="#section-{s.number}">{s.number}. {_bdi(s.title, 80)}</a></li>'
        for s in sections
    )
    field = f'<input id="filter" type="search" placeholder="{_FILTER}" aria-label="{_FILTER}">'
    return f'<nav aria-label="Contents">{field}<ol>{items}</ol></nav>'


def _top(report: Report, template: Template) -> Iterable[str]:
    cover = report.cover
    logo = logo_of(cover.logo)
    yield "<header>"
    if logo:
        yield f'<img src="{logo.uri}" alt="Logo of {_text(owner(report))}">'
    yield f'<p class="owner">{_bdi(owner(report), 160)}</p><h1>{_bdi(cover.title, 160)}</h1>'
    yield f'<p class="muted">{_text(template.name)} · {_bdi(cover.period)}</p>'
    status = "good" if cover.status == "final" else ""
    badge = "good" if cover.badge == "audit-ready" else "bad"
    yield f'<span class="badge {status}">{_text(cover.status)}</span>'
    yield f'<span class="badge {badge}">{_text(cover.badge)}</span>'
    facts = "".join(
        f"<dt>{_text(name)}</dt><dd>{_bdi(text)}</dd>" for name, text in cover_facts(report)
    )
    yield f"<dl>{facts}</dl></header>"
    if cover.warning:
        yield f'<p class="warning">{_text(cover.warning)}</p>'


def _body(report: Report, template: Template, sections: tuple[Section, ...]) -> Iterable[str]:
    shown = {id for section in sections for id in section.figures}
    rest = [figure for figure in report.figures if figure.id not in shown]
    yield _tiles(rest)
    yield from _blockers(report, sections)
    unit, number = mass_unit(report), 0
    for section in sections:
        title = f"{section.number}. {_bdi(section.title, 160)}"
        yield f'<section id="section-{section.number}"><h2>{title}</h2>'
        yield from (f"<p>{_text(text)}</p>" for text in section.text)
        yield _tiles([report.figure(id) for id in section.figures])
        for chart in section.charts:
            yield _chart(chart, number)
            number += 1
        for table in section.tables:
            yield from _table(table, unit, template.rows)
        yield from (f'<p class="note">{_text(note)}</p>' for note in section.notes)
        yield "</section>"


def _tiles(figures: Iterable[Figure]) -> str:
    tiles = "".join(
        f'<div class="tile"><span class="muted">{_text(f.label)}</span>'
        f"<b{_number(f.id, f.value)}>{_text(figure_text(f))}</b>"
        f'<span class="muted">{_text(" · ".join(filter(None, (*figure_facts(f), f.note))))}</span>'
        "</div>"
        for f in figures
    )
    return f'<div class="tiles">{tiles}</div>' if tiles else ""


def _blockers(report: Report, sections: Iterable[Section]) -> Iterable[str]:
    numbers = {section.id: section.number for section in sections}
    if report.blockers:
        yield "<h3>What keeps the report from “audit-ready”</h3><ul>"
    for blocker in report.blockers:
        kind = "Blocks" if blocker.blocks else "Warning"
        number = numbers.get(blocker.section)
        link = f' <a href="#section-{number}">Section {number}</a>' if number else ""
        text = f"{_text(blocker.what)} {_text(blocker.next_step)}"
        yield f"<li><strong>{kind}:</strong> {text}{link}</li>"
    if report.blockers:
        yield "</ul>"


def _chart(chart: Chart, number: int) -> str:
    notes = "".join(f"<br>{_text(note)}" for note in chart.notes)
    return (
        f"<figure><h3>Figure {chart.number}. {_bdi(chart.title, 300)}</h3>"
        f'<div class="chart" data-chart="{number}" role="img" aria-label="{_text(chart.alt)}">'
        "</div>"
        f"<figcaption>{_text(chart.alt)}{notes}</figcaption></figure>"
    )


def _table(table: Table, unit: str, rows: int) -> Iterable[str]:
    short, left_out = shortened(table, rows)
    yield f"<h3>Table {table.number}. {_bdi(table.title, 300)}</h3>"
    if short.rows:
        yield f'<div class="wide"><table>{_head(table, unit)}<tbody>'
        for row in short.rows:
            cells = "".join(_cell(table, row, i, unit) for i in range(len(table.columns)))
            yield f"<tr{' class=total' if row.is_total else ''}>{cells}</tr>"
        yield "</tbody></table></div>"
    else:
        yield f'<p class="note">{NO_ROWS}</p>'
    if left_out:
        yield f'<p class="note">{left_out:,} more rows are in the full report.</p>'
    yield from (f'<p class="note">{_text(note)}</p>' for note in table.notes)


def _head(table: Table, unit: str) -> str:
    """The headings as buttons that sort; nothing for a list of facts, which has none."""
    heads = [heading(column, unit) for column in table.columns]
    if not any(heads):
        return ""
    kinds = [' class="number"' if is_numeric(column) else "" for column in table.columns]
    cells = "".join(
        f'<th scope="col"{kind}><button type="button">{_text(head)}</button></th>'
        for head, kind in zip(heads, kinds, strict=True)
    )
    return f"<thead><tr>{cells}</tr></thead>"


def _cell(table: Table, row: Row, index: int, unit: str) -> str:
    text, column, cell = cell_text(table, row, index, unit), table.columns[index], row.cells[index]
    if not is_numeric(column) or isinstance(cell, str | bool | datetime):
        return f"<td>{_bdi(text)}</td>"
    return f'<td class="number"{_number(cell_id(table, row, column), cell)}>{_text(text)}</td>'


def _number(id: str, value: float | None) -> str:
    """A number's id and, if it is known, all its digits."""
    digits = "" if value is None or not math.isfinite(value) else f' data-value="{float(value)!r}"'
    return f' data-figure="{_text(id)}"{digits}'


def _end(report: Report) -> Iterable[str]:
    yield "<footer>"
    for name, text in seal_facts(report):
        yield f"<p>{name}: <code>{_text(text)}</code></p>"
    yield f'<p class="note">{CLOSING}</p></footer>'
