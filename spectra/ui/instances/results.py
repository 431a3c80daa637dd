"""What recommendations that were carried out promised, and what came of them."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from spectra import units, what_if
from spectra.insight.rightsizing.model import HOURS_PER_MONTH
from spectra.store import advice_log, instance_queries
from spectra.ui import cards, empty
from spectra.ui.frame import Page
from spectra.ui.instances import asking
from spectra.what_if import Resize


def show(page: Page) -> None:
    """The ledger of predicted against realised savings."""
    done = page.get(advice_log.carried_out)
    if done.empty:
        empty.say(
            "No recommendation has been carried out yet.",
            "Mark one done, carry one out, or change a machine as advised: SPECTRA sees it in the "
            "inventory. What it really saves is measured from a day later on.",
            asking.TO_FLEET,
        )
        return
    end = pd.Timestamp(page.hour)
    done["measured_to"] = done["held_until"].where(done["held_until"] < end, end)
    rows = pd.DataFrame([_row(page, entry) for entry in done.to_dict("records")])
    ended = rows["saves_until"].notna()
    known = rows[~ended].dropna(subset="realised")
    columns = st.columns(3)
    with columns[0]:
        cards.headline(
            "Carried out",
            str(len(rows)),
            note=f"{len(known)} measured and saving, {ended.sum()} ended",
        )
    with columns[1]:
        cards.headline("Promised a month", units.mass_text(float(known["promised"].sum()) * 1e3)
                       if len(known) else "not yet", note="of those saving")  # fmt: skip
    with columns[2]:
        promised = known["promised"].sum()
        share = known["realised"].sum() / promised if promised > 0 else None
        cards.headline("Realised a month", units.mass_text(float(known["realised"].sum()) * 1e3)
                       if len(known) else "not yet",
                       note=f"{units.share_text(share)} of what was promised"
                       if len(known) else "a day after the change")  # fmt: skip
    number = st.column_config.NumberColumn
    st.dataframe(
        rows, hide_index=True, width="stretch", key="results",
        column_config={
            "done_at": cards.utc_column("Done"), "saves_until": cards.utc_column("Saved until"),
            "name": "Machine", "team": "Team",
            "change": "Change", "how": "How we know",
            "promised": number("Promised [kg/month]", format="%.2f"),
            "range": "95 % interval",
            "realised": number("Realised [kg/month]", format="%.2f", help="Empty: not a day yet."),
            "promised_usd": number("Promised [USD/month]", format="%.2f"),
            "realised_usd": number("Realised [USD/month]", format="%.2f", help="At list price."),
        },
        placeholder="–",
    )  # fmt: skip
    cards.download(rows.rename(columns={"promised": "promised_kg_per_month",
                                        "realised": "realised_kg_per_month",
                                        "promised_usd": "promised_usd_per_month",
                                        "realised_usd": "realised_usd_per_month"}),
                   "results")  # fmt: skip
    st.caption(
        "A resize is judged by replaying the hours since on the old type; a stop by what the "
        "machine emitted before, less what it emits now; both up to the next change of the "
        "machine. A saving ends when the machine is gone, runs again, or leaves the type it got "
        "by no further change of this list."
    )


def _row(page: Page, entry: dict[str, Any]) -> dict[str, Any]:
    scale = HOURS_PER_MONTH / 1_000
    realised = _realised(page, entry)
    return {
        "done_at": entry["done_at"],
        "saves_until": entry["saves_until"],
        "name": entry["name"],
        "team": entry["team"],
        "change": "stopped" if entry["action"] == "stop"
        else f"{entry['old_type']} → {entry['new_type']}",
        "how": entry["how"],
        "promised": entry["carbon_g_per_h"] * scale,
        "range": f"{units.number(entry['carbon_low_g_per_h'] * scale)} to "
        f"{units.number(entry['carbon_high_g_per_h'] * scale)}",
        "realised": realised[0] * scale if realised else None,
        "promised_usd": entry["list_usd_per_h"] * HOURS_PER_MONTH,
        "realised_usd": realised[1] * HOURS_PER_MONTH if realised else None,
    }  # fmt: skip


def _realised(page: Page, entry: dict[str, Any]) -> tuple[float, float] | None:
    unit_id, end = entry["unit_id"], entry["measured_to"]
    if entry["action"] == "stop":
        found = page.get(advice_log.realised_stop, unit_id, entry["done_at"], end)
        return None if found is None else tuple(found)
    members = page.get(instance_queries.members, unit_id, end)
    result: tuple[float, float] | None = page.get(
        what_if.realised,
        page.catalog,
        Resize(tuple(members), entry["old_type"], entry["done_at"]),
        end,
    )
    return result
