"""Writes of what live sources add: costs and their cuts, prices, AWS's own figures, latency."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from spectra.insight.allocation import UNALLOCATED
from spectra.store.tags import TagRules
from spectra.store.writes import DEFAULT_RULES, mark_stale, require_aware, upsert_facts

if TYPE_CHECKING:
    import duckdb

    from spectra.store.database import Store

# Tables that are small and have a primary key.
KEYED_TABLES = (
    "autoscaling_groups",
    "provider_emissions",
    "power_mix",
    "provider_forecasts",
    "latency",
)


def write_rows(store: Store, table: str, frame: pd.DataFrame) -> int:
    """Replace or add the rows of a small table by its primary key; returns their number."""
    if table not in KEYED_TABLES:
        raise ValueError(f"not a table of its own rows: {table}")
    if frame.empty:
        return 0
    with store.write() as cursor:
        _replace(cursor, table, frame)
    return len(frame)


def write_findings(store: Store, place: tuple[str, str], frame: pd.DataFrame) -> int:
    """Write what AWS says of the instances of an account's region now: what it says no more goes.

    Parameters
    ----------
    place : (account_id, region)
        Answered whole by the frame, which may be empty.
    """
    with store.write() as cursor:
        cursor.execute(
            "DELETE FROM optimizer_findings WHERE account_id = $account AND region = $region "
            "AND NOT list_contains($told, instance_id)",
            {"account": place[0], "region": place[1], "told": list(frame["instance_id"])},
        )
        _replace(cursor, "optimizer_findings", frame)
    return len(frame)


def write_provider_costs(store: Store, frame: pd.DataFrame, rules: TagRules = DEFAULT_RULES) -> int:
    """Write daily costs that the provider has already cut by team; their team is folded.

    The days of the frame are replaced whole for its account and source: a group that a later
    answer no longer has is gone.
    """
    if frame.empty:
        return 0
    # The key of a cost has no team, as elsewhere it follows from the resource: here it stands in.
    rows = frame.assign(
        team=[rules.value(team) or UNALLOCATED for team in frame["team"]],
        environment=UNALLOCATED,
        resource_id=[f"team:{rules.value(team)}" for team in frame["team"]],
    )
    sums = ["billed_cost_usd", "effective_cost_usd", "list_cost_usd"]
    keys = [column for column in rows.columns if column not in sums]
    rows = rows.groupby(keys, as_index=False, sort=False)[sums].sum(min_count=1)
    with store.write() as cursor:
        _drop_days(cursor, "costs", rows)
        upsert_facts(cursor, "costs", rows)
    return len(rows)


def write_resource_costs(store: Store, frame: pd.DataFrame) -> int:
    """Write costs of machines; the days of the frame are replaced whole for its account."""
    if frame.empty:
        return 0
    with store.write() as cursor:
        _drop_days(cursor, "resource_costs", frame)
        cursor.register("incoming", frame)
        cursor.execute("INSERT INTO resource_costs BY NAME SELECT * FROM incoming")
        cursor.unregister("incoming")
    return len(frame)


def write_prices(store: Store, frame: pd.DataFrame) -> int:
    """Write list prices; hours of the types whose price changed are queued for their cost."""
    if frame.empty:
        return 0
    with store.write() as cursor:
        cursor.register("offered", frame)
        cursor.execute(
            """
            CREATE OR REPLACE TEMP TABLE changed_prices AS
            SELECT o.* FROM offered o LEFT JOIN prices p USING (instance_type, region)
            WHERE o.usd_per_hour IS DISTINCT FROM p.usd_per_hour
            """
        )
        cursor.unregister("offered")
        mark_stale(
            cursor,
            """
            SELECT DISTINCT i.region, h.hour FROM ledger_hours() h
            JOIN instances i ON i.valid_from < h.hour + INTERVAL 1 HOUR
                AND coalesce(i.valid_to > h.hour, true)
            SEMI JOIN changed_prices c
                ON c.instance_type = i.instance_type AND c.region = i.region
            """,
        )
        _replace(cursor, "prices", frame)
    return len(frame)


def write_grid_shares(store: Store, frame: pd.DataFrame) -> None:
    """Add low-carbon and renewable shares [%] to hours that are there (zone, hour, source)."""
    if frame.empty:
        return
    require_aware(frame, "hour")
    with store.write() as cursor:
        cursor.register("offered", frame)
        cursor.execute(
            """
            UPDATE intensities t
            SET low_carbon_pct = o.low_carbon_pct, renewable_pct = o.renewable_pct
            FROM offered o
            WHERE t.zone = o.zone AND t.hour = o.hour AND t.source = 'electricity_maps'
            """
        )
        cursor.unregister("offered")


def _replace(cursor: duckdb.DuckDBPyConnection, table: str, frame: pd.DataFrame) -> None:
    cursor.register("incoming", frame)
    cursor.execute(f"INSERT OR REPLACE INTO {table} BY NAME SELECT * FROM incoming")
    cursor.unregister("incoming")


def _drop_days(
    cursor: duckdb.DuckDBPyConnection, table: str, rows: pd.DataFrame, *more: str
) -> None:
    """Delete what the same account and source said of the days of `rows`."""
    columns = ["day", "account_id", "source", *more]
    cursor.register("told", rows[columns].drop_duplicates())
    matches = " AND ".join(f't."{column}" = told."{column}"' for column in columns)
    cursor.execute(f"DELETE FROM {table} t USING told WHERE {matches}")
    cursor.unregister("told")
