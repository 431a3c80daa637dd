"""A fresh store for each test."""

import pytest

from spectra.store import Store
from tests.copies import empty_store


@pytest.fixture
def store(tmp_path):
    opened = Store(empty_store(tmp_path / "s.duckdb"))
    yield opened
    opened.close()
