"""What an option would have saved: replayed hours, a bootstrap over days, and money."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from spectra.carbon.uncertainty import Interval
from spectra.insight.rightsizing.model import Confidence, Option, Replay, Saving, Unit

RESAMPLES = 500
# Upper ends of the share of hours above the limit, for risk 0, 1, 2 and 3.
RISK_STEPS = (0.001, 0.005, 0.01, 0.05)
HIGH_PEAK_PCT = 60.0
COMMITMENTS = frozenset({"savings-plan", "reserved"})


def day_bootstrap(
    daily: Sequence[float] | NDArray[np.float64], resamples: int = RESAMPLES
) -> tuple[float, float]:
    """95 % interval of the mean of a day, days drawn with replacement as wholes.

    Days stand for blocks: hours of a day are alike, days much less so. The draws are the same in
    every call, so equal days give equal intervals.
    """
    values = np.asarray(daily, dtype=float)
    means = values @ _draws(values.size, resamples)
    low, high = np.quantile(means, (0.025, 0.975))
    return float(low), float(high)


@functools.cache
def _draws(days: int, resamples: int) -> NDArray[np.float64]:
    """Weight of each day (rows) in each resample (columns); columns sum to 1."""
    rng = np.random.default_rng(days)
    return np.asarray(rng.multinomial(days, np.full(days, 1 / days), resamples).T / days)


def saving(
    unit: Unit, now: Replay, then: Replay | None, price_now: float | None, price_then: float | None
) -> Saving:
    """Difference of two replays of the same hours by the same power method.

    Parameters
    ----------
    then : Replay or None
        None for an end of the unit.
    price_now, price_then : float or None
        List price of an instance [USD/h].

    References
    ----------
    METHOD.md, section 4.2, savings.
    """
    after = then or Replay((0.0,) * len(now.daily_g), 0, 0, 0, 0, 0, 0, 0, 0)
    central = now.total_g_per_h - after.total_g_per_h
    scope2 = now.scope2_g_per_h - after.scope2_g_per_h
    low, high = day_bootstrap(np.subtract(now.daily_g, after.daily_g))
    # From grams of an observed day to grams of an hour of the clock.
    scale = now.total_g_per_h / float(np.mean(now.daily_g))
    list_usd = None
    if price_now is not None and price_then is not None:
        list_usd = (price_now - price_then) * now.running_per_h
    cash_usd, note = _cash(unit, list_usd)
    return Saving(
        carbon_g_per_h=Interval(low * scale, central, high * scale),
        scope2_g_per_h=scope2,
        scope3_g_per_h=central - scope2,
        embodied_g_per_h=now.embodied_g_per_h - after.embodied_g_per_h,
        kwh_per_h=now.kwh_per_h - after.kwh_per_h,
        list_usd_per_h=list_usd,
        cash_usd_per_h=cash_usd,
        cash_note=note,
    )


def _cash(unit: Unit, list_usd: float | None) -> tuple[float | None, str]:
    """What is really paid less, and the reason where that is not the list price [USD/h]."""
    if unit.purchase_option in COMMITMENTS and list_usd is not None and list_usd > 0:
        return 0.0, (
            f"covered by a {unit.purchase_option} that is paid whether used or not: cash is saved "
            "only when other usage takes it over or it ends"
        )
    if list_usd is None or unit.paid_share is None:
        return None, "what is really paid for this resource is not known; list price shown"
    note = "at the spot price paid of late" if unit.purchase_option == "spot" else ""
    return list_usd * unit.paid_share, note


def confidence(unit: Unit, option: Option, *, is_preliminary: bool) -> Confidence:
    """HIGH, MEDIUM or LOW after METHOD.md, section 4.2."""
    if is_preliminary:
        return "LOW"
    memory_is_known = unit.memory_known_pct is not None
    is_family = option.kind == "size"
    if (
        unit.history_days >= 28
        and memory_is_known
        and option.peak_pct <= HIGH_PEAK_PCT
        and is_family
    ):
        return "HIGH"
    return "MEDIUM"


def risk(over_share: float) -> int:
    """0 (none) to 4, from the share of hours whose peak is above the limit [1]."""
    return sum(over_share >= step for step in RISK_STEPS)
