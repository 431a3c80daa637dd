"""Round trip by distance, where nobody measured one."""

from __future__ import annotations

import math

EARTH_RADIUS_KM = 6_371.0
# Light in fibre runs 200 km in a millisecond, on ways half as long again as the great circle.
FIBRE_KM_PER_MS, DETOUR, FIXED_MS = 200.0, 1.5, 5.0
# Detours of 1.1 to 2.5 bound most pairs of regions; how good a measurement is matters less.
ESTIMATE_SIGMA, MEASURED_SIGMA = 0.20, 0.05


def distance_km(lat_a: float, lon_a: float, lat_b: float, lon_b: float) -> float:
    """Great-circle distance of two points given in degrees [km]."""
    a, b = math.radians(lat_a), math.radians(lat_b)
    half = math.sin((b - a) / 2) ** 2
    half += math.cos(a) * math.cos(b) * math.sin(math.radians(lon_b - lon_a) / 2) ** 2
    return 2 * EARTH_RADIUS_KM * math.asin(min(1.0, math.sqrt(half)))


def estimated_rtt_ms(km: float) -> float:
    """Round trip over a distance, ``2·d·1.5/200 + 5`` [ms].

    References
    ----------
    METHOD.md, section 8.
    """
    return 2 * km * DETOUR / FIBRE_KM_PER_MS + FIXED_MS
