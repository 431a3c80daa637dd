"""The values of an estimate: what is assumed of a move, both sides, once, and the result."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from spectra.carbon.energy import NETWORK_KWH_PER_GB
from spectra.carbon.uncertainty import Interval
from spectra.insight.regions.move import break_even_hours

LOCATION_BASED, AWS_BASED = "location-based", "AWS's own figures"


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What is taken for granted about the move itself.

    Attributes
    ----------
    transfer_gb : float or None
        Data sent once [GB]; None for the size of the volumes.
    dual_hours : float
        Time in which source and target both run [h].
    double_storage_days : float
        Time for which the volumes at the source are kept after the move [d].
    replication_gb_per_h : float
        Traffic between both regions that goes on afterwards [GB/h].
    egress_usd_per_gb : float or None
        Price of traffic between regions [USD/GB]; the catalogue has none.
    days : int
        Past days that are replayed, 30 to 365 [d].
    """

    transfer_gb: float | None = None
    network_kwh_per_gb: float = NETWORK_KWH_PER_GB
    dual_hours: float = 24.0
    double_storage_days: float = 7.0
    replication_gb_per_h: float = 0.0
    egress_usd_per_gb: float | None = None
    days: int = 90


@dataclass(frozen=True, slots=True)
class Side:
    """The machines in one place, as means per hour of the clock.

    Attributes
    ----------
    market_scope2_g_per_h : float
        Scope 2 market-based; never added to the location-based one [g/h].
    market_basis : str
        What it rests on: `AWS_BASED`, or `LOCATION_BASED` where no instrument is known.
    usd_per_h : float or None
        At list price [USD/h]; None where the price of any machine is not known.
    """

    kwh_per_h: float
    scope2_g_per_h: float
    upstream_g_per_h: float
    td_g_per_h: float
    embodied_g_per_h: float
    market_scope2_g_per_h: float
    market_basis: str
    usd_per_h: float | None

    @property
    def scope3_g_per_h(self) -> float:
        """Upstream, losses and hardware [g/h]."""
        return self.upstream_g_per_h + self.td_g_per_h + self.embodied_g_per_h

    @property
    def total_g_per_h(self) -> float:
        """Location-based total [g/h]."""
        return self.scope2_g_per_h + self.scope3_g_per_h

    @property
    def market_total_g_per_h(self) -> float:
        """Market-based total [g/h]."""
        return self.market_scope2_g_per_h + self.scope3_g_per_h

    @property
    def g_per_kwh(self) -> float:
        """Electricity with what lies before and around it [g/kWh]."""
        operational = self.scope2_g_per_h + self.upstream_g_per_h + self.td_g_per_h
        return operational / self.kwh_per_h if self.kwh_per_h else 0.0


@dataclass(frozen=True, slots=True)
class OneOff:
    """What the move itself emits [gCO2e] and costs [USD]; None where it is not known.

    Attributes
    ----------
    transfer_gb : float
        Data sent [GB], without those of the machines that `unsized` counts.
    unsized : int
        Machines whose volumes are not known: what they send and keep is not in these figures.
    """

    transfer_gb: float
    transfer_g: float
    dual_g: float
    double_storage_g: float
    usd: float | None
    unsized: int = 0

    @property
    def is_partial(self) -> bool:
        """Whether the move takes more than these figures say."""
        return self.unsized > 0

    @property
    def total_g(self) -> float:
        """All of it [gCO2e]."""
        return self.transfer_g + self.dual_g + self.double_storage_g


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a move would have meant for the past hours, and when it pays.

    Attributes
    ----------
    saving_g_per_h : Interval
        Location-based, replication taken off, with its 95 % interval [g/h].
    saving_usd_per_h : float or None
        At list prices, replication taken off [USD/h].
    break_even_network_h : float
        `break_even_h` with ten times the energy per GB [h].
    months : DataFrame
        month, before_g, after_g, saving_g, clock_hours; the hours replayed, replication taken off
        saving_g alone.
    worst_month : str
        Month of the lowest saving; empty with less than two months.
    is_seasonal : bool
        It saves on the whole, but not in every month.
    mean_grids : tuple of str
        Regions whose grid is known by monthly or annual means for most of the hours: their hours
        and seasons are not seen.
    warnings : tuple of str
        What makes its figures say less than they seem to.
    notes : tuple of str
        What a reader must know besides.
    """

    target: str
    before: Side
    after: Side
    saving_g_per_h: Interval
    saving_usd_per_h: float | None
    replication_g_per_h: float
    once: OneOff
    break_even_network_h: float
    months: pd.DataFrame
    worst_month: str
    is_seasonal: bool
    machines: pd.DataFrame
    mean_grids: tuple[str, ...] = ()
    known_days: float = 0.0
    left_out: tuple[tuple[str, str], ...] = field(default=())
    warnings: tuple[str, ...] = field(default=())
    notes: tuple[str, ...] = field(default=())

    @property
    def market_saving_g_per_h(self) -> float | None:
        """Market-based; None where both sides do not rest on the same [g/h]."""
        if self.before.market_basis != self.after.market_basis:
            return None
        change = self.before.market_total_g_per_h - self.after.market_total_g_per_h
        return change - self.replication_g_per_h

    @property
    def break_even_h(self) -> float:
        """Hours until the emissions of the move are made up for; infinite if never [h]."""
        return break_even_hours(self.once.total_g, self.saving_g_per_h.central)

    @property
    def break_even_range_h(self) -> Interval:
        """The same at the ends of the saving's interval, the soonest first [h]."""
        low, central, high = self.saving_g_per_h
        hours = (break_even_hours(self.once.total_g, g) for g in (high, central, low))
        return Interval(*hours)

    @property
    def break_even_usd_h(self) -> float | None:
        """In money; None where a price is not known [h]."""
        if self.saving_usd_per_h is None or self.once.usd is None:
            return None
        return break_even_hours(self.once.usd, self.saving_usd_per_h)
