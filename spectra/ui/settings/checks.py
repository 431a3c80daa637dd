"""Results of a test of keys, as a table with what to do about each line."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pandas as pd
import streamlit as st

from spectra.checks import Check, metered
from spectra.store import Store

_LABELS = {
    "ok": "✓ works",
    "partly": "◐ works in part",
    "denied": "◌ denied",
    "off": "○ off",
    "failed": "✗ fails",
}


def test_button(
    store: Store, name: str, label: str, run: Callable[[], Iterable[Check]], *, help: str
) -> None:
    """A button that runs a test, and the result of its last run in this session; it is metered."""
    key = f"checks_{name}"
    if st.button(label, key=f"test_{name}", help=help, icon=":material/network_check:"):
        with st.spinner("Asking"):
            st.session_state[key] = metered(store, name, run)
    if key in st.session_state:
        table(st.session_state[key])


def table(lines: Iterable[Check]) -> None:
    """One row a check."""
    rows = pd.DataFrame(
        [
            {
                "Status": _LABELS[line.status],
                "What": line.what,
                "Found": line.detail,
                "Next step": line.next_step,
            }
            for line in lines
        ]
    )
    st.dataframe(
        rows,
        hide_index=True,
        width="stretch",
        height="content",
        column_config={
            "Found": st.column_config.TextColumn(width="large"),
            "Next step": st.column_config.TextColumn(width="large"),
        },
    )
