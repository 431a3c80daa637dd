"""Sums that a report is made of: every breakdown in one scan, AWS's own figures, what is lacking.

All of the provider view, location-based; grams of CO2e and kWh, unrounded.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd

from spectra.insight.budgets.periods import period_of
from spectra.moments import HOUR
from spectra.store.database import Store
from spectra.store.emission_queries import TOTAL_G
from spectra.store.selection import Selection

MEASURES = (
    "energy_kwh", "scope2_lb_g", "upstream_g", "td_g", "embodied_g", "ccf_low_g",
    "measured_intensity_kwh", "measured_utilisation_kwh", "running_hours",
)  # fmt: skip
_KEYS = ("month", "region", "account_id", "team", "environment", "service")
TOTAL, PLACES = "total", "places"
# What AWS's own figures are stated by, so that they can be shared out within.
PLACE = ("month", "region", "account_id")
# What is summed by, each by its name; "team@places" is a team's part of each place.
CUTS: dict[str, tuple[str, ...]] = {
    TOTAL: (),
    **{key: (key,) for key in _KEYS},
    PLACES: PLACE,
    **{f"{key}@{PLACES}": (*PLACE, key) for key in ("team", "environment", "service")},
}
# AWS files volumes under EC2, so both of our services stand against it.
OF_EC2 = "service ILIKE '%ec2%' OR service ILIKE '%elastic compute cloud%'"
# Versions by their numbers, as 3.9 comes before 3.10; what holds none comes first.
MODEL_ORDER = """row(coalesce(
    try_cast(regexp_extract_all(model_version, '\\d+') AS UBIGINT[]), []), model_version)"""
# Its service and an uploaded export may each state a place, and name what they state differently:
# one of them counts, the one of the newest model and then of the newest reading.
STATED = f"""
SELECT *, {OF_EC2} AS is_ec2, arg_max(source, row({MODEL_ORDER}, fetched_at, source)) OVER (
    PARTITION BY "month", account_id, region, emissions_type, is_ec2) AS counted_source
FROM provider_emissions"""
COUNTED = f"SELECT * EXCLUDE (is_ec2, counted_source) FROM ({STATED}) WHERE source = counted_source"

# Days as whole numbers first: truncating five million moments to months is ten times as slow.
_DAYS = """
SELECT epoch_us(hour) // 86400000000 AS d, group_key, {sums}
FROM hourly_sums WHERE hour >= $start AND hour < $end AND group_key IN (
    SELECT group_key FROM emission_groups WHERE {filters})
GROUP BY ALL
"""
_MONTH = "date_trunc('month', DATE '1970-01-01' + d::INTEGER)::DATE"


def cuts(store: Store, selection: Selection) -> dict[str, pd.DataFrame]:
    """Sums of `MEASURES` and ``total_g`` by every cut of `CUTS`, its keys as columns.

    One scan for all of them, so that they are sums of the same rows.
    """
    sets = ", ".join(f"({', '.join(keys)})" for keys in CUTS.values())
    sums = ", ".join(f"sum({measure}) AS {measure}" for measure in MEASURES)
    days = _DAYS.format(sums=sums, filters=selection.sql)
    frame = store.frame(
        f"""
        SELECT {", ".join(_KEYS)}, grouping({", ".join(_KEYS)}) AS left_out, {sums},
            sum({TOTAL_G}) AS total_g
        FROM (SELECT {_MONTH} AS month, g.*, e.* EXCLUDE (d, group_key)
              FROM ({days}) e JOIN emission_groups g USING (group_key))
        GROUP BY GROUPING SETS ({sets}) HAVING count(*) > 0
        """,
        selection.parameters,
    )
    return {name: _cut(frame, keys) for name, keys in CUTS.items()}


def _cut(frame: pd.DataFrame, keys: tuple[str, ...]) -> pd.DataFrame:
    """Rows of one grouping set, the largest first or by month; its mask says the keys left out."""
    mask = sum(1 << (len(_KEYS) - 1 - i) for i, key in enumerate(_KEYS) if key not in keys)
    rows = frame.loc[frame["left_out"] == mask, [*keys, *MEASURES, "total_g"]]
    order = ["month"] if "month" in keys else ["total_g"]
    return rows.sort_values([*order, *keys], ascending="month" in keys).reset_index(drop=True)


def places(store: Store, selection: Selection) -> pd.DataFrame:
    """Scope 2 of what is selected by month, region and account: `PLACE` and scope2_lb_g."""
    days = _DAYS.format(sums="sum(scope2_lb_g) AS g", filters=selection.sql)
    return store.frame(
        f"""
        SELECT {_MONTH} AS month, region, account_id, sum(g) AS scope2_lb_g
        FROM ({days}) JOIN emission_groups USING (group_key) GROUP BY ALL
        """,
        selection.parameters,
    )


def whole_months(store: Store, start: datetime, end: datetime) -> pd.DataFrame:
    """Scope 2 of calendar months by region and account, whatever the team: month, scope2_lb_g.

    Whole months, also those that the span cuts: AWS states no part of one. Only months that are
    accounted for from their first hour to their last.
    """
    first, after = months_around(start, end)
    return store.frame(whole_months_sql(), {"start": first, "end": after})


def whole_months_sql(filters: str = "true") -> str:
    """The query of `whole_months` from ``$start`` to ``$end``, for some places alone."""
    days = _DAYS.format(sums="sum(scope2_lb_g) AS g", filters=filters)
    return f"""
        SELECT {_MONTH} AS month, region, account_id, sum(g) AS scope2_lb_g
        FROM ({days}) JOIN emission_groups USING (group_key), ledger
        WHERE {_MONTH}::TIMESTAMPTZ >= first_hour
            AND ({_MONTH} + INTERVAL 1 MONTH)::TIMESTAMPTZ <= end_hour
        GROUP BY ALL
        """


def provider_months(store: Store, start: datetime, end: datetime) -> pd.DataFrame:
    """AWS's own figures of EC2 of the months that a span touches, as it states them.

    Columns month, account_id, region, emissions_type, grams, model_version, source, fetched_at;
    ``not_counted`` names a source that states the same and is not in the grams, else it is "".
    """
    first, after = months_around(start, end)
    return store.frame(
        f"""
        SELECT "month", account_id, region, emissions_type,
            sum(emissions_kg) FILTER (source = counted_source) * 1000 AS grams,
            arg_max(model_version, {MODEL_ORDER}) FILTER (source = counted_source) AS model_version,
            counted_source AS source,
            max(fetched_at) FILTER (source = counted_source) AS fetched_at,
            coalesce(max(source) FILTER (source <> counted_source), '') AS not_counted
        FROM ({STATED})
        WHERE "month" >= $start::DATE AND "month" < $end::DATE AND is_ec2
        GROUP BY ALL ORDER BY ALL
        """,
        {"start": first, "end": after},
    )


def months_around(start: datetime, end: datetime) -> tuple[datetime, datetime]:
    """Beginning of the first month and end of the last that a span touches."""
    return period_of("month", start).start, period_of("month", end - HOUR).end


def other_services(store: Store, selection: Selection) -> float | None:
    """What AWS states of services that are not modelled, location-based [gCO2e]; None unknown.

    Of a month that the selection cuts, the share of its hours: the parts add up to the month.
    AWS states nothing by team or environment.
    """
    if selection.teams or selection.environments:
        return None
    of_accounts = "AND list_contains($accounts, account_id)" if selection.accounts else ""
    row = store.row(
        f"""
        SELECT sum(emissions_kg * 1000
            * date_diff('hour', greatest("month"::TIMESTAMPTZ, $start),
                        least(("month" + INTERVAL 1 MONTH)::TIMESTAMPTZ, $end))
            / date_diff('hour', "month", "month" + INTERVAL 1 MONTH))
        FROM ({COUNTED})
        WHERE ("month" + INTERVAL 1 MONTH)::TIMESTAMPTZ > $start AND "month"::TIMESTAMPTZ < $end
            AND emissions_type = 'TOTAL_LBM_CARBON_EMISSIONS' AND NOT ({OF_EC2})
            AND (len($regions) = 0 OR list_contains($regions, region)) {of_accounts}
        """,
        {k: v for k, v in selection.parameters.items() if k not in ("teams", "environments")},
    )
    return None if row is None or row[0] is None else float(row[0])


def days_without_cost(store: Store, selection: Selection) -> int:
    """UTC days on which an account emits of which no cost is known."""
    row = store.row(
        f"""
        SELECT count(DISTINCT "day")
        FROM (SELECT "day", account_id FROM emissions_daily
              WHERE {selection.days_sql} AND {TOTAL_G} > 0)
        ANTI JOIN (SELECT "day", account_id FROM costs
                   WHERE effective_cost_usd IS NOT NULL AND {selection.days_sql})
            USING ("day", account_id)
        """,
        selection.parameters,
    )
    return int(row[0]) if row else 0


def band_rows(store: Store, selection: Selection) -> pd.DataFrame:
    """What `uncertainty.monte_carlo` takes, a row per region and type of resource.

    Utilisation is independent of resource to resource: its spreads are added as variances.
    """
    return store.frame(
        f"""
        WITH resources AS (
            SELECT region, resource_type, resource_id, sum(scope2_lb_g) AS scope2,
                sum(scope2_lb_g + upstream_g + td_g) AS op, sum(td_g) AS td, sum(energy_kwh) AS kwh,
                sum(embodied_g) AS embodied, sum(power_sigma_g) AS power,
                sum(intensity_sigma_g) AS intensity, sum(utilisation_sigma_g) AS utilisation,
                sum(burst_sigma_g) AS burst, sum(resource_hours) AS hours,
                any_value(service) AS service
            FROM emissions_spread WHERE {selection.days_sql} GROUP BY ALL)
        SELECT region, resource_type, r.zone, r.country, r.pue_is_regional, r.pue, r.td_factor,
            any_value(service) AS service, count(*) AS resources, sum(hours) AS resource_hours,
            sum(op) AS operational_g, sum(td) AS td_g, sum(embodied) AS embodied_g,
            sum(scope2) AS scope2_lb_g, sum(kwh) AS energy_kwh,
            sum(power) / nullif(sum(op), 0) AS power_sigma,
            sum(intensity) / nullif(sum(op), 0) AS intensity_sigma,
            sqrt(sum(utilisation ** 2)) / nullif(sum(op), 0) AS utilisation_sigma,
            sum(burst) / nullif(sum(op) + sum(embodied), 0) AS burst_sigma
        FROM resources JOIN region_factors r USING (region) GROUP BY ALL
        ORDER BY region, resource_type
        """,
        selection.parameters,
    )


@dataclass(frozen=True, slots=True)
class Accounted:
    """How much of a period the ledger accounts for; hours, and whether any is still queued."""

    first: datetime | None
    end: datetime | None
    hours: int
    queued: int
    is_demo: bool
    resources: int


def accounted(store: Store, selection: Selection) -> Accounted:
    """What the ledger says of a period, and whether the demo company is in it."""
    span: tuple[Any, ...] = store.row("SELECT first_hour, end_hour FROM ledger") or (None, None)
    hours = 0
    if span[0] is not None:
        first, last = max(span[0], selection.start), min(span[1], selection.end)
        hours = max(0, int((last - first).total_seconds() // 3600))
    queued, demo, resources = store.row(
        f"""
        SELECT
            (SELECT count(*) FROM (SELECT DISTINCT region, hour FROM stale_hours
                                   WHERE hour >= $start AND hour < $end)),
            (SELECT count(*) FROM instances WHERE source = 'demo' AND valid_from < $end
                AND coalesce(valid_to > $start, true) AND {selection.sql}),
            (SELECT count(DISTINCT resource_id) FROM emissions_daily WHERE {selection.days_sql})
        """,
        selection.parameters,
    ) or (0, 0, 0)
    return Accounted(span[0], span[1], hours, queued, demo > 0, resources)


def grids(store: Store, selection: Selection) -> pd.DataFrame:
    """Grid of each zone in use: zone, source, tier, hours, floored_hours, whose direct factor is
    above lifecycle, and mean intensities [gCO2e/kWh].
    """
    return store.frame(
        """
        SELECT zone, source, tier, count(*) AS hours, count(*) FILTER (
                intensity_direct_g_per_kwh > intensity_lifecycle_g_per_kwh) AS floored_hours,
            avg(intensity_direct_g_per_kwh) AS direct_g_per_kwh,
            avg(intensity_lifecycle_g_per_kwh) AS lifecycle_g_per_kwh
        FROM intensity_hourly WHERE hour >= $start AND hour < $end AND zone IN (
            SELECT zone FROM region_factors WHERE list_contains($regions, region))
        GROUP BY ALL ORDER BY zone, tier, source
        """,
        {"start": selection.start, "end": selection.end, "regions": list(selection.regions)},
    )


def factors_in_use(store: Store, regions: list[str], types: list[str]) -> dict[str, pd.DataFrame]:
    """Rows of the factor tables that the sums rest on: ``regions`` and ``types``."""
    return {
        "regions": store.frame(
            "SELECT * EXCLUDE (region_key) FROM region_factors WHERE list_contains(?, region) "
            "ORDER BY region",
            [regions],
        ),
        "types": store.frame(
            "SELECT * FROM type_factors WHERE list_contains(?, instance_type) "
            "ORDER BY instance_type",
            [types],
        ),
    }


def settled_incidents(store: Store, selection: Selection) -> pd.DataFrame:
    """Incidents that ended in the period: family, count, excess_g, excess_usd while they lasted."""
    of_accounts = "AND list_contains($accounts, account_id)" if selection.accounts else ""
    return store.frame(
        f"""
        SELECT family, count(*) AS "count", sum(excess_g) AS excess_g, sum(excess_usd) AS excess_usd
        FROM incidents WHERE "end" >= $start AND "end" < $end {of_accounts}
            AND (len($regions) = 0 OR list_contains($regions, region))
            AND (len($teams) = 0 OR list_contains($teams, team))
            AND (len($environments) = 0 OR list_contains($environments, environment))
        GROUP BY family ORDER BY family
        """,
        selection.parameters,
    )
