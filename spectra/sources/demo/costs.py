"""Demo costs: catalogue prices times the hours that ran, by resource and UTC day."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from spectra.catalog import Catalog
from spectra.sources.demo.blueprint import Purchase
from spectra.sources.demo.clock import DAY_S, EPOCH_S, HOUR_S, timestamps
from spectra.sources.demo.fleet import History, Host
from spectra.sources.demo.noise import Floats, Ints, key64, uniforms
from spectra.sources.demo.tables import repeated, stamped

# What is paid of the list price [1]: plausible one-year, no-upfront terms, not a quotation.
PAID_SHARE: dict[Purchase, float] = {
    "on-demand": 1.0, "savings-plan": 0.72, "reserved": 0.63,
}  # fmt: skip
SPOT_LOW, SPOT_HIGH = 0.35, 0.40
# A day's cost may still change until this long after the day has ended.
PROVISIONAL_S = 2 * DAY_S
# More days since 1970 than any date has: makes one sort key of a resource and a day.
_DAYS = 10_000_000


@dataclass(frozen=True, slots=True)
class _Usage:
    """A resource on a day: its place among the resources, the UTC midnight [s], the amount."""

    resource: Ints
    day_s: Ints
    amount: Floats


@dataclass(frozen=True, slots=True)
class _Lines:
    """Bill lines before they are written out: columns over rows, and how each was bought."""

    resource: Ints
    day_s: Ints
    list_usd: Floats
    paid_share: Floats
    option: pd.api.extensions.ExtensionArray


def cost_rows(
    history: History, catalog: Catalog, seed: int, days_s: tuple[int, int], now_s: int
) -> pd.DataFrame:
    """Tidy frame ``costs`` for the UTC days in [first, last), charged up to ``now`` [s].

    List cost [USD] = on-demand price × running hours, or storage price × GiB × share of the
    month. The commitments are fully used and have no upfront fee, so that a covered row is
    billed at its effective cost.
    """
    window = (max(days_s[0], EPOCH_S), min(days_s[1], now_s))
    parts = [_instances(history, catalog, seed, window), _volumes(history, catalog, window)]
    frame = pd.concat(parts, ignore_index=True)
    day_s = frame.pop("day_s").to_numpy(dtype=np.int64)
    known, place = np.unique(day_s, return_inverse=True)
    dates = np.array(timestamps(known).date, dtype=object)
    frame.insert(0, "day", pd.Series(dates[place], dtype=object))
    frame["is_provisional"] = day_s + DAY_S > now_s - PROVISIONAL_S
    return stamped(frame, now_s)


def _instances(
    history: History, catalog: Catalog, seed: int, window: tuple[int, int]
) -> pd.DataFrame:
    """Rows of the instances that ran in the window."""
    rows = history.running_within(*window)
    # Numbered anew within the window: old autoscaled members are many.
    places, numbers = np.unique(history.host_of[rows], return_inverse=True)
    hosts = [history.hosts[place] for place in places.tolist()]
    usd_per_hour = [
        _price(catalog, history.spans[row].instance_type, hosts[number].region)
        for row, number in zip(rows.tolist(), numbers.tolist(), strict=True)
    ]
    usage = _by_day(
        numbers, history.start[rows], history.stop[rows], np.array(usd_per_hour), window
    )
    owners = [(h.instance_id, h.group.account_id, h.region) for h in hosts]
    return _written("Amazon EC2", owners, _purchased(hosts, seed, usage))


def _price(catalog: Catalog, instance_type: str, region: str) -> float:
    """On-demand price [USD/h]; NaN where the catalogue has none."""
    price = catalog.price(instance_type, region)
    return np.nan if price is None else price.usd_per_hour


def _purchased(hosts: list[Host], seed: int, usage: _Usage) -> _Lines:
    """Give every instance-day its purchase option; what is not covered is on-demand."""
    covered = np.array([host.group.covered for host in hosts], dtype=float)[usage.resource]
    markets = [key64(seed, "spot", h.region, h.group.instance_type) for h in hosts]
    keys = np.array(markets, dtype=np.uint64)[usage.resource]
    spot = SPOT_LOW + (SPOT_HIGH - SPOT_LOW) * uniforms(keys, usage.day_s // DAY_S)
    fixed = np.array([PAID_SHARE.get(h.group.purchase, np.nan) for h in hosts], dtype=float)
    paid = np.where(np.isnan(fixed[usage.resource]), spot, fixed[usage.resource])
    # The last entry is what the uncovered part of a row is bought as.
    options = pd.array([*(h.group.purchase for h in hosts), "on-demand"], dtype="str")
    rest = np.flatnonzero(covered < 1.0)
    rows = np.concatenate([np.arange(covered.size), rest])
    part = np.concatenate([covered, 1.0 - covered[rest]])
    return _Lines(
        resource=usage.resource[rows],
        day_s=usage.day_s[rows],
        list_usd=usage.amount[rows] * part,
        paid_share=np.concatenate([paid, np.ones(rest.size)]),
        option=options.take(np.concatenate([usage.resource, np.full(rest.size, len(hosts))])),
    )


def _volumes(history: History, catalog: Catalog, window: tuple[int, int]) -> pd.DataFrame:
    """Rows of the volumes that existed in the window, attached or not."""
    spans = [v for v in history.volumes if v.start < window[1] and v.stop > window[0]]
    owners = list(dict.fromkeys((v.volume_id, v.account_id, v.region) for v in spans))
    number = {volume_id: place for place, (volume_id, _, _) in enumerate(owners)}
    per_month = {
        kind: catalog.ebs_price_usd_per_gb_month(kind) for kind in {v.volume_type for v in spans}
    }
    usd_per_month = [
        np.nan if (price := per_month[v.volume_type]) is None else price * v.size_gib for v in spans
    ]
    columns = (
        [number[v.volume_id] for v in spans],
        [v.start for v in spans],
        [v.stop for v in spans],
    )
    resource, start, stop = (np.array(column, dtype=np.int64) for column in columns)
    usage = _by_day(resource, start, stop, np.array(usd_per_month, dtype=float), window)
    hours_in_month = 24.0 * np.asarray(timestamps(usage.day_s).days_in_month)
    count = usage.day_s.size
    lines = _Lines(
        resource=usage.resource,
        day_s=usage.day_s,
        list_usd=usage.amount / hours_in_month,
        paid_share=np.ones(count),
        option=repeated("on-demand", count),
    )
    return _written("Amazon EBS", owners, lines)


def _by_day(
    resource: Ints, start: Ints, stop: Ints, rate_per_hour: Floats, window: tuple[int, int]
) -> _Usage:
    """Add up rate × hours of each resource by UTC day, within the window [s]."""
    start, stop = np.maximum(start, window[0]), np.minimum(stop, window[1])
    first_day = start // DAY_S
    count = np.maximum((stop - 1) // DAY_S - first_day + 1, 0)
    row = np.repeat(np.arange(resource.size), count)
    day = first_day[row] + np.arange(row.size) - (np.cumsum(count) - count)[row]
    seconds = np.minimum(stop[row], (day + 1) * DAY_S) - np.maximum(start[row], day * DAY_S)
    key, place = np.unique(resource[row] * _DAYS + day, return_inverse=True)
    weights = seconds * rate_per_hour[row] / HOUR_S
    amount = np.bincount(place, weights=weights, minlength=key.size).astype(np.float64)
    return _Usage(key // _DAYS, key % _DAYS * DAY_S, amount)


def _written(service: str, owners: list[tuple[str, str, str]], lines: _Lines) -> pd.DataFrame:
    """Write bill lines out; ``owners`` has resource, account and region of each place."""
    columns = zip(*owners, strict=True) if owners else ((), (), ())
    resource, account, region = (
        pd.array(list(column), dtype="str").take(lines.resource) for column in columns
    )
    paid_usd = lines.list_usd * lines.paid_share
    return pd.DataFrame(
        {
            "day_s": lines.day_s,
            "account_id": account,
            "region": region,
            "service": repeated(service, len(resource)),
            "resource_id": resource,
            "purchase_option": lines.option,
            "list_cost_usd": lines.list_usd,
            "billed_cost_usd": paid_usd,
            "effective_cost_usd": paid_usd,
        }
    )
