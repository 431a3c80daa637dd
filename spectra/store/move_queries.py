"""What a move to another region needs: which machines, and their hours on both grids."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pandas as pd

from spectra.store.database import Store
from spectra.store.lasting import GONE
from spectra.store.region_queries import HOURLY_TIERS
from spectra.store.report_sums import COUNTED, OF_EC2

WORKLOAD_COLUMNS = (
    "instance_id", "name", "region", "availability_zone", "account_id", "instance_type", "state",
    "lifecycle", "tenancy", "asg_name", "team", "environment", "tags", "volume_gib", "volume_types",
)  # fmt: skip

_WORKLOADS = f"""
WITH disks AS (
    SELECT instance_id, sum(size_gib) AS volume_gib,
        list_sort(list(DISTINCT volume_type)) AS volume_types
    FROM volumes WHERE valid_to IS NULL AND instance_id IS NOT NULL GROUP BY instance_id)
SELECT {", ".join(WORKLOAD_COLUMNS)}
FROM instances LEFT JOIN disks USING (instance_id)
WHERE valid_to IS NULL AND state NOT IN {GONE}
"""


def workloads(
    store: Store,
    *,
    tag: tuple[str, str] | None = None,
    instance_ids: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Machines that are there now, by a tag as it is written, or by their IDs.

    Every condition that is given must hold. One row an instance, columns `WORKLOAD_COLUMNS`;
    ``volume_gib`` is missing where no volume is known.
    """
    where, parameters = "", dict[str, Any]()
    if tag is not None:
        where += " AND (tags::JSON::MAP(VARCHAR, VARCHAR))[$key] = $value"
        parameters |= {"key": tag[0], "value": tag[1]}
    if instance_ids is not None:
        where += " AND list_contains($ids, instance_id)"
        parameters["ids"] = list(instance_ids)
    return store.frame(f"{_WORKLOADS}{where} ORDER BY name, instance_id", parameters)


def tagged(store: Store, key: str, value: str) -> pd.DataFrame:
    """`workloads` of one value of a tag."""
    return workloads(store, tag=(key, value))


def tag_values(store: Store, key: str) -> list[str]:
    """Values of a tag in the present fleet."""
    frame = store.frame(
        "SELECT DISTINCT (tags::JSON::MAP(VARCHAR, VARCHAR))[?] AS v FROM instances "
        "WHERE valid_to IS NULL AND v IS NOT NULL ORDER BY v",
        [key],
    )
    return list(frame["v"])


# Both grids of an hour; an hour that one of them lacks is compared nowhere.
_GRID = """
CREATE OR REPLACE TEMP TABLE move_grid AS
WITH hours AS (
    SELECT r.region, i.hour, r.pue, i.intensity_direct_g_per_kwh AS direct,
        upstream(direct, i.intensity_lifecycle_g_per_kwh) AS up,
        i.intensity_lifecycle_g_per_kwh * r.td_factor AS td, intensity_sigma(i.tier) AS sigma
    FROM region_factors r JOIN intensity_hourly i USING (zone)
    SEMI JOIN ledger_hours() h ON h.hour = i.hour
    WHERE i.hour >= $start AND i.hour < $end
        AND (r.region = $target OR r.region IN (SELECT region FROM move_cases)))
SELECT s.region, s.hour, date_trunc('month', s.hour)::DATE AS "month",
    s.pue * s.direct AS a_direct, s.pue * s.up AS a_up, s.pue * s.td AS a_td, s.pue AS a_pue,
    s.sigma AS a_sigma, t.pue * t.direct AS b_direct, t.pue * t.up AS b_up, t.pue * t.td AS b_td,
    t.pue AS b_pue, t.sigma AS b_sigma
FROM hours s JOIN hours t ON t.hour = s.hour AND t.region = $target
"""

# Since when each machine is without a break what it is now; what it was before says nothing of it.
_SINCE = """
CREATE OR REPLACE TEMP TABLE move_since AS
SELECT instance_id, c.region, greatest($start, coalesce(
    max(i.valid_to) FILTER (i.region <> c.region OR i.instance_type <> c.instance_type),
    min(i.valid_from))) AS since
FROM instances i JOIN move_cases c USING (instance_id) GROUP BY ALL HAVING since < $end
"""

_SPANS = """
CREATE OR REPLACE TEMP TABLE move_spans AS
SELECT i.instance_id, k.resource_key, i.version_key, i.valid_from,
    coalesce(i.valid_to, $end) AS valid_to, date_trunc('hour', i.valid_from) AS first_hour,
    c.region, c.load_ratio, c.a0, c.a10, c.a50, c.a100, c.b0, c.b10, c.b50, c.b100,
    c.a_gpu_idle, c.a_gpu_max, c.b_gpu_idle, c.b_gpu_max, c.a_embodied, c.b_embodied,
    t.default_sigma, t.gpu_sigma
FROM instances i JOIN move_cases c USING (instance_id, region, instance_type)
JOIN move_since USING (instance_id)
JOIN resources k ON k.resource_id = i.instance_id JOIN type_factors t USING (instance_type)
WHERE i.state = 'running' AND i.valid_from < $end AND coalesce(i.valid_to, $end) > since
"""

# As in the view `instance_energy`: what stands in for an hour counts before what was measured.
_LOADS = """
CREATE OR REPLACE TEMP TABLE move_loads AS
WITH filled AS (
    SELECT version_key, hour, cpu_pct, gpu_pct, utilisation_tier FROM utilisation_filled
    WHERE hour >= $start AND hour < $end
        AND version_key IN (SELECT version_key FROM move_spans))
SELECT s.version_key, u.hour, clip_pct(u.cpu_avg_pct) AS cpu, clip_pct(u.gpu_avg_pct) AS gpu,
    CASE WHEN s.a_gpu_max > 0 AND clip_pct(u.gpu_avg_pct) IS NULL THEN 4 ELSE 1 END AS tier
FROM utilisation u JOIN move_spans s ON s.resource_key = u.resource_key
    AND u.hour >= s.first_hour AND u.hour < s.valid_to
ANTI JOIN filled f ON f.version_key = s.version_key AND f.hour = u.hour
WHERE u.hour >= $start AND u.hour < $end AND clip_pct(u.cpu_avg_pct) IS NOT NULL
UNION ALL SELECT * FROM filled
"""

_COMPUTE = """
WITH hours AS (
    SELECT s.instance_id, s.region, g.*, s.a_embodied, s.b_embodied,
        span_share(s.valid_from, s.valid_to, l.hour) AS share,
        least(l.cpu * s.load_ratio, 100) AS b_cpu,
        coalesce(l.gpu, default_gpu_pct()) / 100 AS gpu_share,
        share / 1000 * (host_watts(l.cpu, s.a0, s.a10, s.a50, s.a100) + s.a_gpu_idle
            + gpu_share * (s.a_gpu_max - s.a_gpu_idle)) AS a_it,
        share / 1000 * (host_watts(b_cpu, s.b0, s.b10, s.b50, s.b100) + s.b_gpu_idle
            + gpu_share * (s.b_gpu_max - s.b_gpu_idle)) AS b_it,
        utilisation_sigma(l.tier, unknown_sigma(l.cpu, s.default_sigma, s.gpu_sigma)) AS u_sigma
    FROM move_loads l JOIN move_spans s USING (version_key)
    JOIN move_grid g ON g.region = s.region AND g.hour = l.hour)
SELECT instance_id, region, "month", 'compute' AS part, sum(share) AS hours, {sums},
    sum(share * a_embodied) AS a_embodied_g, sum(share * b_embodied) AS b_embodied_g,
    avg(u_sigma) AS utilisation_sigma
FROM hours GROUP BY ALL
"""

# Volumes draw power whether or not their machine runs.
_STORAGE = """
WITH hours AS (
    SELECT v.instance_id, v.region, g.*, greatest(v.valid_from, since) AS first,
        span_share(first, v.valid_to, g.hour)
        * storage_watts(v.size_gib, v.volume_type) / 1000 AS a_it, a_it AS b_it
    FROM volumes v JOIN move_since USING (instance_id, region)
    JOIN move_grid g ON g.region = v.region
        AND g.hour + INTERVAL 1 HOUR > v.valid_from AND g.hour + INTERVAL 1 HOUR > since
        AND coalesce(g.hour < v.valid_to AND since < v.valid_to, true))
SELECT instance_id, region, "month", 'storage' AS part, 0.0 AS hours, {sums},
    0.0 AS a_embodied_g, 0.0 AS b_embodied_g, 0.0 AS utilisation_sigma
FROM hours GROUP BY ALL
"""

# Hours of the clock since then in which both grids are known.
_CLOCK = """
WITH known AS (
    SELECT region, since, sum(span_share(since, $end, hour)) AS clock_hours
    FROM (SELECT DISTINCT region, since FROM move_since) JOIN move_grid USING (region)
    WHERE hour + INTERVAL 1 HOUR > since GROUP BY ALL)
SELECT instance_id, clock_hours, since > $start AS is_younger
FROM move_since JOIN known USING (region, since)
"""

_SUMS = ", ".join(
    f"sum({side}_it * {side}_{factor}) AS {side}_{name}"
    for side in "ab"
    for factor, name in (
        ("pue", "kwh"), ("direct", "scope2_g"), ("up", "upstream_g"), ("td", "td_g")
    )
) + ", " + ", ".join(
    f"sum({side}_it * ({side}_direct + {side}_up + {side}_td) * {side}_sigma) AS {side}_sigma_g"
    for side in "ab"
)  # fmt: skip

_SIDES = f"""
WITH sums AS (
    ({_COMPUTE.format(sums=_SUMS)}) UNION ALL BY NAME ({_STORAGE.format(sums=_SUMS)})),
months AS (SELECT "month", count(DISTINCT hour) AS month_hours FROM move_grid GROUP BY "month"),
sides AS ({
    " UNION ALL BY NAME ".join(
        f'''SELECT instance_id, "month", part, hours, utilisation_sigma, {sign} AS side,
        {region} AS region, {side}_kwh AS kwh, {side}_scope2_g AS scope2_g,
        {side}_upstream_g AS upstream_g, {side}_td_g AS td_g, {side}_sigma_g AS sigma_g,
        {side}_embodied_g AS embodied_g FROM sums'''
        for side, sign, region in (("a", 1, "region"), ("b", -1, "$target::VARCHAR"))
    )
})
SELECT s.*, month_hours, clock_hours, is_younger, r.zone, r.country, r.pue_is_regional
FROM sides s JOIN months USING ("month") JOIN ({_CLOCK}) USING (instance_id)
JOIN region_factors r USING (region) ORDER BY instance_id, "month", part, side
"""


def replay(
    store: Store, cases: pd.DataFrame, target: str, start: datetime, end: datetime
) -> pd.DataFrame:
    """Hours of machines on their own grid and on a target's, summed by machine and month.

    Parameters
    ----------
    cases : DataFrame
        A row for each machine, as what it is now: instance_id, region, instance_type, load_ratio,
        a0 to a100 and b0 to b100 (curves before and after) [W], a_gpu_idle, a_gpu_max, b_gpu_idle,
        b_gpu_max [W], a_embodied, b_embodied [g/h].

    Returns
    -------
    DataFrame
        A row for each machine, month, part (``compute``, ``storage``) and side (1 before, −1
        after): region, zone, country and pue_is_regional of the side; sums of hours (running),
        kwh, scope2_g, upstream_g, td_g, embodied_g, sigma_g; utilisation_sigma; clock_hours,
        those since the machine is what it is now; is_younger, whether that is less than the
        span; and month_hours.
    """
    cursor = store.cursor()
    try:
        cursor.register("incoming", cases)
        cursor.execute("CREATE OR REPLACE TEMP TABLE move_cases AS SELECT * FROM incoming")
        cursor.unregister("incoming")
        known = {"target": target, "start": start, "end": end}
        for sql in (_GRID, _SINCE, _SPANS, _LOADS, _SIDES):
            cursor.execute(sql, {k: v for k, v in known.items() if f"${k}" in sql})
        return cursor.df()
    finally:
        cursor.close()


def hourly_shares(
    store: Store, regions: Sequence[str], start: datetime, end: datetime
) -> dict[str, float]:
    """Share of the hours of each region's grid that are no monthly or annual mean [1]."""
    rows = store.frame(
        f"""
        SELECT region, avg((tier IN {HOURLY_TIERS})::INT) AS share
        FROM intensity_hourly JOIN region_factors USING (zone)
        WHERE hour >= $start AND hour < $end AND list_contains($regions, region) GROUP BY region
        """,
        {"regions": list(regions), "start": start, "end": end},
    )
    return dict(zip(rows["region"], rows["share"], strict=True))


_COURSE = f"""
SELECT max_by(instance_type, valid_from) FILTER (is_copy) AS instance_type,
    CASE WHEN NOT bool_or(is_copy AND valid_to IS NULL)
        THEN max(valid_to) FILTER (is_copy) END AS ended_at,
    max(valid_from) FILTER (is_source AND valid_to IS NULL) AS source_runs_since,
    max(valid_to) FILTER (is_source) AS source_ran_until
FROM (SELECT instance_type, valid_from, valid_to, instance_id = $source AND state = 'running'
        AS is_source, instance_id = $copy AND region = $region
        AND state NOT IN {GONE} AS is_copy
    FROM instances WHERE instance_id IN ($source, $copy))
"""


class Course(NamedTuple):
    """What became of both machines of a move; None where nothing is known or it has not ended."""

    instance_type: str | None
    ended_at: datetime | None
    source_runs_since: datetime | None
    source_ran_until: datetime | None


def course(store: Store, source_id: str, copy_id: str, region: str) -> Course:
    """What the fleet's history says of the copy in a region and of its source."""
    row = store.row(_COURSE, {"source": source_id, "copy": copy_id, "region": region})
    kind, *moments = row or (None,) * 4
    return Course(kind, *(moment and moment.astimezone(UTC) for moment in moments))


def market_ratios(store: Store, since: datetime) -> pd.DataFrame:
    """AWS's own market-based over location-based scope 2 of EC2: region, ratio, months.

    Sums of the months and accounts for which it states both. Regions for which it
    states no location-based emissions are left out.
    """
    return store.frame(
        f"""
        WITH stated AS (
            SELECT region, "month",
                sum(emissions_kg) FILTER (emissions_type LIKE '%SCOPE_2_MBM%') AS market_kg,
                sum(emissions_kg) FILTER (emissions_type LIKE '%SCOPE_2_LBM%') AS location_kg
            FROM ({COUNTED}) WHERE "month" >= $since::DATE AND ({OF_EC2})
            GROUP BY region, "month", account_id)
        SELECT region, sum(market_kg) / sum(location_kg) AS ratio, count(DISTINCT "month") AS months
        FROM stated WHERE market_kg IS NOT NULL AND location_kg IS NOT NULL
        GROUP BY region HAVING sum(location_kg) > 0
        """,
        {"since": since},
    )
