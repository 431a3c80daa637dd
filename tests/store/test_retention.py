"""Old days are rolled up: every total stays, the readings go, and nobody is told otherwise."""

import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Barrier, Event

import pandas as pd
import pytest

from spectra.config import load_config
from spectra.errors import InputError
from spectra.refresh.aws_readings import wanted_telemetry
from spectra.refresh.keeping import PROBLEM, keep
from spectra.store import Store, emission_queries, report_queries, retention
from spectra.store.archive import Archive
from spectra.store.clearing import clear_source
from spectra.store.database import migration_steps
from spectra.store.factors import write_factors
from spectra.store.history_export import export_history
from spectra.store.history_files import read_manifest, verify
from spectra.store.history_import import import_history
from spectra.store.ledger import recompute, restart_ledger
from spectra.store.report_queries import Narrow
from spectra.store.selection import Selection
from spectra.store.writes import write_instances, write_intensities, write_utilisation
from tests import fleet
from tests.store.conftest import CATALOG, build

HOURS = fleet.hours("2026-03-01", "2026-08-01")
NOW = datetime(2026, 8, 1, 6, tzinfo=UTC)
START, END = HOURS[0].to_pydatetime(), datetime(2026, 8, 1, tzinfo=UTC)
ALL = Selection(START, END)
MARCH, APRIL, MAY = (datetime(2026, month, 1, tzinfo=UTC) for month in (3, 4, 5))


def filled(store):
    """Two machines over five months; one is not always measured."""
    rows = [{"instance_id": f"i-{k}", "valid_from": HOURS[0], "source": "aws",
             "tags": {"team": f"t{k}"}} for k in range(2)]  # fmt: skip
    gappy = fleet.utilisation("i-1", HOURS, 30.0)
    gappy.loc[(gappy.index % 200) < 6, "cpu_avg_pct"] = float("nan")
    return build(
        store,
        instances=fleet.instances(*rows),
        hours=HOURS,
        intensities=[fleet.intensities("DE", HOURS, 200.0, 300.0)],
        utilisation=[fleet.utilisation("i-0", HOURS, 40.0), gappy],
    )


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """That history as a database file, which each test copies."""
    path = tmp_path_factory.mktemp("retention") / "s.duckdb"
    store = Store(path)
    write_factors(store, CATALOG)
    filled(store).close()
    return path


@pytest.fixture
def old(built, tmp_path):
    store = Store(shutil.copy(built, tmp_path / "s.duckdb"))
    yield store
    store.close()


def total(store):
    return emission_queries.totals(store, ALL)["total_g"]


def months_with_readings(store):
    rows = store.cursor().execute(
        "SELECT DISTINCT month(hour) FROM utilisation ORDER BY 1"
    ).fetchall()  # fmt: skip
    return [month for (month,) in rows]


def test_everything_is_kept_unless_somebody_says_otherwise(old):
    assert retention.plan(old, None, now=NOW).days == ()
    assert retention.roll_up(old, None, now=NOW) == 0
    assert months_with_readings(old) == [3, 4, 5, 6, 7]


def test_the_plan_says_what_the_policy_does_and_the_policy_does_it(old):
    before = total(old)
    told = retention.plan(old, 62, now=NOW)
    assert told.cutoff == datetime(2026, 5, 1, tzinfo=UTC)  # the month of 31 May begins then
    assert (told.days[0].isoformat(), told.days[-1].isoformat()) == ("2026-03-01", "2026-04-30")
    assert told.gone_rows == 2 * 24 * 61
    gone = retention.roll_up(old, 62, now=NOW)
    assert gone == 2 * 24 * 31  # April's are still looked back on from May
    assert months_with_readings(old) == [4, 5, 6, 7]
    assert total(old) == pytest.approx(before, rel=1e-9)
    assert retention.plan(old, 62, now=NOW).days == ()
    later = NOW + timedelta(days=29)
    assert retention.roll_up(old, 62, now=later) == 2 * 24 * 30
    assert months_with_readings(old) == [5, 6, 7]
    assert total(old) == pytest.approx(before, rel=1e-9)


def test_less_than_the_least_is_not_taken_literally():
    assert retention.cutoff_of(1, NOW) == retention.cutoff_of(retention.LEAST_DAYS, NOW)


def test_sums_of_rolled_days_are_final_and_say_what_came_later(old):
    retention.roll_up(old, 62, now=NOW)
    before, march = total(old), Selection(START, APRIL)
    sums = emission_queries.totals(old, march)["total_g"]
    span = fleet.hours("2026-03-10", "2026-03-11").append(fleet.hours("2026-06-10", "2026-06-11"))
    vintage = fleet.intensities("DE", span, 400.0, 500.0)
    vintage["updated_at"] = fleet.utc("2027-01-01")
    write_intensities(old, vintage, CATALOG)
    recompute(old)
    assert emission_queries.totals(old, march)["total_g"] == sums
    assert total(old) > before  # June follows
    assert retention.plan(old, 62, now=NOW).changed >= 1
    with old.write() as cursor:
        restart_ledger(cursor)  # another method: all that can be computed is computed anew
    recompute(old)
    assert emission_queries.totals(old, march)["total_g"] == sums
    assert old.row("SELECT count(*) FROM stale_hours") == (0,)


LATER = {"instance_id": "i-late", "valid_from": fleet.utc("2026-03-10"), "source": "aws",
         "valid_to": fleet.utc("2026-03-12"), "account_id": "222222222222"}  # fmt: skip


def of_another_account(store, **facts):
    """A machine of an account that joins later, with its readings of March."""
    at = fleet.hours("2026-03-10", "2026-03-12")
    write_instances(store, fleet.instances({**LATER, **facts}))
    write_utilisation(store, fleet.utilisation("i-late", at, 90.0))
    recompute(store)


def of_others(store):
    """Energy by hour and day of all but the machines that join later [kWh]."""
    return store.row(
        "SELECT (SELECT sum(energy_kwh) FROM hourly_sums WHERE hour < $april), "
        "(SELECT sum(energy_kwh) FROM daily_sums WHERE day < $april::DATE), "
        "(SELECT count(*) FROM utilisation_filled WHERE hour < $april)", {"april": APRIL},
    )  # fmt: skip


LATE = "SELECT sum(energy_kwh), sum(resource_hours) FROM {} WHERE resource_id LIKE '%-late'"


def test_machines_that_join_later_get_sums_of_rolled_days(old):
    retention.roll_up(old, 62, now=NOW)
    hourly, daily, filled = of_others(old)
    of_another_account(old, account_id="111111111111", tags={"team": "t0"})  # beside i-0
    kwh = [old.row(LATE.format(name)) for name in ("instance_emissions", "emissions_daily")]
    assert kwh[0] == pytest.approx(kwh[1])
    assert kwh[1][1] == pytest.approx(48)
    counted = of_others(old)
    assert counted == pytest.approx((hourly + kwh[1][0], daily + kwh[1][0], filled))
    assert retention.plan(old, 62, now=NOW).changed == 0
    of_another_account(old)  # said again in another way: its sums are final as well
    assert of_others(old) == pytest.approx(counted)


def test_days_whose_sums_are_final_are_not_asked_for(old):
    """Not even of a machine whose readings are gone, and not `again`."""
    retention.roll_up(old, 62, now=NOW)
    write_instances(old, fleet.instances({"instance_id": "i-late", "valid_from": HOURS[0]}))
    here = "111111111111", "eu-central-1"
    wanted = wanted_telemetry(old, CATALOG, here, (START, NOW), again=True)
    starts = dict(zip(wanted["instance_id"], wanted["start"], strict=True))
    assert starts == {"i-0": MAY, "i-1": MAY, "i-late": MARCH}


def test_hours_of_rolled_days_that_an_older_version_dropped_are_queued(old):
    retention.roll_up(old, 62, now=NOW)
    of_another_account(old)
    before = of_others(old)
    with old.write() as cursor:
        cursor.execute(
            "DELETE FROM hourly_sums WHERE group_key IN (SELECT group_key FROM emission_groups "
            "WHERE account_id = '222222222222'); DELETE FROM daily_sums WHERE item_key IN (SELECT "
            "item_key FROM emission_items WHERE resource_id = 'i-late')"
        )
        cursor.execute(migration_steps()[12])
    assert of_others(old) != pytest.approx(before)
    recompute(old)
    assert of_others(old) == pytest.approx(before)


def hours(store, start, end):
    return report_queries.hours(store, Selection(start, end), Narrow(resource_id="i-0"))


def test_hours_that_are_gone_are_not_made_up(old):
    retention.roll_up(old, 62, now=NOW)
    assert hours(old, MARCH, APRIL).empty
    assert len(hours(old, MAY, MAY + timedelta(days=1))) == 24
    assert retention.rolled_days_between(old, MARCH, MAY + timedelta(days=1)) == 61
    assert retention.detailed_from(old) == MAY


def test_days_of_a_final_report_are_held_and_named(old):
    with old.write() as cursor:
        cursor.execute(
            "INSERT INTO reports SELECT 'R0001', 1, '2026-04', $a, $b, '', '', '', $b, 0, 0, '', "
            "'', '', '', '', '', ''::BLOB",
            {"a": APRIL, "b": MAY},
        )
    told = retention.plan(old, 62, now=NOW)
    assert (len(told.days), len(told.held)) == (31, 30)
    assert retention.roll_up(old, 62, now=NOW) == 0  # March is looked back on from April
    assert retention.roll_up(old, 62, now=NOW, keep_reported=False) == 2 * 24 * 31


def test_nothing_goes_before_it_is_computed(old):
    with old.write() as cursor:
        cursor.execute(
            "INSERT INTO stale_hours VALUES ('eu-central-1', TIMESTAMPTZ '2026-03-15 04:00+00')"
        )
    days = {day.isoformat() for day in retention.plan(old, 62, now=NOW).days}
    assert len(days) == 60
    assert "2026-03-15" not in days


class Elsewhere:
    """An archive of which a test says what happens as a month is written, and what it holds."""

    def __init__(self, written=lambda: None, held=True):
        self.written, self.held, self.spans = written, held, []

    def write(self, first, end):
        self.written()
        self.spans.append((first, end))

    def holds(self, cursor, first, end):
        return self.held


def test_readings_stay_when_they_could_not_be_archived(old):
    def full_disk():
        raise InputError("No room.")

    with pytest.raises(InputError):
        retention.roll_up(old, 62, now=NOW, archive=Elsewhere(full_disk))
    assert retention.roll_up(old, 62, now=NOW, archive=Elsewhere(held=False)) == 0
    assert months_with_readings(old) == [3, 4, 5, 6, 7]
    archive = Elsewhere()
    assert retention.roll_up(old, 62, now=NOW, archive=archive) == 2 * 24 * 31
    assert archive.spans == [(MARCH, APRIL)]


class Disturbed(Archive):
    """An archive with something that happens between writing a month and letting it go."""

    def __init__(self, store, folder, happens):
        super().__init__(store, folder)
        self._happens = happens

    def write(self, first, end):
        super().write(first, end)
        self._happens()


def test_readings_that_come_while_their_month_is_archived_stay_for_the_next_time(old, tmp_path):
    archive = Disturbed(old, tmp_path, lambda: of_another_account(old))
    assert retention.roll_up(old, 62, now=NOW, archive=archive) == 0
    assert months_with_readings(old) == [3, 4, 5, 6, 7]
    assert retention.roll_up(old, 62, now=NOW, archive=Archive(old, tmp_path)) == 2 * 24 * 31 + 48
    assert sorted(path.name for path in tmp_path.glob("hours-*")) == [
        "hours-2026-03", "hours-2026-03.2",
    ]  # fmt: skip


def test_readings_go_only_when_their_archive_reads_back(old, tmp_path):
    def cut():
        file = next(tmp_path.glob("hours-2026-03/utilisation/**/*.parquet"))
        file.write_bytes(file.read_bytes()[:-20])

    with pytest.raises(InputError, match="cannot be read back"):
        retention.roll_up(old, 62, now=NOW, archive=Disturbed(old, tmp_path, cut))
    assert months_with_readings(old) == [3, 4, 5, 6, 7]
    with pytest.raises(InputError, match="is damaged"):  # nor is it taken for one later
        retention.roll_up(old, 62, now=NOW, archive=Archive(old, tmp_path))
    assert months_with_readings(old) == [3, 4, 5, 6, 7]


def test_two_at_once_archive_a_month_once(old, tmp_path):
    """A page's catch-up and a refresh end at the same moment."""
    config = replace(load_config({}), retention_hourly_days=62, retention_archive=True,
                     history_folder=tmp_path / "h")  # fmt: skip
    together = Barrier(4)

    def at_once(_):
        together.wait()
        return keep(old, config, NOW)

    with ThreadPoolExecutor(4) as threads:
        counts = list(threads.map(at_once, range(4)))
    assert sorted(counts) == [0, 0, 0, 2 * 24 * 31]
    folder = config.history_folder / "hours-2026-03"
    verify(folder, read_manifest(folder))
    assert [path.name for path in config.history_folder.iterdir()] == ["hours-2026-03"]
    assert not old.meta(PROBLEM)


def test_another_opening_that_is_at_it_is_left_to_it(old, tmp_path):
    config = replace(load_config({}), retention_hourly_days=62)
    with old.write() as cursor:
        cursor.execute("INSERT INTO leases VALUES ('retention', 'another')")
        cursor.execute("INSERT INTO openings VALUES ('another', now())")
    old.path, path = "md:spectra", old.path  # as if it were a database that several share
    try:
        assert keep(old, config, NOW) == 0
    finally:
        old.path = path
    assert keep(old, config, NOW) == 2 * 24 * 31
    assert not old.meta(PROBLEM)


def test_space_is_given_back_when_nobody_writes(old):
    """A checkpoint while a transaction is open fails in DuckDB: it waits for the writer."""
    began, ended = Event(), []

    def write():
        with old.write() as cursor:
            cursor.execute("INSERT INTO meta VALUES ('a', 'b')")
            began.set()
            time.sleep(0.5)
            ended.append(time.monotonic())

    with ThreadPoolExecutor(1) as threads:
        done = threads.submit(write)
        began.wait()
        old.checkpoint()
        assert ended
        done.result()
    with old.snapshot() as cursor:
        cursor.execute("SELECT count(*) FROM meta").fetchall()
        old.checkpoint()  # a reader does not make it fail


def test_a_month_that_could_not_be_archived_is_told_until_everything_is_kept(old, tmp_path):
    (tmp_path / "disk").write_text("No folder can be made below a file.")
    archived = {"retention_archive": True, "history_folder": tmp_path / "disk" / "history"}
    config = replace(load_config({}, tmp_path / "none.toml"), **archived)
    assert keep(old, replace(config, retention_hourly_days=62), NOW) == 0
    assert old.meta(PROBLEM)
    assert keep(old, replace(config, retention_hourly_days=None), NOW) == 0
    assert not old.meta(PROBLEM)


def test_an_archive_brings_the_hours_back(old, tmp_path):
    before = total(old)
    retention.roll_up(old, 62, now=NOW, archive=Archive(old, tmp_path))
    import_history(old, CATALOG, tmp_path / "hours-2026-03")
    assert months_with_readings(old) == [3, 4, 5, 6, 7]
    assert len(hours(old, MARCH, APRIL)) == 24 * 31
    assert total(old) == pytest.approx(before, rel=1e-9)
    assert old.row("SELECT count(*) FROM rolled_days") == (30,)  # April was not in it


def test_readings_that_came_after_their_month_was_archived_are_archived_too(old, tmp_path):
    config = replace(load_config({}), retention_hourly_days=62, retention_archive=True,
                     history_folder=tmp_path / "h")  # fmt: skip
    archived = lambda: sorted(path.name for path in config.history_folder.iterdir())  # noqa: E731
    assert keep(old, config, NOW) == 2 * 24 * 31
    of_another_account(old)
    assert keep(old, config, NOW) == 48
    assert archived() == ["hours-2026-03", "hours-2026-03.2"]
    import_history(old, CATALOG, config.history_folder / "hours-2026-03")
    known = "SELECT resource_id, count(*) FROM utilisation JOIN resources USING (resource_key) "
    march = old.cursor().execute(known + "WHERE month(hour) = 3 GROUP BY 1 ORDER BY 1").fetchall()
    assert march == [("i-0", 744), ("i-1", 744), ("i-late", 48)]
    assert keep(old, config, NOW) == 2 * 24 * 31 + 48  # all of it is archived already
    assert archived() == ["hours-2026-03", "hours-2026-03.2"]


def test_an_archive_of_another_database_is_not_read_with_ours(old, tmp_path):
    of_another_account(old)
    export_history(old, tmp_path / "hours-2026-03", start=MARCH, before=APRIL)
    other = Store()
    write_instances(other, fleet.instances({"instance_id": "i-x", "valid_from": HOURS[0]}))
    write_utilisation(other, fleet.utilisation("i-x", HOURS[:24], 10.0))
    export_history(other, tmp_path / "hours-2026-03.2", start=MARCH, before=APRIL)
    import_history(other, CATALOG, tmp_path / "hours-2026-03.2")
    assert set(other.frame("SELECT instance_id FROM instances")["instance_id"]) == {"i-x"}
    other.close()


def test_readings_of_another_machine_open_no_rolled_day(old, tmp_path):
    retention.roll_up(old, 62, now=NOW)
    hourly, daily, filled = of_others(old)
    other = build(
        Store(),
        instances=fleet.instances(LATER),
        hours=fleet.hours("2026-03-10", "2026-03-12"),
        utilisation=[fleet.utilisation("i-late", fleet.hours("2026-03-10", "2026-03-12"), 90.0)],
    )
    export_history(other, tmp_path / "other")
    other.close()
    import_history(old, CATALOG, tmp_path / "other")
    assert old.row("SELECT count(*) FROM rolled_days") == (61,)
    (kwh, hours_run) = old.row(LATE.format("emissions_daily"))
    assert hours_run == pytest.approx(48)
    assert of_others(old) == pytest.approx((hourly + kwh, daily + kwh, filled))


def test_rolled_history_moves_to_another_database_as_it_is(old, tmp_path):
    retention.roll_up(old, 62, now=NOW)
    export_history(old, tmp_path / "rolled")
    other = Store()
    import_history(other, CATALOG, tmp_path / "rolled")
    assert total(other) == pytest.approx(total(old), rel=1e-9)
    assert months_with_readings(other) == [4, 5, 6, 7]
    assert other.row("SELECT count(*) FROM rolled_days") >= (31,)
    other.close()


def test_a_fleet_that_is_cleared_leaves_no_rolled_sums(old):
    retention.roll_up(old, 62, now=NOW)
    clear_source(old, CATALOG, "aws")
    assert old.row("SELECT count(*) FROM rolled_days") == (0,)
    assert old.row("SELECT count(*) FROM hourly_sums") == (0,)


@pytest.mark.parametrize("other", ["demo", "electricity_maps", "latency"])
def test_a_fleet_that_stays_keeps_its_rolled_sums(old, other):
    """Its readings are gone: computed anew, its hours would be those of an unknown load."""
    retention.roll_up(old, 62, now=NOW)
    before = old.row("SELECT sum(energy_kwh) FROM emissions_daily")
    with old.write() as cursor:
        cursor.execute("INSERT INTO watch_state VALUES ('usage', now(), '{}')")
    clear_source(old, CATALOG, other)
    recompute(old)
    assert old.row("SELECT sum(energy_kwh) FROM emissions_daily") == pytest.approx(before)
    assert old.row("SELECT count(*) > 0 FROM rolled_days") == (True,)
    assert old.row("SELECT count(*) FROM watch_state") == (1,)


def test_space_is_free_again(old):
    with old.write() as cursor:  # enough rows to fill row groups
        cursor.execute(
            "INSERT INTO utilisation SELECT u.* FROM utilisation u, range(200) "
            "WHERE hour < TIMESTAMPTZ '2026-04-01 00:00+00'"
        )
    old.cursor().execute("CHECKPOINT")
    used = "SELECT used_blocks FROM pragma_database_size()"
    before = old.row(used)[0]
    retention.roll_up(old, 62, now=NOW)
    assert old.row(used)[0] < before


def test_days_before_the_first_hour_of_the_ledger_stay(old):
    assert pd.Timestamp("2026-03-01").date() in retention.plan(old, 62, now=NOW).days
    with old.write() as cursor:
        cursor.execute("UPDATE ledger SET first_hour = TIMESTAMPTZ '2026-03-01 05:00+00'")
    assert pd.Timestamp("2026-03-01").date() not in retention.plan(old, 62, now=NOW).days
