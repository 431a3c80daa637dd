"""What moving some machines to another region would bring, and what it would cost once."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import streamlit as st

from spectra import migration, region_charts, units
from spectra.carbon.energy import GIB_TO_GB
from spectra.carbon.uncertainty import Interval
from spectra.errors import InputError
from spectra.insight.regions.move_model import AWS_BASED, Estimate, Side
from spectra.insight.rightsizing.model import HOURS_PER_MONTH
from spectra.store import grid_queries
from spectra.ui import cards, empty, fleetless
from spectra.ui import choosing as one_thing
from spectra.ui import workspace as workspaces
from spectra.ui.frame import Page
from spectra.ui.plain import plain
from spectra.ui.regions import choosing
from spectra.ui.regions.plan import plan_card

_NUMBER = st.column_config.NumberColumn
NEVER = "never"
MACHINE_COLUMNS: dict[str, Any] = {
    "name": st.column_config.TextColumn("Machine", pinned=True),
    "region": "From", "instance_type": "Type", "target_type": "Type there",
    "before_kg_per_month": _NUMBER("Now [kg/month]", format="%,.2f"),
    "after_kg_per_month": _NUMBER("There [kg/month]", format="%,.2f"),
    "before_usd_per_month": _NUMBER("Now [USD/month]", format="%,.2f", help="Empty: not known."),
    "after_usd_per_month": _NUMBER("There [USD/month]", format="%,.2f", help="Empty: not known."),
    "volume_gib": _NUMBER("Volumes [GiB]", format="%,.0f", help="Empty: not known."),
    "grid_before": "Grid now is known", "grid_after": "Grid there is known",
    "instance_id": "ID",
}  # fmt: skip


def show(page: Page) -> None:
    """Choose machines and a target; the estimate, its parts, and the way to a plan."""
    if not page.get(grid_queries.status)["fleets"]:
        fleetless.say(page, "to move")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        found = choosing.machines(page)
        target = _target(page)
    one_thing.tell("move_to", "region", target)
    assumed = choosing.assumptions(found["volume_gib"] * GIB_TO_GB)
    if found.empty:
        empty.say("No machine is chosen.",
                  "Choose a team, a tag or instances above, within the sidebar's filters.",
                  empty.Turn("Choose by team", ":material/group:", {"move_by": "Team"}),
                  empty.EVERYTHING)  # fmt: skip
        return
    ids = tuple(found["instance_id"])
    try:
        made: Estimate = page.get(
            migration.estimate_move, page.catalog, ids, target, page.hour, assumed
        )
    except InputError as error:
        workspaces.show_error(error)
        return
    _result(page, made)


def _target(page: Page) -> str:
    codes = [region.code for region in page.catalog.regions]
    return one_thing.region("Move to", codes, key="move_to", usual="eu-north-1", width=180)


def _result(page: Page, made: Estimate) -> None:
    _headlines(made)
    if made.is_seasonal:
        st.warning(
            f"**Seasonal.** It saves on the whole, but not in every month: in {made.worst_month} "
            "it would have emitted more.",
            icon=":material/routine:",
        )
    if made.mean_grids:
        st.warning(
            f"**Not by the hour.** Most hours of the grid of {plain(', '.join(made.mean_grids))} "
            "are monthly or annual means: no rhythm or season of it is seen, and the saving is "
            "rougher than elsewhere.",
            icon=":material/calendar_month:",
        )
    if made.once.is_partial:
        st.info(
            f"The volumes of {made.once.unsized} of "
            f"{units.counted(len(made.machines), 'machine')} are not known. The move itself is at "
            "least what is stated; state the data under Assumptions.",
            icon=":material/info:",
        )
    for warning in made.warnings:
        st.info(plain(warning), icon=":material/info:")
    left, right = st.columns([3, 2])
    with left, cards.card("Before and after, a month"):
        table = sides(made)
        st.dataframe(
            table, hide_index=True, width="stretch", height="content", key="move_sides",
            column_config={"what": st.column_config.TextColumn("", pinned=True, width="medium")},
        )  # fmt: skip
        cards.download(table, "move_sides")
    with right, cards.card("Month by month"):
        _months(made)
    _once(made)
    _machines(made)
    _left_out(made)
    plan_card(page, made)
    st.caption(" ".join(plain(note) for note in made.notes))


def _headlines(made: Estimate) -> None:
    month, saving = HOURS_PER_MONTH, made.saving_g_per_h
    monthly = Interval(*(g * month for g in saving))
    columns = st.columns(4)
    with columns[0]:
        adds = saving.central < 0
        cards.headline(
            "Adds a month" if adds else "Saves a month", units.mass_text(abs(monthly.central)),
            note=_range(monthly, adds=adds),
            help="Location-based CO₂e, 95 % interval: an allocation of the electricity of both "
            "grids.",
        )  # fmt: skip
    with columns[1]:
        usd = made.saving_usd_per_h
        cards.headline(
            "Costs more a month" if usd is not None and usd < 0 else "Costs less a month",
            "not known" if usd is None else units.usd_text(abs(usd) * month),
            note="a price is missing" if usd is None else "list price, machines alone",
        )  # fmt: skip
    with columns[2]:
        cards.headline(
            "Made up for after", f"{_least(made)}{duration(made.break_even_h)}",
            note=f"{duration(made.break_even_range_h.low)} to "
            f"{duration(made.break_even_range_h.high)}",
            help="Hours until the emissions of the move itself are saved. With ten times the "
            f"energy of traffic: {duration(made.break_even_network_h)}.",
        )  # fmt: skip
    with columns[3]:
        cards.headline(
            "The move itself", f"{_least(made)}{units.mass_text(made.once.total_g)}",
            note="cost not known" if made.once.usd is None else units.usd_text(made.once.usd),
            help="Transfer, both running, and volumes kept, once.",
        )  # fmt: skip


def _least(made: Estimate) -> str:
    """What stands before a figure that holds only a part of what the move itself takes."""
    return "at least " if made.once.is_partial else ""


def _range(saving: Interval, *, adds: bool) -> str:
    if saving.low < 0 < saving.high:
        return f"unclear: {units.mass_text(saving.low)} to {units.mass_text(saving.high)}"
    ends = (-saving.high, -saving.low) if adds else (saving.low, saving.high)
    return f"{units.mass_text(ends[0])} to {units.mass_text(ends[1])}"


def duration(hours: float) -> str:
    """Hours as a person says them."""
    return units.duration_text(hours) if math.isfinite(hours) else NEVER


def sides(made: Estimate) -> pd.DataFrame:
    """Both sides and their difference, a month of 730 hours; what is not known says so."""
    rows = [
        ("Energy at the meter", "kwh_per_h", units.energy_text),
        ("Scope 2, location-based", "scope2_g_per_h", units.mass_text),
        ("Upstream", "upstream_g_per_h", units.mass_text),
        ("Grid losses", "td_g_per_h", units.mass_text),
        ("Hardware", "embodied_g_per_h", units.mass_text),
        ("Total, location-based", "total_g_per_h", units.mass_text),
        ("Total, market-based", "market_total_g_per_h", units.mass_text),
        ("List price", "usd_per_h", units.usd_text),
    ]
    return pd.DataFrame(
        [
            {"what": label, "As it is": _amount(made.before, name, text),
             f"In {made.target}": _amount(made.after, name, text),
             "Change": _change(made, name)}
            for label, name, text in rows
        ]
    )  # fmt: skip


def _amount(side: Side, name: str, text: object) -> str:
    value = getattr(side, name)
    shown = "not known" if value is None else text(value * HOURS_PER_MONTH)  # type: ignore[operator]
    is_market = name == "market_total_g_per_h"
    return (
        f"{shown} ({'AWS' if side.market_basis == AWS_BASED else '= LB'})" if is_market else shown
    )


def _change(made: Estimate, name: str) -> str:
    before, after = getattr(made.before, name), getattr(made.after, name)
    if name == "market_total_g_per_h" and made.market_saving_g_per_h is None:
        return "not comparable"
    if before is None or after is None or not before:
        return units.MISSING
    text = units.change_text(after / before - 1)
    return "none" if text == "0 %" else text


def _months(made: Estimate) -> None:
    greatest = max(made.months["before_g"].max(), made.months["after_g"].max())
    cards.chart(
        region_charts.move_months(made.months, *units.mass_unit(float(greatest))),
        key="move_months", alt=f"Emissions of {units.counted(len(made.months), 'month')}: "
        f"{units.mass_text(float(made.months['before_g'].sum()))} as it was, "
        f"{units.mass_text(float(made.months['after_g'].sum()))} in {made.target}.",
    )  # fmt: skip
    worst = f" Least is saved in {made.worst_month}." if made.worst_month else ""
    st.caption(f"{units.counted(round(made.known_days), 'day')}, replayed hour by hour.{worst}")


def _once(made: Estimate) -> None:
    once = made.once
    parts = (
        (f"sending {_least(made)}{units.number(once.transfer_gb)} GB", once.transfer_g),
        ("both running", once.dual_g),
        ("volumes kept", once.double_storage_g),
    )
    text = ", ".join(f"{name} {units.mass_text(grams)}" for name, grams in parts)
    on = (
        f" Traffic afterwards takes {units.mass_text(made.replication_g_per_h * HOURS_PER_MONTH)} "
        "a month off the saving."
        if made.replication_g_per_h
        else ""
    )
    money = made.break_even_usd_h
    paid = "" if money is None else f" In money it is made up for after {duration(money)}."
    st.caption(
        f"The move itself: {text}. With ten times the energy of traffic it is made up for after "
        f"{_least(made)}{duration(made.break_even_network_h)}.{on}{paid}"
    )


def _machines(made: Estimate) -> None:
    table = made.machines.assign(
        before_kg_per_month=made.machines["before_g_per_h"] * HOURS_PER_MONTH / units.GRAMS_PER_KG,
        after_kg_per_month=made.machines["after_g_per_h"] * HOURS_PER_MONTH / units.GRAMS_PER_KG,
        before_usd_per_month=made.machines["before_usd_per_h"] * HOURS_PER_MONTH,
        after_usd_per_month=made.machines["after_usd_per_h"] * HOURS_PER_MONTH,
    )
    label = "The machine" if len(table) == 1 else f"{len(table):,} machines, one by one"
    with st.expander(label, icon=":material/dns:"):
        st.dataframe(
            table, hide_index=True, width="stretch", height=cards.table_height(len(table)),
            key="move_machines", column_order=list(MACHINE_COLUMNS),
            column_config=MACHINE_COLUMNS, placeholder="–",
        )  # fmt: skip
        cards.download(table, "move")


def _left_out(made: Estimate) -> None:
    if not made.left_out:
        return
    rows = pd.DataFrame(made.left_out, columns=["Instance", "Why"])
    with st.expander(f"Left out: {units.counted(len(rows), 'machine')}", icon=":material/block:"):
        st.dataframe(
            rows, hide_index=True, width="stretch", height=cards.table_height(len(rows)),
            key="move_left_out",
        )  # fmt: skip
        cards.download(rows, "move_left_out")
