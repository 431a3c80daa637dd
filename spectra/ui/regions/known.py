"""Whether there is any grid to show, and what to do where there is none."""

from __future__ import annotations

from datetime import datetime

from spectra import units
from spectra.store import grid_queries
from spectra.ui import empty
from spectra.ui.frame import Page


def any_known(page: Page, factor: grid_queries.Factor) -> bool:
    """Whether any region's grid is known of this hour or the last 30 days."""
    grid = page.get(grid_queries.regions_now, page.hour, factor)
    return bool(grid[["g_per_kwh", "mean_30d_g_per_kwh"]].notna().any(axis=None))


def say_not_this_hour(hour: datetime) -> None:
    """There are grids, and none of them reaches the running hour."""
    empty.say(
        f"No grid is known of the hour from {units.moment_text(hour)} yet.",
        "Refresh with the button at the side; the other views show the hours before.",
        empty.GRIDS,
    )


def say_empty() -> None:
    """Nothing to show, and what to do."""
    empty.say(
        "There is no grid data yet.",
        "Set SPECTRA_DEMO=on, or bring an Electricity Maps portal file with the button above.",
        empty.GRIDS,
    )
