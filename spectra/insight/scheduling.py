"""When to run a job: the exact optimum of a fixed or an interruptible job over hourly values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd

from spectra.errors import SpectraError
from spectra.insight import interruptible as chunks
from spectra.insight.hourly_cost import HourlyCost

Slot = tuple[datetime, datetime]


class InfeasibleError(SpectraError, ValueError):
    """The job does not fit; says why."""


@dataclass(frozen=True, slots=True)
class Job:
    """What is to run, and by when it is to be finished.

    Attributes
    ----------
    duration_hours : float
        Running time without interruptions [h].
    earliest, deadline : datetime
        It runs within [earliest, deadline): it has ended by the deadline. Aware.
    power_kw : float
        Power at the meter while it runs, PUE included [kW].
    is_interruptible : bool
        Whether it may be stopped and started again.
    min_chunk_hours : float
        Shortest uninterrupted run of an interruptible job [h].
    restart_grams : float
        What each start after the first costs [gCO2e].
    max_chunks : int or None
        Most runs an interruptible job may be cut into.
    """

    duration_hours: float
    earliest: datetime
    deadline: datetime
    power_kw: float = 1.0
    is_interruptible: bool = False
    min_chunk_hours: float = 0.0
    restart_grams: float = 0.0
    max_chunks: int | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """The best slots of a job and what they save.

    Attributes
    ----------
    slots : tuple of (start, end)
        Aware UTC, the end exclusive, in order.
    grams, grams_run_now, grams_mean_start : float
        Emissions in these slots, at once from the earliest moment on, and of a start at random
        [gCO2e]; NaN where an hour that is needed has no value.
    saving_pct, saving_vs_mean_pct : float
        Against running at once, and against a random start [%].
    cost_usd, cost_run_now_usd : float
        At the hourly price, 0 without one [USD].
    is_clipped : bool
        The deadline lies beyond the known hours: optimal within them alone.
    """

    slots: tuple[Slot, ...]
    grams: float
    grams_run_now: float
    grams_mean_start: float
    saving_pct: float
    saving_vs_mean_pct: float
    cost_usd: float
    cost_run_now_usd: float
    is_clipped: bool


def best_window(  # noqa: PLR0913, PLR0917 (the signature that callers count on)
    intensity: pd.Series,
    duration_hours: float,
    earliest: datetime,
    deadline: datetime,
    power_kw: float = 1.0,
    interruptible: bool = False,
) -> Plan:
    """Best slots of a job that runs within [earliest, deadline).

    Parameters
    ----------
    intensity : Series
        Carbon intensity by hour [gCO2e/kWh], on a timezone-aware hourly DatetimeIndex; each value
        holds for the hour that begins there.
    duration_hours : float
        Running time [h]; fractions are exact.
    earliest, deadline : datetime
        Aware; the job has ended by the deadline.
    power_kw : float
        Power at the meter [kW].
    interruptible : bool
        Whether it may be cut into parts.

    Raises
    ------
    InfeasibleError
        A ValueError that says why the job does not fit.
    """
    job = Job(duration_hours, earliest, deadline, power_kw, interruptible)
    return plan(intensity, job)


def plan(
    intensity: pd.Series,
    job: Job,
    *,
    price_usd_per_hour: pd.Series | float = 0.0,
    grams_per_usd: float = 0.0,
) -> Plan:
    """Best slots of a job; a price counts with `grams_per_usd` in what is minimised."""
    cost = HourlyCost.of(intensity, job.power_kw, price_usd_per_hour, grams_per_usd)
    start, end, is_clipped = _window(cost, job)
    if job.is_interruptible:
        spans = _cut(cost, start, end, job)
    else:
        spans = _one_run(cost, start, end, job.duration_hours)
    if not spans:
        raise InfeasibleError(
            "No placement of the job covers hours with a known intensity alone.",
            next_step="Widen the window, or wait until the gap in the forecast is filled.",
        )
    return _described(cost, job, start, end, spans, is_clipped)


def _window(cost: HourlyCost, job: Job) -> tuple[float, float, bool]:
    """Window in hours since the first value; clipped to what is known."""
    if job.earliest.tzinfo is None or job.deadline.tzinfo is None:
        raise InfeasibleError("Earliest start and deadline need a timezone.")
    if not job.duration_hours > 0:
        raise InfeasibleError("A job lasts longer than 0 hours.")
    if not 0 < job.power_kw < math.inf:  # below it, the dirtiest hours would be the best
        raise InfeasibleError(
            "A job draws more than 0 kW.",
            next_step="Give it one machine or more, or a power above 0.",
        )
    if job.min_chunk_hours > job.duration_hours:
        raise InfeasibleError("The shortest chunk is longer than the job.")
    start = max(0.0, cost.hours_since(job.earliest))
    wanted = cost.hours_since(job.deadline)
    end = min(wanted, float(len(cost.grams)))
    available = end - start
    if wanted <= cost.hours_since(job.earliest):
        raise InfeasibleError("The deadline is not after the earliest start.")
    if start >= len(cost.grams):
        raise InfeasibleError(
            "The window begins after the last hour that is known.",
            next_step="Give it an earlier start, or ask again nearer to it.",
        )
    if available + 1e-9 < job.duration_hours:
        what = "the hours known" if wanted > end else "its window"
        raise InfeasibleError(
            f"The job of {job.duration_hours:g} h does not fit into the {max(available, 0):.2g} h "
            f"of {what}.",
            next_step="Give it a later deadline, an earlier start, or a shorter duration.",
        )
    return start, end, wanted > end


def _one_run(cost: HourlyCost, start: float, end: float, hours: float) -> list[chunks.Span]:
    """The cheapest uninterrupted run, the earliest of equals; none where an hour is unknown in all.

    Values are constant within an hour, so the cost is linear in the start between those starts at
    which the run begins or ends on the hour: one of these, or an end of the window, is optimal.
    """
    starts = candidate_starts(start, end, hours)
    totals = cost.between(starts, starts + hours)
    valid = np.isfinite(totals)
    if not valid.any():
        return []
    best = np.nanmin(totals)
    first = float(starts[valid & (totals <= best + 1e-9 * max(1.0, abs(best)))][0])
    return [(first, first + hours)]


def _cut(cost: HourlyCost, start: float, end: float, job: Job) -> list[chunks.Span]:
    """The cheapest parts of a job.

    The cheapest hours, where these are as few and as long as parts may be; else the better one of
    the best parts on a grid of time and of the best single run.
    """
    free = chunks.cheapest_hours(cost, start, end, job.duration_hours)
    shortest = min((b - a for a, b in free), default=0.0)
    is_allowed = shortest >= job.min_chunk_hours - 1e-9 and len(free) <= (
        job.max_chunks or len(free)
    )
    if is_allowed and (len(free) <= 1 or not job.restart_grams):
        return free
    parts = chunks.cheapest_chunks(
        cost, start, end, job.duration_hours, job.min_chunk_hours, job.restart_grams,
        job.max_chunks,
    )  # fmt: skip
    found = [spans for spans in (_one_run(cost, start, end, job.duration_hours), parts) if spans]

    def score(spans: list[chunks.Span]) -> float:
        begins, ends = np.array(spans).T
        return float(cost.between(begins, ends).sum()) + job.restart_grams * (len(spans) - 1)

    return min(found, key=score, default=[])


def candidate_starts(start: float, end: float, hours: float) -> np.ndarray:
    """Starts within [start, end - hours] at which a run begins or ends on the hour, sorted."""
    last = end - hours
    whole = np.arange(np.ceil(start), np.floor(end) + 1)
    starts = np.unique(np.concatenate([[start, max(start, last)], whole, whole - hours]))
    return starts[(starts >= start - 1e-12) & (starts <= last + 1e-12)]


def _described(  # noqa: PLR0913, PLR0917 (the parts of one result)
    cost: HourlyCost,
    job: Job,
    start: float,
    end: float,
    spans: Sequence[tuple[float, float]],
    is_clipped: bool,
) -> Plan:
    begins, ends = (np.array(side) for side in zip(*spans, strict=True))
    restarts = job.restart_grams * (len(spans) - 1)
    grams = float(cost.emissions_between(begins, ends).sum()) + restarts
    now = float(
        cost.emissions_between(np.array([start]), np.array([start + job.duration_hours]))[0]
    )
    mean = _mean_start(cost, start, end, job.duration_hours)
    usd = [float(cost.usd_between(a, b).sum()) for a, b in (
        (begins, ends), (np.array([start]), np.array([start + job.duration_hours])))]  # fmt: skip
    return Plan(
        tuple((cost.moment(a), cost.moment(b)) for a, b in spans),
        grams,
        now,
        mean,
        saving_share_pct(grams, now),
        saving_share_pct(grams, mean),
        usd[0],
        usd[1],
        is_clipped,
    )


def _mean_start(cost: HourlyCost, start: float, end: float, hours: float) -> float:
    """Expected emissions of a start at random: the mean of a piecewise linear function."""
    starts = candidate_starts(start, end, hours)
    totals = cost.emissions_between(starts, starts + hours)
    if len(starts) == 1:
        return float(totals[0])
    widths = np.diff(starts)
    middles = (totals[:-1] + totals[1:]) / 2
    valid = np.isfinite(middles)
    return float(np.average(middles[valid], weights=widths[valid])) if valid.any() else float("nan")


def saved_g(grams: float, against: float) -> float:
    """What is emitted less [gCO2e]; 0 where both are the same sum in another order."""
    return 0.0 if math.isclose(grams, against, rel_tol=1e-9) else against - grams


def saving_share_pct(grams: float, against: float) -> float:
    """How much less one is than the other [%]; NaN where the other is not known or nothing."""
    return saved_g(grams, against) / against * 100 if against > 0 else float("nan")


def run_now_slot(job: Job, now: datetime) -> Slot:
    """The slot of a job that runs at once."""
    begin = max(job.earliest, now).astimezone(UTC)
    return begin, begin + timedelta(hours=job.duration_hours)
