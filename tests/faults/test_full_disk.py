"""A disk that is full: it is said, what was there is read on, and with room again all goes on."""

import shutil
from contextlib import ExitStack, suppress
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from spectra import actions
from spectra.actions import Journal, Permit
from spectra.actions.demo_runner import DemoRunner
from spectra.actions.targets import target
from spectra.cli_common import write_file
from spectra.errors import StoreError
from spectra.refresh.keeping import PROBLEM, keep
from spectra.store import Store, action_log, retention
from spectra.store.database import set_meta
from tests.faults.conftest import copy_of
from tests.faults.steps import CATALOG, CONFIG, FIRST, LONG_AFTER, NOW, STEPS, counts, sums

# Of hours that are settled anew there are as many rows as before, and days that are rolled up fit
# into what a file has left.
SAVING = tuple(name for name in STEPS if name not in {"settle_anew", "roll_up"})


@pytest.fixture(scope="module")
def store(built, disk):
    """Kept for all steps: none of them leaves a mark when it fails."""
    opened = Store(copy_of(built, disk.folder))
    yield opened
    opened.close()


@pytest.mark.parametrize("name", SAVING)
def test_a_step_that_finds_no_room_changes_nothing_and_is_made_up_for(store, disk, name):
    store.cursor().execute("CHECKPOINT")  # or it fits into what the log has left
    before = counts(store), sums(store)
    with disk.full():
        with pytest.raises(StoreError, match="rolled back") as error:
            STEPS[name](store)
        assert "full" in error.value.message
        assert "Free some space" in error.value.next_step
        assert (counts(store), sums(store)) == before
    STEPS[name](store)
    assert counts(store) != before[0]


@pytest.mark.parametrize("name", FIRST)
def test_a_first_build_that_finds_no_room_is_made_up_for(built, disk, name):
    path = disk.folder / name / "first.duckdb"
    shutil.copytree(built / "history", path.with_name("history"))
    with disk.full(), pytest.raises(StoreError, match="is full"):
        Store(path)
    assert not path.exists()
    store = Store(path)
    with disk.full(), pytest.raises(StoreError, match="is full"):
        FIRST[name](store)
    FIRST[name](store)
    assert store.row("SELECT count(*) > 0 FROM emissions_hourly") == (True,)
    store.close()


def test_a_checkpoint_that_finds_no_room_ends_nothing(built, disk):
    # Anew: a file that was written to has room within itself.
    store = Store(copy_of(built, disk.folder / "anew"))
    store.cursor().execute("SET checkpoint_threshold = '1KB'")
    before = store.revision
    with disk.full():
        with pytest.raises(StoreError, match="while a change was written") as error:
            STEPS["save_job"](store)
        assert "look whether the change is there" in error.value.next_step
        assert store.row("SELECT count(*) > 0 FROM emissions_hourly") == (True,)
    STEPS["save_job"](store)
    assert store.row("SELECT count(*) FROM jobs") == (1,)
    assert store.revision > before  # what pages had read before is read again
    store.close()


def test_a_file_that_finds_no_room_is_as_it_was(disk):
    path, link = disk.folder / "report.json", disk.folder / "link.json"
    write_file(path, b"old")
    path.chmod(0o600)
    link.symlink_to(path)
    with disk.full(), pytest.raises(OSError, match="No space"):
        write_file(link, bytes(100_000))
    assert path.read_bytes() == b"old"
    write_file(link, b"new")
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"new", 0o600)
    assert not list(disk.folder.glob(".spectra-*"))


def test_readings_stay_until_there_is_room_for_their_archive(company, disk, monkeypatch):
    months = [(datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC))]
    monkeypatch.setattr(retention, "_months_to_go", lambda *_: months)  # its days are too few
    store, folder = Store(company), disk.folder / "archive"
    config = replace(CONFIG, retention_hourly_days=400, retention_archive=True,
                     history_folder=folder)  # fmt: skip
    readings = store.row("SELECT count(*) FROM utilisation")[0]
    with disk.full():
        assert keep(store, config, LONG_AFTER) == 0
        assert list(folder.glob(".*")) == []
    assert "disk is full" in store.meta(PROBLEM)
    assert store.row("SELECT count(*) FROM utilisation") == (readings,)
    gone = keep(store, config, LONG_AFTER)
    assert store.row("SELECT count(*) FROM utilisation") == (readings - gone,) < (readings,)
    assert store.meta(PROBLEM) == ""
    assert [path.name for path in folder.iterdir()] == [f"hours-{NOW:%Y-%m}"]
    store.close()


def test_a_file_is_read_while_its_disk_is_full(built, disk):
    path = copy_of(built, disk.folder / "full")
    Store(path).close()
    with disk.full():
        store = Store(path)
        assert store.row("SELECT count(*) > 0 FROM emissions_hourly") == (True,)
        store.close()


def use_up(store):
    """Until what the write-ahead log had left is used too."""
    with suppress(StoreError):
        for number in range(3_000):
            with store.write(is_fact=False) as cursor:
                set_meta(cursor, "filler", str(number) * (900 if number < 40 else 1))


class FillsUp(DemoRunner):
    """Its call is answered, and there is no room to write that down."""

    def __init__(self, store, account_id, fill):
        super().__init__(store, CATALOG, account_id, lambda: NOW)
        self.fill, self.own = fill, store

    def call(self, *arguments):
        reply = super().call(*arguments)
        self.fill()
        use_up(self.own)
        return reply


@pytest.mark.parametrize("way_on", ["resume", "roll_back", "close"])
def test_a_change_whose_answer_finds_no_room_is_gone_on_with(built, disk, way_on):
    store = Store(copy_of(built, disk.folder / way_on))
    store.cursor().execute("CHECKPOINT")
    (name,) = store.row(
        "SELECT min(instance_id) FROM instances WHERE valid_to IS NULL AND asg_name IS NULL "
        "AND lifecycle = 'on-demand' AND state = 'running'"
    )
    plan, journal = actions.stop(target(store, "instance", name, NOW)), Journal(store)
    with ExitStack() as room:
        runner = FillsUp(store, plan.target.account_id, lambda: room.enter_context(disk.full()))
        (outcome,) = actions.execute_batch(
            actions.bulk([plan], 1), lambda _: runner, journal,
            confirmation=plan.confirmation, permit=Permit(),
        )  # fmt: skip
    assert outcome.state == "failed"
    assert "full" in outcome.text
    assert "What was done in AWS stays" in outcome.text
    (entry,) = action_log.unfinished(store)
    assert (entry.state, journal.is_under_way(entry)) == ("running", False)
    again = DemoRunner(store, CATALOG, entry.account_id, lambda: NOW)
    if way_on == "close":
        actions.close(plan.plan_id, journal)
    else:
        act = actions.resume if way_on == "resume" else actions.roll_back
        assert act(plan.plan_id, again, journal, permit=Permit()).state == (
            "done" if way_on == "resume" else "rolled back"
        )
    assert action_log.unfinished(store) == []
    store.close()
    shutil.rmtree(disk.folder / way_on)
