"""How far a change reaches: it queues the hours that were filled in from the loads it is about.

The ledger must not depend on the order in which facts arrive, and what stands in for a load that is
missing follows from other hours and machines. Rolled days stay final.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spectra.carbon.utilisation import OWN_WEEKS

if TYPE_CHECKING:
    import duckdb

_OWN = 7 * OWN_WEEKS

_CHANGED = """
CREATE OR REPLACE TEMP TABLE changed_loads AS
SELECT DISTINCT o.resource_key, o.hour,
    clip_pct(o.cpu_avg_pct::REAL) IS DISTINCT FROM clip_pct(u.cpu_avg_pct) AS is_cpu,
    clip_pct(o.gpu_avg_pct::REAL) IS DISTINCT FROM clip_pct(u.gpu_avg_pct) AS is_gpu
FROM {offered} o LEFT JOIN utilisation u ON u.resource_key = o.resource_key AND u.hour = o.hour
    AND u.hour >= $first AND u.hour <= $last
WHERE is_cpu OR is_gpu
"""

# Later hours of the same machines. An accelerator that was never watched has its default load
# without an entry of its own.
_LATER = f"""
WITH later AS (
    SELECT k.resource_key, v.region, f.hour
    FROM utilisation_filled f JOIN instances v USING (version_key)
    JOIN resources k ON k.resource_id = v.instance_id
    WHERE f.hour >= $first + INTERVAL 7 DAY AND f.hour <= $last + INTERVAL {_OWN} DAY
      AND k.resource_key IN (SELECT resource_key FROM changed_loads)
    UNION ALL
    SELECT u.resource_key, v.region, u.hour
    FROM utilisation u JOIN resources k USING (resource_key)
    JOIN instances v ON v.instance_id = k.resource_id
    WHERE u.hour >= $first + INTERVAL 7 DAY AND u.hour <= $last + INTERVAL {_OWN} DAY
      AND u.resource_key IN (SELECT resource_key FROM changed_loads WHERE is_gpu)
      AND u.gpu_avg_pct IS NULL)
SELECT region, hour
FROM (SELECT *, unnest(generate_series(hour - INTERVAL {_OWN} DAY, hour - INTERVAL 7 DAY,
                                       INTERVAL 7 DAY)) AS past_hour FROM later)
WHERE (resource_key, past_hour) IN (SELECT (resource_key, hour) FROM changed_loads)
"""

_SPAN_LOADS = """(
    SELECT u.resource_key, u.hour FROM changed c JOIN resources k ON k.resource_id = c.instance_id
    JOIN utilisation u ON u.resource_key = k.resource_key
        AND u.hour + INTERVAL 1 HOUR > c.stale_from AND u.hour < c.stale_to
    WHERE u.hour >= $first AND u.hour <= $last AND u.cpu_avg_pct IS NOT NULL)"""

_SPAN_HOURS = """
INSERT INTO stale_hours
SELECT DISTINCT c.region, h.hour FROM changed c JOIN ledger_hours() h
    ON h.hour < c.stale_to AND h.hour + INTERVAL 1 HOUR > c.stale_from
WHERE c.stale_from < c.stale_to
"""

# The hours of changed spans, as far as any are filled in.
_CHANGED_SPAN = """
SELECT min(hour), max(hour) FROM utilisation_filled
WHERE utilisation_tier > 2 AND hour + INTERVAL 1 HOUR > (SELECT min(stale_from) FROM changed)
  AND hour < (SELECT max(stale_to) FROM changed)
"""

# Hours and groups whose median may change, where a member asks for it.
_MEDIANS = """
CREATE OR REPLACE TEMP TABLE changed_medians AS
SELECT DISTINCT l.hour, v.asg_name, v.service_tag, v.instance_type
FROM {loads} l JOIN resources k USING (resource_key)
JOIN instances v ON v.instance_id = k.resource_id AND v.state = 'running'
    AND v.valid_from < l.hour + INTERVAL 1 HOUR AND coalesce(v.valid_to > l.hour, true)
WHERE l.hour IN (
    SELECT hour FROM utilisation_filled
    WHERE hour >= $first AND hour <= $last AND utilisation_tier > 2)
"""
_ASKS_ONE_OF_THEM = " OR ".join(
    f"(f.hour, v.{group}) IN ("
    f"SELECT (hour, {group}) FROM changed_medians WHERE {group} IS NOT NULL)"
    for group in ("asg_name", "service_tag", "instance_type")
)
_PEERS = f"""
SELECT v.region, f.hour FROM utilisation_filled f JOIN instances v USING (version_key)
WHERE f.hour >= $first AND f.hour <= $last AND f.utilisation_tier > 2 AND ({_ASKS_ONE_OF_THEM})
"""

_QUEUE = """
INSERT INTO stale_hours
SELECT DISTINCT region, hour FROM ({reached}) SEMI JOIN ledger_hours() USING (hour)
WHERE hour::DATE NOT IN (SELECT "day" FROM rolled_days)
"""

# Nearly all writes are of the newest hours, from which nothing was filled in yet.
_IS_REACHED = f"""
SELECT EXISTS (FROM changed_loads) AND EXISTS (
        FROM utilisation_filled WHERE hour >= $first AND hour <= $last + INTERVAL {_OWN} DAY)
    OR EXISTS (FROM changed_loads WHERE is_gpu)
"""


def queue_filled(cursor: duckdb.DuckDBPyConnection, offered: str) -> None:
    """Queue the hours filled in from loads that are about to change.

    Those that change are left in the temp table ``changed_loads`` (resource_key, hour).

    Parameters
    ----------
    offered : str
        A table of loads (resource_key, hour, cpu_avg_pct, gpu_avg_pct) that are not written yet.
    """
    first, last = cursor.execute(f"SELECT min(hour), max(hour) FROM {offered}").fetchall()[0]
    if first is None:
        return
    span = {"first": first, "last": last}
    cursor.execute(_CHANGED.format(offered=offered), span)
    if cursor.execute(_IS_REACHED, span).fetchall()[0][0]:
        cursor.execute(_QUEUE.format(reached=_LATER), span)
        _queue_peers(cursor, "(FROM changed_loads WHERE is_cpu)", span)


def queue_spans(cursor: duckdb.DuckDBPyConnection) -> None:
    """Queue the hours of the spans in the temp table ``changed`` (region, stale_from, stale_to)."""
    cursor.execute(_SPAN_HOURS)


def queue_peers(cursor: duckdb.DuckDBPyConnection) -> None:
    """Queue the hours filled in from the peers that machines are, as their spans say now.

    To be called before and after the spans change that the temp table ``changed`` (instance_id,
    stale_from, stale_to) names: they leave their old peers and join new ones.
    """
    first, last = cursor.execute(_CHANGED_SPAN).fetchall()[0]
    if first is not None:
        _queue_peers(cursor, _SPAN_LOADS, {"first": first, "last": last})


def _queue_peers(cursor: duckdb.DuckDBPyConnection, loads: str, span: dict[str, object]) -> None:
    cursor.execute(_MEDIANS.format(loads=loads), span)
    cursor.execute(_QUEUE.format(reached=_PEERS), span)
