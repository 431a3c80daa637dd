"""A small demo company in a file that is built once, and a disk that can be filled."""

import os
import shutil
import subprocess
from contextlib import contextmanager, suppress

import pytest

from spectra.store import Store
from spectra.store.history_export import export_history
from tests import copies, fleet
from tests.faults.steps import DAYS, NOW
from tests.test_portal_import import portal_csv


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    """Folder of a database with the demo company, of its history, and of portal files.

    It is not to be written to.
    """
    folder = tmp_path_factory.mktemp("built")
    store = Store(copies.demo_company(folder / "s.duckdb", NOW, DAYS))
    export_history(store, folder / "history")
    store.close()
    (folder / "portal").mkdir()
    hours = fleet.hours("2026-11-20", "2026-11-22")
    (folder / "portal" / "DE-2026-hourly.csv").write_bytes(portal_csv(hours))
    return folder


@pytest.fixture
def company(built, tmp_path):
    """Path of a database of one's own with the demo company."""
    return copy_of(built, tmp_path)


def copy_of(built, folder):
    shutil.copytree(built, folder, dirs_exist_ok=True)
    return folder / "s.duckdb"


class Disk:
    """A small disk."""

    def __init__(self, folder):
        self.folder = folder

    @contextmanager
    def full(self):
        """Not a page is free for the time of a block."""
        filler = self.folder / "filler"
        with suppress(OSError), filler.open("ab", buffering=0) as file:
            while True:
                file.write(bytes(4096))
        try:
            yield
        finally:
            filler.unlink()


@pytest.fixture(scope="module")
def disk(tmp_path_factory):
    folder = tmp_path_factory.mktemp("disk")
    mount = ["mount", "-t", "tmpfs", "-o", "size=96m", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a small disk cannot be mounted here: only root may")
    yield Disk(folder)
    subprocess.run(["umount", "-l", str(folder)], check=True)
