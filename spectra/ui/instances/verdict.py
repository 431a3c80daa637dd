"""What was found of one machine: the finding with its reason, its saving, and what to do of it."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from spectra import units
from spectra.carbon.uncertainty import Interval
from spectra.insight.rightsizing.model import HOURS_PER_MONTH
from spectra.ui import cards
from spectra.ui.frame import Page
from spectra.ui.instances import asking, decisions
from spectra.ui.plain import plain

FINDING_COLORS: dict[str, cards.Color] = {
    "idle": "red", "over-provisioned": "green", "under-provisioned": "orange",
    "beyond its burst baseline": "orange", "optimised": "gray",
}  # fmt: skip


def show(page: Page, unit: pd.Series, advice: dict[str, Any] | None) -> None:
    """What was found of a unit and why, what it saves, and the buttons that plan it."""
    with cards.card(plain(str(unit["name"]))):
        with st.container(horizontal=True, gap="small"):
            st.badge(unit["state"], color="green" if unit["state"] == "running" else "gray")
            if advice is not None:
                st.badge(advice["finding"], color=FINDING_COLORS.get(advice["finding"], "blue"))
                st.badge(f"Confidence {advice['confidence']}", color="blue")
                if advice["state_now"]:
                    st.badge(advice["state_now"], color=decisions.COLORS[advice["state_now"]])
            facts = ("unit_id", "instance_type", "region", "team", "environment", "lifecycle")
            st.caption(" · ".join(plain(str(unit[fact])) for fact in facts))
        if advice is None:
            st.markdown("It has not been judged yet: it is new since the last run.")
            return
        stop = "Stop it" if unit["kind"] == "instance" else "Scale it to zero"
        target = {"stop": f"**{stop}.** ", "resize": f"**Move to {advice['target_type']}.** "}
        st.markdown(target.get(advice["action"], "") + plain(advice["reason"]))
        if advice["changes"]:
            st.caption(f"What would change it: {plain(advice['changes'])}")
        if advice["notes"]:
            st.caption("\n".join(f"- {plain(note)}" for note in advice["notes"]))
        if advice["action"]:
            _savings(advice)
            key = f"one_{unit['unit_id']}"
            decisions.form(page, [(unit["unit_id"], advice["finding"])], key)
        _changes(page, unit, advice)


def _changes(page: Page, unit: pd.Series, advice: dict[str, Any]) -> None:
    """Buttons that plan a change of it."""
    if unit["kind"] == "group":
        st.caption("A group changes by its launch template; SPECTRA does not touch its members.")
        return
    ids = [unit["unit_id"]]
    with st.container(horizontal=True):
        if advice["action"] == "resize":
            asking.button(page, "resize", "instance", ids, key="one_resize",
                          wanted={ids[0]: advice["target_type"]},
                          label=f"Plan: change to {advice['target_type']}")  # fmt: skip
        is_up = unit["state"] == "running"
        asking.button(page, "stop" if is_up else "start", "instance", ids, key="one_power")
        asking.button(page, "terminate", "instance", ids, key="one_terminate")


def _savings(advice: dict[str, Any]) -> None:
    if advice["carbon_g_per_h"] is None:
        st.caption("What it would save is not known: no grid of its region is.")
        return
    columns = st.columns(4)
    carbon = Interval(
        *(advice[f"carbon{part}_g_per_h"] * HOURS_PER_MONTH for part in ("_low", "", "_high"))
    )
    adds = carbon.central < 0
    clear = carbon.low > 0 or carbon.high < 0
    with columns[0]:
        cards.headline(
            "Adds a month" if adds else "Saves a month",
            units.mass_text(abs(carbon.central)) if clear else "unclear",
            note=_between(carbon) if clear else "the interval includes none",
            help="Allocated CO₂e, replayed hour by hour; 95 % interval over days.",
        )
    with columns[1]:
        cards.headline(
            f"{'Added' if adds else 'Saved'}: scope 2 · hardware",
            " · ".join(
                units.mass_text(advice[c] * HOURS_PER_MONTH * (-1 if adds else 1))
                for c in ("scope2_g_per_h", "embodied_g_per_h")
            ),
            note="a month; the rest: upstream, losses",
        )
    with columns[2]:
        cards.headline("List price saved a month", _usd(advice["list_usd_per_h"]),
                       note="minus: it costs more" if adds else "machines alone")  # fmt: skip
    with columns[3]:
        cards.headline("Cash saved a month", _usd(advice["cash_usd_per_h"]),
                       note=advice["cash_note"] or "as it is bought now")  # fmt: skip


def _between(carbon: Interval) -> str:
    low, high = sorted((abs(carbon.low), abs(carbon.high)))
    return cards.mass_range(Interval(low, abs(carbon.central), high))


def _usd(usd_per_h: float | None) -> str:
    return units.usd_text(None if usd_per_h is None else usd_per_h * HOURS_PER_MONTH)
