"""History out to Parquet, back into an empty database, and rolled up."""

from __future__ import annotations

import resource
import shutil
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from spectra.catalog import load_catalog
from spectra.refresh import current_hour
from spectra.store import Store, retention
from spectra.store.factors import write_factors
from spectra.store.history_export import export_history
from spectra.store.history_import import import_history
from spectra.store.ledger import recompute
from tests.benchmarks import scale

Row = tuple[str, str, str, str]


def out_and_back(folder: Path, small: bool) -> Iterator[Row]:
    """Export, read-back and roll-up; each says the CPU time and the peak memory of the process."""
    count, days = (20, 3) if small else (500, 90)
    at = f"{count:,} instances x {days} days ({count * days * 24 / 1e6:.1f} M rows)"
    catalog, target = load_catalog(), folder / "history"
    store = Store(folder / "history.duckdb")
    write_factors(store, catalog)
    scale.build(store, count, days, current_hour())
    recompute(store)
    before = _peak_mb()
    wall, cpu = time.perf_counter(), time.process_time()
    manifest = export_history(store, target)
    yield _row("history: export to Parquet", at, manifest.rows, wall, cpu, before,
               f"{manifest.size_bytes / 1e6:.0f} MB")  # fmt: skip
    other = Store(folder / "back.duckdb")
    before = _peak_mb()
    wall, cpu = time.perf_counter(), time.process_time()
    import_history(other, catalog, target)
    yield _row("history: read back", at, manifest.rows, wall, cpu, before, "into an empty database")
    wall, cpu = time.perf_counter(), time.process_time()
    import_history(other, catalog, target)
    yield _row("history: read back again", at, manifest.rows, wall, cpu, before, "nothing changes")
    other.close()
    size = "SELECT used_blocks * block_size / 1e6 FROM pragma_database_size()"
    store.cursor().execute("CHECKPOINT")
    held = (store.row(size) or (0,))[0]
    wall, cpu = time.perf_counter(), time.process_time()
    gone = retention.roll_up(store, 62, now=current_hour() + timedelta(days=92))
    freed = held - (store.row(size) or (0,))[0]
    yield _row("history: roll-up", at, gone, wall, cpu, before,
               f"{gone:,} readings, {freed:.0f} of {held:.0f} MB free again")  # fmt: skip
    store.close()
    shutil.rmtree(target)


def _row(  # noqa: PLR0917 (the cells of one row)
    what: str, at: str, rows: int, wall: float, cpu: float, before: float, note: str
) -> Row:
    seconds, used = time.perf_counter() - wall, time.process_time() - cpu
    return (
        what, at, f"{seconds:.1f} s",
        f"{note}; {used:.1f} s of CPU, {rows / max(used, 1e-9) / 1e6:.2f} M rows/s; "
        f"peak {_peak_mb():.0f} MB resident ({before:.0f} before)",
    )  # fmt: skip


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
