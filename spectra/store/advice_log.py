"""Rightsizing advice as kept: the last run, what was decided of it, and what was carried out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import pandas as pd

from spectra.store.database import Store
from spectra.store.fleet_queries import STOPPED_SINCE
from spectra.store.lasting import LASTING, PRESENT, UNIT_OF
from spectra.store.selection import Selection

# Marked by a person and then seen in the inventory within these days is one change.
SAME_CHANGE_DAYS = 30
State = Literal["open", "accepted", "snoozed", "dismissed", "done"]
# What is too small is advised to grow, whatever that saves.
SAVING = ("idle", "over-provisioned")


@dataclass(frozen=True, slots=True)
class Run:
    """When the fleet was last judged, up to which hour, by which rules, factors and method."""

    computed_at: datetime
    data_until: datetime
    rules: str
    factor_set: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person, or SPECTRA on seeing it done, said of a recommendation."""

    unit_id: str
    finding: str
    state: State
    decided_at: datetime
    until: datetime | None = None
    reason: str = ""


# The state of each recommendation now: the last decision on this very finding, unless it lapsed.
# What was called done and is still advised days later was not done, or needs doing again.
_STATES = """
SELECT unit_id, finding, until, reason AS state_reason, decided_at,
    CASE WHEN state = 'snoozed' AND until <= $now THEN 'open'
         WHEN state = 'done' AND decided_at <= $now - INTERVAL 2 DAY THEN 'open'
         ELSE state END AS state
FROM (SELECT DISTINCT ON (unit_id, finding) * FROM advice_events
      ORDER BY unit_id, finding, decided_at DESC)
"""


def last_run(store: Store) -> Run | None:
    """The last run; None before the first."""
    row = store.row(
        "SELECT computed_at, data_until, rules, factor_set, seconds FROM advice_runs "
        "ORDER BY computed_at DESC LIMIT 1"
    )
    return None if row is None else Run(*row)


def keep(store: Store, run: Run, advice: pd.DataFrame, options: pd.DataFrame) -> None:
    """Put a run in the place of the last one."""
    with store.write() as cursor:
        for table, frame in (("advice", advice), ("advice_options", options)):
            cursor.execute(f"DELETE FROM {table}")
            if frame.empty:
                continue
            cursor.register("incoming", frame)
            cursor.execute(f"INSERT INTO {table} BY NAME SELECT * FROM incoming")
            cursor.unregister("incoming")
        cursor.execute("DELETE FROM advice_runs")
        cursor.execute(
            "INSERT INTO advice_runs VALUES (?, ?, ?, ?, ?)",
            [run.computed_at, run.data_until, run.rules, run.factor_set, run.seconds],
        )


def advice(store: Store, now: datetime, selection: Selection | None = None) -> pd.DataFrame:
    """All advice of the last run with its state, the greatest carbon saving first."""
    where = selection.sql if selection else "true"
    return store.frame(
        f"""
        SELECT a.*, s.until, s.state_reason,
            CASE WHEN a."action" IS NOT NULL THEN coalesce(s.state, 'open') END AS state_now
        FROM (SELECT * FROM advice WHERE {where}) a
        LEFT JOIN ({_STATES}) s USING (unit_id, finding)
        ORDER BY a.carbon_g_per_h DESC NULLS LAST, a.name
        """,
        {"now": now, **(selection.filters if selection else {})},
    )


def of_unit(store: Store, unit_id: str, now: datetime) -> dict[str, Any] | None:
    """Everything that is said of a unit; an unknown value is None."""
    frame = store.frame(
        f"""
        SELECT a.*, s.until, s.state_reason,
            CASE WHEN a."action" IS NOT NULL THEN coalesce(s.state, 'open') END AS state_now
        FROM advice a LEFT JOIN ({_STATES}) s USING (unit_id, finding) WHERE unit_id = $unit_id
        """,
        {"now": now, "unit_id": unit_id},
    )
    if frame.empty:
        return None
    row = {str(k): v for k, v in frame.to_dict("records")[0].items()}
    notes = list(row.pop("notes"))
    return {k: None if pd.isna(v) else v for k, v in row.items()} | {"notes": notes}


def options(store: Store, unit_id: str) -> pd.DataFrame:
    """Types that a unit was replayed on: the recommended first, then by carbon saving."""
    return store.frame(
        "SELECT * EXCLUDE (unit_id) FROM advice_options WHERE unit_id = ? "
        "ORDER BY is_best DESC, is_feasible DESC, carbon_g_per_h DESC",
        [unit_id],
    )


def open_savings(
    store: Store, now: datetime, by: Literal["team", "region", "finding", "environment"]
) -> pd.DataFrame:
    """Savings of what is open or accepted, summed: name, count, carbon_g_per_h, USD per hour."""
    return store.frame(
        f"""
        SELECT a.{by} AS name, count(*) AS "count", sum(carbon_g_per_h) AS carbon_g_per_h,
            sum(list_usd_per_h) AS list_usd_per_h, sum(cash_usd_per_h) AS cash_usd_per_h
        FROM advice a LEFT JOIN ({_STATES}) s USING (unit_id, finding)
        WHERE a."action" IS NOT NULL AND coalesce(s.state, 'open') IN ('open', 'accepted')
            AND a.finding IN {SAVING}
        GROUP BY ALL ORDER BY carbon_g_per_h DESC
        """,
        {"now": now},
    )


def alternatives(store: Store, selection: Selection) -> dict[str, dict[str, Any]]:
    """What the best newer and the best Graviton type of each unit would save, by their kind.

    Only types that carry the load, cost less and emit less beyond doubt; count, carbon_g_per_h and
    list_usd_per_h.
    """
    frame = store.frame(
        f"""
        WITH best AS (
            SELECT o.kind, unit_id, max(o.carbon_g_per_h) AS g,
                arg_max(o.list_usd_per_h, o.carbon_g_per_h) AS usd
            FROM advice_options o JOIN (SELECT unit_id FROM advice WHERE {selection.sql})
                USING (unit_id)
            WHERE o.is_feasible AND o.list_usd_per_h > 0 AND o.carbon_low_g_per_h > 0
                AND o.kind IN ('generation', 'graviton')
            GROUP BY ALL)
        SELECT kind, count(*) AS "count", sum(g) AS carbon_g_per_h, sum(usd) AS list_usd_per_h
        FROM best GROUP BY kind
        """,
        selection.filters,
    )
    return {str(kind): dict(part.iloc[0]) for kind, part in frame.groupby("kind")}


def decide(store: Store, decisions: Iterable[Decision]) -> None:
    """Write down decisions; what is done also enters the ledger with what was promised.

    What a person marked so of late leaves it where they decide otherwise and it is still advised.
    """
    with store.write() as cursor:
        for made in decisions:
            cursor.execute(
                "INSERT INTO advice_events VALUES (?, ?, ?, ?, ?, ?)",
                [made.unit_id, made.finding, made.state, made.until, made.reason, made.decided_at],
            )
            since = made.decided_at - timedelta(days=SAME_CHANGE_DAYS)
            cursor.execute(
                "DELETE FROM advice_ledger l USING advice a WHERE l.unit_id = ? AND l.finding = ? "
                "AND a.unit_id = l.unit_id AND l.old_type = a.instance_type AND l.new_type IS NOT "
                "DISTINCT FROM a.target_type AND l.done_at > ? AND (? = 'done' OR how = 'marked')",
                [made.unit_id, made.finding, since, made.state],
            )
            if made.state == "done":
                cursor.execute(
                    """
                    INSERT OR IGNORE INTO advice_ledger
                    SELECT unit_id, name, team, region, finding, "action", instance_type,
                        target_type, ?, ?, now_g_per_h, carbon_g_per_h, carbon_low_g_per_h,
                        carbon_high_g_per_h, list_usd_per_h, cash_usd_per_h
                    FROM advice WHERE unit_id = ? AND finding = ? AND "action" IS NOT NULL
                    """,
                    [made.decided_at, made.reason or "marked", made.unit_id, made.finding],
                )


def take_back(store: Store, unit_id: str, action: str, new_type: str, since: datetime) -> list[str]:
    """Drop a change that was undone from the ledger; gives the findings that it had settled."""
    with store.write() as cursor:
        rows = cursor.execute(
            'DELETE FROM advice_ledger WHERE unit_id = ? AND "action" = ? '
            "AND ? IN ('', new_type) AND done_at >= ? RETURNING finding",
            [unit_id, action, new_type, since],
        ).fetchall()
    return sorted({finding for (finding,) in rows})


def events(store: Store, unit_id: str) -> pd.DataFrame:
    """What was decided of a unit, newest first."""
    return store.frame(
        "SELECT decided_at, finding, state, until, reason FROM advice_events "
        "WHERE unit_id = ? ORDER BY decided_at DESC",
        [unit_id],
    )


def carried_out(store: Store, selection: Selection | None = None) -> pd.DataFrame:
    """The ledger, newest first; with a selection, what was done before its end.

    Each with `held_until`, when its machine was next otherwise than the change left it, and
    `saves_until`, when what it saves ended; NaT where it still does.
    """
    if selection is None:
        return store.frame(f"SELECT * FROM ({LASTING}) ORDER BY done_at DESC")
    return store.frame(
        f"""
        WITH present AS (
            SELECT instance_id AS unit_id, account_id, region, team, environment FROM instances
            UNION SELECT concat_ws('/', 'asg', account_id, region, asg_name), account_id, region,
                team, environment FROM instances WHERE asg_name IS NOT NULL)
        SELECT * FROM ({LASTING}) WHERE done_at < $end AND unit_id IN (
            SELECT unit_id FROM present WHERE {selection.sql})
        ORDER BY done_at DESC
        """,
        {**selection.filters, "end": selection.end},
    )


def realised_stop(
    store: Store, unit_id: str, done_at: datetime, end: datetime
) -> tuple[float, float] | None:
    """What a stop has saved since, per hour of the clock: gCO2e and list USD; None before a day.

    What it emitted and cost before, less the same in the whole days since; NaN without a price.
    """
    row = store.row(
        f"""
        SELECT now_g_per_h - coalesce(g, 0) / hours, list_usd_per_h - coalesce(usd, 0) / hours
        FROM advice_ledger,
            (SELECT sum(scope2_lb_g + upstream_g + td_g + embodied_g) AS g,
                sum(list_cost_usd) AS usd,
                24 * date_diff('day', ($done_at::DATE + 1)::TIMESTAMP, $end::DATE::TIMESTAMP)
                    AS hours
             FROM emissions_daily
             WHERE resource_id IN (SELECT resource_id FROM ({UNIT_OF}) WHERE unit_id = $unit_id)
                AND service = 'Amazon EC2' AND "day" > $done_at::DATE AND "day" < $end::DATE)
        WHERE unit_id = $unit_id AND done_at = $done_at AND hours > 0
        """,
        {"unit_id": unit_id, "done_at": done_at, "end": end},
    )
    if row is None or row[0] is None:
        return None
    return float(row[0]), float("nan") if row[1] is None else float(row[1])


def seen_done(store: Store, now: datetime) -> list[Decision]:
    """Recommendations that the inventory shows as carried out: resized as advised, or gone."""
    rows: list[tuple[Any, ...]] = (
        store.cursor()
        .execute(
            f"""
            WITH present AS ({PRESENT}),
            typed AS (
                SELECT instance_id, min(valid_from) FILTER (coalesce(valid_from >= o, true)) AS at
                FROM (SELECT i.*, max(i.valid_to) FILTER (i.instance_type <> p.instance_type)
                          OVER (PARTITION BY instance_id) AS o
                      FROM instances i JOIN present p USING (instance_id)) GROUP BY instance_id)
            SELECT a.unit_id, a.finding, CASE WHEN a."action" = 'stop'
                THEN least(p.gone_at, s.since) ELSE typed.at END AS done_at
            FROM advice a JOIN present p ON p.instance_id = a.unit_id
            JOIN typed USING (instance_id) JOIN ({STOPPED_SINCE}) s USING (instance_id)
            WHERE NOT EXISTS (
                FROM advice_events e WHERE e.unit_id = a.unit_id AND e.finding = a.finding
                    AND e.state = 'done' AND e.decided_at >= done_at)
              AND (a."action" = 'resize' AND p.instance_type = a.target_type
                OR a."action" = 'stop' AND (p.gone_at IS NOT NULL
                    OR p.state = 'stopped' AND s.since <= $now - INTERVAL 1 DAY))
            """,
            {"now": now},
        )
        .fetchall()
    )
    return [
        Decision(unit_id, finding, "done", at, reason="seen in the inventory")
        for unit_id, finding, at in rows
    ]
