"""What a report quotes of the reference tables: their sources, and the datapoints it answers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from spectra.catalog.digests import table_hashes
from spectra.catalog.schema import Column, read_table, refuse

# No figure is computed from these, so they are not part of the factor set's fingerprint.
SOURCES_FILE, DATAPOINTS_FILE = "factor_sources.csv", "report_datapoints.csv"
DISCLOSURE_FILES = (SOURCES_FILE, DATAPOINTS_FILE)

_SOURCES = (
    Column("id"),
    Column("file"),
    Column("name"),
    Column("version"),
    Column("source"),
    Column("licence"),
    Column("is_confirmed", "flag"),
)
_DATAPOINTS = (
    Column("id"),
    Column("standard"),
    Column("reference"),
    Column("title"),
    Column("figure", optional=True),
    Column("kind"),
    Column("is_read", "flag"),
    Column("note", optional=True),
)
_KINDS = ("figure", "input", "information", "section", "partly", "none")


@dataclass(frozen=True, slots=True)
class FactorSource:
    """Where a reference table, or a part of it, comes from and under which licence.

    `is_confirmed` is False where the licence or the figure is still to be confirmed.
    """

    id: str
    file: str
    name: str
    version: str
    source: str
    licence: str
    is_confirmed: bool


@dataclass(frozen=True, slots=True)
class Requirement:
    """A datapoint of a disclosure standard.

    Attributes
    ----------
    figure : str
        Id of the report's figure that answers it; "" where a section or nothing does.
    kind : str
        ``figure``, ``input`` (a figure that needs an input), ``information``, ``section`` or
        ``none`` (out of the report's reach).
    is_read : bool
        Whether the standard's own text was read for this row.
    """

    id: str
    standard: str
    reference: str
    title: str
    figure: str
    kind: Literal["figure", "input", "information", "section", "none"]
    is_read: bool
    note: str


def load_factor_sources(data_dir: Path) -> tuple[FactorSource, ...]:
    """Read where each table comes from; raises CatalogError for the first bad cell."""
    frame = read_table(data_dir / SOURCES_FILE, _SOURCES, ["id"])
    return tuple(FactorSource(**_named(row)) for row in frame.to_dict("records"))


def load_requirements(data_dir: Path) -> tuple[Requirement, ...]:
    """Read the datapoints of the disclosure standards; raises CatalogError for a bad cell."""
    path = data_dir / DATAPOINTS_FILE
    frame = read_table(path, _DATAPOINTS, ["id"])
    refuse(path, frame, ~frame["kind"].isin(_KINDS), "kind", f"not one of {', '.join(_KINDS)}")
    with_figure = frame["kind"].isin(["figure", "input", "information"])
    refuse(path, frame, with_figure != (frame["figure"] != ""), "figure", "at odds with kind")
    return tuple(Requirement(**_named(row)) for row in frame.to_dict("records"))


def disclosure_hashes(data_dir: Path) -> dict[str, str]:
    """SHA-256 of the two tables."""
    return table_hashes(data_dir, DISCLOSURE_FILES)


def _named(row: dict[Any, Any]) -> dict[str, Any]:
    return {str(name): value for name, value in row.items()}
