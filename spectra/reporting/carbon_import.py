"""Brings AWS's carbon emissions export into the store, beside what the service itself states."""

from __future__ import annotations

from datetime import UTC, datetime

from spectra.sources.carbon_export import SOURCE, read_carbon_export
from spectra.store import Store
from spectra.store.fetch_log import Fetch, log_fetch
from spectra.store.live_writes import write_rows


def import_carbon_export(store: Store, name: str, content: bytes) -> int:
    """Import a file; returns the number of figures. A later figure of the same place replaces one.

    Raises
    ------
    InputError
        If the file is no such export; nothing was changed then.
    """
    now = datetime.now(UTC)
    count = write_rows(store, "provider_emissions", read_carbon_export(content, now))
    log_fetch(store, Fetch(SOURCE, "provider_emissions", count, "ok", scope=name, started_at=now))
    return count
