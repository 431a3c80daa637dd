"""What to ask of AWS: accounts first, then what runs there, then how busy and costly it is."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, NamedTuple

import pandas as pd

from spectra.catalog import Catalog
from spectra.config import Config
from spectra.moments import HOUR
from spectra.refresh import aws_readings
from spectra.refresh.fleet_history import instance_spans, volume_spans
from spectra.refresh.hours import current_hour
from spectra.refresh.settle import tag_rules
from spectra.refresh.tasks import CancelledError, Estimate, Landed, Progress, Task
from spectra.sources.aws import Access, Account, Role, inventory
from spectra.sources.aws.cloudwatch import RETENTION, plan_metrics
from spectra.sources.aws.errors import understood
from spectra.store import Store, fleet_queries, source_state
from spectra.store.clearing import clear_demo_fleet
from spectra.store.live_writes import write_rows
from spectra.store.owners import OWNER, with_owners
from spectra.store.source_state import Key
from spectra.store.writes import write_instances, write_volumes

SOURCE = "aws"
ACCOUNT_TTL = timedelta(hours=6)
INVENTORY_TTL = timedelta(minutes=30)
UTILISATION_TTL = timedelta(hours=1)
COST_TTL = timedelta(hours=6)
DAILY_TTL = timedelta(hours=24)
WEEKLY_TTL = timedelta(days=7)


class Place(NamedTuple):
    """One region of one account, and the role that leads there."""

    role: Role | None
    account_id: str
    region: str

    @property
    def scope(self) -> str:
        """As it stands in the fetch log."""
        return f"{self.account_id}/{self.region}"


@dataclass
class AwsTasks:
    """Tasks over all accounts and regions of one way into AWS.

    Attributes
    ----------
    since : datetime or None
        Read telemetry and costs again from here, whatever was read before.
    """

    store: Store
    catalog: Catalog
    config: Config
    access: Access
    progress: Progress
    since: datetime | None = None
    _accounts: dict[str, Account] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def accounts(self) -> list[Task]:
        """Sign in everywhere, with other keys at once, and learn which regions are enabled."""
        return _understood(
            Task(
                Key(SOURCE, "account", _name(role)),
                ACCOUNT_TTL if self._found(role) else timedelta(),
                partial(self._sign_in, role),
                _group(role),
                lambda: Estimate(2),
            )
            for role in self.roles()
        )

    def inventories(self) -> list[Task]:
        """List instances, volumes and groups of every monitored region."""
        return _understood(
            self._task(
                "inventory", place, INVENTORY_TTL, partial(self._list, place), lambda: Estimate(3)
            )
            for place in self.places()
        )

    def readings(self) -> list[Task]:
        """Utilisation, costs, prices and AWS's own figures, where something runs or just ran."""
        tasks = []
        for place in self.places():
            types = fleet_queries.types_in(self.store, place.account_id, place.region)
            if types or len(self._wanted(place)):  # one that is gone may have hours left to read
                tasks.append(self._utilisation(place))
            if types:
                tasks += self._regional(place, types)
        for role, account_id in self.known_accounts():
            tasks += self._of_account(role, account_id)
        return _understood(tasks)

    def places(self) -> list[Place]:
        """Every monitored region of every account that a sign-in has found."""
        known = {region.code for region in self.catalog.regions}
        return [
            Place(role, found["account_id"], region)
            for role in self.roles()
            if (found := self._found(role)) is not None
            for region in found["regions"]
            if region in known and (not self.config.regions or region in self.config.regions)
        ]

    def window(self) -> tuple[datetime, datetime]:
        """The hours whose telemetry is read, as far back as CloudWatch keeps any."""
        end = current_hour() + HOUR
        first = end - timedelta(days=self.config.aws_history_days)
        return max(self.since or first, end - RETENTION), end

    def roles(self) -> tuple[Role | None, ...]:
        """Ways into AWS; None is that of the keys themselves."""
        return self.access.roles or (None,)

    def known_accounts(self) -> list[tuple[Role | None, str]]:
        """Accounts that a sign-in has found, each with its way in."""
        return [
            (role, str(found["account_id"]))
            for role in self.roles()
            if (found := self._found(role)) is not None
        ]

    def _utilisation(self, place: Place) -> Task:
        run, estimate = partial(self._measure, place), partial(self._metrics, place)
        return self._task("utilisation", place, UTILISATION_TTL, run, estimate)

    def _regional(self, place: Place, types: tuple[str, ...]) -> list[Task]:
        unpriced = fleet_queries.unpriced_types(self.store, types, place.region)
        account = partial(self._account, place.role)
        return [
            self._task(
                "findings",
                place,
                DAILY_TTL,
                lambda: aws_readings.findings(self.store, account(), place.region),
            ),
            self._task(
                "prices",
                place,
                DAILY_TTL if unpriced else WEEKLY_TTL,
                lambda: aws_readings.prices(self.store, account(), types, place.region),
                lambda: Estimate(len(types)),
            ),
        ]

    def _of_account(self, role: Role | None, account_id: str) -> list[Task]:
        account = partial(self._account, role)
        group = _group(role)
        tasks = [
            Task(
                Key(SOURCE, "emissions", account_id),
                WEEKLY_TTL,
                lambda: aws_readings.emissions(self.store, account()),
                group,
            )
        ]
        if self.config.cost_explorer:
            key = Key(SOURCE, "costs", account_id)
            tasks.append(
                Task(
                    key,
                    COST_TTL,
                    lambda: aws_readings.costs(self.store, account(), self.config, key, self.since),
                    group,
                    partial(aws_readings.cost_estimate, aws_readings.COST_REQUESTS),
                )
            )
        if self.config.cost_explorer and self.config.cost_per_resource:
            tasks.append(
                Task(
                    Key(SOURCE, "resource_costs", account_id),
                    DAILY_TTL,
                    lambda: aws_readings.resource_costs(self.store, account()),
                    group,
                    partial(aws_readings.cost_estimate, 1),
                )
            )
        return tasks

    def _sign_in(self, role: Role | None) -> Landed:
        account = self._signed_in(role)
        regions = inventory.enabled_regions(account)
        known = {region.code for region in self.catalog.regions}
        unknown = sorted(set(regions) - known)
        found = {"account_id": account.account_id, "arn": account.arn, "regions": regions}
        notes = (f"SPECTRA has no figures for {', '.join(unknown)}.",) if unknown else ()
        detail = f"{self.access.fingerprint} {json.dumps(found)}"
        return Landed(len(regions), notes=notes, detail=detail)

    def _list(self, place: Place) -> Landed:
        account = self._account(place.role)
        observed_at = datetime.now(UTC)
        snapshot = inventory.read_region(account, place.region, observed_at=observed_at)
        clear_demo_fleet(self.store, self.catalog)
        state = source_state.read(self.store, Key(SOURCE, "inventory", place.scope))
        last_seen = state.succeeded_at if state else None
        rules = tag_rules(self.config)
        here = place.account_id, place.region
        spans = instance_spans(
            rules.with_columns(snapshot.instances, *OWNER),
            rules.with_columns(fleet_queries.open_spans(self.store, "instances", *here), *OWNER),
            fleet_queries.known_ids(self.store, "instances", *here),
            observed_at,
            last_seen,
        )
        count = write_instances(self.store, spans, rules) if len(spans) else 0
        if snapshot.volumes is not None:  # disks that may not be listed are not gone
            owned = partial(with_owners, self.store.cursor(), rules=rules)
            disks = volume_spans(
                owned(snapshot.volumes.assign(valid_from=observed_at, valid_to=None)),
                owned(fleet_queries.open_spans(self.store, "volumes", *here)),
                fleet_queries.known_ids(self.store, "volumes", *here),
                observed_at,
                last_seen,
            )
            count += write_volumes(self.store, disks, rules) if len(disks) else 0
        write_rows(self.store, "autoscaling_groups", snapshot.groups)
        return Landed(count, read_until=observed_at, notes=snapshot.notes)

    def _measure(self, place: Place) -> Landed:
        return aws_readings.utilisation(
            self.store,
            self._account(place.role),
            place.region,
            self._wanted(place),
            self.progress,
        )

    def _wanted(self, place: Place) -> pd.DataFrame:
        here, window = (place.account_id, place.region), self.window()
        again = self.since is not None
        return aws_readings.wanted_telemetry(self.store, self.catalog, here, window, again=again)

    def _metrics(self, place: Place) -> Estimate:
        planned = plan_metrics(self._wanted(place))
        return Estimate(planned.request_count, planned.estimated_usd)

    def _task(
        self,
        dataset: str,
        place: Place,
        ttl: timedelta,
        run: Callable[[], Landed],
        estimate: Callable[[], Estimate] = lambda: Estimate(1),
    ) -> Task:
        key = Key(SOURCE, dataset, place.scope)
        return Task(key, ttl, run, f"{_group(place.role)}/{place.region}", estimate)

    def _account(self, role: Role | None) -> Account:
        """The account that was found, for what is known of it; a profile may lead elsewhere now."""
        account, found = self._signed_in(role), self._found(role)
        if found is None or found["account_id"] != account.account_id:
            source_state.outdate(self.store, Key(SOURCE, "account", _name(role)))
            raise CancelledError(
                f"The keys lead to account {account.account_id} now: the next refresh reads it."
            )
        return account

    def _signed_in(self, role: Role | None) -> Account:
        with self._lock:
            if _name(role) not in self._accounts:
                self._accounts[_name(role)] = self.access.account(role)
            return self._accounts[_name(role)]

    def _found(self, role: Role | None) -> dict[str, Any] | None:
        key = Key(SOURCE, "account", _name(role))
        text = source_state.learned(self.store, key, self.access.fingerprint)
        return None if text is None else dict(json.loads(text))


def _name(role: Role | None) -> str:
    return role.arn if role else "own keys"


def _group(role: Role | None) -> str:
    return f"aws {_name(role)}"


def _understood(tasks: Iterable[Task]) -> list[Task]:
    """Tasks of which an answer that cannot be understood is told by its call."""
    return [replace(task, run=understood(task.run)) for task in tasks]
