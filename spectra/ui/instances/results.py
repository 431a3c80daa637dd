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

_NUMBER = st.column_config.NumberColumn
COLUMNS: dict[str, Any] = {
    "done_at": cards.utc_column("Done"),
    "saves_until": cards.utc_column("Saved until"),
    "name": "Machine",
    "team": "Team",
    "change": "Change",
    "how": "How we know",
    "promised_kg_per_month": _NUMBER("Promised [kg/month]", format="%,.2f"),
    "least_kg_per_month": _NUMBER(
        "At least [kg/month]", format="%,.2f", help="Of what was promised, 95 % interval."
    ),
    "most_kg_per_month": _NUMBER(
        "At most [kg/month]", format="%,.2f", help="Of what was promised, 95 % interval."
    ),
    "realised_kg_per_month": _NUMBER(
        "Realised [kg/month]", format="%,.2f", help="Empty: not a day yet."
    ),
    "promised_usd_per_month": _NUMBER("Promised [USD/month]", format="%,.2f"),
    "realised_usd_per_month": _NUMBER(
        "Realised [USD/month]", format="%,.2f", help="At list price."
    ),
}


def show(page: Page) -> None:
    """The ledger of promised against realised savings."""
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
    _headlines(rows)
    st.dataframe(
        rows, hide_index=True, width="stretch", key="results", column_config=COLUMNS,
        placeholder="–",
    )  # fmt: skip
    cards.download(rows, "results")
    st.caption(
        "A resize is judged by replaying the hours since on the old type; a stop by what the "
        "machine emitted before, less what it emits now; both up to the next change of the "
        "machine. A saving ends when the machine is gone, runs again, or leaves the type it got "
        "by no further change of this list."
    )


def _headlines(rows: pd.DataFrame) -> None:
    ended = rows["saves_until"].notna()
    known = rows[~ended].dropna(subset="realised_kg_per_month")
    promised, realised = (
        float(known[f"{name}_kg_per_month"].sum()) for name in ("promised", "realised")
    )
    share = units.share_text(realised / promised if promised > 0 else None)
    columns = st.columns(3)
    with columns[0]:
        cards.headline("Carried out", str(len(rows)),
                       note=f"{len(known)} measured and saving, {ended.sum()} ended")  # fmt: skip
    with columns[1]:
        cards.headline("Promised a month", _total(known, promised), note="of those saving")
    with columns[2]:
        cards.headline("Realised a month", _total(known, realised),
                       note=f"{share} of what was promised" if len(known)
                       else "a day after the change")  # fmt: skip


def _total(known: pd.DataFrame, kg: float) -> str:
    return units.mass_text(kg * units.GRAMS_PER_KG) if len(known) else "not yet"


def _row(page: Page, entry: dict[str, Any]) -> dict[str, Any]:
    scale = HOURS_PER_MONTH / units.GRAMS_PER_KG
    realised = _realised(page, entry)
    return {
        "done_at": entry["done_at"],
        "saves_until": entry["saves_until"],
        "name": entry["name"],
        "team": entry["team"],
        "change": "stopped" if entry["action"] == "stop"
        else f"{entry['old_type']} → {entry['new_type']}",
        "how": entry["how"],
        "promised_kg_per_month": entry["carbon_g_per_h"] * scale,
        "least_kg_per_month": entry["carbon_low_g_per_h"] * scale,
        "most_kg_per_month": entry["carbon_high_g_per_h"] * scale,
        "realised_kg_per_month": realised[0] * scale if realised else None,
        "promised_usd_per_month": entry["list_usd_per_h"] * HOURS_PER_MONTH,
        "realised_usd_per_month": realised[1] * HOURS_PER_MONTH if realised else None,
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
