"""What was really paid for a machine on a day, whichever source tells it.

The demo company's bill names every resource. Cost Explorer tells costs of machines apart from the
bill, on request and of the last fortnight; a day that was read before all of it had come in is not
known yet.
"""

from __future__ import annotations

SETTLED_DAYS = 2
# Rows of a bill that were read when all of their day had come in; the demo company's always have.
SETTLED = f"""(source = 'demo'
    OR fetched_at >= "day"::TIMESTAMPTZ + INTERVAL {1 + SETTLED_DAYS} DAY)"""

# Columns resource_id, "day", purchase_option, usd, and list_usd where the source states one. No
# resource has rows of both kinds.
PAID = f"""
SELECT resource_id, "day", purchase_option, effective_cost_usd AS usd, list_cost_usd AS list_usd
FROM costs WHERE effective_cost_usd IS NOT NULL
UNION ALL
SELECT resource_id, "day", purchase_option, effective_cost_usd, NULL FROM resource_costs
WHERE effective_cost_usd IS NOT NULL AND {SETTLED}
"""


def shares(days: int) -> str:
    """Named queries, the last of them ``paid``: which share of its list price a machine costs.

    Columns resource_id, purchase_option, paid_share [1]; of the machines of a table ``members`` on
    the last so many days before ``$end``, as each was bought on its last day.
    """
    return f"""
bill AS (
    SELECT * FROM ({PAID})
    WHERE "day" >= $end::DATE - {days} AND "day" < $end::DATE
        AND purchase_option IS NOT NULL AND resource_id IN (SELECT instance_id FROM members)),
-- A bill without list prices: those of the hours that the ledger knows of the same whole days.
listed AS (
    SELECT resource_id, "day", sum(list_cost_usd) AS list_usd FROM emissions_daily
    WHERE "day" >= $end::DATE - {days} AND "day" < $end::DATE
        AND "day"::TIMESTAMPTZ >= (SELECT first_hour FROM ledger)
        AND service = 'Amazon EC2' AND resource_id IN (SELECT instance_id FROM members)
    GROUP BY ALL),
paid_days AS (
    SELECT * FROM bill WHERE list_usd IS NOT NULL
    UNION ALL BY NAME
    SELECT resource_id, "day", arg_max(purchase_option, usd) AS purchase_option, sum(usd) AS usd,
        any_value(listed.list_usd) AS list_usd
    FROM bill JOIN listed USING (resource_id, "day") WHERE bill.list_usd IS NULL GROUP BY ALL),
-- By the option of its last day, the greater part where there are several.
paid AS (
    SELECT DISTINCT ON (resource_id) resource_id, purchase_option,
        sum(usd) / sum(list_usd) AS paid_share
    FROM paid_days WHERE list_usd > 0
    GROUP BY resource_id, purchase_option
    ORDER BY resource_id, max("day") DESC, sum(list_usd) DESC, purchase_option)
"""
