"""Database files that are built once in a process and copied for every test that wants one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import cache, wraps
from pathlib import Path
from tempfile import TemporaryDirectory

from spectra.catalog import load_catalog
from spectra.refresh import refresh_demo
from spectra.store import Store


def once(build: Callable[[Path], object]) -> Callable[[Path], Path]:
    """A fixture's database file is built for the first test, and copied for those after it."""
    files: list[bytes] = []

    @wraps(build)
    def copied(database: Path) -> Path:
        if files:
            database.write_bytes(files[0])
        else:
            build(database)
            files.append(database.read_bytes())
        return database

    return copied


def opened(path: Path, fill: Callable[[Store], object]) -> Store:
    """A store at `path` as a function filled one for the first test that wanted it."""
    path.write_bytes(_filled(fill))
    return Store(path)


@cache
def _filled(fill: Callable[[Store], object]) -> bytes:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "spectra.duckdb"
        store = Store(file)
        fill(store)
        store.close()
        return file.read_bytes()


def demo_company(path: Path, now: datetime, days: int) -> Path:
    """Put the demo company of some days up to a moment at `path`."""
    path.write_bytes(_demo_company(now, days))
    return path


@cache
def _demo_company(now: datetime, days: int) -> bytes:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "spectra.duckdb"
        store = Store(file)
        refresh_demo(store, load_catalog(), now=now, days=days)
        store.close()
        return file.read_bytes()
