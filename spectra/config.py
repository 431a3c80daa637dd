"""Every setting of SPECTRA, once: its name, type, default and what it does.

A value is looked up in the environment (``SPECTRA_NAME``), then in the ``[spectra]`` table of
``.streamlit/secrets.toml``, then it is the default.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spectra.errors import InputError

ROOT = Path(__file__).resolve().parent.parent
SECRETS = ROOT / ".streamlit" / "secrets.toml"

_TRUE, _FALSE = {"1", "true", "yes", "on"}, {"0", "false", "no", "off", ""}


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting; `parse` turns its text into the value and raises ValueError if it cannot."""

    name: str
    parse: Callable[[str], Any]
    default: str
    help: str

    @property
    def variable(self) -> str:
        """Name of the environment variable."""
        return f"SPECTRA_{self.name.upper()}"


def _flag(text: str) -> bool:
    lowered = text.strip().lower()
    if lowered not in _TRUE | _FALSE:
        raise ValueError("expected on or off")
    return lowered in _TRUE


def _days(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 730:
        raise ValueError("expected 1 to 730 days")
    return int(text)


def _database(text: str) -> str:
    return text if text.startswith("md:") else str((ROOT / text).resolve())


SETTINGS = (
    Setting(
        "database",
        _database,
        "data/spectra.duckdb",
        "The DuckDB file of the shared workspace, relative to the project, or a `md:` database.",
    ),
    Setting(
        "memory_limit", str, "256MB", "Memory that DuckDB may use; the app needs about 300 MB more."
    ),
    Setting("demo", _flag, "on", "Fill the shared workspace with the demo company."),
    Setting("demo_days", _days, "90", "Days of history the demo company starts with."),
    Setting(
        "portal_folder",
        lambda text: (ROOT / text).resolve(),
        "data/electricitymaps",
        "Folder whose Electricity Maps portal CSV files are imported at start.",
    ),
    Setting(
        "public",
        _flag,
        "off",
        "Public deployment: visitors may not change what is shared, uploads included.",
    ),
)


@dataclass(frozen=True, slots=True)
class Config:
    """The settings in force; one attribute for each row of `SETTINGS`."""

    database: str
    memory_limit: str
    demo: bool
    demo_days: int
    portal_folder: Path
    public: bool


def load_config(
    environment: Mapping[str, str] | None = None, secrets_file: Path = SECRETS
) -> Config:
    """Look up every setting.

    Raises
    ------
    InputError
        If a value cannot be used; names the setting and where it came from, not the value.
    """
    environment = os.environ if environment is None else environment
    secrets = _secrets(secrets_file)
    return Config(**{setting.name: _value(setting, environment, secrets) for setting in SETTINGS})


def _value(setting: Setting, environment: Mapping[str, str], secrets: Mapping[str, Any]) -> Any:
    origin, text = "its default", setting.default
    if setting.name in secrets:
        origin, text = "secrets.toml", str(secrets[setting.name])
    if setting.variable in environment:
        origin, text = f"the environment ({setting.variable})", environment[setting.variable]
    try:
        return setting.parse(text)
    except ValueError as error:
        raise InputError(
            f"The setting “{setting.name}” from {origin} cannot be used: {error}.",
            next_step=setting.help,
        ) from None


def _secrets(path: Path) -> Mapping[str, Any]:
    if not path.is_file():
        return {}
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8")).get("spectra", {})
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        raise InputError(
            "The file .streamlit/secrets.toml is not valid TOML.",
            next_step="Correct it; no value in it was read.",
        ) from None
    return table if isinstance(table, dict) else {}
