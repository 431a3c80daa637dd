"""Carbon waste: machines that run and do nothing, disks nobody uses, fleets nobody switches off."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd

from spectra.insight.idle import (
    IDLE_DAY_BYTES,
    IDLE_GPU_PCT,
    IDLE_MEAN_PCT,
    IDLE_PEAK_PCT,
)

IDLE, FORGOTTEN, OFF_HOURS = "idle instance", "forgotten volume", "off-hours fleet"
LEAST_COVERAGE = 0.9
WARN_DAYS, ALERT_DAYS = 1, 7
DAY_HOURS, DAY_S = 24, 86_400
WORK_START, WORK_END, WEEKEND = 8, 20, 5
OFF_CPU_PCT, OFF_SHARE, WORK_TIMES = 5.0, 0.8, 2.0
COLUMNS = [
    "series", "kind", "level", "start", "last_seen", "days", "excess_g", "excess_usd",
]  # fmt: skip


def idle_instances(
    days: pd.DataFrame, excluded: Collection[str] = (), since: pd.Timestamp | None = None
) -> pd.DataFrame:
    """Machines that have run for whole days up to the last one and did nothing.

    A day is idle with CPU below 5 % in every hour and below 2 % on average, less than 5 MB of
    traffic, and an accelerator, where there is one, below 1 %; CPU is known for 90 % of its hours,
    of the last day for all.

    Parameters
    ----------
    days : DataFrame
        One row a series and calendar day (UTC): series, day (its beginning), running_hours,
        known_hours (of CPU), cpu_avg_pct, cpu_max_pct, gpu_max_pct (NaN without one),
        network_bytes, grams, usd. Unknown CPU or traffic is not idle, and a day that is missing
        ends a run.
    excluded : collection of str
        Series that are meant to wait: kept by tag, standby, the least of a group.
    since : Timestamp, optional
        Every stretch that was idle on this day or later, over by now or not; a row for each.

    Returns
    -------
    DataFrame
        series, kind, level (``warning`` from a day on, ``alert`` from seven), start and last_seen
        (first and last idle day), days, excess_g and excess_usd: all that they emitted and cost.
    """
    days = days[~days["series"].isin(list(excluded))].sort_values(["series", "day"])
    covered = days["known_hours"] >= LEAST_COVERAGE * days["running_hours"]
    is_idle = (
        (days["running_hours"] > LEAST_COVERAGE * DAY_HOURS)
        & covered
        & (days["cpu_max_pct"] < IDLE_PEAK_PCT)
        & (days["cpu_avg_pct"] < IDLE_MEAN_PCT)
        & (days["network_bytes"] < IDLE_DAY_BYTES)
        & ~(days["gpu_max_pct"] >= IDLE_GPU_PCT)
    )
    gap = days.groupby("series")["day"].diff() != pd.Timedelta(days=1)
    run = (~is_idle | gap).cumsum().where(is_idle)
    latest = days["day"] >= (days["day"].max() if since is None else since)
    # Of an hour that is still to come nobody knows yet whether the machine did nothing in it.
    is_whole = days["known_hours"] > days["running_hours"] - 1
    asked = run.isin(run[latest & is_idle & is_whole])
    return _summed(days[is_idle & asked].assign(run=run), IDLE)


def _summed(rows: pd.DataFrame, kind: str) -> pd.DataFrame:
    """One row a run of a series from its daily rows; unknown grams or dollars stay unknown."""
    grouped = rows.groupby(["series", "run"])
    found = grouped.agg(start=("day", "min"), last_seen=("day", "max"), days=("day", "size"))
    for name, target in (("grams", "excess_g"), ("usd", "excess_usd")):
        found[target] = grouped[name].sum().where(grouped[name].count() == grouped.size())
    found = found.reset_index()
    found["kind"] = kind
    found["level"] = np.where(found["days"] >= ALERT_DAYS, "alert", "warning")
    return found[COLUMNS]


def forgotten_volumes(volumes: pd.DataFrame, now: pd.Timestamp) -> pd.DataFrame:
    """Volumes that no running machine has used for a day or more.

    Parameters
    ----------
    volumes : DataFrame
        series (volume id), unused_since (aware UTC: detached, or its machine stopped; NaT while in
        use), g_per_day [gCO2e] and usd_per_day [USD] since then.
    now : Timestamp
        Aware UTC.

    Returns
    -------
    DataFrame
        As of `idle_instances`: grams and dollars since then.
    """
    unused = (now - volumes["unused_since"]).dt.total_seconds() / DAY_S
    # Assigned before filtering: an empty frame would take the rows of what it is given.
    found = volumes.assign(days=unused)[unused >= WARN_DAYS]
    return pd.DataFrame(
        {
            "series": found["series"],
            "kind": FORGOTTEN,
            "level": np.where(found["days"] >= ALERT_DAYS, "alert", "warning"),
            "start": found["unused_since"],
            "last_seen": now,
            "days": found["days"],
            "excess_g": found["g_per_day"] * found["days"],
            "excess_usd": found["usd_per_day"] * found["days"],
        },
        columns=COLUMNS,
    ).reset_index(drop=True)


def off_hours_fleets(rows: pd.DataFrame, end: pd.Timestamp) -> pd.DataFrame:
    """Fleets that run at night and at weekends as by day, though they only work by day.

    Parameters
    ----------
    rows : DataFrame
        Hours of the last week or more, of fleets that need not be there at all times: series,
        hour (aware UTC), timezone (where its people work, IANA), running_hours (of all its
        machines), cpu_avg_pct (NaN where unknown), grams, usd. In an hour without a row, once it
        has had one, a fleet ran nothing.
    end : Timestamp
        Beginning of the last hour that is looked at, aware UTC.

    Returns
    -------
    DataFrame
        As of `idle_instances`: grams and dollars of the hours off work.
    """
    parts = [_with_off(part, str(name), end) for name, part in rows.groupby("timezone")]
    if not parts:
        return pd.DataFrame(columns=COLUMNS)
    marked = pd.concat(parts)
    marked = marked[marked["hour"] > end - pd.Timedelta(days=ALERT_DAYS)]
    running, cpu = (
        marked.pivot_table(index="series", columns="is_off", values=name).reindex(
            columns=[False, True]
        )
        for name in ("running_hours", "cpu_avg_pct")
    )
    cpu = cpu.reindex(running.index)
    is_waste = (
        (running[True] >= OFF_SHARE * running[False])
        & (cpu[True] < OFF_CPU_PCT)
        & (cpu[False] >= WORK_TIMES * cpu[True])
    )
    ran_off = marked["is_off"] & (marked["running_hours"] > 0)
    off = marked[ran_off & marked["series"].isin(running.index[is_waste])]
    found = _summed(off.assign(day=off["hour"], run=0), OFF_HOURS)
    found["days"] = (found["last_seen"] - found["start"]).dt.days + 1
    found["level"] = np.where(found["days"] >= ALERT_DAYS - 1, "alert", "warning")
    return found


def _with_off(rows: pd.DataFrame, timezone: str, end: pd.Timestamp) -> pd.DataFrame:
    """Every hour of fleets of one timezone from their first to the end, and which is off work."""
    hours = {
        name: pd.date_range(first, end, freq="h").to_series()
        for name, first in rows.groupby("series")["hour"].min().items()
    }
    every = pd.concat(hours, names=["series"]).rename("hour").reset_index(0)
    rows = every.merge(rows, on=["series", "hour"], how="left").fillna({"running_hours": 0.0})
    local = rows["hour"].dt.tz_convert(timezone).dt
    at_work = (local.day_of_week < WEEKEND) & (local.hour >= WORK_START) & (local.hour < WORK_END)
    return rows.assign(is_off=~at_work)
