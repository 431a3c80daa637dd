"""Scopes of an amount of energy: the provider's view allocated to us, and our own."""

from __future__ import annotations

from dataclasses import dataclass

from spectra.errors import InputError

DEFAULT_TD_SHARE = 0.06


@dataclass(frozen=True, slots=True)
class Scopes:
    """Emissions of the provider's operations, allocated to the customer [gCO2e].

    A value that cannot be estimated is None and stays out of the totals as a named exclusion:
    it is never 0.

    Attributes
    ----------
    scope1 : float or None
        Imported from AWS; not estimable from public data.
    scope2_lb : float
        Location-based, from the direct factor.
    scope2_mb : float
        Market-based.
    mb_basis : str
        ``aws``, ``residual-mix`` or ``location-based`` (no instrument known: MB equals LB).
    fera_upstream, fera_td : float
        Scope 3 fuel- and energy-related: upstream, and transmission and distribution losses.
    hardware : float
        Scope 3 embodied emissions of hardware.
    buildings : float or None
        Scope 3 buildings; AWS's own figure only.
    """

    scope2_lb: float
    scope2_mb: float
    mb_basis: str
    fera_upstream: float
    fera_td: float
    hardware: float
    scope1: float | None = None
    buildings: float | None = None

    @property
    def scope3(self) -> float:
        """Provider's scope 3 of what is estimated [gCO2e]."""
        return self.fera_upstream + self.fera_td + self.hardware + (self.buildings or 0.0)

    @property
    def total_lb(self) -> float:
        """Provider view, location-based total [gCO2e]."""
        return (self.scope1 or 0.0) + self.scope2_lb + self.scope3

    @property
    def total_mb(self) -> float:
        """Provider view, market-based total [gCO2e]; never added to the location-based one."""
        return (self.scope1 or 0.0) + self.scope2_mb + self.scope3

    @property
    def exclusions(self) -> tuple[str, ...]:
        """Names of the parts that are not estimated."""
        parts = {"scope 1": self.scope1, "buildings": self.buildings}
        return tuple(name for name, grams in parts.items() if grams is None)

    def customer_view(self) -> CustomerScopes:
        """Our own inventory: everything is purchased services, scope 3 category 1."""
        return CustomerScopes(category1_lb=self.total_lb, category1_mb=self.total_mb)


@dataclass(frozen=True, slots=True)
class CustomerScopes:
    """The same emissions in the customer's inventory [gCO2e].

    The customer of a public cloud owns no source and buys no electricity in this boundary, so
    scopes 1 and 2 are truly zero here, unlike the provider's scope 1, which is unknown.
    """

    category1_lb: float
    category1_mb: float
    scope1: float = 0.0
    scope2: float = 0.0

    @property
    def total_lb(self) -> float:
        """Location-based total [gCO2e]."""
        return self.scope1 + self.scope2 + self.category1_lb

    @property
    def total_mb(self) -> float:
        """Market-based total [gCO2e]."""
        return self.scope1 + self.scope2 + self.category1_mb


def td_factor(td_share: float = DEFAULT_TD_SHARE) -> float:
    """Energy lost per kWh consumed, ``L/(1−L)``, from losses as a share of supply.

    Raises
    ------
    InputError
        If the share is not in [0, 1).
    """
    if not 0.0 <= td_share < 1.0:
        raise InputError(f"Transmission losses must be a share from 0 to below 1, not {td_share}.")
    return td_share / (1.0 - td_share)


def upstream_g_per_kwh(direct_g_per_kwh: float, lifecycle_g_per_kwh: float) -> float:
    """Upstream part of the grid factor ``lifecycle − direct`` [g/kWh], floored at 0."""
    return max(lifecycle_g_per_kwh - direct_g_per_kwh, 0.0)


def scopes_of(  # noqa: PLR0913 (one argument for each factor of the formula)
    energy_kwh: float,
    direct_g_per_kwh: float,
    lifecycle_g_per_kwh: float,
    *,
    td_share: float = DEFAULT_TD_SHARE,
    hardware_g: float = 0.0,
    residual_mix_g_per_kwh: float | None = None,
) -> Scopes:
    """Split one hour's energy into scopes.

    Scope 2 uses the direct factor alone; the lifecycle factor never stands for it.

    Parameters
    ----------
    energy_kwh : float
        Energy at the data-centre meter, PUE included [kWh].
    direct_g_per_kwh, lifecycle_g_per_kwh : float
        Grid factors of that hour [gCO2e/kWh].
    td_share : float
        Transmission and distribution losses as a share of electricity supplied.
    hardware_g : float
        Embodied emissions of the hour [gCO2e].
    residual_mix_g_per_kwh : float, optional
        Direct factor of the residual mix; without it market-based equals location-based.

    Examples
    --------
    >>> round(scopes_of(0.02933, 320, 380).scope2_lb, 2)
    9.39
    """
    market, basis = direct_g_per_kwh, "location-based"
    if residual_mix_g_per_kwh is not None:
        market, basis = residual_mix_g_per_kwh, "residual-mix"
    return Scopes(
        scope2_lb=energy_kwh * direct_g_per_kwh,
        scope2_mb=energy_kwh * market,
        mb_basis=basis,
        fera_upstream=energy_kwh * upstream_g_per_kwh(direct_g_per_kwh, lifecycle_g_per_kwh),
        fera_td=energy_kwh * lifecycle_g_per_kwh * td_factor(td_share),
        hardware=hardware_g,
    )
