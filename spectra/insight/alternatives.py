"""Other moments at which a job could start, and what it would then emit."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

import numpy as np
import pandas as pd

from spectra.insight.hourly_cost import HourlyCost
from spectra.insight.scheduling import Job, candidate_starts

APART_HOURS = 1.0


class Start(NamedTuple):
    """A start and the emissions of the uninterrupted run that begins there [gCO2e]."""

    at: datetime
    grams: float


def best_starts(
    intensity: pd.Series, job: Job, count: int = 5, apart_hours: float = APART_HOURS
) -> list[Start]:
    """The best starts of an uninterrupted run, each some time apart from the better ones.

    `job.power_kw` is at the meter. Starts whose run would touch an unknown hour are left out;
    a window that does not hold the job gives none.
    """
    cost = HourlyCost.of(intensity, job.power_kw)
    first = max(0.0, cost.hours_since(job.earliest))
    end = min(cost.hours_since(job.deadline), float(len(cost.grams)))
    if end - first < job.duration_hours:
        return []
    starts = candidate_starts(first, end, job.duration_hours)
    grams = cost.emissions_between(starts, starts + job.duration_hours)
    chosen: list[int] = []
    for i in np.lexsort((starts, grams)):
        known = np.isfinite(grams[i])
        if known and all(abs(starts[i] - starts[j]) >= apart_hours - 1e-9 for j in chosen):
            chosen.append(int(i))
        if len(chosen) == count:
            break
    return [Start(cost.moment(float(starts[i])), float(grams[i])) for i in chosen]
