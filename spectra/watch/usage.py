"""Usage of machines: spikes, shifts and runaway processes in the new hours."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pandas as pd

from spectra.insight.anomalies import MEMORY_DAYS, Memory, Sensitivity, fold, scan, without_planned
from spectra.insight.anomalies.alerts import COLUMNS, RUNAWAY
from spectra.insight.anomalies.memory import joined
from spectra.insight.anomalies.scores import SHIFT_PAST_HOURS
from spectra.store import Store, incident_log, watch_queries
from spectra.watch import rows
from spectra.watch.tagged import tags_of

# Histories are read so many machines at a time, so that memory stays bounded.
AT_ONCE = 250
# After a change of size, until the days that a level is compared with are of that size.
SETTLING = timedelta(hours=SHIFT_PAST_HOURS)
Span = tuple[datetime, datetime]


def look(  # noqa: PLR0913, PLR0917 (as the other detectors, and what it remembers)
    store: Store,
    span: Span,
    sensitivity: Sensitivity,
    now: datetime,
    known: pd.DataFrame,
    memory: Memory | None = None,
) -> tuple[pd.DataFrame, Memory | None, datetime]:
    """Incidents in the hours of a span, what to remember, and up to when was looked.

    Hours of which nothing is known yet are left for the next time.
    """
    since, end = span
    known_until = watch_queries.known_until(store, end)
    if known_until is None or known_until <= since:
        return pd.DataFrame(), memory, since
    end = known_until
    alerts, memory = alerts_between(store, (since, end), sensitivity, memory)
    facts = watch_queries.facts(store)
    events = incident_log.planned(store)
    alerts = without_planned(alerts, events, tags_of(facts, events))
    alerts = _without_resized(alerts, watch_queries.resized(store, since, end, SETTLING))
    names = sorted({*alerts["series"], *known["series"]})
    until = watch_queries.machines_known_until(store, names, end)
    folded = fold(alerts, pd.Timestamp(end), known, known_until=until)
    found = rows.of_folded(
        folded,
        "usage",
        rates=watch_queries.usage_rates(store, end),
        facts=facts,
        sensitivity=sensitivity,
        now=now,
        context=watch_queries.traffic(store, folded),
    )
    return found, memory, end


def _without_resized(alerts: pd.DataFrame, resized: pd.DataFrame) -> pd.DataFrame:
    """Without another level on a machine of another size; one that runs away is told."""
    is_runaway = alerts["kind"].eq(RUNAWAY)
    settled = without_planned(alerts[~is_runaway].reset_index(drop=True), resized)
    return _together([alerts[is_runaway], settled])


def alerts_between(
    store: Store, span: Span, sensitivity: Sensitivity, memory: Memory | None = None
) -> tuple[pd.DataFrame, Memory | None]:
    """Alerts in the hours of a span; what is not remembered is read with the weeks before."""
    since, end = span
    first = end - timedelta(days=MEMORY_DAYS)
    if memory is None or memory.end != pd.Timestamp(since):
        return _from_history(store, watch_queries.watched(store, first, end), span, sensitivity)
    machines = watch_queries.watched(store, first, end, ran_since=since)
    late = _unremembered(store, {*machines} - {*memory.series}, (first, since))
    here = [name for name in machines if name not in late]
    result = scan(watch_queries.cpu_hours(store, here, since, end), memory, sensitivity)
    if not late:
        return result.alerts, result.state
    alerts, others = _from_history(store, sorted(late), span, sensitivity)
    memories = [result.state] if others is None else [result.state, others]
    return _together([result.alerts, alerts]), joined(memories)


def _unremembered(store: Store, names: set[str], before: Span) -> set[str]:
    """Those that were not watched yet though there is load of theirs.

    One that runs now and then is watched from when it has run for a day altogether.
    """
    new = sorted(names.difference(watch_queries.watched(store, *before)))
    if not new:
        return set()
    known = watch_queries.cpu_hours(store, new, *before).notna().any()
    return set(known.index[known])


def _from_history(
    store: Store, machines: list[str], span: Span, sensitivity: Sensitivity
) -> tuple[pd.DataFrame, Memory | None]:
    """Alerts in a span of machines of which nothing is remembered, and their memory."""
    since, end = span
    first = end - timedelta(days=MEMORY_DAYS)
    found, memories = [], []
    for part in parts(machines):
        result = scan(watch_queries.cpu_hours(store, part, first, end), None, sensitivity)
        found.append(result.alerts[result.alerts["at"] >= pd.Timestamp(since)])
        memories.append(result.state)
        del result
    return _together(found), joined(memories) if memories else None


def parts(machines: list[str]) -> Iterator[list[str]]:
    """So many machines at a time as histories are read of."""
    return (machines[low : low + AT_ONCE] for low in range(0, len(machines), AT_ONCE))


def _together(alerts: list[pd.DataFrame]) -> pd.DataFrame:
    filled = [frame for frame in alerts if not frame.empty]
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=COLUMNS)
