"""Texts of a report as all faces write them: without control characters, units in the heading."""

from __future__ import annotations

import re
from datetime import datetime
from itertools import accumulate

from spectra.reporting import words
from spectra.reporting.model import Report
from spectra.reporting.parts import Column, Figure, Row, Table, Unit
from spectra.reporting.words import interval_text
from spectra.units import share_text

# Control characters break XML; direction overrides make a name read as another one.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufffe\uffff\ud800-\udfff]"
)

# Units that stand in a column's heading and not in its cells.
_HEADED = frozenset(
    ("h", "W", "years", "vCPU-h", "gCO2e/kWh", "gCO2e/h", "gCO2e/vCPU-h", "gCO2e/USD",
     "gCO2e/revenue")
)  # fmt: skip

NO_ROWS = "There are no rows in this period."
CLOSING = (
    "The same manifest gives the same totals. Offsets are not netted; reductions stand outside the "
    "inventory; n/e is not estimated and never 0."
)


def plain(text: str) -> str:
    """A text without control characters, direction overrides and halves of characters."""
    return _UNSAFE.sub("", text)


def clipped(text: str, length: int) -> str:
    """A text of at most `length` characters; the cut is shown."""
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def is_numeric(column: Column) -> bool:
    """Whether a column is set to the right."""
    return column.unit not in ("", "time", "day")


def unit_text(unit: Unit, mass_unit: str) -> str:
    """The unit that a column's heading names, "" where the cells name it or there is none."""
    if unit == "gCO2e":
        return f"{mass_unit}CO₂e"
    if unit == "time":
        return "UTC"
    return unit.replace("CO2e", "CO₂e") if unit in _HEADED else ""


def heading(column: Column, mass_unit: str) -> str:
    """A column's heading with the unit that its cells leave out."""
    unit = unit_text(column.unit, mass_unit)
    return plain(f"{column.title} [{unit}]" if unit else column.title)


def cell_text(table: Table, row: Row, index: int, mass_unit: str) -> str:
    """A cell as it is shown under its heading; an unknown number is never a blank."""
    column, cell = table.columns[index], row.cells[index]
    if cell is None and not is_numeric(column):
        return "–"
    text = words.cell_text(table, row, index, mass_unit)
    if isinstance(cell, str | bool):
        return plain(text)
    unit = unit_text(column.unit, mass_unit)
    return text.removesuffix(f" {unit}") if unit else text


def is_facts(table: Table) -> bool:
    """Whether a table is a list of facts, such as the boundary: it has no heads."""
    return not any(column.title for column in table.columns)


def row_texts(table: Table, row: Row, mass_unit: str, longest: int) -> list[str]:
    """All cells of a row, each cut to a length unless the table is a list of facts."""
    texts = [cell_text(table, row, i, mass_unit) for i in range(len(table.columns))]
    return texts if is_facts(table) else [clipped(text, longest) for text in texts]


def figure_facts(figure: Figure) -> tuple[str, ...]:
    """What stands under a headline figure: interval ("" without one), quality, coverage."""
    interval = interval_text(figure)
    facts: list[str] = [figure.quality]
    if figure.coverage is not None:
        facts.append(f"coverage {share_text(figure.coverage)}")
    return (f"95 % interval {interval}" if interval else "", *(fact for fact in facts if fact))


def moment(at: datetime | None) -> str:
    """A moment in UTC to the minute."""
    return "–" if at is None else f"{at:%Y-%m-%d %H:%M} UTC"


def short_boundary(report: Report, longest: int, where: str) -> str:
    """The boundary; of a long one the first names, how many more there are, and where they are."""
    r, text = report.request, plain(report.cover.boundary)
    lists = [
        x for x in (("regions", r.regions), ("teams", r.teams), ("accounts", r.accounts)) if x[1]
    ]
    if len(text) <= longest or not lists:
        return clipped(text, longest)
    room = longest // len(lists)
    return f"{'; '.join(_first(what, names, room) for what, names in lists)} ({where})"


def _first(what: str, names: tuple[str, ...], room: int) -> str:
    """As many names as have room, at least one, and the number of the others."""
    ends = accumulate(len(name) + 2 for name in names)
    shown = [name for name, end in zip(names, ends, strict=True) if end <= room] or [
        clipped(names[0], room)
    ]
    more = len(names) - len(shown)
    return plain(f"{what} {', '.join(shown)}" + (f" and {more} more" if more else ""))


def cover_facts(report: Report) -> tuple[tuple[str, str], ...]:
    """What the cover says, as name and text."""
    cover = report.cover
    facts = (
        ("Reporting entity", cover.entity),
        ("Period", cover.period),
        ("Boundary", cover.boundary),
        ("Perspective", cover.view),
        ("Status", cover.status),
        ("Badge", cover.badge),
        ("Coverage", share_text(cover.coverage)),
        ("Assurance", cover.assurance or "Not stated"),
        ("Prepared by", report.request.prepared_by),
        ("Data until", moment(cover.data_until)),
        ("Generated", moment(cover.generated_at)),
    )
    return tuple((name, plain(text)) for name, text in facts if text)


def seal_facts(report: Report) -> tuple[tuple[str, str], ...]:
    """What a report is checked by, as name and text: its manifest, and a final one's place."""
    facts = [("Manifest (SHA-256)", report.manifest_hash)]
    if (seal := report.seal) is not None:
        facts += [
            ("Report", f"{seal.report_id}, place {seal.sequence} in the chain"),
            ("Sealed", moment(seal.sealed_at)),
            ("Content (SHA-256)", seal.content_hash),
            ("Before it (SHA-256)", seal.previous_hash or "nothing: it is the first"),
            ("Chain (SHA-256)", seal.chain_hash),
        ]
        if seal.restates:
            reason = clipped(seal.reason or "no reason is given", 300)
            facts.append(("Takes the place of", f"{seal.restates}: {reason}"))
    return tuple((name, plain(text)) for name, text in facts)


def owner(report: Report) -> str:
    """Whose report it is, "" if nobody said."""
    return plain(report.cover.company or report.cover.entity)
