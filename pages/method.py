"""Method: every formula and constant, read from the code that computes."""

import pandas as pd
import streamlit as st

from spectra import METHOD_VERSION
from spectra.ui import address, cards, choosing, frame, method

page = frame.current()
topics = list(method.TOPICS)

st.title("Method")
st.caption(
    f"{METHOD_VERSION}, factor set {page.catalog.fingerprint[:12]}. Formulas are the docstrings of "
    "the code that runs; constants are read from it. Scope figures are AWS's operations allocated "
    "to the customer."
)
choosing.look_up("topic", topics)
topic = st.segmented_control(
    "Topic", topics, default=topics[0], required=True, key="topic", bind="query-params",
    on_change=address.forget, args=("topic",),
)  # fmt: skip
choosing.tell("topic", "topic", topic)
st.markdown(method.summary(topic))

left, right = st.columns([3, 2])
with left:
    for entry in method.entries(topic):
        with st.container(border=True):
            st.markdown(entry.text)
with right, st.container(border=True):
    st.markdown("**Constants**")
    constants = pd.DataFrame(method.constants(topic), columns=list(method.Constant._fields))
    st.dataframe(
        constants,
        hide_index=True,
        key="constants",
        column_config={
            "name": "Name",
            "value": st.column_config.TextColumn("Value", width="large"),
        },
    )
    cards.download(constants, "constants")
    st.markdown("**Reference tables**")
    hashes = pd.DataFrame(sorted(page.catalog.file_hashes.items()), columns=["file", "sha256"])
    st.dataframe(
        hashes.assign(sha256=hashes["sha256"].str[:12]),
        hide_index=True,
        key="tables",
        column_config={"file": "File in data/", "sha256": "SHA-256"},
    )
    cards.download(hashes, "reference_tables")
    st.caption("Sources and licences of every table are in data/README.md.")
