"""The SQL that reads one month of exported history into the store, in the order it runs.

``{utilisation}``, ``{costs}`` … stand for the files; $low and $high bound the month.
"""

from __future__ import annotations

# Spans that are not here, or that were fetched later than those that are. A resource is one thing
# at a time: what is here and was fetched later cuts a span short, or leaves no room for it; and
# one that went on when it was exported ends there if its region was listed since.
NEWER_SPANS = """
WITH newer AS (
    SELECT f.*, (
            SELECT min(o.valid_from) FROM {table} o
            WHERE o.{id} = f.{id} AND o.valid_from > f.valid_from AND o.fetched_at >= f.fetched_at
        ) AS next_from,
        EXISTS (FROM {table} o WHERE o.account_id = f.account_id AND o.region = f.region
            AND o.fetched_at > $exported_at) AS is_listed_since
    FROM {file} f LEFT JOIN {table} t ON t.{id} = f.{id} AND t.valid_from = f.valid_from
    WHERE (t.{id} IS NULL OR f.fetched_at > t.fetched_at) AND NOT EXISTS (
        FROM {table} o WHERE o.{id} = f.{id} AND o.valid_from < f.valid_from
            AND coalesce(o.valid_to > f.valid_from, true) AND o.fetched_at >= f.fetched_at))
SELECT * EXCLUDE (next_from, is_listed_since) REPLACE (least(next_from,
    CASE WHEN valid_to IS NULL AND is_listed_since THEN greatest($end_hour, fetched_at)
        ELSE valid_to END) AS valid_to)
FROM newer
"""

KNOWN_GRIDS = """
SELECT EXISTS (SELECT 1 FROM intensities WHERE hour >= $low AND hour < $high)
    OR EXISTS (SELECT 1 FROM intensity_hourly WHERE hour >= $low AND hour < $high)
"""
FRESH_GRIDS = {
    "intensities": "INSERT INTO intensities BY NAME SELECT * FROM {intensities}",
    "intensity_hourly": "INSERT INTO intensity_hourly BY NAME SELECT * FROM {intensity_hourly}",
}

# Regions' days whose sums come from the export: those of which there are none.
OFFERED = (
    """
    CREATE OR REPLACE TEMP TABLE offered AS
    SELECT DISTINCT region, hour::DATE AS "day" FROM {emissions_hourly}
    EXCEPT SELECT DISTINCT k.region, e.hour::DATE FROM hourly_sums e
        JOIN emission_groups k USING (group_key) WHERE e.hour >= $low AND e.hour < $high
    """,
)

# The ledger covers the month too. Hours between it and what was accounted for before are queued.
EXTEND = (
    """
    CREATE OR REPLACE TEMP TABLE old_ledger AS SELECT * FROM ledger
    """,
    """
    CREATE OR REPLACE TEMP TABLE new_ledger AS
    SELECT least(f.first_hour, coalesce(l.first_hour, f.first_hour)) AS first_hour,
        greatest(f.end_hour, coalesce(l.end_hour, f.end_hour)) AS end_hour
    FROM (SELECT min(hour) AS first_hour, max(hour) + INTERVAL 1 HOUR AS end_hour
          FROM {emissions_hourly}) f LEFT JOIN ledger l ON true
    """,
    "DELETE FROM ledger",
    "INSERT INTO ledger SELECT * FROM new_ledger",
    """
    INSERT INTO stale_hours
    SELECT r.region, h.hour FROM ledger_hours() h, old_ledger o,
        (SELECT region FROM instances UNION SELECT region FROM volumes) r
    WHERE (h.hour < o.first_hour OR h.hour >= o.end_hour)
        AND (r.region, h.hour::DATE) NOT IN (SELECT (region, "day") FROM offered)
    """,
)

# Rows that are not here, or were fetched later.
NEWER_LOADS = (
    """
    INSERT INTO resources (resource_id)
    SELECT DISTINCT resource_id FROM {utilisation} EXCEPT SELECT resource_id FROM resources
    """,
    """
    CREATE OR REPLACE TEMP TABLE newer AS
    SELECT k.resource_key, f.* EXCLUDE (resource_id)
    FROM {utilisation} f JOIN resources k USING (resource_id)
    LEFT JOIN (SELECT resource_key, hour, fetched_at FROM utilisation
               WHERE hour >= $low AND hour < $high) u
        ON u.resource_key = k.resource_key AND u.hour = f.hour
    WHERE u.resource_key IS NULL OR f.fetched_at > u.fetched_at
    """,
)

# Their hours are computed again, unless their sums come along, or were rolled up from just these.
UTILISATION = (
    """
    DELETE FROM utilisation u USING newer n
    WHERE u.resource_key = n.resource_key AND u.hour = n.hour AND u.hour >= $low AND u.hour < $high
    """,
    "INSERT INTO utilisation BY NAME SELECT * FROM newer",
    """
    INSERT INTO stale_hours SELECT DISTINCT i.region, n.hour
    FROM (SELECT DISTINCT resource_key, hour FROM newer) n JOIN resources k USING (resource_key)
    JOIN (SELECT DISTINCT instance_id, region FROM instances) i ON i.instance_id = k.resource_id
    SEMI JOIN ledger_hours() h ON h.hour = n.hour
    ANTI JOIN offered o ON o.region = i.region AND o."day" = n.hour::DATE
    ANTI JOIN rolled_days d ON d."day" = n.hour::DATE AND d.changed_at IS NULL
    """,
    "DROP TABLE newer",
)

# A day of an account is known as a whole: a group that a later answer has not is gone.
COSTS = (
    """
    CREATE OR REPLACE TEMP TABLE newer AS
    SELECT f.* FROM {costs} f LEFT JOIN (
        SELECT "day", account_id, source, max(fetched_at) AS known_at FROM costs
        WHERE "day" >= $low::DATE AND "day" < $high::DATE GROUP BY ALL) t
        USING ("day", account_id, source)
    QUALIFY known_at IS NULL
        OR max(f.fetched_at) OVER (PARTITION BY "day", account_id, source) > known_at
    """,
    """
    DELETE FROM costs t USING (SELECT DISTINCT "day", account_id, source FROM newer) f
    WHERE t."day" = f."day" AND t.account_id = f.account_id AND t.source = f.source
        AND t."day" >= $low::DATE AND t."day" < $high::DATE
    """,
    "INSERT INTO costs BY NAME SELECT * FROM newer",
    "DROP TABLE newer",
)

PROVIDER = (
    """
    INSERT OR REPLACE INTO provider_emissions BY NAME
    SELECT f.* FROM {provider_emissions} f
    LEFT JOIN provider_emissions t USING ("month", account_id, region, service, emissions_type)
    WHERE (t."month" IS NULL OR f.fetched_at > t.fetched_at)
        -- Older versions wrote down what AWS cannot have meant.
        AND f.emissions_kg BETWEEN 0 AND 1e10
    """,
)

_GROUP = "region, account_id, team, environment, service"
SUMS = (
    f"""
    INSERT INTO emission_groups SELECT nextval('group_keys'), * FROM (
        SELECT {_GROUP} FROM {{emissions_hourly}} UNION SELECT {_GROUP} FROM {{emissions_daily}}
        EXCEPT SELECT {_GROUP} FROM emission_groups)
    """,
    f"""
    INSERT INTO emission_items SELECT nextval('item_keys'), * FROM (
        SELECT group_key, resource_id, resource_type
        FROM {{emissions_daily}} JOIN emission_groups USING ({_GROUP})
        EXCEPT SELECT group_key, resource_id, resource_type FROM emission_items)
    """,
    f"""
    INSERT INTO hourly_sums BY NAME
    SELECT k.group_key, f.* EXCLUDE ({_GROUP})
    FROM {{emissions_hourly}} f JOIN emission_groups k USING ({_GROUP})
    SEMI JOIN offered o ON o.region = f.region AND o."day" = f.hour::DATE
    """,
    f"""
    INSERT INTO daily_sums BY NAME
    SELECT i.item_key, f.* EXCLUDE ({_GROUP}, resource_id, resource_type)
    FROM {{emissions_daily}} f JOIN emission_groups k USING ({_GROUP})
    JOIN emission_items i USING (group_key, resource_id, resource_type)
    SEMI JOIN offered o ON o.region = f.region AND o."day" = f."day"
    """,
    """
    DELETE FROM stale_hours s USING offered o
    WHERE o.region = s.region AND o."day" = s.hour::DATE
    """,
)

# What stood in for hours that were not measured belongs to the sums, and to rolled days.
FILLED = (
    """
    INSERT INTO utilisation_filled BY NAME
    SELECT v.version_key, f.* EXCLUDE (instance_id, valid_from)
    FROM {utilisation_filled} f
    JOIN instances v ON v.instance_id = f.instance_id AND v.valid_from = f.valid_from
    ANTI JOIN (SELECT version_key, hour FROM utilisation_filled
               WHERE hour >= $low AND hour < $high) t
        ON t.version_key = v.version_key AND t.hour = f.hour
    WHERE (v.region, f.hour::DATE) IN (SELECT (region, "day") FROM offered)
        OR f.hour::DATE IN (SELECT "day" FROM rolled_days)
    """,
)

# Days that had no hours where they were exported have none here either.
ROLLED = (
    """
    INSERT OR IGNORE INTO rolled_days BY NAME
    SELECT f.* FROM {rolled_days} f WHERE f."day" IN (SELECT "day" FROM offered)
    """,
)

# Days whose hours are there again are days like any other, but not if only some machines' are:
# those of others would be computed anew from nothing.
UNROLL = (
    """
    DELETE FROM rolled_days WHERE "day" IN (SELECT DISTINCT hour::DATE FROM {utilisation})
        AND "day" NOT IN (
            SELECT d."day" FROM daily_sums d JOIN emission_items USING (item_key)
            ANTI JOIN (
                SELECT DISTINCT resource_id, hour::DATE AS "day"
                FROM utilisation JOIN resources USING (resource_key)
                WHERE hour >= $low AND hour < $high) u USING (resource_id, "day")
            WHERE d."day" >= $low::DATE AND d."day" < $high::DATE
                AND d.cpu_pct IS NOT NULL AND d.measured_utilisation_kwh > 0)
    """,
)
