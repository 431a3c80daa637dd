"""The kinds of incidents, and the families that share one incident."""

from __future__ import annotations

from spectra.insight.anomalies.alerts import DROP, RUNAWAY, SHIFT, SPIKE
from spectra.insight.anomalies.costs import COST_SPIKE
from spectra.insight.anomalies.footprint import FOOTPRINT_SPIKE
from spectra.insight.anomalies.gaps import GAP
from spectra.insight.anomalies.grids import INTENSITY_SPIKE
from spectra.insight.anomalies.waste import FORGOTTEN, IDLE, OFF_HOURS

# A series has at most one incident of a family at a time; its kind is the most serious one.
FAMILIES: dict[str, tuple[str, ...]] = {
    "usage": (RUNAWAY, SPIKE, SHIFT, DROP),
    "idle": (IDLE,),
    "volume": (FORGOTTEN,),
    "fleet": (OFF_HOURS,),
    "grid": (INTENSITY_SPIKE,),
    "team": (FOOTPRINT_SPIKE,),
    "cost": (COST_SPIKE,),
    "gap": (GAP,),
}
KINDS: tuple[str, ...] = tuple(kind for kinds in FAMILIES.values() for kind in kinds)
