"""One refresh of everything live: in stages, side by side, whatever fails."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from spectra.catalog import Catalog
from spectra.config import Config
from spectra.errors import BusyError
from spectra.moments import HOUR
from spectra.refresh.aws_left import end_left
from spectra.refresh.aws_tasks import AwsTasks
from spectra.refresh.connections import Connections
from spectra.refresh.forecasts import issue_forecasts
from spectra.refresh.grid_tasks import GridTasks
from spectra.refresh.hours import current_hour
from spectra.refresh.latency_tasks import probe_task, radar_task
from spectra.refresh.settle import settle
from spectra.refresh.tasks import Outcome, Progress, Task, due, run_tasks
from spectra.sources.aws import Access
from spectra.store import Store
from spectra.store.database import set_meta
from spectra.store.ledger import extend_ledger
from spectra.store.presence import lease
from spectra.store.source_state import close_circuits, left_alone

# A person who refreshes may just have changed what the keys lead to: accounts, a plan.
KEYS_TTL = timedelta(minutes=5)
SOURCES = ("aws", "electricity_maps", "cloudflare_radar", "probe")


@dataclass(frozen=True, slots=True)
class Report:
    """What a refresh did.

    Attributes
    ----------
    left_alone : int
        Datasets that failed before and were not asked again yet.
    """

    outcomes: tuple[Outcome, ...]
    started_at: datetime
    seconds: float
    was_cancelled: bool
    left_alone: int = 0

    @property
    def failures(self) -> tuple[Outcome, ...]:
        """What did not land."""
        return tuple(o for o in self.outcomes if o.status == "failed")

    @property
    def request_count(self) -> int:
        """Requests sent, retries included."""
        return sum(o.request_count for o in self.outcomes)

    @property
    def estimated_usd(self) -> float:
        """What the providers charge for them [USD]."""
        return sum(o.estimated_usd for o in self.outcomes)


@dataclass
class Live:
    """A workspace with its connections: what is due, what it would cost, and the refresh itself.

    Attributes
    ----------
    sources : collection of str, optional
        Only these; all by default.
    since : datetime, optional
        Read again from here, whatever was read before, aware UTC.
    """

    store: Store
    catalog: Catalog
    config: Config
    connections: Connections
    sources: Collection[str] = SOURCES
    since: datetime | None = None

    @property
    def has_sources(self) -> bool:
        """Whether there is anything to ask."""
        return bool(self.connections) or self.config.latency_probe

    def refresh(self, progress: Progress | None = None, *, retry: bool = False) -> Report:
        """Ask for everything that is due and bring the ledger in line with it.

        Parameters
        ----------
        retry : bool
            Ask again for what failed before, without waiting, and what the keys lead to now; waits
            that a service asked for hold. With other keys than before it waits for nothing, either.

        Raises
        ------
        BusyError
            If a refresh of this workspace is under way.
        StoreError
            If the database cannot be written.
        """
        if not self.store.refresh_lock.acquire(blocking=False):
            raise BusyError(
                "A refresh of this workspace is already under way.",
                next_step="Its progress is on the Settings page; nothing was started.",
            )
        try:
            with lease(self.store, "refresh", "A refresh"):
                return self._refresh(progress or Progress(), retry=retry)
        finally:
            self.store.refresh_lock.release()

    def due(self, now: datetime | None = None) -> list[Task]:
        """What a refresh would begin with now; asks nobody."""
        now = now or datetime.now(UTC)
        progress = Progress()
        return [t for stage in self._stages(progress) for t in due(self.store, stage(), now)]

    def _refresh(self, progress: Progress, *, retry: bool) -> Report:
        started_at = datetime.now(UTC)
        self._close_circuits(retry=retry)
        outcomes: list[Outcome] = []
        for number, stage in enumerate(self._stages(progress)):
            progress.enter("Asking", number / 4)
            oldest = timedelta() if self.since else timedelta.max
            if retry and number == 0:
                oldest = min(oldest, KEYS_TTL)
            tasks = due(self.store, stage(), datetime.now(UTC), oldest=oldest)
            outcomes += run_tasks(self.store, tasks, progress)
        waiting = left_alone(self.store, self.sources, started_at, datetime.now(UTC))
        if outcomes or waiting:
            # Hours pass whether or not anything new was said of them.
            self._account(progress)
        return Report(
            tuple(outcomes),
            started_at,
            (datetime.now(UTC) - started_at).total_seconds(),
            progress.cancelled.is_set(),
            waiting,
        )

    def _close_circuits(self, *, retry: bool) -> None:
        """Let what failed be asked at once where a person says so, or where the keys are others."""
        marks = self.connections.fingerprints()
        for source in self.sources:
            name, mark = f"keys of {source}", marks.get(source, "")
            is_other = mark != (self.store.meta(name) or "")
            if retry or is_other:
                close_circuits(self.store, source)
            if is_other:
                with self.store.write(is_fact=False) as cursor:
                    set_meta(cursor, name, mark)

    def _account(self, progress: Progress) -> None:
        """Account for the hours of a live fleet, and compute what changed."""
        progress.enter("Computing emissions", 0.75)
        if self.connections.aws is not None:
            end = current_hour() + HOUR
            first = end - timedelta(days=self.config.aws_history_days)
            if "aws" in self.sources:
                aws = self._aws(self.connections.aws, progress)
                end_left(aws)
                first = min(first, aws.window()[0])
            extend_ledger(self.store, self.catalog, first, end)
        settle(
            self.store,
            self.catalog,
            lambda share, text: progress.enter(text, 0.75 + share / 8),
            config=self.config,
        )
        if progress.cancelled.is_set():
            return
        progress.enter("Forecasting", 0.9)
        issue_forecasts(
            self.store,
            factor=self.config.emission_factor,
            progress=lambda share, text: progress.enter(text, 0.9 + share / 10),
        )

    def _stages(self, progress: Progress) -> list[Callable[[], Sequence[Task]]]:
        """Each stage needs what the one before it has found."""
        stages: list[list[Callable[[], Sequence[Task]]]] = [[], [], []]
        if self.connections.aws is not None and "aws" in self.sources:
            aws = self._aws(self.connections.aws, progress)
            stages[0].append(aws.accounts)
            stages[1].append(aws.inventories)
            stages[2].append(aws.readings)
        if self.connections.electricity_maps is not None and "electricity_maps" in self.sources:
            stages[0].append(self._grid().plan)
            stages[1].append(self._grid().tasks)
        stages[1].append(self._latency)
        return [_joined(parts) for parts in stages]

    def _aws(self, access: Access, progress: Progress) -> AwsTasks:
        return AwsTasks(self.store, self.catalog, self.config, access, progress, self.since)

    def _grid(self) -> GridTasks:
        assert self.connections.electricity_maps is not None  # noqa: S101 (asked before)
        zones = self.catalog.zones_of(self.config.regions)
        history = timedelta(days=self.config.electricity_maps_history_days)
        return GridTasks(
            self.store, self.catalog, self.connections.electricity_maps, zones, history, self.since
        )

    def _latency(self) -> list[Task]:
        countries = {r.code: r.country for r in self.catalog.regions_named(self.config.regions)}
        tasks = []
        if self.connections.radar is not None and "cloudflare_radar" in self.sources:
            tasks.append(radar_task(self.store, self.connections.radar, countries))
        if self.config.latency_probe and "probe" in self.sources:
            tasks.append(probe_task(self.store, tuple(countries)))
        return tasks


def _joined(parts: Sequence[Callable[[], Sequence[Task]]]) -> Callable[[], Sequence[Task]]:
    return lambda: [task for part in parts for task in part()]
