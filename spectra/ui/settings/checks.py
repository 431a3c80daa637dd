"""Results of a test of keys, as a table with what to do about each line."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pandas as pd
import streamlit as st

from spectra.checks import Check, metered
from spectra.sources.aws import Access
from spectra.sources.cloudflare import Radar
from spectra.sources.electricity_maps import ElectricityMaps
from spectra.ui import kept
from spectra.ui.frame import Page

_LABELS = {
    "ok": "✓ works",
    "partly": "◐ works in part",
    "denied": "◌ denied",
    "off": "○ off",
    "failed": "✗ fails",
}


def test_button(  # noqa: PLR0913 (what the button says, and what it is about)
    page: Page,
    name: str,
    label: str,
    run: Callable[[], Iterable[Check]],
    *,
    of: Access | ElectricityMaps | Radar | None,
    help: str,
) -> None:
    """A button that runs a test, and the result of its last run in this session; it is metered.

    It is for those who may change the workspace: it spends its owner's money, and shows whose
    account it is. A result is shown beside the connection that it is `of`, and no other.
    """
    if not page.workspace.may_change:
        return
    mine = [page.store.identity]
    if of is not None:
        mine += [of.fingerprint, *(role.arn for role in getattr(of, "roles", ()))]
    if st.button(label, key=f"test_{name}", help=help, icon=":material/network_check:"):
        with st.spinner("Asking"):
            kept.keep(f"checks_{name}", metered(page.store, name, run), *mine)
    if lines := kept.kept(f"checks_{name}", *mine):
        table(lines)


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
