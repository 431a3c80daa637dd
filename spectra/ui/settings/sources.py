"""How each source fares: when it last answered and failed, how old that is, and what to do."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

import pandas as pd
import streamlit as st

from spectra import units
from spectra.store import fetch_log
from spectra.ui import cards, empty, names
from spectra.ui.frame import Page

KEYED = ("aws", "cloudflare_radar", "electricity_maps")  # by a key of their own
OLD = timedelta(days=1)
_HOUR = timedelta(hours=1)
_NEVER = "It was never asked: press “Refresh now” at the side."
_LEFT = "Not connected any more. What it stated stays until it is cleared in section Data."
_WAITS = "Press “Refresh now” at the side, or switch the schedule on in section Automation."
_NOTHING = "Nothing to do."


def section(page: Page, now: datetime) -> None:
    """A table of all sources that were ever asked or are connected."""
    st.header("Sources", anchor=False)
    connected = page.workspace.setup.connections.fingerprints()
    rows = table(fetch_log.by_source(page.store), connected, now)
    if rows.empty:
        empty.say("No source was asked so far.", "Connect one, or import files.",
                  empty.Turn("Connect AWS", ":material/key:", {"section": "AWS"}),
                  empty.Turn("Connect grids", ":material/bolt:",
                             {"section": "Grids and latency"}))  # fmt: skip
        return
    st.dataframe(
        rows, hide_index=True, width="stretch", height="content", placeholder="–",
        column_config={
            "source": "Source",
            "succeeded_at": cards.utc_column("Last answer", "D MMM YYYY HH:mm"),
            "age": "Age",
            "failed_at": cards.utc_column("Last failure", "D MMM YYYY HH:mm"),
            "failing": "Fails now",
            "next_step": st.column_config.TextColumn("Next step", width="large"),
        },
    )  # fmt: skip
    cards.download(rows, "sources")


def table(known: pd.DataFrame, connected: Collection[str], now: datetime) -> pd.DataFrame:
    """One row a source: source, succeeded_at, age, failed_at, failing and next_step."""
    silent = [name for name in connected if name not in set(known["source"])]
    known = known.merge(pd.DataFrame({"source": silent}, dtype="str"), on="source", how="outer")
    rows = [_row(row, connected, now) for row in known.to_dict("records")]
    columns = ["source", "succeeded_at", "age", "failed_at", "failing", "next_step"]
    return pd.DataFrame(rows, columns=columns)


def _row(row: Mapping[Any, Any], connected: Collection[str], now: datetime) -> tuple[object, ...]:
    source, good, bad = str(row["source"]), _moment(row["succeeded_at"]), _moment(row["failed_at"])
    failing, of = (
        0 if pd.isna(row[name]) else int(row[name]) for name in ("failing_count", "dataset_count")
    )
    age = units.age_text((now - good) / _HOUR) if good else "never"
    if source in KEYED and source not in connected:
        step = _LEFT
    elif failing or (bad and (good is None or bad > good)):
        retry = _moment(row["retry_at"])
        again = f" Asked again at {units.moment_text(retry)}." if retry and retry > now else ""
        step = f"{row['detail']}{again}"
    elif good is None:
        step = _NEVER
    else:
        step = _WAITS if source in connected and now - good > OLD else _NOTHING
    fails = f"{failing:,} of {units.counted(of, 'dataset')}" if failing else None
    return names.source(source), good, age, bad, fails, step


def _moment(value: Any) -> datetime | None:
    return None if pd.isna(value) else pd.Timestamp(value).to_pydatetime()
