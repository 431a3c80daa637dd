"""What is out of the ordinary: in usage, on the grid, in footprint and cost, and in the data.

Everything here is pure: frames in, frames out, times aware UTC and hour-beginning, NaN for unknown.
A store has to give these frames:

=====================  ============================================================================
function               frame: columns and units
=====================  ============================================================================
`detect`               Series of one resource, every 5 minutes or hour: CPU [%], kWh, or any other
`scan`                 hours × series, wide: mean CPU [%]; the history once, then new hours only,
                       with the `Memory` of the scan before
`data_gaps`            as `scan`, with the 24 h before; optionally hours × series of bool: ran
`intensity_spikes`     hours × zones, wide: intensity [gCO2e/kWh], with the 28 days before
`footprint_spikes`     team, day, zone, energy_kwh, grams (without embodied), embodied_g; 28 days
                       before; complete days only
`cost_spikes`          series, day, usd, is_provisional; 28 days before
`idle_instances`       series, day, running_hours, known_hours, cpu_avg_pct, cpu_max_pct,
                       gpu_max_pct, network_bytes, grams, usd; complete days only
`forgotten_volumes`    series, unused_since, g_per_day, usd_per_day
`off_hours_fleets`     series, hour, timezone, running_hours, cpu_avg_pct, grams, usd; 7 days
`without_planned`      alerts; start, end, series, tag, value of events; tags: series × tag
`due_unplanned`        hours × series of bool: ran; events and tags as above
`fold`                 alerts, and the incidents that were folded before
`ranked`               incidents; by series g_per_excess [gCO2e per unit and row], usd_per_excess
                       [USD], daily_g [gCO2e]
=====================  ============================================================================

An alert has series, at, kind, score [1], value, expected, excess [unit of the series], is_alert.
An incident has series, kind, start, last_seen, end, score, excess, value, expected, alerts.
A `Memory` need not be stored: a scan of the last `MEMORY_DAYS` builds one that goes on alike.
"""

from spectra.insight.anomalies.api import Scan, detect, scan
from spectra.insight.anomalies.costs import cost_spikes
from spectra.insight.anomalies.daily import benjamini_hochberg
from spectra.insight.anomalies.footprint import Change, decompose, footprint_spikes
from spectra.insight.anomalies.gaps import data_gaps
from spectra.insight.anomalies.grids import intensity_spikes
from spectra.insight.anomalies.incidents import due_unplanned, fold, ranked, without_planned
from spectra.insight.anomalies.memory import MEMORY_DAYS, Memory
from spectra.insight.anomalies.onset import change_points, onset
from spectra.insight.anomalies.sensitivity import CPU, DEFAULT, Sensitivity
from spectra.insight.anomalies.waste import (
    forgotten_volumes,
    idle_instances,
    off_hours_fleets,
)

__all__ = [
    "CPU",
    "DEFAULT",
    "MEMORY_DAYS",
    "Change",
    "Memory",
    "Scan",
    "Sensitivity",
    "benjamini_hochberg",
    "change_points",
    "cost_spikes",
    "data_gaps",
    "decompose",
    "detect",
    "due_unplanned",
    "fold",
    "footprint_spikes",
    "forgotten_volumes",
    "idle_instances",
    "intensity_spikes",
    "off_hours_fleets",
    "onset",
    "ranked",
    "scan",
    "without_planned",
]
