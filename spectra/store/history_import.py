"""Reads exported history back: checked before anything is written, month by month, any number of
times.

What the database knows newer stays. Sums come from the export where the database has none for a
region's day; where it has, facts that are new queue their hours to be computed again.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from spectra.errors import InputError
from spectra.store import reach
from spectra.store.clearing import DEMO, clear_demo_fleet
from spectra.store.factors import write_factors
from spectra.store.history_export import Progress
from spectra.store.history_files import Manifest, Part, archives, read_manifest, verify
from spectra.store.history_sql import (
    COSTS,
    EXTEND,
    FILLED,
    FRESH_GRIDS,
    KNOWN_GRIDS,
    NEWER_LOADS,
    NEWER_SPANS,
    OFFERED,
    PROVIDER,
    ROLLED,
    SUMS,
    UNROLL,
    UTILISATION,
)
from spectra.store.ledger import recompute
from spectra.store.writes import write_intensities, write_spans

if TYPE_CHECKING:
    from spectra.catalog import Catalog
    from spectra.store.database import Store

# What a file raises that has other columns or values than ours, whatever its manifest says.
_FOREIGN = (
    duckdb.BinderException, duckdb.ConversionException, duckdb.ConstraintException,
    duckdb.InvalidInputException,
)  # fmt: skip


def import_history(
    store: Store, catalog: Catalog, folder: Path, progress: Progress | None = None
) -> Manifest:
    """Read an export back and bring the ledger in line with it; returns its manifest.

    What was added to the archive of a month is read with it, see `history_files.archives`. Each
    month is one transaction, and a second one where some of its grids are known already. Killed in
    between it leaves what was read, and the next run brings the rest; a repeated import changes
    nothing.

    Raises
    ------
    InputError
        If a file is missing, damaged or foreign, the export is of a newer SPECTRA, or it is of the
        demo company and a real fleet is here. Nothing was changed then.
    """
    manifest = read_manifest(folder)
    verify(folder, manifest)
    folders = {folder: manifest, **_added(store, folder, manifest)}
    _require_same_world(store, catalog, manifest)
    write_factors(store, catalog)
    for part, found in folders.items():
        try:
            _read(store, catalog, part, found, progress or (lambda share, text: None))
        except _FOREIGN as error:
            raise InputError(
                f"A file of “{part.name}” does not hold what SPECTRA writes.",
                next_step="Export again, or take another copy. Months that were read before stay.",
            ) from error
    # Factors of types that came with it, then what is queued.
    write_factors(store, catalog)
    recompute(store, progress)
    return manifest


def _added(store: Store, folder: Path, manifest: Manifest) -> dict[Path, Manifest]:
    """The other archives of a month that know one of its machines: another database's do not."""
    machines = _reader(folder, manifest.of("")["instances"])
    added = {}
    for other in archives(folder):
        if other == folder:
            continue
        found = read_manifest(other)
        verify(other, found)
        theirs = _reader(other, found.of("")["instances"])
        if store.row(f"SELECT 1 FROM {machines} JOIN {theirs} USING (instance_id) LIMIT 1"):
            added[other] = found
    return added


def _read(store: Store, catalog: Catalog, folder: Path, manifest: Manifest, say: Progress) -> None:
    """Read one folder; what changes is queued."""
    _read_spans(store, folder, manifest)
    is_same = _same_factors(store, manifest)
    months = manifest.months
    span = store.row("SELECT first_hour FROM ledger")
    if span is not None and span[0] > manifest.first_hour:
        months.reverse()  # towards the past, so that no hole is accounted for in between
    for number, month in enumerate(months):
        say(number / len(months), f"Reading {month}")
        parts = {name: _reader(folder, part) for name, part in manifest.of(month).items()}
        _read_month(store, catalog, manifest, month, parts, is_same=is_same)


def _require_same_world(store: Store, catalog: Catalog, manifest: Manifest) -> None:
    """A real fleet never stands beside the demo company."""
    here = {source for (source,) in store.cursor().execute(
        "SELECT DISTINCT source FROM instances").fetchall()}  # fmt: skip
    if manifest.fleets and DEMO not in manifest.fleets:
        clear_demo_fleet(store, catalog)
    elif DEMO in manifest.fleets and here - {DEMO}:
        raise InputError(
            "This history is of the demo company, and a real fleet is in the database.",
            next_step="Read it into a database of its own. Nothing was changed.",
        )


def _same_factors(store: Store, manifest: Manifest) -> bool:
    here = (store.meta("factor_set"), store.meta("method"))
    return here == (manifest.factor_set, manifest.method)


def _read_spans(store: Store, folder: Path, manifest: Manifest) -> None:
    """Machines and volumes; what is here and was fetched later stays, and none is laid over it."""
    for table, part in manifest.of("").items():
        identity = "instance_id" if table == "instances" else "volume_id"
        with store.write() as cursor:
            sql = NEWER_SPANS.format(table=table, id=identity, file=_reader(folder, part))
            known = {"end_hour": manifest.end_hour, "exported_at": manifest.exported_at}
            rows = cursor.execute(sql, known).df()
            if len(rows):
                write_spans(cursor, table, identity, rows)


def _read_month(  # noqa: PLR0913 (the parts of one month)
    store: Store,
    catalog: Catalog,
    manifest: Manifest,
    month: str,
    parts: dict[str, str],
    *,
    is_same: bool,
) -> None:
    first = datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC)
    span = {"low": first, "high": first.replace(
        year=first.year + first.month // 12, month=first.month % 12 + 1)}  # fmt: skip
    with store.write() as cursor:
        grids = _read_grids(cursor, parts, span)
        if "emissions_hourly" in parts:
            _run(cursor, OFFERED, parts, span)
            _run(cursor, EXTEND, parts, span)
        else:
            cursor.execute('CREATE OR REPLACE TEMP TABLE offered (region VARCHAR, "day" DATE)')
        if "utilisation" in parts:
            _run(cursor, NEWER_LOADS, parts, span)
            reach.queue_filled(cursor, "newer")
        for table, statements in (
            ("utilisation", UTILISATION),
            ("costs", COSTS),
            ("provider_emissions", PROVIDER),
            ("emissions_daily", SUMS),
            ("utilisation_filled", FILLED),
            ("rolled_days", ROLLED),
            ("utilisation", UNROLL),
        ):
            if table in parts:
                _run(cursor, statements, parts, span)
        if not is_same:
            # Sums by other factors: all that can be computed again is.
            cursor.execute(
                "INSERT INTO stale_hours SELECT region, hour FROM offered, ledger_hours() "
                'WHERE hour::DATE = "day"'
            )
    if not grids and "intensities" in parts:
        frame = store.frame(f"SELECT * FROM {parts['intensities']}")
        write_intensities(store, frame, catalog)


def _read_grids(
    cursor: duckdb.DuckDBPyConnection, parts: dict[str, str], span: dict[str, datetime]
) -> bool:
    """Grids of a month of which nothing is known come as they were; False where something is."""
    if cursor.execute(KNOWN_GRIDS, span).fetchall()[0][0]:
        return False
    for table, sql in FRESH_GRIDS.items():
        if table in parts:
            cursor.execute(sql.format(**parts))
    return True


def _run(
    cursor: duckdb.DuckDBPyConnection,
    statements: tuple[str, ...],
    parts: dict[str, str],
    span: dict[str, datetime],
) -> None:
    for statement in statements:
        sql = statement.format(**parts)
        cursor.execute(sql, span if "$low" in sql else None)


def _reader(folder: Path, part: Part) -> str:
    """SQL that reads a file."""
    quoted = str(folder / part.path).replace("'", "''")
    return f"read_parquet('{quoted}', hive_partitioning = false)"
