"""AWS's own figures of a selection of the store, outside a report."""

from __future__ import annotations

from spectra.insight.market import Market, market_of
from spectra.store import Store, report_sums
from spectra.store.selection import Selection


def market_in(store: Store, selection: Selection) -> Market | None:
    """What AWS states of a selection; None where it states nothing of those months."""
    provider = report_sums.provider_months(store, selection.start, selection.end)
    if provider.empty:
        return None
    whole = report_sums.whole_months(store, selection.start, selection.end)
    return market_of(report_sums.places(store, selection), whole, provider)
