"""Settings: whose data this is, keys, regions, tags, method, automation, data and usage."""

import streamlit as st

from spectra.ui import address, choosing, frame
from spectra.ui.settings import automation, data_section, forms, sections, usage

SECTIONS = (
    "Workspace",
    "AWS",
    "Grids and latency",
    "Regions",
    "Tags",
    "Method",
    "Rightsizing",
    "Anomalies",
    "Budgets",
    "Automation",
    "Data",
    "Usage",
)

page = frame.current()

st.title("Settings")
if st.session_state.pop("settings_saved", 0):
    st.success("Saved. The figures follow the new settings.", icon=":material/check:")
if st.session_state.pop("keys_taken", False):
    st.success(
        "The keys work. This session now has a private workspace; its first refresh is under way.",
        icon=":material/check:",
    )
if note := st.session_state.pop("settings_note", ""):
    st.success(note, icon=":material/check:")
choosing.look_up("section", SECTIONS)
section = st.pills(
    "Section",
    SECTIONS,
    default=SECTIONS[0],
    required=True,
    key="section",
    bind="query-params",
    persist_state="session",
    label_visibility="collapsed",
    on_change=address.forget,
    args=("section",),
)
choosing.tell("section", "section", section)

match section:
    case "AWS":
        sections.aws_section(page)
    case "Grids and latency":
        sections.grids_section(page)
    case "Regions":
        st.markdown("Only these regions are listed, measured and asked about.")
        forms.section(page, "Regions")
    case "Tags":
        sections.tags_section(page)
    case "Method":
        sections.method_section(page)
    case "Rightsizing":
        st.markdown("The Instances page judges the fleet anew when one of these changes.")
        forms.section(page, "Rightsizing")
    case "Anomalies":
        st.markdown("What was found by other settings and nobody decided on is looked for anew.")
        forms.section(page, "Anomalies")
    case "Budgets":
        st.markdown("Statements that are exported from now on charge this price.")
        forms.section(page, "Budgets")
    case "Automation":
        automation.section(page)
    case "Data":
        data_section.section(page)
    case "Usage":
        usage.section(page)
    case _:
        sections.workspace_section(page)
