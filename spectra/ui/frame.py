"""The frame around every page: what is selected, how fresh it is, and what the words mean."""

from __future__ import annotations

import logging
import traceback
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import streamlit as st

from spectra import units
from spectra.catalog import Catalog
from spectra.errors import SpectraError, unexpected
from spectra.insight.periods import Span
from spectra.moments import HOUR
from spectra.refresh import current_hour
from spectra.store import Store, emission_queries, failures, grid_queries
from spectra.store.selection import Selection
from spectra.ui import filters, glossary, landing, names, refreshing, workspace
from spectra.ui.data import query
from spectra.ui.workspace import Workspace

STALE_AFTER = timedelta(hours=names.FRESH_HOURS)
_SILENT = (
    "The live source of the grids has stated nothing since; figures of another source, as the demo "
    "company, stand in. If it is no longer used, clear it in Settings, Data."
)
_KEY = "_spectra_page"
# Pages that the sidebar's filters hold on, by their addresses; Budgets tells of its team itself.
FILTERED = ("", "regions", "anomalies", "instances")
# The page of this run, and whether the run before was of another one.
_AT, _TURNED = "_spectra_at", "_spectra_turned"
PAINTED = "_spectra_painted"
_PRIVATE = "Keys and data are this session's alone and end with it."


@dataclass(frozen=True, slots=True)
class Page:
    """What a page needs: the workspace, the catalogue, the selection and the running hour."""

    workspace: Workspace
    catalog: Catalog
    selection: Selection
    hour: datetime

    @property
    def store(self) -> Store:
        """Database of the visitor's workspace."""
        return self.workspace.store

    def get(self, function: Any, *arguments: Any) -> Any:
        """Run a cached query on this page's store."""
        return query(function, self.workspace, *arguments)


def navigate() -> st.Page:
    """Configure the app and register its pages; returns the one asked for."""
    st.set_page_config(page_icon="docs/images/icon.png", layout="wide")
    st.logo("docs/images/logo.svg", size="large")
    page = st.navigation(
        {
            "Monitor": [
                st.Page(
                    "pages/dashboard.py",
                    title="Dashboard",
                    icon=":material/dashboard:",
                    default=True,
                ),
                st.Page("pages/regions.py", title="Regions", icon=":material/public:"),
                st.Page("pages/anomalies.py", title="Anomalies", icon=":material/warning:"),
            ],
            "Act": [
                st.Page("pages/instances.py", title="Instances", icon=":material/dns:"),
                st.Page("pages/scheduler.py", title="Scheduler", icon=":material/schedule:"),
            ],
            "Govern": [
                st.Page(
                    "pages/budgets.py",
                    title="Budgets",
                    icon=":material/account_balance_wallet:",
                ),
                st.Page("pages/reports.py", title="Reports", icon=":material/description:"),
            ],
            "Configure": [
                st.Page("pages/settings.py", title="Settings", icon=":material/settings:"),
            ],
            "Reference": [
                st.Page("pages/method.py", title="Method", icon=":material/function:"),
            ],
        }
    )
    st.set_page_config(page_title=f"{page.title} · SPECTRA")
    return page


def build() -> Page:
    """Open the workspace, draw sidebar and status line; `current` gives it to the page."""
    opened = workspace.open_workspace()
    hour = current_hour()
    spans = [query(emission_queries.ledger_span, opened), query(grid_queries.stated_span, opened)]
    known = [span for span in spans if span] or [(hour, hour + HOUR)]
    known_span = Span(min(start for start, _ in known), max(end for _, end in known))
    selection = filters.sidebar(query(emission_queries.choices, opened), known_span, hour)
    with st.sidebar:
        refreshing.control(opened)
    page = Page(opened, workspace.catalog(), selection, hour)
    st.session_state[_KEY] = page
    _mend_streamlit()
    _status_line(page)
    if st.session_state.get(_AT) in FILTERED:
        filters.tell()
    return page


def run(page: st.Page) -> None:
    """Build the frame and run the page; whatever ends it is told in a sentence, no traceback."""
    st.session_state[_TURNED] = st.session_state.get(_AT) != page.url_path
    st.session_state[_AT] = page.url_path
    try:
        build()
        page.run()
    except SpectraError as error:
        workspace.show_error(error)
    except Exception as error:  # noqa: BLE001 (a page never shows a traceback)
        told = failures.explained(workspace.config().database, error) or unexpected(error)
        # A message of foreign code may hold a key: kind and way are enough for the log.
        way = "".join(traceback.format_tb(error.__traceback__))
        logging.getLogger(__name__).error("%s\n%s", told.message, way)
        workspace.show_error(told)


def has_turned() -> bool:
    """Whether this is the first run of a page after another one."""
    return bool(st.session_state.get(_TURNED))


def current() -> Page:
    """The page that `build` prepared in this run; each is given out once."""
    if _KEY not in st.session_state:
        # Until st.navigation has been called once, a new server takes the files in pages/ for its
        # navigation and runs them without Home.py: the first visitor may come by a deep link.
        navigate()
        st.rerun()
    page: Page = st.session_state.pop(_KEY)
    return page


def paint_first() -> None:
    """Have a new session's browser paint what is drawn so far; the rest follows when it has.

    The code of charts takes a new browser seconds to read, and numbers beside them wait for it.
    Later runs go on at once, as do those that no browser looks at.
    """
    if st.context.headers and not st.session_state.get(PAINTED):
        st.fragment(_await_browser, run_every=0.1)()
        st.stop()


def _await_browser() -> None:
    if PAINTED in st.session_state:  # its timer has called
        st.session_state[PAINTED] = True
        st.rerun()
    st.session_state[PAINTED] = False
    with st.container(key="rest_follows"):
        st.caption("Charts and tables follow.")


def _mend_streamlit() -> None:
    """What no setting mends.

    Primary buttons are white on the dark theme's green, which is 2:1; links and buttons show the
    focus by a shade alone; the CSV of a table's own toolbar leaves formulas in names as they are,
    while `cards.download` does not; a headline number that is wider than its card is cut instead of
    going on in the next line; and headings within cards stand off as if they began a page.
    """
    st.html(
        "<style>[data-testid^=stBaseButton-primary], [data-testid^=stBaseButton-primary] p"
        "{color: light-dark(#ffffff, #0d1715)}"
        "a:focus-visible, button:focus-visible {outline: 2px solid currentColor !important}"
        "[data-testid=stElementToolbarButton]:has(button[aria-label^='Download as CSV'])"
        "{display: none}"
        "[data-testid=stMetric] * {white-space: normal !important; overflow: visible;"
        " overflow-wrap: anywhere; text-overflow: clip; max-width: 100%}"
        "[data-testid=stHeading] h2 {padding: 0 0 0.6rem}</style>"
    )


def _status_line(page: Page) -> None:
    status = page.get(grid_queries.status)
    heard = page.get(grid_queries.heard_from, page.hour - STALE_AFTER)
    totals = page.get(emission_queries.totals, page.selection)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="status"):
        if page.workspace.is_private:
            st.badge("Private workspace", icon=":material/lock:", color="violet", help=_PRIVATE)
        for label, icon, color, text in _badges(status, heard, totals, page.hour):
            st.badge(label, icon=icon, color=color, help=text)  # type: ignore[arg-type]
        st.space("stretch")
        glossary.popover()
        landing.draw()  # the last one here: nothing of the page moves by it


def _badges(
    status: dict[str, Any], heard: pd.DataFrame, totals: dict[str, Any], hour: datetime
) -> list[tuple[str, str, str, str]]:
    """Mode, age and coverage as (label, icon, colour, explanation)."""
    if not status["fleets"] and not status["all_grids"]:
        return [("No data yet", ":material/database_off:", "gray", "The workspace is empty.")]
    badges = [_mode(status), _age(status, heard, hour)]
    coverage = totals["intensity_coverage"]
    if coverage is not None:
        badges.append(
            (
                f"Grid coverage {units.share_text(coverage)}",
                ":material/bolt:",
                "green" if coverage >= 0.95 else "orange",
                "Share of the period's energy in hours whose carbon intensity a source stated "
                "(tiers A and B); the rest is filled in by the ladder on the Method page.",
            )
        )
        badges.append(
            (
                f"Utilisation coverage {units.share_text(totals['utilisation_coverage'])}",
                ":material/speed:",
                "green" if totals["utilisation_coverage"] >= 0.8 else "orange",
                "Share of the period's energy that rests on measured CPU load (tier T1).",
            )
        )
    return badges


def _mode(status: dict[str, Any]) -> tuple[str, str, str, str]:
    # Without any grid source every hour is filled in from the catalogue, and says so.
    grids = names.sources(status["all_grids"] or ()) or ["reference factors"]
    fleets = names.sources(status["fleets"] or ()) or ["none"]
    text = f"Grids: {', '.join(grids)}. Fleet: {', '.join(fleets)}."
    if grids == ["demo"] and fleets in (["none"], ["demo"]):
        return "Demo data", ":material/science:", "violet", f"{text} Fictional but consistent."
    label = f"Grids: {' + '.join(grids)} · Fleet: {' + '.join(fleets)}"
    return label, ":material/database:", "blue", text


def _age(status: dict[str, Any], heard: pd.DataFrame, hour: datetime) -> tuple[str, str, str, str]:
    newest = [t for t in (status["intensity_until"], status["utilisation_until"]) if t is not None]
    if not newest:
        text = "No source has stated an hour of grids or utilisation; both are filled in."
        return "No hour measured yet", ":material/history:", "orange", text
    oldest = min(newest).astimezone(UTC)
    age = hour - oldest
    if age < -STALE_AFTER:
        text = (
            "Hours to come are stored: this machine's clock was ahead when they were written, or "
            "is behind now. Pages show nothing after the running hour as known; clearing the "
            "source in Settings, Data, removes them."
        )
        return f"Data to {oldest:%d %b %Y}, to come", ":material/history:", "orange", text
    label = f"Data to {units.moment_text(oldest)}"
    if age > STALE_AFTER:
        why = _SILENT if status["is_carried_on"] else "Older than 3 hours."
        old = units.age_text(age / HOUR)
        return f"{label}, {old}", ":material/history:", "orange", why
    if heard["last_hour"].notna().any():
        return _silence(heard), ":material/history:", "orange", _last_hours(heard)
    text = "The newest hour of grids and fleet alike; none in use is silent."
    return label, ":material/schedule:", "green", text


def _silence(heard: pd.DataFrame) -> str:
    """How many fleets and grids are silent, and since when the first of them is."""
    counts = heard.groupby("kind")["last_hour"].agg(["count", "size"]).query("count > 0")
    parts = [
        f"{silent} of {units.counted(known, kind)}" for kind, silent, known in counts.itertuples()
    ]
    return f"{' and '.join(parts)} silent since {units.moment_text(heard['last_hour'].min())}"


def _last_hours(heard: pd.DataFrame) -> str:
    silent = heard.dropna().sort_values("last_hour")
    ends = [f"{name} {units.moment_text(last)}" for _, name, last in silent.itertuples(index=False)]
    return (
        f"Newest hours: {'; '.join(ends)}. Later ones are filled in. A fleet is what an account "
        "runs in a region; the others are up to date."
    )
