"""The demo company as a source: one class that gives the tidy frames of every kind."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, datetime

import pandas as pd

from spectra.catalog import Catalog
from spectra.errors import InputError
from spectra.sources.demo.changes import Change, by_resource
from spectra.sources.demo.clock import DAY_S, day_start_s, require_utc, require_window
from spectra.sources.demo.costs import cost_rows
from spectra.sources.demo.fleet import History, build_history
from spectra.sources.demo.grid import intensity_rows
from spectra.sources.demo.tables import instance_rows, volume_rows
from spectra.sources.demo.telemetry import utilisation_rows


class DemoCompany:
    """A fictional company's cloud, the same for everyone who passes the same seed.

    Every value depends on its own machine, zone and hour alone: a later or wider request
    adds rows and never changes one, except that an open span gets its end once it has come.
    The record begins on 1 January 2026; earlier windows are empty.

    Parameters
    ----------
    catalog
        Reference tables.
    seed
        Another seed gives another company with the same blueprint.
    changes
        What was done to its machines and volumes, in order; the record follows from then on.
    """

    def __init__(
        self, catalog: Catalog, seed: int = 20260101, changes: Iterable[Change] = ()
    ) -> None:
        self._catalog = catalog
        self._changes = by_resource(changes)
        self._seed = seed
        self._built: tuple[int, History] | None = None

    def _history(self, until_s: int) -> History:
        """Fleet up to two days after the moment; kept until a later day is asked for."""
        horizon_s = (until_s // DAY_S + 3) * DAY_S
        built = self._built
        if built is None or built[0] < horizon_s:
            built = (horizon_s, build_history(self._catalog, self._seed, horizon_s, self._changes))
            self._built = built
        return built[1]

    def instances(self, until: datetime) -> pd.DataFrame:
        """Instance history as known at a moment.

        Parameters
        ----------
        until
            UTC. Spans that start before it are listed; an end after it is not known yet.

        Returns
        -------
        DataFrame
            Tidy frame ``instances``: one row per instance and span since the epoch.

        Raises
        ------
        InputError
            If ``until`` is not in UTC.
        """
        until_s = require_utc(until, "until")
        return instance_rows(self._history(until_s), self._catalog, until_s)

    def volumes(self, until: datetime) -> pd.DataFrame:
        """EBS volume history as known at a moment.

        Parameters
        ----------
        until
            UTC, as for :meth:`instances`.

        Returns
        -------
        DataFrame
            Tidy frame ``volumes``: one row per volume and span since the epoch; sizes [GiB].

        Raises
        ------
        InputError
            If ``until`` is not in UTC.
        """
        until_s = require_utc(until, "until")
        return volume_rows(self._history(until_s), until_s)

    def utilisation(self, start: datetime, end: datetime) -> pd.DataFrame:
        """Hourly utilisation for the hours that begin in [start, end).

        Parameters
        ----------
        start, end
            UTC. Hours are complete: a request in the middle of an hour gets all of it.

        Returns
        -------
        DataFrame
            Tidy frame ``utilisation``, only for hours in which the instance ran. Some hours
            and some instances have no row or no CPU, as with real monitoring.

        Raises
        ------
        InputError
            If an end is not in UTC or the window ends before it starts.
        """
        first_s, last_s = require_window(start, end)
        return utilisation_rows(self._history(last_s), self._catalog, first_s, last_s)

    def intensities(
        self, start: datetime, end: datetime, zones: Collection[str] | None = None
    ) -> pd.DataFrame:
        """Hourly carbon intensity for the hours that begin in [start, end).

        Parameters
        ----------
        start, end
            UTC.
        zones
            Electricity Maps zones; None for all that have a profile.

        Returns
        -------
        DataFrame
            Tidy frame ``intensities`` [gCO2e/kWh]; no row for a zone without a profile.

        Raises
        ------
        InputError
            If an end is not in UTC or the window ends before it starts.
        """
        first_s, last_s = require_window(start, end)
        return intensity_rows(self._catalog, self._seed, zones, first_s, last_s)

    def costs(
        self,
        start_day: date,
        end_day: date,
        now: datetime | None = None,
        since: datetime | None = None,
    ) -> pd.DataFrame:
        """Daily cost of every instance and volume for the UTC days in [start_day, end_day).

        Parameters
        ----------
        start_day, end_day
            Calendar days in UTC.
        now
            UTC; midnight at the start of ``end_day`` if not given. Usage after it is not
            charged yet, and days that ended less than two days before it are provisional.
        since
            UTC; usage before it is left out. All of the first day is charged if not given.

        Returns
        -------
        DataFrame
            Tidy frame ``costs`` [USD]. An instance type without a price has NaN costs.

        Raises
        ------
        InputError
            If ``now`` or ``since`` is not in UTC or the window ends before it starts.
        """
        first_s, last_s = day_start_s(start_day), day_start_s(end_day)
        if last_s < first_s:
            raise InputError("The window ends before it starts.", next_step="Swap the two days.")
        now_s = last_s if now is None else require_utc(now, "now")
        if since is not None:
            first_s = min(max(first_s, require_utc(since, "since")), last_s)
        history = self._history(min(last_s, now_s))  # what comes later is not charged
        return cost_rows(history, self._catalog, self._seed, (first_s, last_s), now_s)
