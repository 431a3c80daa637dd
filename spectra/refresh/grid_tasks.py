"""What to ask of Electricity Maps: intensity, mix and forecast of the zones that matter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from spectra.catalog import Catalog
from spectra.moments import HOUR
from spectra.refresh.hours import current_hour
from spectra.refresh.tasks import Estimate, Landed, Task
from spectra.sources.electricity_maps import ElectricityMaps, Entitlements
from spectra.store import Store, source_state
from spectra.store.live_writes import write_grid_shares, write_rows
from spectra.store.source_state import Key
from spectra.store.writes import write_intensities

SOURCE = "electricity_maps"
INTENSITY_TTL = timedelta(minutes=30)
MIX_TTL = FORECAST_TTL = timedelta(hours=1)
# Estimated values are replaced by measured ones within about three days.
REVISED_FOR = timedelta(hours=72)
PLAN_TTL = timedelta(hours=24)
_PLAN = Key(SOURCE, "plan", "")
_HISTORY = timedelta(hours=24)  # what every plan gives without asking for the past


@dataclass(frozen=True, slots=True)
class GridTasks:
    """Tasks over the zones of the monitored regions.

    Attributes
    ----------
    history : timedelta
        How far back the first read goes, where the plan has the past.
    since : datetime or None
        Read again from here, whatever was read before.
    """

    store: Store
    catalog: Catalog
    client: ElectricityMaps
    zones: tuple[str, ...]
    history: timedelta
    since: datetime | None = None

    def plan(self) -> list[Task]:
        """Learn what the plan allows, once a day, and of another key or zone at once."""
        plan = self._known_plan()
        ttl = PLAN_TTL if plan and plan.covers(self.zones) else timedelta()
        return [Task(_PLAN, ttl, self._read_plan, SOURCE)]

    def tasks(self) -> list[Task]:
        """All that the plan allows; none until it is known."""
        plan = self._known_plan()
        if plan is None:
            return []
        tasks = []
        for zone in self.zones:
            if plan.allows(zone, "carbon-intensity/history"):
                tasks.append(self._task("intensity", zone, INTENSITY_TTL, self._intensity, 4))
            if plan.is_known and plan.allows(zone, "power-breakdown/history"):
                tasks.append(self._task("power_mix", zone, MIX_TTL, self._mix, 1))
            if plan.is_known and plan.allows(zone, "carbon-intensity/forecast"):
                tasks.append(self._task("forecast", zone, FORECAST_TTL, self._forecast, 2))
        return tasks

    def _known_plan(self) -> Entitlements | None:
        text = source_state.learned(self.store, _PLAN, self.client.fingerprint)
        return None if text is None else Entitlements.from_json(text)

    def _read_plan(self) -> Landed:
        plan = self.client.entitlements(again=True)
        usable = [z for z in self.zones if plan.allows(z, "carbon-intensity/history")]
        notes = () if usable else ("The plan of the key has no zone of a monitored region.",)
        detail = f"{self.client.fingerprint} {plan.to_json(self.zones)}"
        return Landed(len(usable), notes=notes, detail=detail)

    def _task(
        self, dataset: str, zone: str, ttl: timedelta, run: Callable[[str], Landed], requests: int
    ) -> Task:
        return Task(
            Key(SOURCE, dataset, zone), ttl, lambda: run(zone), SOURCE, lambda: Estimate(requests)
        )

    def _intensity(self, zone: str) -> Landed:
        start = self._read_from(zone)
        observed = self.client.observed(zone, since=start)
        count = write_intensities(self.store, observed.frame, self.catalog)
        end = current_hour() + HOUR
        return Landed(count, start, end, read_until=end, notes=observed.notes)

    def _read_from(self, zone: str) -> datetime:
        """Where the next read begins: at what is missing, or at what may still be revised."""
        now = current_hour()
        if self.since is not None:
            return self.since
        state = source_state.read(self.store, Key(SOURCE, "intensity", zone))
        if state is None or state.read_until is None:
            return now - self.history
        return min(state.read_until, self._first_open(zone, now), now - _HISTORY)

    def _first_open(self, zone: str, now: datetime) -> datetime:
        """The first hour that may still be measured: it had no value, or an estimated one.

        Without the past in the plan it could not be asked for.
        """
        plan = self._known_plan()
        if plan is None or not plan.allows(zone, "carbon-intensity/past-range"):
            return now
        row = self.store.row(
            """
            WITH known AS (FROM intensities WHERE zone = $zone AND source = $source)
            SELECT min(h) FROM generate_series($start, $now, INTERVAL 1 HOUR) hours(h)
            WHERE h >= (SELECT min(hour) FROM known) AND h NOT IN (
                SELECT hour FROM known WHERE hour >= $start AND NOT is_estimated
                    AND intensity_lifecycle_g_per_kwh IS NOT NULL)
            """,
            {"zone": zone, "source": SOURCE, "start": now - REVISED_FOR, "now": now},
        )
        return now if row is None or row[0] is None else row[0].astimezone(UTC)

    def _mix(self, zone: str) -> Landed:
        rows, shares = self.client.power_mix(zone)
        count = write_rows(self.store, "power_mix", rows)
        write_grid_shares(self.store, shares)
        return Landed(count)

    def _forecast(self, zone: str) -> Landed:
        count = 0
        for factor in ("lifecycle", "direct"):
            rows = self.client.forecast(zone, factor)
            count += write_rows(self.store, "provider_forecasts", rows)
        return Landed(count)
