"""Newest latency of each region, with what the figure means."""

from __future__ import annotations

import pandas as pd

from spectra.store.database import Store


def newest(store: Store) -> pd.DataFrame:
    """One row a region: region, rtt_ms_p50, rtt_ms_p90, meaning, is_proxy, measured_at, source.

    A measurement of the region itself counts before a proxy, our own probe before others.
    """
    return store.frame(
        """
        SELECT region, rtt_ms_p50, rtt_ms_p90, meaning, is_proxy, measured_at, source FROM latency
        WHERE rtt_ms_p50 IS NOT NULL
        QUALIFY row_number() OVER (PARTITION BY region
            ORDER BY is_proxy, method <> 'tcp_probe', measured_at DESC) = 1
        ORDER BY region
        """
    )
