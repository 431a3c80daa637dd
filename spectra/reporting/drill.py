"""From a figure of a report to its rows, their days and hours, by the figure's id."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from spectra.errors import InputError
from spectra.insight.budgets import period_of
from spectra.reporting.asking import selection_of
from spectra.reporting.model import Report
from spectra.reporting.parts import Drill, Unit
from spectra.store.report_queries import Narrow
from spectra.store.selection import Selection

_UNITS: dict[str, Unit] = {"_kwh": "kWh", "_usd": "USD", "_hours": "h"}


def unit_of(part: str) -> Unit:
    """Unit of a summed column."""
    for end, unit in _UNITS.items():
        if part.endswith(end):
            return unit
    return "gCO2e"


def narrowed(report: Report, figure: str) -> tuple[Selection, Narrow]:
    """What a figure sums, as the queries of `spectra.store.report_queries` take it.

    The sum of its `rows` is the figure. AWS's own part of a figure has no rows, as its note says;
    where the figure has another unit than `unit_of` its part, it is computed from what they sum to.
    The rows are those of today's store: where data changed since a final report, the sum says so.

    Raises
    ------
    InputError
        If the report has no such figure, or it is no sum of resources.
    """
    drill = report.figure(figure).drill
    if drill is None:
        raise InputError(
            f"“{figure}” is no sum of resources.",
            next_step="Choose a total, a scope or a row of a breakdown.",
        )
    return _selection(report, drill), Narrow(drill.part, drill.service, drill.resource_id)


def hours_of_row(report: Report, figure: str, row: Mapping[str, Any]) -> tuple[Selection, Narrow]:
    """What `report_queries.hours` takes for one of a figure's `rows`: they sum to its value.

    A machine that changed its team, type or region is a row of each; the hours are those of the
    row and of the figure's own part of the period alone.
    """
    selection, narrow = narrowed(report, figure)
    return (
        replace(
            selection,
            regions=(str(row["region"]),),
            teams=(str(row["team"]),),
            environments=(str(row["environment"]),),
            accounts=(str(row["account_id"]),),
        ),
        replace(
            narrow,
            service=str(row["service"]),
            resource_id=str(row["resource_id"]),
            resource_type=str(row["resource_type"]),
        ),
    )


def months_within(start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    """The calendar months of a span, its first and last cut to it."""
    months, month = list[tuple[datetime, datetime]](), period_of("month", start)
    while month.start < end:
        months.append((max(month.start, start), min(month.end, end)))
        month = month.next
    return months


def _selection(report: Report, drill: Drill) -> Selection:
    """The report's own selection with the figure's filters."""
    whole = selection_of(report.request)
    return replace(
        whole,
        start=max(whole.start, drill.start or whole.start),
        end=min(whole.end, drill.end or whole.end),
        regions=(drill.region,) if drill.region else whole.regions,
        teams=(drill.team,) if drill.team else whole.teams,
        environments=(drill.environment,) if drill.environment else whole.environments,
        accounts=(drill.account_id,) if drill.account_id else whole.accounts,
    )
