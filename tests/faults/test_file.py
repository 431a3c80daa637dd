"""A database file that is locked, damaged, elsewhere or from another time: said, and left alone."""

import os
import random
from contextlib import contextmanager

import duckdb
import pytest

from spectra.errors import StoreError, StoreLockedError
from spectra.store import Store, failures
from tests.copies import empty_store
from tests.faults import killing

CHANCE = random.Random(9)


def write_at(path, offset, size=4096):
    content = bytearray(path.read_bytes())
    content[offset : offset + size] = CHANCE.randbytes(min(size, len(content) - offset))
    path.write_bytes(content)


def replace_by_folder(path):
    path.unlink()
    path.mkdir()


def with_wal(path):
    """A log that a kill left behind, damaged in its middle."""
    assert killing.run(killing.die_in_step, str(path), "save_job", 1, "after")
    wal = path.with_name(f"{path.name}.wal")
    write_at(wal, wal.stat().st_size // 2, 8)


def with_wal_of_noise(path):
    """A log whose first bytes are gone: DuckDB opens the database as if there were none."""
    assert killing.run(killing.die_in_step, str(path), "save_job", 1, "after")
    write_at(path.with_name(f"{path.name}.wal"), 0, 64)


DAMAGES = {
    "empty": lambda path: path.write_bytes(b""),
    "no database": lambda path: path.write_bytes(b"SQLite format 3\0" * 1000),
    "cut short": lambda path: path.write_bytes(path.read_bytes()[:6000]),
    "first bytes": lambda path: write_at(path, 0),
    "second header": lambda path: write_at(path, 4096, 8192),
    "first block": lambda path: write_at(path, 20_000),
    "a folder": replace_by_folder,
    "its log": with_wal,
    "its log's first bytes": with_wal_of_noise,
}


def content_of(folder):
    return {f.name: f.read_bytes() for f in folder.iterdir() if f.is_file()}


@pytest.fixture
def path(tmp_path):
    return empty_store(tmp_path / "s.duckdb")


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_told_and_not_touched(path, damage):
    DAMAGES[damage](path)
    before = content_of(path.parent)
    with pytest.raises(StoreError, match=r"damaged or is no DuckDB") as error:
        Store(path)
    assert not isinstance(error.value, StoreLockedError)
    assert "Nothing was changed" in error.value.next_step
    assert content_of(path.parent) == before


@pytest.mark.parametrize("size", [0, 1, 2, 3])
def test_a_log_that_a_kill_cut_short_is_no_damage(path, size):
    assert killing.run(killing.die_in_step, str(path), "save_job", 1, "after")
    wal = path.with_name(f"{path.name}.wal")
    wal.write_bytes(wal.read_bytes()[:size])
    Store(path).close()


def damage_table(path, table):
    """Overwrite part of a block that holds rows of a table."""
    store = Store(path)
    (block,) = store.row(
        f"SELECT max(block_id) FROM pragma_storage_info('{table}') WHERE block_id > 0"
    )
    store.close()
    write_at(path, 3 * 4096 + block * 262_144 + 1000)


def test_damage_that_shows_only_when_it_is_read_is_told_too(company):
    damage_table(company, "utilisation")
    store = Store(company)
    with pytest.raises(StoreError, match="damaged"):
        store.frame("SELECT * FROM utilisation")
    with pytest.raises(StoreError, match="damaged") as error, store.write() as cursor:
        cursor.execute("UPDATE utilisation SET cpu_avg_pct = 0")
    assert "rolled back" in error.value.message
    assert store.row("SELECT count(*) > 0 FROM jobs") == (False,)  # the rest is read on
    store.close()


@contextmanager
def as_nobody():
    """Root may write anything."""
    if os.geteuid():
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.parametrize("place", ["file", "folder"])
def test_a_place_that_may_not_be_written_is_told(path, place):
    path.chmod(0o400)
    path.parent.chmod(0o500)
    with as_nobody(), pytest.raises(StoreError, match="may not write") as error:
        Store(path if place == "file" else path.with_name("other") / "s.duckdb")
    path.parent.chmod(0o700)
    assert "right to write" in error.value.next_step


def test_a_file_in_the_place_of_the_folder_is_told(path):
    with pytest.raises(StoreError, match="a file is in its place"):
        Store(path / "s.duckdb")


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        ("file was written by a newer version of DuckDB", StoreError, "newer DuckDB"),
        ("Could not set lock on file: Conflicting lock", StoreLockedError, "Another process"),
        ("Corrupt database file: checksum in block 7", StoreError, "damaged"),
        ("Cannot open file: Read-only file system", StoreError, "may not write"),
    ],
)
def test_each_reason_has_its_own_message(text, kind, words):
    error = failures.open_error("x.duckdb", duckdb.IOException(text))
    assert type(error) is kind
    assert words in error.message
