"""Read queries over the fleet itself: its history, what runs where, what is not yet known of it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, Literal

import pandas as pd

from spectra.store.database import Store
from spectra.store.lasting import GONE
from spectra.store.selection import Selection

_DERIVED = {
    "instances": "version_key, team, environment, service_tag, criticality",
    "volumes": "team, environment",
}


# Since when machines are stopped, or were until they went: the first span after the last one in
# another state, for a new owner is no new stop.
STOPPED_SINCE = f"""
    SELECT instance_id, min(valid_from) FILTER (state = 'stopped' AND valid_from >=
        coalesce(up_until, valid_from)) AS since
    FROM (SELECT *, max(valid_to) FILTER (state NOT IN {("stopped", *GONE)})
              OVER (PARTITION BY instance_id) AS up_until FROM instances)
    GROUP BY instance_id
"""

# When AWS was first asked for the fleet of an account and region, its scope.
FIRST_LISTED = """
    SELECT scope, min(started_at) AS at FROM fetch_log
    WHERE dataset = 'inventory' AND status = 'ok' GROUP BY scope
"""

# A run that ended unseen, before a restart or a stop, counts up to when it was listed last. Whole
# hours between then and what came next that have a load prove more of it; a row of them that does
# not begin where it ended was a run of its own.
_PROVEN = f"""
    WITH unseen AS (
        SELECT *, lead(valid_from) OVER spans AS until FROM instances
        WINDOW spans AS (PARTITION BY instance_id ORDER BY valid_from)
        QUALIFY state = 'running' AND valid_to + INTERVAL 1 HOUR <= until
            AND (lead(state) OVER spans, lead(launched_at) OVER spans) IS DISTINCT FROM
                (state, launched_at)),
    loads AS (
        SELECT version_key, hour,
            hour - to_hours(row_number() OVER (PARTITION BY version_key ORDER BY hour)) AS run
        FROM unseen JOIN resources ON resource_id = instance_id
        JOIN utilisation USING (resource_key)
        WHERE hour >= valid_to AND hour + INTERVAL 1 HOUR <= until AND cpu_avg_pct IS NOT NULL
            AND hour >= (SELECT min(valid_to) FROM unseen)),
    runs AS (
        SELECT version_key, min(hour) AS first, max(hour) + INTERVAL 1 HOUR AS last
        FROM loads GROUP BY version_key, run)
    SELECT unseen.* EXCLUDE ({_DERIVED["instances"]}, until, first, last, goes_on) REPLACE (
        CASE WHEN goes_on THEN valid_from ELSE first END AS valid_from, last AS valid_to,
        CASE WHEN goes_on THEN launched_at ELSE first END AS launched_at)
    FROM (SELECT *, first < valid_to + INTERVAL 1 HOUR AS goes_on
          FROM unseen JOIN runs USING (version_key)) AS unseen
"""


def history(store: Store, table: Literal["instances", "volumes"]) -> pd.DataFrame:
    """All spans as the tidy frame they were written from."""
    return store.frame(f"SELECT * EXCLUDE ({_DERIVED[table]}) FROM {table}")


def open_spans(
    store: Store, table: Literal["instances", "volumes"], account_id: str, region: str
) -> pd.DataFrame:
    """Spans without an end in one region of an account, as the tidy frame."""
    return store.frame(
        f"SELECT * EXCLUDE ({_DERIVED[table]}) FROM {table} "
        "WHERE valid_to IS NULL AND account_id = ? AND region = ?",
        [account_id, region],
    )


def proven_runs(store: Store) -> pd.DataFrame:
    """Running spans that loads prove beyond what listings saw: tidy rows, new and changed ones."""
    return store.frame(_PROVEN)


def open_places(store: Store) -> list[tuple[str, str]]:
    """Accounts and regions that have spans without an end."""
    open_ = "SELECT account_id, region FROM {} WHERE valid_to IS NULL"
    return store.cursor().execute(
        f"{open_.format('instances')} UNION {open_.format('volumes')} ORDER BY ALL"
    ).fetchall()  # fmt: skip


def known_ids(
    store: Store, table: Literal["instances", "volumes"], account_id: str, region: str
) -> set[str]:
    """Instances or volumes of a region that have any span."""
    frame = store.frame(
        f"SELECT DISTINCT {table[:-1]}_id AS id FROM {table} WHERE account_id = ? AND region = ?",
        [account_id, region],
    )
    return set(frame["id"])


def present(
    store: Store, table: Literal["instances", "volumes"], moment: datetime
) -> list[dict[str, Any]]:
    """Spans that hold at a moment, by name and ID.

    Instances come with ``volume_ids``, volumes with the ``availability_zone`` of their instance.
    """
    holds = "valid_from <= $moment AND coalesce(valid_to > $moment, true)"
    queries = {
        "instances": f"""
            SELECT i.*, d.volume_ids FROM instances i LEFT JOIN (
                SELECT instance_id, list(volume_id ORDER BY volume_id) AS volume_ids
                FROM volumes WHERE {holds} GROUP BY instance_id) d USING (instance_id)
            WHERE {holds} ORDER BY name, instance_id""",
        "volumes": f"""
            SELECT v.*, i.availability_zone FROM volumes v LEFT JOIN (
                SELECT instance_id, availability_zone FROM instances WHERE {holds}) i
                USING (instance_id)
            WHERE {holds} ORDER BY volume_id""",
    }
    cursor = store.cursor().execute(queries[table], {"moment": moment})
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def types_in(store: Store, account_id: str, region: str) -> tuple[str, ...]:
    """Instance types that a region of an account has now."""
    frame = store.frame(
        "SELECT DISTINCT instance_type FROM instances "
        "WHERE valid_to IS NULL AND account_id = ? AND region = ? ORDER BY ALL",
        [account_id, region],
    )
    return tuple(frame["instance_type"])


def on_dedicated_hosts(store: Store, selection: Selection) -> int:
    """Instances that ran on a dedicated host in the period."""
    row = store.row(
        f"""
        SELECT count(DISTINCT instance_id) FROM instances
        WHERE tenancy = 'host' AND state = 'running' AND valid_from < $end
            AND coalesce(valid_to > $start, true) AND {selection.sql}
        """,
        selection.parameters,
    )
    return int(row[0]) if row else 0


def unpriced_types(store: Store, types: Iterable[str], region: str) -> list[str]:
    """Those of `types` that AWS itself has not priced in a region."""
    known = store.frame(
        "SELECT instance_type FROM prices WHERE region = ? AND source = 'aws_pricing'", [region]
    )
    return sorted(set(types) - set(known["instance_type"]))


def provisional_since(store: Store, account_id: str, start: date, end: date) -> date | None:
    """The first day of [start, end) whose costs of an account were not final when last read."""
    row = store.row(
        """
        SELECT min("day") FROM costs WHERE source = 'aws_cost_explorer' AND is_provisional
            AND account_id = ? AND "day" >= ? AND "day" < ?
        """,
        [account_id, start, end],
    )
    return row[0] if row else None


def ran_between(
    store: Store, account_id: str, region: str, start: datetime, end: datetime
) -> pd.DataFrame:
    """Instances that ran at any time of [start, end), but for days whose sums of them are final.

    Columns instance_id, instance_type (the last one), first_hour and end_hour (their running
    hours within the span, the end exclusive), asked_until (how far CloudWatch was asked for them).
    """
    return store.frame(
        """
        WITH ran AS (
            FROM instances
            WHERE account_id = $account_id AND region = $region AND state = 'running'
                AND valid_from < $end AND coalesce(valid_to > $start, true)),
        final AS (
            SELECT resource_id, (max("day") + 1)::TIMESTAMPTZ AS final_until
            FROM daily_sums SEMI JOIN rolled_days USING ("day")
            JOIN emission_items USING (item_key)
            WHERE "day" >= $start::DATE AND resource_id IN (SELECT instance_id FROM ran)
            GROUP BY resource_id)
        SELECT instance_id, arg_max(instance_type, valid_from) AS instance_type,
            date_trunc('hour', greatest(min(valid_from), $start, any_value(final_until)))
                AS first_hour,
            date_trunc('hour', CASE WHEN bool_or(valid_to IS NULL) THEN $end
                ELSE least(max(valid_to) + INTERVAL '0:59:59.999999', $end) END) AS end_hour,
            CASE WHEN any_value(asked_until) IS NOT NULL
                THEN least(any_value(asked_until), $end) END AS asked_until
        FROM ran LEFT JOIN telemetry_asked USING (instance_id)
        LEFT JOIN final ON resource_id = instance_id
        GROUP BY instance_id ORDER BY instance_id
        """,
        {"account_id": account_id, "region": region, "start": start, "end": end},
    )


def note_asked(store: Store, instance_ids: Iterable[str], until: datetime) -> None:
    """Keep that CloudWatch was asked for instances up to a moment."""
    with store.write(is_fact=False) as cursor:
        cursor.execute(
            "INSERT OR REPLACE INTO telemetry_asked SELECT unnest($ids), $until",
            {"ids": list(instance_ids), "until": until},
        )


def tag_keys(store: Store) -> pd.DataFrame:
    """Tag keys of the present fleet: tag_key, resource_count, examples (list of a few values)."""
    return store.frame(
        """
        WITH present AS (
            SELECT tags FROM instances WHERE valid_to IS NULL
            UNION ALL SELECT tags FROM volumes WHERE valid_to IS NULL),
        pairs AS (SELECT unnest(map_entries(tags::JSON::MAP(VARCHAR, VARCHAR))) AS tag FROM present)
        SELECT tag.key AS tag_key, count(*) AS resource_count,
            list_sort(list(DISTINCT tag.value))[:4] AS examples
        FROM pairs GROUP BY tag_key ORDER BY resource_count DESC, tag_key
        """
    )
