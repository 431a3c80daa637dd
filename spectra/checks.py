"""What is configured, reachable, entitled and permitted: one line each, with what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from spectra import metering
from spectra.catalog import Catalog
from spectra.config import Config
from spectra.errors import InputError, NoDataError, NotEntitledError, SourceError
from spectra.refresh.connections import Connections
from spectra.sources.aws import Access, permissions
from spectra.sources.aws.access import CE_USD_PER_REQUEST
from spectra.sources.cloudflare import Radar
from spectra.sources.electricity_maps import ElectricityMaps
from spectra.store import Store
from spectra.store.fetch_log import Fetch, log_fetch
from spectra.webhook import check_url

Status = Literal["ok", "off", "partly", "denied", "failed"]
_EM_SIGNALS = {
    "the last 24 hours": "carbon-intensity/history",
    "the past": "carbon-intensity/past-range",
    "forecasts": "carbon-intensity/forecast",
    "the power mix": "power-breakdown/history",
}


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the table.

    Attributes
    ----------
    status : str
        ``ok``, ``off`` (not configured), ``partly`` (less than asked for), ``denied`` (the rest
        works without it), ``failed``.
    """

    source: str
    what: str
    status: Status
    detail: str
    next_step: str = ""

    @property
    def is_bad(self) -> bool:
        """Whether something that was configured does not work at all."""
        return self.status == "failed"


def check_all(config: Config, connections: Connections, catalog: Catalog) -> list[Check]:
    """Check every source; one that is not configured is said to be off, not failed."""
    zones = catalog.zones_of(config.regions)
    lines = list(check_aws(connections.aws, cost_per_resource=config.cost_per_resource))
    lines.append(check_electricity_maps(connections.electricity_maps, zones))
    lines.append(check_radar(connections.radar))
    lines.append(_check_webhook(config))
    return lines


def metered(store: Store, source: str, run: Callable[[], Iterable[Check]]) -> list[Check]:
    """Run checks of a source and log what they asked for and cost."""
    lines, fetch = tallied(source, run)
    log_fetch(store, fetch)
    return lines


def tallied(source: str, run: Callable[[], Iterable[Check]]) -> tuple[list[Check], Fetch]:
    """Run checks of a source; what they found, and what they asked for and cost."""
    started_at = datetime.now(UTC)
    with metering.tally() as tally:
        lines = list(run())
    failed = sum(line.is_bad for line in lines)
    return lines, Fetch(
        source,
        "check",
        len(lines),
        "failed" if failed else "ok",
        started_at=started_at,
        request_count=tally.request_count,
        estimated_usd=tally.estimated_usd,
    )


def aws_usd(access: Access) -> float:
    """What `check_aws` costs [USD]: one request to Cost Explorer for each account."""
    return CE_USD_PER_REQUEST * (len(access.roles) or 1)


def check_aws(access: Access | None, *, cost_per_resource: bool = False) -> Iterable[Check]:
    """Sign in to every account and ask for every permission once; `aws_usd` is what it costs.

    The permission that `cost_per_resource` needs is named and not asked for: that costs as much.
    """
    if access is None:
        yield Check("AWS", "account", "off", "No keys, role or profile.", "See Settings, AWS.")
        return
    for role in access.roles or (None,):
        name = role.arn if role else "own keys"
        try:
            account = access.account(role)
        except SourceError as error:
            yield Check("AWS", name, "failed", error.message, error.next_step)
            continue
        yield Check("AWS", name, "ok", f"Account {account.account_id} as {account.arn}.")
        for permission in permissions.probe(account):
            denied = permission.error
            if denied is None:
                yield Check("AWS", permission.action, "ok", f"For {permission.purpose}.")
            else:
                yield Check(
                    "AWS",
                    permission.action,
                    "failed" if permission.is_needed else "denied",
                    f"{denied.message} Without it: no {permission.purpose}.",
                    denied.next_step,
                )
        if cost_per_resource:
            text = "Not asked for, as it costs; a refresh tells if it is denied."
            yield Check("AWS", permissions.RESOURCE_COSTS, "off", f"For costs by resource. {text}")


def check_electricity_maps(client: ElectricityMaps | None, zones: Iterable[str]) -> Check:
    """Read what the plan of the key allows: one request, two where the service does not say."""
    name = "Electricity Maps"
    if client is None:
        return Check(name, "key", "off", "No key: grids are demo or reference data.")
    wanted = list(zones)
    try:
        plan = client.entitlements(again=True)
        if not plan.is_known:
            return _check_key(client, wanted)
    except SourceError as error:
        return Check(name, "key", "failed", error.message, error.next_step)
    counts = {
        label: sum(plan.allows(zone, path) for zone in wanted)
        for label, path in _EM_SIGNALS.items()
    }
    text = ", ".join(f"{label}: {n} of {len(wanted)} zones" for label, n in counts.items())
    if not counts["the last 24 hours"]:
        return Check(
            name,
            "plan",
            "failed",
            "The key is valid, but its plan has no zone of a monitored region.",
            "Choose the region of your zone under Regions to monitor, or change the plan.",
        )
    return Check(name, "plan", "ok" if all(counts.values()) else "partly", f"{text}.")


def _check_key(client: ElectricityMaps, zones: list[str]) -> Check:
    """Try the key where the service does not state its plan: zones it lists to anybody."""
    name = "Electricity Maps"
    if not zones:
        return Check(name, "key", "partly", "Its plan is not stated, and no zone was asked for.")
    try:
        client.try_key(zones[0])
    except (NotEntitledError, NoDataError) as error:
        return Check(name, "key", "partly", f"{zones[0]}: {error.message}", error.next_step)
    return Check(name, "key", "ok", f"The key works for {zones[0]}; its plan is not stated.")


def check_radar(radar: Radar | None) -> Check:
    """Verify the token; one request."""
    if radar is None:
        return Check("Cloudflare Radar", "token", "off", "No token: latency is not measured.")
    try:
        radar.verify()
    except SourceError as error:
        return Check("Cloudflare Radar", "token", "failed", error.message, error.next_step)
    return Check("Cloudflare Radar", "token", "ok", "The token is active.")


def _check_webhook(config: Config) -> Check:
    if not config.webhook_url:
        return Check("Webhook", "address", "off", "No address: notices are not sent.")
    try:
        check_url(config.webhook_url, allow_private=config.webhook_allow_private)
    except (InputError, NotEntitledError) as error:
        return Check("Webhook", "address", "failed", error.message, error.next_step)
    return Check("Webhook", "address", "ok", "The address is allowed; nothing was sent.")
