"""Any machine on any type, in any region, at any hours of the week."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import streamlit as st

from spectra import units, what_if
from spectra.carbon.uncertainty import Interval
from spectra.errors import InputError
from spectra.insight.rightsizing.model import HOURS_PER_MONTH, Replay
from spectra.store import instance_queries
from spectra.ui import cards, empty
from spectra.ui import workspace as workspaces
from spectra.ui.frame import Page
from spectra.ui.instances import picking
from spectra.what_if import Choice, Outcome

COLUMNS: dict[str, Any] = {
    "side": st.column_config.TextColumn("", pinned=True),
    "instance_type": "Type",
    "region": "Region",
    "running_h_per_month": st.column_config.NumberColumn("Runs [h/month]", format="%,.1f"),
    "mean_cpu_pct": st.column_config.NumberColumn("Mean CPU [%]", format="%,.1f"),
    "scope2_g_per_month": "Scope 2 a month",
    "upstream_g_per_month": "Upstream a month",
    "td_g_per_month": "Grid losses a month",
    "embodied_g_per_month": "Hardware a month",
}
SCHEDULES = ("As it runs", "Weekdays", "Every day")


def show(page: Page, table: pd.DataFrame) -> None:
    """The form and what comes of it."""
    unit = picking.pick(page, table)
    if unit is None:
        return
    choice = _form(page, unit)
    if choice is None:
        empty.say("No hour is chosen.", "Draw the two ends of the hours apart.",
                  empty.Turn("Run from 8 to 19 h", ":material/schedule:",
                             {"try_hours": (8, 19)}))  # fmt: skip
        return
    members = page.get(instance_queries.members, unit["unit_id"])
    try:
        outcome: Outcome = page.get(what_if.what_if, page.catalog, members, page.hour, choice)
    except InputError as error:
        workspaces.show_error(error)
        return
    _result(outcome, choice)


def _form(page: Page, unit: pd.Series) -> Choice | None:
    catalog = page.catalog
    types = [t.name for t in catalog.instance_types]
    cities = {region.code: region for region in catalog.regions}
    regions = list(cities)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.selectbox(
            "Type", types, key=f"try_type_{unit['unit_id']}", width=240,
            index=_place(types, unit["target_type"], unit["instance_type"]),
        )  # fmt: skip
        region = st.selectbox(
            "Region", regions, key=f"try_region_{unit['unit_id']}", width=240,
            index=_place(regions, unit["region"]),
            format_func=lambda code: f"{code} · {cities[code].city}",
        )  # fmt: skip
        schedule = st.segmented_control(
            "Runs", SCHEDULES, default=SCHEDULES[0], required=True, key="try_schedule"
        )
        first, last = 8, 19
        if schedule != SCHEDULES[0]:
            first, last = st.slider("Hours, local", 0, 24, (8, 19), key="try_hours", width=240)
    days = {"Weekdays": 5, "Every day": 7}.get(schedule or "", 0)
    awake = tuple(day * 24 + hour for day in range(days) for hour in range(first, last))
    if days and not awake:
        return None
    return Choice(name, region, awake, cities[region].timezone)


def _place(names: list[str], *wanted: str) -> int:
    return next((names.index(name) for name in wanted if name in names), 0)


def _result(outcome: Outcome, choice: Choice) -> None:
    if outcome.peak_pct > 100:
        st.warning(
            "It would not carry the load: CPU would peak at "
            f"{units.percent_text(outcome.peak_pct)}. What follows is what that type would draw "
            "at full load.",
            icon=":material/warning:",
        )
    _headlines(outcome)
    st.markdown(_saved(outcome))
    unit = outcome.unit
    rows = pd.DataFrame(
        [_row("As it ran", unit.instance_type, unit.region, outcome.now),
         _row("As chosen", choice.instance_type, choice.region, outcome.then)]
    )  # fmt: skip
    masses = rows.filter(like="_g_per_month").columns
    st.dataframe(
        rows.assign(**{name: rows[name].map(units.mass_text) for name in masses}),
        hide_index=True, width="stretch", height="content", key="what_if_table",
        column_config=COLUMNS,
    )  # fmt: skip
    cards.download(rows, "what_if")
    st.caption(
        "The load of the last four weeks, hour by hour with the grid of each hour, by "
        f"{outcome.method} power curves on both sides; CPU is carried over by vCPU, accelerator "
        "load as it is. Volumes, data transfer between regions and latency are not part of it."
    )


def _saved(outcome: Outcome) -> str:
    saved = outcome.saved_g_per_h
    if saved is None:
        return "How sure the difference is cannot be told: the grids do not know the same days."
    month = Interval(*(HOURS_PER_MONTH * g for g in saved))
    kind = "saves" if month.central >= 0 else "adds"
    low, high = sorted(abs(g) for g in (month.low, month.high))
    if month.low * month.high < 0:
        return (
            f"It {kind} {units.mass_text(abs(month.central))} a month; over the days of these "
            f"weeks, from {units.mass_text(month.low)} to {units.mass_text(month.high)} (95 %), "
            "which may be nothing."
        )
    return (
        f"It {kind} {units.mass_text(abs(month.central))} a month; over the days of these weeks, "
        f"{units.mass_text(low)} to {units.mass_text(high)} (95 %)."
    )


def _headlines(outcome: Outcome) -> None:
    now, then = outcome.now, outcome.then
    columns = st.columns(4)
    month = HOURS_PER_MONTH
    figures: tuple[tuple[str, float, float, Callable[[float], str]], ...] = (
        ("CO₂e a month", then.total_g_per_h * month, now.total_g_per_h * month, units.mass_text),
        ("Energy a month", then.kwh_per_h * month, now.kwh_per_h * month, units.energy_text),
        ("Mean power at the meter", then.kwh_per_h * 1e3, now.kwh_per_h * 1e3, _watts),
    )
    for column, (label, value, before, text) in zip(columns, figures, strict=False):
        with column:
            cards.headline(label, text(value), change=_change(value, before),
                           against=f"now {text(before)}")  # fmt: skip
    with columns[3]:
        usd = [None if u is None else u * month
               for u in (outcome.then_usd_per_h, outcome.now_usd_per_h)]  # fmt: skip
        is_known = usd[0] is not None and usd[1] is not None
        cards.headline(
            "List price a month", units.usd_text(usd[0]),
            change=_change(usd[0], usd[1]) if is_known else None,  # type: ignore[arg-type]
            against=f"now {units.usd_text(usd[1])}",
            note="" if is_known else "no list price there",
        )  # fmt: skip


def _watts(watts: float) -> str:
    return f"{units.number(watts)} W"


def _change(value: float, before: float) -> float | None:
    return value / before - 1 if before else None


def _row(label: str, name: str, region: str, replay: Replay) -> dict[str, object]:
    month = HOURS_PER_MONTH
    return {
        "side": label,
        "instance_type": name,
        "region": region,
        "running_h_per_month": replay.running_per_h * month,
        "mean_cpu_pct": replay.mean_pct,
        "scope2_g_per_month": replay.scope2_g_per_h * month,
        "upstream_g_per_month": replay.upstream_g_per_h * month,
        "td_g_per_month": replay.td_g_per_h * month,
        "embodied_g_per_month": replay.embodied_g_per_h * month,
    }
