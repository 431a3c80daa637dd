"""Results of a test of keys, as a table with what to do about each line."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pandas as pd
import streamlit as st

from spectra.checks import Check, metered
from spectra.ui import cards, kept
from spectra.ui.frame import Page

_LABELS = {
    "ok": "✓ works",
    "partly": "◐ works in part",
    "denied": "◌ denied",
    "off": "○ off",
    "failed": "✗ fails",
}


def test_button(
    page: Page, source: str, label: str, run: Callable[[], Iterable[Check]], *, help: str
) -> None:
    """A button that runs a test, and the result of its last run in this session; it is metered.

    It is for those who may change the workspace: it spends its owner's money, and shows whose
    account it is. A result is shown beside the keys of the source that it is of, and no others.
    """
    if not page.workspace.may_change:
        return
    marks = page.workspace.setup.connections.fingerprints()
    mine = page.store.identity, marks.get(source, "")
    if st.button(label, key=f"test_{source}", help=help, icon=":material/network_check:"):
        with st.spinner("Asking"):
            kept.keep(f"checks_{source}", metered(page.store, source, run), *mine)
    if lines := kept.kept(f"checks_{source}", *mine):
        table(lines, source)


def table(lines: Iterable[Check], source: str) -> None:
    """One row a check of a source."""
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
    cards.download(rows, f"checks_{source}")
