"""What is kept of the past so that a new hour can be scored without reading the old ones again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from spectra.insight.anomalies.scores import CALIBRATION_HOURS, SPIKE_PAST_HOURS
from spectra.insight.anomalies.seasons import PAST_HOURS
from spectra.insight.anomalies.windows import Floats

# Steadying looks two values further back than a spike score; whole hours.
REST_HOURS = SPIKE_PAST_HOURS + 2
# Scores of four weeks rest on deviations of two weeks, those on a season of eight; sums and last
# alerts fade within days.
MEMORY_DAYS = 100


@dataclass(frozen=True, slots=True)
class Memory:
    """The last weeks of every series, and the sums and alerts that go on; one row a series.

    Weeks are kept in single precision, in which their windows are sorted: of 5,000 machines they
    are 60 MB for as long as the process lives.

    Attributes
    ----------
    series : Index
        Names of the series, in the order of the rows.
    end : Timestamp
        Beginning of the first hour that is not known yet, aware UTC.
    values, rest : ndarray
        Values of eight weeks, and how far those of two weeks lay outside what was usual.
    spikes, shifts : ndarray
        Raw scores of the last week [1].
    sums : ndarray
        Cumulative sums up and down [1].
    run_hours, run_limit, run_alarm : ndarray
        Hours of running away so far, the limit as it was at the onset [%], and whether the sum
        upwards has alarmed since (1) or not (0).
    alert_at, alert_score, alert_rank : ndarray
        The last alert that was raised: hours since 1970, score, seriousness.
    """

    series: pd.Index
    end: pd.Timestamp
    values: Floats
    rest: Floats
    spikes: Floats
    shifts: Floats
    sums: Floats
    run_hours: Floats
    run_limit: Floats
    run_alarm: Floats
    alert_at: Floats
    alert_score: Floats
    alert_rank: Floats

    @classmethod
    def empty(cls, series: pd.Index, end: pd.Timestamp, per_hour: int = 1) -> Memory:
        """A memory of nothing, for series of so many values an hour."""
        count = len(series)

        def unknown(width: int) -> Floats:
            return np.full((count, width), np.nan, dtype=np.float32)

        return cls(
            series=series,
            end=end,
            values=unknown(PAST_HOURS * per_hour),
            rest=unknown(REST_HOURS * per_hour),
            spikes=unknown(CALIBRATION_HOURS * per_hour),
            shifts=unknown(CALIBRATION_HOURS),
            sums=np.zeros((count, 2)),
            run_hours=np.zeros(count),
            run_limit=np.full(count, np.nan),
            run_alarm=np.zeros(count),
            alert_at=np.full(count, -np.inf),
            alert_score=np.zeros(count),
            alert_rank=np.zeros(count),
        )

    def rows(self, place: slice | NDArray[np.int64]) -> Memory:
        """The memory of some rows."""
        return self._with(self.series[place], lambda name: getattr(self, name)[place])

    def of(self, series: pd.Index) -> Memory:
        """The memory of the given series in their order; new ones remember nothing."""
        if series.equals(self.series):
            return self
        place = self.series.get_indexer(series)
        fresh = Memory.empty(series[place < 0], self.end)
        place[place < 0] = len(self.series) + np.arange(len(fresh.series))
        return joined([self, fresh]).rows(place)

    def _with(self, series: pd.Index, array: Callable[[str], Floats]) -> Memory:
        return Memory(series, self.end, *(array(name) for name in ARRAYS))


# In the order of the constructor, after the series and the end.
ARRAYS = tuple(f.name for f in fields(Memory))[2:]


def joined(parts: list[Memory]) -> Memory:
    """Memories of different series as one.

    The list is emptied and each array let go once it is copied: of a large fleet, the parts and
    the whole would not fit beside each other.
    """
    first, *others = parts
    series, end = first.series.append([part.series for part in others]), first.end
    arrays = [[getattr(part, name) for part in parts] for name in reversed(ARRAYS)]
    parts.clear()
    del first, others
    return Memory(series, end, *(np.concatenate(arrays.pop()) for _ in ARRAYS))
