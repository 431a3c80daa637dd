"""How dear a region is: on-demand prices of a basket of common types against us-east-1."""

from __future__ import annotations

from statistics import geometric_mean

from spectra.catalog.catalog import Catalog

REFERENCE_REGION = "us-east-1"
BASKET = ("t3.medium", "m5.large", "m6i.large", "m6g.large", "c5.large", "c6i.large", "r5.large")


def price_index(catalog: Catalog, region: str) -> float | None:
    """Price level of a region, us-east-1 being 1.00; None where no type of the basket is priced.

    Geometric mean of the price ratios over the types that both regions offer.
    """
    ratios = [
        here.usd_per_hour / there.usd_per_hour
        for name in BASKET
        if (here := catalog.price(name, region))
        and (there := catalog.price(name, REFERENCE_REGION))
    ]
    return geometric_mean(ratios) if ratios else None
