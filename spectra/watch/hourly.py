"""What is looked at each hour besides usage: the grids, and whether data comes at all."""

from __future__ import annotations

from datetime import datetime, timedelta

import pandas as pd

from spectra.insight.anomalies import (
    MEMORY_DAYS,
    Sensitivity,
    data_gaps,
    due_unplanned,
    fold,
    intensity_spikes,
)
from spectra.insight.anomalies.alerts import COLUMNS
from spectra.insight.anomalies.grids import DAYS
from spectra.insight.anomalies.series import HOUR
from spectra.moments import DAY
from spectra.store import Store, incident_log, watch_queries
from spectra.watch import rows
from spectra.watch.tagged import tags_of
from spectra.watch.usage import parts

# So many machines of a region falling silent at once are one trouble, not many.
TOGETHER = 5
Span = tuple[datetime, datetime]


def grids(
    store: Store, span: Span, sensitivity: Sensitivity, now: datetime, known: pd.DataFrame
) -> pd.DataFrame:
    """Grids in use that are far dirtier than usual; one incident a grid."""
    since, end = span
    frame = watch_queries.grid_hours(store, since - timedelta(days=DAYS + 1), end)
    if frame.empty and known.empty:
        return pd.DataFrame()
    alerts = intensity_spikes(frame, pd.Timestamp(since))
    rates = watch_queries.grid_rates(store, end)
    stated = frame.melt(ignore_index=False).dropna().reset_index()
    until = stated.groupby("zone")["hour"].max() + HOUR
    folded = fold(alerts, pd.Timestamp(end), known, known_until=until)
    return rows.of_folded(
        folded, "grid", rates=rates, facts=_grids(rates["regions"]), sensitivity=sensitivity,
        now=now,
    )  # fmt: skip


def _grids(regions: pd.Series) -> pd.DataFrame:
    """What grids are called, by zone; one of several regions concerns all of them."""
    names = [f"Grid {zone} ({where})" for zone, where in regions.items()]
    return pd.DataFrame(
        {"name": names, "region": regions.mask(regions.str.contains(", "))}, index=regions.index
    )


def gaps(
    store: Store, span: Span, sensitivity: Sensitivity, now: datetime, known: pd.DataFrame
) -> pd.DataFrame:
    """Machines that run, and grids, without a value for a tenth of a day or more."""
    facts, stated = watch_queries.facts(store), watch_queries.stated_grids(store)
    found = [_silent_machines(store, span, facts), _silent_grids(store, span, stated)]
    filled = [alerts for alerts in found if not alerts.empty]
    alerts = pd.concat(filled, ignore_index=True) if filled else found[0]
    alerts = alerts[alerts["at"] >= pd.Timestamp(span[0])]
    folded = fold(alerts, pd.Timestamp(span[1]), known)
    none = pd.DataFrame(columns=["g_per_excess", "usd_per_excess", "daily_g"], dtype=float)
    return rows.of_folded(
        folded, "gap", rates=none,
        facts=pd.concat([facts, _places(facts), _grids(stated["regions"])]),
        sensitivity=sensitivity, now=now,
    )  # fmt: skip


def _silent_machines(store: Store, span: Span, facts: pd.DataFrame) -> pd.DataFrame:
    since, end = span
    # Before the first reading of all nothing was missing: nobody had asked yet.
    first = max(since - DAY, watch_queries.known_from(store) or since)
    machines = watch_queries.watched(store, end - timedelta(days=MEMORY_DAYS), end, ran_since=first)
    if not machines:
        return pd.DataFrame(columns=COLUMNS)
    events = incident_log.planned(store)
    tags = tags_of(facts, events)
    # One hour more, so that a trouble that began before is not taken for a new one.
    asked = pd.Timestamp(since) - HOUR
    found = []
    for part in parts(machines):
        ran = watch_queries.running_hours(store, part, first, end)
        frame = watch_queries.cpu_hours(store, part, first, end)
        found.append(data_gaps(frame, asked, due_unplanned(ran, events, tags)))
    return _together(pd.concat(found, ignore_index=True), facts)


def _silent_grids(store: Store, span: Span, stated: pd.DataFrame) -> pd.DataFrame:
    since, end = span
    if stated.empty:
        return pd.DataFrame(columns=COLUMNS)
    at = pd.date_range(since - DAY, end, freq="h", inclusive="left", unit="us")
    frame = watch_queries.grid_hours(store, since - DAY, end)
    due = pd.DataFrame({zone: at >= first for zone, first in stated["since"].items()}, index=at)
    frame = frame.reindex(index=at, columns=due.columns)
    return data_gaps(frame, pd.Timestamp(since) - HOUR, due)


def _places(facts: pd.DataFrame) -> pd.DataFrame:
    """What a gap of a whole region is called: also while fewer of its machines are silent."""
    found = facts[["account_id", "region"]].drop_duplicates()
    found.index = pd.Index(found["account_id"] + " · " + found["region"])
    return found.assign(name=[f"{TOGETHER} or more machines in {place}" for place in found.index])


def _together(alerts: pd.DataFrame, facts: pd.DataFrame) -> pd.DataFrame:
    """Machines of a region that are silent in the same hour, as one row for the region.

    Each hour by itself, so that it does not matter how many are looked at at once.
    """
    named = alerts.join(facts[["region", "account_id"]], on="series")
    named["place"] = named["account_id"] + " · " + named["region"]
    many = named.groupby(["place", "at"])["series"].transform("size") >= TOGETHER
    if not many.any():
        return alerts
    merged = named[many].assign(series=named["place"]).groupby(["series", "at", "kind"])
    means = merged[["score", "value", "expected", "excess"]].mean().reset_index()
    found = pd.concat([alerts[~many], means], ignore_index=True).sort_values(["series", "at"])
    before = found.groupby("series")["at"].shift(1)
    return found.assign(is_alert=before.isna() | (found["at"] - before > HOUR))
