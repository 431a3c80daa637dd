"""One workspace's watch: which detectors are due, and what they have to remember."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd

from spectra import heap
from spectra.config import Config
from spectra.errors import BusyError
from spectra.insight.anomalies import CPU, Memory, Sensitivity
from spectra.insight.anomalies.kinds import FAMILIES, KINDS
from spectra.moments import DAY, midnight
from spectra.refresh import current_hour
from spectra.store import Store, incident_log, watch_days, watch_queries
from spectra.store.incident_log import Looked
from spectra.watch import daily, hourly, past_waste, usage

FIRST_DAYS = 30
TRIED = 16  # results of back-tests that are kept for who asks the same again
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
# Hours of a grid and days of a team are corrected for a while, and a day's cost is final when its
# month has been billed, which takes two weeks: so far back is looked again each time.
AGAIN = {"grid": timedelta(days=2), "team": timedelta(days=2), "cost": timedelta(days=31 + 14)}
# What ended shortly before may go on: that of a machine that stops ends before its last hours
# are known.
QUIET = timedelta(hours=daily.QUIET_HOURS)
# What rests on load and emissions looks at days of which both are known as a whole.
MEASURED = ("idle", "fleet", "team")
# What is found anew each day as a whole; what is not found any more has ended.
STANDING = ("idle", "volume", "fleet")
# Detectors whose rules have changed: what an older SPECTRA looked at is looked at anew.
RULES = {"volume": 2, "fleet": 2, "team": 2, "grid": 2}


def sensitivity_of(config: Config) -> Sensitivity:
    """The sensitivity that the settings ask for."""
    return replace(
        CPU,
        threshold=_THRESHOLDS[config.anomaly_usage],
        runaway_pct=float(config.anomaly_runaway_pct),
        runaway_hours=config.anomaly_runaway_hours,
        min_excess_g=max(float(config.anomaly_least_g), 1e-3),
        min_excess_usd=max(float(config.anomaly_least_usd), 1e-3),
        levels=dict(config.anomaly_levels),
    )


class Watcher:
    """Looks at what is new; what the usage detector remembers is held here, not in the store.

    A new process reads the last weeks once and goes on from where the last one had looked.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._trying = threading.Lock()
        self._tried: dict[tuple[Any, ...], dict[str, int]] = {}
        # Waste of a span, which is the same for every sensitivity.
        self._wasted: tuple[tuple[Any, ...], dict[str, pd.DataFrame]] | None = None
        self._memory: Memory | None = None
        self._remembers = ""

    def is_due(self, now: datetime | None = None, config: Config | None = None) -> bool:
        """Whether hours were not looked at, or not as the settings ask, or machines are gone."""
        if incident_log.any_gone(self._store):
            return True
        end = current_hour(now or datetime.now(UTC))
        seen = self._seen("usage", end)
        if seen and config and seen.sensitivity != _text("usage", sensitivity_of(config)):
            return True
        known = watch_queries.known_until(self._store)
        return known is not None and (seen is None or min(end, known) > seen.until)

    def look(self, config: Config, now: datetime | None = None, *, wait: bool = False) -> int:
        """Run every detector that is due; returns how many incidents were new or changed.

        A second caller leaves at once, or waits: the first one's result is shared.
        """
        if not self._lock.acquire(blocking=wait):
            return 0
        try:
            now = now or datetime.now(UTC)
            sensitivity = sensitivity_of(config)
            count = self._usage(sensitivity, now)
            heap.give_back()
            for family in (*HOURLY, *DAILY):
                count += self._others(family, sensitivity, now)
            if incident_log.any_gone(self._store):
                incident_log.end_gone(self._store, now)
            return count
        finally:
            self._lock.release()
            heap.give_back()

    def back_test(
        self, span: tuple[datetime, datetime], sensitivity: Sensitivity
    ) -> dict[str, int]:
        """`back_test` for any number of visitors: one at a time, and known results at once.

        Raises
        ------
        BusyError
            While another one is under way.
        """
        key = (self._store.revision, span, json.dumps(asdict(sensitivity)))
        if key in self._tried:
            return self._tried[key]
        if not self._trying.acquire(blocking=False):
            raise BusyError(
                "Other settings are being tried just now.",
                next_step="Press Try again in a minute; everything else works meanwhile.",
            )
        try:
            if self._wasted is None or self._wasted[0] != key[:2]:
                self._wasted = key[:2], _waste(self._store, span)
            found = back_test(self._store, span, sensitivity, self._wasted[1])
        finally:
            self._trying.release()
        self._tried = dict([*self._tried.items(), (key, found)][-TRIED:])
        return found

    def _seen(self, detector: str, now: datetime) -> Looked | None:
        """How far it has looked; nowhere if the clock was ahead: the rest would stay unseen."""
        seen = incident_log.looked(self._store, detector)
        return None if seen is not None and seen.until > now + DAY else seen

    def _usage(self, sensitivity: Sensitivity, now: datetime) -> int:
        end = current_hour(now)
        first = end - timedelta(days=FIRST_DAYS)
        text = self._start_over_if_changed("usage", sensitivity, first)
        seen = self._seen("usage", end)
        since = seen.until if seen else first
        if since >= end or watch_queries.known_until(self._store) is None:
            return 0
        memory = self._memory if seen and self._remembers == text else None
        known = incident_log.going_on(self._store, "usage", since - QUIET)
        rows, self._memory, until = usage.look(
            self._store, (since, end), sensitivity, now, known, memory
        )
        self._remembers = text
        return incident_log.keep(
            self._store, "usage", Looked(until, text), _without_past(rows, known)
        )

    def _others(self, family: str, sensitivity: Sensitivity, now: datetime) -> int:
        end = _end(self._store, family, current_hour(now))
        if end is None:
            return 0
        first = end - timedelta(days=FIRST_DAYS)
        text = self._start_over_if_changed(family, sensitivity, first)
        seen = self._seen(family, now)
        if seen is not None and seen.until >= end:
            return 0
        since = seen.until - AGAIN.get(family, timedelta(0)) if seen else first
        find = HOURLY.get(family) or DAILY[family]
        again = None if family in STANDING else since - QUIET
        known = incident_log.going_on(self._store, family, again)
        rows = find(self._store, (since, end), sensitivity, now, known)
        if family in STANDING:
            going = [] if rows.empty else list(rows["incident_id"])
            unknown = watch_days.unmeasured(self._store, end) if family == "idle" else []
            incident_log.end_others(self._store, family, going, unknown, end)
        return incident_log.keep(self._store, family, Looked(end, text), _without_past(rows, known))

    def _start_over_if_changed(self, family: str, sensitivity: Sensitivity, since: datetime) -> str:
        """Forget what another sensitivity or other rules found since; returns their text now."""
        text = _text(family, sensitivity)
        seen = incident_log.looked(self._store, family)
        if seen is not None and seen.sensitivity != text:
            # Waste is found as a whole each time; forgotten, it would begin anew a week ago.
            anew = [] if family in STANDING else [family]
            incident_log.restart(self._store, family, anew, since)
        return text


def _end(store: Store, family: str, hour: datetime) -> datetime | None:
    """Up to when a detector may look: the hour, or the end of the last day that is known whole."""
    if family in HOURLY:
        return hour
    today = midnight(hour)
    return watch_days.whole_until(store, today) if family in MEASURED else today


def _text(family: str, sensitivity: Sensitivity) -> str:
    """What a family is looked at with: numbers, levels of its kinds, the version of its rules."""
    stated = asdict(sensitivity)
    levels = {
        kind: level for kind, level in stated.pop("levels").items() if kind in FAMILIES[family]
    }
    own = stated | ({"levels": levels} if levels else {})
    return json.dumps(own) + (f" {RULES[family]}" if family in RULES else "")


def _without_past(rows: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    """Without incidents that had ended and of which nothing new was found: they stay as they are.

    Today's intensity and prices would else be laid to what was then.
    """
    if rows.empty:
        return rows
    over = known[known["end"].notna()]
    past = set(zip(over["incident_id"], over["last_seen"], strict=True))
    pairs = zip(rows["incident_id"], rows["last_seen"], strict=True)
    return rows[[pair not in past for pair in pairs]]


def back_test(
    store: Store,
    span: tuple[datetime, datetime],
    sensitivity: Sensitivity,
    waste: dict[str, pd.DataFrame] | None = None,
) -> dict[str, int]:
    """How many incidents a sensitivity would have raised in a span, by kind; nothing is kept.

    The same detectors as `Watcher.look`, none of which looks ahead; what is below the least excess
    is left out.

    Parameters
    ----------
    waste : dict of DataFrame, optional
        Of the span, as `_waste` finds it; without it, it is looked for.
    """
    none = incident_log.going_on(store, "").iloc[:0]
    found = [usage.look(store, span, sensitivity, span[1], none)[0]]
    for family, find in (HOURLY | DAILY).items():
        end = None if family in STANDING else _end(store, family, span[1])
        if end is not None:
            found.append(find(store, (span[0], end), sensitivity, span[1], none))
    past = _waste(store, span) if waste is None else waste
    found.append(past_waste.severities(past, sensitivity))
    kinds = [
        kind for rows in found if len(rows) for kind in rows["kind"][rows["severity"] != "log"]
    ]
    return {kind: kinds.count(kind) for kind in KINDS}


def _waste(store: Store, span: tuple[datetime, datetime]) -> dict[str, pd.DataFrame]:
    """Waste of each family in a span, up to the last day that the family knows whole."""
    ends = {family: _end(store, family, span[1]) for family in STANDING}
    return past_waste.found(store, {
        family: (span[0], end)
        for family, end in ends.items() if end is not None and end > span[0]
    })  # fmt: skip
