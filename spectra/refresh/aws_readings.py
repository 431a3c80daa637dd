"""Readings of AWS that need a fleet to be known: telemetry, costs, prices, AWS's own figures."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pandas as pd

from spectra.catalog import Catalog
from spectra.config import Config
from spectra.moments import DAY, HOUR, first_of_month, midnight
from spectra.refresh.hours import current_hour
from spectra.refresh.settle import tag_rules
from spectra.refresh.tasks import CancelledError, Estimate, Landed, Progress
from spectra.sources.aws import Account, optimizer, pricing
from spectra.sources.aws import costs as cost_explorer
from spectra.sources.aws import emissions as sustainability
from spectra.sources.aws.access import CE_USD_PER_REQUEST
from spectra.sources.aws.cloudwatch import utilisation_batches
from spectra.store import Store, fleet_queries, source_state
from spectra.store.live_writes import (
    write_findings,
    write_prices,
    write_provider_costs,
    write_resource_costs,
    write_rows,
)
from spectra.store.source_state import Key
from spectra.store.tags import fold
from spectra.store.writes import write_utilisation

# CloudWatch may still change the last hours; bills settle within about three days.
LATE_HOURS = timedelta(hours=3)
LATE_DAYS = timedelta(days=3)
# A month's days are final when its bill is, some days after its end.
BILLED_WITHIN = timedelta(days=40)
COST_HISTORY = timedelta(days=30)
EMISSION_HISTORY = timedelta(days=427)
COST_REQUESTS = 2  # two services cut by team; each further page is one more

Span = tuple[datetime, datetime]


def wanted_telemetry(
    store: Store, catalog: Catalog, place: tuple[str, str], span: Span, *, again: bool = False
) -> pd.DataFrame:
    """Instances whose telemetry is missing: instance_id, instance_type, is_burstable, has_gpu,
    start, end.

    One that was asked for before is asked for its last hours only, unless `again`, and others from
    the beginning of the span or of their life; none for days whose sums are final.
    """
    frame = fleet_queries.ran_between(store, *place, *span)
    late = frame["asked_until"] - LATE_HOURS
    is_read = (late > frame["first_hour"]) & (not again)
    frame["start"] = frame["first_hour"].mask(is_read, late)
    frame["end"] = frame["end_hour"]
    types = {name: catalog.instance_type(name).type for name in frame["instance_type"].unique()}
    frame["is_burstable"] = [types[name].burstable for name in frame["instance_type"]]
    frame["has_gpu"] = [types[name].gpu_count > 0 for name in frame["instance_type"]]
    columns = ["instance_id", "instance_type", "is_burstable", "has_gpu", "start", "end"]
    return frame.loc[frame["start"] < frame["end"], columns].reset_index(drop=True)


def utilisation(
    store: Store, account: Account, region: str, wanted: pd.DataFrame, progress: Progress
) -> Landed:
    """Read what is missing of CloudWatch's metrics; every batch is kept as it lands."""
    end = current_hour() + HOUR
    count, notes, is_whole = 0, list[str](), True
    for batch in utilisation_batches(account, region, wanted):
        count += write_utilisation(store, batch.frame)
        fleet_queries.note_asked(store, batch.answered, end)
        is_whole &= batch.is_whole
        notes += [note for note in batch.notes if note not in notes]
        if progress.cancelled.is_set():
            raise CancelledError(f"Stopped in {region}; the rest is read next time.")
    start = wanted["start"].min().to_pydatetime() if len(wanted) else end
    return Landed(count, start, end, read_until=end if is_whole else None, notes=tuple(notes))


def costs(
    store: Store,
    account: Account,
    config: Config,
    key: Key,
    since: datetime | None,
) -> Landed:
    """Read daily costs by service, region and team.

    The last days are read again, and those of months that have been billed since.
    """
    now = datetime.now(UTC)
    state = source_state.read(store, key)
    known = state.read_until if state else None
    start = (since or (known - LATE_DAYS if known else now - COST_HISTORY)).date()
    if since is None:
        month = first_of_month(now)
        unbilled = fleet_queries.provisional_since(
            store, account.account_id, now.date() - BILLED_WITHIN, month
        )
        start = min(start, unbilled or start)
    end = now.date() + DAY
    frame = cost_explorer.daily_costs(
        account, start, end, team_tag=_team_tag(store, config), now=now
    )
    count = write_provider_costs(store, frame, tag_rules(config))
    return Landed(count, midnight(start), midnight(end), read_until=midnight(end))


def resource_costs(store: Store, account: Account) -> Landed:
    """Read costs per instance of the last 14 days."""
    now = datetime.now(UTC)
    start, end = now.date() - timedelta(days=14), now.date() + DAY
    frame = cost_explorer.resource_costs(account, start, end, now=now)
    return Landed(write_resource_costs(store, frame), midnight(start), midnight(end))


def findings(store: Store, account: Account, region: str) -> Landed:
    """Read what Compute Optimizer says of the instances."""
    frame = optimizer.findings(account, region, fetched_at=datetime.now(UTC))
    return Landed(write_findings(store, (account.account_id, region), frame))


def prices(store: Store, account: Account, types: tuple[str, ...], region: str) -> Landed:
    """Read AWS's list prices of the types in use."""
    frame = pricing.on_demand_prices(account, types, [region], fetched_at=datetime.now(UTC))
    missing = sorted(set(types) - set(frame["instance_type"]))
    notes = (f"AWS lists no price for {', '.join(missing)} in {region}.",) if missing else ()
    return Landed(write_prices(store, frame), notes=notes)


def emissions(store: Store, account: Account) -> Landed:
    """Read AWS's own monthly estimate of the account's emissions."""
    now = datetime.now(UTC)
    start, end = first_of_month(now - EMISSION_HISTORY), first_of_month(now)
    frame, notes = sustainability.monthly_emissions(account, start, end, fetched_at=now)
    count = write_rows(store, "provider_emissions", frame)
    return Landed(count, midnight(start), midnight(end), notes=notes)


def cost_estimate(requests: int) -> Estimate:
    """What Cost Explorer charges for so many requests."""
    return Estimate(requests, requests * CE_USD_PER_REQUEST)


def _team_tag(store: Store, config: Config) -> str | None:
    """The tag key that means team, as the account spells it."""
    spelt = list(fleet_queries.tag_keys(store)["tag_key"])
    for wanted in config.team_tag_keys:
        for key in spelt:
            if fold(key) == wanted:
                return str(key)
    return config.team_tag_keys[0] if config.team_tag_keys else None
