"""The catalogue: one object over the checked reference tables, and the way to load it."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Collection, Mapping
from pathlib import Path
from types import MappingProxyType

import pandas as pd

from spectra.catalog.digests import table_hashes
from spectra.catalog.disclosures import (
    FactorSource,
    Requirement,
    disclosure_hashes,
    load_factor_sources,
    load_requirements,
)
from spectra.catalog.lookup import Averages, match_type
from spectra.catalog.records import (
    coefficients_from,
    ebs_prices_from,
    instance_types_from,
    limits_from,
    prices_from,
    regions_from,
    td_losses_from,
    zones_from,
)
from spectra.catalog.tables import DATA_DIR, TABLE_NAMES, Tables, load_profiles, load_tables
from spectra.catalog.types import (
    Coefficient,
    InstanceType,
    Price,
    Region,
    TdLoss,
    TypeLimits,
    TypeMatch,
    Zone,
)


class Catalog:
    """Reference data about instance types, regions, grid zones, prices and coefficients.

    Parameters
    ----------
    tables
        The checked tables.
    data_dir
        Where they came from; the hourly profiles are read from there when asked for.
    hashes
        SHA-256 by file name.

    Notes
    -----
    Immutable after construction, so one instance may serve all threads.
    """

    def __init__(self, tables: Tables, data_dir: Path, hashes: Mapping[str, str]) -> None:
        self._data_dir = data_dir
        self._types = instance_types_from(tables.instance_types)
        self._limits = limits_from(tables.instance_limits)
        self._regions = regions_from(tables.regions)
        self._zones = zones_from(tables.zones, frozenset(tables.residuals["zone"]))
        self._prices = prices_from(tables.prices)
        self._td_losses = td_losses_from(tables.td_losses)
        self._coefficients = coefficients_from(tables.coefficients)
        self._ebs_prices = ebs_prices_from(tables.ebs_prices)
        self._residuals = tables.residuals
        self.file_hashes: Mapping[str, str] = MappingProxyType(dict(hashes))

    def instance_type(self, name: str) -> TypeMatch:
        """Return the type for a name with its tier; see :func:`match_type`. Never raises."""
        return match_type(name, self._types, self._averages)

    @property
    def instance_types(self) -> tuple[InstanceType, ...]:
        """All listed types, by name."""
        return tuple(self._types.values())

    def limits(self, name: str) -> TypeLimits | None:
        """Return what a type can carry besides CPU and memory, or None if nothing is known."""
        return self._limits.get(name.strip().lower())

    def burst_baseline_pct(self, name: str) -> float | None:
        """Return the CPU per vCPU a burstable type sustains without credits [%], or None."""
        limits = self.limits(name)
        return limits.burst_baseline_pct if limits else None

    def region(self, code: str) -> Region | None:
        """Return a commercial region, or None for any other code."""
        return self._regions.get(code)

    @property
    def regions(self) -> tuple[Region, ...]:
        """The commercial regions, by code."""
        return tuple(self._regions.values())

    def regions_named(self, codes: Collection[str]) -> tuple[Region, ...]:
        """The regions of a list of codes, all of them when it is empty."""
        return tuple(r for r in self.regions if not codes or r.code in codes)

    def zones_of(self, codes: Collection[str]) -> tuple[str, ...]:
        """Zones of `regions_named`, each once."""
        return tuple(dict.fromkeys(region.zone for region in self.regions_named(codes)))

    def zone(self, code: str) -> Zone | None:
        """Return an Electricity Maps zone, or None for an unknown code."""
        return self._zones.get(code)

    @property
    def zones(self) -> tuple[Zone, ...]:
        """All zones, by code."""
        return tuple(self._zones.values())

    def price(self, instance_type: str, region: str) -> Price | None:
        """Return the on-demand Linux price [USD/h]; None if not offered there or unknown."""
        found = self._prices.get((instance_type.strip().lower(), region))
        return Price(*found) if found else None

    def ebs_price_usd_per_gb_month(self, volume_type: str) -> float | None:
        """Return the us-east-1 list price of EBS storage [USD/GB-month], or None."""
        return self._ebs_prices.get(volume_type)

    def coefficient(self, name: str) -> float:
        """Return a named constant of ``coefficients.csv`` in the unit stated there.

        Raises
        ------
        KeyError
            There is no such constant, which is a mistake in the calling code.
        """
        return self._coefficients[name].value

    @property
    def coefficients(self) -> tuple[Coefficient, ...]:
        """All named constants with unit and source."""
        return tuple(self._coefficients.values())

    def td_loss(self, country: str) -> TdLoss:
        """Return the transmission and distribution loss of a country; the default if not listed.

        Parameters
        ----------
        country
            ISO 3166 two-letter code.

        References
        ----------
        METHOD.md, section 2.2 (S3_FERA_TD).
        """
        default = TdLoss(self.coefficient("td_loss_default_pct") / 100, "F")
        return self._td_losses.get(country, default)

    @functools.cached_property
    def _profiles(self) -> pd.DataFrame:
        return load_profiles(self._data_dir, self._zones)

    @property
    def profiles(self) -> pd.DataFrame:
        """Mean intensity by zone, month, day type and UTC hour [gCO2e/kWh]; a copy."""
        return self._profiles.copy()

    @property
    def residuals(self) -> pd.DataFrame:
        """Spread and persistence of the log residual to the profile, by zone; a copy."""
        return self._residuals.copy()

    @functools.cached_property
    def factor_sources(self) -> tuple[FactorSource, ...]:
        """Where each table comes from, with version and licence."""
        return load_factor_sources(self._data_dir)

    @functools.cached_property
    def requirements(self) -> tuple[Requirement, ...]:
        """Datapoints of disclosure standards, in the order in which a report lists them."""
        return load_requirements(self._data_dir)

    @functools.cached_property
    def disclosure_hashes(self) -> Mapping[str, str]:
        """SHA-256 of the tables that a report quotes and nothing is computed from."""
        return MappingProxyType(disclosure_hashes(self._data_dir))

    @functools.cached_property
    def fingerprint(self) -> str:
        """SHA-256 over all data tables: the hash of the factor set."""
        lines = "".join(f"{name} {digest}\n" for name, digest in sorted(self.file_hashes.items()))
        return hashlib.sha256(lines.encode()).hexdigest()

    @functools.cached_property
    def _averages(self) -> Averages:
        types = self._types.values()
        embodied = sum(kind.embodied_platform_kg / kind.platform_vcpu for kind in types)
        return Averages(
            min_w_per_vcpu=self.coefficient("ccf_min_w_per_vcpu_default"),
            max_w_per_vcpu=self.coefficient("ccf_max_w_per_vcpu_default"),
            memory_gib_per_vcpu=self.coefficient("unknown_memory_gib_per_vcpu"),
            embodied_kg_per_vcpu=embodied / len(types),
        )


def load_catalog(data_dir: Path | None = None) -> Catalog:
    """Load and check the reference tables; the shipped ones are loaded once per process.

    Parameters
    ----------
    data_dir
        A folder with the tables; None for the shipped ``data/``.

    Raises
    ------
    CatalogError
        A table is absent or invalid; the message names file, line and value.
    """
    return _shipped() if data_dir is None else _load(data_dir)


@functools.cache
def _shipped() -> Catalog:
    return _load(DATA_DIR)


def _load(data_dir: Path) -> Catalog:
    return Catalog(load_tables(data_dir), data_dir, table_hashes(data_dir, TABLE_NAMES))
