"""Looks up the settings: environment, ``secrets.toml``, what was saved, default.

A value is looked up in the environment (``SPECTRA_NAME``), then in the ``[spectra]`` table of
``.streamlit/secrets.toml``, then among the settings saved in the workspace, then it is the default.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

from spectra.errors import InputError
from spectra.setting_values import ROOT
from spectra.settings import SETTINGS, Setting
from spectra.unwritten import Unwritten

SECRETS = ROOT / ".streamlit" / "secrets.toml"
# Empty, as a scheduler passes on a variable that is not set, they would be the project's folder.
_PLACES = ("database", "portal_folder", "history_folder")
_PREFIX = "SPECTRA_"
_KNOWN = {setting.name: setting.variable for setting in SETTINGS}
# Another program's variable may begin alike (a service of Kubernetes does): what resembles none of
# ours as much as this is not ours misspelt.
_ALIKE = 0.8
DEFAULT, SAVED, FILE, ENVIRONMENT = "default", "saved", "secrets.toml", "environment"


@dataclass(frozen=True, slots=True)
class Config(Unwritten):
    """The settings in force; one attribute for each row of `SETTINGS`, secrets never shown."""

    database: str
    memory_limit: str
    demo: bool
    demo_days: int
    portal_folder: Path
    history_folder: Path
    retention_hourly_days: int | None
    retention_keep_reported: bool
    retention_archive: bool
    public: bool
    guide: bool
    regions: tuple[str, ...]
    aws_default_chain: bool
    aws_profile: str
    aws_access_key_id: str = field(repr=False)
    aws_secret_access_key: str = field(repr=False)
    aws_session_token: str = field(repr=False)
    aws_role_arns: tuple[str, ...]
    aws_external_id: str = field(repr=False)
    aws_history_days: int
    cost_explorer: bool
    cost_per_resource: bool
    electricity_maps_key: str = field(repr=False)
    electricity_maps_url: str
    electricity_maps_history_days: int
    cloudflare_token: str = field(repr=False)
    cloudflare_url: str
    latency_probe: bool
    team_tag_keys: tuple[str, ...]
    environment_tag_keys: tuple[str, ...]
    service_tag_keys: tuple[str, ...]
    criticality_tag_keys: tuple[str, ...]
    tag_aliases: Mapping[str, str]
    emission_factor: Literal["lifecycle", "direct"]
    embodied_years: str
    pue_source: Literal["regional", "global"]
    power_model: Literal["measured", "linear"]
    rightsizing_cpu_headroom_pct: int
    rightsizing_memory_headroom_pct: int
    rightsizing_goal: Literal["carbon", "balanced", "cost"]
    anomaly_usage: Literal["precise", "balanced", "sensitive"]
    anomaly_runaway_pct: int
    anomaly_runaway_hours: int
    anomaly_least_g: int
    anomaly_least_usd: int
    anomaly_levels: Mapping[str, str]
    anomaly_notices: bool
    carbon_price_usd_per_tonne: float | None
    automation: bool
    automation_minutes: int
    alert_intensity_g_per_kwh: float | None
    alert_forecast_below_g_per_kwh: float | None
    alert_forecast_above_g_per_kwh: float | None
    webhook_url: str = field(repr=False)
    webhook_style: Literal["generic", "slack"]
    webhook_allow_private: bool
    actions_enabled: bool
    actions_limit: int
    actions_tag: tuple[str, str]
    actions_role_arns: tuple[str, ...]


def load_config(
    environment: Mapping[str, str] | None = None,
    secrets_file: Path = SECRETS,
    saved: Mapping[str, str] | None = None,
) -> Config:
    """Look up every setting.

    Parameters
    ----------
    saved : mapping, optional
        Settings saved in the workspace, by name.

    Raises
    ------
    InputError
        If a value cannot be used, or a name is no setting's: a misspelt protection protects
        nothing. Names the setting and where it came from, not the value.
    """
    environment = os.environ if environment is None else environment
    _require_known(environment)
    secrets = _secrets(secrets_file)
    return Config(
        **{
            setting.name: _parsed(setting, *_find(setting, environment, secrets, saved or {}))
            for setting in SETTINGS
        }
    )


@dataclass(frozen=True, slots=True)
class Stated:
    """What is stated of a setting: where, and the text; a secret's text is left out."""

    origin: str
    text: str

    @property
    def is_pinned(self) -> bool:
        """Whether it comes from outside and so cannot be changed on the Settings page."""
        return self.origin in (ENVIRONMENT, FILE)


def stated(
    saved: Mapping[str, str] | None = None,
    environment: Mapping[str, str] | None = None,
    secrets_file: Path = SECRETS,
) -> dict[str, Stated]:
    """Where each setting comes from, and its text, by name."""
    environment = os.environ if environment is None else environment
    secrets = _secrets(secrets_file)
    found = {s: _find(s, environment, secrets, saved or {}) for s in SETTINGS}
    return {
        setting.name: Stated(origin, "" if setting.secret else text)
        for setting, (origin, text) in found.items()
    }


def check_value(setting: Setting, text: str) -> Any:
    """Return what a text typed for a setting means; raises InputError if it means nothing."""
    return _parsed(setting, "the form", text)


def _find(
    setting: Setting,
    environment: Mapping[str, str],
    secrets: Mapping[str, Any],
    saved: Mapping[str, str],
) -> tuple[str, str]:
    if _is_stated(setting, environment.get(setting.variable)):
        return ENVIRONMENT, environment[setting.variable]
    if _is_stated(setting, secrets.get(setting.name)):
        value = secrets[setting.name]
        return FILE, ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    if setting.saved and setting.name in saved:
        return SAVED, saved[setting.name]
    return DEFAULT, setting.default


def _is_stated(setting: Setting, value: Any) -> bool:
    return value is not None and (value != "" or setting.name not in _PLACES)


def _parsed(setting: Setting, origin: str, text: str) -> Any:
    try:
        return setting.parse(text)
    except ValueError as error:
        place = f"{origin} ({setting.variable})" if origin == ENVIRONMENT else origin
        raise InputError(
            f"The setting “{setting.name}” from {place} cannot be used: {error}.",
            next_step=f"It means: {setting.help}.",
        ) from None


def _secrets(path: Path) -> Mapping[str, Any]:
    if not path.is_file():
        return {}
    try:
        everything = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        raise InputError(
            "The file .streamlit/secrets.toml is not valid TOML.",
            next_step="Correct it; no value in it was read.",
        ) from None
    table = everything.pop("spectra", {})
    if not isinstance(table, dict):
        raise InputError(
            "“spectra” in secrets.toml is no table.", next_step="Begin it with [spectra]."
        )
    for name in table:
        if name not in _KNOWN:
            what = f"“{name[:60]}” in the table [spectra] of secrets.toml"
            raise _unknown(what, _nearest(name))
    for name, value in everything.items():
        # In capitals it is an environment variable to Streamlit.
        known = ["spectra"] if isinstance(value, dict) else _KNOWN
        if not name.isupper() and _nearest(name, known):
            raise InputError(
                f"“{name[:60]}” in secrets.toml does nothing: settings stand in the table "
                "[spectra].",
                next_step="Correct its place or its name.",
            )
    return table


def _require_known(environment: Mapping[str, str]) -> None:
    """Raise an InputError for a variable that is a setting's misspelt."""
    variables = set(_KNOWN.values())
    for name in environment:
        is_ours = name.upper().startswith(_PREFIX) and name not in variables
        if is_ours and (near := _nearest(name)):
            raise _unknown(f"The environment variable {name[:80]}", _KNOWN[near])


def _nearest(name: str, known: Iterable[str] = _KNOWN) -> str:
    """The name that was meant, whatever its case and prefix; empty where it resembles none."""
    meant = name.lower().removeprefix(_PREFIX.lower())
    return next(iter(get_close_matches(meant, known, 1, _ALIKE)), "")


def _unknown(what: str, near: str) -> InputError:
    return InputError(
        f"{what} is no setting, so it does nothing.",
        next_step=f"Did you mean {near}?" if near else "The README lists all settings.",
    )
