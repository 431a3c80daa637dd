"""A disk that is full: it is said, what was there is read on, and with room again all goes on."""

import pytest

from spectra.errors import StoreError
from spectra.store import Store
from tests.faults.conftest import copy_of
from tests.faults.steps import STEPS, counts, found, sums

SAVING = ("extend", "keep_settings", "keep_budget", "export_chargeback", "seal_report",
          "import_portal", "save_job")  # fmt: skip


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


def test_a_first_build_that_finds_no_room_is_made_up_for(disk):
    path = disk.folder / "first.duckdb"
    with disk.full(), pytest.raises(StoreError, match="is full"):
        Store(path)
    assert not path.exists()
    store = Store(path)
    with disk.full(), pytest.raises(StoreError, match="is full"):
        found(store)
    found(store)
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


def test_a_file_is_read_while_its_disk_is_full(built, disk):
    path = copy_of(built, disk.folder / "full")
    Store(path).close()
    with disk.full():
        store = Store(path)
        assert store.row("SELECT count(*) > 0 FROM emissions_hourly") == (True,)
        store.close()
