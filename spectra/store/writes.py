"""Bulk writes of facts; each marks, in its transaction, the hours whose emissions it changes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import pandas as pd

from spectra.errors import StoreError
from spectra.insight.allocation import UNALLOCATED
from spectra.store import reach
from spectra.store.intensities import resolve_zones
from spectra.store.owners import with_owners
from spectra.store.tags import TagRules

if TYPE_CHECKING:
    import duckdb

    from spectra.catalog import Catalog
    from spectra.store.database import Store

DEFAULT_RULES = TagRules()

# What an hour's emissions or their sums depend on.
_COUNTED = {"account_id", "region", "instance_type", "state", "asg_name", "team", "environment",
            "service_tag", "volume_type", "size_gib"}  # fmt: skip

_KEYS = {
    "intensities": ["zone", "hour", "source"],
    "utilisation": ["resource_key", "hour"],
    "costs": ["day", "account_id", "region", "service", "resource_id", "purchase_option"],
}


def upsert_facts(cursor: duckdb.DuckDBPyConnection, table: str, frame: pd.DataFrame) -> None:
    """Replace the rows of a large fact table that have the keys of `frame`, and add the rest.

    Delete and insert of whole frames, without an index: the time span of the frame lets DuckDB
    skip all row groups outside it.
    """
    keys = _KEYS[table]
    time = '"day"' if "day" in keys else "hour"
    rows = frame.drop_duplicates(keys, keep="last")
    cursor.register("incoming", rows)
    matches = " AND ".join(f't."{key}" = incoming."{key}"' for key in keys)
    cursor.execute(
        f"DELETE FROM {table} t USING incoming WHERE {matches} "
        f"AND t.{time} BETWEEN (SELECT min({time}) FROM incoming) "
        f"AND (SELECT max({time}) FROM incoming)"
    )
    cursor.execute(f"INSERT INTO {table} BY NAME SELECT * FROM incoming")
    cursor.unregister("incoming")


def write_intensities(
    store: Store,
    frame: pd.DataFrame,
    catalog: Catalog,
    *,
    replace_years: tuple[tuple[str, int], ...] = (),
) -> int:
    """Write grid intensities and refill the hourly ladder around them.

    Parameters
    ----------
    frame : DataFrame
        The tidy ``intensities`` frame; a row older than the stored one (by ``updated_at``) and a
        row that says the same are left out.
    replace_years : tuple of (zone, year)
        Zone-years that the frame states whole: what its source said of other hours is removed.

    Returns
    -------
    int
        Number of rows that were new, changed or removed.
    """
    require_aware(frame, "hour")
    with store.write() as cursor:
        removed = [_drop_unlisted(cursor, frame, zone, year) for zone, year in replace_years]
        changed = _changed_intensities(cursor, frame)
        touched = pd.concat([changed[["zone", "hour"]], *removed], ignore_index=True)
        if touched.empty:
            return 0
        if len(changed):
            upsert_facts(cursor, "intensities", changed)
        spans = touched.groupby("zone")["hour"].agg(["min", "max"])
        resolve_zones(
            cursor, catalog, {str(zone): (row["min"], row["max"]) for zone, row in spans.iterrows()}
        )
    return len(touched)


def _drop_unlisted(
    cursor: duckdb.DuckDBPyConnection, frame: pd.DataFrame, zone: str, year: int
) -> pd.DataFrame:
    """Delete a source's hours of a zone-year that its newer statement no longer has."""
    source = str(frame["source"].iloc[0])
    listed = frame.loc[frame["zone"] == zone, ["hour"]]
    cursor.register("listed", listed)
    gone = cursor.execute(
        """
        DELETE FROM intensities
        WHERE zone = $zone AND source = $source AND year(hour) = $year
          AND hour NOT IN (SELECT hour FROM listed)
        RETURNING zone, hour
        """,
        {"zone": zone, "source": source, "year": year},
    ).df()
    cursor.unregister("listed")
    return gone


def _changed_intensities(cursor: duckdb.DuckDBPyConnection, frame: pd.DataFrame) -> pd.DataFrame:
    cursor.register("incoming", frame)
    changed = cursor.execute(
        """
        SELECT incoming.* REPLACE (
            coalesce(incoming.low_carbon_pct, t.low_carbon_pct) AS low_carbon_pct,
            coalesce(incoming.renewable_pct, t.renewable_pct) AS renewable_pct)
        FROM incoming LEFT JOIN intensities t
            ON t.zone = incoming.zone AND t.hour = incoming.hour AND t.source = incoming.source
        WHERE t.zone IS NULL OR (
            coalesce(incoming.updated_at >= t.updated_at, true)
            AND (t.intensity_direct_g_per_kwh, t.intensity_lifecycle_g_per_kwh, t.is_estimated,
                 t.low_carbon_pct, t.renewable_pct)
                IS DISTINCT FROM
                (incoming.intensity_direct_g_per_kwh, incoming.intensity_lifecycle_g_per_kwh,
                 incoming.is_estimated, coalesce(incoming.low_carbon_pct, t.low_carbon_pct),
                 coalesce(incoming.renewable_pct, t.renewable_pct)))
        """
    ).df()
    cursor.unregister("incoming")
    return changed


def write_instances(store: Store, frame: pd.DataFrame, rules: TagRules = DEFAULT_RULES) -> int:
    """Write spans of the fleet's history; returns the number of new or changed spans.

    A span keeps its ``version_key`` when only its end or its tags change.
    """
    rows = rules.with_columns(frame, "team", "environment", "service_tag", "criticality")
    with store.write() as cursor:
        count = write_spans(cursor, "instances", "instance_id", rows)
        _key_resources(cursor, "SELECT DISTINCT instance_id FROM changed")
    return count


def write_volumes(store: Store, frame: pd.DataFrame, rules: TagRules = DEFAULT_RULES) -> int:
    """Write spans of volumes; an untagged volume belongs to whom its instance belonged to then."""
    with store.write() as cursor:
        return write_spans(cursor, "volumes", "volume_id", with_owners(cursor, frame, rules))


def write_spans(
    cursor: duckdb.DuckDBPyConnection, table: str, id_column: str, frame: pd.DataFrame
) -> int:
    """Upsert history rows on (id, valid_from) and queue the hours whose emissions change.

    A span that only ends differently changes from the earlier of its two ends on; a name or a tag
    that nothing is summed by changes no hour.
    """
    require_aware(frame, "valid_from")
    columns = [c for c in frame.columns if c not in (id_column, "valid_from", "fetched_at")]
    cursor.register("incoming", frame)
    cursor.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE changed AS
        WITH pairs AS (
            SELECT incoming.*, t.valid_from IS NULL AS is_new,
                coalesce(incoming.valid_to, 'infinity'::TIMESTAMPTZ) AS new_end,
                CASE WHEN is_new THEN incoming.valid_from
                     ELSE coalesce(t.valid_to, 'infinity'::TIMESTAMPTZ) END AS old_end,
                is_new OR {_differ(c for c in columns if c in _COUNTED)} AS counts_anew
            FROM incoming LEFT JOIN {table} t
                ON t.{id_column} = incoming.{id_column} AND t.valid_from = incoming.valid_from
            WHERE is_new OR {_differ(columns)})
        SELECT * EXCLUDE (is_new, new_end, old_end, counts_anew),
            CASE WHEN counts_anew THEN valid_from ELSE least(new_end, old_end) END AS stale_from,
            greatest(new_end, old_end) AS stale_to
        FROM pairs
        """
    )
    cursor.unregister("incoming")
    if table == "instances":
        reach.queue_peers(cursor)
    assignments = ", ".join(f"{c} = excluded.{c}" for c in [*columns, "fetched_at"])
    cursor.execute(
        f"INSERT INTO {table} BY NAME SELECT * EXCLUDE (stale_from, stale_to) FROM changed "
        f"ON CONFLICT ({id_column}, valid_from) DO UPDATE SET {assignments}"
    )
    if table == "instances":
        reach.queue_peers(cursor)
    reach.queue_spans(cursor)
    return int(cursor.execute("SELECT count(*) FROM changed").fetchall()[0][0])


def _differ(columns: Iterable[str]) -> str:
    """SQL that is true when a row of `incoming` says something else than the stored one."""
    names = list(columns)
    stored = ", ".join(f"t.{name}" for name in names)
    offered = ", ".join(f"incoming.{name}" for name in names)
    return f"row({stored}) IS DISTINCT FROM row({offered})"


def write_utilisation(store: Store, frame: pd.DataFrame) -> int:
    """Write hourly utilisation; a later value of the same hour replaces the earlier one.

    Hours whose load changes are queued, and those that were filled in from them.
    """
    if frame.empty:
        return 0
    require_aware(frame, "hour")
    with store.write() as cursor:
        cursor.register("offered", frame)
        _key_resources(cursor, "SELECT DISTINCT instance_id FROM offered")
        rows = cursor.execute(
            "SELECT r.resource_key, o.* EXCLUDE (instance_id) FROM offered o "
            "JOIN resources r ON r.resource_id = o.instance_id"
        ).df()
        cursor.register("offered", rows)
        reach.queue_filled(cursor, "offered")
        cursor.unregister("offered")
        mark_stale(
            cursor,
            """
            SELECT DISTINCT i.region, c.hour
            FROM changed_loads c JOIN resources k USING (resource_key)
            JOIN (SELECT DISTINCT instance_id, region FROM instances) i
                ON i.instance_id = k.resource_id
            SEMI JOIN ledger_hours() h ON h.hour = c.hour
            """,
        )
        upsert_facts(cursor, "utilisation", rows)
    return len(rows)


def write_costs(store: Store, frame: pd.DataFrame) -> int:
    """Write daily costs; team and environment follow from the resource's tags of that day."""
    if frame.empty:
        return 0
    with store.write() as cursor:
        cursor.register("offered", frame)
        rows = cursor.execute(
            f"""
            WITH owners AS (
                SELECT instance_id AS resource_id, valid_from, team, environment FROM instances
                UNION ALL
                SELECT volume_id, valid_from, team, environment FROM volumes)
            SELECT o.*, coalesce(w.team, '{UNALLOCATED}') AS team,
                   coalesce(w.environment, '{UNALLOCATED}') AS environment
            FROM offered o ASOF LEFT JOIN owners w
                ON o.resource_id = w.resource_id
                AND o."day"::TIMESTAMP + INTERVAL 1 DAY > w.valid_from::TIMESTAMP
            """
        ).df()
        cursor.unregister("offered")
        upsert_facts(cursor, "costs", rows)
    return len(rows)


def mark_stale(cursor: duckdb.DuckDBPyConnection, select: str) -> None:
    """Queue (region, hour) pairs for recomputation, inside the caller's transaction."""
    cursor.execute(f"INSERT INTO stale_hours {select}")


def _key_resources(cursor: duckdb.DuckDBPyConnection, select_ids: str) -> None:
    cursor.execute(
        f"INSERT INTO resources (resource_id) {select_ids} EXCEPT SELECT resource_id FROM resources"
    )


def require_aware(frame: pd.DataFrame, column: str) -> None:
    """Refuse a column of moments that is not aware UTC."""
    dtype = frame[column].dtype
    if not (isinstance(dtype, pd.DatetimeTZDtype) and str(dtype.tz) == "UTC"):
        raise StoreError(f"Column “{column}” must be timezone-aware UTC, not {dtype}.")
