"""The hostile fleet, built once and copied for each test."""

import shutil

import pytest

from tests.attacks.hostile_fleet import hostile_store
from tests.pages.conftest import database  # noqa: F401 (a fixture)


@pytest.fixture(scope="session")
def hostile_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("hostile") / "hostile.duckdb"
    hostile_store(path).close()
    return path


@pytest.fixture
def hostile(hostile_file, database):  # noqa: F811 (a fixture)
    """The hostile fleet as the database of the app."""
    shutil.copy(hostile_file, database)
    return database
