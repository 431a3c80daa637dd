"""A fresh store for each test."""

import pytest

from spectra.store import Store


@pytest.fixture
def store():
    opened = Store()
    yield opened
    opened.close()
