"""Every view of every page, as a title and an address."""

from __future__ import annotations

from urllib.parse import urlencode


def _views(title: str, path: str, parameter: str, *names: str) -> list[tuple[str, str]]:
    return [(title, f"{path}?{urlencode({parameter: name})}") for name in names]


VIEWS = [
    ("Dashboard", ""),
    *_views("Regions", "regions", "region_view", "Map and hours", "Compare", "Move", "Moves made"),
    *_views("Anomalies", "anomalies", "anomaly_view", "Attention", "One incident",
            "Planned events", "Sensitivity"),
    *_views("Instances", "instances", "view", "Fleet", "One machine", "Waste", "What if",
            "Changes", "Results"),
    ("Scheduler", "scheduler"),
    *_views("Budgets", "budgets", "budget_view", "Overview", "One budget", "Allocation",
            "Chargeback", "Change"),
    *_views("Reports", "reports", "reports_view", "Report", "History"),
    *_views("Settings", "settings", "section", "Workspace", "AWS", "Grids and latency", "Regions",
            "Tags", "Method", "Rightsizing", "Anomalies", "Budgets", "Automation", "Data", "Usage"),
    ("Method", "method"),
]  # fmt: skip
