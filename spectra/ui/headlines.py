"""The headline numbers of the Dashboard: now, today, this month, and the period's sums."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import streamlit as st

from spectra import units
from spectra.carbon.uncertainty import Interval
from spectra.insight import periods
from spectra.insight.periods import Span
from spectra.moments import HOUR, midnight
from spectra.store import band_queries
from spectra.store import emission_queries as emissions
from spectra.store.selection import Selection
from spectra.ui import cards, names
from spectra.ui.frame import Page

DAY_HOURS = 24


def draw(page: Page, totals: dict[str, Any]) -> None:
    """Six numbers: now, today, this month, and energy, cost, intensity of the period."""
    with st.container(key="headlines"):
        top, bottom = st.columns(3), st.columns(3)
        with top[0]:
            _now(page)
        with top[1]:
            _so_far(page, "CO₂e today", periods.today(page.hour), periods.same_part_of_yesterday)
        with top[2]:
            _so_far(
                page,
                "CO₂e this month",
                periods.month_to_date(page.hour),
                periods.same_part_of_last_month,
            )
        with bottom[0]:
            _energy(totals)
        with bottom[1]:
            _cost(page)
        with bottom[2]:
            _fleet_intensity(totals)


def _now(page: Page) -> None:
    hours = page.get(
        emissions.hourly, page.selection.between(page.hour - DAY_HOURS * HOUR, page.hour + HOUR)
    )
    if hours.empty:
        cards.headline("CO₂e now", "No data", note="nothing in the last 24 h")
        return
    last = hours.iloc[-1]
    before = hours[hours["hour"] == last["hour"] - pd.Timedelta(days=1)]["total_g"]
    age = int((page.hour - last["hour"]) / HOUR)
    cards.headline(
        "CO₂e now" if age == 0 else f"CO₂e {age} h ago",
        f"{units.mass_text(last['total_g'])}/h",
        change=periods.relative_change(
            last["total_g"], float(before.iloc[0]) if len(before) else None
        ),
        against="vs the same hour yesterday",
        note="no hour of yesterday to compare",
        help=f"Rate in the hour from {last['hour']:%H}:00 UTC. "
        f"95 % interval {_rate_range(page, float(last['total_g']))}/h.",
        trend_g=hours["total_g"].tolist(),
    )


def _rate_range(page: Page, rate_g: float) -> str:
    """Interval of the rate: the spread of the running day holds for its last hour too."""
    day = page.selection.between(midnight(page.hour - HOUR), page.hour + HOUR)
    band = page.get(band_queries.total_band, day)
    if not band.central:
        return units.MISSING
    spread = band.high / band.central
    return cards.mass_range(Interval(rate_g / spread, rate_g, rate_g * spread))


def _so_far(page: Page, label: str, span: Span, earlier: Callable[[Span], Span]) -> None:
    """Complete hours of a day or month against the same part of the one before."""
    help = f"{units.counted(span.hours, 'complete hour')} from {units.moment_text(span.start)}."
    if span.hours == 0:
        cards.headline(label, units.MISSING, note="the first hour is not complete yet", help=help)
        return
    previous_span = earlier(span)
    now = page.get(emissions.totals, page.selection.between(*span))
    previous = page.get(emissions.totals, page.selection.between(*previous_span))
    comparable = previous["hours"] == previous_span.hours == now["hours"]
    band = page.get(band_queries.total_band, page.selection.between(*span))
    cards.headline(
        label,
        units.mass_text(now["total_g"]),
        change=periods.relative_change(now["total_g"], previous["total_g"]) if comparable else None,
        against=f"vs the same {span.hours} h before",
        note=why_not_compared(now["hours"] or 0, span, previous_span),
        help=f"{help} 95 % interval {cards.mass_range(band)}, up to the running hour.",
        trend_g=page.get(emissions.hourly, page.selection.between(*span))["total_g"].tolist(),
    )


def why_not_compared(known_hours: float, span: Span, previous: Span) -> str:
    """Why a span has no change against the one before."""
    if known_hours != span.hours:
        return f"only {known_hours:.0f} of {units.counted(span.hours, 'hour')} have data"
    if previous.hours < span.hours:
        return f"the month before had only {previous.hours} h"
    return "the period before has no full data"


def _energy(totals: dict[str, Any]) -> None:
    hours = totals["hours"] or 0
    running = (totals["running_hours"] or 0) / hours if hours else None
    cards.headline(
        "Energy in the period",
        units.energy_text(totals["energy_kwh"]),
        note=f"{units.number(running)} instances running on average" if hours else "",
        help="At the data-centre meter, PUE included. Modelled, not metered.",
    )


def _cost(page: Page) -> None:
    cost = page.get(emissions.costs, page.selection)
    effective, provisional = cost["effective_usd"], cost["provisional_usd"] or 0.0
    if effective is None:
        cards.headline(
            "Cost in the period",
            units.usd_text(cost["list_usd"]),
            note=why_list_price(page, cost["list_usd"]),
            help="Running hours at on-demand list price; volumes and discounts are not in it.",
        )
        return
    note = against_list(cost)
    if provisional:
        note += f"; {units.share_text(provisional / effective)} provisional"
    if before := cost["days_before"]:
        note += f"; before the first emissions: {before} of its {cost['days']} days"
    unpriced = cost["unpriced_share"] or 0.0
    help = f"Effective cost after discounts and commitments; source: {_sources(cost['sources'])}."
    if unpriced:
        help += f" {units.share_text(unpriced)} of cost rows have no known price and are not in it."
    cards.headline("Cost in the period", units.usd_text(effective), note=note, help=help)


def against_list(cost: dict[str, Any]) -> str:
    """What the same would have been at list price: the bill's own, or of days that both know."""
    if cost["is_list_stated"]:
        return f"list price {units.usd_text(cost['list_usd'])}"
    if not cost["compared_days"]:
        return "no whole day to compare with list price yet"
    return (
        f"machines on {units.counted(cost['compared_days'], 'whole day')}: "
        f"{units.usd_text(cost['billed_usd'])}, at list price {units.usd_text(cost['at_list_usd'])}"
    )


def _sources(found: str | None) -> str:
    return ", ".join(names.sources(found.split(", "))) if found else "none"


def why_list_price(page: Page, list_usd: float | None) -> str:
    """Why a cost is at list price: there is no bill, or none that tells what is filtered by."""
    if list_usd is None:
        return "no data"
    everything = Selection(page.selection.start, page.selection.end)
    is_billed = page.selection != everything and (
        page.get(emissions.costs, everything)["effective_usd"] is not None
    )
    why = "the bill does not tell these filters" if is_billed else "no bill is known"
    return f"at list price, {why}"


def _fleet_intensity(totals: dict[str, Any]) -> None:
    energy = totals["energy_kwh"]
    intensity = (totals["scope2_lb_g"] + totals["upstream_g"]) / energy if energy else None
    direct = totals["scope2_lb_g"] / energy if energy else None
    cards.headline(
        "Fleet carbon intensity",
        f"{units.number(intensity)} g/kWh" if intensity is not None else units.MISSING,
        note=f"direct {units.number(direct)} g/kWh" if direct is not None else "",
        help="Lifecycle grid intensity, weighted by the fleet's energy in each hour.",
    )
