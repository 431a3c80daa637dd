"""The table of settings: name, default, meaning, and who may set each of them where."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from spectra.setting_values import (
    aliases,
    choice,
    database,
    flag,
    levels,
    memory,
    optional_days,
    optional_number,
    optional_price,
    path,
    regions,
    role_arns,
    tag,
    tag_keys,
    url,
    whole,
)

# What the end of a name says of its unit.
_UNITS = {"_g_per_kwh": "gCO2e/kWh", "_usd_per_tonne": "USD/t", "_pct": "%", "_hours": "h",
          "_g": "gCO2e", "_usd": "USD"}  # fmt: skip
_SPELT = {"aws": "AWS", "pue": "PUE", "cpu": "CPU", "url": "URL", "cost explorer": "Cost Explorer",
          "electricity maps": "Electricity Maps", "least": "least excess"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting; `parse` turns its text into the value and raises ValueError if it cannot.

    Attributes
    ----------
    section : str
        Where it stands in the Settings page and the README.
    secret : bool
        It is never shown, saved or logged; it comes from the environment or ``secrets.toml``.
    saved : bool
        It may be changed on the Settings page and is kept in the workspace.
    choices : tuple of str
        The only values it may have; empty when it is free.
    """

    name: str
    parse: Callable[[str], Any]
    default: str
    help: str
    section: str = "Workspace"
    secret: bool = False
    saved: bool = False
    choices: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """Name on screen, with its unit."""
        end = next((end for end in _UNITS if self.name.endswith(end)), "")
        words = self.name.removesuffix(end).replace("_", " ")
        for word, spelt in _SPELT.items():
            words = re.sub(rf"\b{word}\b", spelt, words)
        return words[0].upper() + words[1:] + (f" [{_UNITS[end]}]" if end else "")

    @property
    def variable(self) -> str:
        """Name of the environment variable."""
        return f"SPECTRA_{self.name.upper()}"


def _of(name: str, default: str, section: str, help: str, *choices: str) -> Setting:
    """Build a saved setting with a few choices."""
    return Setting(name, choice(*choices), default, help, section, saved=True, choices=choices)


SETTINGS = (
    Setting("database", database, "data/spectra.duckdb", "DuckDB file of the shared workspace, "
            "relative to the project, or a `md:` database"),
    Setting("memory_limit", memory, "256MB", "memory that DuckDB may use; the app needs about "
            "300 MB more"),
    Setting("demo", flag, "on", "fill a workspace that has no fleet of its own with the demo "
            "company"),
    Setting("demo_days", whole(1, 730, "days"), "90", "days of history the demo company starts "
            "with"),
    Setting("portal_folder", path, "data/electricitymaps", "folder whose portal CSV files are "
            "imported"),
    Setting("history_folder", path, "data/history", "folder of history as Parquet", "Data"),
    Setting("retention_hourly_days", optional_days, "", "days that each machine's hourly readings "
            "are kept, by whole months, at least 62; sums by hour and by day stay; empty: for ever",
            "Data", saved=True),
    Setting("retention_keep_reported", flag, "on", "keep the readings of days that a final report "
            "rests on", "Data", saved=True),
    Setting("retention_archive", flag, "off", "archive months before they go", "Data", saved=True),
    Setting("public", flag, "off", "public deployment: visitors may not change what is shared, "
            "uploads included, nor use the operator's AWS profile"),
    Setting("guide", flag, "on", "show the guide of the first minute on the Dashboard",
            saved=True),
    Setting("regions", regions, "", "AWS regions to monitor; empty: all that are enabled",
            "Regions", saved=True),
    Setting("aws_default_chain", flag, "off", "use the AWS profile, SSO session, environment or "
            "instance role of the machine", "AWS"),
    Setting("aws_profile", str, "", "profile of the default chain", "AWS"),
    Setting("aws_access_key_id", str, "", "access key of the shared workspace", "AWS",
            secret=True),
    Setting("aws_secret_access_key", str, "", "its secret", "AWS", secret=True),
    Setting("aws_session_token", str, "", "its session token, for temporary keys", "AWS",
            secret=True),
    Setting("aws_role_arns", role_arns, "", "roles to assume, one per account, separated by "
            "commas; empty: the account of the keys", "AWS"),
    Setting("aws_external_id", str, "", "external ID of those roles", "AWS", secret=True),
    Setting("aws_history_days", whole(1, 455, "days"), "14", "days of CloudWatch history read at "
            "the first refresh", "AWS", saved=True),
    Setting("cost_explorer", flag, "on", "read Cost Explorer ($0.01 a request)", "AWS",
            saved=True),
    Setting("cost_per_resource", flag, "off", "also read costs per instance of the last 14 days, "
            "where the account has them enabled", "AWS", saved=True),
    Setting("electricity_maps_key", str, "", "API key", "Electricity Maps", secret=True),
    Setting("electricity_maps_url", url, "https://api.electricitymaps.com/v4",
            "address of the API; a v3 address works too", "Electricity Maps"),
    Setting("electricity_maps_history_days", whole(1, 730, "days"), "30",
            "days of history read at the first refresh, where the plan has them",
            "Electricity Maps", saved=True),
    Setting("cloudflare_token", str, "", "API token with the permission Account, Radar, Read",
            "Cloudflare", secret=True),
    Setting("cloudflare_url", url, "https://api.cloudflare.com/client/v4",
            "address of the API", "Cloudflare"),
    Setting("latency_probe", flag, "off", "measure TCP connect times to the regions' EC2 "
            "endpoints from where SPECTRA runs", "Cloudflare", saved=True),
    Setting("team_tag_keys", tag_keys, "team", "tag keys that name the team, first match counts",
            "Tags", saved=True),
    Setting("environment_tag_keys", tag_keys, "environment, env",
            "tag keys that name the environment", "Tags", saved=True),
    Setting("service_tag_keys", tag_keys, "service", "tag keys that name the service", "Tags",
            saved=True),
    Setting("criticality_tag_keys", tag_keys, "criticality", "tag keys that name how critical a "
            "resource is", "Tags", saved=True),
    Setting("tag_aliases", aliases, "", "values that mean the same, such as `pay=payments`, "
            "separated by commas", "Tags", saved=True),
    _of("emission_factor", "lifecycle", "Method", "factor that grid figures start with; scope 2 "
        "is always direct", "lifecycle", "direct"),
    _of("embodied_years", "6", "Method", "service life that embodied carbon is spread over", "6",
        "4"),
    _of("pue_source", "regional", "Method", "PUE: AWS's regional figures, or its global average",
        "regional", "global"),
    _of("power_model", "measured", "Method", "power curve: measured per type, or linear after "
        "Cloud Carbon Footprint, which is lower", "measured", "linear"),
    Setting("rightsizing_cpu_headroom_pct", whole(0, 50, "%"), "20", "CPU that stays free above "
            "the peak when a type is proposed", "Rightsizing", saved=True),
    Setting("rightsizing_memory_headroom_pct", whole(0, 50, "%"), "20", "memory added to what is "
            "in use when a type is proposed", "Rightsizing", saved=True),
    _of("rightsizing_goal", "carbon", "Rightsizing", "what ranks the types that fit: carbon at no "
        "higher cost, both alike, or cost at no more carbon", "carbon", "balanced", "cost"),
    _of("anomaly_usage", "balanced", "Anomalies", "how easily usage of a machine is called "
        "unusual: sensitive finds more and cries wolf more often",
        "precise", "balanced", "sensitive"),
    Setting("anomaly_runaway_pct", whole(30, 100, "%"), "70", "CPU [%] from which on a process "
            "may run away", "Anomalies", saved=True),
    Setting("anomaly_runaway_hours", whole(1, 72, "hours"), "6", "time on end [h] that makes it a "
            "runaway", "Anomalies", saved=True),
    Setting("anomaly_least_g", whole(0, 1_000_000, "grams"), "50", "least excess of CO2e [g] that "
            "is worth raising", "Anomalies", saved=True),
    Setting("anomaly_least_usd", whole(0, 1_000_000, "dollars"), "1", "or least excess of cost "
            "[USD]", "Anomalies", saved=True),
    Setting("anomaly_levels", levels, "", "kinds that are raised otherwise, such as `cost "
            "spike=off, idle instance=sensitive`, separated by commas: precise asks for five times "
            "the least excess, sensitive for a fifth, off raises none", "Anomalies", saved=True),
    Setting("anomaly_notices", flag, "on", "send a notice for each incident, and when it becomes "
            "critical", "Anomalies", saved=True),
    Setting("carbon_price_usd_per_tonne", optional_price, "", "internal price of carbon [USD "
            "per t CO2e] that chargeback statements charge; empty: none", "Budgets", saved=True),
    Setting("automation", flag, "off", "refresh in the background while the app runs",
            "Automation", saved=True),
    Setting("automation_minutes", whole(15, 1440, "minutes"), "60", "minutes between background "
            "refreshes", "Automation", saved=True),
    Setting("alert_intensity_g_per_kwh", optional_number, "", "send a notice when the grid of a "
            "region with running instances rises above this lifecycle intensity", "Automation",
            saved=True),
    Setting("alert_forecast_below_g_per_kwh", optional_number, "", "send a notice when the grid "
            "of a monitored region is forecast to fall below this within 24 hours", "Automation",
            saved=True),
    Setting("alert_forecast_above_g_per_kwh", optional_number, "", "send a notice when the grid "
            "of a monitored region is forecast to rise above this within 24 hours", "Automation",
            saved=True),
    Setting("webhook_url", str, "", "address that notices are sent to", "Automation", secret=True),
    _of("webhook_style", "generic", "Automation", "form of a notice", "generic", "slack"),
    Setting("webhook_allow_private", flag, "off", "allow a webhook on http or at a private "
            "address", "Automation"),
    Setting("actions_enabled", flag, "off", "allow changes in the AWS accounts (stop, start, "
            "resize, terminate, move, volumes), each after checks and a typed confirmation; never "
            "on a public deployment", "Actions"),
    Setting("actions_limit", whole(1, 100, "resources"), "10", "most resources that are changed "
            "at once", "Actions"),
    Setting("actions_tag", tag, "spectra:managed=true", "only resources with this tag are "
            "changed", "Actions"),
    Setting("actions_role_arns", role_arns, "", "roles to assume for changes, one per account, "
            "separated by commas; empty: what reads the account changes it too", "Actions"),
)  # fmt: skip
