"""One workspace's watch: which detectors are due, and what they have to remember."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta

import pandas as pd

from spectra.config import Config
from spectra.insight.anomalies import CPU, Memory, Sensitivity
from spectra.refresh import current_hour
from spectra.store import Store, incident_log
from spectra.store.incident_log import Looked
from spectra.watch import daily, hourly, usage

FIRST_DAYS = 30
_THRESHOLDS = {"precise": 1.5, "balanced": CPU.threshold, "sensitive": 1.0}
# A detector with how often it looks; those of whole days look once a day.
HOURLY: dict[str, Callable[..., pd.DataFrame]] = {
    "grid": hourly.grids,
    "gap": hourly.gaps,
}
DAILY: dict[str, Callable[..., pd.DataFrame]] = {
    "idle": daily.idle,
    "volume": daily.volumes,
    "fleet": daily.fleets,
    "team": daily.teams,
    "cost": daily.costs,
}
# What is found anew each day as a whole; what is not found any more has ended.
STANDING = ("idle", "volume", "fleet")


def sensitivity_of(config: Config) -> Sensitivity:
    """The sensitivity that the settings ask for."""
    return replace(
        CPU,
        threshold=_THRESHOLDS[config.anomaly_usage],
        runaway_pct=float(config.anomaly_runaway_pct),
        runaway_hours=config.anomaly_runaway_hours,
        min_excess_g=max(float(config.anomaly_least_g), 1e-3),
        min_excess_usd=max(float(config.anomaly_least_usd), 1e-3),
    )


class Watcher:
    """Looks at what is new; what the usage detector remembers is held here, not in the store.

    A new process reads the last weeks once and goes on from where the last one had looked.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._memory: Memory | None = None
        self._remembers = ""

    def is_due(self, now: datetime | None = None) -> bool:
        """Whether there are hours that were not looked at."""
        end = current_hour(now or datetime.now(UTC))
        seen = incident_log.looked(self._store, "usage")
        known = self._store.row("SELECT max(hour) + INTERVAL 1 HOUR FROM utilisation")
        if known is None or known[0] is None:
            return False
        return seen is None or min(end, known[0]) > seen.until

    def look(self, config: Config, now: datetime | None = None) -> int:
        """Run every detector that is due; returns how many incidents were new or changed.

        A second caller leaves at once: the first one's result is shared.
        """
        if not self._lock.acquire(blocking=False):
            return 0
        try:
            now = now or datetime.now(UTC)
            sensitivity = sensitivity_of(config)
            count = self._usage(sensitivity, now)
            for family in (*HOURLY, *DAILY):
                count += self._others(family, sensitivity, now)
            return count
        finally:
            self._lock.release()

    def _usage(self, sensitivity: Sensitivity, now: datetime) -> int:
        end = current_hour(now)
        text = self._start_over_if_changed("usage", sensitivity)
        seen = incident_log.looked(self._store, "usage")
        since = seen.until if seen else end - timedelta(days=FIRST_DAYS)
        if since >= end:
            return 0
        memory = self._memory if self._remembers == text else None
        rows, self._memory, until = usage.look(self._store, (since, end), sensitivity, memory, now)
        self._remembers = text
        return incident_log.keep(self._store, "usage", Looked(until, text), rows)

    def _others(self, family: str, sensitivity: Sensitivity, now: datetime) -> int:
        end = current_hour(now)
        if family in DAILY:
            end = end.replace(hour=0)
        text = self._start_over_if_changed(family, sensitivity)
        seen = incident_log.looked(self._store, family)
        if seen is not None and seen.until >= end:
            return 0
        since = seen.until if seen else end - timedelta(days=FIRST_DAYS)
        find = HOURLY.get(family) or DAILY[family]
        rows = find(self._store, (since, end), sensitivity, now)
        if family in STANDING:
            known = [] if rows.empty else list(rows["incident_id"])
            incident_log.end_others(self._store, family, known)
        return incident_log.keep(self._store, family, Looked(end, text), rows)

    def _start_over_if_changed(self, family: str, sensitivity: Sensitivity) -> str:
        """Forget what another sensitivity found; returns the text of this one."""
        text = json.dumps(asdict(sensitivity))
        seen = incident_log.looked(self._store, family)
        if seen is not None and seen.sensitivity != text:
            incident_log.restart(self._store, family, [family])
        return text
