"""What the fleet could save, as headline numbers."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from spectra import units
from spectra.carbon.uncertainty import Interval
from spectra.insight.rightsizing.model import HOURS_PER_MONTH, Finding
from spectra.store import advice_log
from spectra.ui import cards
from spectra.ui.frame import Page
from spectra.ui.plain import plain

LIVE_STATES = ("open", "accepted")


def headlines(page: Page, table: pd.DataFrame) -> None:
    """Savings that are open, by finding; and what is too small."""
    is_live = table["state_now"].isin(LIVE_STATES)
    saving = table[is_live & table["finding"].isin([Finding.IDLE, Finding.OVER])]
    parts = {f: saving[saving["finding"] == f] for f in (Finding.IDLE, Finding.OVER)}
    # What no type carries has no advice to decide on, and strains all the same.
    strains = table["finding"].isin([Finding.UNDER, Finding.BURST])
    small = table[strains & (is_live | table["state_now"].isna())]
    columns = st.columns(4)
    with columns[0]:
        _carbon(saving)
    with columns[1]:
        _price(saving)
    with columns[2]:
        cards.headline(
            "Idle · over-provisioned",
            f"{len(parts[Finding.IDLE])} · {len(parts[Finding.OVER])}",
            note=" · ".join(units.mass_text(_month(p, "carbon_g_per_h")) for p in parts.values())
            + " a month",
        )
    with columns[3]:
        cards.headline(
            "Too small",
            str(len(small)),
            note=_to_mend(small),
            help="Under-provisioned, or beyond a burst baseline: never hidden for carbon's sake.",
        )
    _alternatives(page.get(advice_log.alternatives, page.selection))


def _carbon(saving: pd.DataFrame) -> None:
    cards.headline(
        "Could be saved a month",
        units.mass_text(_month(saving, "carbon_g_per_h")),
        note=_range(saving),
        help="Idle and over-provisioned machines whose advice is open or accepted. Newer and "
        "Graviton types are other ways for the same machines, not to be added. The interval adds "
        "those of all machines.",
    )


def _price(saving: pd.DataFrame) -> None:
    cards.headline(
        "List price to save a month",
        units.usd_text(_month(saving, "list_usd_per_h")),
        note=_cash(saving) + _part_known(saving, "list_usd_per_h", "; list price "),
        help="Of the same machines. Cash leaves out what savings plans and reservations cover: "
        "they are paid whether used or not; it is known of machines whose own cost is read "
        "(Settings, AWS, Cost per resource).",
    )


def _alternatives(found: dict[str, dict[str, Any]]) -> None:
    """Newer generations and Graviton, which are no sizing."""
    texts = [
        f"**{label}** could save {units.mass_text(part['carbon_g_per_h'] * HOURS_PER_MONTH)} and "
        f"{plain(units.usd_text(part['list_usd_per_h'] * HOURS_PER_MONTH))} a month at list "
        f"price on {units.counted(part['count'], 'machine')}{extra}"
        for kind, label, extra in (
            ("generation", "A newer generation", ""),
            ("graviton", "Graviton", ", where the software runs on arm64"),
        )
        if (part := found.get(kind))
    ]
    if texts:
        st.caption("; ".join(texts) + ".")


def _month(rows: pd.DataFrame, column: str) -> float:
    """Sum of what is known; NaN where there are rows and nothing is known of any."""
    return float(rows[column].sum(min_count=min(1, len(rows)))) * HOURS_PER_MONTH


def _part_known(rows: pd.DataFrame, column: str, start: str = ", ") -> str:
    """Of how many rows a sum is, unless of all or of none."""
    known = int(rows[column].notna().sum())
    return "" if known in (0, len(rows)) else f"{start}known of {known} of {len(rows)}"


def _to_mend(small: pd.DataFrame) -> str:
    if small.empty:
        return "none strains"
    if small["list_usd_per_h"].isna().all():
        return "what mends it is not known"
    more = units.usd_text(-_month(small, "list_usd_per_h"))
    return f"{more} a month more to mend{_part_known(small, 'list_usd_per_h')}"


def _range(rows: pd.DataFrame) -> str:
    if rows.empty:
        return "nothing to save"
    low, central, high = (_month(rows, f"carbon{part}_g_per_h") for part in ("_low", "", "_high"))
    return f"{cards.mass_range(Interval(low, central, high))}, 95 %"


def _cash(rows: pd.DataFrame) -> str:
    if rows.empty:
        return "nothing to save"
    if rows["cash_usd_per_h"].isna().all():
        return "cash: not known"
    cash = units.usd_text(_month(rows, "cash_usd_per_h"))
    return f"{cash} in cash{_part_known(rows, 'cash_usd_per_h')}"
