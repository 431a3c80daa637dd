"""Units of the families of incidents, and the family of a kind."""

from __future__ import annotations

from spectra.insight.anomalies.kinds import FAMILIES

UNITS = {
    "usage": "% CPU", "idle": "days", "volume": "days", "fleet": "days", "grid": "gCO2e/kWh",
    "team": "gCO2e/day", "cost": "USD/day", "gap": "share",
}  # fmt: skip


def family_of(kind: str) -> str:
    """The family of a kind."""
    return next(family for family, kinds in FAMILIES.items() if kind in kinds)
