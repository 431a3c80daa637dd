"""Drill-down: from a report's figure to its rows, to their days and hours, to energy × intensity.

Every query names the summed column, its `part`, and says how many rows there are beyond `limit`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pandas as pd

from spectra.errors import InputError
from spectra.store.database import Store
from spectra.store.emission_queries import TOTAL_G
from spectra.store.selection import Selection

# What a figure may be a sum of, and the SQL of one row's part.
PARTS = {
    "total_g": TOTAL_G,
    "scope2_lb_g": "scope2_lb_g",
    "upstream_g": "upstream_g",
    "td_g": "td_g",
    "scope3_g": "upstream_g + td_g + embodied_g",
    "embodied_g": "embodied_g",
    "energy_kwh": "energy_kwh",
    "measured_utilisation_kwh": "measured_utilisation_kwh",
    "sci_g": "scope2_lb_g + embodied_g",
    "resource_hours": "resource_hours",
    "list_cost_usd": "list_cost_usd",
    # As a provider states them: by the day, of no type, and not always by resource.
    "effective_cost_usd": "effective_cost_usd",
    "stated_list_cost_usd": "list_cost_usd",
}
OF_COSTS = ("effective_cost_usd", "stated_list_cost_usd")
_COSTS = """(SELECT *, '' AS resource_type, NULL::DOUBLE AS resource_hours,
    NULL::DOUBLE AS energy_kwh FROM costs)"""


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows behind a figure; `count` and `total` are of all of them, also those left out."""

    frame: pd.DataFrame
    count: int
    total: float | None


@dataclass(frozen=True, slots=True)
class Narrow:
    """Further filters on a selection; "" for any."""

    part: str = "total_g"
    service: str = ""
    resource_id: str = ""
    resource_type: str = ""

    @property
    def sql(self) -> str:
        """Condition on service, resource and type."""
        return " AND ".join(f"(${name} = '' OR {name} = ${name})" for name in self.parameters)

    @property
    def parameters(self) -> dict[str, Any]:
        """Parameters of `sql`."""
        names = ("service", "resource_id", "resource_type")
        return {name: getattr(self, name) for name in names}


def rows(store: Store, selection: Selection, narrow: Narrow, limit: int = 1_000) -> Rows:
    """Resources that a figure sums, largest first: what they are, hours, energy_kwh and value."""
    part, where, parameters = _checked(selection, narrow)
    frame = store.frame(
        f"""
        WITH ranked AS (
            SELECT resource_id, service, resource_type, region, account_id, team, environment,
                sum(resource_hours) AS resource_hours, sum(energy_kwh) AS energy_kwh,
                sum({part}) AS value
            FROM {_source(narrow)} WHERE {where} GROUP BY ALL)
        SELECT *, value / nullif(sum(value) OVER (), 0) AS share, count(*) OVER () AS all_rows,
            sum(value) OVER () AS all_value
        FROM ranked ORDER BY value DESC, resource_id, resource_type LIMIT $limit
        """,
        {**parameters, "limit": limit},
    )
    if frame.empty:
        return Rows(frame.drop(columns=["all_rows", "all_value"]), 0, None)
    count, total = int(frame["all_rows"].iloc[0]), float(frame["all_value"].iloc[0])
    return Rows(frame.drop(columns=["all_rows", "all_value"]), count, total)


def days(store: Store, selection: Selection, narrow: Narrow) -> pd.DataFrame:
    """The same figure by UTC day: day, energy_kwh, value."""
    part, where, parameters = _checked(selection, narrow)
    return store.frame(
        f"""
        SELECT "day", sum(energy_kwh) AS energy_kwh, sum({part}) AS value
        FROM {_source(narrow)} WHERE {where} GROUP BY ALL ORDER BY "day"
        """,
        parameters,
    )


_HOURS = """
SELECT e.hour, e.resource_id, e.service, e.resource_type, e.region, e.zone, e.resource_hours,
    e.cpu_pct, e.utilisation_tier, e.intensity_tier, i.source AS intensity_source, r.pue,
    r.td_factor, e.energy_kwh, e.intensity_direct_g_per_kwh, e.intensity_lifecycle_g_per_kwh,
    e.scope2_lb_g, e.upstream_g, e.td_g, e.embodied_g,
    e.scope2_lb_g + e.upstream_g + e.td_g + e.embodied_g AS total_g, e.value,
    CASE WHEN e.service = 'Amazon EC2' THEN 'type:' ELSE 'volume:' END || e.resource_type
        AS power_factor,
    'pue:' || e.region AS pue_factor, 'losses:' || r.country AS td_factor_id,
    'grid:' || e.zone AS intensity_factor
FROM (SELECT *, {part} AS value FROM (
        SELECT *, CASE WHEN utilisation_tier = 1 THEN energy_kwh ELSE 0 END
            AS measured_utilisation_kwh, resource_hours * usd_per_hour AS list_cost_usd
        FROM {view}) WHERE {where}) e
JOIN region_factors r USING (region)
JOIN intensity_hourly i ON i.zone = e.zone AND i.hour = e.hour
WHERE e.hour::DATE NOT IN (SELECT "day" FROM rolled_days)
"""


def hours(store: Store, selection: Selection, narrow: Narrow) -> pd.DataFrame:
    """A figure hour by hour: energy × intensity of its grid, each part, and the factors' ids.

    Straight from the facts, not from the sums: ``scope2_lb_g`` is ``energy_kwh`` times
    ``intensity_direct_g_per_kwh`` of the row, and ``value`` is what the figure sums. Days that
    were rolled up have no hours any more.

    Raises
    ------
    InputError
        If the span is longer than 100 days, or the figure is one of costs, known by the day.
    """
    if narrow.part in OF_COSTS:
        raise InputError("What is paid is known by the day, not by the hour.")
    if selection.end - selection.start > timedelta(days=100):
        raise InputError("Hours are shown for at most 100 days at a time.")
    part, _, parameters = _checked(selection, narrow)
    where = f"{selection.hours_sql} AND {narrow.sql}"
    queries = (
        _HOURS.format(view=view, part=part, where=where)
        for view in ("instance_emissions", "volume_emissions")
    )
    return store.frame(" UNION ALL ".join(queries) + " ORDER BY hour", parameters)


def _source(narrow: Narrow) -> str:
    return _COSTS if narrow.part in OF_COSTS else "emissions_daily"


def _checked(selection: Selection, narrow: Narrow) -> tuple[str, str, dict[str, Any]]:
    """SQL of the part, the condition, and its parameters."""
    part = PARTS.get(narrow.part)
    if part is None:
        raise InputError(
            f"Nothing is summed from “{narrow.part}”.", next_step=f"Use {', '.join(PARTS)}."
        )
    where = f"{selection.days_sql} AND {narrow.sql}"
    return part, where, {**selection.parameters, **narrow.parameters}
