"""How planned runs turned out, once the grids of their windows are known."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import pandas as pd

from spectra.insight.scheduling import InfeasibleError, Job, plan
from spectra.moments import HOUR
from spectra.store import Store, grid_queries, job_log
from spectra.store.job_log import Run


@dataclass(frozen=True, slots=True)
class Realised:
    """What a run really emitted, what it would have at once, and at best in hindsight [gCO2e].

    Moving its data elsewhere and starting it again count as they did in its plan.
    """

    grams: float
    now_grams: float
    oracle_grams: float


def realised(store: Store, run: Run) -> Realised | None:
    """How a run turned out; None until its window is stated to both ends at home and there.

    At once means at home, from the moment its plan was compared with; in hindsight the better of
    both regions counts, from that moment on, and home only if the job's limits allow it. None, too,
    where it is not known what moving the data of a run emitted, or what an hour emitted that
    running at once needs.
    """
    if run.transfer_grams is None:
        return None
    window = run.at_once, run.deadline
    there = grid_queries.stated(store, run.zone, run.factor, *window)
    home = grid_queries.stated(store, run.home_zone, run.factor, *window)
    if not all(_reaches_over(values, *window) for values in (there, home)):
        return None
    spec = job_log.spec_of(store, run.job_id)
    restarts, job = len(run.slots) - 1, _job(run, spec)
    try:
        at_home = plan(home, replace(job, power_kw=run.home_power_kw))
        best = plan(there, job)
        parts = [plan(there, Job((b - a) / HOUR, a, b, run.power_kw)) for a, b in run.slots]
    except InfeasibleError:
        return None
    if math.isnan(at_home.grams_run_now):
        return None
    grams = sum(part.grams for part in parts) + run.transfer_grams + run.restart_grams * restarts
    # Where restarts cost, the best is sought on a grid of minutes that the slots need not lie on.
    oracle = min(grams, best.grams + run.transfer_grams)
    if job_log.allows_home(store, spec, run.home_zone):
        oracle = min(oracle, at_home.grams)
    return Realised(grams, at_home.grams_run_now, oracle)


def _reaches_over(values: pd.Series, start: datetime, end: datetime) -> bool:
    """Whether hours are stated from that of the start to that of the end."""
    if values.empty:
        return False
    first, last = values.index[0].to_pydatetime(), values.index[-1].to_pydatetime()
    return bool(first <= start and last + HOUR >= end)


def _job(run: Run, spec: dict[str, Any]) -> Job:
    """What was to be placed: a job that may be cut could have been, whether or not it was."""
    return Job(
        run.duration_hours,
        run.at_once,
        run.deadline,
        run.power_kw,
        spec.get("is_interruptible", len(run.slots) > 1),
        spec.get("min_chunk_hours", 0.0),
        run.restart_grams,
        spec.get("max_chunks"),
    )


def total(runs: Sequence[Realised]) -> Realised:
    """Sum of how runs turned out."""
    return Realised(
        sum(r.grams for r in runs),
        sum(r.now_grams for r in runs),
        sum(r.oracle_grams for r in runs),
    )
