"""Reads hourly CSV files of the Electricity Maps portal, of every vintage, as users have them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from os import PathLike
from pathlib import Path, PurePath
from typing import IO

import numpy as np
import pandas as pd

from spectra.errors import InputError
from spectra.sources._portal_columns import HOUR, HOURLY_ONLY, Converted, convert
from spectra.sources._portal_limits import DOWNLOAD_AGAIN, MAX_FILE_BYTES
from spectra.sources._portal_text import (
    SAMPLE_CHARS,
    PortalTable,
    RejectedRow,
    decode,
    quote_row,
    read_table,
)

__all__ = ["PortalFile", "RejectedRow", "read_portal_csv", "read_portal_file"]

PortalSource = str | PathLike[str] | IO[bytes] | IO[str]

COLUMNS = [
    "zone",
    "datetime_utc",
    "intensity_direct_g_per_kwh",
    "intensity_lifecycle_g_per_kwh",
    "low_carbon_pct",
    "renewable_pct",
    "is_estimated",
]
KEY = ["zone", "datetime_utc"]
MAX_REJECTED_SAMPLES = 200
MAX_GAP_NOTES = 20
MAX_NAME_CHARS = 255

_ZONE_YEAR = re.compile(
    r"(?:^|[_ ])(?P<zone>[A-Z]{2,3}(?:-[A-Z0-9]+)*)[-_](?P<year>(?:19|20)\d{2})(?!\d)"
)
_GRANULARITY = re.compile(r"hourly|daily|monthly|yearly|\d+[-_ ]?min")
_SNAPSHOT = re.compile(r"snapshots?_(\d{4}-\d{2}-\d{2})_")


@dataclass(frozen=True, slots=True, eq=False)
class PortalFile:
    """What one portal file holds, and what had to be decided or left out to read it.

    Attributes
    ----------
    name
        File name without folders; empty if unknown.
    frame
        The usable rows, as `read_portal_csv` returns them.
    rejected
        The first 200 rows that were not used, by line.
    rejected_count
        How many rows were not used, all told; identical duplicates do not count.
    notes
        Sentences for the person who loads the file.
    zone_years
        The pairs of zone and calendar year (UTC) that have rows.
    stated
        Those that the file states whole: of the year in its name, else of the year that most rows
        of the zone are of.
    snapshot_date
        Download date in the file name, the vintage of the data; None if it has none.
    header_vintage
        "A" (to 2023), "B" (2024), "C" (from 2025), or "renamed" if a header was altered.
    name_disagrees
        Whether most rows are of another year than the file name says: such a file should not
        be trusted without asking. A zone that differs is only noted.
    """

    name: str
    frame: pd.DataFrame
    rejected: tuple[RejectedRow, ...]
    rejected_count: int
    notes: tuple[str, ...]
    zone_years: tuple[tuple[str, int], ...]
    stated: frozenset[tuple[str, int]]
    snapshot_date: date | None
    header_vintage: str
    name_disagrees: bool


def read_portal_csv(path_or_buffer: PortalSource) -> pd.DataFrame:
    """Read the usable rows of an hourly Electricity Maps portal CSV.

    Parameters
    ----------
    path_or_buffer
        Path, or binary or text buffer (read from its start).

    Returns
    -------
    pandas.DataFrame
        Sorted by zone and hour, without duplicates: zone (str), datetime_utc
        (datetime64[us, UTC], hour-beginning), intensity_direct_g_per_kwh and
        intensity_lifecycle_g_per_kwh [gCO2eq/kWh], low_carbon_pct and renewable_pct [%],
        is_estimated (bool). A value that the file does not have is NaN.

    Raises
    ------
    InputError
        If the file as a whole cannot be read or has no usable row.
    """
    return read_portal_file(path_or_buffer).frame


def read_portal_file(path_or_buffer: PortalSource, name: str | None = None) -> PortalFile:
    """Read an hourly Electricity Maps portal CSV and report what was found in it.

    Parameters
    ----------
    path_or_buffer
        Path, or binary or text buffer (read from its start).
    name
        File name, if the source does not carry it.

    Raises
    ------
    InputError
        If the file as a whole cannot be read or has no usable row.
    """
    name = _base_name(path_or_buffer if name is None else name)
    text, notes = _load_text(path_or_buffer)
    table = read_table(text)
    return _inspect(name, table, convert(table), notes)


def _inspect(name: str, table: PortalTable, converted: Converted, notes: list[str]) -> PortalFile:
    """Keep the usable rows and hold them against the file name."""
    frame, rejected, dropped = _usable_rows(table, converted)
    _require_hourly_name(name, frame)
    year_notes, name_disagrees = _check_year(name, frame)
    notes = [*notes, *table.notes, *converted.notes, *dropped]
    notes += [*year_notes, *_check_zone(name, frame), *_gap_notes(frame)]
    counts = frame.groupby(["zone", frame["datetime_utc"].dt.year]).size()
    return PortalFile(
        name=name,
        frame=frame,
        rejected=tuple(rejected[:MAX_REJECTED_SAMPLES]),
        rejected_count=len(rejected),
        notes=tuple(notes),
        zone_years=tuple((zone, int(year)) for zone, year in counts.index),
        stated=_stated(name, counts),
        snapshot_date=_snapshot_date(name),
        header_vintage=table.vintage,
        name_disagrees=name_disagrees,
    )


def _load_text(source: PortalSource) -> tuple[str, list[str]]:
    """Read a path or a buffer (from its start) as text; the second value is notes on how."""
    if isinstance(source, str | PathLike):
        try:
            with Path(source).open("rb") as file:
                return decode(file.read(MAX_FILE_BYTES + 1))
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "not a usable path"
            raise InputError(
                f"The file {Path(source).name[:SAMPLE_CHARS]!r} could not be opened: {reason}.",
                next_step="Check that it exists and may be read.",
            ) from error
    if source.seekable():
        source.seek(0)  # an uploaded file is read again at every rerun of a page
    try:
        content = source.read(MAX_FILE_BYTES + 1)
    except UnicodeDecodeError as error:
        raise InputError(
            "The file was opened as text in an encoding that it does not have.",
            next_step="Open it in binary mode: the encoding is then found out.",
        ) from error
    if isinstance(content, bytes):
        return decode(content)
    return decode(content.encode("utf-8", "replace"))


def _base_name(source: object) -> str:
    """Take the file name, without folders, of a path, a name or a buffer."""
    if not isinstance(source, str | PathLike):
        source = getattr(source, "name", "")
    # An open descriptor is named by a number; a Windows path may arrive in an upload.
    text = str(source) if isinstance(source, str | PathLike) else ""
    return PurePath(text.replace("\\", "/")).name[-MAX_NAME_CHARS:]


def _usable_rows(
    table: PortalTable, converted: Converted
) -> tuple[pd.DataFrame, list[RejectedRow], list[str]]:
    """Sort the rows that can be used; list the others by line; note dropped duplicates."""
    converted.frame["line"] = table.lines
    frame = converted.frame[converted.reason == ""].sort_values([*KEY, "line"])
    repeats = frame.duplicated(KEY, keep="last")
    identical = repeats
    if repeats.any():
        identical = _repeat_last(frame, repeats)
        last = frame.groupby(KEY)["line"].transform("last")[repeats & ~identical]
        converted.reason[last.index] = [
            f"another value for this hour stands on line {line}; the last is kept" for line in last
        ]
    count = int(identical.sum())
    rejected = list(table.misfits) + [
        RejectedRow(int(table.lines[row]), converted.reason[row], quote_row(table.rows[row]))
        for row in np.flatnonzero(converted.reason != "")
    ]
    rejected.sort(key=lambda item: item.line)
    if repeats.all():
        raise InputError(
            f"None of the {len(rejected):,} rows can be used. "
            f"Line {rejected[0].line}: {rejected[0].reason}.",
            next_step=DOWNLOAD_AGAIN,
        )
    notes = [f"{count} duplicate {'row' if count == 1 else 'rows'} dropped"] if count else []
    return frame.loc[~repeats, COLUMNS].reset_index(drop=True), rejected, notes


def _repeat_last(frame: pd.DataFrame, repeats: pd.Series) -> pd.Series:
    """Tell which repeated rows say the same as the last row of their zone and hour."""
    # A row that lacks a value is not the same as one that has it; -1 cannot be a value.
    values = frame.set_index("line")[COLUMNS[2:]].astype("float64").fillna(-1.0)
    last = frame.groupby(KEY)["line"].transform("last")
    same: pd.Series = repeats & (values.loc[last].to_numpy() == values.to_numpy()).all(axis=1)
    return same


def _require_hourly_name(name: str, frame: pd.DataFrame) -> None:
    """Refuse lone rows of a file that calls itself yearly: its rows cannot show their step."""
    granularity = _GRANULARITY.search(name.lower())
    if granularity is None or granularity[0] == "hourly" or frame["zone"].duplicated().any():
        return
    raise InputError(
        f"The file name says {granularity[0]!r}, and a single row per zone cannot show "
        "otherwise; hourly files only.",
        next_step=HOURLY_ONLY,
    )


def _check_year(name: str, frame: pd.DataFrame) -> tuple[list[str], bool]:
    """Compare the year in the name with the rows; also whether most rows are of another."""
    named = _ZONE_YEAR.search(name)
    others = frame["datetime_utc"].dt.year
    if named is None or (others := others[others != int(named["year"])]).empty:
        return [], False
    years = ", ".join(str(year) for year in sorted(others.unique()))
    disagrees = len(others) > len(frame) / 2
    count = "its rows are" if len(others) == len(frame) else f"{len(others):,} rows are"
    return [f"file name says {named['year']} but {count} of {years}"], disagrees


def _stated(name: str, counts: pd.Series) -> frozenset[tuple[str, int]]:
    """Zone-years that are the file's own, of its rows by zone and year."""
    if named := _ZONE_YEAR.search(name):
        is_own = counts.index.get_level_values(1) == int(named["year"])
    else:
        is_own = (counts > counts.groupby(level=0).transform("sum") / 2).to_numpy()
    return frozenset((str(zone), int(year)) for zone, year in counts.index[is_own])


def _check_zone(name: str, frame: pd.DataFrame) -> list[str]:
    """Note a zone in the name that the rows do not have; the rows are right."""
    named = _ZONE_YEAR.search(name)
    zones = frame["zone"].unique()
    if named is None or named["zone"] in zones:
        return []
    return [f"name says zone {named['zone']}, rows say {', '.join(zones[:10])}"]


def _gap_notes(frame: pd.DataFrame) -> list[str]:
    """Name the runs of hours that are missing between the rows of a zone."""
    previous = frame.groupby("zone")["datetime_utc"].shift()
    gaps = frame["datetime_utc"] - previous > HOUR
    notes = [
        f"{zone}: gap of {(end - start) // HOUR - 1} h from {start + HOUR:%Y-%m-%d %H:%M} UTC"
        for zone, start, end in zip(
            frame.loc[gaps, "zone"].head(MAX_GAP_NOTES),
            previous[gaps].head(MAX_GAP_NOTES),
            frame.loc[gaps, "datetime_utc"].head(MAX_GAP_NOTES),
            strict=True,
        )
    ]
    more = int(gaps.sum()) - len(notes)
    return [*notes, f"and {more} more gaps"] if more else notes


def _snapshot_date(name: str) -> date | None:
    """Read the download date at the start of a file name, None if there is none."""
    found = _SNAPSHOT.match(name)
    try:
        return date.fromisoformat(found[1]) if found else None
    except ValueError:
        return None
