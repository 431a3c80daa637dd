"""Settings that were changed on the Settings page; secrets are never among them."""

from __future__ import annotations

from datetime import UTC, datetime

from spectra.errors import InputError
from spectra.settings import SETTINGS
from spectra.store.database import Store

_SAVABLE = {setting.name for setting in SETTINGS if setting.saved and not setting.secret}


def saved_settings(store: Store) -> dict[str, str]:
    """Return the saved texts by name."""
    rows = store.cursor().execute("SELECT name, value FROM settings").fetchall()
    return {str(name): str(value) for name, value in rows if name in _SAVABLE}


def save_settings(store: Store, values: dict[str, str]) -> None:
    """Save settings of the workspace.

    Raises
    ------
    InputError
        If one of them is not for saving; nothing is saved.
    """
    refused = sorted(set(values) - _SAVABLE)
    if refused:
        raise InputError(f"These settings are not saved: {', '.join(refused)}.")
    now = datetime.now(UTC)
    with store.write(is_fact=False) as cursor:
        for name, value in values.items():
            cursor.execute("INSERT OR REPLACE INTO settings VALUES (?, ?, ?)", [name, value, now])
