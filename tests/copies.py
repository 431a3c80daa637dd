"""Database files that are built once in a process and copied for every test that wants one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
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


def empty_store(path: Path) -> Path:
    """Put a store in which nothing is yet at `path`: its schema takes longer than its bytes."""
    path.write_bytes(_filled(_nothing))
    return path


def demo_company(path: Path, now: datetime, days: int) -> Path:
    """Put the demo company of some days up to a moment at `path`."""
    path.write_bytes(_filled(_demo_company(now, days)))
    return path


def demo_of_today(path: Path) -> Path:
    """The same of the last day up to the running hour, as it was when one was first asked for."""
    return demo_company(path, _today(), days=1)


@cache
def _today() -> datetime:
    return datetime.now(UTC)


def _nothing(store: Store) -> None:
    pass


@cache
def _demo_company(now: datetime, days: int) -> Callable[[Store], object]:
    return lambda store: refresh_demo(store, load_catalog(), now=now, days=days)


@cache
def _filled(fill: Callable[[Store], object]) -> bytes:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "spectra.duckdb"
        store = Store(file)
        fill(store)
        store.close()
        return file.read_bytes()
