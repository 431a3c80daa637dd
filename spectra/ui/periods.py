"""Months, quarters and years that a report or a statement may be of."""

from __future__ import annotations

from spectra.insight.budgets import Kind, Period, period_of
from spectra.moments import HOUR
from spectra.store.emission_queries import ledger_span
from spectra.ui.frame import Page

KINDS: dict[Kind, str] = {"month": "Month", "quarter": "Quarter", "year": "Year"}


def accounted(page: Page, kind: Kind) -> list[Period]:
    """Periods that the ledger reaches into, the latest first."""
    first, end = page.get(ledger_span) or (page.hour, page.hour + HOUR)
    found = [period_of(kind, min(page.hour, end - HOUR))]
    while found[-1].start > first:
        found.append(found[-1].previous)
    return found
