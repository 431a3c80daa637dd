"""A clock that is wrong: what was written by it neither holds anything up nor passes for now."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pandas as pd
import pytest

from spectra.refresh import current_hour
from spectra.refresh.automation import Automation
from spectra.refresh.background import Refresher
from spectra.store import Store, source_state
from spectra.store.source_state import Key
from spectra.store.writes import write_intensities, write_utilisation
from spectra.watch import Watcher
from tests import fleet
from tests.faults.steps import CATALOG, CONFIG
from tests.pages.conftest import database, healthy, open_app  # noqa: F401 (a fixture)
from tests.store.conftest import build

NOW = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
AHEAD = {"hours": timedelta(hours=7), "days": timedelta(days=3), "a year": timedelta(days=365)}
KEY = Key("aws", "utilisation", "1/eu-central-1")
TTL = timedelta(hours=1)


@pytest.fixture
def store():
    opened = Store()
    yield opened
    opened.close()


@pytest.mark.parametrize("jump", AHEAD)
def test_what_was_read_in_the_future_is_due_now_and_known_to_no_later_than_now(store, jump):
    then = NOW + AHEAD[jump]
    source_state.succeed(store, KEY, then, read_until=then)
    state = source_state.read(store, KEY)
    assert state.is_due(TTL, NOW)
    assert state.read_until <= datetime.now(UTC)


@pytest.mark.parametrize("jump", AHEAD)
def test_a_wait_that_began_in_the_future_is_over(store, jump):
    source_state.fail(store, KEY, NOW + AHEAD[jump], status="ThrottledError", detail="",
                      wait=timedelta(hours=2))  # fmt: skip
    assert source_state.read(store, KEY).is_due(TTL, NOW)


def test_a_clock_that_was_behind_asks_again_and_no_more_than_that(store):
    source_state.succeed(store, KEY, NOW - AHEAD["a year"], read_until=NOW - AHEAD["a year"])
    assert source_state.read(store, KEY).is_due(TTL, NOW)
    source_state.succeed(store, KEY, NOW, read_until=NOW)
    assert not source_state.read(store, KEY).is_due(TTL, NOW)


@pytest.mark.parametrize("jump", AHEAD)
def test_the_next_look_and_the_next_turn_do_not_wait_for_the_future(store, jump):
    looked = []
    live = SimpleNamespace(due=looked.append, refresh=lambda *a, **k: None)
    refresher = Refresher(lambda: live)
    refresher.start_if_due(NOW + AHEAD[jump])
    refresher.start_if_due(NOW)
    assert looked == [NOW + AHEAD[jump], NOW]
    turns = []
    config = replace(CONFIG, automation=True, automation_minutes=30)
    schedule = Automation(store, lambda: config, refresher, lambda: turns.append(1))
    schedule.tick(NOW + AHEAD[jump])
    schedule.tick(NOW)
    schedule.tick(NOW + timedelta(minutes=1))
    assert len(turns) == 2


def with_hours(store, at):
    return build(
        store,
        instances=fleet.instances({"instance_id": "i-1", "valid_from": "2026-01-01T00:00Z"}),
        hours=at,
        intensities=[fleet.intensities("DE", at, 320.0, 380.0)],
        utilisation=[fleet.utilisation("i-1", at, 30.0)],
    )


def test_a_watch_that_looked_into_the_future_looks_at_now(store):
    end = pd.Timestamp(NOW).as_unit("us")
    at = pd.date_range(end - pd.Timedelta(days=2), end, freq="h", unit="us")
    with_hours(store, at)
    with store.write() as cursor:
        cursor.execute("UPDATE ledger SET end_hour = end_hour + INTERVAL 365 DAY")
    watcher = Watcher(store)
    watcher.look(CONFIG, NOW + AHEAD["a year"])
    assert watcher.is_due(NOW + timedelta(hours=1))


def test_the_page_says_that_hours_to_come_are_no_age(database):  # noqa: F811
    end = pd.Timestamp(current_hour()).as_unit("us")  # the clock may have gone on since the import
    store = Store(database)
    with_hours(store, pd.date_range(end - pd.Timedelta(days=2), end, freq="h", unit="us"))
    later = pd.date_range(end, periods=3, freq="h", unit="us") + AHEAD["a year"]
    write_intensities(store, fleet.intensities("DE", later, 320.0, 380.0), CATALOG)
    write_utilisation(store, fleet.utilisation("i-1", later, 30.0))
    store.close()
    app = healthy(open_app())
    assert any("to come" in text.value for text in app.markdown)
    assert "CO₂e now" in {metric.label for metric in app.metric}
