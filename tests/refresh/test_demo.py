"""The demo company in the store: built once, extended as hours pass, whole after a kill."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from spectra.catalog import load_catalog
from spectra.errors import InputError
from spectra.refresh import current_hour, refresh_demo
from spectra.store import Store

ROOT = Path(__file__).resolve().parents[2]
CATALOG = load_catalog()
NOW = datetime(2026, 11, 25, 5, 40, tzinfo=UTC)
LEDGER = "SELECT * FROM emissions_daily ORDER BY ALL"


@pytest.fixture(scope="module")
def built():
    store = Store()
    steps = []
    refresh_demo(store, CATALOG, now=NOW, days=10, progress=lambda share, _: steps.append(share))
    yield store, steps
    store.close()


def test_the_company_is_there_up_to_the_running_hour(built):
    store, steps = built
    first, last = store.row("SELECT min(hour), max(hour) FROM emissions_hourly")
    assert last == datetime(2026, 11, 25, 5, tzinfo=UTC)
    assert last - first == timedelta(days=10) - timedelta(hours=1)
    assert steps == sorted(steps)
    fleet = store.row("SELECT count(DISTINCT region), count(DISTINCT team) FROM emissions_daily")
    assert fleet[0] == 12
    assert fleet[1] >= 9  # eight teams, the unallocated and misspelt ones beside them
    assert store.row("SELECT count(*) FROM stale_hours") == (0,)


def test_every_row_says_that_it_is_demo(built):
    store, _ = built
    for table in ("instances", "volumes", "utilisation", "intensities", "costs"):
        rows = store.frame(f"SELECT DISTINCT source, quality FROM {table}")
        assert rows.values.tolist() == [["demo", "demo"]], table


def test_a_second_run_finds_nothing_to_do(built):
    store, _ = built
    revision = store.revision
    assert refresh_demo(store, CATALOG, now=NOW + timedelta(minutes=10)) is False
    assert store.revision == revision


def test_an_hour_later_extends_and_rewrites_nothing():
    store = Store()
    refresh_demo(store, CATALOG, now=NOW, days=3)
    before = store.frame("SELECT * EXCLUDE (computed_at) FROM emissions_hourly ORDER BY ALL")
    assert refresh_demo(store, CATALOG, now=NOW + timedelta(hours=1)) is True
    after = store.frame(
        "SELECT * EXCLUDE (computed_at) FROM emissions_hourly WHERE hour <= $hour ORDER BY ALL",
        {"hour": current_hour(NOW)},
    )
    pd.testing.assert_frame_equal(before, after)
    assert store.row("SELECT max(hour) FROM emissions_hourly")[0].hour == 6


def test_naive_moments_are_refused():
    with pytest.raises(InputError):
        current_hour(NOW.replace(tzinfo=None))


KILLED = """
import os, sys
from datetime import datetime
from spectra.catalog import load_catalog
from spectra.refresh import refresh_demo
from spectra.store import Store
def progress(share, text):
    if share >= float(sys.argv[2]):
        os._exit(9)
refresh_demo(Store(sys.argv[1]), load_catalog(), days=3, progress=progress,
             now=datetime.fromisoformat(sys.argv[3]))
"""


@pytest.mark.parametrize("share", ["0.15", "0.35", "0.55", "0.6"])
def test_a_killed_build_is_completed_by_the_next(tmp_path, share):
    whole = Store()
    refresh_demo(whole, CATALOG, now=NOW, days=3)
    path = tmp_path / "spectra.duckdb"
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(path), share, NOW.isoformat()],
        cwd=ROOT,
        env={**os.environ, "TZ": "America/New_York"},
        timeout=60,
        check=False,
    )
    assert killed.returncode == 9
    again = Store(path)
    refresh_demo(again, CATALOG, now=NOW, days=3)
    for table in ("utilisation", "intensities", "costs", "instances", "volumes"):
        counted = f"SELECT count(*) FROM {table}"
        assert again.row(counted) == whole.row(counted), table
    pd.testing.assert_frame_equal(again.frame(LEDGER), whole.frame(LEDGER), rtol=1e-9)
    again.close()
