"""A fleet of 5,000 instances × 90 days of hours (10.8 million rows), generated in the store."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from spectra.catalog import load_catalog
from spectra.refresh import current_hour
from spectra.store import Store
from spectra.store.factors import write_factors
from spectra.store.ledger import HOUR, extend_ledger, recompute
from spectra.store.writes import write_instances, write_intensities, write_volumes
from tests import fleet

TYPES = ["m5.xlarge", "m5.2xlarge", "c5.large", "r5.large", "m6g.xlarge", "t3.medium", "m7g.large",
         "c6g.xlarge", "m6i.large", "g4dn.xlarge"]  # fmt: skip
TEAMS = ["web", "data", "search", "checkout", "platform", "ml", "mobile", "finance"]
ENVIRONMENTS = ["production", "staging", "development"]


GAP_SHARE = 0.01


def build(store: Store, count: int = 5_000, days: int = 90, end: datetime | None = None) -> None:
    """Fill the store with facts; the ledger is left to be computed."""
    end = end or current_hour()
    first = end - timedelta(days=days)
    catalog = load_catalog()
    regions = [r.code for r in catalog.regions if catalog.zone(r.zone).has_profile][:12]
    launched = (first - timedelta(days=30)).isoformat()
    tags = [
        {
            "team": TEAMS[k // 12 % len(TEAMS)],
            "environment": ENVIRONMENTS[k // 96 % 3],
            "service": f"s{k % 40}",
        }
        for k in range(count)
    ]
    write_instances(
        store,
        fleet.instances(
            *(
                {
                    "instance_id": f"i-{k:017x}",
                    "valid_from": launched,
                    "region": regions[k % len(regions)],
                    "instance_type": TYPES[k % len(TYPES)],
                    "tags": tags[k],
                }
                for k in range(count)
            )
        ),
    )
    write_volumes(
        store,
        fleet.volumes(
            *(
                {
                    "volume_id": f"vol-{k:017x}",
                    "valid_from": launched,
                    "region": regions[k % len(regions)],
                    "instance_id": f"i-{k:017x}",
                }
                for k in range(count)
            )
        ),
    )
    write_factors(store, catalog)
    extend_ledger(store, catalog, first, end)
    write_intensities(store, intensities(catalog, first, end), catalog)
    add_utilisation(store, first, end)
    add_costs(store, first, end)


def add_hour(store: Store, hour: datetime) -> None:
    """One new hour of grids and utilisation, and its emissions."""
    catalog = load_catalog()
    write_intensities(store, intensities(catalog, hour, hour + HOUR), catalog)
    extend_ledger(store, catalog, hour, hour + HOUR)
    add_utilisation(store, hour, hour + HOUR)
    recompute(store)


def add_utilisation(store: Store, first: datetime, end: datetime) -> None:
    """Random hourly utilisation of every instance, made in SQL; some are idle, some are full."""
    with store.write() as cursor:
        cursor.execute(
            """
            INSERT INTO utilisation BY NAME
            SELECT resource_key, hour,
                   cpu_avg_pct, cpu_avg_pct * 1.2 AS cpu_max_pct,
                   1e6 AS network_in_bytes, 1e6 AS network_out_bytes,
                   'benchmark' AS source, 'demo' AS quality, $end AS fetched_at
            FROM (SELECT resource_key, hour, CASE WHEN random() > $gaps
                      THEN (random() * (2 + resource_key % 7 * 14))::REAL END AS cpu_avg_pct
                  FROM (SELECT unnest(generate_series($first, $end - INTERVAL 1 HOUR,
                                                      INTERVAL 1 HOUR)) AS hour), resources)
            """,
            {"first": first, "end": end, "gaps": GAP_SHARE},
        )


def add_costs(store: Store, first: datetime, end: datetime) -> None:
    """A day's cost of every instance and volume, made in SQL."""
    with store.write() as cursor:
        cursor.execute(
            """
            INSERT INTO costs
            SELECT "day"::DATE, account_id, region, service, resource_id, 'on-demand',
                   team, environment, usd, usd, usd, FALSE,
                   'benchmark', 'demo', $end
            FROM (SELECT unnest(generate_series($first, $end - INTERVAL 1 HOUR,
                                                INTERVAL 1 DAY)) AS "day"),
                 (SELECT account_id, region, 'Amazon EC2' AS service, instance_id AS resource_id,
                         team, environment, 4.8 AS usd FROM instances
                  UNION ALL
                  SELECT account_id, region, 'Amazon EBS', volume_id, team, environment, 0.3
                  FROM volumes)
            """,
            {"first": first, "end": end},
        )


def intensities(catalog, first: datetime, end: datetime) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    hours = pd.date_range(first, end, freq="h", inclusive="left", unit="us")
    frames = []
    for zone in sorted({r.zone for r in catalog.regions}):
        lifecycle = rng.uniform(200, 600, len(hours))
        frames.append(fleet.intensities(zone, hours, lifecycle * 0.8, lifecycle))
    return pd.concat(frames, ignore_index=True)
