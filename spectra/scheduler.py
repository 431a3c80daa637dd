"""Jobs on the forecasts of a workspace: candidates, options, and the runs that are due."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

from spectra.carbon.energy import instance_watts, network_wh
from spectra.catalog import Catalog, Region
from spectra.cron import next_time
from spectra.insight.alternatives import Start, best_starts
from spectra.insight.placement import Candidate, JobLimits, Option, place
from spectra.insight.regions.model import Excluded
from spectra.insight.scheduling import InfeasibleError, Job
from spectra.moments import HOUR
from spectra.refresh.forecasts import Issued, issue_forecasts, issued
from spectra.refresh.hours import current_hour
from spectra.store import Store, grid_queries, job_log, latency_queries
from spectra.store.grid_queries import Factor
from spectra.store.job_log import Run, SavedJob

DEFAULT_LOAD_PCT = 50.0
# Open windows of one job that are planned at a time, the oldest first: one an hour over a forecast.
MAX_OPEN_RUNS = 50


@dataclass(frozen=True, slots=True)
class Spec:
    """A job as a person states it.

    Attributes
    ----------
    home : str
        Region it would run in without further thought.
    regions : tuple of str
        Regions it may run in besides.
    machine_kw : float or None
        Power of its machines, without PUE [kW]; else `instance_type` × `count` at `load_pct`.
    window_hours : float
        From the moment it comes due to its deadline [h].
    transfer_gb : float
        Data that has to be moved to another region and back [GB].
    """

    home: str
    regions: tuple[str, ...] = ()
    duration_hours: float = 2.0
    window_hours: float = 24.0
    machine_kw: float | None = None
    instance_type: str = "m5.xlarge"
    count: int = 1
    load_pct: float = DEFAULT_LOAD_PCT
    is_interruptible: bool = False
    min_chunk_hours: float = 0.0
    restart_grams: float = 0.0
    max_chunks: int | None = None
    factor: Factor = "lifecycle"
    max_latency_ms: float | None = None
    countries: tuple[str, ...] = ()
    grams_per_usd: float = 0.0
    transfer_gb: float = 0.0

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Spec:
        """Read what `as_dict` wrote."""
        lists = {name: tuple(data[name]) for name in ("regions", "countries")}
        return cls(**{**data, **lists})

    def as_dict(self) -> dict[str, Any]:
        """As plain values for JSON."""
        return asdict(self)

    def power_kw(self, catalog: Catalog) -> float:
        """Power of the machines [kW]."""
        if self.machine_kw is not None:
            return self.machine_kw
        watts = instance_watts(self.instance_type, self.load_pct, catalog=catalog).watts
        return watts * self.count / 1_000

    def job(self, catalog: Catalog, earliest: datetime, deadline: datetime) -> Job:
        """The job of a window."""
        return Job(
            self.duration_hours,
            earliest,
            deadline,
            self.power_kw(catalog),
            self.is_interruptible,
            self.min_chunk_hours,
            self.restart_grams,
            self.max_chunks,
        )

    def limits(self) -> JobLimits:
        """The hard conditions."""
        return JobLimits(self.max_latency_ms, self.countries, self.grams_per_usd)


def candidates(store: Store, catalog: Catalog, spec: Spec, hour: datetime) -> list[Candidate]:
    """Regions of a job that have a forecast: the running hour, then the hours ahead.

    Issues what is missing of this hour's forecasts, so a second call reads alone.
    """
    codes = dict.fromkeys((spec.home, *spec.regions))
    regions = [region for code in codes if (region := catalog.region(code)) is not None]
    zones = list(dict.fromkeys(region.zone for region in regions))
    issue_forecasts(store, zones=zones, factor=spec.factor, now=hour)
    latencies = _latencies(store)
    found: list[Candidate] = []
    for region in regions:
        made = issued(store, region.zone, spec.factor, hour)
        if made is None:
            continue
        known = grid_queries.stated(store, region.zone, spec.factor, hour, hour + HOUR)
        intensity, errors = _from_now(made, known)
        price = catalog.price(spec.instance_type, region.code) if not spec.machine_kw else None
        found.append(
            Candidate(
                region.code,
                region.country,
                intensity,
                errors,
                region.pue,
                price.usd_per_hour * spec.count if price else None,
                latencies.get(region.code),
                _transfer_grams(spec, region, intensity, found),
            )
        )
    return found


def _transfer_grams(
    spec: Spec, region: Region, intensity: pd.Series, before: list[Candidate]
) -> float:
    """What moving the data emits, at the mean of both grids now; nothing at home [gCO2e]."""
    home = next((c.intensity for c in before if c.region == spec.home), intensity)
    level = (float(home.iloc[0]) + float(intensity.iloc[0])) / 2
    is_home = region.code == spec.home
    return 0.0 if is_home else network_wh(spec.transfer_gb) / 1_000.0 * level


def _from_now(made: Issued, known: pd.Series) -> tuple[pd.Series, np.ndarray]:
    """The running hour, as it is known, before the hours that are forecast.

    Where data is late the running hour is itself a forecast.
    """
    known = known[known.index < made.mean.index[0]]
    if known.empty:
        return made.mean, made.errors
    certain = np.zeros((len(made.errors), len(known)))
    return pd.concat([known, made.mean]), np.hstack([certain, made.errors])


def place_job(  # noqa: PLR0913 (the parts of one question)
    offered: Sequence[Candidate],
    catalog: Catalog,
    spec: Spec,
    earliest: datetime,
    deadline: datetime,
    *,
    now: datetime | None = None,
) -> tuple[list[Option], list[Excluded]]:
    """Options of a job within [earliest, deadline), ranked; regions without forecast excluded."""
    job = spec.job(catalog, max(earliest.astimezone(UTC), now or datetime.now(UTC)), deadline)
    options, excluded = place(job, spec.home, offered, spec.limits())
    missing = set(spec.regions) - {candidate.region for candidate in offered}
    excluded += [Excluded(region, "There is no forecast for it.") for region in sorted(missing)]
    return options, excluded


def other_starts(  # noqa: PLR0913 (the parts of one question)
    there: Candidate,
    catalog: Catalog,
    spec: Spec,
    earliest: datetime,
    deadline: datetime,
    *,
    now: datetime | None = None,
) -> list[Start]:
    """The best starts of a job in one region within [earliest, deadline), the best first.

    Moving the job's data there counts in each.
    """
    job = spec.job(catalog, max(earliest.astimezone(UTC), now or datetime.now(UTC)), deadline)
    starts = best_starts(there.intensity, replace(job, power_kw=job.power_kw * there.pue))
    return [start._replace(grams=start.grams + there.transfer_grams) for start in starts]


def next_due(job: SavedJob, after: datetime) -> datetime:
    """When a recurring job comes due next, aware UTC.

    Raises
    ------
    InputError
        If its cron expression or its timezone is none.
    """
    return next_time(job.cron or "", job.timezone, after)


def plan_due_runs(store: Store, catalog: Catalog, now: datetime | None = None) -> int:
    """Plan the runs of every active job, again each hour until they start; returns how many."""
    now = now or datetime.now(UTC)
    active = [job for job in job_log.jobs(store) if job.is_active and job.cron is not None]
    return sum(plan_runs(store, catalog, job, now) for job in active)


def plan_runs(store: Store, catalog: Catalog, job: SavedJob, now: datetime) -> int:
    """Plan a job in its open windows where it fits, and in the next; returns how many were."""
    spec = Spec.from_dict(job.spec)
    window = timedelta(hours=spec.window_hours)
    offered = candidates(store, catalog, spec, current_hour(now))
    count = 0
    for earliest in _dues(job, max(now - window, job.created_at), now):
        known = job_log.run_of(store, job.job_id, earliest)
        if known is not None and known.slots[0][0] <= now:
            continue
        try:
            options, _ = place_job(offered, catalog, spec, earliest, earliest + window, now=now)
        except InfeasibleError:
            continue
        keep_option(store, catalog, job.job_id, spec, earliest, options[0], now)
        count += 1
        if count == MAX_OPEN_RUNS:
            break
    return count


def _dues(job: SavedJob, after: datetime, now: datetime) -> Iterator[datetime]:
    """When a job came due since a moment, and when it comes due next."""
    due = after
    while due <= now:
        due = next_due(job, due)
        yield due


def keep_option(  # noqa: PLR0913, PLR0917 (the parts of one record)
    store: Store,
    catalog: Catalog,
    job_id: str,
    spec: Spec,
    earliest: datetime,
    option: Option,
    now: datetime,
) -> Run:
    """Keep an option as the planned run of a job.

    Once its window is open, a run that is planned again stays compared with what it was: running
    at once from then on is no longer what would have been.
    """
    region, home = catalog.region(option.region), catalog.region(spec.home)
    assert region is not None and home is not None  # noqa: S101 (options are of regions)
    before = job_log.run_of(store, job_id, earliest)
    if before is not None and before.at_once <= now:
        at_once, at_once_grams = before.at_once, before.planned_now_grams
    else:
        at_once, at_once_grams = max(earliest, now), option.grams + option.saving_g
    run = Run(
        job_id,
        earliest,
        earliest + timedelta(hours=spec.window_hours),
        option.region,
        region.zone,
        spec.factor,
        spec.power_kw(catalog) * region.pue,
        home.zone,
        spec.power_kw(catalog) * home.pue,
        spec.duration_hours,
        option.plan.slots,
        option.grams,
        at_once_grams,
        None if np.isnan(option.probability) else option.probability,
        now,
        option.grams - option.plan.grams,
        spec.restart_grams,
        at_once,
    )
    job_log.keep_run(store, run)
    return run


def _latencies(store: Store) -> dict[str, float]:
    """Round trip by region [ms], the one that regions are compared by; proxies do not count."""
    rows = latency_queries.newest(store)
    measured = rows[~rows["is_proxy"].astype(bool)]
    return {str(region): float(ms) for region, ms in measured[["region", "rtt_ms_p50"]].to_numpy()}


def names(jobs: Iterable[SavedJob]) -> dict[str, str]:
    """Names of jobs by their id."""
    return {job.job_id: job.name for job in jobs}
