"""The values of the comparison of regions: a place, what is asked of it, and where it comes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """A region with one load in it; an unknown value is None.

    Attributes
    ----------
    operational_g_per_h, embodied_g_per_h : float or None
        Emissions of the load there [gCO2e/h].
    usd_per_h : float or None
        On-demand list price of its machines there [USD/h].
    latency_ms : float or None
        Round trip [ms].
    latency_is_estimate : bool
        True where it follows from the distance alone.
    missing_types : tuple of str
        Types of the load that have no price there: taken as not offered.
    intensity_sigma, pue_sigma, latency_sigma : float
        Log deviations; the first is shared by all regions of a zone.
    no_data : str
        Why its emissions are not known; empty where they are.
    """

    region: str
    country: str
    zone: str
    operational_g_per_h: float | None
    embodied_g_per_h: float
    usd_per_h: float | None
    latency_ms: float | None
    latency_is_estimate: bool = False
    missing_types: tuple[str, ...] = ()
    intensity_sigma: float = 0.0
    pue_sigma: float = 0.0
    latency_sigma: float = 0.0
    no_data: str = ""

    @property
    def g_per_h(self) -> float | None:
        """Operational and embodied [gCO2e/h]."""
        if self.operational_g_per_h is None:
            return None
        return self.operational_g_per_h + self.embodied_g_per_h


@dataclass(frozen=True, slots=True)
class Limits:
    """Hard conditions; a region outside them is excluded and never ranked. Empty lists allow all.

    Attributes
    ----------
    needs_types : bool
        Whether every type of the load must be offered there.
    """

    countries: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    max_latency_ms: float | None = None
    needs_types: bool = True


@dataclass(frozen=True, slots=True)
class Weights:
    """What a relative change of each figure counts; one of 0 is left out of the ranking."""

    carbon: float = 0.7
    cost: float = 0.3
    latency: float = 0.0


@dataclass(frozen=True, slots=True)
class Ranked:
    """A region in its place of the ranking, best first.

    Attributes
    ----------
    score : float
        Weighted sum of relative changes; 0 where we are now, lower is better.
    carbon_change, cost_change : float or None
        Relative to where we are now [1].
    is_efficient : bool
        No other region is at least as good in carbon, price and latency and better in one.
    first_share : float
        Share of draws in which it comes first [1].
    """

    place: Place
    score: float
    carbon_change: float | None
    cost_change: float | None
    is_efficient: bool
    first_share: float


@dataclass(frozen=True, slots=True)
class Excluded:
    """A region that is left out, and why."""

    region: str
    reason: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """The ranking, what is not in it, and what it is relative to."""

    home: Place
    ranked: tuple[Ranked, ...]
    excluded: tuple[Excluded, ...]
    draws: int
    seed: int
