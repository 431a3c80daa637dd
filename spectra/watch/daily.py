"""What is looked at once a day: waste that goes on, and days of teams that stand out."""

from __future__ import annotations

import math
from datetime import datetime

import pandas as pd

from spectra.catalog import load_catalog
from spectra.insight.anomalies import (
    Sensitivity,
    cost_spikes,
    fold,
    footprint_spikes,
    forgotten_volumes,
    idle_instances,
    off_hours_fleets,
    without_planned,
)
from spectra.insight.rightsizing.judge import stands_by
from spectra.moments import HOUR
from spectra.store import Store, incident_log, watch_days, watch_queries
from spectra.store.tags import folded as folded_tags
from spectra.watch import rows
from spectra.watch.tagged import team_tags

DAY = pd.Timedelta(days=1)
QUIET_HOURS = 48
Span = tuple[datetime, datetime]


def idle(
    store: Store, span: Span, sensitivity: Sensitivity, now: datetime, known: pd.DataFrame
) -> pd.DataFrame:
    """Machines that run and do nothing, except those meant to wait."""
    facts = watch_queries.facts(store)
    found = idle_instances(watch_days.quiet_days(store, span[1]), meant_to_wait(store, facts))
    return rows.of_waste(found, "idle", known=known, facts=facts, sensitivity=sensitivity, now=now)


def meant_to_wait(store: Store, facts: pd.DataFrame) -> set[str]:
    """Machines that are not called idle: by tag, by their group, by what is not watched."""
    return {
        *(str(name) for name, text in facts["tags"].items() if stands_by(folded_tags(text))),
        *watch_days.held_by_groups(store),
        *watch_days.unwatched_accelerators(store),
    }


def volumes(
    store: Store, span: Span, sensitivity: Sensitivity, now: datetime, known: pd.DataFrame
) -> pd.DataFrame:
    """Volumes that no running machine uses."""
    found = forgotten_volumes(watch_days.unused_volumes(store, span[1]), pd.Timestamp(span[1]))
    return rows.of_waste(
        found, "volume", known=known, facts=watch_queries.facts(store), sensitivity=sensitivity,
        now=now,
    )  # fmt: skip


def fleets(
    store: Store, span: Span, sensitivity: Sensitivity, now: datetime, known: pd.DataFrame
) -> pd.DataFrame:
    """Fleets that are not production and that nobody switches off at night."""
    hours = in_local_time(watch_days.fleet_hours(store, span[1]))
    found = off_hours_fleets(hours, pd.Timestamp(span[1] - HOUR))
    facts = hours.drop_duplicates("series").set_index("series")[["region", "team", "environment"]]
    return rows.of_waste(found, "fleet", known=known, facts=facts, sensitivity=sensitivity, now=now)


def in_local_time(hours: pd.DataFrame) -> pd.DataFrame:
    """Hours of fleets with the timezone in which their people work."""
    zones = {region.code: region.timezone for region in load_catalog().regions}
    return hours.assign(timezone=hours["region"].map(zones).fillna("UTC"))


def teams(
    store: Store, span: Span, sensitivity: Sensitivity, now: datetime, known: pd.DataFrame
) -> pd.DataFrame:
    """Days on which a team emitted far more than usual, and what drove them."""
    alerts = _unplanned(store, footprint_spikes(
        watch_days.team_days(store, span[1]), pd.Timestamp(span[0]), sensitivity
    ))  # fmt: skip
    folded = _folded(known, alerts, span[1])
    parts = alerts.rename(columns={"at": "start"})[
        ["series", "start", "usage_g", "grid_g", "mix_g"]
    ]
    found = rows.of_folded(
        folded, "team", rates=_rates(folded, g_per_excess=1.0), facts=_teams(folded),
        sensitivity=sensitivity, now=now, context=parts,
    )  # fmt: skip
    return _as_told(found, known)


def _as_told(found: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    """What drove the first day stays known when that day is not looked at any more."""
    if found.empty or known.empty:
        return found
    told = known.set_index("incident_id")["cause"].reindex(found["incident_id"])
    return found.assign(cause=told.fillna(found.set_index("incident_id")["cause"]).to_numpy())


def costs(
    store: Store, span: Span, sensitivity: Sensitivity, now: datetime, known: pd.DataFrame
) -> pd.DataFrame:
    """Days on which a team cost far more than usual, once their cost is final."""
    days = watch_days.cost_days(store, span[1])
    alerts = _unplanned(store, cost_spikes(days, pd.Timestamp(span[0]), sensitivity))
    # A day that is provisional has not been quiet yet: of any team, nor of this one.
    is_open = days["is_provisional"].astype(bool)
    final = days.loc[~is_open, "day"].max() + DAY
    until = pd.Timestamp(span[0]) if pd.isna(final) else min(final, pd.Timestamp(span[1]))
    folded = _folded(known, alerts, until, days[is_open].groupby("series")["day"].min())
    return rows.of_folded(
        folded, "cost", rates=_rates(folded, usd_per_excess=1.0), facts=_teams(folded),
        sensitivity=sensitivity, now=now,
    )  # fmt: skip


def _unplanned(store: Store, alerts: pd.DataFrame) -> pd.DataFrame:
    """Days of teams that no event falls on, about everything or a tag of all their machines."""
    events = incident_log.planned(store)
    tags = team_tags(watch_queries.facts(store), events)
    return without_planned(alerts, events, tags, step=DAY)


def _folded(
    known: pd.DataFrame,
    alerts: pd.DataFrame,
    end: datetime,
    known_until: pd.Series | None = None,
) -> pd.DataFrame:
    return fold(
        alerts, pd.Timestamp(end), known, quiet_hours=QUIET_HOURS, step=DAY,
        known_until=known_until,
    )  # fmt: skip


def _rates(
    folded: pd.DataFrame, g_per_excess: float = math.nan, usd_per_excess: float = math.nan
) -> pd.DataFrame:
    """The same rate for every team: the excess is in grams or dollars already."""
    columns = {"g_per_excess": g_per_excess, "usd_per_excess": usd_per_excess, "daily_g": math.nan}
    return pd.DataFrame(columns, index=folded["series"].unique())


def _teams(folded: pd.DataFrame) -> pd.DataFrame:
    names = folded["series"].unique()
    return pd.DataFrame({"name": names, "team": names}, index=names)
