"""What is said of a unit, before any saving: the findings and the feasible options.

References
----------
METHOD.md, section 4.2.
"""

from __future__ import annotations

from collections.abc import Mapping

from spectra.catalog import Catalog, InstanceType
from spectra.insight.idle import (
    IDLE_DAY_BYTES,
    IDLE_GPU_PCT,
    IDLE_MEAN_PCT,
    IDLE_PEAK_PCT,
)
from spectra.insight.rightsizing.model import Demand, Finding, Rules, Unit
from spectra.insight.rightsizing.quantile import upper_peak
from spectra.units import counted

MIN_HOURS = 30
MIN_COVERAGE = 0.90
FULL_SHARE = 0.95
GROWTH_DAYS = 30
# Off for the night is not stopped for good; what is has entered the ledger by then.
STOPPED_HOURS = 24.0
UNDER_PEAK_PCT, UNDER_P95_PCT, UNDER_MEMORY_PCT = 90.0, 80.0, 90.0
# One hour alone may be a deployment; a machine that is too small is so more than once.
UNDER_HOURS = 2
# Tag keys, or values of any key, of machines that stand by on purpose.
KEPT = frozenset({"keep", "dr", "standby", "disaster-recovery", "license", "licence"})
_NO = frozenset({"false", "no", "0", "off", "none"})


def is_preliminary(unit: Unit, rules: Rules) -> bool:
    """Whether too little was seen for more than a first guess."""
    full = rules.look_back_days * 24 * FULL_SHARE
    return unit.clock_hours < full or unit.coverage < MIN_COVERAGE or unit.weekends < 2


def demand_of(unit: Unit, current: InstanceType, rules: Rules) -> Demand:
    """What a type must carry; needs at least one observed hour."""
    peak, is_bound = upper_peak(
        list(unit.peaks_pct), int(unit.observed_hours), unit.lag1, clock_hours=unit.clock_hours
    )
    growth = 1 + max(unit.growth_per_day, 0.0) * GROWTH_DAYS
    used = unit.memory_known_pct
    headroom = 1 + rules.memory_headroom_pct / 100
    return Demand(
        peak_pct=peak * growth,
        sustained_pct=unit.sustained_peak_pct or 0.0,
        is_bound=is_bound,
        memory_gib=current.memory_gib * (1.0 if used is None else used / 100 * headroom),
        memory_is_known=used is not None,
    )


def find(unit: Unit, catalog: Catalog) -> Finding:
    """The finding as far as the load alone decides it; OPTIMISED where options have to."""
    match = catalog.instance_type(unit.instance_type)
    current = match.type
    if unit.clock_hours < MIN_HOURS or unit.mean_pct is None:
        return Finding.STOPPED if unit.state == "stopped" else Finding.NOT_ENOUGH_DATA
    if unit.tenancy == "host":
        return Finding.EXCLUDED
    if is_idle(unit, current) and exclusion(unit) is None:
        is_stopped = (unit.stopped_hours or 0.0) >= STOPPED_HOURS
        return Finding.STOPPED if is_stopped else Finding.IDLE
    if match.tier == "D" or current.bare_metal:
        return Finding.EXCLUDED
    if current.burstable and is_beyond_baseline(unit, catalog.burst_baseline_pct(current.name)):
        return Finding.BURST
    return Finding.UNDER if strains(unit) else Finding.OPTIMISED


def is_idle(unit: Unit, current: InstanceType) -> bool:
    """Whether nothing seems to use it; what is not watched is not taken for unused."""
    return (
        unit.mean_pct is not None
        and unit.mean_pct < IDLE_MEAN_PCT
        and unit.peaks_pct[0] < IDLE_PEAK_PCT
        and unit.network_share >= MIN_COVERAGE
        and unit.busiest_day_bytes is not None
        and unit.busiest_day_bytes < IDLE_DAY_BYTES
        and (
            current.gpu_count == 0
            or (unit.gpu_max_pct is not None and unit.gpu_max_pct < IDLE_GPU_PCT)
        )
    )


def exclusion(unit: Unit) -> str | None:
    """Why an idle unit is left alone; None where it is not."""
    tag = stands_by(unit.tags)
    if tag is not None:
        return f"the tag “{tag}” says that it stands by on purpose"
    if unit.kind == "group" and unit.min_size is None:
        return "the minimum of its autoscaling group is not known"
    if unit.kind == "group" and unit.min_size:
        return f"its autoscaling group keeps at least {unit.min_size}: lower the minimum instead"
    return None


def stands_by(tags: Mapping[str, str]) -> str | None:
    """The tag, folded, that says a machine waits on purpose; None without any."""
    for key, value in tags.items():
        if key in KEPT and value not in _NO:
            return key
        if value in KEPT:
            return f"{key}: {value}"
    return None


def strains(unit: Unit) -> tuple[str, ...]:
    """What of the unit is too small, in words; empty where nothing is."""
    found = []
    if unit.hours_over_90 >= UNDER_HOURS:
        found.append(
            f"CPU went above {UNDER_PEAK_PCT:.0f} % in {unit.hours_over_90} hours on "
            f"{counted(unit.days_over_90, 'day')}"
        )
    elif unit.p95_pct is not None and unit.p95_pct > UNDER_P95_PCT:
        found.append(f"the 95th percentile of CPU is {unit.p95_pct:.0f} %")
    if (unit.credit_empty_hours_per_day or 0.0) >= 1.0:
        found.append(
            f"burst credits were used up for {unit.credit_empty_hours_per_day:.1f} hours a day"
        )
    if (unit.memory_known_pct or 0.0) > UNDER_MEMORY_PCT:
        found.append(f"memory in use reached {unit.memory_known_pct:.0f} %")
    return tuple(found)


def is_beyond_baseline(unit: Unit, baseline_pct: float | None) -> bool:
    """Whether a burstable type carries more on average than it can without credits."""
    return baseline_pct is not None and (unit.mean_pct or 0.0) > baseline_pct
