"""What is judged by whole days: none that is not over, nor one of which something is missing."""

from datetime import timedelta

import pandas as pd
import pytest

from spectra.store import incident_log, watch_days
from spectra.store.writes import write_costs, write_instances, write_utilisation
from spectra.watch import Watcher
from tests import fleet
from tests.watch.conftest import CONFIG, END, NOW, costs_of, go_on
from tests.watch.test_watch import found

DAY = timedelta(days=1)
MIDNIGHT = NOW.replace(hour=0)


def forget(store, name, since, until):
    with store.write() as cursor:
        cursor.execute(
            "DELETE FROM utilisation WHERE hour >= ? AND hour < ? AND resource_key IN "
            "(SELECT resource_key FROM resources WHERE resource_id = ?)",
            [since, until, name],
        )
        cursor.execute("DELETE FROM stale_hours")


def idle(store):
    rows = found(store, series="i-idle", family="idle")
    return None if rows.empty else bool(rows["end"].isna().iloc[0])


@pytest.mark.parametrize(("hours", "is_raised"), [(0, True), (1, None), (2, None)])
def test_a_day_of_which_hours_are_missing_raises_nothing(company, hours, is_raised):
    forget(company, "i-idle", MIDNIGHT - hours * timedelta(hours=1), MIDNIGHT)
    Watcher(company).look(CONFIG, NOW)
    assert idle(company) is is_raised


@pytest.mark.parametrize(
    ("load", "missing_from", "goes_on"),
    [(60.0, None, False), (60.0, 12, True), (4.0, None, False), (0.5, None, True)],
    ids=["at work", "at work, half a day missing", "more than an idle mean", "idle"],
)
def test_only_a_day_that_is_known_whole_ends_what_is_idle(watched, load, missing_from, goes_on):
    go_on(watched, MIDNIGHT + DAY, i_idle=load)
    if missing_from:
        forget(watched, "i-idle", MIDNIGHT + timedelta(hours=12), MIDNIGHT + DAY)
    Watcher(watched).look(CONFIG, NOW + DAY)
    assert idle(watched) is goes_on


def test_a_day_without_traffic_is_neither_idle_nor_at_work(watched):
    go_on(watched, MIDNIGHT + DAY)
    with watched.write() as cursor:
        cursor.execute(
            "UPDATE utilisation SET network_out_bytes = NULL WHERE hour >= ?", [MIDNIGHT]
        )
        cursor.execute("DELETE FROM stale_hours")
    Watcher(watched).look(CONFIG, NOW + DAY)
    assert idle(watched) is True


def test_a_machine_that_is_off_at_night_is_known_by_the_hours_that_it_ran(watched):
    """Fourteen hours ran and are measured: nothing of the day is missing."""
    off = MIDNIGHT + timedelta(hours=14)
    spans = [("running", "2026-10-01", off), ("stopped", off, MIDNIGHT + DAY),
             ("running", MIDNIGHT + DAY, None)]  # fmt: skip
    write_instances(watched, fleet.instances(*(
        {"instance_id": "i-idle", "valid_from": start, "valid_to": end, "state": state}
        for state, start, end in spans
    )))  # fmt: skip
    go_on(watched, MIDNIGHT + DAY, i_idle=60.0)
    forget(watched, "i-idle", off, MIDNIGHT + DAY)
    assert "i-idle" not in watch_days.unmeasured(watched, MIDNIGHT + DAY)


def test_a_day_is_judged_when_its_load_and_emissions_are_there(watched):
    watcher, families = Watcher(watched), ("idle", "fleet", "team")

    def looked():
        return {incident_log.looked(watched, family).until for family in families}

    assert looked() == {MIDNIGHT}
    write_utilisation(watched, fleet.utilisation("i-run", pd.date_range(
        END, MIDNIGHT + DAY, freq="h", inclusive="left", unit="us"), 20.0))  # fmt: skip
    watcher.look(CONFIG, MIDNIGHT + DAY + timedelta(minutes=5))  # no emissions yet
    assert looked() == {MIDNIGHT}
    go_on(watched, MIDNIGHT + DAY)
    watcher.look(CONFIG, MIDNIGHT + DAY + timedelta(hours=1))
    assert looked() == {MIDNIGHT + DAY}


def test_costs_that_are_all_provisional_end_nothing(company):
    at = pd.date_range("2026-10-12", "2026-11-24", freq="D")
    usd = [400.0 if str(day.date()) == "2026-11-23" else 10.0 + 0.1 * (day.day % 3) for day in at]
    write_costs(company, costs_of(at, usd))
    watcher = Watcher(company)
    watcher.look(CONFIG, NOW)
    assert found(company, family="cost")["end"].isna().any()
    write_costs(company, costs_of(at, 10.0).assign(is_provisional=True))
    watcher.look(CONFIG, NOW + 5 * DAY)
    assert found(company, family="cost")["end"].isna().any()
