"""The demo company in the store: built once, extended as hours pass. Kills: tests/faults."""

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from spectra.catalog import load_catalog
from spectra.errors import InputError
from spectra.refresh import current_hour, refresh_demo
from spectra.store import Store, watch_days
from tests import copies

CATALOG = load_catalog()
NOW = datetime(2026, 11, 25, 5, 40, tzinfo=UTC)


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


def test_an_hour_later_extends_and_rewrites_nothing(tmp_path):
    store = Store(copies.demo_company(tmp_path / "company.duckdb", NOW, days=3))
    before = store.frame("SELECT * EXCLUDE (computed_at) FROM emissions_hourly ORDER BY ALL")
    assert refresh_demo(store, CATALOG, now=NOW + timedelta(hours=1)) is True
    after = store.frame(
        "SELECT * EXCLUDE (computed_at) FROM emissions_hourly WHERE hour <= $hour ORDER BY ALL",
        {"hour": current_hour(NOW)},
    )
    pd.testing.assert_frame_equal(before, after)
    assert store.row("SELECT max(hour) FROM emissions_hourly")[0].hour == 6
    of_days = dict(store.frame('SELECT "day", sum(list_cost_usd) FROM costs GROUP BY ALL').values)
    assert min(of_days) == pd.Timestamp("2026-11-22")
    # Its first day has the 18 hours from 06:00 that are accounted for.
    assert watch_days.cost_days(store, NOW)["day"].min() == pd.Timestamp("2026-11-23T00:00Z")
    assert of_days[min(of_days)] / of_days[pd.Timestamp("2026-11-24")] == pytest.approx(
        0.7, abs=0.1
    )
    store.close()


def test_naive_moments_are_refused():
    with pytest.raises(InputError):
        current_hour(NOW.replace(tzinfo=None))
