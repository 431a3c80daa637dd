"""The demo company into the store, up to the current hour."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pandas as pd

from spectra.catalog import Catalog
from spectra.refresh.hours import HOUR, current_hour
from spectra.sources.demo import DemoCompany
from spectra.store import Store
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
        True when hours were added.
    """
    say = progress or (lambda share, text: None)
    started = datetime.now(UTC)
    end = current_hour(now) + HOUR
    known = store.meta(_DEMO_UNTIL)
    first = datetime.fromisoformat(known) if known else end - timedelta(days=days)
    if first >= end or _has_own_fleet(store):
        return False
    company = DemoCompany(catalog)
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
    with store.write() as cursor:
        set_meta(cursor, _DEMO_UNTIL, end.isoformat())
    log_fetch(
        store,
        Fetch(
            "demo", "company", rows, "ok", started_at=started, window_start=first, window_end=end
        ),
    )
    return True


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
    """Whole days, the running one up to `end`; provisional days are written again."""
    start_day = (first - timedelta(days=3)).date() if store.meta(_DEMO_UNTIL) else first.date()
    end_day = (end - HOUR).date() + timedelta(days=1)
    write_costs(store, company.costs(start_day, end_day, now=end))
