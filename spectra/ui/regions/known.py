"""Whether there is any grid to show, and what to do where there is none of late."""

from __future__ import annotations

from typing import Literal

import pandas as pd

from spectra import units
from spectra.store import grid_queries
from spectra.ui import empty
from spectra.ui.frame import Page

Reach = Literal["now", "past", "nothing"]


def reach(page: Page, factor: grid_queries.Factor) -> Reach:
    """Whether grids are known of this hour or the last 30 days, of a past before, or not at all."""
    grid = page.get(grid_queries.regions_now, page.hour, factor)
    if grid[["g_per_kwh", "mean_30d_g_per_kwh"]].notna().any(axis=None):
        return "now"
    return "nothing" if page.get(grid_queries.stated_span) is None else "past"


def say_not_this_hour(page: Page) -> None:
    """There are grids, and none of them reaches the running hour."""
    empty.say(
        f"No grid is known of the hour from {units.moment_text(page.hour)} yet.",
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


def say_past(page: Page, factor: grid_queries.Factor) -> pd.DataFrame:
    """How old the newest hour is, as with portal files alone; what is known of each zone."""
    zones: pd.DataFrame = page.get(grid_queries.stated_zones, page.hour, factor)
    newest = zones["last_hour"].max()
    age = (pd.Timestamp(page.hour) - newest) / pd.Timedelta(hours=1)
    empty.say(
        f"The newest hour of any grid is {newest:%d %b %Y %H:%M} UTC, {units.age_text(age)}: "
        "nothing is known of the running hour, nor of the last 30 days.",
        "Bring a portal file of this year, or connect Electricity Maps for live grids. What is "
        "known of the past is under Map and hours.",
        empty.GRIDS,
    )
    return zones
