"""The estimate of a move put together: both sides, what it costs once, months, low and high."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pandas as pd

from spectra.carbon.uncertainty import POWER_GSD, Interval
from spectra.insight.regions.move import (
    break_even_hours,
    one_off_g,
    replication_g_per_h,
    saving_interval,
)
from spectra.insight.regions.move_model import (
    AWS_BASED,
    LOCATION_BASED,
    Assumptions,
    Estimate,
    OneOff,
    Side,
)

# A shorter part of a month says nothing of the season.
LEAST_MONTH_HOURS = 240.0
NETWORK_SENSITIVITY = 10.0
_MASSES = ("scope2_g", "upstream_g", "td_g", "embodied_g")


def rates(replayed: pd.DataFrame, sigmas: pd.DataFrame) -> pd.DataFrame:
    """Rows of `store.move_queries.replay` per hour of the clock, as `estimate` takes them.

    Parameters
    ----------
    sigmas : DataFrame
        By instance ID: power_sigma and burst_sigma, as of a case.
    """
    rows = replayed.copy()
    electric = rows["scope2_g"] + rows["upstream_g"] + rows["td_g"]
    rows["raw_g"] = electric + rows["embodied_g"]
    rows["intensity_sigma"] = (rows["sigma_g"] / electric.where(electric > 0)).fillna(0.0)
    of_machine = sigmas.reindex(rows["instance_id"]).set_index(rows.index)
    is_compute = rows["part"] == "compute"
    rows["power_sigma"] = of_machine["power_sigma"].where(is_compute, math.log(POWER_GSD["C"]))
    rows["burst_sigma"] = of_machine["burst_sigma"].where(is_compute, 0.0)
    for name in (*_MASSES, "kwh", "hours"):
        rows[name] = rows[name] / rows["clock_hours"]
    rows["operational_g"] = electric / rows["clock_hours"]
    return rows


def side_of(
    rows: pd.DataFrame, usd_per_h: float | None, market_ratios: Mapping[str, float]
) -> Side:
    """One side of `rates`, summed.

    Parameters
    ----------
    market_ratios : mapping
        AWS's market-based over location-based scope 2, by region.
    """
    sums = {name: float(rows[name].sum()) for name in (*_MASSES, "kwh")}
    is_known = set(rows["region"]) <= set(market_ratios)
    ratio = rows["region"].map(market_ratios) if is_known else 1.0
    return Side(
        kwh_per_h=sums["kwh"],
        scope2_g_per_h=sums["scope2_g"],
        upstream_g_per_h=sums["upstream_g"],
        td_g_per_h=sums["td_g"],
        embodied_g_per_h=sums["embodied_g"],
        market_scope2_g_per_h=float((rows["scope2_g"] * ratio).sum()),
        market_basis=AWS_BASED if is_known else LOCATION_BASED,
        usd_per_h=usd_per_h,
    )


def _signed(rows: pd.DataFrame) -> pd.DataFrame:
    names = ["operational_g", "td_g", "embodied_g"]
    return rows.assign(**{name: rows[name] * rows["side"] for name in names})


def estimate(  # noqa: PLR0913 (the two sides and what is known of them)
    target: str,
    rows: pd.DataFrame,
    before: Side,
    after: Side,
    assumed: Assumptions,
    *,
    machines: pd.DataFrame,
    transfer_gb: float,
    unsized: int = 0,
) -> Estimate:
    """Put an estimate together.

    Parameters
    ----------
    rows : DataFrame
        Of `rates`.
    machines : DataFrame
        A row a machine, kept as it is.
    transfer_gb : float
        Data sent once, as far as it is known [GB].
    unsized : int
        Machines whose data is not known.
    """
    replicated = replication_g_per_h(
        before.g_per_kwh, after.g_per_kwh, assumed.replication_gb_per_h, assumed.network_kwh_per_gb
    )
    saving = Interval(*(g - replicated for g in saving_interval(_signed(rows))))
    once = _once(rows, before, after, assumed, transfer_gb, unsized)
    months = _months(rows, replicated)
    worst, is_seasonal = _season(months, saving.central)
    return Estimate(
        target=target,
        before=before,
        after=after,
        saving_g_per_h=saving,
        saving_usd_per_h=_usd_saving(before, after, assumed),
        replication_g_per_h=replicated,
        once=once,
        break_even_network_h=_network_times(once, saving.central, replicated, NETWORK_SENSITIVITY),
        months=months,
        worst_month=worst,
        is_seasonal=is_seasonal,
        machines=machines,
    )


def _usd_saving(before: Side, after: Side, assumed: Assumptions) -> float | None:
    """A price that is not known makes the saving unknown, never greater."""
    if before.usd_per_h is None or after.usd_per_h is None:
        return None
    traffic = _traffic_usd(assumed.replication_gb_per_h, assumed)
    return None if traffic is None else before.usd_per_h - after.usd_per_h - traffic


def _traffic_usd(gb: float, assumed: Assumptions) -> float | None:
    if gb == 0:
        return 0.0
    return None if assumed.egress_usd_per_gb is None else gb * assumed.egress_usd_per_gb


def _once(  # noqa: PLR0913, PLR0917 (what is sent, from where to where, under what)
    rows: pd.DataFrame,
    before: Side,
    after: Side,
    assumed: Assumptions,
    transfer_gb: float,
    unsized: int,
) -> OneOff:
    source, there = before.g_per_kwh, after.g_per_kwh
    stored = rows[(rows["side"] == 1) & (rows["part"] == "storage")]
    kept_h = 24 * assumed.double_storage_days
    egress, dual_usd = _traffic_usd(transfer_gb, assumed), before.usd_per_h
    return OneOff(
        transfer_gb=transfer_gb,
        transfer_g=one_off_g(
            source, there, transfer_gb=transfer_gb, network_kwh_per_gb=assumed.network_kwh_per_gb
        ),
        # Hardware that is held twice counts twice.
        dual_g=one_off_g(source, there, dual_kwh=before.kwh_per_h * assumed.dual_hours)
        + before.embodied_g_per_h * assumed.dual_hours,
        double_storage_g=one_off_g(
            source, there, double_storage_kwh=float(stored["kwh"].sum()) * kept_h
        ),
        # Traffic of unknown size is at no price, unless traffic costs nothing.
        usd=None
        if egress is None or dual_usd is None or (unsized and assumed.egress_usd_per_gb != 0)
        else egress + dual_usd * assumed.dual_hours,
        unsized=unsized,
    )


def _network_times(once: OneOff, saving: float, replicated: float, times: float) -> float:
    more = (times - 1) * once.transfer_g
    return break_even_hours(once.total_g + more, saving - (times - 1) * replicated)


def _months(rows: pd.DataFrame, replicated_g_per_h: float) -> pd.DataFrame:
    """Sums of the hours replayed, before and after; replication is taken off what they save."""
    sums = rows.pivot_table(index="month", columns="side", values="raw_g", aggfunc="sum")
    hours = rows.groupby("month")["month_hours"].max().reindex(sums.index)
    return pd.DataFrame(
        {
            "month": sums.index,
            "before_g": sums[1].to_numpy(),
            "after_g": sums[-1].to_numpy(),
            "saving_g": (sums[1] - sums[-1] - replicated_g_per_h * hours).to_numpy(),
            "clock_hours": hours.to_numpy(),
        }
    )


def _season(months: pd.DataFrame, saving: float) -> tuple[str, bool]:
    judged = months[months["clock_hours"] >= LEAST_MONTH_HOURS]
    if len(judged) < 2:
        return "", False
    rate = judged["saving_g"] / judged["before_g"].where(judged["before_g"] > 0, math.nan)
    if rate.isna().all():
        return "", False
    worst = judged.iloc[int(rate.fillna(math.inf).argmin())]
    return f"{worst['month']:%B %Y}", bool(saving > 0 and worst["saving_g"] <= 0)
