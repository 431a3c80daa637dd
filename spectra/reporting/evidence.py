"""Everything that a report reads from the store, gathered once; its sections only arrange it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import pandas as pd

from spectra.allocation import segments
from spectra.carbon import uncertainty
from spectra.carbon.method import Method
from spectra.carbon.scopes import Scopes
from spectra.carbon.uncertainty import Interval
from spectra.catalog import Catalog
from spectra.insight.allocation import Rules
from spectra.insight.market import Market, market_of, reconciled, unknown_places
from spectra.moments import HOUR, first_of_month
from spectra.reporting import paid_days
from spectra.reporting.asking import scope_key, selection_of, year_before, year_up_to
from spectra.reporting.model import Request
from spectra.reporting.reductions import Reductions, reductions_of
from spectra.store import (
    Store,
    band_queries,
    emission_queries,
    fleet_queries,
    report_inputs,
    report_log,
    report_sums,
)
from spectra.store.factors import method_in_force
from spectra.store.report_inputs import Fingerprint
from spectra.store.report_log import Entry
from spectra.store.report_sums import Accounted
from spectra.store.selection import Selection

SEED, DRAWS = 20_261_125, 2_000
TOP = 10
TRIES = 3


@dataclass(frozen=True)
class Evidence:
    """What the store says of a period and boundary.

    Attributes
    ----------
    cuts : dict
        Sums by every cut, see `report_sums.cuts`.
    bands : DataFrame
        A row per region and resource type, see `report_sums.band_rows`.
    groups : DataFrame
        The interval of every group by itself, see `band_queries.bands`.
    paid_selection, paid, paid_days_without_cost
        The whole days accounted for, see `paid_days`, and costs and days_without_cost of them.
    provider, whole : DataFrame
        AWS's own figures, and our scope 2, of whole months: those of a year up to the period's
        end, also where the period cuts one; of all regions, accounts and teams.
    earlier : dict or None
        Sums of the same hours a year before, as many of the period as are accounted for now; None
        unless all of them are. What was reported of the period then is `reported_then`.
    standing : Entry or None
        The final report of the same period and boundary that stands so far.
    has_rules : bool
        Whether rules of allocation were in force, by which the sums by team do not go.
    is_steady : bool
        Whether the store did not change while it was read.
    """

    request: Request
    now: datetime
    selection: Selection
    catalog: Catalog
    method: Method
    accounted: Accounted
    cuts: dict[str, pd.DataFrame]
    bands: pd.DataFrame
    groups: pd.DataFrame
    days: pd.DataFrame
    covariance: pd.DataFrame
    tiers: pd.DataFrame
    top: pd.DataFrame
    costs: dict[str, Any]
    days_without_cost: int
    paid_selection: Selection
    paid: dict[str, Any]
    paid_days_without_cost: int
    provider: pd.DataFrame
    whole: pd.DataFrame
    other_services_g: float | None
    on_hosts: int
    grids: pd.DataFrame
    factors: dict[str, pd.DataFrame]
    reductions: Reductions
    earlier: dict[str, Any] | None
    inputs: list[Fingerprint]
    reported_then: Entry | None
    standing: Entry | None
    log: list[Entry]
    has_rules: bool
    is_steady: bool = True

    @property
    def is_empty(self) -> bool:
        """Whether no resource of the boundary is known in the period."""
        return self.cuts["total"].empty

    @property
    def period_hours(self) -> int:
        """Hours of the period."""
        return (self.request.end - self.request.start) // HOUR

    @property
    def is_over(self) -> bool:
        """Whether the period lies wholly in the past."""
        return self.request.end <= self.now

    @cached_property
    def total(self) -> dict[str, float]:
        """Sums of the whole; empty for an empty report."""
        if self.is_empty:
            return {}
        return {str(k): float(v) for k, v in self.cuts["total"].iloc[0].items()}

    @cached_property
    def market(self) -> Market:
        """Market-based scope 2 and scope 1."""
        return market_of(self.cuts["places"], self.whole, self.provider)

    @cached_property
    def reconciled(self) -> pd.DataFrame:
        """Factors k by month and region of the boundary, of a year or of the longer period."""
        return reconciled(self.within(self.whole), self.within(self.provider))

    @property
    def last_year_reconciled(self) -> pd.DataFrame:
        """Those of the twelve months up to the period's end, which the medians are of."""
        first = year_up_to(self.request.end, self.request.end).replace(tzinfo=None)
        return self.reconciled[self.reconciled["month"] >= pd.Timestamp(first)]

    def within(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Rows of the boundary's regions and accounts; AWS states nothing by team."""
        for column, names in (
            ("region", self.request.regions),
            ("account_id", self.request.accounts),
        ):
            if names:
                rows = rows[rows[column].isin(names)]
        return rows

    @cached_property
    def unknown_places(self) -> pd.DataFrame:
        """What AWS states of the period for places in the boundary where we know of no usage."""
        rows = self.within(unknown_places(self.whole, self.provider))
        first = first_of_month(self.request.start)
        return rows[rows["month"] >= pd.Timestamp(first)]

    @cached_property
    def scopes(self) -> Scopes | None:
        """The provider's scopes allocated to us; None for an empty report."""
        if self.is_empty:
            return None
        scope2, has_own = self.total["scope2_lb_g"], self.market.aws_share > 0
        return Scopes(
            scope2_lb=scope2,
            scope2_mb=self.market.scope2_mb if has_own else scope2,
            mb_basis=self.market.basis,
            fera_upstream=self.total["upstream_g"],
            fera_td=self.total["td_g"],
            hardware=self.total["embodied_g"],
            scope1=self.market.scope1,
        )

    @cached_property
    def intervals(self) -> dict[str, Interval]:
        """95 % intervals by simulation, by part; empty for an empty report."""
        if self.bands.empty:
            return {}
        sigmas = ("power_sigma", "intensity_sigma", "utilisation_sigma", "burst_sigma")
        rows = self.bands.fillna(dict.fromkeys(sigmas, 0))
        op, td, s2 = (rows[c] for c in ("operational_g", "td_g", "scope2_lb_g"))
        none, hardware, grid = op * 0.0, rows["embodied_g"], rows["intensity_sigma"]
        # What is summed, the losses and the hardware in it, and the grid's spread.
        parts = {
            "total_g": (op, td, hardware, grid),
            "scope2_lb_g": (s2, none, none, grid),
            "upstream_g": (op - s2 - td, none, none, grid),
            "td_g": (td, td, none, grid),
            "scope3_g": (op - s2, td, hardware, grid),
            "embodied_g": (none, none, hardware, grid),
            "sci_g": (s2, none, hardware, grid),
            "energy_kwh": (rows["energy_kwh"], none, none, none),
        }
        columns = ("operational_g", "td_g", "embodied_g", "intensity_sigma")
        return {
            name: uncertainty.monte_carlo(
                rows.assign(**dict(zip(columns, values, strict=True))), DRAWS, SEED
            )
            for name, values in parts.items()
        }

    @cached_property
    def coverage(self) -> float | None:
        """Share of the energy whose grid intensity is of tier A or B; None without energy."""
        return _ratio(self.total.get("measured_intensity_kwh"), self.total.get("energy_kwh"))

    @cached_property
    def utilisation_coverage(self) -> float | None:
        """Share of the energy whose utilisation was measured; None without energy."""
        return _ratio(self.total.get("measured_utilisation_kwh"), self.total.get("energy_kwh"))

    @property
    def hours_share(self) -> float:
        """Share of the period's hours that are accounted for."""
        return self.accounted.hours / self.period_hours

    @cached_property
    def is_demo(self) -> bool:
        """Whether the demo company, or a grid made up for it, is among the figures."""
        return self.accounted.is_demo or bool((self.grids["source"] == "demo").any())


def gather(store: Store, catalog: Catalog, request: Request, now: datetime) -> Evidence:
    """Read all that a report needs."""
    selection, year = selection_of(request), year_up_to(request.start, request.end)
    cuts = report_sums.cuts(store, selection)
    bands = report_sums.band_rows(store, selection)
    regions = sorted(cuts["region"]["region"])
    in_use = Selection(request.start, request.end, tuple(regions))
    types = sorted(set(bands["resource_type"]))
    log = report_log.entries(store)
    accounted = report_sums.accounted(store, selection)
    paid = paid_days.within(selection, accounted)
    rules = segments(store, request.start.date(), request.end.date())
    return Evidence(
        request,
        now.astimezone(UTC),
        selection,
        catalog,
        method_in_force(store),
        accounted,
        cuts,
        bands,
        band_queries.bands(store, selection),
        band_queries.daily_bands(store, selection),
        emission_queries.covariance(store, selection),
        emission_queries.quality(store, selection),
        band_queries.top_emitters(store, selection, TOP),
        emission_queries.costs(store, selection),
        report_sums.days_without_cost(store, selection),
        paid,
        emission_queries.costs(store, paid),
        report_sums.days_without_cost(store, paid),
        report_sums.provider_months(store, year, request.end),
        report_sums.whole_months(store, year, request.end),
        report_sums.other_services(store, selection),
        fleet_queries.on_dedicated_hosts(store, selection),
        report_sums.grids(store, in_use),
        report_sums.factors_in_use(store, regions, types),
        reductions_of(store, catalog, selection, now),
        _earlier(store, selection, accounted),
        report_inputs.fingerprints(store, selection),
        _reported_then(log, request),
        report_log.last_of(log, scope_key(request)),
        log,
        any(part.rules != Rules() for part in rules),
    )


def gather_steady(store: Store, catalog: Catalog, request: Request, now: datetime) -> Evidence:
    """The same from one state of the store: read again, a few times, while a refresh writes."""
    for _ in range(TRIES):
        revision = store.revision
        e = gather(store, catalog, request, now)
        if store.revision == revision:
            return e
    return replace(e, is_steady=False)


def _earlier(store: Store, selection: Selection, known: Accounted) -> dict[str, Any] | None:
    """Sums of the accounted hours of a period one year before, if the ledger has all of those."""
    if known.first is None or known.end is None or not known.hours:
        return None
    span = max(known.first, selection.start), min(known.end, selection.end)
    before = selection.between(*year_before(*span))
    is_known = report_sums.accounted(store, before).hours >= (before.end - before.start) // HOUR
    sums = emission_queries.totals(store, before) if is_known else {"total_g": None}
    return None if sums["total_g"] is None else sums


def _reported_then(log: list[Entry], request: Request) -> Entry | None:
    start, end = year_before(request.start, request.end)
    return report_log.last_of(log, scope_key(replace(request, start=start, end=end)))


def _ratio(part: float | None, whole: float | None) -> float | None:
    return part / whole if part is not None and whole else None
