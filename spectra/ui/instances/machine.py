"""One machine: its load, what it emits and costs, the advice and what it could run on instead."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pandas as pd
import streamlit as st

from spectra import fleet_charts, units
from spectra.insight.rightsizing.model import HOURS_PER_MONTH
from spectra.insight.rightsizing.words import difference_in_words
from spectra.store import advice_log, instance_queries
from spectra.store.load_history import REPLAY_DAYS
from spectra.ui import cards, console, empty
from spectra.ui.frame import Page
from spectra.ui.instances import picking, verdict

KINDS = {"size": "another size", "generation": "newer generation", "family": "another class",
         "graviton": "Graviton, needs a port"}  # fmt: skip
_NUMBER = st.column_config.NumberColumn
_OPTION_COLUMNS: dict[str, Any] = {
    "instance_type": st.column_config.TextColumn("Type", pinned=True),
    "fits": "Verdict",
    "kg": _NUMBER("Saves [kg/month]", format="%,.2f"),
    "usd": _NUMBER("Saves [USD/month]", format="%,.2f", help="At list price."),
    "peak_pct": _NUMBER("Peak CPU [%]", format="%,.0f"),
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
    verdict.show(page, unit, advice)
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
    scale = HOURS_PER_MONTH / units.GRAMS_PER_KG
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
            alt=f"CO₂e saved a month on {units.counted(len(shown), 'other type')}: "
            f"{units.mass_text(shown['kg'].min() * units.GRAMS_PER_KG)} to "
            f"{units.mass_text(shown['kg'].max() * units.GRAMS_PER_KG)}.",
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
        f"{usd} ({basis}) in {units.counted(len(days), 'day')}, without its volumes."
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
        cards.download(volumes, "volumes")
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
        cards.download(events, "decisions")
    if unit["kind"] == "instance":
        console.instance_button(unit["region"], unit["unit_id"])
