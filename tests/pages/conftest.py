"""The app in AppTest over a store of the test's own making."""

import json
import re
from datetime import timedelta
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

import pandas as pd
import pytest
import streamlit as st
from streamlit.components.v2 import manifest_scanner
from streamlit.runtime.pages_manager import PagesManager
from streamlit.testing.v1 import AppTest

from spectra.refresh import current_hour
from spectra.store import Store
from spectra.ui import workspace
from tests import copies, fleet
from tests.store.conftest import build

ROOT = Path(__file__).resolve().parents[2]
PAGES = (
    "pages/dashboard.py",
    "pages/regions.py",
    "pages/instances.py",
    "pages/anomalies.py",
    "pages/budgets.py",
    "pages/reports.py",
    "pages/scheduler.py",
    "pages/settings.py",
    "pages/method.py",
)
LAUNCHED = "2026-01-01T00:00Z"


@pytest.fixture
def database(tmp_path, monkeypatch):
    """A fresh database file; the app keeps no demo company unless a test asks for one."""
    path = tmp_path / "spectra.duckdb"
    monkeypatch.setenv("SPECTRA_DATABASE", str(path))
    monkeypatch.setenv("SPECTRA_DEMO", "off")
    monkeypatch.setenv("SPECTRA_PORTAL_FOLDER", str(tmp_path / "portal"))
    monkeypatch.setattr(PagesManager, "__init__", _as_after_the_first_run(PagesManager.__init__))
    # A server looks once for installed components; each app of AppTest is such a server.
    monkeypatch.setattr(manifest_scanner, "scan_component_manifests", _components)
    st.cache_data.clear()
    st.cache_resource.clear()
    yield path
    st.cache_data.clear()
    st.cache_resource.clear()


@pytest.fixture
def demo(demo_company, monkeypatch):
    """Nine days of the demo company, which the app keeps up with the clock."""
    monkeypatch.setenv("SPECTRA_DEMO", "on")
    monkeypatch.setenv("SPECTRA_DEMO_DAYS", "9")
    return demo_company


@pytest.fixture
def demo_company(database):
    return copies.demo_company(database, current_hour(), days=9)


_components = cache(manifest_scanner.scan_component_manifests)


def _as_after_the_first_run(init):
    """AppTest starts every run like a new server, which takes pages/ for its navigation."""

    def initialise(self, *args, **kwargs):
        init(self, *args, **kwargs)
        PagesManager.uses_pages_directory = False

    return initialise


def open_app(**parameters: str) -> AppTest:
    app = AppTest.from_file(str(ROOT / "Home.py"), default_timeout=60)
    for name, value in parameters.items():
        app.query_params[name] = value
    return app.run()


def open_page(name: str, **parameters: str) -> AppTest:
    """A page as by its own address: no other page runs first."""
    app = AppTest.from_file(str(ROOT / "Home.py"), default_timeout=60)
    for parameter, value in parameters.items():
        app.query_params[parameter] = value
    return app.switch_page(f"pages/{name}.py").run()


def app_store() -> Store:
    """The store that the app has open in this process."""
    settings = workspace.config()
    return workspace.shared_store(settings.database, settings.memory_limit)


def files(app: AppTest) -> set[str]:
    """Keys of the files on offer."""
    return {button.proto.id.rpartition("-")[2] for button in app.get("download_button")}


def metrics(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def table(app: AppTest, position: int):
    return app.dataframe[position].value


def choose_row(app: AppTest, key: str, row: int) -> None:
    """Choose a row of a table, as a click at its left edge does."""
    app.session_state[key] = {"selection": {"rows": [row], "columns": [], "cells": []}}


def shares(app: AppTest) -> dict[str, pd.DataFrame]:
    """What the small tables of shares show, by what they say of themselves: name, co2e, share.

    Each says its main finding besides.
    """
    found = {}
    for element in app.get("html"):
        body = element.proto.body.partition("</style>")[2]
        if body.startswith('<div class="shares"'):
            box = ElementTree.fromstring(body)  # noqa: S314 (it is our own)
            rows = [[cell.text for cell in row] for row in box.iter("tr")]
            name, _, finding = box.get("aria-label").partition(": ")
            assert re.search(r"[0-9]|none is known", finding), name
            found[name] = pd.DataFrame(rows[1:], columns=["name", "co2e", "share"])
    return found


def healthy(app: AppTest) -> AppTest:
    assert not app.exception, [e.value for e in app.exception]
    assert not app.error, [e.value for e in app.error]
    return app


def write_store(path, *rows, cpu_pct=30.0):
    """A store file of single instances with three days up to the running hour, then closed."""
    copies.opened(path, _three_days(current_hour(), json.dumps(rows), cpu_pct)).close()


@cache
def _three_days(end, rows, cpu_pct):
    """What fills such a store; the same for the same rows, so that one is built."""

    def fill(store):
        last = pd.Timestamp(end).as_unit("us")
        at = pd.date_range(last - timedelta(days=3), last, freq="h", unit="us")
        found = json.loads(rows)
        build(
            store,
            instances=fleet.instances(*found),
            hours=at,
            intensities=[fleet.intensities("DE", at, 320.0, 380.0)],
            utilisation=[fleet.utilisation(row["instance_id"], at, cpu_pct) for row in found],
        )

    return fill
