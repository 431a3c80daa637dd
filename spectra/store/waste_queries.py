"""Waste that needs no load curve: disks nobody uses, disks of stopped machines, old types.

A month is 730 hours. Costs are what was paid in the last 30 whole days where the resource's cost is
known, else the list price of us-east-1; the basis says which. Emissions are those of the same days.
"""

from __future__ import annotations

from datetime import datetime

import pandas as pd

from spectra.catalog import Catalog
from spectra.catalog.volumes import gp3_like_gp2_usd_per_month
from spectra.store.database import Store
from spectra.store.emission_queries import TOTAL_G
from spectra.store.fleet_queries import FIRST_LISTED, STOPPED_SINCE
from spectra.store.selection import Selection

# What follows an old volume type of the same kind of disk and costs less; io2 costs what io1 does.
SUCCESSORS = {"gp2": "gp3"}
LARGE_GIB = 500
# A machine that is off for the night or the weekend is no waste.
STOPPED_DAYS = 7
# A volume whose month of traffic is below this share of its size may be mostly empty.
QUIET_SHARE = 0.01

# Scaled from the days that are known to a month, so that a new resource counts in full.
_MONTHLY = f"""
paid AS (
    SELECT resource_id, sum(effective_cost_usd) / count(DISTINCT "day") / 24 * 730 AS usd
    FROM costs WHERE "day" >= $now::DATE - 30 AND "day" < $now::DATE
        AND effective_cost_usd IS NOT NULL GROUP BY resource_id),
emitted AS (
    SELECT resource_id, sum({TOTAL_G}) / sum(resource_hours) * 730 AS g
    FROM emissions_daily WHERE "day" >= $now::DATE - 30 AND "day" < $now::DATE
        AND service = 'Amazon EBS' AND resource_hours > 0 GROUP BY resource_id),
monthly AS (
    SELECT v.*, coalesce(paid.usd, v.size_gib * p.usd_per_gb_month) AS usd_per_month,
        CASE WHEN paid.usd IS NOT NULL THEN 'effective'
             WHEN p.usd_per_gb_month IS NOT NULL THEN 'list price of us-east-1'
             ELSE 'not known' END AS cost_basis,
        emitted.g AS g_per_month
    FROM volumes v LEFT JOIN ebs_prices p USING (volume_type)
    LEFT JOIN paid ON paid.resource_id = v.volume_id
    LEFT JOIN emitted ON emitted.resource_id = v.volume_id
    WHERE v.valid_to IS NULL)
"""
_VOLUME = "account_id, region, team, environment, volume_type, size_gib"
_WORTH = "usd_per_month, cost_basis, g_per_month"


def unattached(store: Store, catalog: Catalog, selection: Selection, now: datetime) -> pd.DataFrame:
    """Volumes without an instance: since when, and what they cost and emit a month.

    The stretch begins with the first span after the last one that had an instance; of a volume
    never seen with one, no earlier than the first listing: what was before nobody knows.
    """
    return _frame(
        store,
        catalog,
        selection,
        now,
        f"""
        SELECT m.volume_id, {_VOLUME}, since, date_diff('day', since, $now) AS days, {_WORTH}
        FROM monthly m JOIN (
            SELECT volume_id, greatest(
                min(valid_from) FILTER (instance_id IS NULL AND valid_from >=
                    coalesce(attached_until, valid_from)),
                any_value(listed.at) FILTER (attached_until IS NULL)) AS since
            FROM (SELECT *, max(valid_to) FILTER (instance_id IS NOT NULL)
                      OVER (PARTITION BY volume_id) AS attached_until FROM volumes)
            LEFT JOIN ({FIRST_LISTED}) listed ON scope = concat(account_id, '/', region)
            GROUP BY volume_id) s USING (volume_id)
        WHERE instance_id IS NULL
        """,
    )


def of_stopped(store: Store, catalog: Catalog, selection: Selection, now: datetime) -> pd.DataFrame:
    """Stopped instances that still pay for disks: since when, how many, what they cost and emit."""
    return _frame(
        store,
        catalog,
        selection,
        now,
        f"""
        SELECT i.instance_id, i.name, i.instance_type, i.account_id, i.region, i.team,
            i.environment, since, date_diff('day', since, $now) AS days,
            count(*) AS volume_count, sum(size_gib) AS size_gib,
            sum(usd_per_month) AS usd_per_month, string_agg(DISTINCT cost_basis, ', ')
                AS cost_basis, sum(g_per_month) AS g_per_month
        FROM (SELECT * FROM instances WHERE valid_to IS NULL AND state = 'stopped') i
        JOIN ({STOPPED_SINCE}) s USING (instance_id)
        JOIN monthly m USING (instance_id)
        WHERE since <= $now - INTERVAL {STOPPED_DAYS} DAY
        GROUP BY i.instance_id, i.name, i.instance_type, i.account_id, i.region, i.team,
            i.environment, since
        """,
    )


def old_volume_types(
    store: Store, catalog: Catalog, selection: Selection, now: datetime
) -> pd.DataFrame:
    """Volumes of an old type: what follows it, and what that saves a month at list price [USD].

    The same kind of disk carries both, so CO2e stays what it is. A gp3 is priced with what it needs
    to give no less than the gp2.
    """
    pairs = ", ".join(f"('{old}', '{new}')" for old, new in SUCCESSORS.items())
    rows = _frame(
        store,
        catalog,
        selection,
        now,
        f"""
        SELECT volume_id, {_VOLUME}, successor, size_gib * (p.usd_per_gb_month
            - n.usd_per_gb_month) AS saves_usd_per_month, {_WORTH}
        FROM monthly JOIN (VALUES {pairs}) s(volume_type, successor) USING (volume_type)
        JOIN ebs_prices p USING (volume_type) JOIN ebs_prices n ON n.volume_type = successor
        """,
    )
    extra = rows["size_gib"].map(gp3_like_gp2_usd_per_month).where(rows["successor"] == "gp3", 0.0)
    return rows.assign(saves_usd_per_month=rows["saves_usd_per_month"] - extra)


def quiet_volumes(
    store: Store, catalog: Catalog, selection: Selection, now: datetime
) -> pd.DataFrame:
    """Large volumes of instances whose traffic to all their disks is known and very small.

    How full a disk is cannot be seen from outside, so this only asks to look. `traffic_gb` is of 30
    days like the hours that are known; where none is a volume is not listed.
    """
    return _frame(
        store,
        catalog,
        selection,
        now,
        f"""
        SELECT volume_id, instance_id, {_VOLUME}, traffic_gb, {_WORTH}
        FROM monthly JOIN (
            SELECT k.resource_id AS instance_id,
                avg(ebs_read_bytes + ebs_write_bytes) * 720 / 1e9 AS traffic_gb
            FROM utilisation JOIN resources k USING (resource_key)
            WHERE hour >= $now - INTERVAL 30 DAY AND ebs_read_bytes + ebs_write_bytes IS NOT NULL
                AND resource_id IN (SELECT instance_id FROM volumes
                                    WHERE valid_to IS NULL AND size_gib > {LARGE_GIB})
            GROUP BY k.resource_id HAVING count(*) >= 24) USING (instance_id)
        WHERE size_gib > {LARGE_GIB} AND traffic_gb < {QUIET_SHARE} * size_gib
        """,
    )


def old_generations(
    store: Store, catalog: Catalog, selection: Selection, now: datetime
) -> pd.DataFrame:
    """Running instances of types that AWS no longer counts as current: by type and region."""
    old = [kind.name for kind in catalog.instance_types if not kind.current_generation]
    return store.frame(
        f"""
        SELECT instance_type, region, count(*) AS instance_count,
            string_agg(DISTINCT team, ', ' ORDER BY team) AS teams
        FROM instances
        WHERE valid_to IS NULL AND state = 'running' AND {selection.sql}
            AND list_contains($old, instance_type)
        GROUP BY ALL ORDER BY instance_count DESC, instance_type
        """,
        {**selection.filters, "old": old},
    )


def _frame(
    store: Store, catalog: Catalog, selection: Selection, now: datetime, select: str
) -> pd.DataFrame:
    """Rows of the selection's regions and teams, the dearest first."""
    prices = [
        f"('{kind}', {price})"
        for kind in ("gp2", "gp3", "io1", "io2", "st1", "sc1", "standard")
        if (price := catalog.ebs_price_usd_per_gb_month(kind)) is not None
    ]
    return store.frame(
        f"""
        WITH ebs_prices(volume_type, usd_per_gb_month) AS (VALUES {", ".join(prices)}), {_MONTHLY}
        SELECT * FROM ({select}) WHERE {selection.sql}
        ORDER BY usd_per_month DESC NULLS LAST
        """,
        {**selection.filters, "now": now},
    )
