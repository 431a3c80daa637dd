"""Building blocks of sections: rows with stable keys, and tables that are numbered later."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Any, Literal
from urllib.parse import quote

import pandas as pd

from spectra.moments import midnight
from spectra.reporting.parts import Cell, Column, Drill, Row, Table, Unit

# Key, title, unit, and the summed column that its numbers drill down to, if any.
Heading = tuple[str, str, Unit] | tuple[str, str, Unit, str]
TOTAL_KEY = "total"


def key_of(text: object) -> str:
    """A name as part of an id: the same for the same name, different for any other."""
    return quote(str(text), safe=":") or "%00"


def cell(value: Any) -> Cell:
    """A value as a report holds it: None for anything unknown, plain Python for the rest."""
    if isinstance(value, str | bool) or value is None:
        return value
    if pd.isna(value):
        return None
    if isinstance(value, pd.Timestamp | datetime):
        return pd.Timestamp(value).to_pydatetime().astimezone(UTC)
    if isinstance(value, date):
        return midnight(value)
    plain = value.item() if hasattr(value, "item") else value
    return plain if isinstance(plain, bool | int | float) else str(plain)


def row(key: object, *cells: Any, drill: Drill | None = None, is_total: bool = False) -> Row:
    """A row of a table; the key is made fit for an id."""
    return Row(key_of(key), tuple(cell(value) for value in cells), drill, is_total)


def table(  # noqa: PLR0913 (a table has that many sides)
    id: str,
    title: str,
    headings: Sequence[Heading],
    rows: Iterable[Row],
    *,
    additive: Sequence[str] = (),
    notes: Iterable[str] = (),
    missing: Literal["n/a", "n/e"] = "n/a",
) -> Table:
    """A table that is numbered when the report is put together."""
    columns = tuple(Column(*heading) for heading in headings)
    return Table(id, 0, title, columns, tuple(rows), tuple(additive), tuple(notes), missing)


def from_frame(  # noqa: PLR0913
    id: str,
    title: str,
    headings: Sequence[Heading],
    frame: pd.DataFrame,
    key: str | Callable[[dict[str, Any]], object],
    *,
    notes: Iterable[str] = (),
) -> Table:
    """A table of a frame's columns, named as the headings' keys."""
    records = [{str(k): v for k, v in r.items()} for r in frame.to_dict("records")]
    rows = [
        row(key(r) if callable(key) else r[key], *(r[name] for name in (h[0] for h in headings)))
        for r in records
    ]
    return table(id, title, headings, rows, notes=notes)
