"""The factors in force, taken from the catalogue into tables that SQL can join."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pandas as pd

from spectra.carbon import embodied, energy, scopes, uncertainty, utilisation
from spectra.carbon.method import METHOD_VERSION, Method
from spectra.store.database import set_meta
from spectra.store.intensities import resolve_unmeasured
from spectra.store.ledger import restart_ledger

if TYPE_CHECKING:
    import duckdb

    from spectra.catalog import Catalog, Region, TypeMatch
    from spectra.store.database import Store


def method_in_force(store: Store) -> Method:
    """The choices that the ledger was computed with."""
    kept = json.loads(store.meta("method") or "{}")
    return Method(**{name: choice for name, choice in kept.items() if name != "version"})


def write_factors(store: Store, catalog: Catalog, method: Method | None = None) -> bool:
    """Bring factors of regions and of the types in use up to date.

    When the factor set or the method changed, be it a choice within it or its version, hours whose
    intensity was not measured are filled anew and every hour is queued for recomputation.

    Parameters
    ----------
    method : Method, optional
        Choices to use from now on; without it those in force stay.

    Returns
    -------
    bool
        True when anything changed.
    """
    method = method or method_in_force(store)
    basis = {
        "factor_set": catalog.fingerprint,
        "method": json.dumps({"version": METHOD_VERSION, **asdict(method)}),
    }
    with store.write() as cursor:
        known = dict(cursor.execute("SELECT name, value FROM meta").fetchall())
        renewed = not basis.items() <= known.items()
        if renewed:
            cursor.execute("DELETE FROM type_factors")
            _insert(
                cursor,
                "region_factors",
                [
                    {**_region_row(catalog, region, method), "region_key": key}
                    for key, region in enumerate(catalog.regions)
                ],
            )
            for name, value in basis.items():
                set_meta(cursor, name, value)
            resolve_unmeasured(cursor, catalog)
        added = _add_types(cursor, catalog, method)
        if renewed:
            restart_ledger(cursor)
    return renewed or added


def _add_types(cursor: duckdb.DuckDBPyConnection, catalog: Catalog, method: Method) -> bool:
    """Add factors and prices of types that appeared in the fleet."""
    missing = [
        str(name)
        for (name,) in cursor.execute(
            "SELECT DISTINCT instance_type FROM instances "
            "EXCEPT SELECT instance_type FROM type_factors"
        ).fetchall()
    ]
    if not missing:
        return False
    _insert(
        cursor,
        "type_factors",
        [_type_row(name, catalog.instance_type(name), method) for name in missing],
    )
    now = datetime.now(UTC)
    prices = [
        {
            "instance_type": name,
            "region": region.code,
            "usd_per_hour": price.usd_per_hour,
            "as_of": price.as_of,
            "source": price.source,
            "fetched_at": now,
        }
        for name in missing
        for region in catalog.regions
        if (price := catalog.price(name, region.code)) is not None
    ]
    # A price that AWS itself stated is newer than the catalogue's.
    _insert(cursor, "prices", prices, on_conflict="IGNORE")
    return True


def _insert(
    cursor: duckdb.DuckDBPyConnection,
    table: str,
    rows: list[dict[str, Any]],
    *,
    on_conflict: str = "REPLACE",
) -> None:
    if not rows:
        return
    cursor.register("incoming", pd.DataFrame(rows))
    cursor.execute(f"INSERT OR {on_conflict} INTO {table} BY NAME SELECT * FROM incoming")
    cursor.unregister("incoming")


def _type_row(name: str, match: TypeMatch, method: Method) -> dict[str, Any]:
    curve = energy.curve(match, method.power_model)
    gpu_idle, gpu_max = energy.gpu_watts(match.type, 0), energy.gpu_watts(match.type, 100)
    ccf_idle, ccf_slope = energy.ccf_line(match.type)
    cpu = [energy.interpolate_watts(curve, load) for load in utilisation.DEFAULT_RANGE_PCT]
    gpu = [energy.gpu_watts(match.type, load) for load in utilisation.DEFAULT_GPU_RANGE_PCT]
    known_cpu = energy.interpolate_watts(curve, utilisation.DEFAULT_CPU_PCT)
    return {
        "instance_type": name,
        **{
            f"watts_at_{load:.0f}": w
            for load, w in zip(energy.LOAD_POINTS_PCT, curve.watts, strict=True)
        },
        "gpu_idle_watts": gpu_idle,
        "gpu_max_watts": gpu_max,
        "ccf_idle_watts": ccf_idle,
        "ccf_watts_per_pct": ccf_slope,
        "embodied_g_per_h": embodied.embodied_g_per_h(match.type, method.life_hours),
        "power_tier": energy.power_tier(match),
        "power_sigma": math.log(uncertainty.POWER_GSD[energy.power_tier(match)]),
        "default_sigma": uncertainty.default_utilisation_sigma(cpu[0] + gpu[0], cpu[1] + gpu[1]),
        "gpu_sigma": uncertainty.default_utilisation_sigma(known_cpu + gpu[0], known_cpu + gpu[1]),
        "burst_sigma": uncertainty.burst_sigma(match.type),
        "basis": match.basis,
    }


def _region_row(catalog: Catalog, region: Region, method: Method) -> dict[str, Any]:
    is_regional = region.pue_is_regional and method.pue_source == "regional"
    return {
        "region": region.code,
        "zone": region.zone,
        "country": region.country,
        "pue": region.pue if method.pue_source == "regional" else energy.GLOBAL_PUE,
        "pue_is_regional": is_regional,
        "td_factor": scopes.td_factor(catalog.td_loss(region.country).share),
    }
