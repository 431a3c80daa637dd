"""On-demand Linux list prices from AWS's price list."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any

import pandas as pd

from spectra.moments import today
from spectra.sources.aws.access import HOME_REGION, Account
from spectra.sources.aws.frames import tidy
from spectra.sources.aws.pages import paginate

SOURCE = "aws_pricing"
# Several times that of the dearest type there is.
MAX_USD_PER_HOUR = 2_000.0
_PLAIN_LINUX = {
    "operatingSystem": "Linux",
    "tenancy": "Shared",
    "preInstalledSw": "NA",
    "capacitystatus": "Used",
}


def on_demand_prices(
    account: Account, types: Sequence[str], regions: Sequence[str], *, fetched_at: datetime
) -> pd.DataFrame:
    """Price of each type in each region [USD/h]; a pair without a price has no row, never 0."""
    rows = [
        {
            "instance_type": kind,
            "region": region,
            "usd_per_hour": price,
            "as_of": as_of,
            "source": SOURCE,
            "fetched_at": fetched_at,
        }
        for region in regions
        for kind in types
        for price, as_of in _newest(account, kind, region)
    ]
    return tidy("prices", rows)


def _newest(account: Account, kind: str, region: str) -> list[tuple[float, date]]:
    """The price in force, as a list of one; empty when there is none."""
    wanted = {"instanceType": kind, "regionCode": region, **_PLAIN_LINUX}
    filters = [{"Type": "TERM_MATCH", "Field": f, "Value": v} for f, v in wanted.items()]
    found = [
        offer
        for page in paginate(
            account, "pricing:GetProducts", "get_products", HOME_REGION,
            ServiceCode="AmazonEC2", Filters=filters, FormatVersion="aws_v1",
        )
        for text in page["PriceList"]
        for offer in _offers(json.loads(text))
    ]  # fmt: skip
    return sorted(found, key=lambda offer: offer[1])[-1:]


def _offers(product: dict[str, Any]) -> Iterator[tuple[float, date]]:
    """Plausible hourly prices of a product, each with the day it took effect."""
    for term in product.get("terms", {}).get("OnDemand", {}).values():
        effective = term.get("effectiveDate")
        day = date.fromisoformat(effective[:10]) if effective else today()
        for dimension in term["priceDimensions"].values():
            price = _number(dimension["pricePerUnit"].get("USD", "0"))
            if 0 < price < MAX_USD_PER_HOUR and dimension.get("unit", "Hrs") == "Hrs":
                yield price, day


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
