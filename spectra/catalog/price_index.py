"""How dear a region is: on-demand prices of a basket of common types against us-east-1."""

from __future__ import annotations

from statistics import geometric_mean
from typing import NamedTuple

from spectra.catalog.catalog import Catalog

REFERENCE_REGION = "us-east-1"
BASKET = ("t3.medium", "m5.large", "m6i.large", "m6g.large", "c5.large", "c6i.large", "r5.large")


class PriceIndex(NamedTuple):
    """Price level of a region, us-east-1 being 1.00, and how many types it rests on."""

    level: float
    types_priced: int


def price_index(catalog: Catalog, region: str) -> PriceIndex | None:
    """Geometric mean of price ratios over the types that both regions offer; None without any."""
    ratios = [
        here.usd_per_hour / there.usd_per_hour
        for name in BASKET
        if (here := catalog.price(name, region))
        and (there := catalog.price(name, REFERENCE_REGION))
    ]
    return PriceIndex(geometric_mean(ratios), len(ratios)) if ratios else None
