"""The seam for budgets: what a report shows of them, whoever keeps them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from spectra.reporting.model import Request
from spectra.store import Store


@dataclass(frozen=True, slots=True)
class BudgetLine:
    """One budget in the period [gCO2e]; None is not known.

    Attributes
    ----------
    scope, basis : str
        What it is set on, in words: ``team web``, ``region eu-central-1`` or ``all``; and of which
        emissions: ``all scopes, location-based``.
    spent_g, forecast_g : float or None
        By the report's end, and expected at the end of the budget's own period.
    """

    budget_id: str
    scope: str
    period: str
    budget_g: float | None
    spent_g: float | None
    forecast_g: float | None
    status: str
    basis: str = ""


BudgetReader = Callable[[Store, Request, datetime], list[BudgetLine]]


def no_budgets(_store: Store, _request: Request, _now: datetime) -> list[BudgetLine]:
    """No budgets: what `build` uses until it is given a reader."""
    return []
