"""Method: every formula and constant, read from the code that computes."""

import streamlit as st

from spectra import METHOD_VERSION
from spectra.ui import frame, method

page = frame.current()
topics = list(method.TOPICS)

st.title("Method")
st.caption(
    f"{METHOD_VERSION}, factor set {page.catalog.fingerprint[:12]}. Generated from the docstrings "
    "of the code that runs, so it cannot differ from it. Scope figures are AWS's operations "
    "allocated to the customer."
)
topic = st.segmented_control(
    "Topic", topics, default=topics[0], required=True, key="topic", bind="query-params"
)
st.markdown(method.summary(topic))

left, right = st.columns([3, 2])
with left:
    for entry in method.entries(topic):
        with st.container(border=True):
            st.markdown(entry.text)
with right, st.container(border=True):
    st.markdown("**Constants**")
    st.dataframe(
        [constant._asdict() for constant in method.constants(topic)],
        hide_index=True,
        key="constants",
        column_config={
            "name": "Name",
            "value": st.column_config.TextColumn("Value", width="large"),
        },
    )
    st.markdown("**Reference tables**")
    st.dataframe(
        [
            {"file": name, "sha256": digest[:12]}
            for name, digest in sorted(page.catalog.file_hashes.items())
        ],
        hide_index=True,
        key="tables",
        column_config={"file": "File in data/", "sha256": "SHA-256"},
    )
    st.caption("Sources and licences of every table are in data/README.md.")
