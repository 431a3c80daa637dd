"""The whole UTC days of a period that are accounted for: what grams per dollar are made of."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pandas as pd

from spectra import units
from spectra.moments import DAY, midnight
from spectra.reporting.parts import Figure
from spectra.store.report_sums import Accounted
from spectra.store.selection import Selection

if TYPE_CHECKING:
    from spectra.reporting.evidence import Evidence


def within(selection: Selection, known: Accounted) -> Selection:
    """The whole UTC days of a selection that the ledger accounts for; an empty span for none.

    A bill may reach further back than the ledger, which begins within a day, and is of the running
    day a part.
    """
    if known.first is None or known.end is None:
        return selection.between(selection.start, selection.start)
    start = max(midnight(known.first + DAY - timedelta(microseconds=1)), selection.start)
    return selection.between(start, max(midnight(min(known.end, selection.end)), start))


def of_them(e: Evidence) -> Evidence:
    """What a report reads, with the days and the dollars of these days alone."""
    is_in = _is_in(e)
    lacking = e.paid_days_without_cost
    return replace(e, costs=e.paid, days_without_cost=lacking, days=e.days[is_in])


def on_them(e: Evidence, figure: Figure) -> Figure:
    """A figure that sums all greenhouse gases, of these days alone, which its note then names.

    What is left out is location-based: AWS states nothing of a month that is not whole.
    """
    outside = float(e.days.loc[~_is_in(e), "total_g"].sum())
    if figure.value is None or not figure.value or e.paid_selection == e.selection:
        return figure
    start, end = e.paid_selection.start, e.paid_selection.end
    share = 1 - outside / figure.value
    low, high = (None if x is None else x * share for x in (figure.low, figure.high))
    days = (end - start) // DAY
    note = (
        f"Of {units.counted(days, 'whole day')} alone, {start:%d %b %Y} to {end - DAY:%d %b %Y}, "
        "of which emissions and cost are known."
    )
    return replace(
        figure,
        value=figure.value - outside,
        low=low,
        high=high,
        drill=figure.drill and replace(figure.drill, start=start, end=end),
        note=f"{figure.note} {note}".strip(),
    )


def _is_in(e: Evidence) -> pd.Series:
    start, end = (
        pd.Timestamp(x.replace(tzinfo=None)) for x in (e.paid_selection.start, e.paid_selection.end)
    )
    days = pd.to_datetime(e.days["day"])
    return (days >= start) & (days < end)
