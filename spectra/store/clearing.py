"""Takes facts out of a workspace: the demo company when a real fleet arrives, or a whole source."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from spectra.store.action_log import UNFINISHED
from spectra.store.budget_log import DEMO_PREFIX
from spectra.store.intensities import resolve_zones
from spectra.store.ledger import restart_ledger

if TYPE_CHECKING:
    import duckdb

    from spectra.catalog import Catalog
    from spectra.store.database import Store

_FLEET_TABLES = ("instances", "volumes", "utilisation", "costs")
_ALL_TABLES = (
    *_FLEET_TABLES,
    "intensities",
    "resource_costs",
    "autoscaling_groups",
    "optimizer_findings",
    "provider_emissions",
    "prices",
    "power_mix",
    "provider_forecasts",
    "latency",
)
DEMO, PRICING = "demo", "aws_pricing"
# What belongs together for a person who clears a source.
SOURCE_GROUPS = {
    "demo": (DEMO,),
    "aws": (
        "aws",
        "aws_cost_explorer",
        "aws_compute_optimizer",
        "aws_sustainability",
        PRICING,
    ),
    "electricity_maps": ("electricity_maps",),
    "portal files": ("electricity_maps_portal",),
    "carbon export": ("aws_carbon_export",),
    "latency": ("cloudflare_radar", "probe"),
}


def clear_demo_fleet(store: Store, catalog: Catalog) -> bool:
    """Take the demo company and its grids out: a real fleet never stands beside it.

    Its grids go too: a made-up residual has no place in a real inventory; hours that no source
    states are filled from the reference factors and say so.

    Returns
    -------
    bool
        True when there was one.
    """
    # A demo company that is being built just now would go on beside the real fleet.
    with store.demo_lock:
        if store.row("SELECT 1 FROM instances WHERE source = 'demo' LIMIT 1") is None:
            return False
        clear_source(store, catalog, DEMO)
        return True


def clear_source(store: Store, catalog: Catalog, *sources: str) -> int:
    """Delete everything that sources brought in; returns the number of rows.

    What other sources said stays; the hours that change are queued.
    """
    named = list(sources)
    had_demo = store.row("SELECT 1 FROM instances WHERE source = 'demo' LIMIT 1") is not None
    with store.write() as cursor:
        fleet_goes = _has_fleet(cursor, "list_contains($named, source)", named=named)
        if DEMO in sources:
            # What was planned for its machines; what is about everything or a tag stays.
            cursor.execute(
                "DELETE FROM planned_events WHERE series IN (SELECT instance_id FROM instances "
                "GROUP BY ALL HAVING bool_and(source = 'demo'))"
            )
        zones = cursor.execute(
            "SELECT zone, min(hour), max(hour) FROM intensities "
            "WHERE list_contains($named, source) GROUP BY zone",
            {"named": named},
        ).fetchall()
        count = 0
        for table in _ALL_TABLES:
            deleted = cursor.execute(
                f"DELETE FROM {table} WHERE list_contains($named, source)", {"named": named}
            )
            count += int(deleted.fetchall()[0][0])
        cursor.execute(
            "DELETE FROM source_state WHERE list_contains($named, source)", {"named": named}
        )
        cursor.execute(
            "DELETE FROM telemetry_asked WHERE instance_id NOT IN "
            "(SELECT instance_id FROM instances)"
        )
        if PRICING in sources:
            # The catalogue's prices, which AWS's stood before, come with the factors of a type.
            cursor.execute("DELETE FROM type_factors")
        if "electricity_maps_portal" in sources:
            cursor.execute("DELETE FROM portal_imports")
        if DEMO in sources:
            # The next demo company is a fresh one.
            cursor.execute("DELETE FROM demo_changes")
            for table in ("budgets", "budget_versions", "budget_notices"):
                cursor.execute(
                    f"DELETE FROM {table} WHERE starts_with(budget_id, ?)", [DEMO_PREFIX]
                )
            _end_demo_actions(cursor, had_fleet=had_demo)
        for source in sources:
            cursor.execute("DELETE FROM meta WHERE name = ?", [f"{source}_until"])
        if fleet_goes:
            # Incidents of machines that were never there would be told of the next fleet.
            # And sums of rolled days are of the fleet that goes; of one that stays they are all
            # there is.
            for table in ("watch_state", "incidents", "rolled_days"):
                cursor.execute(f"DELETE FROM {table}")
        restart_ledger(cursor)
        if not _has_fleet(cursor):
            # The next fleet says anew how far back its hours are accounted for.
            cursor.execute("DELETE FROM ledger")
            cursor.execute("DELETE FROM stale_hours")
        resolve_zones(cursor, catalog, {str(zone): (first, last) for zone, first, last in zones})
    with store.write() as cursor:
        # Hours that nobody asks for any more must not go on saying what the source said.
        cursor.execute(
            "DELETE FROM intensity_hourly WHERE list_contains($named, source)", {"named": named}
        )
    return count


def _end_demo_actions(cursor: duckdb.DuckDBPyConnection, *, had_fleet: bool) -> None:
    """What was begun on the demo company ends with it, and what was confirmed for it, too.

    A schedule that somebody tried on the demo must not stop the machines of a real account.
    """
    cursor.execute(
        "UPDATE action_plans SET state = 'closed', ended_at = $now "
        "WHERE runner = 'demo' AND list_contains($unfinished, state)",
        {"now": datetime.now(UTC), "unfinished": list(UNFINISHED)},
    )
    if had_fleet:
        cursor.execute("DELETE FROM action_schedules")


def _has_fleet(
    cursor: duckdb.DuckDBPyConnection, where: str = "true", **parameters: object
) -> bool:
    rows = cursor.execute(
        f"SELECT 1 FROM instances WHERE {where} UNION ALL SELECT 1 FROM volumes WHERE {where} "
        "LIMIT 1",
        parameters,
    ).fetchall()
    return bool(rows)
