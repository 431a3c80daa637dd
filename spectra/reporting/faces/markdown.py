"""The Markdown face: a summary to paste into a ticket or a wiki."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from spectra.reporting.faces.layout import arranged, shortened, template_of
from spectra.reporting.faces.text import (
    NO_ROWS,
    cover_facts,
    figure_facts,
    heading,
    is_numeric,
    owner,
    plain,
    row_texts,
    seal_facts,
)
from spectra.reporting.model import Report
from spectra.reporting.parts import Section, Table
from spectra.reporting.words import figure_text, mass_unit
from spectra.units import counted
from spectra.unlinked import unlinked

_ROWS = 8
_LEFT_OUT = ("methods", "datapoints", "audit")  # long lists; the other formats have them
_CELL = 200
# What Markdown or HTML within it would take for its own: anywhere, or at the start.
_MARKS = re.compile(r"([\\`*_\[\]<>|~$&@]|^[#=]|^[+-](?=[ +-]|$)|(?<=^\d)[.)](?= ))")


def markdown(report: Report) -> bytes:
    """Cover, headline figures, blockers and the short form of every table, in UTF-8."""
    template = replace(template_of(report), is_full=False)  # without the index
    unit = mass_unit(report)
    blocks = [_title(report), _list(cover_facts(report)), _figures(report), _blockers(report)]
    sections = (s for s in arranged(report, template) if s.id not in _LEFT_OUT)
    blocks += [_section(section, unit) for section in sections]
    blocks.append("Methods and factors, datapoints and the audit trail are in the other formats.")
    blocks.append("## Verification\n\n" + _list(seal_facts(report)))
    return ("\n\n".join(block for block in blocks if block) + "\n").encode()


def escaped(text: str) -> str:
    """A text on one line that Markdown shows as it is typed; an address in it is no link."""
    return _MARKS.sub(r"\\\1", unlinked(" ".join(plain(text).split())))


def _title(report: Report) -> str:
    title = escaped(report.cover.title)
    warning = f"\n\n> {escaped(report.cover.warning)}" if report.cover.warning else ""
    return f"# {title}\n\n{escaped(owner(report))}{warning}".rstrip()


def _list(facts: Iterable[tuple[str, str]]) -> str:
    return "\n".join(f"- **{name}:** {escaped(text)}" for name, text in facts)


def _figures(report: Report) -> str:
    rows = [
        (
            f"`{f.id}`",
            escaped(f.label),
            escaped(figure_text(f)),
            escaped(", ".join(filter(None, (*figure_facts(f), f.note)))),
        )
        for f in report.figures
    ]
    return "## Headline figures\n\n" + _grid(("Id", "Figure", "Value", "Known about it"), rows, {2})


def _blockers(report: Report) -> str:
    if not report.blockers:
        return ""
    lines = [
        f"- {'Blocks' if b.blocks else 'Warning'}: {escaped(b.what)} {escaped(b.next_step)}"
        for b in report.blockers
    ]
    return "## What keeps the report from “audit-ready”\n\n" + "\n".join(lines)


def _section(section: Section, unit: str) -> str:
    blocks = [f"## {section.number}. {escaped(section.title)}"]
    blocks += [escaped(text) for text in section.text]
    blocks += [f"*Figure {c.number}.* {escaped(c.title)} {escaped(c.alt)}" for c in section.charts]
    blocks += [_table(table, unit) for table in section.tables]
    blocks += [f"*{escaped(note)}*" for note in section.notes]
    return "\n\n".join(blocks)


def _table(table: Table, unit: str) -> str:
    short, left_out = shortened(table, _ROWS)
    heads = [escaped(heading(column, unit)) for column in table.columns]
    rows = [[escaped(text) for text in row_texts(table, row, unit, _CELL)] for row in short.rows]
    right = {i for i, column in enumerate(table.columns) if is_numeric(column)}
    more = f"\n\nIn the other formats: {counted(left_out, 'more row')}." if left_out else ""
    title = f"**Table {table.number}.** {escaped(table.title)}"
    notes = "".join(f"\n\n*{escaped(note)}*" for note in table.notes)
    return f"{title}\n\n{_grid(heads, rows, right) if rows else NO_ROWS}{more}{notes}"


def _grid(heads: Iterable[str], rows: Iterable[Iterable[str]], right: set[int]) -> str:
    names = list(heads)
    rule = ["--:" if i in right else "---" for i in range(len(names))]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (names, rule, *rows))
