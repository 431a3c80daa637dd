"""Two openings of one database: neither takes the other's work for interrupted while it lives."""

import threading
import time
from datetime import UTC, datetime, timedelta

import pytest

from spectra.errors import BusyError
from spectra.store import Store, action_log, presence
from tests.store.attached import SharedStore

PLAN = {"plan_id": "p1", "action": "stop",
        "target": {"account_id": "1", "region": "eu-central-1", "resource_id": "i-1"}}  # fmt: skip


@pytest.fixture
def two(tmp_path):
    stores = [SharedStore(tmp_path / "shared.duckdb") for _ in range(2)]
    yield stores
    for store in stores:
        store.close()


def silence(store):
    """As if the process had ended some minutes ago."""
    presence.beat(store, datetime.now(UTC) - presence.SILENT_AFTER - timedelta(seconds=1))


def test_a_running_plan_of_a_living_opening_is_not_taken_over(two):
    first, second = two
    action_log.begin_plan(first, PLAN, ["stop_instances"], runner="aws", origin="page")
    with pytest.raises(BusyError, match="under way"):
        action_log.take_plan(second, "p1", "running", "running")
    silence(first)
    action_log.take_plan(second, "p1", "running", "running")
    assert action_log.plan_of(first, "p1").owner == second.identity
    with pytest.raises(BusyError, match="under way"):
        action_log.take_plan(first, "p1", "running", "running")


def test_what_another_opening_of_a_file_began_was_interrupted(tmp_path):
    store = Store(tmp_path / "own.duckdb")
    action_log.begin_plan(store, PLAN, ["stop_instances"], runner="aws", origin="page")
    presence.beat(store)
    store.close()
    again = Store(tmp_path / "own.duckdb")
    action_log.take_plan(again, "p1", "running", "running")
    assert action_log.plan_of(again, "p1").owner == again.identity
    again.close()


def test_one_refresh_at_a_time_among_all_who_share_the_database(two):
    first, second = two
    with presence.lease(first, "refresh", "A refresh"):
        with (
            pytest.raises(BusyError, match="another SPECTRA"),
            presence.lease(second, "refresh", "A refresh"),
        ):
            pytest.fail("two at once")
        silence(first)
        with presence.lease(second, "refresh", "A refresh"):
            assert first.row("SELECT owner FROM leases") == (second.identity,)
    with presence.lease(second, "refresh", "A refresh"):
        pass  # the first one was let go


def test_two_who_begin_at_the_same_moment_are_never_both_at_it(two):
    inside, together, turned_away = [], [], []

    def begin(store, start):
        start.wait()
        try:
            with presence.lease(store, "refresh", "A refresh"):
                inside.append(store)
                together.append(len(inside))
                time.sleep(0.005)
                inside.remove(store)
        except BusyError:
            turned_away.append(store)

    for _ in range(20):
        start = threading.Barrier(2)
        threads = [threading.Thread(target=begin, args=(store, start)) for store in two]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert set(together) == {1}
    assert len(together) + len(turned_away) == 40


def test_the_background_gives_signs_of_life_until_the_store_is_closed(tmp_path):
    store = SharedStore(tmp_path / "s.duckdb")
    silence(store)
    ended = presence.keep_beating(store, every_s=0.01)
    assert store.row("SELECT beat_at FROM openings")[0] > datetime.now(UTC) - timedelta(minutes=1)
    ended.set()
    with store.write() as cursor:
        cursor.execute("INSERT INTO openings VALUES ('old', '2020-01-01T00:00Z')")
    presence.beat(store)
    assert store.row("SELECT count(*) FROM openings") == (1,)
    store.close()
