"""Reference data with provenance: instance types, regions, grid zones, prices, coefficients."""

from spectra.catalog.catalog import Catalog, load_catalog
from spectra.catalog.types import (
    Coefficient,
    InstanceType,
    PowerCurve,
    Price,
    Region,
    TdLoss,
    TypeMatch,
    Zone,
)

__all__ = [
    "Catalog",
    "Coefficient",
    "InstanceType",
    "PowerCurve",
    "Price",
    "Region",
    "TdLoss",
    "TypeMatch",
    "Zone",
    "load_catalog",
]
