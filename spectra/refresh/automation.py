"""The in-app schedule: a thread that refreshes and tells what is worth a notice."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from spectra import notices
from spectra.config import Config
from spectra.errors import SpectraError, unexpected
from spectra.refresh.background import Refresher
from spectra.refresh.forecasts import issue_forecasts
from spectra.store import Store

TICK_S = 20.0


@dataclass(frozen=True, slots=True)
class Tick:
    """What the schedule last did."""

    at: datetime
    text: str


class Automation:
    """Runs while the app runs, and only while the setting is on; holds no screen.

    Parameters
    ----------
    config : callable
        Gives the settings in force, so that switching off or another interval takes effect.
    catch_up : callable
        Brings in what needs no key: the demo company, dropped files.
    act : callable
        Starts and stops what schedules have due at a moment, and says so; empty when nothing was.
    """

    def __init__(
        self,
        store: Store,
        config: Callable[[], Config],
        refresher: Refresher,
        catch_up: Callable[[], None],
        act: Callable[[datetime], str] = lambda now: "",
    ) -> None:
        self._store, self._config, self._refresher = store, config, refresher
        self._catch_up, self._act = catch_up, act
        self._stop = threading.Event()
        self._next: datetime | None = None
        self.last: Tick | None = None
        self.last_action: Tick | None = None
        self._thread = threading.Thread(target=self._loop, name="spectra-automation", daemon=True)

    @property
    def next_at(self) -> datetime | None:
        """When it refreshes next; None while it is off."""
        return self._next

    def start(self) -> None:
        """Begin to look at the clock."""
        self._thread.start()

    def stop(self) -> None:
        """End; a refresh under way is asked to stop too."""
        self._stop.set()
        self._refresher.stop()
        if self._thread.is_alive():
            self._thread.join(5)

    def _loop(self) -> None:
        while not self._stop.wait(TICK_S):
            self.tick(datetime.now(UTC))

    def tick(self, now: datetime) -> None:
        """Do what is due at this moment."""
        config = self._config()
        if not config.automation:
            self._next = None
            return
        self._act_at(now)
        interval = timedelta(minutes=config.automation_minutes)
        # A clock that was set back does not put the next one off.
        if self._next is not None and timedelta() < self._next - now <= interval:
            return
        self._next = now + interval
        self.last = Tick(now, self._guarded(lambda: self._work(config, now)))

    def _act_at(self, now: datetime) -> None:
        """Start and stop what is due at a moment."""
        if acted := self._guarded(lambda: self._act(now)):
            self.last_action = Tick(now, acted)

    @staticmethod
    def _guarded(work: Callable[[], str]) -> str:
        """What some work says of itself, or the error that ended it."""
        try:
            return work()
        except SpectraError as error:
            return str(error)
        except Exception as error:  # noqa: BLE001 (one bad tick must not end the schedule)
            return str(unexpected(error))

    def _work(self, config: Config, now: datetime) -> str:
        self._catch_up()
        self._refresher.start()
        self._refresher.wait(TICK_S)
        # It may take long: machines are not left running for that.
        while self._refresher.is_running:
            if self._config().automation and not self._stop.is_set():
                self._act_at(datetime.now(UTC))
            self._refresher.wait(TICK_S)
        report, error = self._refresher.report, self._refresher.error
        text = f"Refresh ended early: {error}" if error else "Refreshed."
        if report is not None and not error:
            text = f"Refreshed: {len(report.outcomes)} datasets, {len(report.failures)} failed."
        issue_forecasts(self._store, factor=config.emission_factor, now=now)
        count = notices.tell_new(self._store, config, now)
        return f"{text} No webhook is set." if count is None else f"{text} {count} notices sent."
