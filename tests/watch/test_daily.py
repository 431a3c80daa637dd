"""What is judged by whole days: none that is not over, nor one of which something is missing."""

from datetime import timedelta

import pandas as pd
import pytest

from spectra.insight.anomalies import forgotten_volumes
from spectra.store import incident_log, watch_days
from spectra.store.fetch_log import Fetch, log_fetch
from spectra.store.writes import write_costs, write_instances, write_utilisation
from spectra.watch import Watcher, sensitivity_of
from spectra.watch.rows import of_waste
from tests import fleet
from tests.watch.conftest import AT, CONFIG, END, NOW, costs_of, go_on
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


def test_a_group_holds_its_machines_unless_its_minimum_is_known_to_be_none(company):
    groups = {"i-idle": "held", "i-dev": "pool", "i-batch": "unheard"}
    with company.write() as cursor:
        cursor.executemany(
            "UPDATE instances SET asg_name = ? WHERE instance_id = ?",
            [(group, name) for name, group in groups.items()],
        )
        cursor.execute(
            "INSERT INTO autoscaling_groups SELECT account_id, region, asg_name, "
            "CASE asg_name WHEN 'held' THEN 2 ELSE 0 END, source, fetched_at "
            "FROM instances WHERE asg_name IN ('held', 'pool')"
        )
    assert watch_days.held_by_groups(company) == {"i-idle", "i-batch"}


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
    # The ledger begins at noon: that day is none to compare with.
    assert AT[0].hour == 12
    assert watch_days.team_days(watched, MIDNIGHT)["day"].min() == AT[0].ceil("D")
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


def unused_since(store):
    return watch_days.unused_volumes(store, MIDNIGHT).set_index("series")["unused_since"].to_dict()


@pytest.mark.parametrize("days", [3, 8])
def test_disks_of_a_machine_that_runs_again_since_midnight_are_in_use(company, days):
    off, on = MIDNIGHT - days * DAY, MIDNIGHT + timedelta(minutes=7)
    spans = [("running", "2026-10-01", off), ("stopped", off, on), ("running", on, None)]
    write_instances(company, fleet.instances(*(
        {"instance_id": "i-clean", "valid_from": start, "valid_to": end, "state": state}
        for state, start, end in spans
    )))  # fmt: skip
    assert set(unused_since(company)) == {"vol-lost"}
    off_again = {"valid_from": on + timedelta(hours=2), "state": "stopped"}
    write_instances(company, fleet.instances(
        {"instance_id": "i-clean", "valid_from": on, "valid_to": off_again["valid_from"]},
        {"instance_id": "i-clean", **off_again},
    ))  # fmt: skip
    assert ("vol-used" in unused_since(company)) == (days > watch_days.STOPPED_DAYS)


def test_a_disk_is_unused_since_somebody_saw_it_and_not_before_the_ledger(company):
    """Of a disk that was made before its region was first listed nobody knows when it was used."""
    assert unused_since(company) == {"vol-lost": pd.Timestamp("2026-10-20T00:00Z")}
    with company.write() as cursor:
        cursor.execute("UPDATE volumes SET valid_from = '2024-11-01T00:00Z'")
    assert unused_since(company) == {"vol-lost": AT[0]}
    seen = MIDNIGHT - timedelta(hours=1)
    for scope, at in (("111111111111/eu-central-1", seen), ("111111111111/us-east-1", END - DAY)):
        log_fetch(company, Fetch("aws", "inventory", 1, "ok", scope=scope, started_at=at))
    assert unused_since(company) == {"vol-lost": seen}
    unused = watch_days.unused_volumes(company, MIDNIGHT)
    assert forgotten_volumes(unused, pd.Timestamp(MIDNIGHT)).empty


def test_a_disk_that_an_older_spectra_called_forgotten_is_dated_anew_under_its_name(watched):
    before = found(watched, family="volume").iloc[0]
    with watched.write() as cursor:
        cursor.execute(
            """UPDATE incidents SET "start" = '2024-11-01', excess_g = 9e9
            WHERE family = 'volume'"""
        )
        cursor.execute(
            "UPDATE watch_state SET sensitivity = (SELECT sensitivity FROM watch_state "
            "WHERE detector = 'idle') WHERE detector = 'volume'"
        )
    Watcher(watched).look(CONFIG, NOW)
    after = found(watched, family="volume").iloc[0]
    columns = ["incident_id", "start", "value", "excess_g", "severity", "found_at"]
    assert after[columns].to_dict() == before[columns].to_dict()
    per_day = watched.row(
        "SELECT sum(scope2_lb_g + upstream_g + td_g + embodied_g) / sum(resource_hours) * 24 "
        "FROM emissions_daily WHERE resource_id = 'vol-lost' AND \"day\" < '2026-11-25'"
    )[0]
    assert after["g_per_day"] == pytest.approx(per_day)
    assert "for at least 36 days" in after["cause"]


def test_part_of_a_day_weighs_as_part_of_a_day():
    """Eight cents a day for almost two days are 56 cents a week, whatever the days round to."""
    now = pd.Timestamp(MIDNIGHT)
    volume = {"series": "vol-1", "unused_since": now - timedelta(hours=47.97), "g_per_day": 0.8,
              "usd_per_day": 0.08}  # fmt: skip
    wasted = forgotten_volumes(pd.DataFrame([volume]), now)
    none = pd.DataFrame(columns=["incident_id", "series"])
    made = of_waste(wasted, "volume", known=none, facts=pd.DataFrame(),
                    sensitivity=sensitivity_of(CONFIG), now=NOW)  # fmt: skip
    assert made["severity"].tolist() == ["log"]
    assert made["value"].iloc[0] == pytest.approx(47.97 / 24)
