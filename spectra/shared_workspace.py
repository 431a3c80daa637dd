"""The shared workspace as the command line opens it: its store, the catalogue, its settings."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from spectra.catalog import Catalog, load_catalog
from spectra.config import Config, load_config
from spectra.store import Store
from spectra.store.saved_settings import saved_settings


@contextmanager
def shared_workspace() -> Iterator[tuple[Store, Catalog, Config]]:
    """Open it with the settings that were saved in it in force, and close it.

    Raises
    ------
    StoreError
        If the database cannot be opened.
    """
    config, catalog = load_config(), load_catalog()
    store = Store(config.database, memory_limit=config.memory_limit)
    try:
        yield store, catalog, load_config(saved=saved_settings(store))
    finally:
        store.close()
