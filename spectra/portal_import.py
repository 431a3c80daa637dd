"""Import of Electricity Maps portal CSV files: what each file brought, file by file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from stat import S_ISREG
from typing import Any, BinaryIO, Literal

import pandas as pd

from spectra.catalog import Catalog
from spectra.errors import InputError
from spectra.sources.electricity_maps_csv import PortalFile, RejectedRow, read_portal_file
from spectra.store import Store
from spectra.store.database import set_meta
from spectra.store.fetch_log import Fetch, log_fetch
from spectra.store.writes import write_intensities

SOURCE = "electricity_maps_portal"
_FOLDER_STATE = "portal_folder"

Status = Literal["imported", "unchanged", "older", "refused"]
Progress = Callable[[float, str], None]


@dataclass(frozen=True, slots=True)
class FileReport:
    """What became of one file.

    Attributes
    ----------
    status : str
        ``imported``; ``unchanged`` (this content is already there); ``older`` (a newer vintage of
        its zone-years is there); ``refused`` (see `message`).
    row_count, changed_count, rejected_count : int
        Usable rows, rows that changed the store, rows that could not be used.
    rejected : tuple of RejectedRow
        The first of them, each with line and reason.
    """

    name: str
    status: Status
    message: str = ""
    row_count: int = 0
    changed_count: int = 0
    rejected_count: int = 0
    rejected: tuple[RejectedRow, ...] = ()
    notes: tuple[str, ...] = ()


def folder_state(folder: Path) -> list[tuple[str, int, int]]:
    """Name, size [bytes] and time of change [ns] of its CSV files, by name.

    A file that may be read now, or that took another's place with its date, has changed too. What
    is no file to read is left out: a folder, a pipe, a device, a link that leads nowhere.
    """
    files: list[Path] = []
    with suppress(OSError):  # a folder in one that may not be entered
        files = sorted(folder.glob("*.csv")) if folder.is_dir() else []
    found = []
    for path in files:
        with suppress(OSError):  # a link to itself, or a file that has just gone
            stat = path.stat()
            if S_ISREG(stat.st_mode):
                found.append((path.name, stat.st_size, max(stat.st_mtime_ns, stat.st_ctime_ns)))
    return found


def import_folder(
    store: Store, catalog: Catalog, folder: Path, progress: Progress | None = None
) -> list[FileReport]:
    """Import the CSV files of a folder, if any was added or changed since the last time."""
    found = folder_state(folder)
    files, state = [folder / name for name, *_ in found], json.dumps(found)
    if state == (store.meta(_FOLDER_STATE) or "[]"):
        return []
    reports = import_files(store, catalog, files, progress)
    with store.write() as cursor:
        set_meta(cursor, _FOLDER_STATE, state)
    return reports


def import_files(
    store: Store,
    catalog: Catalog,
    files: Sequence[Path | tuple[str, BinaryIO]],
    progress: Progress | None = None,
) -> list[FileReport]:
    """Import portal files; a file that cannot be used never stops the others.

    Parameters
    ----------
    files : sequence
        Paths, or (name, binary buffer) pairs of uploads.
    """
    reports = []
    for done, file in enumerate(files):
        name = file.name if isinstance(file, Path) else file[0]
        if progress:
            progress(done / len(files), f"Reading {name}")
        started = datetime.now(UTC)
        report = _import_file(store, catalog, file, name)
        log_fetch(
            store,
            Fetch(
                source=SOURCE,
                dataset=name,
                started_at=started,
                row_count=report.changed_count,
                status="failed" if report.status == "refused" else "ok",
                detail=report.message or report.status,
            ),
        )
        reports.append(report)
    return reports


def _import_file(
    store: Store, catalog: Catalog, file: Path | tuple[str, BinaryIO], name: str
) -> FileReport:
    try:
        portal = read_portal_file(file if isinstance(file, Path) else file[1], name=name)
    except InputError as error:
        return FileReport(name, "refused", str(error))
    report = FileReport(
        name,
        "imported",
        row_count=len(portal.frame),
        rejected_count=portal.rejected_count,
        rejected=portal.rejected,
        notes=portal.notes,
    )
    if portal.name_disagrees:
        return replace(
            report,
            status="refused",
            message="The year in the file name is not the year of its rows. Rename the file if its "
            "rows are right, or download it again; nothing of it was imported.",
        )
    if portal.frame.empty:
        return replace(report, status="refused", message="The file has no usable row.")
    return _import_zone_years(store, catalog, portal, report)


def _import_zone_years(
    store: Store, catalog: Catalog, portal: PortalFile, report: FileReport
) -> FileReport:
    """Write the zone-years that are new or of a newer vintage.

    Rows that stray into a year that the file does not state replace nothing: they stand until a
    file of that year comes.
    """
    whole, parts, notes, older = list[tuple[str, int, str, int]](), [], list(report.notes), 0
    for zone, year in portal.zone_years:
        part = portal.frame[
            portal.frame["zone"].eq(zone) & portal.frame["datetime_utc"].dt.year.eq(year)
        ]
        digest, known = _digest(part), _known(store, zone, year)
        if known and known[0] == digest:
            continue
        if (zone, year) not in portal.stated:
            notes.append(_stray_note(zone, year, len(part), known[2] if known else None))
            if known:
                continue
        elif known and _is_older(portal.snapshot_date, known[1]):
            older += 1
            continue
        else:
            whole.append((zone, year, digest, len(part)))
        parts.append(part)
    changed = 0
    if parts:
        years = tuple((zone, year) for zone, year, *_ in whole)
        frame = _tidy(pd.concat(parts, ignore_index=True))
        changed = write_intensities(store, frame, catalog, replace_years=years)
        _record(store, portal, whole)
        unknown = sorted({z for z in frame["zone"].unique() if catalog.zone(z) is None})
        notes += [f"Zone {zone} hosts no AWS region that SPECTRA knows." for zone in unknown]
    status: Status = "imported" if whole or changed else "older" if older else "unchanged"
    return replace(report, status=status, changed_count=changed, notes=tuple(notes))


def _known(store: Store, zone: str, year: int) -> tuple[Any, ...] | None:
    """Hash, vintage and name of the file that stated a zone-year last."""
    return store.row(
        "SELECT content_hash, snapshot_date, file_name FROM portal_imports "
        'WHERE zone = ? AND "year" = ?',
        [zone, year],
    )


def _stray_note(zone: str, year: int, count: int, stated_by: str | None) -> str:
    rows = f"{zone}: {count:,} {'row' if count == 1 else 'rows'} of {year}"
    if stated_by is None:
        return f"{rows} added to that year, which is not the file's own."
    return f"{rows} left out: {stated_by} states that year."


def _is_older(offered: date | None, stored: date | None) -> bool:
    return offered is not None and stored is not None and offered < stored


def _digest(part: pd.DataFrame) -> str:
    return hashlib.sha256(
        pd.util.hash_pandas_object(part, index=False).to_numpy().tobytes()
    ).hexdigest()


def _tidy(frame: pd.DataFrame) -> pd.DataFrame:
    """Turn a portal frame into the tidy ``intensities`` frame."""
    now = pd.Timestamp.now("UTC")
    return frame.rename(columns={"datetime_utc": "hour"}).assign(
        source=SOURCE,
        quality=frame["is_estimated"].map({True: "provider-estimated", False: "measured"}),
        direct_is_scaled=False,
        updated_at=now,
        fetched_at=now,
    )


def _record(store: Store, portal: PortalFile, parts: list[tuple[str, int, str, int]]) -> None:
    with store.write() as cursor:
        for zone, year, digest, count in parts:
            cursor.execute(
                "INSERT OR REPLACE INTO portal_imports VALUES (?, ?, ?, ?, ?, ?, ?)",
                [zone, year, portal.name, portal.snapshot_date, count, digest, datetime.now(UTC)],
            )
