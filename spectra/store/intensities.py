"""The intensity of every hour: runs the ladder over touched zones and writes what changed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pandas as pd

from spectra.carbon.intensity import HISTORY, AnnualFactor, resolve_intensity

if TYPE_CHECKING:
    import duckdb

    from spectra.catalog import Catalog

Span = tuple[datetime, datetime]

# How far a new value reaches: back into the gap before it and the monthly mean of its month,
# forward into the profiles of later gaps.
REACH_BACK = timedelta(days=7)

# Which source's value counts where several know the same hour.
SOURCE_RANK = {"electricity_maps": 0, "electricity_maps_portal": 1, "demo": 9}

PROFILE = "mean_lifecycle_g_per_kwh"

_OBSERVED = """
    SELECT zone, hour, intensity_direct_g_per_kwh, intensity_lifecycle_g_per_kwh, is_estimated,
           direct_is_scaled, quality, source
    FROM intensities WHERE zone = $zone AND hour BETWEEN $first AND $last
    QUALIFY row_number() OVER (PARTITION BY hour ORDER BY {rank}) = 1
"""


def resolve_zones(
    cursor: duckdb.DuckDBPyConnection,
    catalog: Catalog,
    spans: dict[str, Span],
    *,
    observed: bool = True,
) -> None:
    """Refill the ladder of zones around the given hours and queue the emissions that change.

    Parameters
    ----------
    spans : dict
        First and last hour per zone, inclusive.
    observed : bool
        Whether values were observed in these hours, which reach beyond them; otherwise they are
        just asked for.
    """
    profiles = monthly_profile(catalog)
    frames = []
    for zone, (first, last) in spans.items():
        start = min(first - REACH_BACK, first.replace(day=1, hour=0)) if observed else first
        window = _needed(cursor, zone, start, last + HISTORY if observed else last)
        if window is None or catalog.zone(zone) is None:
            continue
        frames.append(_resolve(cursor, catalog, zone, window, profiles.get(zone, {})))
    if frames:
        _write_changes(cursor, pd.concat(frames, ignore_index=True))


def monthly_profile(catalog: Catalog) -> dict[str, dict[int, float]]:
    """Mean lifecycle intensity by zone and calendar month [gCO2e/kWh]."""
    means = catalog.profiles.groupby(["zone", "month"], as_index=False)[PROFILE].mean()
    return {
        str(zone): dict(zip(rows["month"].astype(int), rows[PROFILE].astype(float), strict=True))
        for zone, rows in means.groupby("zone")
    }


def _needed(
    cursor: duckdb.DuckDBPyConnection, zone: str, first: datetime, last: datetime
) -> Span | None:
    """The part of a span that has observations or belongs to the ledger."""
    rows = cursor.execute(
        """
        SELECT greatest(min(hour), $first), least(max(hour), $last) FROM (
            SELECT hour FROM ledger_hours() UNION ALL
            SELECT hour FROM intensities WHERE zone = $zone)
        WHERE hour BETWEEN $first AND $last
        """,
        {"zone": zone, "first": first, "last": last},
    ).fetchall()
    start, end = rows[0]
    return None if start is None else (start, end)


def _resolve(
    cursor: duckdb.DuckDBPyConnection,
    catalog: Catalog,
    zone: str,
    window: Span,
    months: dict[int, float],
) -> pd.DataFrame:
    facts = catalog.zone(zone)
    assert facts is not None  # noqa: S101 (checked by the caller)
    ranks = " ".join(f"WHEN '{name}' THEN {rank}" for name, rank in SOURCE_RANK.items())
    observed = cursor.execute(
        _OBSERVED.format(rank=f"CASE source {ranks} ELSE 5 END"),
        {"zone": zone, "first": window[0] - HISTORY, "last": window[1] + HISTORY},
    ).df()
    annual = AnnualFactor(facts.annual_direct_g_per_kwh, facts.annual_lifecycle_g_per_kwh)
    hours = pd.date_range(window[0], window[1], freq="h", tz="UTC", name="hour")
    frame = resolve_intensity(observed, hours, annual, months)
    return frame.reset_index().assign(zone=zone)


def _write_changes(cursor: duckdb.DuckDBPyConnection, resolved: pd.DataFrame) -> None:
    """Upsert the hours whose value or tier differs and queue their emissions."""
    columns = (
        "intensity_direct_g_per_kwh, intensity_lifecycle_g_per_kwh, tier, quality, source, "
        "direct_is_scaled"
    )
    cursor.register("resolved", resolved)
    cursor.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE changed_intensity AS
        SELECT zone, hour, {columns} FROM resolved
        EXCEPT SELECT zone, hour, {columns} FROM intensity_hourly
        WHERE hour BETWEEN (SELECT min(hour) FROM resolved) AND (SELECT max(hour) FROM resolved)
        """
    )
    cursor.unregister("resolved")
    cursor.execute(
        "INSERT OR REPLACE INTO intensity_hourly BY NAME SELECT * FROM changed_intensity"
    )
    cursor.execute(
        """
        INSERT INTO stale_hours SELECT DISTINCT f.region, c.hour
        FROM changed_intensity c JOIN region_factors f USING (zone)
        SEMI JOIN ledger_hours() h ON h.hour = c.hour
        WHERE f.region IN (SELECT region FROM instances UNION SELECT region FROM volumes)
        """
    )
