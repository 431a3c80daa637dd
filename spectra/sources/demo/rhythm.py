"""The week of each role: how the load of web, batch, database, ci, ml and dev machines moves."""

from __future__ import annotations

from typing import get_args

import numpy as np

from spectra.sources.demo.blueprint import Role
from spectra.sources.demo.noise import Floats

WEEK_HOURS = 168
ROLES: tuple[Role, ...] = get_args(Role)
# Row of ``weekly_shapes`` for machines on which nothing happens.
FLAT = len(ROLES)

# Day and night by the local clock: peak hour [h], width [h], floor at night [1], weekend [1].
_CURVES: dict[Role, tuple[float, float, float, float]] = {
    "web": (15.0, 4.5, 0.35, 0.80),
    "batch": (2.5, 3.5, 0.40, 0.75),
    "database": (14.5, 5.0, 0.55, 0.85),
    "ci": (14.0, 3.5, 0.15, 0.25),
    "ml": (13.0, 5.5, 0.60, 0.80),
    "dev": (13.5, 3.0, 0.10, 0.15),
}


def weekly_shapes() -> Floats:
    """Relative load by role and local hour of the week, Monday 00:00 first.

    Returns
    -------
    ndarray
        (roles + 1) × 168; each row has a mean of 1, the last one is flat.
    """
    hours = np.arange(WEEK_HOURS)
    rows = []
    for role in ROLES:
        peak, width, floor, weekend = _CURVES[role]
        # Distance on the clock face, so that a night peak does not break at midnight.
        distance = np.abs((hours % 24 + 0.5 - peak + 12) % 24 - 12)
        day = floor + (1 - floor) * np.exp(-0.5 * (distance / width) ** 2)
        rows.append(day * np.where(hours >= 5 * 24, weekend, 1.0))
    rows.append(np.ones(WEEK_HOURS))
    shapes = np.array(rows)
    return np.asarray(shapes / shapes.mean(axis=1, keepdims=True))
