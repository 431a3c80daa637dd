"""The intensity of every hour: runs the ladder over touched zones and writes what changed."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import pandas as pd

from spectra.carbon.intensity import HISTORY, AnnualFactor, MonthlyMeans, resolve_intensity
from spectra.moments import HOUR

if TYPE_CHECKING:
    import duckdb

    from spectra.catalog import Catalog

Span = tuple[datetime, datetime]

# How far a new value reaches: back into the gap before it and the monthly mean of its month,
# forward into the profiles of later gaps.
REACH_BACK = timedelta(days=7)

PROFILE = ["mean_direct_g_per_kwh", "mean_lifecycle_g_per_kwh"]
DAYS_A_WEEK = {"weekday": 5, "weekend": 2}
HOURS_A_WEEK = 7 * 24

# What is known best of each hour of the windows and of a margin around them: what was measured
# comes before what a provider estimated or stated by half, and the API before a file.
_OBSERVED = """
    SELECT zone, hour, intensity_direct_g_per_kwh, intensity_lifecycle_g_per_kwh, is_estimated,
           direct_is_scaled, quality, source
    FROM intensities JOIN windows USING (zone)
    WHERE hour BETWEEN first - $margin AND last + $margin
    QUALIFY row_number() OVER (
        PARTITION BY zone, hour ORDER BY source = 'demo',
            is_estimated OR direct_is_scaled OR intensity_direct_g_per_kwh IS NULL
                OR intensity_lifecycle_g_per_kwh IS NULL,
            source <> 'electricity_maps', source) = 1
"""

# A span of observed hours reaches to the filled-in hours around it that it may change, to the
# beginning of the gap that the first of them is in, and to the hour before: only the next one tells
# a spike from a step.
_REACHED = """
    SELECT zone, least(s.first - INTERVAL 1 HOUR, coalesce(min(hour) - $back, s.first)) AS first,
        greatest(s.last, coalesce(max(hour), s.last)) AS last
    FROM windows s LEFT JOIN (
        SELECT zone, hour FROM intensity_hourly WHERE tier NOT IN ('A', 'B')) f
        USING (zone)
    WHERE hour IS NULL OR hour BETWEEN
        least(s.first - $back, date_trunc('month', s.first)) AND s.last + $ahead
    GROUP BY zone, s.first, s.last
"""

# The part of each window that has observations or belongs to the ledger.
_NEEDED = """
    SELECT zone, min(hour) AS first, max(hour) AS last
    FROM windows JOIN (
        SELECT zone, hour FROM intensities
        UNION ALL SELECT zone, hour FROM ledger_hours(), (SELECT zone FROM windows)) h USING (zone)
    WHERE hour BETWEEN first AND last GROUP BY zone
"""

# Hours that nobody measured; those of rolled days stay as their sums have them.
_UNMEASURED = """
    SELECT zone, min(hour) AS first, max(hour) AS last FROM intensity_hourly
    WHERE tier <> 'A' AND hour::DATE NOT IN (SELECT "day" FROM rolled_days) GROUP BY zone
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
    windows = pd.DataFrame(
        [(zone, *span) for zone, span in spans.items() if catalog.zone(zone) is not None],
        columns=["zone", "first", "last"],
    )
    if observed and len(windows):
        reach = {"back": REACH_BACK, "ahead": HISTORY.to_pytimedelta()}
        reached = _over(cursor, windows, _REACHED, reach)
        untouched = ~windows["zone"].isin(reached["zone"])
        alone = windows[untouched].assign(first=lambda w: w["first"] - HOUR)
        windows = pd.concat([reached, alone], ignore_index=True)
    windows = _over(cursor, windows, _NEEDED)
    if len(windows):
        _write_changes(cursor, _resolve(cursor, catalog, windows))


def resolve_unmeasured(cursor: duckdb.DuckDBPyConnection, catalog: Catalog) -> None:
    """Refill hours that may rest on the catalogue or the ladder, after it or the method changed."""
    rows = cursor.execute(_UNMEASURED).fetchall()
    spans = {str(zone): (first, last) for zone, first, last in rows}
    resolve_zones(cursor, catalog, spans, observed=False)


@lru_cache(maxsize=4)
def monthly_profile(catalog: Catalog) -> dict[str, MonthlyMeans]:
    """Mean direct and lifecycle intensity by zone and calendar month, over whole weeks."""
    profiles = catalog.profiles
    weighted = profiles[PROFILE].mul(profiles["day_type"].map(DAYS_A_WEEK), axis=0)
    means = weighted.groupby([profiles["zone"], profiles["month"]]).sum() / HOURS_A_WEEK
    found: dict[str, MonthlyMeans] = {}
    for zone, month, direct, lifecycle in means.reset_index().itertuples(index=False):
        found.setdefault(zone, {})[month] = (direct, lifecycle)
    return found


def _over(
    cursor: duckdb.DuckDBPyConnection,
    windows: pd.DataFrame,
    sql: str,
    parameters: dict[str, Any] | None = None,
) -> pd.DataFrame:
    """Run a query over a frame of windows (zone, first, last)."""
    if windows.empty:
        return windows
    cursor.register("windows", windows)
    frame = cursor.execute(sql, parameters).df()
    cursor.unregister("windows")
    return frame


def _resolve(
    cursor: duckdb.DuckDBPyConnection, catalog: Catalog, windows: pd.DataFrame
) -> pd.DataFrame:
    """Run the ladder over the windows of all zones."""
    observed = _over(cursor, windows, _OBSERVED, {"margin": HOUR})
    # Without a hole there is nothing to fill, and the neighbours are history enough.
    lengths = (windows["last"] - windows["first"]).dt.total_seconds() / 3600 + 2
    counts = windows["zone"].map(observed.groupby("zone").size()).fillna(0)
    holes = _over(
        cursor, windows[counts < lengths], _OBSERVED, {"margin": HISTORY.to_pytimedelta()}
    )
    profiles = monthly_profile(catalog) if (counts < lengths).any() else {}
    if len(holes):
        observed = pd.concat([observed[~observed["zone"].isin(holes["zone"])], holes])
    by_zone = dict(iter(observed.groupby("zone")))
    frames = []
    for zone, first, last in windows[["zone", "first", "last"]].itertuples(index=False):
        facts = catalog.zone(zone)
        assert facts is not None  # noqa: S101 (resolve_zones leaves unknown zones out)
        annual = AnnualFactor(facts.annual_direct_g_per_kwh, facts.annual_lifecycle_g_per_kwh)
        hours = pd.date_range(first, last, freq="h", name="hour")
        seen = by_zone.get(zone, observed.iloc[:0])
        frames.append(resolve_intensity(seen, hours, annual, profiles.get(zone, {})))
    zones = windows["zone"].repeat([len(frame) for frame in frames])
    return pd.concat(frames).reset_index().assign(zone=zones.to_numpy())


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
