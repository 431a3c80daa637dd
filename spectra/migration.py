"""What moving machines to another region would have meant for their past hours, and what it did.

Both sides are the same hours of the same load: on the grid and PUE of the region they ran in, and
on those of the target. A machine whose type is not offered there is replayed on the nearest one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pandas as pd

from spectra import units
from spectra.carbon.energy import GIB_TO_GB
from spectra.catalog import Catalog
from spectra.errors import InputError
from spectra.insight.regions.cases import Case, case_for
from spectra.insight.regions.estimate import estimate, rates, side_of
from spectra.insight.regions.move_model import Assumptions, Estimate, Side
from spectra.moments import DAY
from spectra.store import Store, move_queries
from spectra.store.emission_queries import ledger_span
from spectra.store.factors import method_in_force
from spectra.store.retention import detailed_from

LEAST_DAYS, MOST_DAYS = 30, 365
# With fewer hours of its own than this a grid is known by means of months or years.
LEAST_HOUR_SHARE = 0.5
MARKET_DAYS = 455
_OF_MACHINE = (
    "instance_id", "name", "region", "instance_type", "volume_gib", "lifecycle", "asg_name",
)  # fmt: skip


def estimate_move(  # noqa: PLR0913, PLR0917 (what, where to, until when, under what)
    store: Store,
    catalog: Catalog,
    instance_ids: Sequence[str],
    target: str,
    end: datetime,
    assumed: Assumptions | None = None,
) -> Estimate:
    """What a move of machines to a region would have saved over their past hours.

    Parameters
    ----------
    instance_ids : sequence of str
        Machines of the present fleet, for example from `store.move_queries.workloads`.
    end : datetime
        Exclusive end of the hours replayed [UTC].

    Raises
    ------
    InputError
        If the region is unknown, nothing can be moved there, or no common hour is known.

    References
    ----------
    METHOD.md, section 8.
    """
    assumed = assumed or Assumptions()
    if catalog.region(target) is None:
        raise InputError(f"There is no region “{target}”.", next_step="Choose one from the list.")
    start, end = _span(store, end, assumed.days)
    found = move_queries.workloads(store, instance_ids=instance_ids)
    moving, left_out = _cases(store, catalog, found, target)
    if moving.empty:
        raise _nothing_moves(left_out)
    replayed = move_queries.replay(store, moving, target, start, end)
    left_out += _unknown(moving, replayed)
    moving = moving[moving["instance_id"].isin(replayed["instance_id"])]
    if moving.empty:
        raise _no_hours(target)
    rows = rates(replayed, moving.set_index("instance_id")[["power_sigma", "burst_sigma"]])
    machines = _machines(catalog, moving, rows, target)
    shares = move_queries.hourly_shares(store, [target, *machines["region"].unique()], start, end)
    means = {region for region, share in shares.items() if share < LEAST_HOUR_SHARE}
    machines["grid_before"] = machines["region"].map(lambda region: _grid(region, means))
    machines["grid_after"] = _grid(target, means)
    ratios = _market_ratios(store, end)
    before, after = (_side(rows, sign, machines, ratios) for sign in (1, -1))
    sizes, gb, unsized = moving["volume_gib"], assumed.transfer_gb, 0
    if gb is None:
        gb, unsized = float(sizes.sum()) * GIB_TO_GB, int(sizes.isna().sum())
    made = estimate(
        target, rows, before, after, assumed, machines=machines, transfer_gb=gb, unsized=unsized
    )
    known_days = (end - start) / DAY
    made = replace(
        made,
        mean_grids=tuple(sorted(means)),
        known_days=known_days,
        left_out=tuple(left_out),
    )
    younger = int(replayed.groupby("instance_id")["is_younger"].first().sum())
    return replace(
        made, warnings=tuple(_warnings(made)), notes=tuple(_notes(made, assumed, younger))
    )


def _span(store: Store, end: datetime, days: int) -> tuple[datetime, datetime]:
    """The hours to replay: as many days before `end` as are asked for and have their hours."""
    span = ledger_span(store)
    if span is None:
        raise InputError("No hour of any machine is known yet.", next_step="Refresh the data.")
    end = min(end, span[1])
    asked = timedelta(days=min(max(days, LEAST_DAYS), MOST_DAYS))
    return max(detailed_from(store) or span[0], span[0], end - asked), end


def _cases(
    store: Store, catalog: Catalog, found: pd.DataFrame, target: str
) -> tuple[pd.DataFrame, list[tuple[str, str]]]:
    """Machines with how each is carried over, and those that cannot be with the reason."""
    method = method_in_force(store)
    by_type = {
        name: case_for(catalog, name, target, method) for name in found["instance_type"].unique()
    }
    is_there = found["region"] == target
    has_none = found["instance_type"].map(lambda name: by_type[name] is None) & ~is_there
    left_out = [(str(name), f"It is in {target} already.")
                for name in found.loc[is_there, "instance_id"]]  # fmt: skip
    left_out += [
        (str(row["instance_id"]), _not_offered(catalog, str(row["instance_type"]), target))
        for row in found[has_none].to_dict("records")
    ]
    moving = found[~is_there & ~has_none].reset_index(drop=True)
    cases = [case for name in moving["instance_type"] if (case := by_type[name]) is not None]
    return with_cases(moving, cases), left_out


def _not_offered(catalog: Catalog, name: str, target: str) -> str:
    if catalog.instance_type(name).tier == "D":
        return f"{name} is not in the catalogue: whether {target} offers it is not known."
    return f"{name} is not offered in {target}, nor is anything like it."


def with_cases(found: pd.DataFrame, cases: Sequence[Case]) -> pd.DataFrame:
    """Machines with what they are replayed as."""
    extra = [
        {
            **case.values,
            "target_type": case.target_type,
            "is_same": case.is_same,
            "power_sigma": case.power_sigma,
            "burst_sigma": case.burst_sigma,
        }
        for case in cases
    ]
    plain = found[list(_OF_MACHINE)]
    return pd.concat([plain.reset_index(drop=True), pd.DataFrame(extra)], axis=1)


def _nothing_moves(left_out: Sequence[tuple[str, str]]) -> InputError:
    why = f" {left_out[0][1]}" if left_out else ""
    return InputError(
        f"None of these machines can be moved there.{why}",
        next_step="Choose other machines or another region.",
    )


def _no_hours(target: str) -> InputError:
    return InputError(
        f"No hour is known both of these machines and of the grid of {target}.",
        next_step="Choose another region, or refresh the grids.",
    )


def _unknown(moving: pd.DataFrame, replayed: pd.DataFrame) -> list[tuple[str, str]]:
    missing = set(moving["instance_id"]) - set(replayed["instance_id"])
    return [
        (str(name), "No hour of it, as it is now, and of both grids is known.")
        for name in sorted(missing)
    ]


def _machines(
    catalog: Catalog, moving: pd.DataFrame, rows: pd.DataFrame, target: str
) -> pd.DataFrame:
    """A row a machine: what it is and becomes, and both sides per hour of the clock.

    Prices are list prices of the hours that it ran; NaN where one is not known.
    """
    total = rows.assign(g=rows["operational_g"] + rows["embodied_g"])
    grams = total.pivot_table(index="instance_id", columns="side", values="g", aggfunc="sum")
    runs = rows[rows["side"] == 1].groupby("instance_id")["hours"].sum()
    table = moving[[*_OF_MACHINE, "target_type", "is_same"]].copy()
    table["before_g_per_h"] = table["instance_id"].map(grams[1])
    table["after_g_per_h"] = table["instance_id"].map(grams[-1])
    table["runs"] = table["instance_id"].map(runs)
    table["before_usd_per_h"] = [
        list_usd(catalog, kind, region, run)
        for kind, region, run in zip(
            table["instance_type"], table["region"], table["runs"], strict=True
        )
    ]
    table["after_usd_per_h"] = [
        list_usd(catalog, kind, target, run)
        for kind, run in zip(table["target_type"], table["runs"], strict=True)
    ]
    return table.sort_values("before_g_per_h", ascending=False, ignore_index=True)


def list_usd(catalog: Catalog, name: str, region: str, runs: float) -> float:
    """List price of the hours that a machine runs in one of the clock; NaN if not known."""
    price = catalog.price(name, region)
    return price.usd_per_hour * runs if price else math.nan


def _side(rows: pd.DataFrame, sign: int, machines: pd.DataFrame, ratios: dict[str, float]) -> Side:
    usd = machines["before_usd_per_h" if sign > 0 else "after_usd_per_h"]
    known = None if usd.isna().any() else float(usd.sum())
    return side_of(rows[rows["side"] == sign], known, ratios)


def _market_ratios(store: Store, end: datetime) -> dict[str, float]:
    rows = move_queries.market_ratios(store, end - timedelta(days=MARKET_DAYS))
    return dict(zip(rows["region"], rows["ratio"], strict=True))


def _grid(region: str, means: set[str]) -> str:
    """How the grid of a region is known; goes into the exports with the figures."""
    return "monthly or annual mean" if region in means else "by the hour"


def _warnings(made: Estimate) -> Iterator[str]:
    """What makes the figures say less than they seem to."""
    others = made.machines[~made.machines["is_same"]]
    for (name, target), part in others.groupby(["instance_type", "target_type"]):
        yield (
            f"{name} is not offered in {made.target}: "
            f"{units.counted(len(part), 'machine')} replayed on {target}, the nearest type."
        )
    if made.saving_usd_per_h is None:
        yield "A price is not known, so no saving of money is stated."


def _notes(made: Estimate, assumed: Assumptions, younger: int) -> Iterator[str]:
    """What a reader must know besides."""
    machines, known_days = made.machines, made.known_days
    if made.once.transfer_gb > 0 and assumed.egress_usd_per_gb is None:
        yield (
            "The price of traffic between regions is not in the catalogue: state it to see what "
            "the move costs once."
        )
    if others := int((machines["lifecycle"] != "on-demand").sum()):
        yield f"Not on demand: {others} of them. List prices do not say what is really paid."
    if members := int(machines["asg_name"].notna().sum()):
        yield f"In autoscaling groups, which move by their template: {members} of them."
    yield "Volumes are at no price: the catalogue has storage prices of one region alone."
    yield "A location-based saving is an allocation of both grids' electricity."
    if younger:
        yield (
            f"What they are now for less than these {known_days:.0f} days, and replayed since "
            f"then: {younger} of them."
        )
    if known_days < MOST_DAYS:
        yield f"Not every season was seen: {units.counted(round(known_days), 'day')} known."
