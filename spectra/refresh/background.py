"""A refresh in the background: started by anyone, watched by all, stopped by anyone."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from spectra.errors import BusyError, SpectraError, unexpected
from spectra.refresh.live import Live, Report
from spectra.refresh.tasks import Progress

# How often a visit may look whether something is due, and how long a stop is respected.
LOOK_EVERY = timedelta(minutes=1)
PAUSE_AFTER_STOP = timedelta(minutes=15)


class Refresher:
    """Runs refreshes of one workspace, one at a time, on a thread of their own.

    Parameters
    ----------
    live : callable
        Gives the workspace as it is configured now. It must not hold what owns this refresher, so
        that a closed session is let go.
    after : callable
        Done after each refresh that was not stopped, on its thread; holds as little.

    Attributes
    ----------
    progress : Progress or None
        Of the refresh under way, or of the last one.
    report : Report or None
        Of the last one that finished.
    error : SpectraError or None
        What ended the last one before it could finish.
    """

    def __init__(
        self, live: Callable[[], Live], after: Callable[[], object] = lambda: None
    ) -> None:
        self._live = live
        self._after = after
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._look_at = datetime.min.replace(tzinfo=UTC)
        self.progress: Progress | None = None
        self.report: Report | None = None
        self.error: SpectraError | None = None

    @property
    def is_running(self) -> bool:
        """Whether a refresh is under way."""
        return self._thread is not None and self._thread.is_alive()

    def start(self, *, retry: bool = False) -> bool:
        """Start a refresh; False if one is under way already."""
        with self._lock:
            if self.is_running:
                return False
            self.progress = Progress()
            self._thread = threading.Thread(
                target=self._run, args=(self.progress, retry), name="spectra-refresh", daemon=True
            )
            self._thread.start()
            return True

    def start_if_due(self, now: datetime | None = None) -> bool:
        """Start a refresh when data is older than its time to live; looks once a minute at most."""
        now = now or datetime.now(UTC)
        with self._lock:
            if self.is_running or timedelta() < self._look_at - now <= PAUSE_AFTER_STOP:
                return False
            self._look_at = now + LOOK_EVERY
        return bool(self._live().due(now)) and self.start()

    def stop(self) -> None:
        """Ask the refresh under way to end after what it is doing."""
        self._look_at = datetime.now(UTC) + PAUSE_AFTER_STOP
        if self.progress is not None:
            self.progress.cancelled.set()

    def look_again(self) -> None:
        """Forget when it was last looked: something about the workspace changed."""
        self._look_at = datetime.min.replace(tzinfo=UTC)

    def wait(self, seconds: float | None = None) -> None:
        """Wait until the refresh under way is over."""
        if self._thread is not None:
            self._thread.join(seconds)

    def _run(self, progress: Progress, retry: bool) -> None:
        try:
            self.report, self.error = self._live().refresh(progress, retry=retry), None
            if not self.report.was_cancelled:
                self._after()
        except BusyError:
            return  # somebody else's refresh of the same store; its result is ours too
        except SpectraError as error:
            self.error = error
        except Exception as error:  # noqa: BLE001 (a thread that dies in silence tells nobody)
            self.error = unexpected(error)
