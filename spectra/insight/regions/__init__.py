"""Regions against where we are now: who may be considered, who is efficient, who comes first."""

from spectra.insight.regions.compare import compare
from spectra.insight.regions.distance import distance_km, estimated_rtt_ms
from spectra.insight.regions.model import Comparison, Excluded, Limits, Place, Ranked, Weights
from spectra.insight.regions.move import (
    break_even_hours,
    one_off_g,
    replication_g_per_h,
    saving_interval,
)
from spectra.insight.regions.pareto import efficient

__all__ = [
    "Comparison",
    "Excluded",
    "Limits",
    "Place",
    "Ranked",
    "Weights",
    "break_even_hours",
    "compare",
    "distance_km",
    "efficient",
    "estimated_rtt_ms",
    "one_off_g",
    "replication_g_per_h",
    "saving_interval",
]
