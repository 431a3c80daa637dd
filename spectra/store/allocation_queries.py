"""Sums of the ledger by what allocation asks of a row: its tags, account, service and class.

A class says what only the tags of a resource know: the shared pool they put it in, whether its
team is that of its instance, and labels of budgets. Classes change with the tags, so each has the
moment from which it holds.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING, Any

import pandas as pd

from spectra.store.database import Store
from spectra.store.tags import TagRules

if TYPE_CHECKING:
    import duckdb

PARTS = ("scope2_lb_g", "upstream_g", "td_g", "embodied_g")
MEASURES = ("energy_kwh", *PARTS)
COSTS = ("list_cost_usd", "billed_cost_usd", "effective_cost_usd")
SPREADS = ("measured_utilisation_kwh", "power_sigma_g", "intensity_sigma_g",
           "utilisation_sigma_g", "burst_sigma_g", "resource_hours")  # fmt: skip

_CLASS_COLUMNS = ("tag_pool", "is_inherited", "labels")
_NO_CLASS = "'' AS tag_pool, false AS is_inherited, '' AS labels"


def tag_rules_in_force(store: Store) -> TagRules:
    """What tags mean, as the ledger was written with."""
    text = store.meta("tag_rules")
    if text is None:
        return TagRules()
    raw: dict[str, Any] = json.loads(text)
    keys = ("team", "environment", "service_tag", "criticality")
    team, environment, service, criticality = (tuple(raw[key]) for key in keys)
    return TagRules(team, environment, service, criticality, raw["aliases"])


def tagged_resources(store: Store) -> pd.DataFrame:
    """Tags from moment to moment: resource_id, valid_from, is_volume, tags, parent_tags (JSON).

    A volume has a moment more wherever its instance changes; before the first span of that it has
    the tags of that. parent_tags is ``{}`` where there is no instance.
    """
    return store.frame(
        """
        WITH parents AS (
            SELECT instance_id, tags, valid_from, CASE WHEN lag(valid_from) OVER (
                PARTITION BY instance_id ORDER BY valid_from) IS NULL
                THEN '-infinity'::TIMESTAMPTZ ELSE valid_from END AS since
            FROM instances),
        moments AS (
            SELECT volume_id, instance_id, valid_from, tags FROM volumes
            UNION
            SELECT v.volume_id, v.instance_id, p.valid_from, v.tags
            FROM volumes v JOIN parents p ON p.instance_id = v.instance_id
                AND p.valid_from > v.valid_from
                AND p.valid_from < coalesce(v.valid_to, 'infinity'::TIMESTAMPTZ))
        SELECT instance_id AS resource_id, valid_from, false AS is_volume, tags,
            '{}' AS parent_tags
        FROM instances
        UNION ALL
        SELECT m.volume_id, m.valid_from, true, m.tags, coalesce(p.tags, '{}')
        FROM moments m ASOF LEFT JOIN parents p
            ON p.instance_id = m.instance_id AND m.valid_from >= p.since
        ORDER BY ALL
        """
    )


def by_day(store: Store, start: date, end: date, classes: pd.DataFrame) -> pd.DataFrame:
    """Sums by day and what pools are made of, over the UTC days of [start, end).

    Parameters
    ----------
    classes : DataFrame
        Columns resource_id, valid_from, tag_pool, is_inherited, labels; a resource without a row
        has none of these.
    """
    sums = ", ".join(f"sum({name}) AS {name}" for name in MEASURES)
    with _joined(store, classes) as (cursor, source, columns):
        return cursor.execute(
            f"""
            SELECT "day", team, account_id, environment, service, {columns}, {sums}
            FROM (SELECT d.*, i.resource_id, i.group_key FROM daily_sums d
                  JOIN emission_items i USING (item_key)
                  WHERE "day" >= $start AND "day" < $end) e
            {source} JOIN emission_groups USING (group_key) GROUP BY ALL
            """,
            {"start": start, "end": end},
        ).df()


def by_group(store: Store, start: date, end: date, classes: pd.DataFrame) -> pd.DataFrame:
    """Energy by group of the hourly sums and class, over the UTC days of [start, end).

    With the group's account, team, environment, service and region.
    """
    with _joined(store, classes) as (cursor, source, columns):
        return cursor.execute(
            f"""
            SELECT group_key, team, account_id, environment, service, region, {columns},
                sum(energy_kwh) AS energy_kwh,
                sum(scope2_lb_g + upstream_g + td_g + embodied_g) AS total_g
            FROM (SELECT d.*, i.resource_id, i.group_key FROM daily_sums d
                  JOIN emission_items i USING (item_key)
                  WHERE "day" >= $start AND "day" < $end) e
            {source} JOIN emission_groups USING (group_key) GROUP BY ALL
            """,
            {"start": start, "end": end},
        ).df()


def by_place(
    store: Store, start: date, end: date, since: date, classes: pd.DataFrame
) -> pd.DataFrame:
    """Sums by region and service over the UTC days of [start, end), the parts from `since` on.

    total_g, which weighs pools, is of all the days; the parts of a row without a day from `since`
    on are NaN.
    """
    sums = ", ".join(f"""sum({name}) FILTER ("day" >= $since) AS {name}""" for name in PARTS)
    with _joined(store, classes) as (cursor, source, columns):
        return cursor.execute(
            f"""
            SELECT team, account_id, environment, service, region, {columns},
                sum({" + ".join(PARTS)}) AS total_g, {sums}
            FROM (SELECT d.*, i.resource_id, i.group_key FROM daily_sums d
                  JOIN emission_items i USING (item_key)
                  WHERE "day" >= $start AND "day" < $end) e
            {source} JOIN emission_groups USING (group_key) GROUP BY ALL
            """,
            {"start": start, "end": end, "since": since},
        ).df()


def by_resource(store: Store, start: date, end: date, classes: pd.DataFrame) -> pd.DataFrame:
    """One row per resource and owner over the UTC days of [start, end): emissions and costs.

    A cost that belongs to no resource of the ledger is a row of its own, without emissions; an
    unknown cost is NaN and no part of a sum that is known elsewhere.
    """
    sums = ", ".join(f"sum({name}) AS {name}" for name in (*MEASURES, *SPREADS, *COSTS))
    nothing = ", ".join(f"NULL::DOUBLE AS {name}" for name in (*MEASURES, *SPREADS))
    keys = "team, account_id, environment, service, region, resource_id"
    with _joined(store, classes) as (cursor, source, columns):
        return cursor.execute(
            f"""
            WITH carbon AS (
                SELECT "day", {keys}, resource_type, {", ".join((*MEASURES, *SPREADS))},
                    {", ".join(f"NULL::DOUBLE AS {name}" for name in COSTS)}
                FROM emissions_spread WHERE "day" >= $start AND "day" < $end),
            money AS (
                SELECT "day", {keys}, NULL AS resource_type, {nothing}, {", ".join(COSTS)}
                FROM costs WHERE "day" >= $start AND "day" < $end)
            SELECT e.{keys.replace(", ", ", e.")}, {columns}, {sums},
                max(resource_type) AS resource_type
            FROM (FROM carbon UNION ALL FROM money) e {source} GROUP BY ALL ORDER BY ALL
            """,
            {"start": start, "end": end},
        ).df()


def details(store: Store, before: date) -> pd.DataFrame:
    """What is said of each resource at the end of a span: resource_id, name, tags (JSON)."""
    return store.frame(
        """
        SELECT instance_id AS resource_id, arg_max(name, valid_from) AS name,
            arg_max(tags, valid_from) AS tags
        FROM instances WHERE valid_from < $before::DATE::TIMESTAMPTZ GROUP BY 1
        UNION ALL
        SELECT volume_id, NULL, arg_max(tags, valid_from)
        FROM volumes WHERE valid_from < $before::DATE::TIMESTAMPTZ GROUP BY 1
        """,
        {"before": before},
    )


def worst_tier(store: Store, start: date, end: date) -> dict[str, str]:
    """The worst intensity tier of the hours of each region over [start, end)."""
    frame = store.frame(
        """
        SELECT r.region, max(i.tier) AS tier FROM intensity_hourly i
        JOIN region_factors r USING (zone) SEMI JOIN ledger_hours() h ON h.hour = i.hour
        WHERE i.hour >= $start::DATE::TIMESTAMPTZ AND i.hour < $end::DATE::TIMESTAMPTZ GROUP BY 1
        """,
        {"start": start, "end": end},
    )
    return dict(zip(frame["region"], frame["tier"], strict=True))


def region_spreads(store: Store) -> pd.DataFrame:
    """What the spread of a sum needs of a region: region, zone, country, pue_is_regional."""
    return store.frame("SELECT region, zone, country, pue_is_regional FROM region_factors")


@contextmanager
def _joined(
    store: Store, classes: pd.DataFrame
) -> Iterator[tuple[duckdb.DuckDBPyConnection, str, str]]:
    """A cursor that knows the classes, the join that adds them, and their columns."""
    cursor = store.cursor()
    if classes.empty:
        yield cursor, "", _NO_CLASS
        return
    cursor.register("classes", classes)
    plain = "coalesce(c.tag_pool, '') AS tag_pool, coalesce(c.is_inherited, false) AS is_inherited"
    columns = f"{plain}, coalesce(c.labels, '') AS labels"
    # Nearly always a resource is of one class all along: then no day needs to look up its own.
    if classes["resource_id"].is_unique:
        join = "LEFT JOIN classes c ON c.resource_id = e.resource_id"
    else:
        join = (
            "ASOF LEFT JOIN classes c ON c.resource_id = e.resource_id "
            'AND e."day"::TIMESTAMP + INTERVAL 1 DAY > c.valid_from::TIMESTAMP'
        )
    try:
        yield cursor, join, columns
    finally:
        cursor.unregister("classes")
