"""What a report says of its dollars: which of them are missing, and what the list cost is of."""

from __future__ import annotations

from spectra.reporting.evidence import Evidence
from spectra.units import counted, share_text

FEW_UNPRICED = 0.05  # most rows without a price of a cost that stands for the whole


def missing(e: Evidence) -> str:
    """Why the known cost is not that of all that emits; "" where it is."""
    if e.days.empty and not e.is_empty:
        return "No whole day of the period is accounted for."
    if e.costs["effective_usd"] is None:
        return "No cost of the period is known."
    if e.days_without_cost:
        return (
            f"On {e.days_without_cost} of {counted(len(e.days), 'day')} no cost is known "
            "of an account that emits."
        )
    return few_unpriced(e) or _unpriced(e)


def of_effective(e: Evidence) -> str:
    """The same, and of how many days before the first emissions the cost is besides."""
    before = e.costs["days_before"]
    days = counted(e.costs["days"], "day")
    besides = f"Before the first hour accounted for: {before} of its {days}."
    return " ".join(filter(None, (missing(e), besides if before else "")))


def few_unpriced(e: Evidence) -> str:
    """The same where it is known of nearly all, and what follows from it."""
    share = e.costs["unpriced_share"] or 0.0
    return f"{_unpriced(e)} Their dollars are left out." if 0 < share <= FEW_UNPRICED else ""


def of_list(e: Evidence) -> str:
    """What the list cost is, or why it is not that of all that emits."""
    if e.costs["list_usd"] is None:
        return "No list price is known."
    stated = e.costs["is_list_stated"]
    return missing(e) if stated else "Running hours of instances at on-demand list price."


def _unpriced(e: Evidence) -> str:
    share = e.costs["unpriced_share"]
    return f"Of {share_text(share)} of the cost rows no price is known." if share else ""
