"""The advice: one sentence, the slot on the forecast, alternatives, and exports."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import streamlit as st

from spectra import schedule_exports, units
from spectra.errors import SpectraError
from spectra.forecast_chart import forecast
from spectra.insight.placement import Candidate, Option
from spectra.insight.regions.model import Excluded
from spectra.insight.scheduling import saving_share_pct
from spectra.moments import HOUR
from spectra.scheduler import candidates, other_starts, place_job
from spectra.store import forecast_log, grid_queries
from spectra.ui import cards
from spectra.ui import workspace as workspaces
from spectra.ui.frame import Page
from spectra.ui.scheduler.form import Asked

_NUMBER = st.column_config.NumberColumn
_COLUMNS: dict[str, Any] = {
    "region": "Region",
    "start": "Start",
    "end": "End",
    "runs": "Runs",
    "co2e_g": "CO₂e",
    "saving_pct": _NUMBER("Saving [%]", format="%,.1f", help="Against running at once."),
    "price_saving_usd": _NUMBER("Price saving [USD]", format="%,.2f", help="Empty: not known."),
    "better_than_now_pct": st.column_config.ProgressColumn(
        "Better than now [%]", min_value=0, max_value=100, format="%,.0f"
    ),
    "is_advised": st.column_config.CheckboxColumn("Advised"),
}


def advice(page: Page, asked: Asked) -> Option | None:
    """Plan the job and show what came of it; None when it does not fit."""
    try:
        offered = page.get(candidates, page.catalog, asked.spec, page.hour)
        options, excluded = place_job(
            offered, page.catalog, asked.spec, asked.earliest, asked.deadline
        )
    except SpectraError as error:
        workspaces.show_error(error)
        return None
    best = options[0]
    st.markdown(sentence(asked, best, excluded))
    _headlines(best)
    with cards.card("Forecast and chosen slot"):
        _chart(page, asked, best)
    _alternatives(asked, options, excluded)
    if not asked.spec.is_interruptible:
        _other_starts(page, asked, next(c for c in offered if c.region == best.region), best)
    _exports(asked, options, excluded)
    return best


def span(slots: Sequence[tuple[datetime, datetime]], timezone: str) -> str:
    """From the first slot's start to the last one's end, as clocks show it there."""
    zone = ZoneInfo(timezone)
    start, end = slots[0][0].astimezone(zone), slots[-1][1].astimezone(zone)
    offsets = {
        (moment.astimezone(UTC) + around).astimezone(zone).utcoffset()
        for moment in (start, end) for around in (-HOUR, timedelta(), HOUR)
    }  # fmt: skip
    # Where the clocks change, an hour of the wall clock may come twice.
    form = "%a %H:%M" if len(offsets) == 1 else "%a %H:%M %z"
    return f"{start:{form}} to {end:{form}} ({timezone})"


def sentence(asked: Asked, best: Option, excluded: Sequence[Excluded] = ()) -> str:
    """The advice in one sentence, with its reason."""
    when = span(best.plan.slots, asked.timezone)
    place = "" if best.region == asked.spec.home else f" in {best.region}"
    parts = f" in {len(best.plan.slots)} runs" if len(best.plan.slots) > 1 else ""
    saving = f"{units.mass_text(best.saving_g)} ({units.percent_text(best.saving_pct)})"
    chance = _chance(best)
    if best.is_recommended:
        return (
            f"**Run it {when}{place}{parts}:** that should save {saving} against running at once, "
            f"and is better with a probability of {chance}."
        )
    if math.isnan(best.saving_g):
        return (
            f"**The best slot is {when}{place}{parts}.** What running at once would emit is not "
            "known, as an hour that it needs has no value."
        )
    if any(region.region == asked.spec.home for region in excluded):
        more = units.mass_text(-best.saving_g)
        saves = f"save {saving} against" if best.saving_g > 0 else f"emit {more} more than"
        return (
            f"**The best slot within your limits is {when}{place}{parts}.** It should {saves} "
            f"running at once in {asked.spec.home}, which they exclude."
        )
    if best.saving_g <= 0 and asked.spec.grams_per_usd and (best.saving_usd or 0) > 0:
        return (
            f"**Best at the price weight you gave: {when}{place}{parts}.** It should emit "
            f"{units.mass_text(-best.saving_g)} more than running at once, and cost "
            f"{units.usd_text(best.saving_usd)} less."
        )
    if best.saving_g <= 0:
        return "**Run it at once:** no later slot is forecast to emit less."
    return (
        f"**No reason to wait:** the best slot, {when}{place}{parts}, would save {saving} with a "
        f"probability of {chance}. A shift is advised from 80 %, 5 % and 10 g on."
    )


def _chance(option: Option) -> str:
    if math.isnan(option.probability):
        return "unknown, as too few past forecasts can be replayed"
    return units.share_text(option.probability)


def _headlines(best: Option) -> None:
    columns = st.columns(4)
    with columns[0]:
        cards.headline(
            "Emissions in this slot",
            units.mass_text(best.grams),
            note=f"{units.mass_text(best.grams + best.saving_g)} at once",
            help="Forecast intensity × power at the meter; embodied carbon does not depend on it.",
        )
    with columns[1]:
        cards.headline("Saving against now", units.percent_text(best.saving_pct, 1),
                       note=_amounts(best.saving_g, best.saving_usd))  # fmt: skip
    with columns[2]:
        cards.headline(
            "Against a random start",
            units.percent_text(best.saving_vs_mean_pct, 1),
            note=f"{_amounts(best.saving_vs_mean_g, best.saving_usd)}; "
            f"mean start {units.mass_text(best.mean_start_grams)}",
            help="At home, so that a lucky moment to ask does not hide what planning brings. The "
            "price is the same at any start.",
        )
    with columns[3]:
        cards.headline(
            "Probability of being better",
            units.share_text(best.probability),
            help="Share of past forecast errors, replayed as whole paths, with which this slot "
            "would have emitted less than running at once.",
        )


def _amounts(grams: float, usd: float | None) -> str:
    """A saving of emissions and, where it is known, of price."""
    return units.mass_text(grams) + ("" if usd is None else f" and {units.usd_text(usd)}")


def _chart(page: Page, asked: Asked, best: Option) -> None:
    region = page.catalog.region(best.region)
    assert region is not None  # noqa: S101 (an option is of a known region)
    factor = asked.spec.factor
    ahead = page.get(forecast_log.latest, region.zone, factor)
    past = page.get(
        grid_queries.zone_line, region.zone, page.hour - timedelta(hours=24),
        page.hour + HOUR, factor,
    )  # fmt: skip
    cards.chart(
        forecast(
            past,
            ahead,
            best.plan.slots,
            provider=page.get(forecast_log.provider_latest, region.zone, factor),
        ),
        key="forecast_chart",
        alt=_told(ahead, region.zone, best),
    )
    if ahead.empty:
        return
    issued = ahead["issued_at"].iloc[0].astimezone(UTC)
    steps = {"linear": "by models chosen on the zone's own past",
             "short": "by models for short histories: there are not twelve weeks yet",
             "climatology": "as the mean of each hour: of the last four weeks not three days "
                            "are known"}  # fmt: skip
    clipped = (
        " The deadline lies beyond the forecast: optimal within it." if best.plan.is_clipped else ""
    )
    st.caption(
        f"{region.zone}, {factor}, issued {units.moment_text(issued)} "
        f"{steps.get(ahead['step'].iloc[0], ahead['step'].iloc[0])}; 80 % interval.{clipped}"
    )


def _told(ahead: pd.DataFrame, zone: str, best: Option) -> str:
    """The forecast and the slot in a sentence."""
    means = ahead["mean_g_per_kwh"] if len(ahead) else pd.Series([math.nan])
    low, high = (units.number(value) for value in (means.min(), means.max()))
    start, end = best.plan.slots[0][0], best.plan.slots[-1][1]
    return (
        f"Forecast carbon intensity of {zone}, {low} to {high} gCO₂e/kWh with its 80 % interval; "
        f"the chosen slot goes from {units.moment_text(start)} to {units.moment_text(end)}."
    )


def _alternatives(asked: Asked, options: list[Option], excluded: list[Excluded]) -> None:
    rows = pd.DataFrame(
        [
            {
                "region": option.region,
                "start": option.plan.slots[0][0].astimezone(UTC),
                "end": option.plan.slots[-1][1].astimezone(UTC),
                "runs": len(option.plan.slots),
                "co2e_g": option.grams,
                "saving_pct": option.saving_pct,
                "price_saving_usd": option.saving_usd,
                "better_than_now_pct": option.probability * 100,
                "is_advised": option.is_recommended,
            }
            for option in options
        ]
    )
    with cards.card(
        "Regions ranked", help="Best slot of each, against running at once in the home region."
    ):
        _table(rows, asked, "alternatives")
        cards.download(rows, "regions_of_the_job")
        for region in excluded:
            compared = " It is compared with even so." * (region.region == asked.spec.home)
            st.caption(f"{region.region} is excluded. {region.reason}{compared}")


def _other_starts(page: Page, asked: Asked, there: Candidate, best: Option) -> None:
    """The next best starts in the chosen region, at least an hour apart."""
    starts = other_starts(there, page.catalog, asked.spec, asked.earliest, asked.deadline)
    now = best.grams + best.saving_g
    rows = pd.DataFrame(
        [
            {
                "start": start.at.astimezone(UTC),
                "co2e_g": start.grams,
                "saving_pct": saving_share_pct(start.grams, now),
            }
            for start in starts
        ],
        columns=["start", "co2e_g", "saving_pct"],
    )
    with cards.card(f"Other starts in {best.region}", help="Uninterrupted runs, an hour apart."):
        _table(rows, asked, "other_starts")
        cards.download(rows, "other_starts")


def _table(rows: pd.DataFrame, asked: Asked, key: str) -> None:
    """Slots with their times in the job's timezone."""
    zone = ZoneInfo(asked.timezone)
    texts = {
        name: [f"{at.astimezone(zone):%a %d %b %H:%M %z}" for at in rows[name]]
        for name in ("start", "end")
        if name in rows
    }
    st.dataframe(
        rows.assign(**texts, co2e_g=rows["co2e_g"].map(units.mass_text)),
        hide_index=True,
        width="stretch",
        height="content",
        key=key,
        placeholder="–",
        column_config=_COLUMNS,
    )


def _exports(asked: Asked, options: list[Option], excluded: list[Excluded]) -> None:
    now = datetime.now(UTC)
    best = options[0]
    stem = f"spectra_{best.plan.slots[0][0]:%Y%m%dT%H%M}"
    with st.container(horizontal=True):
        st.download_button(
            "Calendar", schedule_exports.icalendar(asked.name, best, now), f"{stem}.ics",
            "text/calendar", icon=":material/event:", on_click="ignore", key="export_ics",
        )  # fmt: skip
        st.download_button(
            "JSON", schedule_exports.as_json(asked.name, options, now, excluded), f"{stem}.json",
            "application/json", icon=":material/data_object:", on_click="ignore", key="export_json",
        )  # fmt: skip
    with st.expander("As cron lines", icon=":material/schedule:"):
        st.code(schedule_exports.cron_lines(best.plan.slots), language="bash")
    with st.expander("As EventBridge Scheduler command", icon=":material/terminal:"):
        st.code(schedule_exports.eventbridge_commands(asked.name, best), language="bash")
        st.caption("Fill in TARGET_ARN and ROLE_ARN; SPECTRA starts nothing itself.")
