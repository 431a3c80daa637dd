"""How planned runs turned out, once the grids of their windows are known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from spectra.insight.scheduling import InfeasibleError, Job, plan
from spectra.refresh.hours import HOUR
from spectra.store import Store, job_log
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
    """How a run turned out; None until every hour of its window is stated at home and there.

    At once means at home; in hindsight the better of both regions counts. None, too, where it is
    not known what moving the data of a run emitted.
    """
    if run.transfer_grams is None:
        return None
    window = run.earliest, run.deadline
    there = job_log.stated(store, run.zone, run.factor, *window)
    home = job_log.stated(store, run.home_zone, run.factor, *window)
    if any(v.empty or v.index[-1].to_pydatetime() + HOUR < run.deadline for v in (there, home)):
        return None
    restarts = len(run.slots) - 1
    job = Job(run.duration_hours, *window, run.power_kw, restarts > 0,
              restart_grams=run.restart_grams)  # fmt: skip
    try:
        at_home = plan(home, replace(job, power_kw=run.home_power_kw))
        best = plan(there, job)
        parts = [plan(there, Job((b - a) / HOUR, a, b, run.power_kw)) for a, b in run.slots]
    except InfeasibleError:
        return None
    grams = sum(part.grams for part in parts) + run.transfer_grams + run.restart_grams * restarts
    # Where restarts cost, the best is sought on a grid of minutes that the slots need not lie on.
    oracle = min(grams, best.grams + run.transfer_grams, at_home.grams)
    return Realised(grams, at_home.grams_run_now, oracle)


def total(runs: Sequence[Realised]) -> Realised:
    """Sum of how runs turned out."""
    return Realised(
        sum(r.grams for r in runs),
        sum(r.now_grams for r in runs),
        sum(r.oracle_grams for r in runs),
    )
