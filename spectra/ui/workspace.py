"""Whose data a visitor sees: the shared workspace, or a private one of this session."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

import streamlit as st

from spectra import heap
from spectra.actions.runners import Runners
from spectra.actions.schedules import run_due
from spectra.catalog import Catalog, load_catalog
from spectra.config import Config, Stated, load_config, stated
from spectra.errors import SpectraError
from spectra.following import follow_up
from spectra.portal_import import FileReport, folder_state, import_folder
from spectra.refresh import current_hour, refresh_demo, settle
from spectra.refresh.automation import Automation
from spectra.refresh.background import Refresher
from spectra.refresh.connections import (
    Connections,
    SessionKeys,
    private_connections,
    shared_connections,
)
from spectra.refresh.keeping import keep
from spectra.refresh.live import Live
from spectra.scheduler import plan_due_runs
from spectra.store import Store
from spectra.store.saved_settings import save_settings, saved_settings
from spectra.ui.plain import plain
from spectra.watch import Watcher

PRIVATE_DEMO_DAYS = 30  # a session's data is in memory, and there may be many sessions
PRIVATE = "_spectra_private"


@dataclass
class Setup:
    """A store with its settings and connections; what runs in the background holds just this."""

    store: Store
    catalog: Catalog
    config: Config
    connections: Connections
    keys: SessionKeys | None = None

    def __post_init__(self) -> None:
        self.watcher = Watcher(self.store)

    def live(self) -> Live:
        """The workspace as it is configured now."""
        return Live(self.store, self.catalog, self.config, self.connections)

    def plan_runs(self) -> None:
        """Plan the runs that come due on the newest forecasts."""
        plan_due_runs(self.store, self.catalog)

    def after_refresh(self) -> None:
        """Plan runs, look for trouble, judge sizes: what follows from what came in."""
        follow_up(self.store, self.catalog, self.config, self.watcher)

    def run_schedules(self, now: datetime) -> str:
        """Start and stop what schedules have due; for the shared workspace alone."""
        runners = Runners(self.store, self.catalog, self.config)
        permit = runners.permit(is_private=self.keys is not None)
        return " ".join(o.text for o in run_due(self.store, runners.of, permit, now))

    def reload(self) -> None:
        """Look the settings up again, after some were saved or keys were typed."""
        self.config = load_config(saved=saved_settings(self.store))
        self.connections = (
            shared_connections(self.config)
            if self.keys is None
            else private_connections(self.config, self.keys)
        )


@dataclass
class Workspace:
    """What a page works on.

    Attributes
    ----------
    is_private : bool
        Its data is this session's alone.
    reports : list of FileReport
        What the last import from the portal folder brought in.
    """

    setup: Setup
    refresher: Refresher
    is_private: bool = False
    _done: tuple[object, ...] = ()
    reports: list[FileReport] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def store(self) -> Store:
        """Its database."""
        return self.setup.store

    @property
    def config(self) -> Config:
        """Its settings in force."""
        return self.setup.config

    @property
    def may_change(self) -> bool:
        """Whether this visitor may change its settings and data."""
        return self.is_private or not self.config.public

    def stated(self) -> dict[str, Stated]:
        """Where each setting comes from, and its text."""
        return stated(saved_settings(self.store))

    def save(self, values: dict[str, str]) -> None:
        """Save settings, put them in force, and bring the ledger in line with them."""
        save_settings(self.store, values)
        self.setup.reload()
        settle(self.store, self.setup.catalog, config=self.config)
        self.refresher.look_again()

    def catch_up(self, hour: datetime, progress: Callable[[float, str], None]) -> None:
        """Bring in what needs no key, once an hour and whenever files were dropped."""
        facts = self._facts(hour)
        if self._done == facts:
            return
        with self.lock:
            if self._done == facts:
                return
            config, setup = self.config, self.setup
            if config.demo and setup.connections.aws is None:
                days = min(config.demo_days, PRIVATE_DEMO_DAYS if self.is_private else 730)
                refresh_demo(self.store, setup.catalog, now=hour, days=days, progress=progress)
            if not self.is_private:
                self.reports = import_folder(
                    self.store, setup.catalog, config.portal_folder, progress
                )
            settle(self.store, setup.catalog, progress, config=config)
            keep(self.store, config)
            if setup.connections.electricity_maps is None:
                # Else the refresher plans, when it has read the newest of the live grids.
                setup.plan_runs()
            self._done = facts

    def is_caught_up(self, hour: datetime) -> bool:
        """Whether there is nothing to bring in without a key."""
        return self._done == self._facts(hour)

    def _facts(self, hour: datetime) -> tuple[object, ...]:
        """What a catch-up depends on: the hour, the connections, the files in the portal folder."""
        stats = () if self.is_private else folder_state(self.config.portal_folder)
        return self.store.identity, hour, self.setup.connections.aws is None, tuple(stats)


@st.cache_resource(show_spinner=False)
def config() -> Config:
    """Settings of the process, before what the workspace has saved."""
    return load_config()


@st.cache_resource(show_spinner="Reading the reference tables")
def catalog() -> Catalog:
    """Reference tables, loaded and checked once."""
    return load_catalog()


@st.cache_resource(show_spinner="Opening the database", on_release=lambda store: store.close())
def shared_store(path: str, memory_limit: str) -> Store:
    """The one read-write connection of this process."""
    heap.settle()
    return Store(path, memory_limit=memory_limit)


@st.cache_resource(show_spinner=False)
def shared_workspace(path: str, memory_limit: str) -> Workspace:
    """The workspace that all visitors share."""
    return made(shared_store(path, memory_limit), None)


@st.cache_resource(show_spinner=False, on_release=lambda automation: automation.stop())
def automation(path: str, memory_limit: str) -> Automation:
    """The schedule of this process; it looks at the clock only while the setting is on."""
    shared = shared_workspace(path, memory_limit)
    setup = shared.setup
    schedule = Automation(
        setup.store,
        lambda: setup.config,
        shared.refresher,
        lambda: shared.catch_up(current_hour(), lambda share, text: None),
        setup.run_schedules,
    )
    schedule.start()
    return schedule


def current() -> Workspace:
    """The workspace of this visitor: the private one of the session, else the shared one."""
    private: Workspace | None = st.session_state.get(PRIVATE)
    if private is not None:
        return private
    settings = config()
    return shared_workspace(settings.database, settings.memory_limit)


def open_workspace() -> Workspace:
    """Open the visitor's workspace and catch up; stops the page with advice if it cannot open.

    Where only the catching up fails, as on a full disk, what is there is shown with its age.
    """
    try:
        settings = config()
        workspace = current()
        if not workspace.is_private:
            automation(settings.database, settings.memory_limit)
    except SpectraError as error:
        show_error(error)
        st.stop()
    try:
        _catch_up(workspace, current_hour())
        workspace.refresher.start_if_due()
    except SpectraError as error:
        show_error(error)
    return workspace


def made(store: Store, keys: SessionKeys | None) -> Workspace:
    """A workspace on a store, private where it is given keys."""
    setup = Setup(store, catalog(), config(), Connections(), keys)
    setup.reload()
    refresher = Refresher(setup.live, after=setup.after_refresh)
    return Workspace(setup, refresher, is_private=keys is not None)


def _catch_up(workspace: Workspace, hour: datetime) -> None:
    """Catch up under a progress bar; one visitor's run does it for all, the others wait."""
    if workspace.is_caught_up(hour):
        return
    place = st.empty()
    bar = place.progress(0.0, "Preparing the data")

    def progress(share: float, text: str) -> None:
        bar.progress(min(max(share, 0.0), 1.0), f"{plain(text)} …")

    workspace.catch_up(hour, progress)
    place.empty()


@contextmanager
def errors_shown() -> Iterator[None]:
    """Work of a page that may fail: what fails is told on it, and the rest of it goes on."""
    try:
        yield
    except SpectraError as error:
        show_error(error)


def show_error(error: SpectraError) -> None:
    """An error as a person should meet it: what happened and the next step, no traceback."""
    st.error(f"**{plain(error.message)}**\n\n{plain(error.next_step)}", icon=":material/error:")
