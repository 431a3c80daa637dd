"""One machine: its load, what it emits and costs, the advice and what it could run on instead."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Literal

import pandas as pd
import streamlit as st

from spectra import fleet_charts, units
from spectra.carbon.uncertainty import Interval
from spectra.insight.rightsizing.model import HOURS_PER_MONTH
from spectra.insight.rightsizing.words import difference_in_words
from spectra.store import advice_log, instance_queries
from spectra.store.load_history import REPLAY_DAYS
from spectra.ui import cards, console, empty
from spectra.ui.frame import Page
from spectra.ui.instances import asking, decisions, picking
from spectra.ui.plain import plain

Color = Literal["red", "orange", "blue", "green", "violet", "gray"]
FINDING_COLORS: dict[str, Color] = {
    "idle": "red", "over-provisioned": "green", "under-provisioned": "orange",
    "beyond its burst baseline": "orange", "optimised": "gray",
}  # fmt: skip
KINDS = {"size": "another size", "generation": "newer generation", "family": "another class",
         "graviton": "Graviton, needs a port"}  # fmt: skip
_NUMBER = st.column_config.NumberColumn
_OPTION_COLUMNS: dict[str, Any] = {
    "instance_type": st.column_config.TextColumn("Type", pinned=True),
    "fits": "Verdict",
    "kg": _NUMBER("Saves [kg/month]", format="%.2f"),
    "usd": _NUMBER("Saves [USD/month]", format="%.2f", help="At list price."),
    "peak_pct": _NUMBER("Peak CPU [%]", format="%.0f"),
    "kind": "What it is",
    "effort": "Effort",
    "risk": _NUMBER("Risk", help="0 to 4: share of hours above the CPU limit."),
    "confidence": "Confidence",
    "why": st.column_config.TextColumn("In the way, or to check", width="large"),
}


def show(page: Page, table: pd.DataFrame) -> None:
    """Everything about one unit."""
    unit = picking.pick(page, table)
    if unit is None:
        return
    advice = page.get(advice_log.of_unit, unit["unit_id"], page.hour)
    _verdict(page, unit, advice)
    start = page.hour - timedelta(days=REPLAY_DAYS)
    hours = page.get(instance_queries.hours, unit["unit_id"], start, page.hour)
    if hours.empty:
        empty.say("Nothing was measured in the last four weeks.",
                  "It may be stopped, or new; Settings shows what was read of its account.",
                  empty.Link("pages/settings.py", "What was read", ":material/settings:",
                             {"section": "Usage"}))  # fmt: skip
    else:
        _load(hours, advice or {})
    _candidates(page, unit, advice)
    left, right = st.columns(2)
    with left, cards.card("Emissions and cost by day"):
        _days(page, unit["unit_id"], start)
    with right, cards.card("Around it"):
        _around(page, unit, advice)


def _verdict(page: Page, unit: pd.Series, advice: dict[str, Any] | None) -> None:
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
            "of it scope 2 · hardware",
            " · ".join(
                units.mass_text(advice[c] * HOURS_PER_MONTH * (-1 if adds else 1))
                for c in ("scope2_g_per_h", "embodied_g_per_h")
            ),
            note="rest: upstream and grid losses",
        )
    with columns[2]:
        cards.headline("USD a month, list", _usd(advice["list_usd_per_h"]),
                       note="minus: it costs more" if adds else "at list price")  # fmt: skip
    with columns[3]:
        cards.headline("in cash", _usd(advice["cash_usd_per_h"]),
                       note=advice["cash_note"] or "as it is bought now")  # fmt: skip


def _between(carbon: Interval) -> str:
    low, high = sorted((abs(carbon.low), abs(carbon.high)))
    return f"{cards.mass_range(Interval(low, abs(carbon.central), high))}"


def _usd(usd_per_h: float | None) -> str:
    return units.usd_text(None if usd_per_h is None else usd_per_h * HOURS_PER_MONTH)


def _load(hours: pd.DataFrame, advice: dict[str, Any]) -> None:
    lines = {"95th percentile": advice.get("p95_pct"),
             "highest of the look-back": advice.get("highest_pct")}  # fmt: skip
    with cards.card("CPU, last four weeks"):
        cards.chart(fleet_charts.load(hours, lines), key="cpu",
                        alt="CPU by hour of four weeks: mean "
                    f"{units.percent_text(hours['cpu_pct'].mean(), 1)}, highest hour "
                    f"{units.percent_text(hours['cpu_max_pct'].max())}.")  # fmt: skip
    left, right = st.columns(2)
    memory = {"memory_pct": "Memory", "gpu_pct": "Accelerator"}
    with left, cards.card("Memory and accelerators"):
        if hours[list(memory)].notna().any(axis=None):
            _series(hours, memory, "[%]", "memory", advice.get("memory_pct"))
        else:
            st.caption("Not watched: the CloudWatch agent would report them. So memory is never "
                       "shrunk.")  # fmt: skip
    with right, cards.card("Network"):
        traffic = {"network_in_mbps": "In", "network_out_mbps": "Out"}
        if hours[list(traffic)].notna().any(axis=None):
            _series(hours, traffic, "Mbit/s, hourly mean", "network", advice.get("network_mbps"))
        else:
            st.caption("No traffic was reported.")


def _series(
    hours: pd.DataFrame, names: dict[str, str], title: str, key: str, level: float | None
) -> None:
    said = [f"{label} {units.number(hours[name].mean())} on average"
            for name, label in names.items() if hours[name].notna().any()]  # fmt: skip
    said += [] if level is None else [f"99.5th percentile of {key} {units.number(level)}"]
    cards.chart(fleet_charts.series(hours, names, title, {"99.5th percentile": level}), key=key,
                alt=f"{key.capitalize()} by hour, {title}: {', '.join(said)}.")  # fmt: skip


def _candidates(page: Page, unit: pd.Series, advice: dict[str, Any] | None) -> None:
    if advice is None or advice["now_g_per_h"] is None:
        return
    options = page.get(advice_log.options, unit["unit_id"])
    if options.empty:
        return
    scale = HOURS_PER_MONTH / 1_000
    shown = options.assign(
        kg=options["carbon_g_per_h"] * scale,
        low_kg=options["carbon_low_g_per_h"] * scale,
        high_kg=options["carbon_high_g_per_h"] * scale,
        usd=options["list_usd_per_h"].astype(float) * HOURS_PER_MONTH,
        kind=options["kind"].map(KINDS),
        fits=["recommended" if best else "fits" if ok else "does not fit"
              for best, ok in zip(options["is_best"], options["is_feasible"], strict=True)],
        why=[_why(row) for row in options.to_dict("records")],
    )  # fmt: skip
    with cards.card(
        "As if it had run there",
        help="Four weeks replayed hour by hour on each type, by one power method for both sides.",
    ):
        cards.chart(
            fleet_charts.candidates(shown),
            key="candidates",
            alt=f"CO₂e that {len(shown)} other types save a month: "
            f"{units.mass_text(shown['kg'].min() * 1e3)} to "
            f"{units.mass_text(shown['kg'].max() * 1e3)}.",
        )  # fmt: skip
        st.dataframe(
            shown, hide_index=True, width="stretch", height="content", key="options",
            column_order=["instance_type", "fits", "kg", "usd", "peak_pct", "kind", "effort",
                          "risk", "confidence", "why"],
            column_config=_OPTION_COLUMNS,
        )  # fmt: skip
        cards.download(options.drop(columns=["obstacles", "checks"]), "candidates")


def _why(option: dict[str, Any]) -> str:
    obstacles = "; ".join(option["obstacles"])
    return f"No: {obstacles}." if obstacles else " ".join(option["checks"])


def _days(page: Page, unit_id: str, start: Any) -> None:
    days = page.get(instance_queries.days, unit_id, start, page.hour)
    if days.empty:
        st.caption("It neither ran nor cost anything in four weeks.")
        return
    basis = ", ".join(sorted(set(days["cost_basis"])))
    usd = units.usd_text(float(days["cost_usd"].sum(min_count=1)))
    told = (
        f"{units.mass_text(float((days['operational_g'] + days['embodied_g']).sum()))} and "
        f"{usd} ({basis}) in {len(days)} days, without its volumes."
    )
    cards.chart(fleet_charts.emissions_and_cost(days), key="unit_days", alt=told)
    st.caption(told)
    share = page.get(instance_queries.default_load_share, unit_id, start, page.hour)
    if share is not None and share > instance_queries.LOW_CONFIDENCE_SHARE:
        st.badge(f"Low confidence: {units.share_text(share)} of its load assumed", color="orange")


def _around(page: Page, unit: pd.Series, advice: dict[str, Any] | None) -> None:
    members = page.get(instance_queries.members, unit["unit_id"])
    volumes = page.get(instance_queries.volumes_of, members)
    if volumes.empty:
        st.caption("No volume is attached.")
    else:
        st.dataframe(volumes.drop(columns="instance_id"), hide_index=True, width="stretch",
                     height=cards.table_height(len(volumes), 220), key="unit_volumes",
                     column_config={"volume_id": "Volume", "volume_type": "Type",
                                    "size_gib": "Size [GiB]", "state": "State"})  # fmt: skip
    theirs = page.get(instance_queries.optimizer, members)
    if theirs.empty:
        st.caption("AWS Compute Optimizer has said nothing of it, or is not connected.")
    elif advice is not None:
        for row in theirs.to_dict("records"):
            st.caption(
                difference_in_words(advice["finding"], row["finding"], row["look_back_days"],
                                    advice["look_back_days"], advice["memory_pct"] is not None)
            )  # fmt: skip
    events = page.get(advice_log.events, unit["unit_id"])
    if not events.empty:
        st.dataframe(events, hide_index=True, width="stretch", height="content", key="events",
                     column_config={"decided_at": cards.utc_column("Decided"), "finding": "Finding",
                                    "state": "Decision", "reason": "Reason",
                                    "until": cards.utc_column("Until", "D MMM")})  # fmt: skip
    if unit["kind"] == "instance":
        console.instance_button(unit["region"], unit["unit_id"])
