"""Keeps the watch up to date for whoever looks, and its headline numbers."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd
import streamlit as st

from spectra import units
from spectra.errors import SpectraError
from spectra.store import incident_log
from spectra.ui import cards
from spectra.ui.frame import Page
from spectra.ui.workspace import show_error

STATISTIC_DAYS = 30
LIVE_STATES = ("open", "acknowledged")


def ensure(page: Page) -> bool:
    """Look at the hours that are new; False where there never was one."""
    watcher, config = page.workspace.setup.watcher, page.workspace.config
    if watcher.is_due(config=config):
        try:
            with st.spinner("Looking at the new hours of every machine, grid and team…"):
                # Before the first look there is nothing to show: who comes second waits for it.
                watcher.look(config, wait=incident_log.looked(page.store, "usage") is None)
        except SpectraError as error:
            show_error(error)
            if incident_log.looked(page.store, "usage") is None:
                st.caption("No hour was looked at yet. The other pages work; reload to try again.")
                st.stop()
            st.caption("The new hours were not looked at. What was found before is below; "
                       "decisions may not be kept either.")  # fmt: skip
    return incident_log.looked(page.store, "usage") is not None


def incidents(page: Page) -> pd.DataFrame:
    """Incidents that touch the period and the selection; those that go on first, by severity."""
    found: pd.DataFrame = page.get(incident_log.incidents, page.hour, page.selection)
    return found


def needs_attention(found: pd.DataFrame) -> pd.DataFrame:
    """Those that go on, matter, and nobody has settled."""
    return found[
        found["end"].isna() & found["severity"].ne("log") & found["state"].isin(LIVE_STATES)
    ]


def headlines(page: Page, found: pd.DataFrame) -> None:
    """What goes on, what it costs per day, and how well the watch does."""
    live = needs_attention(found)
    numbers = page.get(
        incident_log.statistics, page.hour, page.hour - timedelta(days=STATISTIC_DAYS)
    )
    columns = st.columns(4)
    with columns[0]:
        cards.headline(
            "Need attention", str(len(live)),
            note=f"{int(live['severity'].eq('critical').sum())} critical",
            help="Incidents that go on, are worth raising, and nobody has settled.",
        )  # fmt: skip
    with columns[1]:
        _if_nothing_is_done(live)
    with columns[2]:
        hours = numbers["hours_to_decision"]
        cards.headline(
            "Time to a decision", "none yet" if hours is None else units.duration_text(hours),
            note=f"median of {int(numbers['decided'] or 0)} in {STATISTIC_DAYS} days",
        )  # fmt: skip
    with columns[3]:
        judged, wrong = numbers["judged"] or 0, numbers["false_alarms"] or 0
        cards.headline(
            "False alarms",
            units.share_text(wrong / judged) if judged else "none judged",
            note=f"{int(wrong)} of {int(judged)} judged; {int(numbers['found'] or 0)} found",
            help="Share of judged incidents that were dismissed as a false alarm.",
        )


def _if_nothing_is_done(live: pd.DataFrame) -> None:
    grams, usd = (live[name].dropna() for name in ("g_per_day", "usd_per_day"))
    is_known = live.empty or not grams.empty
    cost = f"{units.usd_text(usd.sum())} a day" if live.empty or len(usd) else "cost not known"
    cards.headline(
        "If nothing is done",
        f"{units.mass_text(grams.sum())} a day" if is_known else "not known",
        note=f"{cost} ({len(grams)} and {len(usd)} known)",
        help="In brackets: for how many the CO₂e and the cost are known. Mean excess of each since "
        "it began; what is waste counts in full. What two incidents share, such as a machine and "
        "its team, counts in both.",
    )
