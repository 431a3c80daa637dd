"""Months, quarters and years that a report or a statement may be of."""

from __future__ import annotations

from datetime import datetime

from spectra.insight.budgets import Kind, Period, period_of
from spectra.store.emission_queries import ledger_span
from spectra.ui.frame import Page

KINDS: dict[Kind, str] = {"month": "Month", "quarter": "Quarter", "year": "Year"}


def accounted(page: Page, kind: Kind) -> list[Period]:
    """Periods that the ledger reaches into, the running one first."""
    span: tuple[datetime, datetime] = page.get(ledger_span) or (page.hour, page.hour)
    found = [period_of(kind, page.hour)]
    while found[-1].start > span[0]:
        found.append(found[-1].previous)
    return found
