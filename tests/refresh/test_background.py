"""Refreshes in the background, the schedule, and notices that are told once."""

import threading
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from spectra import budgets, notices
from spectra.config import load_config
from spectra.errors import (
    InputError,
    NoConnectionError,
    NotEntitledError,
    StoreError,
    ThrottledError,
    UnreachableError,
)
from spectra.refresh.automation import Automation
from spectra.refresh.background import PAUSE_AFTER_STOP, Refresher
from spectra.refresh.live import Report
from spectra.store import Store, budget_log, notice_log, source_state
from spectra.store.source_state import Key
from tests import copies
from tests.servers.webhook import webhook

NOW = datetime(2026, 11, 25, 5, 40, tzinfo=UTC)
PLAIN = load_config({}, Path("none.toml"))


@dataclass
class Slow:
    """A live workspace whose refresh lasts until it is told to end."""

    end: threading.Event = field(default_factory=threading.Event)
    calls: int = 0
    tasks: list = field(default_factory=lambda: ["something"])
    error: Exception | None = None

    def due(self, now=None):
        return self.tasks

    def refresh(self, progress, *, retry=False):
        self.calls += 1
        while not (self.end.is_set() or progress.cancelled.is_set()):
            time.sleep(0.01)
        if self.error:
            raise self.error
        return Report((), NOW, 0.0, progress.cancelled.is_set())


@pytest.fixture
def slow():
    live = Slow()
    yield live
    live.end.set()


def test_one_at_a_time(slow):
    refresher = Refresher(lambda: slow)
    assert refresher.start() is True
    assert refresher.start() is False
    assert refresher.is_running
    slow.end.set()
    refresher.wait(5)
    assert not refresher.is_running
    assert refresher.report is not None
    assert slow.calls == 1


def test_it_starts_by_itself_when_something_is_due_and_looks_once_a_minute(slow):
    refresher = Refresher(lambda: slow)
    slow.tasks = []
    assert refresher.start_if_due(NOW) is False
    slow.tasks = ["something"]
    assert refresher.start_if_due(NOW + timedelta(seconds=30)) is False
    assert refresher.start_if_due(NOW + timedelta(seconds=61)) is True


def test_a_stop_is_respected_for_a_while(slow):
    refresher = Refresher(lambda: slow)
    refresher.start()
    refresher.stop()
    refresher.wait(5)
    assert refresher.report.was_cancelled
    now = datetime.now(UTC)
    assert refresher.start_if_due(now) is False
    assert refresher.start_if_due(now + PAUSE_AFTER_STOP + timedelta(minutes=1)) is True


def test_what_is_to_be_done_after_it_follows_unless_it_was_stopped(slow):
    seen = []
    refresher = Refresher(lambda: slow, after=lambda: seen.append(refresher.report))
    refresher.start()
    assert seen == []
    slow.end.set()
    refresher.wait(5)
    assert seen == [refresher.report]
    slow.end.clear()
    refresher.start()
    refresher.stop()
    refresher.wait(5)
    assert len(seen) == 1


def test_what_ends_it_is_told(slow):
    slow.error = StoreError("The disk is full.", next_step="Free some space.")
    slow.end.set()
    refresher = Refresher(lambda: slow)
    refresher.start()
    refresher.wait(5)
    assert refresher.error.next_step == "Free some space."


def automation(store, slow, config):
    return Automation(store, lambda: config[0], Refresher(lambda: slow), lambda: None)


def test_the_schedule_keeps_its_interval_and_can_be_switched_off(slow):
    store, slow_ended = Store(), slow
    slow_ended.end.set()
    config = [replace(PLAIN, automation=True, automation_minutes=30)]
    schedule = automation(store, slow, config)
    schedule.tick(NOW)
    schedule.tick(NOW + timedelta(minutes=29))
    assert slow.calls == 1
    assert schedule.next_at == NOW + timedelta(minutes=30)
    schedule.tick(NOW + timedelta(minutes=31))
    assert slow.calls == 2
    config[0] = replace(config[0], automation=False)
    schedule.tick(NOW + timedelta(hours=9))
    assert slow.calls == 2
    assert schedule.next_at is None
    assert "Refreshed" in schedule.last.text
    store.close()


def test_schedules_are_looked_at_each_time_while_it_is_on_and_an_error_ends_nothing(slow):
    store, acted = Store(), []
    slow.end.set()
    config = [replace(PLAIN, automation=True, automation_minutes=30)]

    def act(now):
        acted.append(now)
        if len(acted) == 2:
            raise StoreError("The disk is full.")
        return "Stopped one."

    schedule = Automation(store, lambda: config[0], Refresher(lambda: slow), lambda: None, act)
    schedule.tick(NOW)
    assert schedule.last_action.text == "Stopped one."
    schedule.tick(NOW + timedelta(minutes=1))
    assert schedule.last_action.text == "The disk is full."
    schedule.tick(NOW + timedelta(minutes=2))
    assert (len(acted), slow.calls) == (3, 1)
    config[0] = replace(config[0], automation=False)
    schedule.tick(NOW + timedelta(minutes=3))
    assert len(acted) == 3
    store.close()


def test_schedules_are_looked_at_while_a_refresh_takes_long(slow, monkeypatch):
    monkeypatch.setattr("spectra.refresh.automation.TICK_S", 0.01)
    store, acted = Store(), []

    def act(now):
        acted.append(now)
        if len(acted) == 3:
            slow.end.set()
        return ""

    config = replace(PLAIN, automation=True, automation_minutes=30)
    schedule = Automation(store, lambda: config, Refresher(lambda: slow), lambda: None, act)
    schedule.tick(NOW)
    assert len(acted) >= 3
    assert slow.calls == 1
    store.close()


def test_its_thread_ends_when_it_is_stopped(slow):
    store = Store()
    schedule = automation(store, slow, [PLAIN])
    schedule.start()
    schedule.stop()
    assert not schedule._thread.is_alive()
    store.close()


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    store = Store(copies.demo_company(folder / "company.duckdb", NOW, days=3))
    for budget in budget_log.budgets(store):
        budgets.close(store, budget, NOW.date())
    yield store
    store.close()


def test_a_grid_above_its_threshold_is_one_event_for_as_long_as_it_stays_there(demo):
    config = replace(PLAIN, alert_intensity_g_per_kwh=100.0)
    first = {n.key: n for n in notices.events(demo, config, NOW)}
    later = notices.events(demo, config, NOW - timedelta(hours=1))
    assert first
    steady = {n.key for n in later} & set(first)
    assert steady  # the same event an hour before has the same name
    assert notices.events(demo, replace(PLAIN, alert_intensity_g_per_kwh=4999.0), NOW) == []
    text = next(iter(first.values())).text
    assert "gCO2e/kWh" in text
    assert "UTC" in text


def test_a_source_that_keeps_failing_is_an_event_and_a_missing_plan_is_not(demo):
    for status, scope in (("UnreachableError", "DE"), ("NotEntitledError", "FR")):
        for _ in range(3):
            source_state.fail(demo, Key("electricity_maps", "intensity", scope), NOW,
                              status=status, detail="It did not answer.")  # fmt: skip
    found = notices.events(demo, PLAIN, NOW)
    assert [n.kind for n in found] == ["source"]
    assert "intensity of DE has failed 3 times" in found[0].text


def test_a_permission_that_was_taken_away_is_an_event(demo):
    inventory = Key("aws", "inventory", "1/eu-west-1")
    source_state.succeed(demo, inventory, NOW)
    source_state.fail(demo, inventory, NOW, status="NotEntitledError", detail="Denied.")
    told = {notice.title: notice.text for notice in notices.events(demo, PLAIN, NOW)}
    assert "has failed 1 time since" in told["aws: inventory failed"]


def test_an_event_is_told_once_even_if_it_could_not_be_sent(demo):
    sent = []
    found = notices.events(demo, replace(PLAIN, alert_intensity_g_per_kwh=100.0), NOW)
    assert notices.tell(demo, found, sent.append) == len(found) == len(sent)
    assert notices.tell(demo, found, sent.append) == 0

    def broken(notice):
        raise UnreachableError("The webhook did not answer.")

    lost = [replace(found[0], key="another")]
    assert notices.tell(demo, lost, broken) == 0
    assert notices.tell(demo, lost, sent.append) == 0
    outcomes = set(notice_log.recent(demo)["detail"])
    assert outcomes == {"sent", "The webhook did not answer."}


@pytest.mark.parametrize(
    "error",
    [
        InputError("Its host name is not known."),
        NoConnectionError("Nobody is there."),
        NotEntitledError("It is there no more."),
        ThrottledError("Too many.", wait_seconds=7200.0),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_event_that_cannot_have_been_told_is_told_later(demo, error):
    def refuse(notice):
        tried.append(notice.key)
        raise error

    tried, sent = [], []
    again = [
        notices.Notice(f"{error}|{n}", "incident", "Grave", "It burns.", NOW, "critical",
                       covers=(f"{error}|{n}|below",))
        for n in range(2)
    ]  # fmt: skip
    assert notices.tell(demo, again, refuse) == notices.tell(demo, again, sent.append) == 0
    assert (tried, sent) == ([again[0].key], [])  # nobody is asked twice, or too soon
    state = source_state.read(demo, notice_log.WEBHOOK)
    wait = timedelta(hours=2) if type(error) is ThrottledError else timedelta(minutes=1)
    assert state.retry_at - state.attempted_at >= wait
    (row,) = notice_log.recent(demo).query("detail.str.startswith(@error.message)").to_dict(
        "records"
    )  # fmt: skip
    assert row["kind"] == "incident"
    assert "if it is still so" in row["detail"]
    with demo.write(is_fact=False) as cursor:
        cursor.execute("UPDATE source_state SET retry_at = NULL WHERE source = 'webhook'")
    assert notices.tell(demo, again, sent.append) == 2
    assert notices.tell(demo, again, sent.append) == 0
    assert [notice.key for notice in sent] == [notice.key for notice in again]
    assert not notice_log.recent(demo)["detail"].str.startswith(error.message).any()
    assert source_state.read(demo, notice_log.WEBHOOK).failure_count == 0


def test_another_address_is_asked_at_once_and_nothing_waits_for_the_first(demo, monkeypatch):
    def refuse(notice):
        raise NotEntitledError("It is there no more.")

    sent = []
    found = [notices.Notice("moved", "incident", "Grave", "It burns.", NOW, "critical")]
    monkeypatch.setattr(notices, "events", lambda *_: found)
    monkeypatch.setattr(
        notices, "webhook", lambda c: refuse if c.webhook_url == "first" else sent.append
    )
    first, second = (replace(PLAIN, webhook_url=url) for url in ("first", "second"))
    assert notices.tell_new(demo, first, NOW) == 0
    assert notices.tell_new(demo, first, NOW) == 0
    found[0] = replace(found[0], key="another by now")
    assert notices.tell_new(demo, second, NOW) == 1
    assert set(notice_log.recent(demo).query("text == 'It burns.'")["detail"]) == {"sent"}


def test_revised_hours_do_not_make_another_event_of_a_grid(demo):
    config = replace(PLAIN, alert_intensity_g_per_kwh=101.0)

    def found(hours_ago, g_per_kwh):
        with demo.write(is_fact=False) as cursor:
            cursor.execute(
                "UPDATE intensity_hourly SET intensity_lifecycle_g_per_kwh = ? "
                "WHERE hour = date_trunc('hour', ?)",
                [g_per_kwh, NOW - timedelta(hours=hours_ago)],
            )
        return [n for n in notices.events(demo, config, NOW) if n.kind == "intensity"]

    told = found(2, 50)
    assert notices.tell(demo, told, lambda notice: None) == len(told) > 0
    assert not found(2, 500)  # it began earlier
    assert not found(1, 50)  # it began later
    with demo.write(is_fact=False) as cursor:
        cursor.execute("UPDATE notices SET raised_at = raised_at - INTERVAL 7 HOUR")
    assert len(found(1, 50)) == len(told)  # a later one


def test_notices_reach_the_webhook_of_the_settings():
    with webhook() as receiver:
        config = replace(PLAIN, webhook_url=f"{receiver.url}/x", webhook_allow_private=True,
                         webhook_style="slack")  # fmt: skip
        notices.webhook(config)(notices.sample_notice(NOW))
        assert "test notice" in receiver.requests[0].json["text"]
    assert notices.webhook(PLAIN) is None
