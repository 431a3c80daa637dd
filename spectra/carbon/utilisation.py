"""Utilisation of an hour without a measurement: the ladder T1 to T4."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median
from typing import NamedTuple

DEFAULT_CPU_PCT = 50.0
DEFAULT_GPU_PCT = 50.0
DEFAULT_RANGE_PCT = (10.0, 90.0)
DEFAULT_GPU_RANGE_PCT = (10.0, 100.0)
OWN_WEEKS = 4
MIN_OWN_HOURS = 3
MIN_PEERS = 3


class Utilisation(NamedTuple):
    """A CPU load [%] and the step of the ladder it came from (1 measured to 4 default)."""

    cpu_pct: float
    tier: int


def utilisation_of(
    measured_pct: float | None, own_pct: Sequence[float] = (), peers_pct: Sequence[float] = ()
) -> Utilisation:
    """CPU utilisation of one instance-hour; never 0 for "unknown", never dropped.

    The store does the same over all rows in SQL, in whichever order they arrive; this is the
    definition its tests compare with.

    Parameters
    ----------
    measured_pct : float or None
        Hourly mean from CloudWatch [%]; None or NaN when there is none.
    own_pct : sequence of float
        The instance's own values at the same hour of the week in the last 28 days [%].
    peers_pct : sequence of float
        Values of its peers (autoscaling group, service tag or type) of all regions in that hour
        [%].
    """
    if measured_pct is not None and not math.isnan(measured_pct):
        return Utilisation(min(max(measured_pct, 0.0), 100.0), 1)
    if len(own_pct) >= MIN_OWN_HOURS:
        return Utilisation(median(own_pct), 2)
    if len(peers_pct) >= MIN_PEERS:
        return Utilisation(median(peers_pct), 3)
    return Utilisation(DEFAULT_CPU_PCT, 4)
