"""The refresh as a visitor sees it: start, progress by source, stop, and what came of it."""

from __future__ import annotations

from datetime import UTC, datetime

import streamlit as st

from spectra import units
from spectra.refresh.background import Refresher
from spectra.refresh.live import Report
from spectra.ui import names
from spectra.ui import workspace as workspaces
from spectra.ui.workspace import Workspace

_SHOWN = "_spectra_refresh_shown"


def control(workspace: Workspace) -> None:
    """The control in the sidebar; it looks again by itself while a refresh runs."""
    if not workspace.setup.live().has_sources:
        return
    is_running = workspace.refresher.is_running
    # A run of the whole page draws the new figures itself; begun anew, it would lose what was
    # pressed. Only the looks that follow it may begin another.
    st.session_state.pop(_SHOWN, None)
    st.fragment(_control, run_every=1.0 if is_running else None)(workspace)
    st.session_state[_SHOWN] = is_running


def _control(workspace: Workspace) -> None:
    refresher = workspace.refresher
    if refresher.is_running:
        _running(refresher, workspace.may_change)
        return
    if st.session_state.pop(_SHOWN, False):
        st.rerun()  # it has ended: the page shows the new figures
    if workspace.may_change and st.button(
        "Refresh now",
        icon=":material/refresh:",
        width="stretch",
        key="refresh_now",
        help="Asks for everything older than its time to live, and again for what failed.",
    ):
        refresher.start(retry=True)
        st.rerun()
    _outcome(refresher)


def _running(refresher: Refresher, may_stop: bool) -> None:
    progress = refresher.progress
    if progress is None:
        return
    st.progress(progress.phase_share, f"Refreshing: {progress.phase.lower()}")
    for source, step in progress.steps().items():
        share = step.done / step.total if step.total else 0.0
        failed = f", {step.failed} failed" if step.failed else ""
        st.progress(share, f"{names.source(source)} {step.done} of {step.total}{failed}")
    if progress.cancelled.is_set():
        st.caption("Stopping after what is under way.")
    elif may_stop and st.button(
        "Stop", icon=":material/stop_circle:", width="stretch", key="stop_refresh"
    ):
        refresher.stop()
        st.rerun(scope="fragment")


def _outcome(refresher: Refresher) -> None:
    """One line about the last refresh of this process."""
    if refresher.error is not None:
        workspaces.show_error(refresher.error)
    report = refresher.report
    if report is None:
        return
    minutes = int((datetime.now(UTC) - report.started_at).total_seconds() // 60)
    ago = "just now" if minutes < 1 else f"{minutes} min ago"
    st.caption(f"Refreshed {ago}: {summary(report)}")


def summary(report: Report) -> str:
    """What a refresh did, in a few words."""
    if not report.outcomes:
        return "everything was fresh."
    ended = "stopped, " if report.was_cancelled else ""
    failed = f", {len(report.failures)} failed (see Settings, Usage)" if report.failures else ""
    return (
        f"{ended}{units.counted(len(report.outcomes), 'dataset')}{failed}, "
        f"{units.counted(report.request_count, 'request')}, "
        f"{units.usd_text(report.estimated_usd)}."
    )
