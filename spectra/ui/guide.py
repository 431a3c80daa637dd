"""The first minute: what a visitor looks at, where to look next, and how to go live."""

from __future__ import annotations

import streamlit as st

from spectra.store import grid_queries
from spectra.store.saved_settings import save_settings
from spectra.ui import landing
from spectra.ui.data import query
from spectra.ui.workspace import Workspace, errors_shown

# In the session: True hides the guide, False shows it whatever the workspace has saved.
HIDDEN = "_spectra_guide_hidden"
_NEXT = (
    ("instances", "What could be saved", ":material/dns:"),
    ("anomalies", "What is out of the ordinary", ":material/warning:"),
    ("scheduler", "When to run a job", ":material/schedule:"),
    ("reports", "A report", ":material/description:"),
)
DEMO = (
    "This is a fictional **demo company**, complete up to the running hour; nothing was asked of "
    "any account."
)
OWN = "These figures come from the sources that the line above names."
HOW = (
    "Every figure has a unit, a quality and an age: the question marks say more. The filters at "
    "the side hold on Dashboard, Regions, Anomalies and Instances; they are part of the address, "
    "so a view can be sent as a link."
)


def show(workspace: Workspace) -> None:
    """The guide, until this session or the workspace has put it away."""
    if st.session_state.get(HIDDEN, not workspace.config.guide):
        return
    is_demo = query(grid_queries.status, workspace)["fleets"] == ["demo"]
    with st.container(border=True, key="guide"):
        st.markdown(f"**The first minute.** {DEMO if is_demo else OWN} {HOW}")
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            for page, label, icon in _NEXT:
                st.page_link(f"pages/{page}.py", label=label, icon=icon)
            st.page_link("pages/settings.py", label="Go live with your own account",
                         icon=":material/key:", query_params={"section": "AWS"})  # fmt: skip
            st.space("stretch")
            st.button("Got it", key="guide_hide", icon=":material/check:",
                      on_click=_hide, args=(workspace,))  # fmt: skip


def offer() -> None:
    """In the help: brings the guide back for this session."""
    if st.button("Show the guide", key="guide_show", icon=":material/lightbulb:", type="tertiary"):
        st.session_state[HIDDEN] = False
        st.switch_page("pages/dashboard.py")


def _hide(workspace: Workspace) -> None:
    st.session_state[HIDDEN] = True
    landing.on_heading()
    # What all visitors of a public deployment share is not theirs to change.
    if workspace.may_change:
        with errors_shown():
            save_settings(workspace.store, {"guide": "off"})
            workspace.setup.reload()
