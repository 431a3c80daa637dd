"""Detection for one series or a whole fleet: the same steps, formulas and settings."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import pandas as pd

from spectra.errors import InputError
from spectra.insight.anomalies.alerts import COLUMNS, raise_alerts
from spectra.insight.anomalies.engine import advance
from spectra.insight.anomalies.memory import Memory, joined
from spectra.insight.anomalies.sensitivity import CPU, DEFAULT, Sensitivity
from spectra.insight.anomalies.series import HOUR, regular, to_hours

BLOCK_SERIES, BLOCK_HOURS = 128, 31 * 24
THREADS = 2


class Scan(NamedTuple):
    """What a scan found, and what the next one needs.

    Attributes
    ----------
    alerts : DataFrame
        One row for each series and new hour at which a rule holds: series, at (aware UTC), kind,
        score [1], value, expected, excess [unit of the series], is_alert. Rows that are no alert
        prolong what was raised before.
    state : Memory
        To be passed to the next scan.
    """

    alerts: pd.DataFrame
    state: Memory


def detect(series: pd.Series, sensitivity: Sensitivity = DEFAULT) -> pd.DataFrame:
    """Anomalies in a series of measurements; a back-test that at no moment looks ahead.

    Parameters
    ----------
    series : Series
        Values every five minutes or every hour on a timezone-aware DatetimeIndex; gaps are
        allowed. Series within 0 and 100 are read as CPU [%] by the runaway rule.
    sensitivity : Sensitivity
        `CPU` has the floor of CPU percentages.

    Returns
    -------
    DataFrame
        One row an alert: start (when it was raised, aware UTC), end (of its last value), kind,
        score (multiples of what the series itself does [1]).

    Raises
    ------
    InputError
        If the index is naive, or its step is neither five minutes nor an hour.
    """
    known = regular(series)
    memory = Memory.empty(pd.Index(["series"]), known.at[0], known.per_hour)
    memory, signals = advance(memory, known.values[None], sensitivity, known.per_hour)
    _, rows = raise_alerts(memory, signals, known.at, sensitivity)
    rows["alert"] = rows["is_alert"].cumsum()
    found = rows.groupby("alert").agg(
        start=("at", "first"), end=("at", "last"), kind=("kind", "first"), score=("score", "max")
    )
    found["end"] += HOUR / known.per_hour
    return found.reset_index(drop=True)


def scan(frame: pd.DataFrame, state: Memory | None = None, sensitivity: Sensitivity = CPU) -> Scan:
    """Anomalies in the new hours of a fleet.

    Parameters
    ----------
    frame : DataFrame
        One row an hour on a timezone-aware DatetimeIndex, one column a series, of CPU [%] unless
        the sensitivity says otherwise; NaN where nothing is known. Hours that a state already
        knows are passed over: what comes late changes no alert.
    state : Memory, optional
        Of the scan before; without it, `frame` is a whole history.
    sensitivity : Sensitivity
        One for all series.

    Raises
    ------
    InputError
        If the index is naive or not of whole hours, or a series appears twice.
    """
    hours = to_hours(frame, None if state is None else state.end)
    if state is None:
        if hours.empty:
            raise InputError("There is no hour to scan.", next_step="Refresh the data first.")
        state = Memory.empty(hours.columns, pd.Timestamp(hours.index[0]))
    series = state.series.union(hours.columns, sort=False)
    state = state.of(series)
    if hours.empty:
        return Scan(pd.DataFrame(columns=COLUMNS), state)
    matrix = hours.reindex(columns=series).to_numpy(dtype=float)
    at = pd.DatetimeIndex(hours.index)
    blocks = [slice(k, k + BLOCK_SERIES) for k in range(0, len(series), BLOCK_SERIES)]
    with ThreadPoolExecutor(THREADS) as pool:
        done = list(
            pool.map(lambda b: _scan_block(state.rows(b), matrix[:, b].T, at, sensitivity), blocks)
        )
    alerts = pd.concat([part.alerts for part in done], ignore_index=True)
    states = [part.state for part in done]
    del done
    return Scan(alerts.sort_values(["at", "series"], ignore_index=True), _alive(joined(states)))


def _scan_block(
    memory: Memory, values: np.ndarray, at: pd.DatetimeIndex, sensitivity: Sensitivity
) -> Scan:
    """Some series, month after month, so that windows stay small."""
    found = []
    for part in _months(values.shape[1]):
        memory, signals = advance(memory, values[:, part], sensitivity)
        memory, rows = raise_alerts(memory, signals, at[part], sensitivity)
        found.append(rows)
    return Scan(pd.concat(found, ignore_index=True), memory)


def _months(count: int) -> Iterator[slice]:
    for first in range(0, count, BLOCK_HOURS):
        yield slice(first, min(first + BLOCK_HOURS, count))


def _alive(state: Memory) -> Memory:
    """Without series of which the whole memory knows nothing any more."""
    alive = ~np.isnan(state.values).all(axis=1)
    return state if alive.all() else state.rows(np.flatnonzero(alive))
