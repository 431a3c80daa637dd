"""Days of machines for tests without a store: what `watch_days.quiet_days` sums up in SQL."""

import numpy as np
import pandas as pd


def by_day(rows, until):
    """Hours summed up to days of 24 hours that end at `until`, as `idle_instances` takes them."""
    rows = rows[rows["hour"] < until]
    ago = np.ceil((until - rows["hour"]).dt.total_seconds() / 86_400).astype(int)
    day = until - pd.to_timedelta(ago, unit="D")
    rows = rows.assign(day=day, is_known=rows["cpu_max_pct"].notna())
    grouped = rows.groupby(["series", "day"])
    days = grouped.agg(
        running_hours=("running_share", "sum"),
        known_hours=("is_known", "sum"),
        cpu_avg_pct=("cpu_avg_pct", "mean"),
        cpu_max_pct=("cpu_max_pct", "max"),
        gpu_max_pct=("gpu_max_pct", "max"),
    )
    for name in ("network_bytes", "grams", "usd"):
        # One unknown hour makes the sum of a day unknown.
        days[name] = grouped[name].sum().where(grouped[name].count() == grouped.size())
    return days.reset_index()
