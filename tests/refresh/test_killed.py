"""A refresh killed at any moment: the file opens, no row is lost or doubled, the next completes."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from spectra.store import Store

ROOT = Path(__file__).resolve().parents[2]
KILLS = 20
KEYED = {
    "intensities": "zone, hour, source",
    "utilisation": "resource_key, hour",
    "instances": "instance_id, valid_from",
    "volumes": "volume_id, valid_from",
    "costs": '"day", account_id, region, service, resource_id, purchase_option, source',
    "cost_cuts": '"day", account_id, region, cut, "key"',
    "hourly_sums": "hour, group_key",
    "daily_sums": '"day", item_key',
}


@pytest.fixture
def refresh(world, tmp_path):
    """Start ``python -m spectra refresh`` against the world on loopback."""
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    for region in ("us-east-1", "eu-central-1"):
        for instance_id in world.moto.launch(region, 4):
            points = {now - n * timedelta(hours=1): 20.0 for n in range(6)}
            world.moto.put(region, "CPUUtilization", points, InstanceId=instance_id)
    settings = world.settings(
        SPECTRA_DATABASE=str(tmp_path / "s.duckdb"), SPECTRA_PORTAL_FOLDER=str(tmp_path / "none")
    )

    def start(**changes: str) -> subprocess.Popen:
        return subprocess.Popen(
            [sys.executable, "-m", "spectra", "refresh"],
            cwd=ROOT,
            env={**os.environ, **settings, **changes},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )

    return start


def doubled(store: Store) -> dict[str, int]:
    counts = {
        table: store.row(
            f"SELECT count(*) FROM (SELECT {key} FROM {table} GROUP BY ALL HAVING count(*) > 1)"
        )[0]
        for table, key in KEYED.items()
    }
    return {table: count for table, count in counts.items() if count}


def totals(store: Store) -> dict[str, int]:
    return {table: store.row(f"SELECT count(*) FROM {table}")[0] for table in KEYED}


def test_killed_twenty_times_nothing_is_lost_or_doubled(refresh, tmp_path):
    path = tmp_path / "s.duckdb"
    chance = random.Random(20)
    before = dict.fromkeys(KEYED, 0)
    started = time.monotonic()
    refresh(SPECTRA_DATABASE=str(tmp_path / "whole.duckdb")).communicate(timeout=120)
    whole_s = time.monotonic() - started
    killed = 0
    for kill in range(KILLS):
        process = refresh()
        # From before the first request to the very end.
        time.sleep(whole_s * (0.15 + 0.85 * (kill + chance.random()) / KILLS))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        if process.returncode == -signal.SIGKILL:
            killed += 1
        else:
            whole_s *= 0.9  # the machine was busier when the whole of it was measured
        if not path.exists():
            continue
        store = Store(path)
        assert doubled(store) == {}, f"after kill {kill}"
        after = totals(store)
        lost = {t: (before[t], after[t]) for t in ("intensities", "utilisation", "instances",
                "volumes", "costs", "cost_cuts") if after[t] < before[t]}  # fmt: skip
        assert lost == {}, f"after kill {kill}"
        # As time goes by, everything is due again: the next one has work in the middle of which
        # it can be killed.
        with store.write(is_fact=False) as cursor:
            cursor.execute("UPDATE source_state SET succeeded_at = NULL, retry_at = NULL")
        before = after
        store.close()
    assert killed >= KILLS // 2  # the others had ended before
    last = refresh()
    _, errors = last.communicate(timeout=120)
    assert last.returncode == 0, errors.decode()
    store = Store(path)
    assert doubled(store) == {}
    assert store.row("SELECT count(*) FROM stale_hours") == (0,)
    assert totals(store)["instances"] == 8
    measured = store.row("SELECT count(DISTINCT resource_key) FROM utilisation")
    assert measured == (8,)
    gap = store.row(
        "SELECT count(*) FROM ledger_hours() h ANTI JOIN emissions_hourly e ON e.hour = h.hour "
        "WHERE h.hour >= (SELECT min(hour) FROM emissions_hourly)"
    )
    assert gap == (0,)
    store.close()
