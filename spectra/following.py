"""What follows a refresh, in the app and on the command line alike."""

from __future__ import annotations

from spectra import advice
from spectra.catalog import Catalog
from spectra.config import Config
from spectra.refresh.keeping import keep
from spectra.scheduler import plan_due_runs
from spectra.store import Store
from spectra.watch import Watcher


def follow_up(store: Store, catalog: Catalog, config: Config, watcher: Watcher) -> None:
    """Plan the runs that come due, look for trouble, judge sizes when that is due, let hours go."""
    plan_due_runs(store, catalog)
    watcher.look(config)
    rules = advice.rules_of(config)
    if advice.is_due(store, catalog, rules):
        advice.refresh_advice(store, catalog, rules)
    keep(store, config)
