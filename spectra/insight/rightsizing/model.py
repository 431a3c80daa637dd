"""The values that rightsizing works on: rules, the unit that is judged, its options, the advice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from spectra.carbon.uncertainty import Interval
from spectra.catalog import InstanceType

HOURS_PER_MONTH = 730.0
OptionKind = Literal["size", "generation", "family", "graviton"]
Effort = Literal["LOW", "MEDIUM", "HIGH"]
Confidence = Literal["HIGH", "MEDIUM", "LOW"]


class Finding(StrEnum):
    """What is said of a unit."""

    NOT_ENOUGH_DATA = "not enough data"
    EXCLUDED = "not judged"
    STOPPED = "stopped"
    IDLE = "idle"
    UNDER = "under-provisioned"
    OVER = "over-provisioned"
    BURST = "beyond its burst baseline"
    OPTIMISED = "optimised"


@dataclass(frozen=True, slots=True)
class Rules:
    """What may be chosen about the algorithm; the defaults are those of METHOD.md, section 4.2.

    Attributes
    ----------
    look_back_days : int
        Days that the load is judged on; 32 where the month has a pattern.
    cpu_headroom_pct, memory_headroom_pct : float
        Room left above the peak [%].
    carbon_weight : float
        1 ranks by carbon alone (at no higher cost), 0 by cost alone (at no more carbon) [1].
    revision : int
        Of the algorithm: what an older one advised is judged anew.
    """

    look_back_days: int = 14
    cpu_headroom_pct: float = 20.0
    memory_headroom_pct: float = 20.0
    carbon_weight: float = 1.0
    revision: int = 3

    @property
    def cpu_limit_pct(self) -> float:
        """Highest CPU peak that a type may be given [%]."""
        return 100.0 - self.cpu_headroom_pct


@dataclass(frozen=True, slots=True)
class Unit:
    """What is judged as one: an instance, or all members of an autoscaling group together.

    An unknown value is None. Percentages are of the present type.

    Attributes
    ----------
    stopped_hours : float or None
        Hours since it was stopped [h].
    running_hours, observed_hours : float
        Hours that its members ran in the look-back, and those with a CPU value [h].
    clock_hours : int
        Hours of the clock in which any member was observed [h].
    history_days, weekends : int
        Days with data in the last 32, and weekends in the look-back [1].
    peaks_pct : tuple of float
        The highest hourly maxima of CPU, descending [%].
    sustained_peak_pct : float
        Highest level that 28 days may have held for 15 minutes on end [%]: an hour whose maximum
        and four times whose mean both reach it.
    lag1 : float or None
        Autocorrelation of the hourly maxima at one hour [1].
    hours_over_90, days_over_90 : int
        Hours of the clock in which the maximum of any member is above 90 %, and the days they fall
        on [1].
    growth_per_day : float
        Theil–Sen slope of the daily 95th percentile, relative to its median [1/d].
    busiest_day_bytes : float or None
        Traffic of the busiest day [bytes].
    network_mbps, ebs_mbps, memory_pct : float or None
        99.5th percentile of the hourly means [Mbit/s, %].
    credit_empty_hours_per_day : float or None
        Hours a day without burst credits in the look-back [h].
    """

    unit_key: int
    unit_id: str
    kind: Literal["instance", "group"]
    name: str
    account_id: str
    region: str
    team: str
    environment: str
    instance_type: str
    state: str
    lifecycle: str
    tenancy: str
    members: int
    min_size: int | None
    tags: Mapping[str, str]
    stopped_hours: float | None
    look_back_days: int
    running_hours: float
    observed_hours: float
    clock_hours: int
    history_days: int
    weekends: int
    mean_pct: float | None
    p95_pct: float | None
    peaks_pct: tuple[float, ...]
    sustained_peak_pct: float | None
    lag1: float | None
    hours_over_90: int
    days_over_90: int
    growth_per_day: float
    memory_pct: float | None
    memory_share: float
    gpu_max_pct: float | None
    network_share: float
    busiest_day_bytes: float | None
    network_mbps: float | None
    ebs_mbps: float | None
    credit_empty_hours_per_day: float | None
    paid_share: float | None
    purchase_option: str | None

    @property
    def coverage(self) -> float:
        """Share of the running hours that were observed [1]."""
        return min(self.observed_hours / self.running_hours, 1.0) if self.running_hours else 0.0

    @property
    def memory_known_pct(self) -> float | None:
        """Memory in use where it was watched nearly all the time [%]."""
        return self.memory_pct if self.memory_share >= 0.9 else None


@dataclass(frozen=True, slots=True)
class Demand:
    """What a type must carry, from the unit's load with headroom and growth.

    Attributes
    ----------
    peak_pct : float
        Upper bound of the CPU peak with the trend of a month [% of the present type].
    is_bound : bool
        False where the maximum stands in for a percentile that so few hours cannot bound.
    memory_gib : float
        Memory needed [GiB]; all of the present type's where its use is unknown.
    """

    peak_pct: float
    sustained_pct: float
    is_bound: bool
    memory_gib: float
    memory_is_known: bool


@dataclass(frozen=True, slots=True)
class Option:
    """A type that the unit could have run on, before any saving is known.

    Attributes
    ----------
    load_ratio : float
        Load on it relative to the load on the present type [1].
    peak_pct : float
        CPU peak expected on it [%].
    checks : tuple of str
        What a person must check before the change.
    obstacles : tuple of str
        Why it is not feasible; empty where it is.
    """

    type: InstanceType
    kind: OptionKind
    effort: Effort
    load_ratio: float
    peak_pct: float
    checks: tuple[str, ...] = ()
    obstacles: tuple[str, ...] = ()

    @property
    def is_feasible(self) -> bool:
        """Whether it carries the load."""
        return not self.obstacles


@dataclass(frozen=True, slots=True)
class Replay:
    """A unit's past hours as if it had run on one type, per hour of the clock.

    Attributes
    ----------
    daily_g : tuple of float
        Emissions of the observed hours of each day [gCO2e].
    scope2_g_per_h, upstream_g_per_h, td_g_per_h, embodied_g_per_h : float
        Means over the hours of the clock [g/h].
    kwh_per_h : float
        Energy at the meter [kWh/h].
    running_per_h : float
        Members that ran on average [1].
    mean_pct, over_share : float
        Mean CPU [%], and the share of hours whose maximum is above the limit [1].
    """

    daily_g: tuple[float, ...]
    scope2_g_per_h: float
    upstream_g_per_h: float
    td_g_per_h: float
    embodied_g_per_h: float
    kwh_per_h: float
    running_per_h: float
    mean_pct: float
    over_share: float

    @property
    def operational_g_per_h(self) -> float:
        """Electricity with what lies before and around it [g/h]."""
        return self.scope2_g_per_h + self.upstream_g_per_h + self.td_g_per_h

    @property
    def total_g_per_h(self) -> float:
        """Operational and embodied [g/h]."""
        return self.operational_g_per_h + self.embodied_g_per_h


@dataclass(frozen=True, slots=True)
class Saving:
    """What a change would have saved, as means per hour of the clock.

    Attributes
    ----------
    carbon_g_per_h : Interval
        With the 95 % interval of a bootstrap over days [g/h].
    list_usd_per_h, cash_usd_per_h : float or None
        At list price, and what would really be paid less; None where a price is unknown.
    """

    carbon_g_per_h: Interval
    scope2_g_per_h: float
    scope3_g_per_h: float
    embodied_g_per_h: float
    kwh_per_h: float
    list_usd_per_h: float | None
    cash_usd_per_h: float | None
    cash_note: str = ""


@dataclass(frozen=True, slots=True)
class Rated:
    """An option with what it saves and how sure that is; `risk` is 0 (none) to 4."""

    option: Option
    saving: Saving
    confidence: Confidence
    risk: int


@dataclass(frozen=True, slots=True)
class Advice:
    """What is said of a unit.

    Attributes
    ----------
    best : Rated or None
        The option recommended.
    others : tuple of Rated
        Further options, feasible or not, best first.
    stop_saving : Saving or None
        Of stopping it for good, for an idle one.
    reason, changes : str
        Why, and what would change it.
    notes : tuple of str
        What a reader must know besides.
    """

    unit: Unit
    finding: Finding
    is_preliminary: bool
    reason: str
    changes: str = ""
    notes: tuple[str, ...] = ()
    demand: Demand | None = None
    now: Replay | None = None
    best: Rated | None = None
    others: tuple[Rated, ...] = field(default=())
    stop_saving: Saving | None = None
    confidence: Confidence = "LOW"
