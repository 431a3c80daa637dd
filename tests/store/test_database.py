"""Opening a store: new, locked, from the future; threads; time zones. See also tests/faults."""

import subprocess
import sys
import threading
from pathlib import Path

import duckdb
import pytest

from spectra.errors import StoreError
from spectra.store import Store, database, failures, motherduck

ROOT = Path(__file__).resolve().parents[2]


def run(code: str, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_new_file_gets_the_newest_schema_and_opens_again(tmp_path):
    path = tmp_path / "new" / "spectra.duckdb"
    Store(path).close()
    store = Store(path)
    assert store.row("SELECT max(version) FROM schema_version") == (
        max(database.migration_steps()),
    )
    store.close()


def test_a_file_from_a_newer_version_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "spectra.duckdb"
    store = Store(path)
    with store.write() as cursor:
        cursor.execute("INSERT INTO schema_version VALUES (999, now())")
    store.close()
    with pytest.raises(StoreError, match="schema version 999"):
        Store(path)
    with duckdb.connect(str(path)) as connection:
        assert connection.execute("SELECT max(version) FROM schema_version").fetchall() == [(999,)]


def test_a_file_that_another_process_holds_is_named_as_such(tmp_path):
    path = tmp_path / "spectra.duckdb"
    Store(path).close()
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            f"from spectra.store import Store; s = Store({str(path)!r}); print('open', flush=True);"
            "input()",
        ],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert holder.stdout.readline().strip() == "open"
        with pytest.raises(StoreError, match="Another process") as error:
            Store(path)
        assert error.value.next_step
    finally:
        holder.communicate("\n", timeout=20)


def test_a_failing_migration_leaves_nothing_behind(tmp_path, monkeypatch):
    path = tmp_path / "spectra.duckdb"
    steps = database.migration_steps()
    broken = {**steps, max(steps) + 1: "CREATE TABLE half (a INTEGER); SELECT broken FROM nowhere;"}
    monkeypatch.setattr(database, "migration_steps", lambda: broken)
    with pytest.raises(duckdb.Error):
        Store(path)
    monkeypatch.undo()
    store = Store(path)
    assert store.row("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'half'") == (0,)
    store.close()


def test_emissions_that_cannot_be_go_from_an_older_file(tmp_path, monkeypatch):
    path = tmp_path / "spectra.duckdb"
    steps = {n: sql for n, sql in database.migration_steps().items() if n < 19}
    monkeypatch.setattr(database, "migration_steps", lambda: steps)
    store = Store(path)
    with store.write() as cursor:
        cursor.execute(
            "INSERT INTO provider_emissions SELECT '2026-09-01', kg, '', '', '', kg, '', '', now() "
            "FROM (SELECT unnest(['-5000', '0', '12.5', '1e303', 'inf', 'nan']) AS kg)"
        )
    store.close()
    monkeypatch.undo()
    store = Store(path)
    kept = store.frame("SELECT emissions_kg FROM provider_emissions ORDER BY ALL")
    assert kept["emissions_kg"].tolist() == [0.0, 12.5]
    store.close()


def test_a_failed_write_is_rolled_back_whole():
    store = Store()
    with pytest.raises(ZeroDivisionError), store.write() as cursor:
        cursor.execute("INSERT INTO meta VALUES ('a', 'b')")
        raise ZeroDivisionError
    assert store.meta("a") is None
    assert store.revision == 0


def test_many_readers_and_a_writer_see_whole_snapshots():
    store = Store()
    with store.write() as cursor:
        cursor.execute("INSERT INTO meta VALUES ('left', '0'), ('right', '0')")
    torn, failures, stop = [], [], threading.Event()

    def read():
        while not stop.is_set():
            try:
                rows = store.cursor().execute("SELECT value FROM meta").fetchall()
            except duckdb.Error as error:
                failures.append(error)
                return
            if len({value for (value,) in rows}) != 1:
                torn.append(rows)

    readers = [threading.Thread(target=read) for _ in range(8)]
    for reader in readers:
        reader.start()
    for number in range(50):
        with store.write() as cursor:
            cursor.execute("UPDATE meta SET value = ? WHERE name = 'left'", [str(number)])
            cursor.execute("UPDATE meta SET value = ? WHERE name = 'right'", [str(number)])
    stop.set()
    for reader in readers:
        reader.join()
    assert (torn, failures) == ([], [])


def test_days_are_utc_days_whatever_the_host_says():
    code = (
        "from spectra.store import Store; print(Store().row("
        "\"SELECT date_trunc('day', TIMESTAMPTZ '2025-01-01T23:30:00Z')::VARCHAR\")[0])"
    )
    for zone in ("Asia/Kolkata", "America/New_York"):
        result = run(code, TZ=zone)
        assert result.stdout.startswith("2025-01-01 00:00:00+00"), result.stderr


def test_a_motherduck_database_without_a_token_is_refused_before_it_asks_for_one(monkeypatch):
    for name in motherduck.TOKENS:
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(StoreError, match="needs a token") as error:
        Store("md:fleet")
    assert "motherduck_token" in error.value.next_step


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ('IO Error: Failed to download extension "motherduck" at URL "http://x"', "extension"),
        ("Invalid Input Error: Jwt is expired for account 4711", "token was not accepted"),
        ("Catalog Error: no database/share named 'fleet' found", "no such database"),
    ],
)
def test_what_motherduck_says_is_told_by_kind_and_not_in_its_words(reason, told):
    error = failures.open_error("md:fleet", duckdb.Error(reason))
    assert told in error.message
    assert error.next_step
    assert "4711" not in str(error)
