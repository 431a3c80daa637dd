"""What a report is built of: figures, tables, charts, sections; see `spectra.reporting.model`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

# Base units that columns and figures use; "" is text and "share" is 0 to 1.
Unit = Literal[
    "", "share", "count", "gCO2e", "kWh", "USD", "h", "W", "years", "ratio", "score", "time", "day",
    "vCPU-h", "gCO2e/kWh", "gCO2e/h", "gCO2e/vCPU-h", "gCO2e/USD", "gCO2e/revenue",
]  # fmt: skip
Quality = Literal[
    "measured", "estimated", "imputed", "default", "demo", "imported", "input", "mixed", ""
]
Cell = str | float | int | bool | datetime | None


@dataclass(frozen=True, slots=True)
class Drill:
    """Which rows of the store a number is made of, beyond the report's own boundary and period.

    Every filter is a value of that column, "" for any; `part` is the summed column, one of
    `store.report_queries.PARTS`.
    """

    part: str = "total_g"
    region: str = ""
    team: str = ""
    environment: str = ""
    service: str = ""
    account_id: str = ""
    resource_id: str = ""
    start: datetime | None = None
    end: datetime | None = None


@dataclass(frozen=True, slots=True)
class Figure:
    """One number with all that an auditor asks of it.

    Attributes
    ----------
    id : str
        Stable over versions: ``provider.total_lb``, or table/row/column of a cell.
    value, low, high : float or None
        In `unit`; low and high are the 95 % interval. None is "not estimated": see `note`.
    coverage : float or None
        Share of the energy behind it whose intensity was measured or estimated by the provider;
        of energy itself, whose utilisation was measured.
    datapoints, factors : tuple of str
        Ids in `Report.datapoints` and `Report.factors`.
    """

    id: str
    label: str
    value: float | None
    unit: Unit
    low: float | None = None
    high: float | None = None
    quality: Quality = ""
    coverage: float | None = None
    datapoints: tuple[str, ...] = ()
    factors: tuple[str, ...] = ()
    note: str = ""
    drill: Drill | None = None

    @property
    def missing(self) -> str:
        """How a None is written: ``n/e`` where it is a scope that is not estimated."""
        return "n/e" if self.note.startswith("Not estimated") else "n/a"


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its key within the table, its heading without the unit, and the unit.

    `part` is the summed column that its numbers drill down to, "*" for that of the row, "" where
    a number is no sum of rows.
    """

    key: str
    title: str
    unit: Unit = ""
    part: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A row: a key stable over reports, its cells, and which rows of the store it sums.

    A total is `is_total` and never part of what is above it a second time.
    """

    key: str
    cells: tuple[Cell, ...]
    drill: Drill | None = None
    is_total: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table; `number` counts through the report from 1.

    `additive` names the columns in which the rows that are no total add up to the total row;
    `missing` is how a None is written: ``n/e`` where it is a scope that is not estimated.
    """

    id: str
    number: int
    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    additive: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    missing: Literal["n/a", "n/e"] = "n/a"


@dataclass(frozen=True, slots=True)
class Series:
    """One line or one set of bars of a chart; low and high are its band, empty without one."""

    key: str
    name: str
    values: tuple[float | None, ...]
    low: tuple[float | None, ...] = ()
    high: tuple[float | None, ...] = ()


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart as numbers, at most about 400 points of each series; `number` counts from 1.

    Attributes
    ----------
    kind : str
        ``line`` (over time), ``bar`` (horizontal, one per name), ``stacked`` (bars over time).
    x : tuple of str
        ISO days, months or names.
    title : str
        Says the finding; `alt` says the whole picture in words.
    """

    id: str
    number: int
    kind: Literal["line", "bar", "stacked"]
    title: str
    x_title: str
    y_title: str
    unit: Unit
    x: tuple[str, ...]
    series: tuple[Series, ...]
    alt: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """A numbered section; its id is stable and says which template shows it."""

    id: str
    number: int
    title: str
    text: tuple[str, ...] = ()
    figures: tuple[str, ...] = ()
    charts: tuple[Chart, ...] = ()
    tables: tuple[Table, ...] = ()
    notes: tuple[str, ...] = ()


def cell_id(table: Table, row: Row, column: Column) -> str:
    """The stable id of a number in a table."""
    return f"{table.id}/{row.key}/{column.key}"
