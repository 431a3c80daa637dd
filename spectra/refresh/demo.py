"""The demo company into the store, up to the current hour."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pandas as pd

from spectra.catalog import Catalog
from spectra.moments import HOUR, day_after
from spectra.refresh.demo_budgets import set_demo_budgets
from spectra.refresh.hours import current_hour
from spectra.sources.demo import DemoCompany
from spectra.sources.demo.changes import Change
from spectra.store import Store, demo_log
from spectra.store.database import set_meta
from spectra.store.factors import write_factors
from spectra.store.fetch_log import Fetch, log_fetch
from spectra.store.ledger import extend_ledger, recompute
from spectra.store.writes import (
    write_costs,
    write_instances,
    write_intensities,
    write_utilisation,
    write_volumes,
)

Progress = Callable[[float, str], None]

_DEMO_UNTIL = "demo_until"


def refresh_demo(
    store: Store,
    catalog: Catalog,
    *,
    now: datetime | None = None,
    days: int = 90,
    progress: Progress | None = None,
) -> bool:
    """Bring the demo company up to the current hour; the first time, build its history.

    Idempotent: a run that was stopped is completed by the next one. A store that holds another
    fleet gets no demo company beside it.

    Returns
    -------
    bool
        True when hours were added, or followed what was done to the fleet.
    """
    end = current_hour(now) + HOUR
    with store.demo_lock:
        return _refresh(store, catalog, end, days, progress or (lambda share, text: None))


def _refresh(store: Store, catalog: Catalog, end: datetime, days: int, say: Progress) -> bool:
    started = datetime.now(UTC)
    known = store.meta(_DEMO_UNTIL)
    first = datetime.fromisoformat(known) if known else end - timedelta(days=days)
    if _has_own_fleet(store):
        return False
    followed = apply_demo_changes(store, catalog)
    if first >= end:
        return followed
    company = _company(store, catalog)
    say(0.02, "Founding the demo company")
    _write_demo_fleet(store, catalog, company, first, end)
    say(0.15, "Reading the grids")
    write_intensities(store, company.intensities(first, end), catalog)
    extend_ledger(store, catalog, first, end)
    say(0.35, "Reading utilisation")
    rows = write_utilisation(store, company.utilisation(first, end))
    say(0.55, "Reading costs")
    _write_demo_costs(store, company, first, end)
    recompute(store, lambda share, text: say(0.6 + 0.4 * share, text))
    if known is None:
        set_demo_budgets(store, end)
    with store.write() as cursor:
        set_meta(cursor, _DEMO_UNTIL, end.isoformat())
    log_fetch(
        store,
        Fetch(
            "demo", "company", rows, "ok", started_at=started, window_start=first, window_end=end
        ),
    )
    return True


def apply_demo_changes(store: Store, catalog: Catalog) -> bool:
    """Let the record follow what was done to the demo fleet, from the hour it was done in.

    Idempotent; of the hours before nothing is written.

    Returns
    -------
    bool
        True when there was something to follow.
    """
    with store.demo_lock:
        return _follow(store, catalog)


def _follow(store: Store, catalog: Catalog) -> bool:
    pending, known = demo_log.unapplied(store), store.meta(_DEMO_UNTIL)
    if pending is None or known is None:
        return False
    (since, last_id), end = pending, datetime.fromisoformat(known)
    named = demo_log.unapplied_resources(store)
    company = _company(store, catalog)
    ids = named | _write_changed_fleet(store, company, named, since, end)
    write_factors(store, catalog)
    hour = current_hour(since)
    used = company.utilisation(hour, max(end, hour))
    write_utilisation(store, used[used["instance_id"].isin(named)])
    first_day, end_day = hour.date(), day_after(end)
    costs = company.costs(first_day, max(end_day, first_day), now=end, since=_first_hour(store))
    write_costs(store, costs[costs["resource_id"].isin(ids)])
    recompute(store)
    demo_log.mark_applied(store, last_id)
    return True


def _write_changed_fleet(
    store: Store, company: DemoCompany, named: set[str], since: datetime, end: datetime
) -> set[str]:
    """Write the spans of what was changed, and of its volumes, which are returned."""
    instances, volumes = company.instances(end), company.volumes(end)
    instances = instances[instances["instance_id"].isin(named)]
    own = volumes[volumes["instance_id"].isin(named)]["volume_id"]
    volumes = volumes[volumes["volume_id"].isin({*named, *own})]
    write_instances(store, instances)
    write_volumes(store, volumes)
    demo_log.drop_spans(store, "instances", "instance_id", instances, since)
    demo_log.drop_spans(store, "volumes", "volume_id", volumes, since)
    return set(volumes["volume_id"])


def _company(store: Store, catalog: Catalog) -> DemoCompany:
    """The demo company with everything that was done to it."""
    made = demo_log.changes(store)
    changes = [Change.at(c.resource_id, c.at, c.kind, c.value) for c in made]
    return DemoCompany(catalog, changes=changes)


def _has_own_fleet(store: Store) -> bool:
    return store.row("SELECT 1 FROM instances WHERE source <> 'demo' LIMIT 1") is not None


def _write_demo_fleet(
    store: Store, catalog: Catalog, company: DemoCompany, first: datetime, end: datetime
) -> None:
    """Spans of instances and volumes that touch the new hours; ended ones get their end."""
    write_instances(store, _touching(company.instances(end), first))
    write_volumes(store, _touching(company.volumes(end), first))
    write_factors(store, catalog)


def _touching(history: pd.DataFrame, first: datetime) -> pd.DataFrame:
    ends = history["valid_to"]
    return history[ends.isna() | (ends >= first - HOUR)]


def _write_demo_costs(store: Store, company: DemoCompany, first: datetime, end: datetime) -> None:
    """UTC days from the ledger's first hour up to `end`; provisional ones are written again."""
    start_day = (first - timedelta(days=3)).date() if store.meta(_DEMO_UNTIL) else first.date()
    end_day = day_after(end)
    write_costs(store, company.costs(start_day, end_day, now=end, since=_first_hour(store)))


def _first_hour(store: Store) -> datetime | None:
    row = store.row("SELECT first_hour FROM ledger")
    return None if row is None else row[0]
