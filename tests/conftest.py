"""Fixtures that many tests share."""

import gc
import os
from contextlib import ExitStack
from pathlib import Path

import pytest

# Two processes fill two cores: threads of BLAS, which numpy starts, would only wait for each other.
os.environ["OPENBLAS_NUM_THREADS"] = "1"

from tests import copies
from tests.browser.server import CHROMIUM, chromium
from tests.servers.moto import moto as moto_server
from tests.servers.world import every_service

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


def pytest_collection_finish():
    """Let the collector leave alone what all tests share, and look less often at the rest."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Reference data that lies beside the project and is no part of it."""
    if not SHARED.is_dir():
        pytest.skip("../shared/data is not here: the reference data it holds cannot be compared")
    return SHARED


@pytest.fixture(scope="session")
def browser():
    """One Chromium a process: Playwright runs once in it."""
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed")
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="session")
def moto_process():
    with moto_server() as running:
        yield running


@pytest.fixture
def filled(tmp_path):
    """Opens a store as a function fills it, which it does once a process; closed after the test."""
    with ExitStack() as stack:

        def opened(fill):
            store = copies.opened(tmp_path / f"{fill.__name__}.duckdb", fill)
            stack.callback(store.close)
            return store

        yield opened


@pytest.fixture
def quiet_environment(monkeypatch):
    """No profile, no metadata service, no credentials of this machine."""
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")


@pytest.fixture
def world(moto_process, quiet_environment, monkeypatch):
    with every_service(moto_process) as services:
        for name, url in services.endpoints().items():
            monkeypatch.setenv(name, url)
        yield services
