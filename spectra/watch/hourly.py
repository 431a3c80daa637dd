"""What is looked at each hour besides usage: the grids, and whether data comes at all."""

from __future__ import annotations

from datetime import datetime, timedelta

import pandas as pd

from spectra.insight.anomalies import Sensitivity, data_gaps, fold, intensity_spikes
from spectra.insight.anomalies.grids import DAYS
from spectra.insight.anomalies.series import HOUR
from spectra.store import Store, watch_queries
from spectra.watch import rows

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
    facts = pd.DataFrame(
        {"name": [f"Grid {zone} ({r})" for zone, r in rates["regions"].items()],
         # A grid of several regions concerns all of them.
         "region": rates["regions"].mask(rates["regions"].str.contains(", "))},
        index=rates.index,
    )  # fmt: skip
    stated = frame.melt(ignore_index=False).dropna().reset_index()
    until = stated.groupby("zone")["hour"].max() + HOUR
    folded = fold(alerts, pd.Timestamp(end), known, known_until=until)
    return rows.of_folded(
        folded, "grid", rates=rates, facts=facts, sensitivity=sensitivity, now=now
    )


def gaps(
    store: Store, span: Span, sensitivity: Sensitivity, now: datetime, known: pd.DataFrame
) -> pd.DataFrame:
    """Machines that run without a CPU value for a tenth of a day or more."""
    since, end = span
    # Before the first reading of all nothing was missing: nobody had asked yet.
    first = max(since - timedelta(days=1), watch_queries.known_from(store) or since)
    machines = watch_queries.watched(store, first, end)
    if not machines and known.empty:
        return pd.DataFrame()
    frame = watch_queries.cpu_hours(store, machines, first, end)
    due = watch_queries.running_hours(store, machines, first, end)
    # One hour more, so that a trouble that began before is not taken for a new one.
    alerts = data_gaps(frame, pd.Timestamp(since) - HOUR, due)
    alerts, facts = _together(alerts, watch_queries.facts(store))
    alerts = alerts[alerts["at"] >= pd.Timestamp(since)]
    folded = fold(alerts, pd.Timestamp(end), known)
    none = pd.DataFrame(columns=["g_per_excess", "usd_per_excess", "daily_g"], dtype=float)
    return rows.of_folded(folded, "gap", rates=none, facts=facts, sensitivity=sensitivity, now=now)


def _together(alerts: pd.DataFrame, facts: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Machines of a region that are silent in the same hour, as one row for the region.

    Each hour by itself, so that it does not matter how many are looked at at once.
    """
    named = alerts.join(facts[["region", "account_id"]], on="series")
    named["place"] = named["account_id"] + " · " + named["region"]
    named["count"] = named.groupby(["place", "at"])["series"].transform("size")
    many = named["count"] >= TOGETHER
    if not many.any():
        return alerts, facts
    merged = named[many].assign(series=named["place"]).groupby(["series", "at", "kind"])
    means = merged[["score", "value", "expected", "excess"]].mean().reset_index()
    rows = pd.concat([alerts[~many], means], ignore_index=True).sort_values(["series", "at"])
    before = rows.groupby("series")["at"].shift(1)
    rows["is_alert"] = before.isna() | (rows["at"] - before > HOUR)
    places = (
        named[many]
        .groupby("place")
        .agg(region=("region", "first"), account_id=("account_id", "first"), count=("count", "max"))
    )
    extra = places[["region", "account_id"]].assign(
        name=[f"{int(count)} machines in {place}" for place, count in places["count"].items()]
    )
    return rows, pd.concat([facts, extra])
