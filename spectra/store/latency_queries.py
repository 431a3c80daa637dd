"""Newest latency of each region, with what the figure means."""

from __future__ import annotations

import pandas as pd

from spectra.store.database import Store

# One row a region, by the order that `newest` tells.
NEWEST = """
WITH dated AS (
    SELECT *, measured_at < max(measured_at) OVER (PARTITION BY region) - INTERVAL 7 DAY AS is_old
    FROM latency WHERE rtt_ms_p50 IS NOT NULL)
SELECT region, rtt_ms_p50, rtt_ms_p90, meaning, is_proxy, measured_at, source FROM dated
QUALIFY row_number() OVER (PARTITION BY region
    ORDER BY is_old, is_proxy, method <> 'tcp_probe', measured_at DESC) = 1
"""


def newest(store: Store) -> pd.DataFrame:
    """One row a region: region, rtt_ms_p50, rtt_ms_p90, meaning, is_proxy, measured_at, source.

    A measurement of the region itself counts before a proxy, our own probe before others; one that
    is more than a week older than the newest of its region comes after all of that week.
    """
    return store.frame(f"{NEWEST} ORDER BY region")
