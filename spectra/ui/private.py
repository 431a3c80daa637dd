"""The private workspace of a session: opened by keys, and gone with all that was seen of it."""

from __future__ import annotations

import weakref

import streamlit as st

from spectra.refresh.connections import SessionKeys
from spectra.store import Store
from spectra.ui import data, filters, frame, guide, workspace
from spectra.ui.workspace import PRIVATE, Workspace

# A session's data is in memory, and there may be many sessions.
MEMORY_LIMIT = "128MB"
# What is of the visitor and of no workspace; a new entry of the session ends with the workspace.
_OF_THE_VISITOR = {"period", "days", "section", guide.HIDDEN, frame.PAINTED}


def opened(keys: SessionKeys) -> Workspace:
    """Give this session a workspace of its own, in memory; its keys never leave the session."""
    private: Workspace | None = st.session_state.get(PRIVATE)
    if private is None:
        private = workspace.made(Store(memory_limit=MEMORY_LIMIT), keys)
        # When the session ends its state is dropped, and a refresh under way is asked to stop.
        weakref.finalize(private, private.refresher.stop)
        st.session_state[PRIVATE] = private
    else:
        private.setup.keys = keys
        private.setup.reload()
        private.refresher.look_again()
    return private


def keys() -> SessionKeys:
    """Keys that this session typed in."""
    private: Workspace | None = st.session_state.get(PRIVATE)
    return (private.setup.keys if private else None) or SessionKeys()


def close() -> None:
    """End the private workspace: keys, data, findings and choices of this session are forgotten."""
    private: Workspace | None = st.session_state.get(PRIVATE)
    for name in {str(key) for key in st.session_state} - _OF_THE_VISITOR - {*filters.NAMES}:
        del st.session_state[name]
    # Deleted, the address would fill them again.
    st.session_state[filters.TO_CLEAR] = True
    data.forget_session()
    if private is not None:
        private.refresher.stop()
