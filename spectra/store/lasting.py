"""How long what was changed lasts: a machine is changed again, started again, or goes.

A change holds until its machine is next otherwise than it left it. What it saves goes on through
changes that begin where it ended: of two resizes in a row each saves its own step, to the end.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from spectra.store.database import Store
from spectra.store.selection import Selection

GONE = ("terminated", "shutting-down")
# Every instance there ever was, with the unit it belongs to: its group of late, or itself.
UNIT_OF = """
SELECT instance_id AS resource_id, coalesce(
    'asg/' || arg_max(account_id, valid_from) || '/' || arg_max(region, valid_from) || '/'
        || arg_max_null(asg_name, valid_from), instance_id) AS unit_id
FROM instances GROUP BY instance_id
"""
# Every instance as it is or last was, and since when it is gone: AWS lists it for a while after.
PRESENT = f"""
SELECT DISTINCT ON (instance_id) instance_id, instance_type, state,
    CASE WHEN valid_to IS NOT NULL OR state IN {GONE} THEN coalesce(
        max(valid_to) FILTER (state NOT IN {GONE}) OVER (PARTITION BY instance_id),
        valid_to, valid_from) END AS gone_at
FROM instances ORDER BY instance_id, valid_from DESC
"""
# Members of a group may be of several types, so only its going ends its resize. A machine that was
# to stop has stopped for good where it is gone.
_FOUND = f"""
SELECT l.unit_id, l.done_at,
    min(i.valid_from) FILTER (i.valid_from > l.done_at AND CASE l."action"
        WHEN 'stop' THEN i.state = 'running'
        ELSE i.asg_name IS NULL AND i.instance_type <> l.new_type END) AS changed_at,
    CASE WHEN l."action" = 'resize' AND bool_and(i.valid_to IS NOT NULL)
         THEN max(i.valid_to) END AS gone_at
FROM advice_ledger l JOIN ({UNIT_OF}) u USING (unit_id)
JOIN (FROM instances WHERE state NOT IN {GONE}) i
    ON i.instance_id = u.resource_id
GROUP BY l.unit_id, l.done_at, l."action", l.new_type
"""
# The ledger with `held_until` and `saves_until`, NULL where it still does.
LASTING = f"""
WITH held AS (
    SELECT l.*, least(changed_at, gone_at, lead(l.done_at) OVER unit) AS held_until
    FROM advice_ledger l LEFT JOIN ({_FOUND}) f USING (unit_id, done_at)
    WINDOW unit AS (PARTITION BY l.unit_id ORDER BY l.done_at)),
steps AS (
    SELECT *, coalesce(old_type = lag(new_type) OVER unit
        AND done_at < lag(held_until) OVER unit + INTERVAL 1 DAY, false) AS goes_on
    FROM held WINDOW unit AS (PARTITION BY unit_id ORDER BY done_at)),
rows_of AS (
    SELECT *, count(*) FILTER (NOT goes_on) OVER (PARTITION BY unit_id ORDER BY done_at) AS line
    FROM steps)
SELECT * EXCLUDE (goes_on, line),
    last_value(held_until) OVER (PARTITION BY unit_id, line ORDER BY done_at
        ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS saves_until
FROM rows_of
"""


def machines(store: Store, selection: Selection, instance_ids: Sequence[str]) -> pd.DataFrame:
    """Those of some instances that are of a selection's boundary.

    Columns instance_id, name, team, ended_at (NaT while it is there).
    """
    return store.frame(
        f"""
        SELECT instance_id, coalesce(arg_max(nullif(name, ''), valid_from), instance_id) AS name,
            arg_max(team, valid_from) AS team, any_value(ended_at) AS ended_at
        FROM (
            SELECT *, CASE WHEN bool_and(valid_to IS NOT NULL) OVER one
                THEN max(valid_to) OVER one END AS ended_at
            FROM instances WHERE list_contains($ids, instance_id)
                AND state NOT IN {GONE}
            WINDOW one AS (PARTITION BY instance_id))
        WHERE {selection.sql} GROUP BY instance_id ORDER BY instance_id
        """,
        {**selection.filters, "ids": list(instance_ids)},
    )
