"""The shared workspace: one open store for the process, brought up to date as hours pass."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import datetime

import streamlit as st

from spectra.catalog import Catalog, load_catalog
from spectra.config import Config, load_config
from spectra.errors import SpectraError
from spectra.portal_import import FileReport, import_folder
from spectra.refresh import current_hour, refresh_demo, settle
from spectra.store import Store


@st.cache_resource(show_spinner=False)
def config() -> Config:
    """Settings of the process; raises InputError when one cannot be used."""
    return load_config()


@st.cache_resource(show_spinner="Reading the reference tables")
def catalog() -> Catalog:
    """Reference tables, loaded and checked once."""
    return load_catalog()


@st.cache_resource(show_spinner="Opening the database", on_release=lambda store: store.close())
def shared_store(path: str, memory_limit: str) -> Store:
    """The one read-write connection of this process."""
    return Store(path, memory_limit=memory_limit)


def open_workspace() -> Store:
    """Open the shared store and catch up with the hour; stops the page with advice if it cannot."""
    try:
        settings = config()
        store = shared_store(settings.database, settings.memory_limit)
        catch_up(store, catalog(), settings, current_hour())
    except SpectraError as error:
        show_error(error)
        st.stop()
    return store


def catch_up(store: Store, tables: Catalog, settings: Config, hour: datetime) -> None:
    """Bring demo data and dropped portal files up to date; no work when nothing is missing.

    One visitor's run does it for all; the others wait for it.
    """
    done = _catch_up_state()
    if done.key == _facts(settings, hour):
        return
    place = st.empty()
    bar = place.progress(0.0, "Preparing the data")

    def progress(share: float, text: str) -> None:
        bar.progress(min(max(share, 0.0), 1.0), f"{text} …")

    with done.lock:
        if done.key != _facts(settings, hour):
            if settings.demo:
                refresh_demo(store, tables, now=hour, days=settings.demo_days, progress=progress)
            done.reports = import_folder(store, tables, settings.portal_folder, progress)
            settle(store, tables, progress)
            done.key = _facts(settings, hour)
    place.empty()


def folder_reports() -> list[FileReport]:
    """What the last import from the portal folder brought in."""
    return _catch_up_state().reports


def show_error(error: SpectraError) -> None:
    """An error as a person should meet it: what happened and the next step, no traceback."""
    st.error(f"**{error.message}**\n\n{error.next_step}", icon=":material/error:")


@dataclass
class _CatchUp:
    """What this process last caught up with."""

    key: tuple[object, ...] = ()
    reports: list[FileReport] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


@st.cache_resource(show_spinner=False)
def _catch_up_state() -> _CatchUp:
    return _CatchUp()


def _facts(settings: Config, hour: datetime) -> tuple[object, ...]:
    """What a catch-up depends on: the database, the hour, the files in the portal folder."""
    files = settings.portal_folder.glob("*.csv") if settings.portal_folder.is_dir() else ()
    stats = sorted((f.name, f.stat().st_size, f.stat().st_mtime_ns) for f in files)
    return settings.database, hour, tuple(stats)
